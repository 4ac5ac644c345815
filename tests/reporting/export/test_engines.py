"""The documented queries, on the Parquet files of a log: DuckDB and polars say what reporting says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import asyncpg
import duckdb
import polars as pl
from nats.aio.client import Client
from tests.place import ROOT
from tests.reporting.export.test_log import export, recorded_in_order
from tests.reporting.history import append, history
from tests.reporting.projected import Projected

from clic_contracts.envelope import Commit
from clic_contracts.event import InteractionRecorded
from clic_contracts.lifecycle import LIFECYCLE, may_happen
from clic_contracts.vocabulary import Phase

PAGE = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")


def documented(title: str) -> str:
    """A query of the page by what it begins with."""
    blocks: list[str] = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    return next(block for block in blocks if block.startswith(title))


def lawful(commits: Sequence[Commit]) -> list[Commit]:
    """What a desk decides: a history holds facts without effect too, such as a refusal after the answer."""
    phases: dict[str, Phase] = {}
    kept: list[Commit] = []
    for commit in commits:
        phase = phases.get(commit.request_id, Phase.NEW)
        events = []
        for each in commit.events:
            kind = type(each.data)
            if kind is InteractionRecorded or may_happen(phase, kind):
                events.append(each)
                phase = LIFECYCLE[phase].get(kind, phase)
        phases[commit.request_id] = phase
        if events:
            kept.append(replace(commit, sequence=len(kept) + 1, events=tuple(events)))
    return kept


async def test_the_documented_queries_say_what_reporting_says(
    nats: Client, nats_url: str, postgres_url: str, tmp_path: Path
) -> None:
    """POL-31, POL-32: on a history of any shape, with reopenings and instants before the reception."""
    commits = recorded_in_order(lawful(history(Random(12), 150)))
    await append(nats, commits)
    await export(nats, nats_url, tmp_path / "town")
    connection = await asyncpg.connect(postgres_url)
    projected = Projected(connection)
    await projected.prepare()
    await projected.begin()
    await projected.fold(commits, at_a_time=500)
    interactions = await connection.fetch(
        "SELECT period, channel, interactions FROM reporting.indicator_pol31_interactions"
    )
    balance = await connection.fetch(
        "SELECT period, received, treatments, reopenings FROM reporting.indicator_pol32_balance "
        "WHERE received + treatments + reopenings > 0"
    )
    departments = await connection.fetch("SELECT department FROM reporting.assignment WHERE ordinal = 1")
    await connection.close()

    with duckdb.connect() as engine:
        engine.execute(documented("CREATE VIEW log").replace("'town/", f"'{tmp_path}/town/"))
        by_channel = engine.execute(documented("-- POL-31")).fetchall()
        by_quarter = engine.execute(documented("-- POL-32")).fetchall()
    log = pl.scan_parquet(f"{tmp_path}/town/year=*/month=*/*.parquet", hive_partitioning=True)
    routed = log.filter(pl.col("type") == "request.routed.v1").select("department").collect()

    assert sum(row[3] for row in by_quarter) > 5
    assert by_channel == sorted(tuple(row) for row in interactions)
    assert by_quarter == sorted(tuple(row) for row in balance)
    assert set(routed["department"]) >= {row["department"] for row in departments} != set()
