"""What stands in a mail's texts and headers, whatever bytes it came as, and which of it the sender wrote anew.

Nothing here raises on any input, and everything takes time in proportion to it.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from itertools import pairwise

QUOTE_HEAD_CHARS_MAX = 400
"""Of the line or two that introduce a quotation; longer ones are somebody's text."""
OUTLOOK_HEAD_LINES = 5
"""Within which the headers of a quoted mail (sender, date, to, subject) stand."""

_CHARSETS = frozenset(
    {
        *("utf-16", "utf-16-le", "utf-16-be", "utf-32", "koi8-r", "koi8-u", "mac-roman", "big5", "gb18030", "gbk"),
        *("gb2312", "euc_jp", "shift_jis", "iso2022_jp", "euc_kr", "cp437", "cp850", "cp866", "cp874", "cp932"),
        *(f"iso8859-{n}" for n in range(2, 17)),
        *(f"cp125{n}" for n in (0, 1, 3, 4, 5, 6, 7, 8)),
    }
)
"""Codecs that mail is written in, by Python's names. Not those that are no text (`zlib`), that hide text (`utf-7`), or
that take quadratic time (`punycode`). UTF-8, ASCII, Latin-1 and Windows-1252 are mistaken for each other too often to
be believed: their bytes tell."""

_UNSEEN = {code: None for code in (*range(32), *range(127, 160)) if code not in (0x09, 0x0A)}
_SURROGATES = re.compile("[\ud800-\udfff]")
_LINE_ENDS = re.compile("\r\n|\r|\u2028|\u2029|\x0c|\x0b")


def decoded(content: bytes, charset: str | None) -> str:
    """Bytes as text: in the charset that they are said to be in, or else in the one that they are in."""
    name = _known(charset)
    if name is not None:
        try:
            return clean(content.decode(name))
        except UnicodeError:
            pass  # They are not: the bytes tell, below.
    try:
        return clean(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return clean(content.decode("cp1252", errors="replace"))


def _known(charset: str | None) -> str | None:
    try:
        name = codecs.lookup((charset or "").strip("\"' ")).name
    except (LookupError, ValueError):  # ValueError: it holds NUL
        return None
    return name if name in _CHARSETS else None


def clean(text: str) -> str:
    """Text without what no person writes: control characters, halves of surrogate pairs, other ends of lines."""
    return _SURROGATES.sub("\ufffd", _LINE_ENDS.sub("\n", text).translate(_UNSEEN))


def header_text(value: str) -> str:
    """A header's value on one line, its encoded words (RFC 2047) decoded, as far as they can be."""
    said = decoded(value.encode("utf-8", "surrogateescape"), None)
    if "=?" in said:
        with contextlib.suppress(HeaderParseError, ValueError):  # It is no encoded word: it stands as it was written.
            said = "".join(_word(each, charset) for each, charset in decode_header(said))
    return " ".join(clean(said).split())


def _word(chunk: str | bytes, charset: str | None) -> str:
    if isinstance(chunk, str):
        return chunk
    if charset is None:  # Between encoded words the library gives text in this codec.
        return chunk.decode("raw-unicode-escape", errors="replace")
    return decoded(chunk, charset)


# -- what is new in a reply ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Words:
    """A mail's text in three parts; each is kept."""

    said: str = ""
    """What the sender wrote."""
    signature: str = ""
    quoted: str = ""
    """What others had written before: the letter that this answers."""


_SIGNATURE = re.compile(r"--\s?$|(?:Envoyé de mon|Envoyé à partir de|Sent from my)\s\S", re.IGNORECASE)
_ATTRIBUTION = re.compile(
    r"(?:le|on|am)\b.*(?:a écrit|a ecrit|écrivait|wrote|schrieb)[\s\u00a0\u202f]*:$", re.IGNORECASE
)
_DIVIDER = re.compile(r"-{2,}\s*(?:message d.origine|message original|original message)\s*-{2,}$", re.IGNORECASE)
_FIRST_OF_HEAD = re.compile(r"\*?(?:de|from|von)[\s\u00a0]?:", re.IGNORECASE)
_REST_OF_HEAD = re.compile(r"\*?(?:envoyé|sent|date|à|to|objet|subject)[\s\u00a0]?:", re.IGNORECASE)
_FORWARDED = re.compile(r"\s*(?:tr|fwd?|transféré)[\s\u00a0]?:", re.IGNORECASE)


def set_apart(text: str, subject: str = "") -> Words:
    """A text's new words, signature and quotation; where nothing new stands in it, or it is forwarded, all is said."""
    lines = [line.rstrip() for line in text.split("\n")]
    if _FORWARDED.match(subject):
        return Words(said=_joined(lines))
    end = _quotation_at(lines)
    said, quoted = _without_marked(lines[:end])
    at = next((n for n, line in enumerate(said) if n and _SIGNATURE.match(line)), len(said))
    words = Words(_joined(said[:at]), _joined(said[at:]), _joined([*quoted, *lines[end:]]))
    return words if words.said else Words(said=_joined(lines))


def _quotation_at(lines: Sequence[str]) -> int:
    """The line where another mail begins whole, as Outlook and telephones quote; the number of lines: nowhere."""
    for n, line in enumerate(lines):
        if not line or len(line) > QUOTE_HEAD_CHARS_MAX or line.startswith(">"):
            continue
        if _DIVIDER.match(line) or (_is_attribution(lines, n) and not _marked_follows(lines, n)):
            return n
        if _FIRST_OF_HEAD.match(line):
            head = lines[n + 1 : n + OUTLOOK_HEAD_LINES]
            if sum(1 for each in head if _REST_OF_HEAD.match(each)) > 1:
                return n
    return len(lines)


def _is_attribution(lines: Sequence[str], n: int) -> bool:
    """« Le 3 novembre à 10:00, le CLIC a écrit : », which some programs break into two lines."""
    joined = f"{lines[n]} {lines[n + 1]}" if n + 1 < len(lines) else lines[n]
    return any(bool(_ATTRIBUTION.match(each)) and len(each) <= QUOTE_HEAD_CHARS_MAX for each in (lines[n], joined))


def _marked_follows(lines: Sequence[str], n: int) -> bool:
    """Whether the next lines are quoted with `>`: then answers may stand between them."""
    following = [line for line in lines[n + 1 : n + 4] if line]
    return any(line.startswith(">") for line in following)


def _without_marked(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """Lines that are new, and those quoted with `>` with what introduces them."""
    said: list[str] = []
    quoted: list[str] = []
    introduces = False
    for n, (line, following) in enumerate(pairwise([*lines, ""])):
        starts = bool(line) and not line.startswith(">") and _is_attribution(lines, n) and _marked_follows(lines, n)
        second = introduces and not line.startswith(">") and bool(_ATTRIBUTION.match(f"le {line}"))
        (quoted if line.startswith(">") or starts or second else said).append(line)
        introduces = starts and not following.startswith(">")
    return said, quoted


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines).strip("\n")
