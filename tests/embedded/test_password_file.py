"""`clic` commands open PostgreSQL by a password that is in a file alone, as it is on Kubernetes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio
import typer
from nats.aio.client import Client
from tests.place import TOWN_DIR
from tests.reporting.history import append, history
from typer.testing import CliRunner

from clic import open_data
from clic.connection import ConnectionUnknownError
from clic.keeping.command import databases
from clic.keeping.mark import remember
from clic.rebuild import rebuild
from clic.report import report
from clic_chassis.postgres_credential import connect
from clic_reporting.rebuild import run as rebuild_run

APP = typer.Typer()
APP.command()(rebuild)
APP.command()(report)
APP.add_typer(open_data.app, name="open-data")


@pytest_asyncio.fixture
async def url(postgres_url: str) -> AsyncIterator[str]:
    """The database as its owner, a role with the password `nouveau`; the address says no password."""
    parts = urlsplit(postgres_url)
    name = parts.path.strip("/")
    admin = await asyncpg.connect(postgres_url)
    await admin.execute(
        f"CREATE ROLE owner_{name} LOGIN PASSWORD 'nouveau'; ALTER DATABASE {name} OWNER TO owner_{name}"
    )
    yield parts._replace(netloc=f"owner_{name}@{parts.hostname}:{parts.port}").geturl()
    await admin.execute(f"REASSIGN OWNED BY owner_{name} TO CURRENT_USER; DROP OWNED BY owner_{name}")
    await admin.execute(f"DROP ROLE owner_{name}")
    await admin.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """While the password is replaced: two lines, of which the server takes the second."""
    file = tmp_path / "mot de passe & clé"
    file.write_text("encore-a-venir\nnouveau\n", encoding="utf-8")
    return file


async def test_tables_are_made_and_read_by_a_password_in_a_file(
    url: str, file: Path, nats_url: str, nats: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By processes that the command starts too."""
    for name, value in (
        ("CLIC_DIR", tmp_path / "clic"), ("CLIC_TOWN_DIR", TOWN_DIR), ("CLIC_NATS_URL", nats_url),
        ("CLIC_POSTGRES_URL", url), ("CLIC_POSTGRES_PASSWORD_FILE", file),
    ):  # fmt: skip
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(rebuild_run, "workers_for", lambda _: 1)
    await append(nats, history(Random(61), 30))

    for command in (
        ["rebuild"], ["rebuild"], ["rebuild", "--back"], ["rebuild", "--drop-old"],
        ["report", "2024-Q3", "--format", "json", "--no-wait"],
        ["open-data", "export", str(tmp_path / "requetes.csv"), "--k", "1"],
    ):  # fmt: skip
        result = await asyncio.to_thread(CliRunner().invoke, APP, command)
        assert result.exit_code == 0, (command, result.output)
        if command[0] == "report":
            assert json.loads(result.stdout)["period"]
    assert (tmp_path / "requetes.csv").stat().st_size


async def test_a_backup_opens_each_database_by_a_file_of_its_own(
    url: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for service in ("INTAKE", "DEADLINES", "REPORTING"):
        monkeypatch.setenv(f"CLIC_POSTGRES_URL_{service}", f"{url}?application_name=sauvegarde")
        monkeypatch.setenv(f"CLIC_POSTGRES_PASSWORD_FILE_{service}", str(file))

    for each in databases().values():
        connection = await connect(each)
        assert await connection.fetchval("SHOW application_name") == "sauvegarde"
        await connection.close()
    await remember(databases()["intake"], ())
    monkeypatch.setenv("CLIC_POSTGRES_URL_INTAKE", "intake.exemple.invalid")
    with pytest.raises(ConnectionUnknownError, match="CLIC_POSTGRES_URL_INTAKE is no address"):
        databases()
