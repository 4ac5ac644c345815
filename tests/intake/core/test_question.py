"""Answers to the town's questions about a subject: what is taken, and what is said of what is not."""

from __future__ import annotations

from typing import Any

import pytest

from clic_contracts.town import Question
from clic_intake.core.question import VALUE_CHARS_MAX, answers

CHOICES = [
    {"code": code, "name": {"fr": f"Choix {code}", "en": f"Choice {code}"}} for code in ("small", "large", "round")
]


def question(code: str = "size", datatype: str = "string", **more: Any) -> Question:
    return Question.model_validate(
        {"code": code, "text": {"fr": "Quelle taille ?", "en": "How large?"}, "datatype": datatype, **more}
    )


@pytest.mark.parametrize(
    ("asked", "given", "found"),
    [
        (question(), [" environ un mètre "], {"size": "environ un mètre"}),
        (question(), ["", "  "], {}),
        (question(datatype="text"), ["deux\nlignes"], {"size": "deux\nlignes"}),
        (question(datatype="number"), ["-12,5"], {"size": "-12,5"}),
        (question(datatype="datetime"), ["2026-05-15T09:30:00-04:00"], {"size": "2026-05-15T09:30:00-04:00"}),
        (question(datatype="datetime"), ["2026-05-15"], {"size": "2026-05-15"}),
        (question(datatype="singlevaluelist", values=CHOICES), ["large"], {"size": "large"}),
        (question(datatype="multivaluelist", values=CHOICES), ["round", "small"], {"size": "small,round"}),
    ],
)
def test_an_answer_that_fits_its_question_is_taken(asked: Question, given: list[str], found: dict[str, str]) -> None:
    assert answers([asked], {"size": given}) == (found, ())


@pytest.mark.parametrize(
    ("asked", "given", "said"),
    [
        (question(required=True), [], "An answer is required."),
        (question(required=True), [" "], "An answer is required."),
        (question(), ["un", "deux"], "Give one answer."),
        (question(), ["un\ndeux"], "Write one line."),
        (question(), ["x" * (VALUE_CHARS_MAX + 1)], "at most 1000 characters"),
        (question(), ["\0"], "no NUL"),
        (question(datatype="number"), ["beaucoup"], "Write a number."),
        (question(datatype="number"), ["1e3"], "Write a number."),
        (question(datatype="datetime"), ["hier"], "Write an ISO 8601 date"),
        (question(datatype="singlevaluelist", values=CHOICES), ["huge"], "Choose from: small, large, round."),
        (question(datatype="singlevaluelist", values=CHOICES), ["small", "large"], "Give one answer."),
        (question(datatype="multivaluelist", values=CHOICES), ["small", "huge"], "Choose from: small, large, round."),
    ],
)
def test_an_answer_that_does_not_fit_is_told_with_its_mend(asked: Question, given: list[str], said: str) -> None:
    found, wrong = answers([asked], {"size": given})

    assert found == {}
    assert [said in each.en for each in wrong] == [True]
    assert wrong[0].fr.startswith("attribute[size] – Quelle taille ?")


def test_a_question_that_nobody_asked_has_no_answer() -> None:
    found, wrong = answers([question()], {"size": ["petit"], "couleur": ["rouge"]})

    assert found == {"size": "petit"}
    assert [each.en for each in wrong] == ["attribute[couleur]: this service asks no such question."]
