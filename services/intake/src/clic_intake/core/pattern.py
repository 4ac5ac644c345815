"""How addresses, telephone numbers and references look in a town's texts: patterns that a person can read.

They are for Québec and North America. The library `phonenumbers` was considered: it tells numbers that a network has
given out from others, and a review wants to see both; what it adds for the rest of the world, `+` and digits covers.
Every quantifier is bounded, so that no text takes long.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What was found."""

    EMAIL = "email"
    PHONE = "phone"
    ADDRESS = "address"
    POSTAL_CODE = "postal_code"
    REFERENCE = "reference"
    NAME = "requester_name"
    NAME_PART = "requester_name_part"


class Pattern(NamedTuple):
    """A form of one kind, in a text as `plain.seen` gives it."""

    kind: Kind
    expression: re.Pattern[str]
    confirmable: bool


def _pattern(kind: Kind, *expression: str, confirmable: bool = False) -> Pattern:
    return Pattern(kind, re.compile("".join(expression), re.IGNORECASE), confirmable)


# -- parts ------------------------------------------------------------------------------------------------------

_LOCAL = r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}"
_LABEL = r"[\w-]{1,63}"
_DOTTED = rf"{_LABEL}(?:(?:\.| point | dot ){_LABEL}){{1,8}}"
_AT_IN_WORDS = r"(?: ?[\[({] ?(?:at|a|à|arobase|arobas|@) ?[\])}] ?| (?:arobase|arobas|a commercial) )"

_SEP = r"[ ./-]{0,3}"
_TOLL_FREE = r"8(?:00|33|44|55|66|77|88)"
_AREA = rf"(?!{_TOLL_FREE})[2-9]\d{{2}}"
_LINE = rf"{_SEP}\d{{3}}{_SEP}\d{{4}}"
_EXTENSION = r"(?:,? {0,2}(?:poste|p\.|ext\.?|x|#) ?\d{1,6})?(?!\d)"
_COUNTRY = rf"(?<!\w)(?:\+?1{_SEP})?"
_CALL = (
    r"\b(?:t[ée]l(?:[ée]phone|\.)?|cell(?:ulaire|\.)?|mobile|fax|t[ée]l[ée]copieur|texto|num[ée]ro|appele[rz]|"
    r"r?e?joindre)"
)

_WAY = (
    r"(?:all[ée]e|autoroute|avenue|ave?\.|boulevard|boul\.?|blvd\.?|bd\.|chauss[ée]e|chemin|ch\.|c[ôo]te|cour|"
    r"croissant|crois\.|domaine|impasse|mont[ée]e|mt[ée]e|passage|place|pl\.|promenade|quai|rang|rte\.?|route|rue|"
    r"ruelle|r\.|square|sentier|terrasse|street|road|drive|lane|crescent)(?!\w)"
)
_WAY_EN = r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Drive|Dr|Lane|Court|Crescent|Place)"
_NUMBER = r"(?<![\w$-])(?<!\ben )\d{1,5}(?: ?[/-] ?\d{1,5}| ?[a-d](?!\w))?"
_OF = r"(?: ?, ?| (?:de|sur|on|of) (?:la |l'|le |the )?| du | )"
_RANK = r"(?:\d{1,3}e? ?|1re )?"
_OF_NAME = r" (?:d[eu] |des |de la |de l'|d'|l'|la |le |les )?"
_NAMED = rf"(?:{_OF_NAME}[\w'-]{{1,40}}){{1,4}}"
_NAMED_SHORT = rf"(?:{_OF_NAME}[\w'-]{{1,40}}(?:{_OF_NAME}(?-i:[A-ZÀ-Þ])[\w'-]{{0,40}}){{0,3}})?"
"""Behind a number that says already that it is an address: the further words of the name have capitals."""
_HASH = r"\.? ?(?:n[o°º]\.? ?)?#?\d{1,5}[a-z]?(?!\w)"
_FLAT = rf"(?:,? ?(?:app(?:art(?:ement)?)?|apt|bureau|local|logement|suite|unit[ée]){_HASH})?"

# -- forms ------------------------------------------------------------------------------------------------------

PATTERNS = (
    _pattern(Kind.EMAIL, rf"{_LOCAL} ?@ ?{_LABEL}(?:\.{_LABEL}){{0,8}}"),
    _pattern(Kind.EMAIL, rf"[\w.+-]{{1,64}}{_AT_IN_WORDS}{_DOTTED}"),
    # Toll-free numbers are organisations': who reviews may say so.
    _pattern(Kind.PHONE, _COUNTRY, rf"(?:\({_TOLL_FREE}\)|{_TOLL_FREE})", _LINE, _EXTENSION, confirmable=True),
    _pattern(Kind.PHONE, _COUNTRY, rf"(?:\({_AREA}\)|{_AREA})", _LINE, _EXTENSION),
    _pattern(Kind.PHONE, r"\+\d(?:[ .()-]{0,2}\d){7,14}(?!\d)"),
    # Without its region it is a number if a word says so, or by its hyphen unless a by-law's year follows.
    _pattern(Kind.PHONE, _CALL, r"[^\d\n]{0,25}\d{3}[ .-]?\d{4}", _EXTENSION, confirmable=True),
    _pattern(Kind.PHONE, r"(?<![\w$.,-])[2-9]\d{2}[.-](?!(?:19|20)\d\d(?!\d))\d{4}(?!-)", _EXTENSION, confirmable=True),
    _pattern(Kind.REFERENCE, r"(?<![\d-])(?:19|20)\d{2} ?- ?\d{6,}(?!\d)"),
    _pattern(Kind.REFERENCE, r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"),
    _pattern(Kind.ADDRESS, _NUMBER, _OF, _RANK, _WAY, _NAMED_SHORT, _FLAT, confirmable=True),
    _pattern(
        Kind.ADDRESS,
        rf"\b{_WAY}{_NAMED}(?: ?, ?| )(?:au |no\.? ?|n[°º] ?|num[ée]ro |#)?(?<=[ #°º])\d{{1,5}}(?![\d-])",
        _FLAT,
        confirmable=True,
    ),
    _pattern(
        Kind.ADDRESS, _NUMBER, rf" (?-i:(?:[A-ZÉÈ][\w'-]{{1,30}} ){{1,3}}{_WAY_EN})(?!\w)", _FLAT, confirmable=True
    ),
    _pattern(Kind.ADDRESS, rf"\b(?:app(?:art(?:ement)?)?|apt|logement){_HASH}", confirmable=True),
    _pattern(Kind.ADDRESS, r"\b(?:c\. ?p\.|case postale|p\.? ?o\.? box) ?\d{1,6}(?!\d)", confirmable=True),
    _pattern(
        Kind.POSTAL_CODE,
        r"(?<!\w)[abceghj-nprstvxy]\d[abceghj-nprstv-z][ -]?\d[abceghj-nprstv-z]\d(?!\w)",
        confirmable=True,
    ),
)
