"""`clic calendar`: a town writes another calendar, sees what it would move, and applies it to what is open."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import nats as nats_client
import pytest
import yaml
from tests.place import TOWN_DIR
from typer.testing import CliRunner

from clic.calendar_month import off
from clic.commands import app
from clic.connection import FILE, Installation
from clic.folder import Folder
from clic.servers import without_clic
from clic_chassis.embedded.port import free_port, well
from clic_chassis.embedded.server_process import start_process, tail, wait_for
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.scenario import recorded
from clic_chassis.testing import open_folder
from clic_chassis.town_file import read_town
from clic_contracts.envelope import request_id_for
from clic_contracts.event import RequestReceived
from clic_contracts.vocabulary import Service

RUNNER = CliRunner()
START_S = 60.0
CLOSED_DAYS = 28
"""Longer than the town's own closing at the turn of the year, which would hide a shorter one."""
NOW = dt.datetime.now(dt.UTC)
TODAY = NOW.astimezone(ZoneInfo("America/Toronto")).date()
"""The town's."""
OPEN = {"2026-000001": {"subject": "pavement"}, "2026-000002": {"subject": "library"}}
"""Thirty business days, and two."""


@dataclass
class House:
    """Deadlines as a process, on a town's folder that its people change."""

    folder: Folder
    environment: dict[str, str]
    url: str
    town: Path

    def run(self) -> Any:
        """Start the service; whoever starts it stops it."""
        log = self.folder.path / "log"
        command = [sys.executable, "-m", "clic_deadlines"]
        process = start_process(self.folder.path, command, log, environment=self.environment)
        assert wait_for(lambda: well(f"{self.url}/readyz"), START_S), tail(log)
        return process

    def change(self, *, version: str) -> None:
        """Close the desk on the next business days; under a version of its own, or under the one that has counted."""
        path = self.town / "calendar.yaml"
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        before = said["calendar"]
        why = {"fr": "Panne", "en": "Outage"}
        closing = {
            "first_on": TODAY + dt.timedelta(days=1),
            "last_on": TODAY + dt.timedelta(days=CLOSED_DAYS),
            "why": why,
        }
        newest = {**before, "closings": [*before["closings"], closing]}
        said = {**said, "calendar": newest}
        if version != before["version"]:
            newest |= {"version": version, "effective_on": TODAY + dt.timedelta(days=30)}
            said["earlier_calendars"] = [before]
        path.write_text(json.dumps(said, default=str), encoding="utf-8")  # JSON is YAML, without aliases.


@pytest.fixture
def house(nats_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """An installation's folder that `clic` finds, with two requests in the log."""
    with open_folder() as path:
        folder, port = Folder(path), free_port()
        folder.make_keys()
        town = Path(shutil.copytree(TOWN_DIR, path / "town"))
        url = f"http://127.0.0.1:{port}"
        installation = Installation(nats_url=nats_url, services={"deadlines": url}, town_dir=town)
        folder.write(FILE, installation.model_dump_json())
        monkeypatch.setenv("CLIC_DIR", str(path))
        monkeypatch.setenv("COLUMNS", "80")
        environment = {
            **without_clic(os.environ),
            "CLIC_NATS_URL": nats_url,
            "CLIC_POSTGRES_URL": postgres_url,
            "CLIC_TOWN_DIR": str(town),
            "CLIC_HTTP_PORT": str(port),
            "CLIC_AGENTS_FILE": str(folder.agents),
        }
        asyncio.run(fill(nats_url))
        yield House(folder, environment, url, town)


async def fill(nats_url: str) -> None:
    """Requests as intake records them."""
    client = await nats_client.connect(nats_url)
    try:
        log = JetStreamLog(client)
        for reference, changes in OPEN.items():
            request_id = request_id_for("/telephonie", reference)
            received = RequestReceived.model_validate({**RequestReceived.EXAMPLE, "reference": reference, **changes})
            fact = recorded(received, at=NOW, request_id=request_id)
            await log.append(Service.INTAKE, request_id, [fact], expected=0)
    finally:
        await client.close()


def clic(*arguments: str, exit_code: int = 0) -> str:
    """What a command tells."""
    result = RUNNER.invoke(app, list(arguments))
    assert result.exit_code == exit_code, result.output
    return result.output


def moved(*arguments: str) -> dict[tuple[str, str], tuple[str, str]]:
    """What `clic calendar … --json` tells: each limit before and after."""
    found = [json.loads(line) for line in clic("calendar", *arguments, "--json").splitlines()]
    return {
        (each["reference"], each["obligation_id"]): (each["before_strict_on"], each["after_strict_on"])
        for each in found
    }


@pytest.mark.timeout(240)
def test_another_calendar_is_previewed_applied_once_and_explained(house: House) -> None:
    """POL-29: old date and new, per department; then recorded on each, and told to the citizen as the reason."""
    process = house.run()
    try:
        there = {(reference, f"{kind}-1") for reference in OPEN for kind in ("acknowledge", "answer")}

        def counted() -> bool:
            lines = clic("due", "--json", "--before", "2099-01-01").splitlines()
            return {(row["reference"], row["obligation_id"]) for row in map(json.loads, lines)} == there

        assert wait_for(counted, START_S)
        assert "ne change aucune échéance" in clic("calendar", "preview")
    finally:
        process.stop(signal.SIGTERM)

    before = (house.town / "calendar.yaml").read_bytes()
    house.change(version="2026.1")
    process = house.run()
    try:
        assert "a été changé sans changer de version" in " ".join(clic("calendar", "preview").split())
        refused = clic("calendar", "apply", "--yes", exit_code=1)
        assert "Nothing was applied." in refused
    finally:
        process.stop(signal.SIGTERM)

    (house.town / "calendar.yaml").write_bytes(before)
    house.change(version="2026.2")
    process = house.run()
    try:
        foreseen = moved("preview")
        assert foreseen.keys() == there
        assert {old < new for old, new in foreseen.values()} == {True}
        table = clic("calendar", "preview")
        old, new = foreseen["2026-000001", "answer-1"]
        assert f"{old} → {new}" in table
        assert "Sans service (4)" in table
        assert max(len(line) for line in table.splitlines()) <= 80
        assert "`--yes`" in clic("calendar", "apply", exit_code=1)
        assert moved("preview") == foreseen
        assert "Calendrier 2026.2 appliqué à 4 échéances." in clic("calendar", "apply", "--yes")
        assert moved("preview") == {}
        assert "ne change aucune échéance" in clic("calendar", "apply")
        words = " ".join(clic("due", "--explain", "2026-000001").split())
        assert "le calendrier de la Ville a changé" in words
        assert "– Panne" in words
    finally:
        process.stop(signal.SIGTERM)


def test_calendars_are_listed_and_shown_by_month(house: House) -> None:
    """Holidays by name, closings with their reason, in 80 columns."""
    house.change(version="2026.2")
    listed = clic("calendar", "list")
    assert "2026.2 *" in listed
    assert (TODAY + dt.timedelta(days=30)).isoformat() in listed
    page = clic("calendar", "show", "2026-12")
    for said in ("décembre 2026", "24–", "25*", "vendredi 25\u00a0décembre\u00a0: Noël", "Congé des Fêtes"):
        assert said in page
    assert max(len(line) for line in page.splitlines()) <= 80
    assert clic("calendar", "show", "2027").count("calendrier 2026.2") == 12
    for wrong in ("décembre", "2026-13", "0", "2026-12-01"):
        assert "neither a month" in clic("calendar", "show", wrong, exit_code=1).replace("\n", " ")


def test_days_that_are_off_for_one_reason_are_one_run() -> None:
    """A closing around a holiday is two."""
    found = [(first.day, last.day, why) for first, last, why in off(read_town(TOWN_DIR), 2026, 12)]
    assert found == [(24, 24, "Congé des Fêtes"), (25, 25, "Noël"), (26, 31, "Congé des Fêtes")]
