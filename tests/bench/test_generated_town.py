"""The generated town is one that the services could have written: it is held to the contracts and the calendar."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import nats
import pytest
from bench.generated_town.generate import generate, until
from bench.generated_town.load import LoadError, fill
from bench.generated_town.telling import Stored
from tests.place import TOWN_DIR

from clic_chassis.embedded import start_nats
from clic_chassis.town_file import read_town
from clic_contracts.envelope import Recorded, decode_commit, encode_commit
from clic_contracts.event import Event, ObligationSet, RequestReceived
from clic_contracts.lifecycle import may_happen, next_phase
from clic_contracts.subject import LOG_STREAM, parse_log_subject
from clic_contracts.town import Town
from clic_contracts.town_time import Delay
from clic_contracts.vocabulary import Phase
from clic_deadlines.core.calendar import Calendar

COMMITS = 12_000
"""A fortnight of the town: stories begin, go on and end in it."""
MIXED_COMMITS = 40_000
"""Enough that rare facts are among them."""


@pytest.fixture(scope="module")
def town() -> Town:
    return read_town(TOWN_DIR)


@pytest.fixture(scope="module")
def commits(town: Town) -> list[Stored]:
    return list(islice(generate(town), COMMITS))


def _facts(commits: list[Stored]) -> list[tuple[str, tuple[Recorded, ...]]]:
    return [(each.subject, decode_commit(each.body.encode(), each.types)) for each in commits]


def test_every_commit_decodes_and_is_what_its_subject_and_header_say(commits: list[Stored]) -> None:
    for stored, (subject, facts) in zip(commits, _facts(commits), strict=True):
        service, request_id = parse_log_subject(subject)
        assert [fact.type for fact in facts] == stored.types.split(",")
        assert len(facts) == stored.events
        assert {(fact.source, fact.request_id) for fact in facts} == {(f"/clic/{service}", request_id)}
        assert {type(fact.data).BY for fact in facts} == {service}


def test_the_text_is_what_the_services_write(commits: list[Stored]) -> None:
    """Field by field and in the same form, so that reading it costs what reading theirs costs."""
    for stored in commits[:3_000]:
        written = encode_commit(decode_commit(stored.body.encode(), stored.types))
        assert stored.body.replace(".000000", "") == written.decode().replace(".000000", "")


def test_every_fact_may_happen_in_its_phase(commits: list[Stored]) -> None:
    """The lifecycle table, request by request, in the log's order."""
    phases: dict[str, Phase] = {}
    for _, facts in _facts(commits):
        for fact in facts:
            kind: type[Event] = type(fact.data)
            if fact.request_id not in phases and kind is not RequestReceived:
                assert kind.TYPE.startswith(("interaction.", "learning.")), fact
                continue
            phase = phases.get(fact.request_id, Phase.NEW)
            assert may_happen(phase, kind), (phase, fact.type)
            phases[fact.request_id] = next_phase(phase, kind)
    assert len(phases) > 1_000


def test_obligations_are_set_before_they_are_met_and_due_as_the_calendar_says(
    commits: list[Stored], town: Town
) -> None:
    """POL-13 to POL-15, POL-19, POL-22, POL-29."""
    calendar = Calendar(town.calendar)
    delays: dict[str, Delay | None] = {f"subject_{each.code}": each.answer_within for each in town.subjects}
    delays |= {"acknowledge": town.deadlines.acknowledge_within, "access_law": town.deadlines.decide_access_within}
    owed: set[tuple[str, str]] = set()
    looked_at = Counter[str]()
    for _, facts in _facts(commits):
        for fact in facts:
            data: Any = fact.data
            if isinstance(data, ObligationSet):
                owed.add((fact.request_id, data.obligation_id))
                if (delay := delays.get(data.rule.code)) is not None:
                    term = calendar.term(data.starts_at, delay)
                    assert (term.due_at, term.due_strict_on, term.trace) == (
                        data.due_at,
                        data.due_strict_on,
                        data.trace,
                    )
                    looked_at["hours" if delay.hours else "days"] += 1
                assert data.starts_at < data.warn_at < data.due_at
            elif fact.type.startswith("obligation."):
                assert (fact.request_id, data.obligation_id) in owed, fact
    assert looked_at["hours"] > 10
    assert looked_at["days"] > 1_000


def test_the_log_takes_facts_in_the_order_of_their_recording(commits: list[Stored]) -> None:
    recorded = [fact.recorded_at for _, facts in _facts(commits) for fact in facts]

    assert recorded == sorted(recorded)


def test_a_seed_always_tells_the_same_town_and_a_smaller_one_is_the_beginning_of_a_larger_one(town: Town) -> None:
    def digest(count: int, seed: int) -> str:
        whole = hashlib.sha256()
        for each in islice(until(town, 3_000, seed=seed), count):
            whole.update(each.body.encode())
        return whole.hexdigest()

    assert digest(1_000, seed=1) == digest(1_000, seed=1)
    assert digest(1_000, seed=1) != digest(1_000, seed=2)
    assert list(until(town, 500)) == list(islice(until(town, 3_000), len(list(until(town, 500)))))


def test_the_mix_is_that_of_a_log_that_the_services_wrote(town: Town) -> None:
    """As `clic seed` leaves it: 1,119 bytes and 1.49 facts a commit; timers that went off and erasures come on top."""
    commits = list(islice(generate(town), MIXED_COMMITS))
    types = Counter(wire_type for each in commits for wire_type in each.types.split(","))
    events = sum(each.events for each in commits)

    assert 950 < sum(len(each.body) for each in commits) / len(commits) < 1_200
    assert 1.3 < events / len(commits) < 1.5
    assert 0.08 < types["request.received.v1"] / events < 0.11
    assert types["obligation.missed.v1"] < 0.25 * types["request.received.v1"]
    assert {"request.reopened.v1", "request.promised.v1", "request.merged.v1", "request.rated.v1"} <= types.keys()


async def test_a_loaded_folder_holds_the_town_and_is_never_loaded_twice(tmp_path: Path, town: Town) -> None:
    """What is left can be opened by a server that syncs every write."""
    told: list[int] = []
    first_on = dt.date(2025, 3, 1)

    stored = await fill(tmp_path / "nats", TOWN_DIR, 4_000, 3, first_on, told.append)

    expected = list(until(town, 4_000, seed=3, first_on=first_on))
    server = start_nats(tmp_path / "nats")
    try:
        client = await nats.connect(server.url)
        state = (await client.jetstream().stream_info(LOG_STREAM)).state
        last = await client.jetstream().get_msg(LOG_STREAM, state.last_seq)
        await client.close()
    finally:
        server.stop()
    assert len(expected) == stored == state.messages == state.last_seq
    assert (expected[-1].subject, expected[-1].body) == (last.subject, (last.data or b"").decode())
    assert sum(each.events for each in expected) == told[-1]
    with pytest.raises(LoadError, match="holds a log already"):
        await fill(tmp_path / "nats", TOWN_DIR, 4_000, 3, first_on, told.append)
