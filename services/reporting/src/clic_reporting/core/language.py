"""The two languages that a report is written in, behind one set of words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clic_contracts.vocabulary import Language

from . import english, french
from .period import Period


@dataclass(frozen=True, slots=True)
class Words:
    """How a language writes what figures are made of."""

    language: Language
    locale: str
    """As `lang` of a page."""
    number: Callable[[int], str]
    decimal: Callable[[float], str]
    share: Callable[[float, float], str]
    day: Callable[[dt.date], str]
    clock: Callable[[dt.datetime], str]
    counted: Callable[[int, str, str], str]
    listed: Callable[[Sequence[str]], str]
    name: Callable[[Period], str]
    short: Callable[[Period], str]
    colon: str
    """With the space before it that French has."""

    def __call__(self, fr: str, en: str) -> str:
        """What is said, of its two versions."""
        return en if self.language is Language.EN else fr


FRENCH = Words(
    Language.FR, "fr-CA", french.number, french.decimal, french.share, french.day, french.clock, french.counted,
    french.listed, french.name, french.short, f"{french.NBSP}:",
)  # fmt: skip
ENGLISH = Words(
    Language.EN, "en-CA", english.number, english.decimal, english.share, english.day, english.clock, english.counted,
    english.listed, english.name, english.short, ":",
)  # fmt: skip


def words(language: Language) -> Words:
    """The words of a language."""
    return ENGLISH if language is Language.EN else FRENCH
