"""What stands beside the open data, and the command that writes both; on a real database."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
from pathlib import Path

import asyncpg
import pytest
from tests.place import TOWN_DIR
from tests.reporting.history import fact
from tests.reporting.open_data.importing import recorded
from tests.reporting.open_data.reports import report
from tests.reporting.projected import Projected
from tests.reporting.town import on
from typer.testing import CliRunner, Result

from clic.importing.category import read_categories
from clic.open_data import app
from clic_chassis.town_file import read_town
from clic_contracts.envelope import derive_id
from clic_contracts.event import RequestReceived
from clic_reporting.open_data.layout import HEADER


@pytest.fixture
def installation(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database of the test, found by the environment, and the town of this checkout."""
    monkeypatch.setenv("CLIC_POSTGRES_URL", postgres_url)
    monkeypatch.setenv("CLIC_TOWN_DIR", str(TOWN_DIR))
    monkeypatch.setenv("COLUMNS", "140")


async def run(*arguments: str | Path) -> Result:
    """The command in a thread: it has a loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["export", *map(str, arguments)])


@pytest.mark.usefixtures("installation")
async def test_the_command_writes_the_file_and_what_describes_it(postgres_url: str, tmp_path: Path) -> None:
    """POL-38: licence, columns, what was generalised, and the digest of the very file."""
    connection = await asyncpg.connect(postgres_url)
    projected = Projected(connection)
    await projected.prepare()
    await projected.begin()
    same = [fact(RequestReceived, derive_id("open", str(n)), on(3, 1 + n % 20)) for n in range(40)]
    hidden = [
        fact(RequestReceived, derive_id("open", f"hidden-{n}"), on(3, 9), kind="suggestion" if n else "complaint")
        for n in range(20)
    ]
    await projected.fold(recorded([*same, *hidden]))
    file = tmp_path / "requetes.csv"
    uncovered = await run(file, "--from", "2024-03", "--to", "2024-03")
    published = await report(connection)
    await connection.close()

    told = await run(file, "--from", "2024-03", "--to", "2024-03")
    data = file.read_bytes()
    package = json.loads((tmp_path / "requetes.datapackage.json").read_bytes())
    (resource,) = package["resources"]

    assert told.exit_code == 0, told.output
    assert (uncovered.exit_code, "clic report 2024-Q1 --edition public" in uncovered.stderr) == (1, True)
    assert "40 rows (40 Requete)" in told.stdout
    assert f"2024-Q1 as of publication 1, position {published.position}" in told.stdout
    assert (resource["bytes"], resource["hash"]) == (len(data), f"sha256:{hashlib.sha256(data).hexdigest()}")
    assert (
        [each["name"] for each in resource["schema"]["fields"]]
        == next(csv.reader(data.decode().splitlines()))
        == list(HEADER)
    )
    assert all(each["description"] for each in resource["schema"]["fields"])
    assert package["licenses"][0]["name"] == "CC-BY-4.0"
    assert (package["clic"]["k"], package["clic"]["rows"]) == (5, {"Requete": 40})
    assert [each["sha256"] for each in package["clic"]["reports"]] == [published.checksum]
    town = read_town(TOWN_DIR)
    subjects = read_categories(town, tmp_path / "requetes.categories.yaml")
    assert set(subjects.values()) == set(town.subject_by_code)
    assert "Not to be published" in (await run(tmp_path / "exact.csv", "--k", "1")).stderr


@pytest.mark.usefixtures("installation")
async def test_what_goes_wrong_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    """Before anything is folded, and with a month that is none."""
    file = tmp_path / "requetes.csv"

    nothing = await run(file)
    nowhere = await run(tmp_path / "nowhere" / "requetes.csv")

    assert (nothing.exit_code, nowhere.exit_code) == (1, 1)
    assert "has not run on this database yet" in nothing.stderr
    assert "cannot be written" in nowhere.stderr
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - a look at an empty folder
