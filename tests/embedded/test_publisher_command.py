"""`clic publisher key`: an operator gives a publisher a key, sees who has one, and ends it."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from tests.place import TOWN_DIR
from typer.testing import CliRunner

from clic.commands import app
from clic_chassis.migration import migrate
from clic_intake.publisher_key import PREFIX, PublisherKeys

RUNNER = CliRunner()


@pytest.fixture
def database(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Intake's, as an operator names it."""

    async def migrated() -> None:
        connection = await asyncpg.connect(postgres_url)
        await migrate(connection, "clic_intake")
        await connection.close()

    asyncio.run(migrated())
    monkeypatch.setenv("CLIC_POSTGRES_URL", postgres_url)
    monkeypatch.setenv("CLIC_TOWN_DIR", str(TOWN_DIR))
    monkeypatch.setenv("COLUMNS", "200")
    return postgres_url


def publisher_of(url: str, key: str) -> str | None:
    """Whose key it is."""

    async def ask() -> str | None:
        async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
            return await PublisherKeys(pool).publisher_of(key)

    return asyncio.run(ask())


def test_a_key_is_shown_once_listed_without_itself_and_ended(database: str) -> None:
    made = RUNNER.invoke(app, ["publisher", "key", "add", "portail_web", "--label", "[b]2026[/b]"])
    key = made.stdout.split()[0]
    key_id = made.stderr.split()[1].removesuffix(";")
    listed = RUNNER.invoke(app, ["publisher", "key", "list"])

    assert (made.exit_code, key.startswith(PREFIX), publisher_of(database, key)) == (0, True, "portail_web")
    assert key not in listed.stdout
    assert key_id in listed.stdout
    assert "[b]2026[/b]" in listed.stdout
    assert RUNNER.invoke(app, ["publisher", "key", "remove", key_id]).exit_code == 0
    assert publisher_of(database, key) is None


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["add", "inconnu"], "the town has no publisher 'inconnu'"),
        (["remove", "00000000-0000-5000-8000-000000000000"], "no key has the id"),
        (["remove", "pas-un-id"], "no key has the id"),
    ],
)
def test_what_is_not_there_is_told(database: str, command: list[str], said: str) -> None:
    answer = RUNNER.invoke(app, ["publisher", "key", *command])
    assert (answer.exit_code, said in answer.stderr) == (1, True)


def test_a_database_that_is_away_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIC_POSTGRES_URL", "postgresql://clic:motdepasse@127.0.0.1:1/clic")
    answer = RUNNER.invoke(app, ["publisher", "key", "list"])
    assert (answer.exit_code, "does not answer" in answer.stderr, "motdepasse" in answer.stderr) == (1, True, False)
