"""`python -m bench.profiling`: where a worker of the rebuild spends its time, function by function.

The reading, the other workers and the servers are left out; `rebuild.cpu_us_per_fact` tells of them.
"""

from __future__ import annotations

import asyncio
import cProfile
import pstats
from itertools import islice
from time import process_time
from typing import Annotated

import asyncpg
import typer
from tests.place import TOWN_DIR

from clic_chassis.collector import no_collections
from clic_chassis.embedded import start_postgres
from clic_chassis.testing import open_folder
from clic_chassis.town_file import read_town
from clic_reporting.projection import create_tables
from clic_reporting.shard import Shard, open_connection

from .generated_town.generate import generate

SCHEMA = "profiled"
BATCH_COMMITS = 2_500
"""About what a worker of two is given of one fetch."""
Raw = tuple[int, str, bytes]


def main(
    commits: Annotated[int, typer.Option(min=1, help="Of a generated town.")] = 100_000,
    lines: Annotated[int, typer.Option(min=1, help="Functions shown.")] = 25,
) -> None:
    """Fold a generated town twice: plainly, for the processor time of a fact; then profiled, for the shares."""
    told = islice(generate(read_town(TOWN_DIR)), commits)
    log = [(number, each.subject.rsplit(".", 1)[1], each.body.encode()) for number, each in enumerate(told, 1)]
    with open_folder() as folder, no_collections():
        server = start_postgres(folder)
        try:
            began = process_time()
            events, seconds = asyncio.run(_fold(server.url, log))
            cpu_us = 1e6 * (process_time() - began) / events
            parts = ", ".join(f"{part} {1e6 * each / events:.1f}" for part, each in seconds.items())
            print(f"{cpu_us:.1f} µs of processor time a fact; by the clock: {parts}")
            profile = cProfile.Profile()
            profile.runcall(asyncio.run, _fold(server.url, log))
            pstats.Stats(profile).sort_stats("tottime").print_stats(lines)
        finally:
            server.stop()


async def _fold(postgres_url: str, log: list[Raw]) -> tuple[int, dict[str, float]]:
    """Facts folded, and seconds by part."""
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    await create_tables(connection, SCHEMA)
    await connection.close()
    filling = await open_connection(postgres_url)
    try:
        shard = Shard(filling, SCHEMA)
        for start in range(0, len(log), BATCH_COMMITS):
            await shard.fold(log[start : start + BATCH_COMMITS])
        summary = await shard.finish()
        return summary.events, summary.seconds
    finally:
        await filling.close()


if __name__ == "__main__":
    typer.run(main)
