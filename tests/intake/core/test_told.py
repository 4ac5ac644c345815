"""Facts in words, for a person who asks what the town holds of them. Source: A-2.1 art. 84."""

from __future__ import annotations

import pytest

from clic_contracts.event import EVENTS, LearningPublished, LearningWithdrawn, PersonalDataErased
from clic_contracts.vocabulary import Language
from clic_intake.core.told import content_lines, fact_words

OF_NOBODY = {LearningPublished, LearningWithdrawn, PersonalDataErased}
"""Facts that stand in no story of a person whose data can still be read."""


@pytest.mark.parametrize("language", list(Language))
def test_every_fact_of_a_persons_story_has_words(language: Language) -> None:
    told = {event: fact_words(event.TYPE, language) for event in EVENTS if event not in OF_NOBODY}
    assert not [event.TYPE for event, words in told.items() if words == event.TYPE]
    assert len(set(told.values())) == len(told)


def test_what_was_sealed_is_told_line_by_line_and_a_letters_markup_is_not() -> None:
    content = {
        "requester": {"name": "Camille Exemple", "email": "camille@exemple.invalid"},
        "text": "Un trou.",
        "html": "<p>Un trou.</p>",
        "attributes": {"profondeur": "10"},
    }
    assert list(content_lines(content, Language.FR)) == [
        ("Nom", "Camille Exemple"),
        ("Courriel", "camille@exemple.invalid"),
        ("Texte", "Un trou."),
        ("profondeur", "10"),
    ]
