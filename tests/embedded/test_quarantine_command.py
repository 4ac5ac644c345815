"""`clic quarantine`: what could not be handled, seen and settled by a person."""

from __future__ import annotations

import asyncio
import datetime as dt
import json

import nats as nats_client
import pytest
from typer.testing import CliRunner

from clic.commands import app
from clic_chassis.quarantine import HELD, Entry, Quarantine

SINCE = dt.datetime(2026, 5, 15, 16, tzinfo=dt.UTC)
RUNNER = CliRunner()


def entry(sequence: int, *, state: str = "failed", service: str = "intake") -> Entry:
    """Something that could not be handled."""
    return Entry.model_validate(
        {
            "service": service,
            "consumer": service,
            "stream": "CLIC_INBOX",
            "sequence": sequence,
            "subject": "clic.inbox.telephonie.submission.request.v1",
            "key": "appel-17",
            "state": state,
            "reason": "KeyError at essai:12",
            "tries": 5,
            "since": SINCE,
            "changed_at": SINCE,
        }
    )


def put(url: str, *entries: Entry) -> None:
    """Store entries as a service does."""

    async def stored() -> None:
        client = await nats_client.connect(url)
        for each in entries:
            await Quarantine(client).put(each)
        await client.close()

    asyncio.run(stored())


def states(url: str) -> dict[str, Entry]:
    """Every entry, settled ones included."""

    async def read() -> dict[str, Entry]:
        client = await nats_client.connect(url)
        found = {
            each.entry_id: each async for each in Quarantine(client).entries(states=(*HELD, "resolved", "discarded"))
        }
        await client.close()
        return found

    return asyncio.run(read())


@pytest.fixture
def url(nats_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A NATS server that the command is told by its environment."""
    monkeypatch.setenv("CLIC_NATS_URL", nats_url)
    monkeypatch.setenv("COLUMNS", "200")
    return nats_url


@pytest.mark.usefixtures("url")
def test_an_empty_quarantine_says_so() -> None:
    result = RUNNER.invoke(app, ["quarantine", "list"])
    assert result.exit_code == 0
    assert "Nothing is in quarantine" in result.output


def test_entries_are_listed_with_their_reason_for_people_and_for_programs(url: str) -> None:
    put(url, entry(17), entry(19, state="waiting"), entry(3, service="routing"), entry(5, state="resolved"))
    listed = RUNNER.invoke(app, ["quarantine", "list"]).output
    names = ("intake.17", "intake.19", "routing.3", "intake.5")
    assert [each for each in names if each in listed] == ["intake.17", "routing.3"]
    assert "1 wait behind them" in listed
    assert "KeyError at essai:12" in listed
    every = RUNNER.invoke(app, ["quarantine", "list", "--waiting"]).output
    assert [each for each in names if each in every] == ["intake.17", "intake.19", "routing.3"]
    lines = RUNNER.invoke(app, ["quarantine", "list", "--json", "--service", "intake"]).output.splitlines()
    assert [json.loads(line)["sequence"] for line in lines] == [17, 19]


def test_a_person_has_an_entry_tried_again_or_leaves_it_with_a_reason(url: str) -> None:
    put(url, entry(17), entry(18))
    assert RUNNER.invoke(app, ["quarantine", "retry", "intake.17"]).exit_code == 0
    assert RUNNER.invoke(app, ["quarantine", "discard", "intake.18", "--reason", "entrée d'essai"]).exit_code == 0
    after = states(url)
    assert (after["intake.17"].state, after["intake.18"].state) == ("retry", "discarded")
    assert after["intake.18"].reason.endswith("entrée d'essai")
    assert after["intake.18"].by.startswith("ops:")


def test_everything_that_failed_is_tried_again_at_once(url: str) -> None:
    """A mistake of ours fails hundreds: nobody names each. What waits behind them follows by itself."""
    put(url, entry(17), entry(18), entry(19, state="waiting"), entry(3, service="routing"))
    told = RUNNER.invoke(app, ["quarantine", "retry", "--all", "--service", "intake"])
    assert (told.exit_code, told.stdout.split(";")[0]) == (0, "2 are tried again")
    after = {name: each.state for name, each in states(url).items()}
    assert after == {"intake.17": "retry", "intake.18": "retry", "intake.19": "waiting", "routing.3": "failed"}
    assert RUNNER.invoke(app, ["quarantine", "retry", "--all"]).stdout.startswith("routing.3 is tried again")
    assert "Nothing in quarantine has failed" in RUNNER.invoke(app, ["quarantine", "retry", "--all"]).stdout


@pytest.mark.parametrize("said", [[], ["intake.17", "--all"], ["intake.17", "--service", "intake"]], ids=" ".join)
def test_one_entry_is_named_or_all_of_them(said: list[str]) -> None:
    told = RUNNER.invoke(app, ["quarantine", "retry", *said])
    assert (told.exit_code, told.stdout) == (2, "")


def test_a_reason_is_not_blank() -> None:
    told = RUNNER.invoke(app, ["quarantine", "discard", "intake.17", "--reason", "  "])
    assert (told.exit_code, told.stdout) == (2, "")
    assert "say why" in told.stderr


def test_a_key_is_listed_whole_and_as_it_is(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publishers choose it; a terminal's markup in it would be misread."""
    monkeypatch.setenv("COLUMNS", "80")
    key = "appel-[/]-tres-long-identifiant"
    put(url, entry(17).model_copy(update={"key": key}))
    told = RUNNER.invoke(app, ["quarantine", "list"])
    assert told.exit_code == 0, told.output
    cells = [line.split("│")[5].strip() for line in told.stdout.splitlines() if line.count("│") == 7]
    assert "".join(cells) == key


def test_a_service_that_there_is_not_is_no_empty_quarantine() -> None:
    told = RUNNER.invoke(app, ["quarantine", "list", "--service", "intak"])
    assert (told.exit_code, told.stdout) == (2, "")
    assert "intake, routing" in told.stderr


@pytest.mark.usefixtures("url")
def test_an_entry_that_is_not_there_is_an_error_that_says_where_to_look() -> None:
    result = RUNNER.invoke(app, ["quarantine", "retry", "intake.99"])
    assert result.exit_code == 1
    assert "clic quarantine list" in result.output


def test_without_a_server_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIC_NATS_URL", "nats://127.0.0.1:1")
    result = RUNNER.invoke(app, ["quarantine", "list"])
    assert result.exit_code == 1
    assert "Is CLIC running?" in result.output
