"""The log as Parquet: all of it, nothing personal, nothing lost when it is killed; on a real NATS server."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nats.aio.client import Client
from tests.place import ROOT
from tests.reporting.history import append, fact, history

from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.nats_credential import ANONYMOUS
from clic_chassis.projector import CannotFoldError
from clic_contracts.envelope import Commit, Recorded, derive_id, encode_commit
from clic_contracts.event import (
    InteractionRecorded,
    ObligationSet,
    RequestAnswered,
    RequestClosed,
    RequestMerged,
    RequestReceived,
)
from clic_contracts.subject import LOG_STREAM, log_subject
from clic_contracts.vocabulary import Service
from clic_reporting.export.check import ExportDamagedError, verify
from clic_reporting.export.column import pseudonym
from clic_reporting.export.log import Exported, export_log, month_of
from clic_reporting.export.manifest import FILES, ExportFolderError, read_manifest
from clic_reporting.reader import open_reader

AT = dt.datetime(2026, 5, 15, 16, tzinfo=dt.UTC)
SECRET = "Camille Exemple"
SEALED = {"algorithm": "A256GCM", "nonce": "AAAAAAAAAAAAAAAA", "ciphertext": "dGVzdC1jaXBoZXJ0ZXh0"}


async def export(nats: Client, url: str, folder: Path, **how: Any) -> Exported:
    """The whole log of a server into a folder."""
    identity = await JetStreamLog(nats).identity()
    async with open_reader(url, ANONYMOUS) as reader:
        return await export_log(reader, identity, folder, **how)


def recorded_in_order(commits: Sequence[Commit]) -> list[Commit]:
    """The same decisions, recorded one after the other over three months, as a log records them."""
    step = dt.timedelta(days=80) / len(commits)
    return [
        replace(
            commit,
            events=tuple(each.model_copy(update={"recorded_at": AT + n * step}) for each in commit.events),
        )
        for n, commit in enumerate(commits)
    ]


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """Every exported fact, in the log's order."""
    tables = [pq.ParquetFile(path).read() for path in sorted(folder.glob(FILES))]
    return sorted(pa.concat_tables(tables).to_pylist(), key=lambda row: (row["sequence"], row["ordinal"]))


def commits_of(*decisions: Sequence[Recorded]) -> list[Commit]:
    """Decisions as intake's commits."""
    return [Commit(n, Service.INTAKE, facts[0].request_id, tuple(facts)) for n, facts in enumerate(decisions, 1)]


async def test_every_fact_is_exported_once_into_the_month_in_which_it_was_recorded(
    nats: Client, nats_url: str, tmp_path: Path
) -> None:
    """POL-28: the whole history, as the log has it."""
    commits = recorded_in_order(history(Random(5), 60))
    commits[7] = replace(commits[7], events=tuple(commits[-1].events))  # A clock that was wrong.
    await append(nats, commits)

    done = await export(nats, nats_url, tmp_path, step_commits=200)
    rows = rows_of(tmp_path)

    assert [(row["sequence"], row["ordinal"], row["type"], row["occurred_at"], row["recorded_at"]) for row in rows] == [
        (commit.sequence, n, each.type, each.occurred_at, each.recorded_at)
        for commit in commits
        for n, each in enumerate(commit.events, 1)
    ]
    assert {part.month for part in done.manifest.parts} == {month_of(row["recorded_at"].isoformat()) for row in rows}
    for part in done.manifest.parts:
        year, month = part.month.split("-")
        assert part.path.startswith(f"year={year}/month={month}/part-")
        months = {
            month_of(row.as_py().isoformat()) for row in pq.ParquetFile(tmp_path / part.path).read()["recorded_at"]
        }
        assert part.month in months
    assert len(done.manifest.steps) == len(commits) // 200 + 1
    assert verify(tmp_path).rows == len(rows) == done.progress.events


async def test_what_a_fact_says_is_there_as_json_and_in_columns_of_its_own(
    nats: Client, nats_url: str, tmp_path: Path
) -> None:
    """Analysts need no JSON for what they count (POL-31 to POL-36)."""
    request_id = derive_id("export", "one")
    owed = fact(ObligationSet, request_id, AT, due_at="2026-05-20T00:00:00-04:00")
    await append(nats, commits_of([fact(RequestReceived, request_id, AT)], [owed]))

    await export(nats, nats_url, tmp_path)
    received, obligation = rows_of(tmp_path)

    assert {"kind": "report", "channel": "phone", "subject": "pothole", "sector": "centre"}.items() <= received.items()
    assert json.loads(received["data"])["reference"] == "2026-004217"
    assert obligation["due_at"] == dt.datetime(2026, 5, 20, 4, tzinfo=dt.UTC)
    assert json.loads(obligation["data"])["trace"][1]["why"] == "holiday"


async def test_nothing_personal_leaves_the_log(nats: Client, nats_url: str, tmp_path: Path) -> None:
    """POL-30, POL-38: nothing sealed, no agent's name, no publisher's submission, no field that nobody knows."""
    request_id = derive_id("export", "secret")
    received = fact(RequestReceived, request_id, AT, sealed=SEALED, submission={"source": "/secret", "id": SECRET})
    answered = fact(RequestAnswered, request_id, AT, sealed=SEALED).model_copy(update={"actor": f"agent:{SECRET}"})
    await append(nats, commits_of([received], [answered]))
    stored = await nats.jetstream().get_msg(LOG_STREAM, 2)
    newer = json.loads(stored.data or b"")
    newer[0]["data"]["answer_text"] = SECRET
    newer[0]["data"]["delivery"]["address"] = SECRET
    await nats.jetstream().publish(log_subject(Service.INTAKE, request_id), json.dumps(newer).encode())

    await export(nats, nats_url, tmp_path)
    rows = rows_of(tmp_path)
    told = json.dumps(rows, default=str)

    assert [row["actor_kind"] for row in rows] == ["agent", "agent", "agent"]
    for hidden in (SECRET, SEALED["ciphertext"], "ciphertext", "submission", "content_digest", "publisher", "cause"):
        assert hidden not in told


async def test_a_confidential_request_is_counted_and_not_told(nats: Client, nats_url: str, tmp_path: Path) -> None:
    """POL-26: its kind, channel and department count; its id, subject, reference and words are nowhere."""
    access, contact, plain = (derive_id("export", name) for name in ("access", "contact", "plain"))
    await append(
        nats,
        commits_of(
            [fact(RequestReceived, access, AT, kind="access_to_information", confidential=True)],
            [fact(RequestReceived, plain, AT)],
            [fact(InteractionRecorded, contact, AT, interaction_id=contact, about=access, channel="email")],
            [fact(RequestMerged, plain, AT, into=access)],
            [fact(RequestClosed, access, AT)],
        ),
    )

    await export(nats, nats_url, tmp_path)
    rows = rows_of(tmp_path)

    assert [row["confidential"] for row in rows] == [True, False, True, True, True]
    assert [row["request_id"] for row in rows] == [pseudonym(1), plain, pseudonym(3), plain, pseudonym(1)]
    assert (rows[0]["kind"], rows[2]["channel"], rows[4]["reason"]) == ("access_to_information", "email", "answered")
    for row in (rows[0], *rows[2:]):
        assert {row[name] for name in ("event_id", "subject", "sector", "about", "score", "data")} == {None}
    assert access not in json.dumps(rows, default=str)


async def test_an_export_goes_on_with_what_came_since_and_keeps_to_what_was_confidential_before(
    nats: Client, nats_url: str, tmp_path: Path
) -> None:
    """POL-26: that a request is confidential is looked up in the log, not in the folder that is handed on."""
    access = derive_id("export", "access")
    await append(nats, commits_of([fact(RequestReceived, access, AT, confidential=True)]))
    await export(nats, nats_url, tmp_path)
    await append(nats, commits_of([fact(RequestClosed, access, AT)]))

    resumed = await export(nats, nats_url, tmp_path, resume=True)
    later = await export(nats, nats_url, tmp_path / "later", first_sequence=2)

    assert (resumed.progress.events, later.progress.events) == (1, 1)
    assert rows_of(tmp_path / "later")[0]["request_id"] == pseudonym(1)
    assert [row["request_id"] for row in rows_of(tmp_path)] == [pseudonym(1), pseudonym(1)]
    assert (await export(nats, nats_url, tmp_path, resume=True)).progress.events == 0
    assert verify(tmp_path / "later").first_sequence == 2


def unfinished(folder: Path) -> list[Path]:
    """What nobody should find in an export."""
    return list(folder.rglob("*.new"))


KILLED = """
import asyncio, datetime as dt, os, signal, sys
from pathlib import Path
import clic_reporting.reader as reading
from clic_chassis.log import LogIdentity
from clic_chassis.nats_credential import ANONYMOUS
from clic_reporting.export.log import export_log
from clic_reporting.reader import open_reader

url, folder, created_at, last, at = sys.argv[1:]
reading.FETCH_COMMITS = 10

def told(progress):
    if progress.position >= int(at):
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with open_reader(url, ANONYMOUS) as reader:
        identity = LogIdentity("CLIC_LOG", dt.datetime.fromisoformat(created_at), int(last))
        await export_log(reader, identity, Path(folder), resume=True, told=told, step_commits=40)

asyncio.run(main())
"""


async def test_killed_at_any_point_it_goes_on_and_the_folder_is_the_same_in_the_end(
    nats: Client, nats_url: str, tmp_path: Path
) -> None:
    """No fact twice, none lost, nothing unfinished left; what a step wrote is not written again."""
    await append(nats, recorded_in_order(history(Random(6), 60)))
    identity = await JetStreamLog(nats).identity()
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, nats_url, str(killed), identity.created_at.isoformat(),
        str(identity.last_sequence), "90", cwd=ROOT,
    )  # fmt: skip
    assert await process.wait() == -signal.SIGKILL
    before = read_manifest(killed)

    await export(nats, nats_url, whole)
    done = await export(nats, nats_url, killed, resume=True)

    assert rows_of(killed) == rows_of(whole)
    assert before is not None
    assert len(before.steps) == 2
    assert done.manifest.parts[: len(before.parts)] == before.parts != ()
    assert unfinished(killed) == []
    assert {path.relative_to(killed).as_posix() for path in killed.glob(FILES)} == {
        part.path for part in done.manifest.parts
    }
    verify(killed)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"type": "request.taught.v9"}, r"request\.taught\.v9"),
        ({"recordedat": "yesterday"}, "yesterday"),
        ({"time": "noon"}, "noon"),
        ({"data": {"reason": 7}}, "Expected `str`"),
        (None, "without facts"),
    ],
)
async def test_an_unreadable_decision_stops_it_there_and_says_why(
    nats: Client, nats_url: str, tmp_path: Path, wrong: dict[str, Any] | None, told: str
) -> None:
    """Nothing is skipped: a newer CLIC goes on from the last whole step."""
    closed = fact(RequestClosed, derive_id("x"), AT)
    await append(nats, commits_of([closed], [closed]))
    (one,) = json.loads(encode_commit([closed]))
    body = [] if wrong is None else [one | wrong]
    await nats.jetstream().publish(log_subject(Service.INTAKE, derive_id("x")), json.dumps(body).encode())

    with pytest.raises(CannotFoldError, match=told):
        await export(nats, nats_url, tmp_path, step_commits=1)

    found = read_manifest(tmp_path)
    assert found is not None
    assert found.last_sequence == 2
    assert unfinished(tmp_path) == []


async def test_a_folder_that_cannot_be_gone_on_with_is_refused(nats: Client, nats_url: str, tmp_path: Path) -> None:
    """The message says what to do."""
    await append(nats, history(Random(8), 10))
    await export(nats, nats_url, tmp_path)

    with pytest.raises(ExportFolderError, match="add --resume"):
        await export(nats, nats_url, tmp_path)
    manifest = tmp_path / "manifest.json"
    mine = manifest.read_text(encoding="utf-8")
    for wrong, told in (("CLIC_OTHER", "another log"), ("0" * 12, "other columns")):
        found = json.loads(mine) | ({"stream": wrong} if "log" in told else {"columns": wrong})
        manifest.write_text(json.dumps(found), encoding="utf-8")
        with pytest.raises(ExportFolderError, match=told):
            await export(nats, nats_url, tmp_path, resume=True)
    manifest.write_text("{", encoding="utf-8")
    with pytest.raises(ExportFolderError, match="empty folder"):
        await export(nats, nats_url, tmp_path, resume=True)


def test_months_are_those_of_the_town() -> None:
    """The last evening of April is May in Greenwich."""
    instants = ("2026-05-01T03:59:59Z", "2026-05-01T04:00:00.000001Z", "2026-04-30T23:30:00-04:00")

    assert Counter(map(month_of, instants)) == {"2026-04": 2, "2026-05": 1}


async def test_what_is_damaged_is_found(nats: Client, nats_url: str, tmp_path: Path) -> None:
    """`clic log verify` needs no server."""
    await append(nats, recorded_in_order(history(Random(10), 20)))
    done = await export(nats, nats_url, tmp_path / "whole", step_commits=50)
    first = done.manifest.parts[0].path

    def cut(folder: Path) -> None:
        (folder / first).write_bytes((folder / first).read_bytes()[:-10])

    def lose(folder: Path) -> None:
        (folder / first).unlink()

    def forget_part(folder: Path) -> None:
        _change(folder, lambda said: said["steps"][0]["parts"].pop(0))

    def forget_step(folder: Path) -> None:
        _change(folder, lambda said: said["steps"].pop(1))

    verify(tmp_path / "whole")
    for number, damage in enumerate((cut, lose, forget_part, forget_step)):
        damaged = tmp_path / str(number)
        shutil.copytree(tmp_path / "whole", damaged)
        damage(damaged)
        with pytest.raises(ExportDamagedError):
            verify(damaged)
    with pytest.raises(ExportFolderError, match="holds no export"):
        verify(tmp_path)


def _change(folder: Path, change: Callable[[Any], object]) -> None:
    manifest = folder / "manifest.json"
    said = json.loads(manifest.read_text(encoding="utf-8"))
    change(said)
    manifest.write_text(json.dumps(said), encoding="utf-8")
