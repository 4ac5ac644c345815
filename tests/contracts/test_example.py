"""Valid and invalid examples: the published schemas and the desk's code agree on each, or say why they do not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.place import ROOT

from clic_contracts.__main__ import main
from clic_contracts.artifact import EXAMPLES
from clic_contracts.example import INVALID, RECEIPTS, Invalid, examples
from clic_contracts.feed import FEED_EVENTS
from clic_contracts.schema import schemas
from clic_contracts.submission import SUBMISSIONS, Receipt, SubmissionEvent, parse_submission
from clic_contracts.vocabulary import Language

SCHEMAS = schemas()
MADE = examples()


def refused_by_schema(event: dict[str, Any]) -> list[str]:
    """What the published schemas find wrong with a submission: its envelope's, and that of its type."""
    data = SCHEMAS.get(f"submissions/{event.get('type')}.json")
    if data is None:
        return [f"there is no schema of {event.get('type')}"]
    envelope = Draft202012Validator(SCHEMAS["envelopes/submission.v1.json"])
    return [
        error.message
        for validator, part in ((envelope, event), (Draft202012Validator(data), event.get("data")))
        for error in validator.iter_errors(part)
    ]


def agrees(wrong: Invalid) -> bool:
    """Whether who refuses it is who the example says."""
    return bool(refused_by_schema(wrong.event())) is (wrong.by == "schema")


@pytest.mark.parametrize("wrong", INVALID, ids=lambda each: each.path)
def test_an_invalid_example_breaks_one_rule_and_is_refused_by_whom_it_says(wrong: Invalid) -> None:
    """Issue 6: valid and invalid examples; by the published schema, or by the desk alone."""
    answer = wrong.answer(Language.EN)

    assert len(answer.errors) == 1
    assert any(pointer.startswith(answer.errors[0].pointer) for pointer in wrong.changes)
    assert wrong.answer(Language.FR).errors[0].pointer == answer.errors[0].pointer
    assert agrees(wrong)


def test_an_example_that_is_taken_or_refused_by_another_is_found() -> None:
    """The checks above can fail."""
    with pytest.raises(ValueError, match="it would be judged"):
        replace(INVALID[0], changes={"/data/text": "Un trou."}).answer(Language.FR)
    assert not agrees(replace(INVALID[0], by="desk"))
    assert not agrees(replace(next(each for each in INVALID if each.by == "desk"), by="schema"))


@pytest.mark.parametrize("submission", SUBMISSIONS, ids=lambda each: each.TYPE)
def test_every_submission_has_a_valid_example_and_invalid_ones(submission: Any) -> None:
    """A folder for each type and version."""
    valid = MADE[f"{submission.TYPE}/valid.json"]

    assert isinstance(parse_submission(valid), SubmissionEvent)
    assert refused_by_schema(json.loads(valid)) == []
    assert len([each for each in INVALID if each.submission is submission]) >= 2


def test_every_event_of_the_feed_and_every_receipt_has_an_example_that_fits_its_schema() -> None:
    """A subscriber copies it into a test."""
    for event in FEED_EVENTS:
        validator = Draft202012Validator(SCHEMAS[f"feed/{event.TYPE}.json"])
        assert list(validator.iter_errors(json.loads(MADE[f"feed.{event.TYPE}/valid.json"]))) == []
    validator = Draft202012Validator(SCHEMAS["receipts/receipt.v1.json"])
    for name, receipt in RECEIPTS.items():
        assert list(validator.iter_errors(receipt)) == []
        assert Receipt.model_validate(receipt).status == name


@pytest.mark.parametrize("folder", ["submission.request.v1", "submission.progress.v1"])
def test_the_files_are_read_by_the_command_as_they_stand(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody tries the example before their own."""
    there = ROOT / EXAMPLES / folder

    assert main(["validate", str(there / "valid.json")]) == 0
    assert main(["validate", str(there / "invalid")]) == 1
    said = capsys.readouterr()
    names = [path.partition("/invalid/")[2] for path in MADE if path.startswith(f"{folder}/invalid/")]
    assert names
    assert [name for name in names if name not in said.err + said.out] == []
