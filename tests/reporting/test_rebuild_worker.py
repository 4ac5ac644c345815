"""A rebuild by several processes: the same rows, and nothing left of it however it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from random import Random

import asyncpg
import psutil
import pytest
import pytest_asyncio
from nats.aio.client import Client
from tests.place import ROOT, TOWN_DIR
from tests.reporting.history import append, history
from tests.reporting.rows import rows

from clic_chassis.error import RetryableError
from clic_chassis.projector import CannotFoldError
from clic_chassis.testing import wait_until
from clic_chassis.town_file import read_town
from clic_contracts.envelope import Commit
from clic_reporting.projection import ReportingProjection
from clic_reporting.rebuild import Progress, rebuild

TOWN = read_town(TOWN_DIR)
COMMITS = history(Random(41), 200)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fetches so small that a rebuild of a short log has several."""
    monkeypatch.setattr("clic_reporting.reader.FETCH_COMMITS", 100)


@pytest_asyncio.fixture
async def commits(nats: Client, nats_url: str, postgres_url: str) -> AsyncIterator[list[Commit]]:
    """A log and its tables, made in one process."""
    await append(nats, COMMITS)
    await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url, town=TOWN, workers=0)
    yield COMMITS


async def schemas(postgres_url: str) -> list[str]:
    """Those of reporting."""
    connection = await asyncpg.connect(postgres_url)
    found = await connection.fetch("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'reporting%' ORDER BY 1")
    await connection.close()
    return [row[0] for row in found]


def workers_of(pid: int) -> list[psutil.Process]:
    """The processes that fold for a rebuild. Others, such as PostgreSQL's, may end while they are looked at."""
    found = []
    for each in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "clic_reporting.shard" in each.cmdline():
                found.append(each)
    return found


def is_over(pid: int) -> bool:
    """Whether a process has ended, though perhaps nobody has asked how."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_several_processes_make_the_rows_of_one(
    commits: list[Commit], nats: Client, nats_url: str, postgres_url: str
) -> None:
    """Each has the requests of its share, and the whole is the same."""
    before = await rows(postgres_url)

    done = await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url, town=TOWN, workers=3)

    assert (done.commits, done.events) == (len(commits), sum(len(each.events) for each in commits))
    assert any(
        f"every row is the same as in the live tables at position {len(commits):,}" in said for said in done.verified
    )
    assert {"read", "decode", "fold", "write", "keys", "sums", "verify", "swap"} <= done.parts.keys()
    assert await rows(postgres_url) == before
    assert workers_of(os.getpid()) == []


async def test_of_several_commits_that_cannot_be_folded_the_first_one_is_told(
    commits: list[Commit], nats: Client, nats_url: str, postgres_url: str
) -> None:
    """Whichever process meets its own first."""
    first = len(commits) + 1
    for digit in "0123456789abcdef":
        await nats.jetstream().publish(f"clic.log.intake.00000000-0000-4000-8000-00000000000{digit}", b"[7]")

    with pytest.raises(CannotFoldError, match=f"the commit at {first} cannot be folded") as caught:
        await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url, town=TOWN, workers=3)

    assert caught.value.sequence == first
    assert await schemas(postgres_url) == ["reporting"]


async def test_a_rebuild_whose_worker_is_killed_is_given_up_and_can_be_tried_again(
    commits: list[Commit], nats: Client, nats_url: str, postgres_url: str
) -> None:
    """The live tables are as they were, and nothing else is left."""
    before = await rows(postgres_url)

    def kill_one(progress: Progress) -> None:
        if progress.doing == "folding" and len(workers := workers_of(os.getpid())) == 2:
            workers[0].kill()

    with pytest.raises(RetryableError, match="worker of the rebuild"):
        await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url, town=TOWN, workers=2, told=kill_one)

    assert await schemas(postgres_url) == ["reporting"]
    assert await rows(postgres_url) == before
    assert workers_of(os.getpid()) == []


KILLED = """
import asyncio, os, signal, sys
import nats, psutil
from clic_reporting import reader
from clic_reporting.rebuild import rebuild

reader.FETCH_COMMITS = 100

def told(progress):
    if progress.commits >= 200:
        workers = psutil.Process().children(recursive=True)
        print(*(each.pid for each in workers if "clic_reporting.shard" in each.cmdline()), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    client = await nats.connect(sys.argv[1])
    await rebuild(nats=client, nats_url=sys.argv[1], postgres_url=sys.argv[2], workers=2, told=told)

asyncio.run(main())
"""


async def test_a_rebuild_that_is_killed_leaves_no_worker_and_the_service_drops_what_it_began(
    commits: list[Commit], nats: Client, nats_url: str, postgres_url: str
) -> None:
    """`kill -9`: nobody could clean up after it."""
    before = await rows(postgres_url)
    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", KILLED, nats_url, postgres_url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    workers = list(map(int, killed.stdout.split()))
    assert len(workers) == 2
    await wait_until(lambda: all(map(is_over, workers)), 60, what="the workers to end")
    assert "reporting_build" in await schemas(postgres_url)

    connection = await asyncpg.connect(postgres_url)

    async def dropped() -> bool:
        await ReportingProjection(town=TOWN).prepare(connection)
        return "reporting_build" not in await schemas(postgres_url)

    await wait_until(dropped, 60, what="the service to drop what the rebuild had begun")
    await connection.close()
    await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url, town=TOWN, workers=2)
    assert await rows(postgres_url) == before
