"""What must hold after whatever was lost: the log has each accepted submission once, and everything else follows.

The town goes on while it is looked at: a killed sender's letter is given up minutes later, and the log grows by that.
So what follows from the log is asked until it agrees with it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from email.message import EmailMessage
from typing import Any

import asyncpg
from tests.chaos.load import SOURCE, Load
from tests.chaos.town import Town
from tests.intake.letter.post_office import PostOffice
from tests.place import TOWN_DIR

from clic_chassis.embedded.port import ask
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.projection import Projection
from clic_chassis.projector import Projector
from clic_chassis.quarantine import Quarantine
from clic_chassis.testing import at_work, wait_until, wait_until_done
from clic_chassis.town_file import read_town
from clic_contracts.envelope import Commit, request_id_for
from clic_contracts.event import LetterFailed, LetterSent, LetterWritten, RequestReceived, RequestRouted
from clic_contracts.subject import LOG_STREAM
from clic_contracts.vocabulary import LetterFailure, Service
from clic_deadlines.core.alarm import alarms
from clic_deadlines.core.duty import is_backlog
from clic_deadlines.core.obligation import DECIDER
from clic_deadlines.core.standard import Rules
from clic_deadlines.docket import DocketProjection
from clic_intake.letter.render import letter_of
from clic_intake.worklist.projection import WorklistProjection
from clic_reporting.core.column import TABLES
from clic_reporting.projection import ReportingProjection

FOLDED_S = 180.0
AGREES_S = 60.0
Rows = dict[str, list[tuple[Any, ...]]]
TABLES_OF: Mapping[str, Mapping[str, str]] = {
    "reporting": {f"reporting.{name}": ", ".join(table.key) for name, table in TABLES.items()},
    "intake": {"desk.request": "request_id"},
    "deadlines": {"docket.request": "request_id", "docket.obligation": "request_id, obligation_id"},
}
"""Tables that are folded from the log, by service, and by what their rows are told apart."""


async def check(town: Town, load: Load, office: PostOffice) -> str:
    """Everything, once nothing is under way any more; gives a sentence on what was looked at.

    Raises:
        AssertionError: something is not as it must be.
    """
    await town.settled()
    async with town.client() as client:
        event_log = JetStreamLog(client)
        commits = await _whole(event_log)
        end = len(commits)
        assert [each.sequence for each in commits] == list(range(1, end + 1)), "the log has gaps"
        check_log(load, commits)
        mail = office.messages
        check_letters(commits, mail, await _queued(town))
        quarantined = [entry async for entry in Quarantine(client).entries()]
        assert quarantined == [], quarantined[:3]
        await check_replicas(town, end)
        await check_timers(town, event_log)
    for service in TABLES_OF:
        await check_projection(town, service, end)
    return f"{len(load.receipts)} submissions, {end} decisions, {len(mail)} letters"


def check_log(load: Load, commits: Sequence[Commit]) -> None:
    """Every accepted submission is in the log once, and so is every decision on it."""
    refused = {each: receipt for each, receipt in load.receipts.items() if receipt.status == "refused"}
    assert not refused, f"{len(refused)} refused: {next(iter(refused.items()))}"
    received = Counter(_told(commits, RequestReceived))
    wanted = {request_id_for(SOURCE, event_id) for event_id in load.receipts}
    assert {receipt.request_id for receipt in load.receipts.values()} == wanted
    assert set(received) == wanted, "the log holds what was accepted, and nothing else"
    assert max(received.values()) == 1
    routed = Counter(_told(commits, RequestRouted))
    assert set(routed) == wanted, "every request was routed"
    assert max(routed.values()) == 1
    ids = Counter(event.event_id for each in commits for event in each.events)
    twice = [each for each, number in ids.items() if number > 1]
    assert not twice, f"facts that stand twice in the log: {twice[:3]}"


def check_letters(commits: Sequence[Commit], mail: Sequence[EmailMessage], queued: AbstractSet[str]) -> None:
    """No letter went out twice; what the log calls sent went out, and what went out is sent or in doubt.

    `queued` are those that the queue knows: one that a killed sender had taken waits for some minutes, and one that
    was to be written a little later comes while we look.
    """
    out = Counter(found[0] for each in mail if (found := letter_of(str(each["Message-ID"]))) is not None)
    assert out.total() == len(mail)
    twice = [each for each, number in out.items() if number > 1]
    assert not twice, f"letters that went out twice: {twice}"
    facts = [event.data for each in commits for event in each.events]
    written = {each.letter_id for each in facts if isinstance(each, LetterWritten)}
    sent = {each.letter_id for each in facts if isinstance(each, LetterSent)}
    failed = {each.letter_id: each.reason for each in facts if isinstance(each, LetterFailed)}
    doubtful = {each for each, reason in failed.items() if reason is LetterFailure.DOUBTFUL}
    assert written - sent - set(failed) <= queued, "of every letter it is known what became of it"
    assert set(failed) == doubtful, failed
    assert sent <= set(out) <= sent | doubtful | queued


async def _whole(event_log: JetStreamLog) -> list[Commit]:
    commits: list[Commit] = []

    async def read() -> None:
        commits[:] = [each async for each in event_log.read()]

    await wait_until_done(read, AGREES_S, what="the whole log is read")
    return commits


async def _queued(town: Town) -> set[str]:
    async with town.database("intake") as connection:
        rows = await connection.fetch("SELECT letter_id FROM letter")
    return {str(row["letter_id"]) for row in rows}


async def check_replicas(town: Town, end: int) -> None:
    """Every server that lives holds the whole log."""

    def held() -> dict[str, int]:
        told = {each.name: ask(f"{each.monitoring_url}/jsz?streams=1")[1] or {} for each in town.cluster.servers}
        return {
            name: stream["state"]["last_seq"]
            for name, said in told.items()
            for account in said.get("account_details", [])
            for stream in account["stream_detail"]
            if stream["name"] == LOG_STREAM
        }

    def all_hold_it() -> bool:
        found = held()
        return len(found) == len(town.cluster.servers) and len(set(found.values())) == 1 and min(found.values()) >= end

    try:
        await wait_until(all_hold_it, AGREES_S, what="replicas of the whole log")
    except AssertionError as error:
        raise AssertionError(f"{error}; they hold {held()}, of {end}") from error


async def check_timers(town: Town, event_log: JetStreamLog) -> None:
    """The timers are those that follow from the stories."""
    rules = Rules(read_town(TOWN_DIR))
    difference: list[Any] = []

    async def follow() -> bool:
        wanted = _wanted_timers(await _whole(event_log), rules)
        async with town.database("deadlines") as connection:
            rows = await connection.fetch("SELECT request_id, obligation_id, at FROM timer")
        difference[:] = wanted ^ {(str(row["request_id"]), row["obligation_id"], row["at"]) for row in rows}
        return not difference

    try:
        await wait_until(follow, AGREES_S, what="the timers follow from the stories")
    except AssertionError as error:
        raise AssertionError(f"{error}; {len(difference)} differ: {difference[:3]}") from error


def _wanted_timers(commits: Sequence[Commit], rules: Rules) -> set[tuple[str, str, dt.datetime]]:
    stories: dict[str, list[Any]] = {}
    backlog: dict[str, bool] = {}
    for each in commits:
        if each.service is Service.DEADLINES:
            stories.setdefault(each.request_id, []).extend(each.events)
        elif each.service is Service.INTAKE:
            backlog[each.request_id] = backlog.get(each.request_id, False) or is_backlog(each.events)
    return {
        (request_id, alarm.obligation_id, alarm.at)
        for request_id, events in stories.items()
        for alarm in alarms(DECIDER.fold(tuple(events)), rules, warns=not backlog[request_id])
    }


async def check_projection(town: Town, service: str, end: int) -> None:
    """Folded anew from the log's beginning the rows are the same."""
    tables, projection = TABLES_OF[service], _projection(service)
    name = f"anew_{service}"
    async with town.database("postgres") as connection:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {name}")
    url = town.database_url("postgres").replace("/postgres", f"/{name}")
    async with town.client(service) as client, asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
        projector = Projector(client, pool, projection)
        differing: list[str] = []

        async def same() -> bool:
            live, anew = await _rows(town.database_url(service), tables), await _rows(url, tables)
            assert any(anew.values()), f"nothing was folded for {service}"
            differing[:] = [table for table, rows in anew.items() if live[table] != rows]
            return not differing

        async with at_work(projector):
            try:
                await wait_until(lambda: projector.position >= end, FOLDED_S, what=f"{service} folded anew")
                await wait_until(same, AGREES_S, what=f"{service} is what the log says")
            except AssertionError as error:
                where = f"{projector.position} of {end}: {projector.not_ready() or projector._state}"
                raise AssertionError(f"{error}; {where}; other rows in {differing}") from error


def _projection(service: str) -> Projection[Any]:
    configured = read_town(TOWN_DIR)
    match service:
        case "reporting":
            return ReportingProjection(town=configured)
        case "intake":
            return WorklistProjection(configured)
        case _:
            return DocketProjection(configured)


async def _rows(url: str, tables: Mapping[str, str]) -> Rows:
    connection = await asyncpg.connect(url)
    try:
        return {
            name: [tuple(row) for row in await connection.fetch(f"SELECT * FROM {name} ORDER BY {order}")]
            for name, order in tables.items()
        }
    finally:
        await connection.close()


def _told(commits: Sequence[Commit], fact: type[Any]) -> list[str]:
    return [each.request_id for each in commits for event in each.events if isinstance(event.data, fact)]
