"""A publisher's spool: what `publish` returned for is delivered, whatever becomes of publisher and server."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import nats as nats_client
import pytest
import pytest_asyncio
from nats.aio.client import Client
from tests.contracts.spooling import SOURCE, SUBMISSION
from tests.contracts.test_client import _as, guarded, guarded_nats  # noqa: F401 - fixtures
from tests.place import ROOT

from clic_chassis.streams import ensure_streams
from clic_chassis.testing import MonitoredServer, wait_until
from clic_contracts.client import (
    ClientError,
    NotDeliveredError,
    PublishDeniedError,
    Publisher,
    ReceiptTimeoutError,
    SpoolError,
    SpoolFullError,
)
from clic_contracts.schema import EXAMPLE_AT
from clic_contracts.subject import INBOX_STREAM
from clic_contracts.submission import InteractionSubmission, RequestSubmission, encode_submission, parse_submission

BODY_BYTES = len(encode_submission(SUBMISSION, source=SOURCE, event_id="appel-0", occurred_at=EXAMPLE_AT))


async def publish(publisher: Publisher, number: int) -> None:
    await publisher.publish(SUBMISSION, source=SOURCE, event_id=f"appel-{number}", occurred_at=EXAMPLE_AT)


async def in_inbox(client: Client) -> list[str]:
    """The ids of what the inbox holds, in its order."""
    found = []
    stream = client.jetstream()
    for sequence in range(1, (await stream.stream_info(INBOX_STREAM)).state.last_seq + 1):
        message = await stream.get_msg(INBOX_STREAM, sequence)
        found.append(parse_submission(message.data or b"").id)
    return found


@pytest_asyncio.fixture
async def away(own_nats: MonitoredServer) -> AsyncIterator[MonitoredServer]:
    """A server with streams that is down."""
    client = await nats_client.connect(own_nats.url)
    await ensure_streams(client)
    await client.close()
    own_nats.kill()
    yield own_nats


async def back(server: MonitoredServer) -> Client:
    await asyncio.to_thread(server.restart)
    return await nats_client.connect(server.url, max_reconnect_attempts=-1)


async def test_what_was_spooled_while_the_server_was_away_is_delivered_in_order_after_both_restarted(
    away: MonitoredServer, tmp_path: Path
) -> None:
    """The publisher's first start without a server, its end, and its next start."""
    file = tmp_path / "spool.sqlite"
    async with await Publisher.connect(away.url, "telephonie", spool=file, tries=1, timeout_s=0.2) as publisher:
        for number in range(5):
            await publish(publisher, number)
        with pytest.raises(NotDeliveredError, match="5 submission"):
            await publisher.flush()
    client = await back(away)
    async with await Publisher.connect(away.url, "telephonie", spool=file, max_pending=1) as publisher:
        await publish(publisher, 5)
        await publisher.flush()
        assert publisher.spooled == 0
    assert await in_inbox(client) == [f"appel-{number}" for number in range(6)]
    await client.close()


async def test_a_server_that_comes_back_is_found_by_whoever_runs(away: MonitoredServer, tmp_path: Path) -> None:
    """Nobody has to start anything again."""
    async with await Publisher.connect(
        away.url, "telephonie", spool=tmp_path / "spool.sqlite", tries=1, timeout_s=0.5
    ) as publisher:
        for number in range(3):
            await publish(publisher, number)
        client = await back(away)
        await wait_until(lambda: publisher.spooled == 0, 60, what="the spool is empty")
    assert sorted(await in_inbox(client)) == ["appel-0", "appel-1", "appel-2"]
    await client.close()


def said_until_killed(url: str, file: Path, first: int) -> list[str]:
    """The ids that a publisher of its own said until it was killed, in the middle of saying more."""
    program = str(ROOT / "tests" / "contracts" / "spooling.py")
    with subprocess.Popen(
        [sys.executable, program, url, str(file), str(first), "9999"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(20)]
        process.kill()
        said += process.stdout.readlines()
    return [line.strip() for line in said if line.endswith("\n")]


async def test_what_publish_returned_for_survives_a_publisher_that_is_killed(
    away: MonitoredServer, tmp_path: Path
) -> None:
    """Killed in the middle of publishing, the server away: each id that was said is delivered, once."""
    file, said = tmp_path / "spool.sqlite", []
    for first in (0, 10_000):
        said += await asyncio.to_thread(said_until_killed, away.url, file, first)
    client = await back(away)
    async with await Publisher.connect(away.url, "telephonie", spool=file) as publisher:
        await publisher.flush()
    found = await in_inbox(client)
    assert set(said) <= set(found)
    assert len(set(found)) == len(found)
    assert len(set(found) - set(said)) <= 2, "of each process at most the one that it had no time to say"
    await client.close()


async def test_a_full_spool_takes_no_more_until_there_is_room(away: MonitoredServer, tmp_path: Path) -> None:
    """A bound that is said: the publisher decides what to do, nothing is dropped in silence."""
    file = tmp_path / "spool.sqlite"
    room = 3 * BODY_BYTES
    options = {"spool_bytes_max": room, "tries": 1, "timeout_s": 0.5}
    async with await Publisher.connect(away.url, "telephonie", spool=file, **options) as publisher:  # type: ignore[arg-type]  # Of several types.
        for number in range(3):
            await publish(publisher, number)
        with pytest.raises(SpoolFullError, match="appel-3"):
            await publish(publisher, 3)
        client = await back(away)
        await wait_until(lambda: publisher.spooled == 0, 60, what="the spool is empty")
        await publish(publisher, 3)
    assert sorted(await in_inbox(client)) == [f"appel-{number}" for number in range(4)]
    await client.close()


async def test_many_at_once_are_kept_in_few_transactions(
    away: MonitoredServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each waits for the disk, together with those who came meanwhile."""
    async with await Publisher.connect(
        away.url, "telephonie", spool=tmp_path / "spool.sqlite", tries=1, timeout_s=0.2
    ) as publisher:
        assert publisher._drain is not None
        spool, transactions = publisher._drain._spool, itertools.count()
        write = spool._in_transaction

        def counted(*args: Any) -> list[int]:
            next(transactions)
            return write(*args)

        monkeypatch.setattr(spool, "_in_transaction", counted)
        await asyncio.gather(*(publish(publisher, number) for number in range(200)))
        assert publisher.spooled == 200
        assert next(transactions) < 20


async def test_a_file_is_of_one_publisher_and_one_process(away: MonitoredServer, tmp_path: Path) -> None:
    """Two that deliver the same would race; another's submissions would come under the wrong name."""
    file = tmp_path / "spool.sqlite"
    async with await Publisher.connect(away.url, "telephonie", spool=file, tries=1, timeout_s=0.2) as publisher:
        await publish(publisher, 0)
        with pytest.raises(SpoolError, match="another process"):
            await Publisher.connect(away.url, "telephonie", spool=file)
    with pytest.raises(SpoolError, match="telephonie: give each publisher its own"):
        await Publisher.connect(away.url, "portail_web", spool=file)
    assert file.stat().st_mode & 0o077 == 0, "it holds personal data in clear"


async def test_a_file_that_is_no_spool_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Bonjour, " * 1000, encoding="utf-8")
    with pytest.raises(SpoolError, match=r"notes\.txt"):
        await Publisher.connect("nats://127.0.0.1:1", "telephonie", spool=file)
    with pytest.raises(SpoolError, match="nulle-part"):
        await Publisher.connect("nats://127.0.0.1:1", "telephonie", spool=tmp_path / "nulle-part" / "spool.sqlite")


async def test_the_file_says_itself_that_it_waits_for_the_disk(away: MonitoredServer, tmp_path: Path) -> None:
    """FULL syncs the log at each commit; NORMAL would lose the last ones in a power cut."""
    file = tmp_path / "spool.sqlite"
    async with await Publisher.connect(away.url, "telephonie", spool=file, tries=1, timeout_s=0.2) as publisher:
        assert publisher._drain is not None
        spool = publisher._drain._spool

        def read(pragma: str) -> Any:
            return spool._file.execute(f"PRAGMA {pragma}").fetchone()[0]

        assert await spool._do(lambda: (read("synchronous"), read("journal_mode"))) == (2, "wal")
    with contextlib.closing(sqlite3.connect(file)) as again:
        assert again.execute("SELECT count(*) FROM submission").fetchone() == (0,)


async def test_what_is_denied_stands_aside_and_holds_up_nothing(
    guarded: tuple[str, Client],  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    """It is told at `flush`, and tried again when the publisher starts again: the town may have allowed it."""
    url, _ = guarded
    file = tmp_path / "spool.sqlite"
    publisher = await Publisher.connect(
        url, "telephonie", user="telephonie", password="essai", inbox_prefix="_INBOX_telephonie", spool=file
    )
    await publish(publisher, 0)
    publisher._publisher = "courriel"
    interaction = InteractionSubmission.model_validate(InteractionSubmission.EXAMPLE)
    await publisher.publish(interaction, source=SOURCE, event_id="appel-1", occurred_at=EXAMPLE_AT)
    publisher._publisher = "telephonie"
    await publish(publisher, 2)
    with pytest.raises(PublishDeniedError, match="Ask the town") as denied:
        await publisher.flush()
    assert denied.value.event_ids == ("appel-1",)
    assert publisher.spooled == 1
    await publisher.close()


async def test_who_waits_for_a_receipt_while_the_server_is_away_is_told_and_it_is_kept(
    away: MonitoredServer, tmp_path: Path
) -> None:
    async with await Publisher.connect(
        away.url, "telephonie", spool=tmp_path / "spool.sqlite", tries=1, timeout_s=0.2
    ) as publisher:
        with pytest.raises(ReceiptTimeoutError, match="appel-1"):
            await publisher.publish_and_wait(
                RequestSubmission.model_validate(RequestSubmission.EXAMPLE),
                source=SOURCE,
                event_id="appel-1",
                occurred_at=EXAMPLE_AT,
                timeout_s=5,
            )
        await wait_until(lambda: publisher.spooled == 1, what="the file to have it")


async def test_a_wrong_key_is_said_at_once_with_a_spool_too(
    guarded: tuple[str, Client],  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    """A server that is there and does not know us is no outage; the file is left to whoever knows better."""
    url, _ = guarded
    file = tmp_path / "spool.sqlite"
    with pytest.raises(ClientError, match="does not know this user"):
        await Publisher.connect(url, "telephonie", user="telephonie", password="autre", spool=file)
    publisher = await _as(url, "telephonie", "telephonie")
    await publisher.close()
