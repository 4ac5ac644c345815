"""Commits: what is stored is read back, by readers older and newer than the writer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clic_contracts.envelope import (
    RECORDED,
    Recorded,
    decode_commit,
    decode_event,
    derive_id,
    encode_commit,
    request_id_for,
)
from clic_contracts.event import EVENT_BY_TYPE, EVENTS, Event, RequestReceived, RequestRouted
from clic_contracts.schema import example_recorded
from clic_contracts.upcast import MAX_LIFTS, UPCASTERS, lift

ROUTED = "request.routed.v1"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TYPE)
def test_an_event_comes_back_as_it_was_stored(event: type[Event]) -> None:
    """The log is the record."""
    stored = example_recorded(event)

    assert (stored,) == decode_commit(encode_commit([stored]))
    assert (stored,) == decode_commit(encode_commit([stored]), event.TYPE)
    assert stored == decode_event(encode_commit([stored])[1:-1])
    assert isinstance(decode_commit(encode_commit([stored]))[0].data, event)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TYPE)
def test_an_event_with_nothing_optional_comes_back(event: type[Event]) -> None:
    """None is left out of the stored form: no nullable field may be required."""
    least = {
        name: event.model_validate(event.EXAMPLE).model_dump()[name]
        for name, field in event.model_fields.items()
        if field.is_required()
    }
    stored = example_recorded(event).model_copy(update={"data": event.model_validate(least)})

    assert (stored,) == decode_commit(encode_commit([stored]))


def test_several_facts_of_one_decision_keep_their_order() -> None:
    """One decision is one message."""
    stored = tuple(example_recorded(event) for event in reversed(EVENTS))

    assert stored == decode_commit(encode_commit(stored), ",".join(fact.type for fact in stored))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TYPE)
def test_unknown_fields_of_a_newer_writer_are_tolerated(event: type[Event]) -> None:
    """An older reader meets a newer writer."""
    stored = example_recorded(event)
    fact = json.loads(encode_commit([stored]))[0]
    fact["extension"] = "unknown"
    fact["data"]["not_yet_known"] = {"deep": [1]}
    for part in fact["data"].values():
        if isinstance(part, dict):
            part["not_yet_known"] = True

    assert (stored,) == decode_commit(json.dumps([fact]).encode(), event.TYPE)


def test_a_type_that_nobody_knows_is_an_error_and_not_skipped() -> None:
    """Nothing is dropped in silence."""
    fact = json.loads(encode_commit([example_recorded(RequestRouted)]))[0]

    with pytest.raises(ValidationError, match=r"request\.dreamt\.v1"):
        decode_commit(json.dumps([{**fact, "type": "request.dreamt.v1"}]).encode())


@given(st.binary(max_size=200))
def test_bytes_that_are_no_commit_are_an_error_of_validation(body: bytes) -> None:
    """Whoever reads quarantines on this one error."""
    try:
        decode_commit(body)
    except ValidationError:
        return
    assert json.loads(body) == []


def test_every_event_has_an_envelope_of_its_own_and_a_type_of_its_own() -> None:
    """The discriminator is the wire type."""
    assert set(EVENTS) == set(RECORDED)
    assert len(EVENTS) == len(EVENT_BY_TYPE)


def test_an_id_is_derived_from_its_parts_and_nothing_else() -> None:
    """Said twice, done once: the derived id is a storage format."""
    assert derive_id("request", "/telephonie", "appel-17") == "4d945df4-f63c-5b0b-8466-468e89e2175c"
    assert derive_id("request", "/telephonie", "appel-17") == request_id_for("/telephonie", "appel-17")
    assert request_id_for("/telephonie", "appel-17") != request_id_for("/telephonie", "appel-18")


def _routed_v0() -> bytes:
    """A routing as an imagined first version stored it: the department under `unit`, the rule as a bare code."""
    fact = json.loads(encode_commit([example_recorded(RequestRouted)]))[0]
    data = {"unit": fact["data"]["department"], "rule_code": fact["data"]["rule"]["code"]}
    return json.dumps([{**fact, "type": "request.routed.v0", "data": data}]).encode()


def _lift_routed_v0(event: dict[str, Any]) -> dict[str, Any]:
    data = {"department": event["data"]["unit"], "rule": {"code": event["data"]["rule_code"]}, "first_line": False}
    return {**event, "type": ROUTED, "data": data}


@pytest.mark.parametrize("types", [None, "request.routed.v0"])
def test_an_old_version_is_read_as_the_newest(monkeypatch: pytest.MonkeyPatch, types: str | None) -> None:
    """Evolution: an upcaster lifts an old version in one place; the stored bytes stay."""
    monkeypatch.setitem(UPCASTERS, "request.routed.v0", _lift_routed_v0)

    (fact,) = decode_commit(_routed_v0(), types)

    assert example_recorded(RequestRouted) == fact


def test_an_old_version_lifts_through_every_version_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """One step per version; an event that needs none is left alone."""
    steps = {
        "request.routed.v0": lambda event: {**event, "type": "request.routed.v0b"},
        "request.routed.v0b": _lift_routed_v0,
    }
    old = json.loads(_routed_v0())[0]
    new = json.loads(encode_commit([example_recorded(RequestReceived)]))[0]

    assert lift(old, steps)["type"] == ROUTED
    assert lift(old, steps)["data"]["department"] == "travaux_publics_voirie"
    assert new == lift(new, steps)
    for name, step in steps.items():
        monkeypatch.setitem(UPCASTERS, name, step)
    assert (example_recorded(RequestRouted),) == decode_commit(_routed_v0())


def test_an_old_version_without_its_upcaster_is_an_error() -> None:
    """The planted upcaster above is what makes it readable."""
    with pytest.raises(ValidationError, match=r"request\.routed\.v0"):
        decode_commit(_routed_v0())


def test_a_chain_of_upcasters_that_does_not_end_is_found() -> None:
    """Bounded: a loop is an error that says what to mend."""
    steps = {
        "a.v1": lambda event: {**event, "type": "a.v2"},
        "a.v2": lambda event: {**event, "type": "a.v1"},
    }

    with pytest.raises(ValueError, match="mend the chain in UPCASTERS"):
        lift({"type": "a.v1"}, steps)


def test_every_registered_upcaster_leads_to_a_type_of_the_catalogue() -> None:
    """A chain is as long as there are versions, and no longer."""
    assert len(UPCASTERS) <= MAX_LIFTS * len(EVENTS)
    assert not set(UPCASTERS) & set(EVENT_BY_TYPE)


def test_an_envelope_says_when_its_time_is_assumed() -> None:
    """Issue 2, real data: an assumed instant is marked, and the report says so."""
    stored = example_recorded(RequestRouted).model_copy(update={"time_assumed": True})
    (fact,) = decode_commit(encode_commit([stored]))

    assert isinstance(fact, Recorded)
    assert fact.time_assumed
