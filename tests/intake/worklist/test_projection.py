"""The worklists' table is what the facts say, whichever way they came, and forgets what it was under other meanings."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.intake.core.story import make
from tests.intake.worklist.table import Table, commit, request_id

from clic_chassis.scenario import NOON
from clic_contracts.envelope import Commit
from clic_contracts.event import (
    EVENTS,
    Event,
    InteractionRecorded,
    LetterFailed,
    LetterSent,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationSet,
    ObligationWarned,
    PersonalDataErased,
    RequestAcknowledged,
    RequestAnswered,
    RequestAssigned,
    RequestAttached,
    RequestClosed,
    RequestCompleted,
    RequestDescribed,
    RequestIncomplete,
    RequestMerged,
    RequestNoted,
    RequestRated,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestRouted,
)
from clic_contracts.town import Town
from clic_intake.worklist.projection import definition, values

LETTER = "6f9619ff-8b86-5d11-b42d-00cf4fc964ff"


async def told(table: Table, *events: Event) -> dict[str, Any]:
    """The row after a reception and these facts, a commit each."""
    received = make(RequestReceived, reference="2026-000001")
    await table.fold([[commit(n, 1, each) for n, each in enumerate((received, *events), 1)]])
    return (await table.rows())[0]


async def test_a_request_is_listed_as_it_was_received(table: Table) -> None:
    """POL-10."""
    row = await told(table)

    assert row["request_id"].hex == request_id(1).replace("-", "")
    assert (row["request_key"], row["reference"], row["phase"], row["pending"]) == (1, "2026-000001", "received", True)
    assert (row["department"], row["assigned_to"], row["due_at"], row["missing"]) == (None, None, None, None)


async def test_contacts_that_open_no_request_are_listed_nowhere(table: Table) -> None:
    """POL-10, POL-31."""
    await table.fold([[commit(1, 1, make(InteractionRecorded))]])

    assert await table.rows() == []


async def test_what_is_owed_first_is_what_is_due(table: Table) -> None:
    """POL-13, POL-29: an obligation that is met or lifted is owed no longer, and one that is missed is late."""
    later = make(ObligationSet, obligation_id="answer-1", obligation="answer", due_at="2026-06-01T00:00:00-04:00")
    first = await told(table, later, make(ObligationSet), make(ObligationWarned, obligation_id="acknowledge-1"))
    assert (first["next_obligation"], first["warned"], first["missed"]) == ("acknowledge", True, False)

    await table.fold([[commit(9, 1, make(ObligationMet))]])
    second = (await table.rows())[0]
    assert (second["next_obligation"], second["warned"]) == ("answer", False)

    await table.fold([[commit(10, 1, make(ObligationMissed))], [commit(11, 1, make(ObligationLifted))]])
    third = (await table.rows())[0]
    assert (third["next_obligation"], third["due_at"], third["missed"]) == (None, None, False)


async def test_who_has_it_is_shown_until_another_department_has_it(table: Table) -> None:
    """POL-28, POL-29."""
    taken = await told(table, make(RequestRouted), make(RequestAssigned, to="agent:alex.exemple"))
    assert taken["assigned_to"] == "agent:alex.exemple"

    await table.fold([[commit(9, 1, make(RequestRouted))]])
    assert (await table.rows())[0]["assigned_to"] == "agent:alex.exemple"

    await table.fold([[commit(10, 1, make(RequestRouted, department="greffe", unusual=True))]])
    moved = (await table.rows())[0]
    assert (moved["department"], moved["assigned_to"], moved["unusual"]) == ("greffe", None, True)


async def test_what_the_citizen_was_asked_for_waits_until_all_of_it_is_given(table: Table) -> None:
    """POL-06, POL-21."""
    asked = await told(table, make(RequestIncomplete, missing=["name", "contact"]))
    assert (asked["missing"], asked["waiting_since"]) == (["name", "contact"], NOON)

    await table.fold([[commit(9, 1, make(RequestCompleted, given=["contact"]))]])
    assert (await table.rows())[0]["missing"] == ["name"]

    await table.fold([[commit(10, 1, make(RequestCompleted, given=["name"]))]])
    assert ((await table.rows())[0]["missing"], (await table.rows())[0]["waiting_since"]) == (None, None)


@pytest.mark.parametrize(
    ("settling", "left"),
    [
        (make(LetterSent, letter_id=LETTER), 0),
        (make(RequestAcknowledged), 0),
        (make(RequestAnswered), 1),
        (make(RequestIncomplete, asked=None), 1),
    ],
)
async def test_a_letter_that_failed_is_shown_until_the_citizen_is_told_otherwise(
    table: Table, settling: Event, left: int
) -> None:
    """POL-18: the acknowledgement that did not arrive is not settled by an answer, but by an acknowledgement."""
    failed = make(LetterFailed, letter_id=LETTER)
    assert (await told(table, failed, failed))["letters_failed"] == 1

    await table.fold([[commit(9, 1, settling)]])
    assert (await table.rows())[0]["letters_failed"] == left


async def test_the_end_of_a_request_is_shown_and_taken_back_when_it_is_reopened(table: Table) -> None:
    """POL-27, POL-32, POL-39."""
    parent = request_id(7)
    closed = await told(table, make(RequestMerged, into=parent), make(RequestClosed, reason="merged"))
    assert (closed["phase"], closed["pending"], closed["closed_at"]) == ("closed", False, NOON)
    assert str(closed["merged_into"]) == parent

    await table.fold([[commit(9, 1, make(RequestRated))], [commit(10, 1, make(RequestReopened))]])
    again = (await table.rows())[0]
    assert (again["phase"], again["pending"], again["closed_at"], again["merged_into"]) == (
        "reopened",
        True,
        None,
        None,
    )
    assert again["rating"] == 4


CLOSED = make(RequestClosed)
SAYS = make(InteractionRecorded, about=request_id(1))
LATER = NOON + dt.timedelta(days=3)


@pytest.mark.parametrize("end", [(CLOSED,), (make(RequestRefused),), (make(RequestMerged), make(RequestClosed))])
@pytest.mark.parametrize("says", [SAYS, make(RequestNoted), make(RequestCompleted), make(RequestAttached)])
@pytest.mark.parametrize("actor", ["citizen:tracking", "publisher:courriel"])
async def test_what_a_citizen_says_once_it_is_done_with_is_news_from_the_first_word_on(
    table: Table, end: tuple[Event, ...], says: Event, actor: str
) -> None:
    """POL-28, POL-39: on the tracking page, by mail or through another publisher."""
    assert (await told(table, *end))["heard_since"] is None

    for sequence, days in ((20, 3), (21, 5)):
        await table.fold([[commit(sequence, 1, says, at=NOON + dt.timedelta(days=days), actor=actor)]])
    assert (await table.rows())[0]["heard_since"] == LATER


@pytest.mark.parametrize(
    ("fact", "actor", "left"),
    [
        (make(RequestNoted), "agent:alex.exemple", None),
        (make(RequestReopened), "citizen:tracking", None),
        (make(PersonalDataErased), "rule:retention", None),
        (make(RequestRated), "citizen:tracking", LATER),
        (make(LetterSent), "service:letters", LATER),
        (make(RequestRouted), "agent:alex.exemple", LATER),
    ],
)
async def test_news_stays_news_until_an_agent_does_something_or_it_is_reopened(
    table: Table, fact: Event, actor: str, left: dt.datetime | None
) -> None:
    """POL-28, POL-39: no rule, letter or rating takes it away; of what was erased nothing is left to be read."""
    await told(table, CLOSED)
    await table.fold([[commit(20, 1, SAYS, at=LATER, actor="citizen:tracking")], [commit(21, 1, fact, actor=actor)]])

    assert (await table.rows())[0]["heard_since"] == left


@pytest.mark.parametrize(
    ("before", "fact", "actor"),
    [
        (make(RequestAnswered), SAYS, "citizen:tracking"),
        (CLOSED, SAYS, "agent:alex.exemple"),
        (CLOSED, make(RequestRated), "citizen:tracking"),
        (CLOSED, make(RequestNoted), "rule:essai"),
    ],
)
async def test_what_is_pending_or_carries_no_words_of_a_citizen_is_no_news(
    table: Table, before: Event, fact: Event, actor: str
) -> None:
    """POL-28: what is pending stands in its own lists."""
    await told(table, before)
    await table.fold([[commit(20, 1, fact, actor=actor)]])

    assert (await table.rows())[0]["heard_since"] is None


async def test_published_words_stay_when_personal_data_is_erased(table: Table) -> None:
    """POL-30: reviewed words hold none."""
    row = await told(table, make(RequestDescribed), make(PersonalDataErased))

    assert row["public_text"] == "Nid-de-poule signalé près d'une école."
    assert row["erased"]


async def test_a_confidential_request_has_the_realm_of_its_role(table: Table) -> None:
    """POL-26."""
    access = make(RequestReceived, kind="access_to_information", subject=None, confidential=True)
    await table.fold([[commit(1, 1, access)]])

    assert (await table.rows())[0]["realm"] == "greffe"


async def test_tables_of_another_meaning_are_made_anew_and_folded_from_the_beginning(table: Table, town: Town) -> None:
    """A change of the fold, of the table, or of whom the town lets see what."""
    await told(table)
    await table.prepare()
    assert len(await table.rows()) == 1

    await table.pool.execute(
        "INSERT INTO desk.checkpoint (projection, sequence, stream, stream_created_at, definition, generation) "
        "VALUES ('desk', 1, 'CLIC_LOG', now(), 'another', 1)"
    )
    await table.prepare()
    assert await table.rows() == []
    assert await table.pool.fetchval("SELECT count(*) FROM desk.checkpoint") == 0

    open_now = [{**each.model_dump(), "confidential": False} for each in town.subjects]
    assert definition(town) != definition(Town.model_validate({**town.model_dump(), "subjects": open_now}))


def history(seed: int) -> list[Commit]:
    """Any facts about a few requests in any order, some of them before there is a request, a few to a commit."""
    chance = random.Random(seed)
    commits: list[Commit] = []
    for sequence in range(1, chance.randint(2, 40)):
        number = chance.randint(1, 4)
        service = chance.choice(EVENTS).BY
        own = [each for each in EVENTS if each.BY is service]
        facts = [any_of(chance, chance.choice(own), number) for _ in range(chance.randint(1, 3))]
        at = NOON + dt.timedelta(minutes=chance.randint(-600, 600))
        actor = chance.choice(["agent:exemple", "citizen:tracking", "publisher:courriel", "rule:essai"])
        commits.append(commit(sequence, number, *facts, at=at, actor=actor))
    return commits


def any_of(chance: random.Random, event: type[Event], number: int) -> Event:
    """An event of this type; what a fold looks up is one of two."""
    changes: dict[str, Any] = {}
    if "obligation_id" in event.model_fields:
        changes |= {"obligation_id": chance.choice(["answer-1", "acknowledge-1"])}
    if event is ObligationSet:
        changes |= {"due_at": NOON + dt.timedelta(hours=chance.randint(-50, 50))}
    if event is RequestReceived:
        changes |= {"reference": f"2026-{number:06d}", "confidential": chance.random() < 0.5}
    if event is RequestRouted:
        changes |= {"department": chance.choice(["voirie", "greffe"])}
    return make(event, **changes)  # type: ignore[no-any-return]  # An Any, whatever its type.


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(1, 7), min_size=1, max_size=5))
async def test_live_batches_make_the_rows_that_a_rebuild_makes(table: Table, seed: int, cuts: list[int]) -> None:
    """However facts were batched when they came, one fold from the log's beginning gives the same table."""
    commits = history(seed)
    await table.empty()
    await table.fold([commits])
    rebuilt = await table.rows()
    await table.empty()
    rest = commits
    batches: list[list[Commit]] = []
    while rest:
        size = cuts[len(batches) % len(cuts)]
        batches.append(rest[:size])
        rest = rest[size:]
    await table.fold(batches)
    live = await table.rows()
    await table.empty()
    await table.put(*table.folded(commits).values())

    assert live == rebuilt == await table.rows()
    assert all(len(values(each)) == 38 for each in table.folded(commits).values())
