"""`clic digest` and `clic calendar-feed`: what an operator prints, and the address they hand on. POL-26, POL-29."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.deadlines.digest.bureau import VOIRIE
from tests.deadlines.digest.docket import LATE, access, at, fill, row
from tests.place import TOWN_DIR
from typer.testing import CliRunner

from clic.commands import app
from clic_chassis.migration import migrate
from clic_contracts.town import Town
from clic_contracts.vocabulary import Escalation
from clic_deadlines.core.digest import Notice
from clic_deadlines.digest.table import DigestTable, Outcome
from clic_deadlines.due_feed import FeedTokens

RUNNER = CliRunner()
SOON = (dt.datetime.now(dt.UTC) + dt.timedelta(days=30)).date()
ROWS = (
    row(4217, "2026-05-20", **LATE, escalated_to=Escalation.GENERAL_MANAGEMENT),
    row(4218, SOON.isoformat()),
    access(4201, "2026-05-20", **LATE, escalated_to=Escalation.GENERAL_MANAGEMENT),
)


def with_database(url: str, do: Callable[[asyncpg.Pool], Awaitable[Any]]) -> Any:
    """Something done with a database."""

    async def done() -> Any:
        async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
            return await do(pool)

    return asyncio.run(done())


def opened(token: str) -> Callable[[asyncpg.Pool], Awaitable[bool]]:
    """Whether a secret opens the roads' calendar."""
    return lambda pool: FeedTokens(pool).opens(VOIRIE, token)


@pytest.fixture
def database(postgres_url: str, town: Town, monkeypatch: pytest.MonkeyPatch) -> str:
    """Deadlines', as an operator names it, with three requests open."""

    async def filled(pool: asyncpg.Pool) -> None:
        async with pool.acquire() as connection:
            await migrate(connection, "clic_deadlines")
            await fill(connection, town, ROWS)

    with_database(postgres_url, filled)
    monkeypatch.setenv("CLIC_POSTGRES_URL", postgres_url)
    monkeypatch.setenv("CLIC_TOWN_DIR", str(TOWN_DIR))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("CLIC_DIGEST_AT", raising=False)
    return postgres_url


@pytest.mark.usefixtures("database")
def test_a_department_s_digest_is_printed_as_it_would_go_out(tmp_path: Path) -> None:
    page = tmp_path / "digest.html"
    done = RUNNER.invoke(app, ["digest", "--department", VOIRIE, "--html", str(page)])
    assert done.exit_code == 0, done.output
    assert "1 en retard" in done.stdout.splitlines()[0].replace("\u00a0", " ")
    assert "departments.yaml gives no address" in done.stdout
    assert "2026-004217" in done.stdout
    assert "2026-004201" not in done.stdout
    assert "2026-004217" in page.read_text(encoding="utf-8")


@pytest.mark.usefixtures("database")
def test_the_overview_has_counts_alone() -> None:
    """POL-26: what a digest says in full, its own department reads."""
    done = RUNNER.invoke(app, ["digest"])
    assert done.exit_code == 0, done.output
    assert "2026-00" not in done.stdout
    told = {tuple(line.split()) for line in done.stdout.splitlines()}
    assert ("greffe", "department", "1", "greffe@villemsh.ca") in told
    assert (VOIRIE, "department", "1", "nobody") in told
    assert ("direction_generale", "general_management", "2", "nobody") in told


@pytest.mark.usefixtures("database")
def test_a_day_to_come_is_foreseen_and_one_that_is_past_is_not() -> None:
    """What is due then; the docket does not know what was open before."""
    foreseen = RUNNER.invoke(app, ["digest", "--department", VOIRIE, "--day", SOON.isoformat()])
    assert "2026-004218" in foreseen.stdout
    past = RUNNER.invoke(app, ["digest", "--department", VOIRIE, "--day", "2026-05-20"])
    assert past.exit_code == 1
    assert "is past" in past.stderr


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--department", "voiries"], "no department voiries"),
        (["--department", VOIRIE, "--notice", "general_management"], "direction_generale"),
    ],
)
def test_what_there_is_not_is_told(asked: list[str], said: str) -> None:
    done = RUNNER.invoke(app, ["digest", *asked])
    assert done.exit_code == 1
    assert said in done.stderr


def test_what_became_of_the_newest_digests_is_shown(database: str) -> None:
    """A refused address is no secret of the log's."""
    empty = RUNNER.invoke(app, ["digest", "--sent"])
    assert "No digest has gone out yet" in empty.stdout
    now = at("2026-11-26T07:30")

    async def refused(pool: asyncpg.Pool) -> None:
        table = DigestTable(pool)
        await table.plan(now.date(), [(Notice.DEPARTMENT, VOIRIE)], now)
        [taken] = await table.take(now.date(), now, 1)
        await table.settle(taken, Outcome.REFUSED, now, "the mail server refused the address (550) 5.1.1")

    with_database(database, refused)
    done = RUNNER.invoke(app, ["digest", "--sent"])
    assert "Digests of 2026-11-26" in done.stdout
    [line] = [each for each in done.stdout.splitlines() if VOIRIE in each]
    assert "refused" in line
    assert "(550) 5.1.1" in line


def test_the_hour_is_the_service_s(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert database
    monkeypatch.setenv("CLIC_DIGEST_AT", "early")
    done = RUNNER.invoke(app, ["digest"])
    assert done.exit_code == 1
    assert "CLIC_DIGEST_AT" in done.stderr


def test_a_docket_that_is_not_made_yet_is_told(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIC_POSTGRES_URL", postgres_url)
    monkeypatch.setenv("CLIC_TOWN_DIR", str(TOWN_DIR))
    done = RUNNER.invoke(app, ["digest"])
    assert done.exit_code == 1
    assert "docket" in done.stderr


# -- the calendar ---------------------------------------------------------------------------------------------------


def test_an_address_is_shown_once_and_replaces_the_one_before(database: str) -> None:
    asked = ["calendar-feed", VOIRIE, "--url", "https://echeances.exemple.invalid/"]
    first, second = RUNNER.invoke(app, asked), RUNNER.invoke(app, asked)
    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    start = f"https://echeances.exemple.invalid/departments/{VOIRIE}/due.ics?token="
    tokens = [each.stdout.strip().removeprefix(start) for each in (first, second)]
    assert all(len(each) == 43 for each in tokens)
    assert "before leads nowhere" not in first.stderr
    assert "before leads nowhere" in second.stderr
    opens = [with_database(database, opened(each)) for each in tokens]
    assert opens == [False, True]
    removed = [RUNNER.invoke(app, ["calendar-feed", VOIRIE, "--remove"]) for _ in range(2)]
    assert [each.stderr.strip() for each in removed] == ["Removed.", "There was none."]
    assert not with_database(database, opened(tokens[1]))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["voiries", "--url", "https://exemple.invalid"], "no department voiries"),
        ([VOIRIE, "--url", "exemple.invalid"], "is no address"),
        ([VOIRIE, "--url", "https://exemple.invalid/?a=b"], "is no address"),
        ([VOIRIE], "clic up"),
    ],
)
def test_an_address_that_would_lead_nowhere_is_not_made(
    database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: list[str], said: str
) -> None:
    monkeypatch.setenv("CLIC_DIR", str(tmp_path))
    done = RUNNER.invoke(app, ["calendar-feed", *asked])
    assert done.exit_code == 1
    assert said in done.stderr
    assert with_database(database, lambda pool: pool.fetchval("SELECT count(*) FROM due_feed")) == 0
