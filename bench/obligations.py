"""Obligations computed per second, timers drained with a thousand and a million pending, and how late an event is."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import gc
import logging
import statistics
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import nats
import structlog
from pydantic import SecretStr
from tests.place import TOWN_DIR

from clic_chassis.clock import ManualClock
from clic_chassis.decision import Decisions
from clic_chassis.embedded import start_nats, start_postgres
from clic_chassis.jetstream_log import JetStreamLog, decode
from clic_chassis.log_tail import open_tail
from clic_chassis.migration import migrate
from clic_chassis.service import Runtime, open_runtime
from clic_chassis.streams import ensure_streams
from clic_chassis.testing import at_work, wait_until
from clic_chassis.town_file import read_town
from clic_contracts.envelope import RECORDED, Commit, Recorded, decode_commit
from clic_contracts.event import ObligationMissed, ObligationSet, RequestReceived
from clic_contracts.subject import LOG_PREFIX
from clic_contracts.town import Town
from clic_contracts.vocabulary import Service
from clic_deadlines.app import wire
from clic_deadlines.core.alarm import Alarm
from clic_deadlines.core.obligation import DECIDER, Obligations, Reconcile
from clic_deadlines.core.standard import Rules
from clic_deadlines.reconciler import Reconciler
from clic_deadlines.settings import Settings
from clic_deadlines.timer import BATCH_MAX, Timers
from clic_deadlines.timer_table import Looked, TimerTable, Written

from .generated_town.generate import generate
from .measure import Measure, percentile

STORIES = 4_000
COMPUTE_ROUNDS = 3
PENDING = (1_000, 1_000_000)
ROUNDS = 12
"""Of each size, in turns; the median counts, since others use the machine meanwhile."""
WARM_UP = 2
FIRED_A_ROUND = 200
"""Requests of a round; each has two timers that fire."""
TAKEN_A_ROUND = 6_000
LATE_FIRINGS = 300
LATE_EVERY = dt.timedelta(milliseconds=200)
LATE_FIRST = dt.timedelta(seconds=20)
"""Ahead of the first limit: a warning that had passed before it was known waits ten seconds."""
LATE_S = 180.0
DELAY = dt.timedelta(hours=4)
"""The town's standard for `road_danger`, by day and night."""
BEGIN = dt.datetime(2026, 5, 15, 20, 20, tzinfo=dt.UTC)
PAST = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
"""Past every limit and every step of the escalation of what came in at `BEGIN`."""

FILL = """
INSERT INTO timer (request_id, obligation_id, at, position, try_at)
SELECT gen_random_uuid(), 'answer-1', at, n, at
FROM generate_series(1, $1::int) n, LATERAL (SELECT timestamptz '2050-01-01' + n * interval '1 second' AS at) due
"""


def measure() -> list[Measure]:
    """Pure computing on one core; then timers on a NATS and a PostgreSQL of their own."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))  # As a service does.
    town = read_town(TOWN_DIR)
    computed = _computed(town)
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # PostgreSQL's own user passes through it.
        nats_server, postgres = start_nats(Path(folder) / "nats"), start_postgres(Path(folder) / "postgres")
        try:
            late = asyncio.run(
                _late(nats_server.url, postgres.url)
            )  # First: the service reads the log from its beginning.
            drained = asyncio.run(_drained(nats_server.url, postgres.url, town))
        finally:
            postgres.stop()
            nats_server.stop()
    return [*computed, *drained, *late]


# -- computing --------------------------------------------------------------------------------------------------------


def _computed(town: Town) -> list[Measure]:
    """Stories of a generated town decided on from nothing, in processor time of one core."""
    rules, stories = Rules(town), _stories(town)
    rates: list[tuple[float, float]] = []
    for _ in range(COMPUTE_ROUNDS):
        gc.collect()
        began = process_time()
        facts = [DECIDER.decide(Reconcile(story, rules), Obligations()) for story in stories]
        seconds = process_time() - began
        obligations = sum(isinstance(fact.event, ObligationSet) for some in facts for fact in some)
        rates.append((obligations / seconds, len(stories) / seconds))
    return [
        Measure("obligations.computed_per_s", statistics.median(rate for rate, _ in rates), "obligations/s"),
        Measure("obligations.stories_per_s", statistics.median(rate for _, rate in rates), "stories/s"),
    ]


def _stories(town: Town) -> list[tuple[Recorded, ...]]:
    """Intake's stories of requests, as long as the town's beginning tells them."""
    found: dict[str, list[Recorded]] = {}
    prefix = f"{LOG_PREFIX}.{Service.INTAKE}."
    for stored in islice(generate(town), 12 * STORIES):
        if stored.subject.startswith(prefix):
            found.setdefault(stored.subject.removeprefix(prefix), []).extend(decode_commit(stored.body.encode()))
    requests = (tuple(story) for story in found.values() if isinstance(story[0].data, RequestReceived))
    return list(islice(requests, STORIES))


# -- draining ---------------------------------------------------------------------------------------------------------


@dataclass
class _House:
    """Deadlines with timers of one size pending."""

    pool: asyncpg.Pool
    log: JetStreamLog
    rules: Rules
    clock: ManualClock = field(default_factory=lambda: ManualClock(BEGIN))

    def __post_init__(self) -> None:
        self.table = TimerTable(self.pool, self.clock)
        self.decisions = Decisions(self.log, Service.DEADLINES, self.clock, self.rules.town.version)
        self.reconciler = Reconciler(self.log, self.decisions, self.rules, self.table)
        self.timers = Timers(
            log=self.log,
            decisions=self.decisions,
            rules=self.rules,
            table=self.table,
            clock=self.clock,
            caught_up=_always,
        )

    async def fired_per_s(self) -> float:
        """Requests come in, their limits pass, and what is due is fired until nothing is."""
        self.clock.set(BEGIN)
        await asyncio.gather(*(self._receive() for _ in range(FIRED_A_ROUND)))
        self.clock.set(PAST)
        fired, began = 0, perf_counter()
        while some := await self.timers.fire_due():
            fired += some
        return fired / (perf_counter() - began)

    async def taken_per_s(self) -> float:
        """The table alone: timers taken under lock and set to another instant, a batch after the other."""
        self.clock.set(BEGIN)
        for start in range(0, TAKEN_A_ROUND, BATCH_MAX):
            due = BEGIN + dt.timedelta(seconds=start + 1)
            ids = [str(uuid4()) for _ in range(BATCH_MAX)]
            await asyncio.gather(*(self.table.write(Written(each, 1, (Alarm("answer-1", due),))) for each in ids))
        taken, began = 0, perf_counter()
        while await self.table.any_due(PAST):
            async with self.table.taken(PAST, BATCH_MAX) as held:
                await held.settle([Looked(each, 2, ()) for each in held.due])
                taken += len(held.due)
        return taken / (perf_counter() - began)

    async def _receive(self) -> None:
        request_id = str(uuid4())
        fact = _received(request_id, BEGIN)
        sequence = await self.log.append(Service.INTAKE, request_id, [fact], expected=0)
        await self.reconciler.handle(Commit(sequence, Service.INTAKE, request_id, (fact,)))


async def _always() -> bool:
    return True


async def _drained(nats_url: str, postgres_url: str, town: Town) -> list[Measure]:
    client = await nats.connect(nats_url)
    await ensure_streams(client)
    rates: dict[tuple[str, int], list[float]] = {}
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(client.close)
        houses = {
            size: _House(
                await stack.enter_async_context(_pending(postgres_url, size)), JetStreamLog(client), Rules(town)
            )
            for size in PENDING
        }
        for turn in range(ROUNDS + WARM_UP):
            # Forwards and backwards in turns: what the machine does meanwhile slows both alike.
            for size in PENDING if turn % 2 else reversed(PENDING):
                fired, taken = await houses[size].fired_per_s(), await houses[size].taken_per_s()
                if turn >= WARM_UP:
                    rates.setdefault(("fired", size), []).append(fired)
                    rates.setdefault(("taken", size), []).append(taken)
    medians = {key: statistics.median(each) for key, each in rates.items()}
    few, many = PENDING
    return [
        *(
            Measure(f"obligations.timers_{what}_per_s_{size}", rate, "timers/s")
            for (what, size), rate in medians.items()
        ),
        Measure(
            "obligations.timers_fired_cost_growth", medians["fired", few] / medians["fired", many], "ratio", "≤ 1.5"
        ),
        Measure(
            "obligations.timers_taken_cost_growth", medians["taken", few] / medians["taken", many], "ratio", "≤ 1.5"
        ),
    ]


@contextlib.asynccontextmanager
async def _pending(url: str, size: int) -> AsyncIterator[asyncpg.Pool]:
    """A database of the service with so many timers that are due in years."""
    name = f"pending_{size}"
    administrator = await asyncpg.connect(url)
    await administrator.execute(f"CREATE DATABASE {name}")
    await administrator.close()
    async with asyncpg.create_pool(urlsplit(url)._replace(path=f"/{name}").geturl(), min_size=1, max_size=8) as pool:
        async with pool.acquire() as connection:
            await migrate(connection, "clic_deadlines")
        await pool.execute(FILL, size, timeout=600)
        await pool.execute("VACUUM ANALYZE timer", timeout=600)
        yield pool


# -- how late ---------------------------------------------------------------------------------------------------------


async def _late(nats_url: str, postgres_url: str) -> list[Measure]:
    """The service as it is wired, on the machine's clock: from a limit until its event can be read from the log."""
    administrator = await asyncpg.connect(postgres_url)
    await administrator.execute("CREATE DATABASE late")
    await administrator.close()
    url = urlsplit(postgres_url)._replace(path="/late").geturl()
    settings = Settings(nats_url=nats_url, postgres_url=SecretStr(url), town_dir=TOWN_DIR)
    client = await nats.connect(nats_url)
    await ensure_streams(client)
    await client.close()
    async with open_runtime("deadlines", settings, migrations="clic_deadlines") as runtime:
        process, timers, *_ = (await wire(runtime)).components
        end = (await runtime.log.identity()).last_sequence
        async with at_work(process, timers):
            await wait_until(lambda: process.not_ready() is None, 30, what="the process is ready")
            first_at = dt.datetime.now(dt.UTC) + LATE_FIRST
            due = {str(uuid4()): first_at + number * LATE_EVERY for number in range(LATE_FIRINGS)}
            for request_id, at in due.items():
                await runtime.log.append(Service.INTAKE, request_id, [_received(request_id, at - DELAY)], expected=0)
            seen = await asyncio.wait_for(_seen(runtime, end, set(due)), LATE_S)
    late_ms = [1_000 * (seen[request_id] - at).total_seconds() for request_id, at in due.items()]
    return [
        Measure("obligations.late_p50_ms", percentile(late_ms, 0.5), "ms"),
        Measure("obligations.late_p99_ms", percentile(late_ms, 0.99), "ms"),
        Measure("obligations.late_max_ms", max(late_ms), "ms"),
    ]


async def _seen(runtime: Runtime[Settings], after: int, wanted: set[str]) -> dict[str, dt.datetime]:
    """When it could be read from the log that each answer is missed."""
    seen: dict[str, dt.datetime] = {}
    async with open_tail(runtime.nats, after=after) as tail:
        while wanted - seen.keys():
            for sequence, message in await tail.take(100, 0.5):
                now = dt.datetime.now(dt.UTC)
                commit = decode(message.subject, sequence, message.data, message.headers)
                for event in commit.events:
                    if isinstance(event.data, ObligationMissed) and event.data.obligation_id == "answer-1":
                        seen.setdefault(commit.request_id, now)
    return seen


def _received(request_id: str, at: dt.datetime) -> Recorded:
    """A danger on the road comes in."""
    received = {**RequestReceived.EXAMPLE, "subject": "road_danger", "reference": f"2026-{int(request_id[:6], 16):08}"}
    return RECORDED[RequestReceived](
        event_id=f"received-{request_id}",
        source="/clic/intake",
        type=RequestReceived.TYPE,
        request_id=request_id,
        occurred_at=at,
        recorded_at=at,
        cause_id=request_id,
        actor="publisher:telephonie",
        town="bench",
        data=RequestReceived.model_validate(received),
    )
