"""The generated JSON Schemas: sound, self-contained, and true of their own examples."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from clic_contracts.event import EVENTS
from clic_contracts.schema import (
    DIALECT,
    ID_PREFIX,
    corpus,
    event_schema,
    example_commit,
    example_submission,
    schemas,
    submission_schema,
    to_bytes,
)
from clic_contracts.submission import SUBMISSIONS

SCHEMAS = schemas()


@pytest.mark.parametrize("path", SCHEMAS)
def test_a_schema_is_sound_and_takes_its_own_examples(path: str) -> None:
    """Issue 2, contracts: JSON Schemas (2020-12) generated from the code."""
    schema = SCHEMAS[path]
    Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == DIALECT
    assert schema["$id"].startswith(ID_PREFIX)
    assert schema["description"]
    assert schema["examples"]
    for example in schema["examples"]:
        assert [error.message for error in Draft202012Validator(schema).iter_errors(example)] == []


def test_every_schema_has_an_id_of_its_own() -> None:
    """A reader finds a schema by its `$id` alone."""
    ids = [schema["$id"] for schema in SCHEMAS.values()]

    assert len(ids) == len(set(ids))


def test_each_event_and_submission_has_a_schema_named_after_its_wire_type() -> None:
    """One file per event type and version, and per submission type."""
    expected = {f"events/{event.TYPE}.json" for event in EVENTS}
    expected |= {f"submissions/{each.TYPE}.json" for each in SUBMISSIONS}

    assert expected <= set(SCHEMAS)


def test_the_same_code_gives_the_same_bytes() -> None:
    """The drift check compares bytes: nothing may depend on the run."""
    assert {path: to_bytes(schema) for path, schema in SCHEMAS.items()} == {
        path: to_bytes(schema) for path, schema in schemas().items()
    }
    assert corpus() == corpus()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TYPE)
def test_what_the_log_stores_of_an_event_fits_its_schema(event: Any) -> None:
    """The stored form leaves None out; the schema must not ask for it."""
    fact = json.loads(example_commit(event))[0]

    assert list(Draft202012Validator(event_schema(event)).iter_errors(fact["data"])) == []
    assert list(Draft202012Validator(SCHEMAS["envelopes/recorded.v1.json"]).iter_errors(fact)) == []


@pytest.mark.parametrize("submission", SUBMISSIONS, ids=lambda each: each.TYPE)
def test_what_a_publisher_sends_fits_the_schemas_and_a_misspelt_field_does_not(submission: Any) -> None:
    """Submissions are strict: a publisher's own validator finds a misspelt field before we do."""
    sent = json.loads(example_submission(submission))
    validator = Draft202012Validator(submission_schema(submission))

    assert list(Draft202012Validator(SCHEMAS["envelopes/submission.v1.json"]).iter_errors(sent)) == []
    assert list(validator.iter_errors(sent["data"])) == []
    assert len(list(validator.iter_errors({**sent["data"], "misspelt": 1}))) == 1
