"""`clic report` and `clic rebuild` as a person or a script runs them, on real servers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
import typer
from nats.aio.client import Client
from tests.place import TOWN_DIR
from tests.reporting.history import append, history
from typer.testing import CliRunner, Result

from clic import report as report_module
from clic.rebuild import rate_and_time_left, rebuild
from clic.report import report
from clic_chassis.embedded import free_port
from clic_contracts.envelope import Commit
from clic_contracts.subject import LOG_STREAM
from clic_reporting.core.figure import Report
from clic_reporting.core.french import number
from clic_reporting.rebuild import Progress
from clic_reporting.rebuild import rebuild as rebuild_tables
from clic_reporting.report import period_report

APP = typer.Typer()
APP.command()(report)
APP.command()(rebuild)
PERIOD = "2024-Q3"
EVERY = history(Random(31), 80)
LATE = 20  # Of these, the commits that tests add themselves.


@pytest.fixture(autouse=True)
def installation(nats_url: str, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The servers of the test, found by the environment, and the town of this checkout."""
    monkeypatch.setenv("CLIC_DIR", str(tmp_path / "clic"))
    monkeypatch.setenv("CLIC_TOWN_DIR", str(TOWN_DIR))
    monkeypatch.setenv("CLIC_NATS_URL", nats_url)
    monkeypatch.setenv("CLIC_POSTGRES_URL", postgres_url)
    monkeypatch.setenv("COLUMNS", "140")


async def run(*arguments: str | Path) -> Result:
    """The command in a thread: it has a loop of its own. One at a time, since the runner borrows standard output."""
    return await asyncio.to_thread(CliRunner().invoke, APP, list(map(str, arguments)))


@pytest_asyncio.fixture
async def commits(nats: Client) -> list[Commit]:
    """Some history in the log."""
    every = EVERY[:-LATE]
    await append(nats, every)
    return every


@pytest_asyncio.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Reporting's database."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


async def test_a_rebuild_says_what_it_did_and_a_report_can_be_piped(
    commits: list[Commit], connection: asyncpg.Connection
) -> None:
    """POL-31 to POL-36: JSON and nothing else on standard output."""
    rebuilt = await run("rebuild")
    told = await run("report", PERIOD, "--format", "json")

    assert rebuilt.exit_code == 0, rebuilt.output
    assert f"{len(commits):,} commits with {sum(len(each.events) for each in commits):,} facts" in rebuilt.stdout
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert Report.model_validate({key: found[key] for key in Report.model_fields}) == await period_report(
        connection, PERIOD
    )
    assert told.stdout == json.dumps(json.loads(told.stdout), indent=2, ensure_ascii=False) + "\n"
    assert told.stderr == ""


async def test_a_report_for_a_terminal_has_the_figures_and_says_what_it_was_made_from(
    commits: list[Commit], connection: asyncpg.Connection
) -> None:
    """POL-32."""
    await run("rebuild")

    told = await run("report", PERIOD)

    figures = (await period_report(connection, PERIOD)).requests
    assert told.exit_code == 0, told.output
    assert "Troisième trimestre 2024" in told.stdout
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in told.stdout.splitlines() if "│" in line]
    assert any(row[:2] == ["Reçues", str(figures.received)] for row in rows)
    assert any(row[:2] == ["En attente à la fin", str(figures.pending_at_end)] for row in rows)
    assert any(row[:2] == ["Nid-de-poule", str(figures.by_subject["pothole"])] for row in rows)
    assert f"Position dans le journal\u00a0: {number(len(commits))}\n" in told.stdout
    assert "Édition interne – chiffres exacts" in told.stdout


async def test_a_report_breaks_no_word_in_a_terminal_of_80_columns(
    commits: list[Commit], connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    await run("rebuild")
    lines = (await run("report", PERIOD)).stdout.splitlines()
    words = {word for line in lines for word in line.replace("│", " ").replace("┃", " ").split()}
    assert {"Répondre", "Total", "retard", "Levées", "Médiane", "inusitées"} <= words
    assert max(len(line) for line in lines if "│" in line) <= 80


async def test_a_quarter_that_has_not_begun_is_called_that(
    commits: list[Commit], connection: asyncpg.Connection
) -> None:
    """As on the page: figures of a quarter to come would look like a result."""
    await run("rebuild")
    assert "Ce trimestre n’a pas encore commencé." in (await run("report", "9998-Q4")).stdout


@pytest.mark.parametrize(
    ("output_format", "begins"), [("html", "<!doctype html>"), ("json", "{"), ("text", "Troisième trimestre 2024")]
)
async def test_a_report_goes_into_a_file_and_leaves_standard_output_alone(
    commits: list[Commit], tmp_path: Path, output_format: str, begins: str
) -> None:
    """The page is the one that the service serves."""
    await run("rebuild")
    file = tmp_path / "rapport"

    told = await run("report", PERIOD, "--format", output_format, "--output", file)

    assert (told.exit_code, told.stdout) == (0, ""), told.output
    assert file.read_text(encoding="utf-8").startswith(begins)
    assert "\x1b" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("output_format", "name", "begins"),
    [("pdf", "rapport.pdf", b"%PDF-1.7"), ("xlsx", "rapport.xlsx", b"PK"), ("csv", "rapport.zip", b"PK")],
)
async def test_a_report_is_a_file_for_the_programs_that_people_have(
    commits: list[Commit], tmp_path: Path, output_format: str, name: str, begins: bytes
) -> None:
    """A year, in English."""
    await run("rebuild")

    told = await run("report", "2024", "--format", output_format, "--language", "en", "--output", tmp_path / name)

    assert (told.exit_code, told.stdout) == (0, ""), told.output
    assert (tmp_path / name).read_bytes().startswith(begins)


async def test_a_folder_takes_a_report_under_the_name_of_its_period(commits: list[Commit], tmp_path: Path) -> None:
    await run("rebuild")
    told = await run("report", PERIOD, "--output", tmp_path)
    assert (told.exit_code, told.stdout) == (0, ""), told.output
    assert (tmp_path / f"{PERIOD}.txt").read_text(encoding="utf-8").startswith("Troisième trimestre 2024")


@pytest.mark.parametrize("output_format", ["csv", "parquet"])
async def test_a_folder_takes_a_file_per_table(commits: list[Commit], tmp_path: Path, output_format: str) -> None:
    """As a script wants them."""
    await run("rebuild")

    told = await run("report", PERIOD, "--format", output_format, "--output", tmp_path / "tables")

    assert told.exit_code == 0, told.output
    names = {each.name for each in (tmp_path / "tables").iterdir()}
    assert {f"{each}.{output_format}" for each in ("balance", "by_subject", "indicators", "origin")} <= names


async def test_what_was_known_and_what_was_corrected_since_can_be_told(nats: Client, commits: list[Commit]) -> None:
    """Point 3: as of a position, and the differences request by request."""
    await run("rebuild")
    before = json.loads((await run("report", PERIOD, "--format", "json")).stdout)
    await append(nats, EVERY[-LATE:])
    await run("rebuild")

    again = await run("report", PERIOD, "--format", "json", "--as-of", str(len(commits)))
    since = await run("report", PERIOD, "--since", str(len(commits) // 2))
    reversed_ = await run("report", PERIOD, "--as-of", str(len(commits)), "--since", str(len(commits) + 1))
    beyond = await run("report", PERIOD, "--as-of", "999999")

    assert json.loads(again.stdout) == before
    assert again.stderr == ""
    assert "Demande par demande" in since.stdout
    assert (reversed_.exit_code, beyond.exit_code) == (1, 1)
    assert "name the earlier knowledge" in " ".join(reversed_.stderr.split())
    assert "999999" in beyond.stderr


async def test_a_public_edition_is_a_draft_until_somebody_publishes_it(commits: list[Commit]) -> None:
    """POL-38: then it is remembered, and is the same again."""
    await run("rebuild")

    draft = await run("report", PERIOD, "--edition", "public", "--format", "json")
    published = await run("report", PERIOD, "--edition", "public", "--format", "html", "--publish-by", "Une greffière")
    again = await run("report", PERIOD, "--edition", "public", "--format", "html")
    draft_told = await run("report", "2024-Q4", "--edition", "public")
    second = await run("report", "2024-Q4", "--edition", "public", "--publish-by", "Une greffière")

    assert json.loads(draft.stdout)["edition"] == "public"
    assert published.exit_code == 0, published.output
    assert "Édition publique" in published.stdout
    assert "Projet" not in published.stdout
    assert again.stdout == published.stdout
    assert "Projet d’édition publique – ne pas diffuser" in draft_told.stdout
    warning = "First publication; restore the ledger first if this town has published before"
    assert warning in published.stderr, "a lost ledger looks like an empty one"
    assert warning not in draft.stderr + again.stderr + second.stderr


@pytest.mark.parametrize(
    ("options", "mend"),
    [
        (("--edition", "public", "--since", "3"), "Leave out --since, or --edition public"),
        (("--publish-by", "X"), "add --edition public"),
        (("--edition", "public", "--publish-by", " "), "needs the name"),
        (("--as-of", "hier"), "write a day, as in 2026-04-15"),
    ],
)
async def test_options_that_do_not_go_together_are_told_with_the_mend(
    commits: list[Commit], options: tuple[str, ...], mend: str
) -> None:
    """Nothing is printed instead."""
    await run("rebuild")

    told = await run("report", PERIOD, *options)

    assert (told.exit_code, told.stdout) == (1, "")
    assert mend in " ".join(told.stderr.split())


async def test_figures_that_lag_behind_the_log_are_called_that(
    nats: Client, commits: list[Commit], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error, so that what is piped stays whole."""
    await run("rebuild")
    await append(nats, EVERY[-LATE:])

    monkeypatch.setattr(report_module, "PATIENCE_S", 0.3)

    for wait in ((), ("--no-wait",)):
        told = await run("report", PERIOD, "--format", "json", *wait)
        assert told.exit_code == 0
        assert json.loads(told.stdout)["position"] == len(commits)
        assert f"{LATE} behind" in " ".join(told.stderr.split())


async def test_waiting_ends_when_the_figures_hold_the_log_as_it_was(
    nats: Client, nats_url: str, postgres_url: str, commits: list[Commit], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody folds the rest while the command waits."""
    waits = asyncio.Event()
    loop = asyncio.get_running_loop()
    until = report_module._until

    async def watched(*arguments: Any) -> Any:
        loop.call_soon_threadsafe(waits.set)
        return await until(*arguments)

    monkeypatch.setattr(report_module, "_until", watched)
    await run("rebuild")
    await append(nats, EVERY[-LATE:])
    waiting = asyncio.create_task(run("report", PERIOD, "--format", "json", "--wait"))

    await waits.wait()
    await rebuild_tables(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
    told = await waiting

    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["position"] == len(commits) + LATE
    assert told.stderr == ""


async def test_waiting_has_a_bound_and_then_says_where_to_look(
    nats: Client, commits: list[Commit], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No report is better than one that a script takes for whole."""
    monkeypatch.setattr(report_module, "WAIT_MAX_S", 0.3)
    await run("rebuild")
    await append(nats, EVERY[-LATE:])

    told = await run("report", PERIOD, "--format", "json", "--wait")

    assert (told.exit_code, told.stdout) == (1, "")
    assert "clic status" in told.stderr


async def test_it_waits_for_services_that_have_still_to_answer_to_the_log(
    nats: Client, commits: list[Commit], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their facts are in the figures: who answers (POL-35), what was kept (POL-29)."""
    await run("rebuild")
    await nats.jetstream().pull_subscribe("clic.log.intake.*", durable="routing", stream=LOG_STREAM)

    monkeypatch.setattr(report_module, "PATIENCE_S", 0.3)
    told = await run("report", PERIOD, "--format", "json")

    assert told.exit_code == 0
    assert json.loads(told.stdout)["position"] == len(commits)
    assert "routing has still" in told.stderr


async def test_figures_of_another_log_are_called_that(commits: list[Commit], connection: asyncpg.Connection) -> None:
    """Whether one waits or not: waiting would not mend it."""
    await run("rebuild")
    await connection.execute("UPDATE reporting.checkpoint SET stream_created_at = '2020-01-01T00:00Z', sequence = 1")

    told = await run("report", PERIOD, "--wait")

    assert told.exit_code == 0
    assert "made from another log" in " ".join(told.stderr.split())


@pytest.mark.parametrize("period", ["2024-T3", "0001-Q1", "9999-Q4", "24"])
async def test_what_is_no_period_is_told_before_any_server_is_asked(
    period: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POL-31: with the form that it should have."""
    monkeypatch.delenv("CLIC_POSTGRES_URL")

    told = await run("report", period)

    assert (told.exit_code, told.stdout) == (1, "")
    assert "as in 2022-Q1" in told.stderr


async def test_before_anything_was_folded_a_report_says_what_to_do() -> None:
    """An empty database is no error of the reader's."""
    told = await run("report", PERIOD)

    assert told.exit_code == 1
    assert "clic rebuild" in told.stderr


async def test_without_the_database_both_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """And neither shows a password."""
    monkeypatch.setenv("CLIC_POSTGRES_URL", f"postgresql://clic:secret@127.0.0.1:{free_port()}/clic")

    reported, rebuilt = await run("report", PERIOD), await run("rebuild")

    assert (reported.exit_code, rebuilt.exit_code) == (1, 1)
    assert "clic up" in reported.stderr
    assert "the live tables are as they were" in " ".join(rebuilt.stderr.split())
    assert "secret" not in reported.stderr + rebuilt.stderr


async def test_without_the_log_a_report_says_that_it_may_be_behind(
    commits: list[Commit], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures can be read while the log is away; only a wait needs it."""
    await run("rebuild")
    monkeypatch.setattr("clic.connection.CONNECT_TIMEOUT_S", 0.3)
    monkeypatch.setenv("CLIC_NATS_URL", f"nats://127.0.0.1:{free_port()}")

    told, waited = await run("report", PERIOD, "--format", "json"), await run("report", PERIOD, "--wait")

    assert told.exit_code == 0
    assert json.loads(told.stdout)["period"] == PERIOD
    assert "cannot be asked" in told.stderr
    assert waited.exit_code == 1


async def test_a_commit_that_cannot_be_read_stops_the_rebuild_with_the_mend(
    nats: Client, commits: list[Commit]
) -> None:
    """The live tables are as they were, and the command says what may have happened."""
    await nats.jetstream().publish(f"clic.log.intake.{commits[0].request_id}", b'[{"type": "request.unheard_of.v9"}]')

    told = await run("rebuild")

    assert told.exit_code == 1
    assert f"the commit at {len(commits) + 1} cannot be folded" in " ".join(told.stderr.split())
    assert "A newer CLIC may have written it" in " ".join(told.stderr.split())


async def test_a_file_that_cannot_be_written_is_named(commits: list[Commit], tmp_path: Path) -> None:
    """Nothing is printed instead."""
    await run("rebuild")

    told = await run("report", PERIOD, "--output", tmp_path / "nowhere" / "rapport.html", "--format", "html")

    assert (told.exit_code, told.stdout) == (1, "")
    assert "rapport.html" in "".join(told.stderr.split())


def test_the_time_left_follows_the_pace_so_far() -> None:
    """A rebuild of a long log is worth planning for."""
    progress = Progress(commits=250, events=1000, last_sequence=1000, seconds=0.5)

    assert rate_and_time_left(progress) == "2,000 facts/s, 2 s left"
