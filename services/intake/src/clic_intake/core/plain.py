"""A text as a person sees it: no invisible characters, one kind of space and dash, position by position."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_SEEN = str.maketrans(
    dict.fromkeys("’\u2018\u02bc", "'")
    | dict.fromkeys("\u2010\u2011\u2012–\u2014\u2212", "-")
    | dict.fromkeys("\u2024\u00b7\u2022", ".")
)
"""What people and their telephones write one way or the other, and what looks alike."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A text as it is looked at, and where each of its characters stands in the text as it was written."""

    text: str
    places: tuple[int, ...]
    """Of each character, its position in the original; one more at the end."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """A span of `text` as a span of the original."""
        return self.places[start], self.places[end - 1] + 1 if end > start else self.places[start]


def seen(original: str) -> Seen:
    """What stands in a text, whatever characters it is written with.

    Characters that nobody sees (zero width, soft hyphens) fall away, letters of full width and accents that were
    written apart become the usual ones, and every space is a space: a telephone number with no-break spaces is one.
    """
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(original):
        if unicodedata.category(character) == "Cf":
            continue
        if unicodedata.combining(character) and characters:
            characters[-1] = unicodedata.normalize("NFC", characters[-1] + character)[:1]
            continue
        shown = unicodedata.normalize("NFKC", character).translate(_SEEN)
        for each in shown:
            characters.append(" " if each.isspace() and each != "\n" else each)
            places.append(place)
    places.append(len(original))
    return Seen("".join(characters), tuple(places))
