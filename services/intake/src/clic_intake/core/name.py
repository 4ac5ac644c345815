"""Names of people as they are recognised: what is indexed of a requester's name, and what of a text may be one.

The index holds keyed digests of what `entries` gives, never a name; a text is looked up by what `candidates` gives.
See `docs/decisions/0016-learnings-are-scanned-before-they-are-published.md`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .name_list import COMMON, NOT_FAMILY, PARTICLES, PLACES, SAME, TITLES
from .term import plain

PARTS_MAX = 8
"""Of a name; further ones are left out of the index."""
WINDOW_MAX = 6
"""Words of a text that are looked up together at most."""
FAMILY_CHARS_MIN = 3
"""Shorter family names are found with their given name alone: « Vu » begins sentences."""

_WORD = re.compile(r"[^\W\d_]+")
_GAP = re.compile(r"[\s,.'\-()«»\"/&]{0,6}")
_ENDS_SENTENCE = '.!?:;«"\n([…•*-'


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be a known requester's name, if the index knows one of its keys."""

    key: str
    start: int
    end: int
    whole: bool
    """A whole name, and not a part of one, a word in small letters or a place's name."""


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    plain: str
    is_capital: bool


def entries(name: str) -> frozenset[str]:
    """Under which keys a requester's name is indexed: whole, in pairs of its words, and the family name alone.

    Accents, case, hyphens, apostrophes, particles, titles and the order of the words make no difference.
    """
    words = _words(name)
    parts = [part for word in words for part in word]
    keys: set[str] = set()
    if len(parts) > 1:
        keys.add(_whole(parts))
    if len(words) > 1 and len(parts) > 2:  # noqa: PLR2004 - a name of two parts is its only pair
        keys |= {
            _pair(*two) for one, other in itertools.combinations(words, 2) for two in itertools.product(one, other)
        }
    family = _family_words(name, words)[:PARTS_MAX]
    for each in (family, *([part] for part in family)):
        if _may_stand_alone(each):
            keys.add(_family(each))
    return frozenset(keys)


def key_of(name: str) -> str | None:
    """The key under which a requester of this name is found: its whole name, or its only word; None: it has none."""
    parts = [part for word in _words(name) for part in word]
    if len(parts) > 1:
        return _whole(parts)
    return _family(parts) if parts else None


def candidates(text: str) -> Iterator[Candidate]:
    """Everything in a text (as `plain.seen` gives it) that the index may know, at most `WINDOW_MAX` words each."""
    raw = [_Word(m.start(), m.end(), _same(plain(m[0])), m[0][0].isupper()) for m in _WORD.finditer(text)]
    kept = [n for n, word in enumerate(raw) if word.plain not in PARTICLES and word.plain not in TITLES]
    for index, first in enumerate(kept):
        of_place = _is_of_place(text, raw, first)
        for size in range(1, WINDOW_MAX + 1):
            chosen = kept[index : index + size]
            if len(chosen) < size or (size > 1 and not _adjoin(text, raw, chosen[-2], chosen[-1])):
                break
            yield from _at(text, raw, chosen, of_place=of_place)


def _at(text: str, raw: Sequence[_Word], chosen: Sequence[int], *, of_place: bool) -> Iterator[Candidate]:
    words = [raw[n] for n in chosen]
    parts = [word.plain for word in words]
    start, end = words[0].start, words[-1].end
    if len(parts) > 1:
        named = any(word.is_capital for word in words) and not of_place
        yield Candidate(_whole(parts), start, end, named)
        if len(parts) == 2:  # noqa: PLR2004 - a pair
            yield Candidate(_pair(*parts), start, end, whole=False)
    titled = chosen[0] > 0 and raw[chosen[0] - 1].plain in TITLES
    begins = _begins_sentence(text, start) and len(parts) == 1 and parts[0] in COMMON
    if _may_stand_alone(parts) and (titled or (all(w.is_capital for w in words) and not of_place and not begins)):
        yield Candidate(_family(parts), start, end, whole=False)


def _words(name: str) -> list[list[str]]:
    """The parts of each word of a name, `PARTS_MAX` in all."""
    words: list[list[str]] = []
    left = PARTS_MAX
    for word in re.split(r"[\s,;/()]+", name):
        if parts := _parts(word)[:left]:
            words.append(parts)
            left -= len(parts)
    return words


def _parts(word: str) -> list[str]:
    parts = [_same(plain(each)) for each in _WORD.findall(word)]
    return [each for each in parts if each not in PARTICLES and each not in TITLES]


def _same(word: str) -> str:
    return SAME.get(word, word)


def _whole(parts: Sequence[str]) -> str:
    return "whole\n" + " ".join(sorted(parts))


def _pair(one: str, other: str) -> str:
    return "pair\n" + " ".join(sorted((one, other)))


def _family(parts: Sequence[str]) -> str:
    return "family\n" + " ".join(parts)


def _may_stand_alone(parts: Sequence[str]) -> bool:
    joined = "".join(parts)
    return len(joined) >= FAMILY_CHARS_MIN and joined not in NOT_FAMILY and len(parts) <= 3  # noqa: PLR2004 - Saint-X-Y


def _family_words(name: str, words: Sequence[list[str]]) -> list[str]:
    """The family name: before a comma, or the word in capitals, or the last word."""
    before, comma, _ = name.partition(",")
    if comma:
        return [part for word in before.split() for part in _parts(word)]
    capitals = [parts for word in name.split() if word.isupper() and len(word) > 2 and (parts := _parts(word))]  # noqa: PLR2004 - no initial
    if capitals and len(capitals) < len(words):
        return [part for parts in capitals for part in parts]
    return words[-1] if words else []


def _adjoin(text: str, raw: Sequence[_Word], one: int, other: int) -> bool:
    """Whether only particles, titles and light punctuation stand between two words; a full stop after an initial."""
    gaps = ((raw[n], text[raw[n].end : raw[n + 1].start]) for n in range(one, other))
    return all(
        _GAP.fullmatch(gap) and word.plain != "et" and ("." not in gap or len(word.plain) < 3 or word.plain in TITLES)  # noqa: PLR2004 - an initial
        for word, gap in gaps
    )


def _is_of_place(text: str, raw: Sequence[_Word], first: int) -> bool:
    """Whether the words before name a kind of place: « rue de la », « école Marie- »."""
    for n in range(first - 1, max(-1, first - 6), -1):
        if not _adjoin(text, raw, n, n + 1) or any(mark in text[raw[n].end : raw[n + 1].start] for mark in ",.;:"):
            return raw[n].plain in ("av", "boul") and text[raw[n].end] == "."
        if raw[n].plain in PLACES:
            return True
        if not (raw[n].plain in PARTICLES or raw[n].is_capital):
            return False
    return False


def _begins_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip(" '")
    return not before or before[-1] in _ENDS_SENTENCE
