"""The words of an explanation, by language."""

from __future__ import annotations

from clic_contracts.vocabulary import Language

from .explain_english import EnglishWords
from .explain_french import FrenchWords

Words = FrenchWords | EnglishWords


def words_of(language: Language) -> Words:
    """What an explanation is told with."""
    return EnglishWords() if language is Language.EN else FrenchWords()
