"""Problems are read in either language: each error that a submission can have has its words, and its mend, in both."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError
from tests.contracts.test_submission import FIELDS, JSON_VALUES

from clic_contracts.problem import ERROR_KINDS, Problem, problem_from
from clic_contracts.schema import example_submission
from clic_contracts.submission import SUBMISSIONS, RequestSubmission, SubmissionRefusedError, parse_submission
from clic_contracts.vocabulary import Language

GOOD: dict[str, Any] = json.loads(example_submission(RequestSubmission))
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 91, 1e308, float("nan"), "", " ", "x", "\x00", "\ud800", "x" * 11_000, "2026-05-15", "hier"),
    *("2026-02-30", "2026-02-30T00:00:00Z", "2026-05-15T09:30:00", "0001-01-01T00:00:00Z", "1778850000"),
    *([], ["x"], ["phone"] * 60, {}, {"x": 1}, {"x" * 9: "y"}, {str(number): "y" for number in range(60)}),
    *(
        {"at": "hier", "channel": "pigeon"},
        {"latitude": 91},
        {"latitude": "nord"},
        {"latitude": []},
        {"longitude": -181},
    ),
    *(
        {"email": "personne"},
        {"name": ""},
        {"reference": "x"},
        {"source": "x"},
        {"reference": "2026-004217", "id": "x"},
    ),
)


OF_COMMANDS = {"model_attributes_type", "datetime_parsing", "date_parsing"}
"""Types of errors that only agents' commands and others' parameters have."""
RAISED: set[str] = set()
"""Types of errors that were seen."""


def told(body: bytes) -> dict[Language, Problem]:
    """The problem of a body in each language; {}: it has none."""
    found = {}
    for language in Language:
        try:
            parse_submission(body, language)
        except SubmissionRefusedError as error:
            found[language] = error.problem
            if isinstance(error.__cause__, ValidationError) and error.problem.errors:
                kinds = {each["type"] for each in error.__cause__.errors(include_url=False, include_input=False)}
                RAISED.update(kinds)
                assert kinds <= set(ERROR_KINDS), "an error without its French words and its mend"
    return found


def assert_translated(found: dict[Language, Problem]) -> None:
    if not found:
        return
    english, french = found[Language.EN], found[Language.FR]
    assert (english.type, english.status) == (french.type, french.status)
    assert english.title != french.title
    assert english.detail != french.detail
    assert len(english.errors) == len(french.errors)
    for one, other in zip(english.errors, french.errors, strict=True):
        assert one.pointer == other.pointer
        assert one.detail != other.detail
        assert one.mend != other.mend


def test_every_field_of_every_submission_with_an_odd_value_is_told_in_both_languages() -> None:
    """The table is complete: an error of another type than it has would be found here."""
    for submission in SUBMISSIONS:
        for field in (*submission.model_fields, "inconnu"):
            for value in ODD:
                body = json.dumps({**GOOD, "type": submission.TYPE, "data": {**submission.EXAMPLE, field: value}})
                assert_translated(told(body.encode()))
    for name in GOOD:
        for value in ODD:
            assert_translated(told(json.dumps({**GOOD, name: value}).encode()))
        assert_translated(told(json.dumps({key: each for key, each in GOOD.items() if key != name}).encode()))
    assert set(ERROR_KINDS) - RAISED == OF_COMMANDS, "a row that nothing can have"


@given(st.sampled_from(SUBMISSIONS), st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES, max_size=4))
def test_whatever_is_sent_is_told_in_both_languages(submission: Any, changes: dict[str, Any]) -> None:
    """Beyond what we thought of."""
    body = json.dumps({**GOOD, "type": submission.TYPE, "data": {**submission.EXAMPLE, **changes}})
    assert_translated(told(body.encode()))


class Other(BaseModel):
    """A model whose errors nobody translated."""

    number: int = Field(multiple_of=3)


def test_an_error_of_another_type_is_told_in_english_with_a_general_mend() -> None:
    """Nothing is lost where the table has no words."""
    with pytest.raises(ValidationError) as found:
        Other.model_validate({"number": 4})
    problem = problem_from(found.value, language=Language.FR)
    assert problem.errors[0].detail == "Input should be a multiple of 3"
    assert "le schéma dit" in problem.errors[0].mend
