"""Picking terms of the town's closed vocabulary from a text, before the text is sealed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from clic_contracts.town import Town
from clic_contracts.vocabulary import TermCode

_SAME = str.maketrans({"’": "'", "\u2018": "'", "œ": "oe", "æ": "ae", "-": " ", "\u2011": " ", "–": " "})
"""What people and their telephones write one way or the other; case and accents are dealt with apart."""


def plain(text: str) -> str:
    """Lower case, without accents, with single spaces: « Panneau d’arrêt » and "panneau  d'arret" are the same."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_SAME))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def term_picker(town: Town) -> Callable[[str], tuple[TermCode, ...]]:
    """A function that gives the terms whose forms stand in a text as whole words, in the vocabulary's order."""
    patterns = [
        (term.code, re.compile(rf"\b(?:{'|'.join(re.escape(plain(form)) for form in term.forms)})\b"))
        for term in town.vocabulary
    ]

    def pick(text: str) -> tuple[TermCode, ...]:
        if not text:
            return ()
        words = plain(text)
        return tuple(code for code, pattern in patterns if pattern.search(words))

    return pick
