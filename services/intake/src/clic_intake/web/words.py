"""How the two languages write what pages are made of: dates, hours, counts and the space before a colon.

French by the Office québécois de la langue française: « 1er », « 9 h 05 », an unbreakable space before the colon.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from clic_contracts.town_text import Names, Paragraphs
from clic_contracts.vocabulary import Language
from clic_intake.core.month import MONTHS

NBSP = "\u00a0"

_BEFORE = re.compile(r"(?<=\S) (?=[:?!%»$])")
_AFTER = re.compile(r"« ")


def typeset(text: str) -> str:
    """A text as it was typed, as it is set: apostrophes of type, and the spaces that French does not break."""
    return _AFTER.sub(f"«{NBSP}", _BEFORE.sub(NBSP, text.replace("'", "’")))


@dataclass(frozen=True, slots=True)
class Words:
    """One language, in the town's time."""

    language: Language
    zone: ZoneInfo

    def __call__(self, fr: str, en: str) -> str:
        """What is said, of its two versions, set as type."""
        return typeset(en if self.language is Language.EN else fr)

    @property
    def locale(self) -> str:
        """As `lang` of a page."""
        return f"{self.language.value}-CA"

    @property
    def colon(self) -> str:
        """With the space before it that French has."""
        return self(f"{NBSP}:", ":")

    def name(self, names: Names | Paragraphs) -> str:
        """What the town calls a thing."""
        return self(names.fr, names.en)

    def day(self, value: dt.date) -> str:
        """« 1er avril 2026 », “April 1, 2026”."""
        month = MONTHS[self.language][value.month - 1]
        if self.language is Language.EN:
            return f"{month}{NBSP}{value.day}, {value.year}"
        return f"{'1er' if value.day == 1 else value.day}{NBSP}{month}{NBSP}{value.year}"

    def date(self, instant: dt.datetime) -> str:
        """The day of an instant in the town."""
        return self.day(instant.astimezone(self.zone).date())

    def clock(self, instant: dt.datetime) -> str:
        """« 1er avril 2026 à 9 h 05 », “April 1, 2026, at 9:05”."""
        at = instant.astimezone(self.zone)
        hour = self(f"{at.hour}{NBSP}h{NBSP}{at.minute:02d}", f"{at.hour}:{at.minute:02d}")
        return self(f"{self.day(at.date())} à {hour}", f"{self.day(at.date())}, at {hour}")

    def iso(self, instant: dt.datetime) -> str:
        """As `datetime` of a `time` element."""
        return instant.astimezone(self.zone).isoformat(timespec="minutes")

    def counted(self, value: int, one: str, many: str) -> str:
        """A number with its noun: singular below two in French, at one alone in English."""
        single = abs(value) == 1 if self.language is Language.EN else abs(value) < 2  # noqa: PLR2004 - the rule itself
        return f"{value}{NBSP}{one if single else many}"
