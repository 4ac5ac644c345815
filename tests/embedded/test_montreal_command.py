"""`clic import montreal-311` as a person runs it: on a real server, with a desk of a few lines."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from nats.aio.client import Client
from tests.embedded.double import FakeDesk
from tests.place import TOWN_DIR
from typer.testing import CliRunner, Result

from clic import outbox as outbox_module
from clic.importing import command as command_module
from clic.importing.command import app
from clic_contracts.subject import INBOX_STREAM

HEADER = "ID_UNIQUE,NATURE,ACTI_NOM,DDS_DATE_CREATION,PROVENANCE_ORIGINALE,DERNIER_STATUT"
ROWS = 700


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Rows of an invented borough: two submissions each; the last one is refused."""
    rows = [f"E-{n:04},Requete,Nid-de-poule,2022-01-26T15:{n % 60:02}:00,Courriel,Terminée" for n in range(ROWS)]
    path = tmp_path / "requetes.csv"
    path.write_text("\n".join([HEADER, *rows, "E-x,Louange,Merci,2022-01-26,Courriel,"]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of the test's own, and the town of this checkout."""
    monkeypatch.setenv("CLIC_DIR", str(tmp_path / "clic"))
    monkeypatch.setenv("CLIC_TOWN_DIR", str(TOWN_DIR))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("CLIC_NATS_URL", raising=False)


@pytest.fixture
def reachable(nats_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server of the test, found by the environment."""
    monkeypatch.setenv("CLIC_NATS_URL", nats_url)


async def run(*arguments: str | Path) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["montreal-311", *map(str, arguments)])


def lines(result: Result) -> dict[str, str]:
    """The account's lines: what, and how many."""
    cells = [line.split("│") for line in result.output.splitlines() if line.startswith("│")]
    return {each[1].strip(): each[2].strip() for each in cells}


def state(tmp_path: Path) -> int:
    (path,) = (tmp_path / "clic" / "imports").iterdir()
    return int(json.loads(path.read_text(encoding="utf-8"))["line"])


async def stored(nats: Client) -> int:
    return (await nats.jetstream().stream_info(INBOX_STREAM)).state.messages


async def test_every_row_and_every_receipt_is_in_the_account(
    file: Path, tmp_path: Path, reachable: None, fake_desk: FakeDesk
) -> None:
    result = await run(file)

    assert result.exit_code == 0, result.output
    account = lines(result)
    assert (account["rows read"], account["mapped"], account["refused"]) == ("701", "700", "1")
    assert account["a NATURE that nobody knows (line 702: Louange)"] == "1"
    assert account["submissions"] == account["published now"] == account["receipts: accepted"] == "1 400"
    assert account["at an assumed instant: the file does not tell when"] == "700"
    assert state(tmp_path) == 702


async def test_running_it_twice_adds_nothing(file: Path, nats: Client, reachable: None, fake_desk: FakeDesk) -> None:
    await run(file)

    again = await run(file)
    anew = await run(file, "--no-resume")

    assert "An earlier run brought all of it; nothing is left" in again.output
    assert lines(again)["published now"] == "0"
    assert lines(anew)["receipts: known"] == "1 400"
    assert (again.exit_code, anew.exit_code) == (0, 0)
    assert await stored(nats) == 1_400
    assert len(fake_desk.order) == 1_400


async def test_a_part_of_it_is_gone_on_with(
    file: Path, tmp_path: Path, nats: Client, reachable: None, fake_desk: FakeDesk
) -> None:
    await run(file, "--limit", "300")
    assert state(tmp_path) == 301

    result = await run(file)

    assert "An earlier run came to line 301; going on there" in result.output
    assert lines(result)["published now"] == "800"
    assert await stored(nats) == 1_400


async def test_what_was_not_answered_is_seen_by_the_next_run(
    file: Path, tmp_path: Path, nats: Client, reachable: None, fake_desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_desk.sleep()
    with monkeypatch.context() as patched:
        patched.setattr(command_module, "Outbox", _impatient)
        given_up = await run(file)
    assert given_up.exit_code == 1
    assert "the desk has not answered 1400 submissions: is intake running?" in given_up.output
    assert not (tmp_path / "clic").exists()

    fake_desk.wake()
    result = await run(file)

    assert result.exit_code == 0, result.output
    receipts = {what: int(count.replace(" ", "")) for what, count in lines(result).items() if "receipts" in what}
    assert receipts.keys() <= {"receipts: accepted", "receipts: known"}
    assert sum(receipts.values()) == 1_400
    assert await stored(nats) == 1_400


def _impatient(connections: object) -> outbox_module.Outbox:
    return outbox_module.Outbox(connections, stall_s=0.5)  # type: ignore[arg-type]  # Passed on as it came.


async def test_what_the_desk_refuses_ends_with_1_and_says_why(file: Path, reachable: None, fake_desk: FakeDesk) -> None:
    fake_desk.refuses = {"E-0003"}

    result = await run(file, "--limit", "5")

    assert result.exit_code == 1
    assert lines(result)["Planted"] == "1"
    assert "E-0003: because we say so" in lines(result)


async def test_a_dry_run_counts_and_publishes_nothing(file: Path, tmp_path: Path) -> None:
    result = await run(file, "--dry-run")

    assert result.exit_code == 0
    assert lines(result)["submissions"] == "1 400"
    assert "Nothing was published: this was a dry run." in result.output
    assert not (tmp_path / "clic").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.csv",), "nowhere.csv: cannot be read: No such file or directory"),
        (("FILE",), "start it with `clic up`, or name its folder in CLIC_DIR"),
        (("FILE", "--publisher", "comptoir"), "use --publisher with one of: montreal_311"),
        (("FILE", "--town", "nowhere"), "nowhere"),
        (("FILE", "--categories", "nowhere.yaml"), "nowhere.yaml: cannot be read"),
    ],
)
async def test_what_is_wrong_is_said_with_the_mend(file: Path, arguments: tuple[str, ...], said: str) -> None:
    result = await run(*(file if each == "FILE" else each for each in arguments))

    assert result.exit_code == 1
    assert said in result.output.replace("\n", "")
    assert "Traceback" not in result.output
