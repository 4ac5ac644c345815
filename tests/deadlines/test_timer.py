"""Timers on a real PostgreSQL: each fires once, whoever fires it, and never ahead of the log."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from importlib import resources
from importlib.resources.abc import Traversable

import asyncpg
import pytest
from tests.deadlines.clockwork import ANSWER_DUE, ANSWER_WARN, PAST, RECEIVED_AT, WARN_AT, House, Tell, fire_all, ids
from tests.deadlines.desk import TORONTO

from clic_chassis.error import RetryableError
from clic_chassis.testing import at_work, wait_until
from clic_contracts.event import (
    ObligationMissed,
    ObligationSet,
    RequestAcknowledged,
    RequestAnswered,
    RequestCompleted,
    RequestIncomplete,
    RequestReceived,
)
from clic_contracts.town import Town
from clic_contracts.town_time import Deadlines
from clic_contracts.vocabulary import Service
from clic_deadlines import timer as timer_module
from clic_deadlines.core.alarm import Alarm
from clic_deadlines.core.obligation import DECIDER, Reconcile
from clic_deadlines.core.standard import Rules
from clic_deadlines.timer_table import BATCH_REQUESTS_MAX, PAST_GRACE_S, Written

WINDOW_FACTS = (("decide_access-1", "missed"), ("review_window-1", "set"), ("review_window-1", "lapsed"))


def with_chain(town: Town) -> Rules:
    """Who has it is told at the limit, the head a business day later."""
    steps = [{"to": "person"}, {"to": "head", "after": {"business_days": 1}}]
    deadlines = Deadlines.model_validate(town.deadlines.model_dump() | {"escalation": steps})
    return Rules(town.model_copy(update={"deadlines": deadlines}))


async def test_two_instances_fire_each_timer_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes what the other does not hold; past the limit nothing is warned of any more (POL-29)."""
    monkeypatch.setattr(timer_module, "BATCH_MAX", 7)
    requests = ids(40)
    await house.receive(*requests)
    house.clock.set(PAST)
    fired = await asyncio.gather(fire_all(house.timers()), fire_all(house.timers()))
    assert sum(fired) == 40 * 2  # one for each obligation: all that is due of it is decided at once
    said = await house.said()
    for obligation_id in ("acknowledge-1", "answer-1"):
        assert [said[each, obligation_id, "obligation.missed.v1"] for each in requests] == [1] * 40
        assert [said[each, obligation_id, "obligation.warned.v1"] for each in requests] == [0] * 40


async def test_a_warning_comes_first_then_the_limit_and_an_answer_clears_the_table(house: House) -> None:
    """POL-29."""
    [request] = ids(1)
    await house.receive(request)
    await house.reconciler.handle(
        await house.intake(request, RequestAcknowledged.model_validate(RequestAcknowledged.EXAMPLE), "2026-05-15T16:30")
    )
    house.clock.set(WARN_AT)
    assert await fire_all(house.timers()) == 1
    assert {("answer-1", ANSWER_DUE)} == await house.rows()
    house.clock.set(PAST)
    assert await fire_all(house.timers()) == 1
    assert set() == await house.rows()
    assert (await house.said())[request, "answer-1", "obligation.missed.v1"] == 1
    answered = RequestAnswered.model_validate(RequestAnswered.EXAMPLE)
    await house.reconciler.handle(await house.intake(request, answered, "2026-06-01T10:00"))
    assert set() == await house.rows()


async def test_nothing_fires_while_the_service_is_behind_the_log(house: House) -> None:
    """An outage must not call missed what was answered during it."""
    await house.receive(*ids(3))
    house.clock.set(PAST)
    house.behind = True
    assert await fire_all(house.timers()) == 0
    assert not any("missed" in event for _, _, event in await house.said())
    house.behind = False
    assert await fire_all(house.timers()) == 6


async def test_what_was_answered_in_time_while_nobody_listened_is_never_called_missed(house: House) -> None:
    """The commit stands in quarantine, say: the timer reads intake's story itself, and drops what it keeps."""
    [request] = ids(1)
    await house.receive(request)
    answered = RequestAnswered.model_validate(RequestAnswered.EXAMPLE)
    commit = await house.intake(request, answered, "2026-05-19T09:00")
    house.clock.set(PAST)
    await fire_all(house.timers())
    await house.reconciler.handle(commit)
    said = await house.said()
    assert Counter(event for _, _, event in said.elements()) == {"obligation.set.v1": 2, "obligation.met.v1": 2}
    assert set() == await house.rows()


@pytest.mark.parametrize("because", [RetryableError("no answer to a load"), TypeError("a mistake of ours")], ids=repr)
async def test_a_timer_that_fails_is_put_off_and_holds_up_no_other(house: House, because: Exception) -> None:
    """Whatever is wrong with one request, it is tried again, later and later, and never dropped."""
    house.log.unreadable_because = because
    broken, whole = ids(2)
    await house.receive(broken, whole)
    house.clock.set(PAST)
    house.log.unreadable = broken
    assert await fire_all(house.timers()) == 4
    tries = await house.pool.fetch("SELECT tries, try_at FROM timer WHERE request_id = $1", broken)
    assert [(1, PAST + dt.timedelta(seconds=1))] * 2 == [tuple(row) for row in tries]
    house.log.unreadable = None
    assert await fire_all(house.timers()) == 0
    house.clock.set(PAST + dt.timedelta(seconds=1))
    assert await fire_all(house.timers()) == 2
    assert (await house.said())[broken, "answer-1", "obligation.missed.v1"] == 1


async def test_timers_of_an_older_decision_neither_remove_nor_overwrite_those_of_a_later_one(house: House) -> None:
    """Two instances may write about one request in the wrong order, after a redelivery."""
    [request] = ids(1)
    later = Alarm("answer-2", PAST)
    await house.table.write(Written(request, 9, (later,)))
    await house.table.write(Written(request, 4, (Alarm("answer-1", RECEIVED_AT),)))
    assert ("answer-2", PAST) in await house.rows()
    await house.table.write(Written(request, 11, ()))
    assert set() == await house.rows()


async def test_timers_written_side_by_side_all_stand_when_the_writers_return(house: House) -> None:
    """More than one batch of them, some of one request."""
    requests = ids(BATCH_REQUESTS_MAX + 50)
    alarm = (Alarm("answer-1", PAST),)
    await asyncio.gather(*(house.table.write(Written(each, 1, alarm)) for each in [*requests, requests[0]]))
    assert len(requests) == await house.pool.fetchval("SELECT count(*) FROM timer")


async def test_writers_are_told_when_their_timers_are_not_written(house: House) -> None:
    """Then their message is not acknowledged."""
    await house.pool.execute("ALTER TABLE timer RENAME TO elsewhere")
    with pytest.raises(asyncpg.UndefinedTableError):
        await house.table.write(Written(ids(1)[0], 1, (Alarm("answer-1", PAST),)))


async def test_the_component_stops_when_told_and_waits_for_a_database_that_is_away(
    house: House, pool: asyncpg.Pool
) -> None:
    """A failing look is tried again every second, and readiness tells when that lasts."""
    timers = house.timers()
    await pool.execute("ALTER TABLE timer RENAME TO elsewhere")
    async with at_work(timers):
        await wait_until(lambda: timers._failing_since is not None, 20, what="a look to fail")
        assert timers.not_ready() is None
        house.clock.set(RECEIVED_AT + dt.timedelta(minutes=5))
        assert "no timer could be fired since" in (timers.not_ready() or "")


async def test_it_wakes_at_the_next_instant_of_a_timer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """POL-29: what is due between two looks is not said a look later."""
    monkeypatch.setattr(timer_module, "EVERY_S", 3600.0)
    [request] = ids(1)
    await house.receive(request)
    [warn_at, *_] = sorted(row["at"] for row in await house.pool.fetch("SELECT at FROM timer"))
    house.clock.set(warn_at - dt.timedelta(milliseconds=100))
    timers, looked = house.timers(), asyncio.Event()
    next_due = timers._table.next_due

    async def seen() -> dt.datetime | None:
        found = await next_due()
        looked.set()
        return found

    monkeypatch.setattr(timers._table, "next_due", seen)
    async with at_work(timers):
        await looked.wait()
        house.clock.set(warn_at)

        async def warned() -> bool:
            return any(said == "obligation.warned.v1" for _, _, said in await house.said())

        await wait_until(warned, 20, what="the warning")


async def test_a_limit_that_had_passed_before_it_was_known_waits_for_what_older_records_tell_next(house: House) -> None:
    """An import tells a reception and, a moment later, the answer of that time: nothing was missed."""
    told, silent = ids(2)
    house.clock.set(PAST)
    await house.receive(told, silent)
    assert await house.timers().fire_due() == 0
    answer = RequestAnswered.model_validate(RequestAnswered.EXAMPLE)
    await house.reconciler.handle(await house.intake(told, answer, "2026-05-18T10:00"))
    house.clock.set(PAST + dt.timedelta(seconds=PAST_GRACE_S + 1))
    await house.timers().fire_due()
    missed = {(who, what) for who, what, said in await house.said() if said == "obligation.missed.v1"}
    assert missed == {(silent, "acknowledge-1"), (silent, "answer-1")}


@pytest.mark.parametrize(("before_s", "said"), [(3.0, "missed"), (PAST_GRACE_S + 5, "warned")])
async def test_a_warning_that_had_passed_before_it_was_known_holds_up_no_limit(
    house: House, before_s: float, said: str
) -> None:
    """POL-29: a limit within the ten seconds is said at its instant; where it is later, the warning is said first."""
    [request] = ids(1)
    known_at = ANSWER_DUE - dt.timedelta(seconds=before_s)
    house.clock.set(known_at)
    await house.receive(request)
    first_at = min(ANSWER_DUE, known_at + dt.timedelta(seconds=PAST_GRACE_S))
    house.clock.set(first_at - dt.timedelta(milliseconds=1))
    assert await house.timers().fire_due() == 0
    house.clock.set(first_at)
    await house.timers().fire_due()
    answer = [what for _, obligation, what in await house.said() if obligation == "answer-1"]
    assert set(answer) - {"obligation.escalated.v1"} == {"obligation.set.v1", f"obligation.{said}.v1"}
    house.clock.set(ANSWER_DUE)
    await fire_all(house.timers())
    assert (await house.said())[request, "answer-1", "obligation.missed.v1"] == 1


# -- what a look brings about -----------------------------------------------------------------------------------------


async def test_what_a_look_sets_is_looked_at_in_its_turn(house: House) -> None:
    """A-2.1 art. 52, 135: silence opens a window, whose end has a timer of its own."""
    [request] = ids(1)
    await house.receive(request, kind="access_to_information", subject=None, written=True)
    house.clock.set(dt.datetime(2026, 6, 10, tzinfo=dt.UTC))
    await fire_all(house.timers())
    assert {each for each, _ in await house.rows()} == {"review_window-1"}
    house.clock.set(dt.datetime(2026, 9, 1, tzinfo=dt.UTC))
    assert await fire_all(house.timers()) == 1
    assert await house.rows() == set()
    said = await house.said()
    assert [said[request, each, f"obligation.{what}.v1"] for each, what in WINDOW_FACTS] == [1, 1, 1]


async def test_what_stands_still_has_no_timer_until_it_runs_again(house: House) -> None:
    """POL-06."""
    [request] = ids(1)
    await house.receive(request)
    asked = RequestIncomplete.model_validate(RequestIncomplete.EXAMPLE)
    given = RequestCompleted.model_validate(RequestCompleted.EXAMPLE)
    await house.reconciler.handle(await house.intake(request, asked, "2026-05-20T10:00"))
    assert await house.rows() == set()
    house.clock.set(PAST)
    assert await fire_all(house.timers()) == 0
    await house.reconciler.handle(await house.intake(request, given, "2026-05-30T10:00"))
    assert {each for each, _ in await house.rows()} == {"answer-1"}


async def test_a_chain_is_gone_up_by_two_instances_step_by_step(pool: asyncpg.Pool, town: Town, tell: Tell) -> None:
    """POL-29: an outage over all of it says all of it, once and in order."""
    house = House(with_chain(town), pool, tell)
    requests = ids(30)
    await house.receive(*requests)
    house.clock.set(ANSWER_DUE)
    await asyncio.gather(fire_all(house.timers()), fire_all(house.timers()))
    assert {instant for _, instant in await house.rows()} == {dt.datetime(2026, 5, 27, 4, tzinfo=dt.UTC)}
    house.clock.set(PAST)
    await asyncio.gather(fire_all(house.timers()), fire_all(house.timers()))
    said = await house.said()
    for each in ("acknowledge-1", "answer-1"):
        assert [said[request, each, "obligation.missed.v1"] for request in requests] == [1] * 30
        assert [said[request, each, "obligation.escalated.v1"] for request in requests] == [2] * 30
    assert await house.rows() == set()


# -- migration --------------------------------------------------------------------------------------------------------

OlderRow = tuple[str, str, dt.datetime, dt.datetime | None]
"""Obligation, what, instant, and when it was done."""


async def upgrade(pool: asyncpg.Pool, request: str, *rows: OlderRow) -> None:
    """The table of the release that had a row for each warning and each limit, and every migration since."""
    folder = resources.files("clic_deadlines").joinpath("migrations")
    files: list[Traversable] = sorted(folder.iterdir(), key=lambda file: file.name)
    for file in files[:2]:
        await pool.execute(file.read_text())
    await pool.executemany(
        "INSERT INTO timer (request_id, obligation_id, what, due_at, position, try_at, done_at) "
        "VALUES ($1, $2, $3, $4, 1, $4, $5)",
        [(request, *each) for each in rows],
    )
    for file in files[2:]:
        await pool.execute(file.read_text())


async def test_timers_of_an_older_release_go_on_as_the_next_instant_of_each_obligation(postgres_url: str) -> None:
    """Of a warning and a limit the earlier that was not said; a limit that was missed is looked at anew."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=1) as pool:
        await upgrade(
            pool,
            ids(1)[0],
            ("acknowledge-1", "warn", ANSWER_WARN, ANSWER_WARN),
            ("acknowledge-1", "miss", ANSWER_DUE, ANSWER_DUE),
            ("answer-1", "warn", ANSWER_WARN, ANSWER_WARN),
            ("answer-1", "miss", PAST, None),
            ("answer-2", "warn", ANSWER_WARN, None),
            ("answer-2", "miss", PAST, None),
            ("answer-3", "warn", ANSWER_WARN, None),
            ("answer-3", "miss", ANSWER_DUE, ANSWER_DUE),
        )
        found = await pool.fetch("SELECT obligation_id, at, position, try_at FROM timer ORDER BY obligation_id")
        assert [tuple(row) for row in found] == [
            ("acknowledge-1", ANSWER_DUE, 1, ANSWER_DUE),
            ("answer-1", PAST, 1, PAST),
            ("answer-2", ANSWER_WARN, 1, ANSWER_WARN),
            ("answer-3", ANSWER_DUE, 1, ANSWER_DUE),
        ]


@pytest.mark.parametrize(("origin", "steps"), [("live", 2), ("backlog", 0)])
async def test_what_an_older_release_called_missed_goes_up_the_chain_after_the_upgrade(
    postgres_url: str, town: Town, tell: Tell, origin: str, steps: int
) -> None:
    """POL-29: though nothing happens to the request; each step at its instant, and an older system's not at all."""
    [request] = ids(1)
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=6) as pool:
        house = House(with_chain(town), pool, tell)
        received = RequestReceived.model_validate({**RequestReceived.EXAMPLE, "origin": origin})
        commit = await house.intake(request, received, "2026-05-15T16:20")
        decided = DECIDER.decide(Reconcile(commit.events, house.rules), DECIDER.fold(()))
        terms = [
            fact.event.model_copy(update={"within": None}) for fact in decided if isinstance(fact.event, ObligationSet)
        ]
        missed = [
            ObligationMissed(obligation_id=each.obligation_id, obligation=each.obligation, due_at=each.due_at)
            for each in terms
        ]
        facts = tell(
            *((each, "2026-05-15T16:20") for each in terms),
            *((each, each.due_at.astimezone(TORONTO).strftime("%Y-%m-%dT%H:%M")) for each in missed),
            request_id=request,
        )
        await house.log.append(Service.DEADLINES, request, facts, expected=0)
        await upgrade(pool, request, *((each.obligation_id, "miss", each.due_at, each.due_at) for each in missed))

        house.clock.set(PAST)
        assert await fire_all(house.timers()) == len(missed) == 2
        said = await house.said()
        for each in missed:
            assert said[request, each.obligation_id, "obligation.missed.v1"] == 1
            assert said[request, each.obligation_id, "obligation.escalated.v1"] == steps
        assert await house.rows() == set()
