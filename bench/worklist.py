"""The agents' worklists at 1,000, 100,000 and 1,000,000 requests: pages, filtered pages and counts."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from urllib.parse import urlsplit

import asyncpg
from tests.place import TOWN_DIR

from clic_chassis.agents import Agent
from clic_chassis.clock import SystemClock
from clic_chassis.embedded import start_postgres
from clic_chassis.town_file import read_town
from clic_intake.worklist.projection import WorklistProjection
from clic_intake.worklist.query import Filters, ListName, Page, Worklists

from .measure import Measure

SIZES = (1_000, 100_000, 1_000_000)
ROUNDS = 40
"""Of each list; the median counts, since others use the machine meanwhile."""
WARM_UP = 5
AGENT = Agent(agent="alex.exemple", roles=("agent", "greffe"))
FULL = (ListName.UNASSIGNED, ListName.LATE, ListName.PENDING, ListName.ALL)
"""Lists that fill a page at every size: a short page is no measure of a long table. What is filtered, and what is
counted, is bounded from the second size on, and compared from there."""
FILTERS = Filters(subject="pothole", sector="centre")

FILL = """
INSERT INTO desk.request (request_id, request_key, reference, kind, subject, sector, channel, language, origin,
    publisher, phase, received_at, updated_at, last_sequence, department, first_line, unusual, urgent, confidential_to,
    assigned_to, missing, next_obligation, due_at, warned, missed, answered, letters_failed, public_text, public_notes,
    erased, owed, undelivered, pending)
SELECT gen_random_uuid(), n, '2026-' || lpad(n::text, 7, '0'), (ARRAY['report', 'request', 'complaint'])[1 + n % 3],
    ($2::text[])[1 + n % cardinality($2::text[])], (ARRAY['centre', 'gare', 'plateau'])[1 + n % 3], 'phone', 'fr',
    'live', 'telephonie', CASE WHEN n % 5 < 2 THEN 'in_treatment' ELSE 'closed' END, now(), now(), n,
    ($3::text[])[1 + n % cardinality($3::text[])], false, n % 97 = 0, false,
    CASE WHEN n % 50 = 0 THEN 'greffe' END,
    CASE WHEN n % 3 = 0 THEN 'agent:' || CASE WHEN n % 30 = 0 THEN 'alex' ELSE 'a' || n % 40 END || '.exemple' END,
    CASE WHEN n % 23 = 0 THEN ARRAY['contact'] END, CASE WHEN n % 5 < 2 THEN 'answer' END,
    CASE WHEN n % 5 < 2 THEN now() + (n % 900 - 300) * interval '1 hour' END, n % 11 = 0, n % 900 < 300, false,
    (n % 211 = 0)::int, '', '', false, '[]', '[]', n % 5 < 2
FROM generate_series(1, $1::int) n
"""
"""Two in five are pending, one in fifty is confidential; made in the table, since what is measured is reading it."""


def measure() -> list[Measure]:
    """Milliseconds of a full page, of one far inside, of a filtered one and of all counts, by the table's size."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # PostgreSQL's own user passes through it.
        server = start_postgres(Path(folder) / "postgres")
        try:
            found = asyncio.run(_measured(server.url))
        finally:
            server.stop()
    measures = [Measure(f"worklist.{what}_ms_at_{size}", ms, "ms") for (what, size), ms in found.items()]
    growths = [
        Measure(f"worklist.{what}_growth", found[what, SIZES[-1]] / found[what, begins], "ratio", "≤ 2")
        for what, begins in (
            ("page", SIZES[0]),
            ("page_inside", SIZES[0]),
            ("page_filtered", SIZES[1]),
            ("counts", SIZES[1]),
        )
    ]
    return [*measures, *growths]


async def _measured(url: str) -> dict[tuple[str, int], float]:
    """Medians by what and size. Sizes take turns, so that what else the machine does slows them alike."""
    async with contextlib.AsyncExitStack() as stack:
        tables = {size: await stack.enter_async_context(_filled(url, size)) for size in SIZES}
        inside = {(size, name): (await _follow(tables[size], name)).after for size in SIZES for name in FULL}
        taken: dict[tuple[str, int], list[float]] = {}
        for turn in range(ROUNDS + WARM_UP):
            for size, lists in tables.items():
                works = [
                    *(("page", lists.page(AGENT, name)) for name in FULL),
                    *(("page_inside", lists.page(AGENT, name, None, inside[size, name])) for name in FULL),
                    *(("page_filtered", lists.page(AGENT, name, FILTERS)) for name in FULL),
                    ("counts", lists.counts(AGENT)),
                ]
                for what, work in works:
                    began = perf_counter()
                    await work
                    if turn >= WARM_UP:
                        taken.setdefault((what, size), []).append(1_000 * (perf_counter() - began))
        return {key: statistics.median(each) for key, each in taken.items()}


@contextlib.asynccontextmanager
async def _filled(url: str, size: int) -> AsyncIterator[Worklists]:
    town = read_town(TOWN_DIR)
    name = f"worklist_{size}"
    administrator = await asyncpg.connect(url)
    await administrator.execute(f"CREATE DATABASE {name}")
    await administrator.close()
    async with asyncpg.create_pool(urlsplit(url)._replace(path=f"/{name}").geturl(), min_size=1, max_size=1) as pool:
        async with pool.acquire() as connection:
            await WorklistProjection(town).prepare(connection)  # type: ignore[arg-type]  # The proxy does as well.
        subjects, departments = ([each.code for each in some] for some in (town.subjects, town.departments))
        await pool.execute(FILL, size, subjects, departments, timeout=600)
        await pool.execute("VACUUM ANALYZE desk.request", timeout=600)
        yield Worklists(pool, town, SystemClock())


async def _follow(lists: Worklists, name: ListName) -> Page:
    """The tenth page of a list, or its last."""
    page = await lists.page(AGENT, name)
    for _ in range(8):
        if page.after is None:
            break
        page = await lists.page(AGENT, name, after=page.after)
    return page
