"""The projector on real servers: in order, rows and checkpoint together, and visibly still where it cannot go on."""

from __future__ import annotations

import asyncio
import contextlib
import string
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import nats as nats_client
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.aio.msg import Msg
from tests.chassis.tally import Tally, folded, position
from tests.chassis.workshop import note

from clic_chassis import log_tail, projector, pull
from clic_chassis.embedded import NatsServer, PostgresServer
from clic_chassis.error import RetryableError
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.log_tail import GapError, LogTail, open_tail
from clic_chassis.projector import FencedError, Projector
from clic_chassis.pull import Pull
from clic_chassis.streams import ensure_streams, remove_streams
from clic_chassis.telemetry import METRICS
from clic_chassis.testing import at_work, wait_until, wait_until_done
from clic_contracts.subject import LOG_STREAM, log_subject

TAKE_S = 30.0
"""How long a message that is there may take on a machine that is shared."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projector, "BACKOFF_FIRST_S", 0.05)
    monkeypatch.setattr(projector, "STANDBY_EVERY_S", 0.1)
    monkeypatch.setattr(projector, "IDLE_WAIT_S", 0.1)
    METRICS.projection_stopped.labels("tally").set(0)  # What another test left is not this one's.


@pytest_asyncio.fixture
async def pool(postgres_url: str) -> AsyncIterator[Any]:
    """A pool of the projection's database."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=4) as opened:
        yield opened


@contextlib.asynccontextmanager
async def projecting(nats: Client, pool: Any, tally: Tally, **more: Any) -> AsyncIterator[Projector]:
    each = Projector(nats, pool, tally, backoff_max_s=0.2, **more)
    async with at_work(each):
        yield each


async def write(nats: Client, causes: str) -> None:
    """One request per cause, so that each commit stands alone."""
    log = JetStreamLog(nats)
    last = (await log.identity()).last_sequence
    for number, cause in enumerate(causes, start=last + 1):
        await note(log, number, cause)


async def reaches(pool: Any, sequence: int) -> None:
    async def there() -> bool:
        return await position(pool) == sequence

    await wait_until(there, what=f"the checkpoint to be at {sequence}")


def stopped() -> float:
    """What the metric says: 1 is still."""
    value: float = METRICS.projection_stopped.labels("tally")._value.get()
    return value


async def test_commits_are_folded_in_the_order_of_the_log_and_live(nats: Client, pool: Any) -> None:
    """What was there at the start, and what comes."""
    await write(nats, string.ascii_lowercase)
    tally = Tally()
    async with projecting(nats, pool, tally) as each:
        await reaches(pool, 26)
        await write(nats, string.ascii_uppercase)
        await wait_until(lambda: each.position == 52, what="it to know what PostgreSQL has")
        assert (each.not_ready(), stopped()) == (None, 0.0)
    assert await folded(pool) == string.ascii_letters
    assert max(tally.batches) >= 13, "a backlog is folded in large transactions"


async def test_rows_and_checkpoint_are_one_transaction(nats: Client, pool: Any) -> None:
    """At every instant that another connection can see."""
    await write(nats, string.ascii_lowercase)
    seen: set[tuple[int, int]] = set()

    async def look(done: asyncio.Event) -> None:
        while not done.is_set():
            if await position(pool) is not None:
                row = await pool.fetchrow(
                    "SELECT (SELECT sequence FROM tally.checkpoint), (SELECT count(*) FROM tally.folded)"
                )
                if row[0] is not None:
                    seen.add((row[0], row[1]))
            await asyncio.sleep(0)

    done = asyncio.Event()
    looking = asyncio.create_task(look(done))
    async with projecting(nats, pool, Tally(), flush_every_s=0.0):
        await reaches(pool, 26)
        await write(nats, string.ascii_uppercase)
        await reaches(pool, 52)
        await wait_until(lambda: (52, 52) in seen, what="the other connection has seen the last")
    done.set()
    await looking
    assert all(at == rows for at, rows in seen)


async def test_a_commit_that_cannot_be_folded_stops_it_there_and_is_never_skipped(nats: Client, pool: Any) -> None:
    """Visibly, with the position and the reason, without what it says; and it goes on by itself once it is mended."""
    await write(nats, "abcdef")
    tally = Tally()
    tally.failing["d"] = KeyError("Camille Exemple")
    async with projecting(nats, pool, tally) as each:
        await wait_until(lambda: "cannot be folded" in (each.not_ready() or ""), what="it to stand still")
        await reaches(pool, 3)
        why = each.not_ready() or ""
        assert "the commit at 4" in why
        assert "KeyError" in why
        assert "Camille" not in why
        assert (await folded(pool), stopped()) == ("abc", 1.0)
        tally.failing.clear()
        await reaches(pool, 6)
        await wait_until(lambda: each.not_ready() is None, what="it to be ready")
        assert (await folded(pool), stopped()) == ("abcdef", 0.0)
    assert tally.forgot > 0


async def test_one_that_is_not_vital_keeps_nobody_from_the_service_while_it_stands_still(
    nats: Client, pool: Any
) -> None:
    """It is told by the metric; before it has begun there is nothing to read, and the service waits."""
    await write(nats, "ab")
    tally = Tally()
    tally.failing["b"] = KeyError()
    assert Projector(nats, pool, tally, is_vital=False).not_ready() == "not started"
    async with projecting(nats, pool, tally, is_vital=False) as each:
        await wait_until(lambda: stopped() == 1.0, what="it to stand still")
        assert each.not_ready() is None


async def test_a_commit_that_cannot_be_read_stops_it_there(nats: Client, pool: Any) -> None:
    """What stands before it is folded."""
    await write(nats, "ab")
    await nats.request(log_subject("intake", "00000000-0000-4000-8000-000000000001"), b"no commit", timeout=10)
    await write(nats, "c")
    async with projecting(nats, pool, Tally()) as each:
        await wait_until(lambda: "the commit at 3" in (each.not_ready() or ""), what="it to stand still")
        assert (await folded(pool), await position(pool)) == ("ab", 2)


async def test_a_gap_is_an_alarm_and_never_a_wait(nats: Client, pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that the server leaves out: it reads again, and then stands until a person looks."""
    await write(nats, "abcdef")
    received = Pull._received

    async def losing(self: Pull, message: Msg) -> None:
        if not message.data or pull.position_of(message).sequence != 4:
            await received(self, message)

    monkeypatch.setattr(Pull, "_received", losing)
    async with projecting(nats, pool, Tally()) as each:
        await wait_until(lambda: "are missing" in (each.not_ready() or ""), what="the alarm")
        assert "after position 3 came 5: 1 messages" in (each.not_ready() or "")
        await wait_until(lambda: each._gaps > projector.GAP_REREADS_MAX, what="it to read no more")
        monkeypatch.setattr(Pull, "_received", received)
        assert stopped() == 1.0
        assert "are missing" in (each.not_ready() or "")
    assert await folded(pool) == "abc", "what stands before the gap is folded"


async def test_another_log_is_refused(nats: Client, pool: Any) -> None:
    """The streams were made anew, or the URL is another's: what it says is what to do."""
    await write(nats, "abc")
    async with projecting(nats, pool, Tally()):
        await reaches(pool, 3)
    await remove_streams(nats)
    await wait_until_done(lambda: ensure_streams(nats), what="the streams are made anew")
    await write(nats, "xyzxyz")
    async with projecting(nats, pool, Tally()) as each:
        await wait_until(lambda: "CLIC_NATS_URL" in (each.not_ready() or ""), what="it to refuse")
        assert "clic rebuild" in (each.not_ready() or "")
    assert await folded(pool) == "abc"


async def test_a_log_that_is_shorter_than_what_was_folded_is_refused(nats: Client, pool: Any) -> None:
    """A server that lost what it had acknowledged."""
    await write(nats, "abc")
    async with projecting(nats, pool, Tally()):
        await reaches(pool, 3)
    await pool.execute("UPDATE tally.checkpoint SET sequence = 5")
    async with projecting(nats, pool, Tally()) as each:
        await wait_until(lambda: "lost" in (each.not_ready() or ""), what="it to refuse")
        assert "holds 5 commits, the log ends at 3" in (each.not_ready() or "")
    assert await folded(pool) == "abc"


async def test_a_second_instance_stands_by_and_takes_over(nats: Client, nats_url: str, pool: Any) -> None:
    """Ready all the while: it serves what the other one writes."""
    other = await nats_client.connect(nats_url)
    async with projecting(nats, pool, Tally()):
        await write(nats, "abc")
        await reaches(pool, 3)
        second = Projector(other, pool, Tally(), backoff_max_s=0.2)
        stop = asyncio.Event()
        task = asyncio.create_task(second.run(stop))
        await wait_until(lambda: second.not_ready() is None, what="the standby to be ready")
        await write(nats, "def")
        await reaches(pool, 6)
        assert second.position == 0
    await write(nats, "ghi")
    await reaches(pool, 9)
    await wait_until(lambda: second.position == 9, what="the standby to have taken over")
    stop.set()
    await asyncio.wait_for(task, 30)
    await other.close()
    assert await folded(pool) == "abcdefghi"


async def test_a_second_writer_in_spite_of_the_lock_ends_it(nats: Client, pool: Any) -> None:
    """The checkpoint is not where it left it: nothing of its batch is kept."""
    await write(nats, "abc")
    each = Projector(nats, pool, Tally(), backoff_max_s=0.2)
    task = asyncio.create_task(each.run(asyncio.Event()))
    await reaches(pool, 3)
    await pool.execute("UPDATE tally.checkpoint SET sequence = 2")
    await write(nats, "d")
    with pytest.raises(FencedError, match="two writers"):
        await asyncio.wait_for(task, 30)
    assert "two writers" in (each.not_ready() or "")
    assert await folded(pool) == "abc"


async def test_it_goes_on_in_what_a_rebuild_put_in_its_place(nats: Client, pool: Any) -> None:
    """Another generation has another position."""
    await write(nats, "abc")
    tally = Tally()
    async with projecting(nats, pool, tally) as each:
        await reaches(pool, 3)
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("DELETE FROM tally.folded WHERE sequence > 1")
            await connection.execute("UPDATE tally.checkpoint SET sequence = 1, generation = generation + 1")
        await write(nats, "d")
        await reaches(pool, 4)
        assert await folded(pool) == "abcd"
        assert each.not_ready() is None


async def test_tables_of_another_definition_are_not_touched_until_they_are_rebuilt(nats: Client, pool: Any) -> None:
    """It says `clic rebuild`, and goes on by itself after it."""
    await write(nats, "abc")
    async with projecting(nats, pool, Tally("1")):
        await reaches(pool, 3)
    await write(nats, "d")
    async with projecting(nats, pool, Tally("2")) as each:
        await wait_until(lambda: "clic rebuild" in (each.not_ready() or ""), what="it to ask for a rebuild")
        assert await position(pool) == 3
        await pool.execute("UPDATE tally.checkpoint SET definition = '2', generation = generation + 1")
        await reaches(pool, 4)
        await wait_until(lambda: each.not_ready() is None, what="it to be ready")


@pytest.mark.slow
async def test_outages_of_both_servers_are_waited_out(
    own_nats: NatsServer, own_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the middle: nothing twice, nothing missing; not ready while it lasts long."""
    monkeypatch.setattr(projector, "OUTAGE_QUIET_S", 0.2)
    client = await nats_client.connect(own_nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    await ensure_streams(client)
    async with asyncpg.create_pool(own_postgres.url, min_size=1, max_size=4) as pool:
        async with projecting(client, pool, Tally()) as each:
            await write(client, "abc")
            await reaches(pool, 3)
            own_postgres.kill()
            await write(client, "def")
            await wait_until(each.not_ready, what="it to say that PostgreSQL is away")
            own_postgres.restart()

            async def caught_up() -> bool:
                try:
                    return await position(pool) == 6
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    return False

            await wait_until(caught_up, 30, what="the second three")
            own_nats.kill()
            await wait_until(each.not_ready, what="it to say that NATS is away")
            own_nats.restart()
            await wait_until_done(lambda: write(client, "g"), what="the log to answer")
            await wait_until(lambda: each.position == 7, what="the seventh")
            await wait_until(lambda: each.not_ready() is None, what="it to be ready")
        assert await folded(pool) == "abcdefg"
    await client.close()


async def test_a_consumer_on_a_server_whose_copy_of_the_log_lags_is_left_for_another(
    nats: Client, pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a server sends heartbeats, and nothing else."""
    monkeypatch.setattr(projector, "END_EVERY_S", 0.2)
    opened = 0

    @contextlib.asynccontextmanager
    async def lagging(nats: Client, *, after: int, stream: str) -> AsyncIterator[LogTail]:
        nonlocal opened
        opened += 1
        behind = 1_000 if opened == 1 else 0
        async with open_tail(nats, after=after + behind, stream=stream) as tail:
            yield tail

    monkeypatch.setattr(projector, "open_tail", lagging)
    await write(nats, "abc")
    async with projecting(nats, pool, Tally()) as each:
        await reaches(pool, 3)
        assert each.not_ready() is None
    assert (opened, await folded(pool)) == (2, "abc")


async def test_the_log_is_read_in_order_from_a_position_on_whatever_its_length(
    nats: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over many requests to the server; what is asked for is bounded."""
    monkeypatch.setattr(log_tail, "PULL_MESSAGES", 7)
    await write(nats, string.ascii_letters)
    found: list[int] = []
    most = 0
    async with open_tail(nats, after=2) as tail:
        while len(found) < 50:
            found += [sequence for sequence, _ in await tail.take(5, 1.0)]
            most = max(most, len(tail._pull.waiting))
        assert await tail.take(5, 0.05) == []
        await write(nats, "z")
        assert [sequence for sequence, _ in await tail.take(5, TAKE_S)] == [53]
        assert tail.lag == 0
    assert found == list(range(3, 53))
    assert most <= 14


async def test_a_reader_whose_server_went_away_says_so(own_nats: NatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server that comes back has forgotten the consumer: without a word for long, it is taken for lost."""
    client = await nats_client.connect(own_nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    await ensure_streams(client)
    await write(client, "a")
    async with open_tail(client, after=0) as tail:
        assert [sequence for sequence, _ in await tail.take(5, TAKE_S)] == [1]
        own_nats.kill()
        own_nats.restart()

        async def lost() -> bool:
            try:
                await tail.take(5, 0.2)
            except RetryableError:
                return True
            return False

        with monkeypatch.context() as impatient:
            impatient.setattr(pull, "SILENCE_MAX_S", 1.5)
            await wait_until(lost, what="it to be taken for lost")
    async with open_tail(client, after=1) as tail:
        await write(client, "b")
        assert [sequence for sequence, _ in await tail.take(5, TAKE_S)] == [2]
    await client.close()


async def test_a_missing_message_is_told_with_what_is_missing(nats: Client) -> None:
    """The reader believes itself further back than the consumer begins."""
    await write(nats, "abcd")
    async with open_tail(nats, after=2) as tail:
        with pytest.raises(GapError) as error:
            await LogTail(tail._pull, 0).take(5, TAKE_S)
    assert (error.value.expected, error.value.found) == (1, 3)


async def test_a_stream_that_is_not_there_is_no_end_but_a_wait(nats: Client) -> None:
    """The projector tries again."""
    await remove_streams(nats)
    with pytest.raises(RetryableError, match=LOG_STREAM):
        async with open_tail(nats, after=0):
            pass
