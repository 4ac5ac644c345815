"""The rebuild's first rival: a plain FastStream subscriber that writes each commit as it comes.

One message at a time, in order, from a durable consumer: fold, upsert each changed row, commit, acknowledge.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

import asyncpg
import nats
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from nats.aio.msg import Msg

from clic_contracts.subject import LOG_PREFIX, LOG_STREAM
from clic_reporting.core.column import TABLES
from clic_reporting.projection import decode

from .upsert import Upserts, make_tables, upsert_sql

DURABLE = "plain"
WARM_UP_COMMITS = 200
DONE_S = 600.0


async def events_per_s(nats_url: str, postgres_url: str, commits: int) -> float:
    """Facts per second over so many commits of the log, of a database that has no tables yet.

    Raises:
        TimeoutError: it was not done within `DONE_S`.
    """
    await make_tables(postgres_url)
    connection = await asyncpg.connect(postgres_url)
    statements = {
        name: upsert_sql(table, [f"${number}" for number in range(1, len(table.columns) + 1)])
        for name, table in TABLES.items()
    }
    upserts = Upserts()
    handled = events = 0
    began = 0.0
    done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    broker = NatsBroker(nats_url, apply_types=False, logger=None)

    async def project(raw: Msg) -> int:
        commit = decode(raw.subject, raw.metadata.sequence.stream, raw.data)
        async with connection.transaction():
            for table, row in upserts.of(commit):
                await connection.execute(statements[table.name], *row)
        return len(commit.events)

    @broker.subscriber(
        f"{LOG_PREFIX}.>",
        stream=JStream(LOG_STREAM, declare=False),
        durable=DURABLE,
        pull_sub=PullSub(),  # As FastStream recommends; one at a time keeps the log's order.
        decoder=_undecoded,
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def handle(raw: Msg) -> None:
        nonlocal handled, events, began
        if done.done():
            return
        try:
            found = await project(raw)
        except Exception as error:  # FastStream would log it and go on.
            done.set_exception(error)
            raise
        handled += 1
        events += found if began else 0
        if handled == WARM_UP_COMMITS:
            began = perf_counter()
        elif handled == commits:
            done.set_result(perf_counter() - began)

    try:
        async with broker:
            await broker.start()
            seconds = await asyncio.wait_for(done, DONE_S)
    finally:
        await connection.close()
        await _forget(nats_url)
    return events / seconds


async def _forget(nats_url: str) -> None:
    client = await nats.connect(nats_url)
    try:
        await client.jetstream().delete_consumer(LOG_STREAM, DURABLE)
    finally:
        await client.close()


async def _undecoded(message: NatsMessage, _: Any) -> Msg:
    return message.raw_message
