"""`clic what-if` as a person or a script runs it: a seeded quarter in a real log, under its own rules and others."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nats as nats_client
import pytest
import pytest_asyncio
from nats.aio.client import Client
from tests.deadlines.core.test_story import Heard
from tests.embedded.credential import credentials_of, public_keys
from tests.embedded.double import memory_desk
from tests.embedded.test_seed import SITUATIONS, TODAY, TOWN, body_of
from tests.place import TOWN_DIR
from tests.reporting.history import append
from typer.testing import CliRunner, Result

from clic.commands import app
from clic.connection import Connection
from clic.nats_config import OPS, authorization, users
from clic.seed.quarter import seed_stories
from clic.what_if.reading import ask
from clic_chassis.decider import Fact
from clic_chassis.embedded import NatsServer, free_port, start_nats
from clic_chassis.error import ClicError
from clic_chassis.nats_credential import NatsCredential
from clic_chassis.streams import ensure_streams
from clic_chassis.testing import open_folder
from clic_contracts.envelope import RECORDED, Commit, Recorded, request_id_for
from clic_contracts.event import RequestReceived, RequestRouted, RuleRef
from clic_contracts.subject import LOG_STREAM, log_subject
from clic_contracts.vocabulary import Service
from clic_deadlines.core.standard import Rules
from clic_deadlines.core.what_if import Question, Sums

NOW = dt.datetime.combine(TODAY, dt.time(15), dt.UTC)
PERIOD = ("--from", "2026-01-01", "--to", "2026-12-31")
SIZE = 90
REQUEST_ID = request_id_for("/telephonie", "appel-imaginaire-1")


@pytest.fixture(scope="module")
def quarter() -> list[Commit]:
    """A seed as intake's desk took it, with what routing and deadlines record of it by the town's rules."""
    return asyncio.run(_quarter())


async def _quarter() -> list[Commit]:
    at_work = memory_desk(TOWN, NOW)
    for each in seed_stories(TOWN, SITUATIONS, 1, TODAY, SIZE):
        await at_work.desk.submit(each.publisher, body_of(each))
    intake = [commit async for commit in at_work.log.read()]
    stories: dict[str, list[Recorded]] = {}
    for commit in intake:
        stories.setdefault(commit.request_id, []).extend(commit.events)
    return [*intake, *(each for story in stories.values() for each in _own(tuple(story)))]


def _own(story: tuple[Recorded, ...]) -> list[Commit]:
    """What routing and deadlines make of one story."""
    received = next((each for each in story if isinstance(each.data, RequestReceived)), None)
    if received is None or not isinstance(received.data, RequestReceived):
        return []
    subject = TOWN.subject_by_code.get(received.data.subject or "")
    department = (subject.department if subject is not None else None) or TOWN.routing.unforeseen
    routed = RequestRouted(department=department, rule=RuleRef(code="by_subject"), first_line=False)
    heard = Heard(Rules(TOWN))
    heard.hear(story)
    heard.wait(story, NOW)
    commits: list[tuple[Service, tuple[Fact, ...]]] = [(Service.ROUTING, (Fact(routed, received.occurred_at),))]
    commits += [(Service.DEADLINES, facts) for facts in heard.commits if facts]
    return [Commit(0, by, received.request_id, _recorded(facts, received.request_id)) for by, facts in commits]


def _recorded(facts: Sequence[Fact], request_id: str) -> tuple[Recorded, ...]:
    return tuple(
        RECORDED[type(each.event)](
            event_id=f"event-{n}", source=f"/clic/{each.event.BY}", type=each.event.TYPE, request_id=request_id,
            occurred_at=each.occurred_at, time_assumed=each.time_assumed, recorded_at=NOW, cause_id="cause",
            actor="rule:test", town=TOWN.version, data=each.event,
        )
        for n, each in enumerate(facts)
    )  # fmt: skip


@pytest.fixture(autouse=True)
def installation(nats_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server of the test and the town of this checkout, found by the environment."""
    monkeypatch.setenv("CLIC_DIR", str(tmp_path / "clic"))
    monkeypatch.setenv("CLIC_TOWN_DIR", str(TOWN_DIR))
    monkeypatch.setenv("CLIC_NATS_URL", nats_url)
    monkeypatch.setenv("COLUMNS", "100")


@pytest_asyncio.fixture
async def requests(nats: Client, quarter: list[Commit]) -> int:
    """The quarter in the log; how many requests it has."""
    await append(nats, quarter)
    return len({each.request_id for each in quarter if each.service is Service.ROUTING})


async def run(*arguments: str | Path) -> Result:
    """The command in a thread: it has a loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["what-if", *map(str, arguments)])


async def found(*arguments: str | Path) -> dict[str, Any]:
    """What it says as JSON."""
    result = await run(*PERIOD, "--json", *arguments)
    assert result.exit_code == 0, result.output
    said: dict[str, Any] = json.loads(result.stdout)
    return said


def sums(rows: Sequence[dict[str, Any]], name: str) -> int:
    """A column's sum."""
    return sum(row[name] for row in rows)


async def test_under_the_rules_that_held_everything_would_be_as_it_was(nats: Client, requests: int) -> None:
    """The narrow way says exactly what the log recorded of a seeded quarter, and writes nothing."""
    before = (await nats.jetstream().stream_info(LOG_STREAM)).state

    said = await found()

    after = (await nats.jetstream().stream_info(LOG_STREAM)).state
    assert (said["requests"], said["position"]) == (requests, before.last_seq)
    assert sums(said["rows"], "differ") == 0
    assert said["set_by_other_rules"] == []
    for outcome in ("met", "late", "missed", "open", "lifted"):
        assert sums(said["rows"], f"was_{outcome}") == sums(said["rows"], f"would_{outcome}")
    assert min(sums(said["rows"], f"was_{outcome}") for outcome in ("met", "late", "missed")) > 0
    assert (after.messages, after.last_seq) == (before.messages, before.last_seq)


async def test_other_standards_change_what_they_name_and_nothing_else(requests: int, tmp_path: Path) -> None:
    """POL-29: an acknowledgement within the hour, everything else as it was."""
    standards = tmp_path / "sur-le-champ.yaml"
    standards.write_text("deadlines:\n  acknowledge_within: {hours: 1}\n", encoding="utf-8")

    said = await found("--standards", standards)

    changed = [row for row in said["rows"] if row["differ"]]
    assert {row["obligation"] for row in changed} == {"acknowledge"}
    assert sums(changed, "would_met") < sums(changed, "was_met")
    assert said["rules"] != TOWN.version


async def test_another_calendar_is_tried(requests: int, tmp_path: Path) -> None:
    """A town that is closed for weeks has longer delays, but for the law's."""
    calendar = tmp_path / "ferme.yaml"
    calendar.write_text(
        "calendar:\n  version: ferme\n  closings:\n"
        "    - {first_on: 2026-03-30, last_on: 2026-05-17, why: {fr: Essai, en: A try}}\n",
        encoding="utf-8",
    )

    said = await found("--calendar", calendar)

    changed = [row for row in said["rows"] if row["differ"]]
    assert {row["obligation"] for row in changed} <= {"acknowledge", "answer", "judge", "outside_work"}
    assert sums(changed, "would_late") + sums(changed, "would_missed") < sums(changed, "was_late") + sums(
        changed, "was_missed"
    )
    assert said["calendars"] == ["ferme"]


async def test_a_terminal_of_100_columns_has_was_beside_would(requests: int, tmp_path: Path) -> None:
    standards = tmp_path / "s.yaml"
    standards.write_text("deadlines:\n  acknowledge_within: {hours: 1}\n", encoding="utf-8")

    shown = await run(*PERIOD, "--standards", standards)
    every = await run(*PERIOD, "--standards", standards, "--all", "--language", "en")

    lines = shown.stdout.splitlines()
    assert shown.exit_code == 0, shown.output
    assert max(map(len, lines)) <= 100
    assert lines[0] == f"Demandes reçues du 2026-01-01 au 2026-12-31 : {requests}"
    assert any(line.startswith("Tout ") for line in lines)
    assert "auraient une autre issue. Rien n’a été écrit." in shown.stdout
    assert "--all les montre" in shown.stdout
    assert len(every.stdout.splitlines()) > len(lines)
    assert "Nothing was written." in every.stdout
    assert "left out" not in every.stdout


async def test_a_file_has_a_line_for_each_obligation_and_no_reference(
    requests: int, tmp_path: Path, quarter: list[Commit]
) -> None:
    """POL-26: of confidential requests counts of their department, and of no request more than that it counts."""
    result = await run(*PERIOD, "-o", tmp_path / "out.csv")

    text = (tmp_path / "out.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    confidential = [row for row in rows if row["subject"] == "(confidential)"]
    received = [each.data for commit in quarter for each in commit.events if isinstance(each.data, RequestReceived)]
    assert (result.exit_code, result.stdout) == (0, ""), result.output
    assert {row["obligation"] for row in confidential} >= {"decide_access"}
    assert {row["subject"] for row in rows if row["obligation"] == "decide_access"} == {"(confidential)"}
    assert not [each.reference for each in received if each.reference in text]
    assert not [commit.request_id for commit in quarter if commit.request_id in text]


async def test_two_processes_find_what_one_finds(requests: int, nats_url: str) -> None:
    """A request's facts stand in both halves: intake's in the earlier, deadlines' in the later."""
    question = Question(TOWN, "before", TODAY.replace(month=1, day=1), TODAY, NOW)
    heard: list[tuple[int, int]] = []
    one = await ask(Connection(nats_url), question, lambda *done: heard.append(done), processes=1)
    two = await ask(Connection(nats_url), question, lambda *_: None, processes=2)
    assert two.sums == one.sums
    assert one.sums.requests == requests
    assert one.sums.earlier[TOWN.version][0] > requests
    assert heard[-1] == (one.commits, one.commits)


async def test_what_the_log_took_before_the_period_is_not_read(requests: int, nats_url: str) -> None:
    """A quarter of an old log costs what came since."""
    first_on = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=3)
    question = Question(TOWN, TOWN.version, first_on, first_on, NOW)
    answer = await ask(Connection(nats_url), question, lambda *_: None)
    assert (answer.commits, answer.sums.requests) == (0, 0)
    assert answer.position > 0


async def test_it_reads_as_who_may_write_nothing() -> None:
    """The permissions of reporting are enough, in both processes."""
    with open_folder() as folder:
        credentials = credentials_of(folder, users(()))
        server = start_nats(folder / "nats", extra_config=authorization(users(()), public_keys(credentials)))
        try:
            async with as_user(server, credentials[OPS]) as ops:
                await ensure_streams(ops)
            for service in (Service.INTAKE, Service.DEADLINES):
                async with as_user(server, credentials[service.value]) as client:
                    await client.jetstream().publish(log_subject(service, REQUEST_ID), b"[]")
            question = Question(TOWN, TOWN.version, TODAY.replace(month=1, day=1), TODAY, NOW)
            reading = Connection(server.url, credentials["reporting"])
            answer = await ask(reading, question, lambda *_: None, processes=2)
        finally:
            server.stop()
    assert (answer.commits, answer.sums) == (2, Sums())


@asynccontextmanager
async def as_user(server: NatsServer, credential: NatsCredential) -> AsyncIterator[Client]:
    """A client of a user."""
    client = await nats_client.connect(server.url, **credential.options())
    try:
        yield client
    finally:
        await client.close()


async def test_a_log_without_anything_says_so() -> None:
    result = await run(*PERIOD)
    assert result.exit_code == 0, result.output
    assert result.stdout == "Aucune demande n’a été reçue du 2026-01-01 au 2026-12-31.\n"


async def test_what_cannot_be_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File, line and mend; days in order; a server that is there."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("subjects:\n  - {code: potholes, answer_within: {hours: 1}}\n", encoding="utf-8")
    at_fault = await run(*PERIOD, "--standards", wrong)
    backwards = await run("--from", "2026-05-02", "--to", "2026-05-01")
    monkeypatch.setenv("CLIC_NATS_URL", f"nats://127.0.0.1:{free_port()}")
    away = await run(*PERIOD)
    assert (at_fault.exit_code, backwards.exit_code, away.exit_code) == (1, 1, 1)
    assert "wrong.yaml:2: no subject potholes. Write pothole." in at_fault.stderr
    assert "--to 2026-05-01 is before --from 2026-05-02" in backwards.stderr
    assert "Is CLIC running?" in away.stderr


async def test_what_cannot_be_read_is_told_with_its_position(nats: Client, requests: int, nats_url: str) -> None:
    """In whichever process it is found."""
    await nats.jetstream().publish("clic.log.intake.6f9619ff-8b86-5d11-b42d-00cf4fc964ff", b"{}")
    last = (await nats.jetstream().stream_info(LOG_STREAM)).state.last_seq
    question = Question(TOWN, TOWN.version, TODAY.replace(month=1, day=1), TODAY, NOW)
    for processes in (1, 2):
        with pytest.raises(ClicError, match=f"position {last} of the log"):
            await ask(Connection(nats_url), question, lambda *_: None, processes=processes)
