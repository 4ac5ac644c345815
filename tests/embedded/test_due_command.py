"""`clic due`: what is late, at risk and due, and limits in words, asked of a service that runs."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import nats as nats_client
import pytest
from tests.place import TOWN_DIR
from typer.testing import CliRunner, Result

from clic.commands import app
from clic.connection import FILE, Installation
from clic.due_words import WORDS
from clic.folder import Folder
from clic.servers import without_clic
from clic_chassis.embedded.port import free_port, well
from clic_chassis.embedded.server_process import start_process, tail, wait_for
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.scenario import recorded
from clic_chassis.testing import open_folder
from clic_contracts.envelope import request_id_for
from clic_contracts.event import Event, RequestReceived, RequestRouted
from clic_contracts.vocabulary import Language, Service

RUNNER = CliRunner()
START_S = 60.0
THERE_S = 60.0
FAR = "2099-01-01"
REQUESTS: dict[str, tuple[dict[str, Any], dt.timedelta, str | None]] = {
    "2026-000001": ({"subject": "pothole"}, dt.timedelta(days=60), "travaux_publics_voirie"),
    "2026-000002": ({"subject": "road_danger"}, dt.timedelta(hours=3.5), "travaux_publics_voirie"),
    "2026-000003": ({"subject": "library"}, dt.timedelta(minutes=1), None),
    "2026-000004": (
        {"kind": "access_to_information", "subject": None, "confidential": True}, dt.timedelta(days=60), "greffe",
    ),
}  # fmt: skip
"""Reference → what was received, how long ago, and where it was routed."""


LATE = {
    ("2026-000001", "acknowledge"): "missed",
    ("2026-000001", "answer"): "missed",
    ("2026-000004", "acknowledge"): "missed",
    ("2026-000004", "decide_access"): "missed",
}


@pytest.fixture
def service(nats_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dt.datetime]:
    """Deadlines as a process, in an installation's folder that `clic` finds, with some requests in the log.

    Gives the instant from which they are reckoned: of the test, since what is at risk is late half an hour after it.
    """
    now = dt.datetime.now(dt.UTC)
    with open_folder() as path:
        folder, port = Folder(path), free_port()
        folder.make_keys()
        url = f"http://127.0.0.1:{port}"
        installation = Installation(nats_url=nats_url, services={"deadlines": url}, town_dir=TOWN_DIR)
        folder.write(FILE, installation.model_dump_json())
        monkeypatch.setenv("CLIC_DIR", str(path))
        monkeypatch.setenv("COLUMNS", "80")
        environment = {
            **without_clic(os.environ),
            "CLIC_NATS_URL": nats_url,
            "CLIC_POSTGRES_URL": postgres_url,
            "CLIC_TOWN_DIR": str(TOWN_DIR),
            "CLIC_HTTP_PORT": str(port),
            "CLIC_AGENTS_FILE": str(folder.agents),
        }
        asyncio.run(fill(nats_url, now))
        process = start_process(path, [sys.executable, "-m", "clic_deadlines"], path / "log", environment=environment)
        try:
            assert wait_for(lambda: well(f"{url}/readyz"), START_S), tail(path / "log")
            yield now
        finally:
            process.stop(signal.SIGTERM)


async def fill(nats_url: str, now: dt.datetime) -> None:
    """Requests as intake and routing record them."""
    client = await nats_client.connect(nats_url)
    try:
        log = JetStreamLog(client)
        for reference, (changes, ago, department) in REQUESTS.items():
            request_id = request_id_for("/telephonie", reference)
            received = {**RequestReceived.EXAMPLE, "reference": reference, **changes}
            facts: list[Event] = [RequestReceived.model_validate(received)]
            if department is not None:
                facts.append(RequestRouted.model_validate({**RequestRouted.EXAMPLE, "department": department}))
            for each in facts:
                fact = recorded(each, at=now - ago, request_id=request_id)
                service = Service.INTAKE if isinstance(each, RequestReceived) else Service.ROUTING
                await log.append(service, request_id, [fact], expected=0)
    finally:
        await client.close()


def clic(*arguments: str) -> Result:
    """A command; it must succeed."""
    result = RUNNER.invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result


def listed(*arguments: str) -> list[dict[str, Any]]:
    """What `clic due --json` lists."""
    return [json.loads(line) for line in clic("due", "--json", *arguments).output.splitlines()]


def states(*arguments: str) -> dict[tuple[str, str], str]:
    """How each listed obligation stands."""
    return {(each["reference"], each["obligation"]): each["state"] for each in listed(*arguments)}


def told_of(row: dict[str, Any]) -> bool:
    """Whether somebody was told that it is late."""
    return row["escalated_to"] is not None


def until(condition: Callable[[], bool]) -> None:
    """Wait until the service has caught up and looked at its timers."""
    assert wait_for(condition, THERE_S), states("--before", FAR)


@pytest.mark.timeout(180)
def test_what_is_owed_is_listed_and_explained(service: dt.datetime) -> None:
    """POL-29, POL-26: late and at risk whatever the limit, the rest within a week; each explained in two languages."""
    there = LATE | {("2026-000002", "answer"): "at_risk", ("2026-000003", "answer"): "running"}
    until(lambda: there.items() <= states("--before", FAR).items() and all(map(told_of, listed("--late"))))

    assert states("--late") == LATE
    assert states("--at-risk") == {("2026-000002", "answer"): "at_risk"}
    assert states("--late", "--department", "travaux_publics_voirie").keys() == {
        ("2026-000001", "acknowledge"),
        ("2026-000001", "answer"),
    }
    assert states("--subject", "library", "--before", FAR).keys() == {
        ("2026-000003", "acknowledge"),
        ("2026-000003", "answer"),
    }
    [answer] = [each for each in listed("--subject", "library", "--before", FAR) if each["obligation"] == "answer"]
    is_soon = dt.datetime.fromisoformat(answer["due_at"]) < service + dt.timedelta(days=7)  # Not before a holiday.
    assert (("2026-000003", "answer") in states()) is is_soon
    tomorrow = (service + dt.timedelta(days=1)).date().isoformat()
    assert ("2026-000003", "answer") not in states("--before", tomorrow)
    # The other sample agent is not the greffe's: what is confidential is not there for them.
    assert "2026-000004" not in {each["reference"] for each in listed("--as", "reviewer")}

    table = clic("due").output

    assert max(len(line) for line in table.splitlines()) <= 80
    assert "\x1b" not in table
    # Nothing is cut: what is too long takes a second line. A department is a heading.
    assert "…" not in table
    assert "\nTravaux publics – voirie (2)\n" in table
    for said in ("En retard (4)", "À risque (1)", "2026-000001", "Nid-de-poule", "Répondre", "→ DG"):
        assert said in table
    assert "Late (4)" in clic("due", "--language", "en").output
    wide = RUNNER.invoke(app, ["due"], env={"COLUMNS": "120"}).output
    assert " Décider de la demande d’accès  " in wide
    assert {len(line) for line in wide.splitlines() if "2026-00" in line} == {120}

    text = clic("due", "--explain", "2026-000001").output
    assert "La règle est la norme de la Ville pour le sujet «\u00a0Nid-de-poule\u00a0»" in text
    assert "La Ville doit vous confirmer la réception" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    by_id = clic("due", "--explain", request_id_for("/telephonie", "2026-000001"), "--language", "en").output
    assert "The rule is the town’s standard for “Pothole”" in by_id
    [first, second] = clic("due", "--explain", "2026-000004", "--json").output.splitlines()
    assert "art.\u00a047" in json.loads(second)["rule"]
    assert json.loads(first)["language"] == "fr"

    hidden = RUNNER.invoke(app, ["due", "--explain", "2026-000004", "--as", "reviewer"])
    unknown = RUNNER.invoke(app, ["due", "--explain", "2026-999999", "--as", "reviewer"])
    assert (hidden.exit_code, hidden.output) == (1, unknown.output)


@pytest.mark.parametrize(
    ("due_at", "french", "english"),
    [
        ("2026-07-10T00:00", "9 juill.", "Jul 9"),
        ("2026-07-09T16:05", "9 juill. 16\u00a0h\u00a005", "Jul 9 16:05"),
        ("2025-12-23T00:00", "22 déc. 2025", "Dec 22, 2025"),
    ],
)
def test_a_limit_is_told_in_short_words(due_at: str, french: str, english: str) -> None:
    """With its hour where it is one, and its year where that is not this one."""
    at = dt.datetime.fromisoformat(due_at)
    last_on = (at - dt.timedelta(microseconds=1)).date()
    said = [WORDS[language].limit_of(at, last_on, dt.date(2026, 11, 26)) for language in Language]
    assert said == [french, english]


def test_mistakes_are_told(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown department would look like nothing being due; without an installation it says how to get one."""
    monkeypatch.setenv("CLIC_DIR", str(tmp_path))
    nowhere = RUNNER.invoke(app, ["due"])
    assert (nowhere.exit_code, "clic up" in nowhere.output) == (1, True)
    folder = Folder(tmp_path)
    folder.make_keys()
    services = {"deadlines": f"http://127.0.0.1:{free_port()}"}
    folder.write(FILE, Installation(nats_url="nats://x", services=services, town_dir=TOWN_DIR).model_dump_json())
    for arguments, said in (
        (["--department", "voirie"], "travaux_publics_voirie"),
        (["--subject", "nid"], "no subject nid"),
        ([], "deadlines at"),
    ):
        result = RUNNER.invoke(app, ["due", *arguments])
        assert (result.exit_code, said in result.output.replace("\n", " ")) == (1, True), result.output
