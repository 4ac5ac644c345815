"""The narrow reading of the log says what the full one says, and refuses what it cannot be sure of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reporting.core.test_fold import NOON, R
from tests.reporting.history import OLD, fact, history, lift_old, stored

from clic_chassis.error import UnreadableError
from clic_contracts.envelope import Recorded, decode_commit, derive_id, encode_commit
from clic_contracts.event import EVENTS, ObligationSet, RequestReceived, RequestRouted
from clic_contracts.upcast import UPCASTERS
from clic_reporting.core.fact import EVENT_KEYS, Fact, type_of
from clic_reporting.core.narrow import FACTS, decode_narrow

KNOWN_IN_ORDER = (
    "request.received.v1", "request.incomplete.v1", "request.completed.v1", "request.refused.v1",
    "request.acknowledged.v1", "request.noted.v1", "request.merged.v1", "request.split.v1", "request.promised.v1",
    "request.extended.v1", "request.answered.v1", "request.closed.v1", "request.voided.v1", "request.reopened.v1",
    "request.rated.v1", "request.erased.v1", "interaction.recorded.v1", "learning.recorded.v1",
    "learning.published.v1", "request.routed.v1", "obligation.set.v1", "obligation.met.v1", "obligation.warned.v1",
    "obligation.missed.v1", "obligation.lifted.v1", "learning.withdrawn.v1",
)  # fmt: skip


@pytest.fixture(autouse=True)
def old_version() -> Iterator[None]:
    """A version before the first, with its upcaster."""
    UPCASTERS[OLD] = lift_old
    yield
    del UPCASTERS[OLD]


def same(narrow: Any, full: Any) -> bool:
    """Whether a narrow value is the full one, in everything that it names."""
    if isinstance(narrow, msgspec.Struct):
        return all(same(getattr(narrow, name), getattr(full, name)) for name in narrow.__struct_fields__)
    return bool((str(narrow) if isinstance(narrow, UUID) else narrow) == full)


def same_fact(narrow: Any, full: Recorded) -> bool:
    """The envelope, and the data as far as it is read."""
    envelope = (narrow.request_id, narrow.occurred_at, narrow.recorded_at, narrow.actor, narrow.town, narrow.assumed)
    return (
        type_of(type(narrow)) == full.type
        and envelope == (full.request_id, full.occurred_at, full.recorded_at, full.actor, full.town, full.time_assumed)
        and same(getattr(narrow, "data", None), full.data if hasattr(narrow, "data") else None)
    )


@given(seed=st.integers(0, 2**32))
def test_the_narrow_reading_says_what_the_full_reading_says(seed: int) -> None:
    """Of any history, its old and its newer versions too."""
    chance = Random(seed)
    for sequence, request_id, body in stored(chance, history(chance, 8)):
        narrow, full = decode_narrow(request_id, sequence, body), decode_commit(body)

        assert len(narrow.events) == len(full)
        assert all(map(same_fact, narrow.events, full)), body


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TYPE)
def test_every_type_of_the_catalogue_is_read(event: Any) -> None:
    """Those that no figure needs are counted in the timeline."""
    (narrow,) = decode_narrow(R, 1, encode_commit([fact(event, R, NOON)])).events

    assert type_of(type(narrow)) == event.TYPE
    assert EVENT_KEYS[event.TYPE] == narrow.KEY


def test_the_catalogue_has_grown_at_its_end_alone() -> None:
    """A type's number in `dim_event` is its place: one put between others would change what rows mean."""
    assert tuple(EVENT_KEYS)[: len(KNOWN_IN_ORDER)] == KNOWN_IN_ORDER
    assert len({each.KEY for each in FACTS}) == len(FACTS) == len(EVENTS)
    assert all(issubclass(each, Fact) for each in FACTS)


def changed(event: Any, **changes: Any) -> bytes:
    """A commit of one fact of which something is not as it should be; None takes it away."""
    (envelope,) = json.loads(encode_commit([fact(event, R, NOON)]))
    for name, value in changes.items():
        at = envelope if name in envelope else envelope["data"]
        at[name] = value
        if value is None:
            del at[name]
    return json.dumps([envelope]).encode()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[]", "a commit of 0 facts"),
        (b"[" + b",".join([encode_commit([fact(RequestRouted, R, NOON)])[1:-1]] * 65) + b"]", "a commit of 65 facts"),
        (b'[{"type": "request.unheard_of.v9"}]', "request.unheard_of.v9"),
        (b'[{"type": "request.routed.v1"', "truncated"),
        (b"[" * 100_000, "object"),
        (b"\xff\xfe", "malformed"),
        (changed(RequestReceived, kind="rumour"), "kind|rumour"),
        (changed(RequestReceived, confidential="no"), "bool"),
        (changed(RequestReceived, publisher=7), "str"),
        (changed(RequestReceived, recordedat=None), "recordedat"),
        (changed(RequestRouted, time="2024-02-01T12:00:00"), "timezone"),
        (changed(ObligationSet, due_at="tomorrow"), "RFC3339|datetime"),
        (changed(RequestRouted, subject=derive_id("r", "2")), "in another's story"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_position_and_reason(body: bytes, why: str) -> None:
    """And never skipped."""
    with pytest.raises(UnreadableError, match=f"(?i){R} at 7: .*({why})"):
        decode_narrow(R, 7, body)
