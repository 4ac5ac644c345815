"""`docs/publishers/feed.md`: each program runs as it stands in the page, as a subscriber that may do nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.contracts.feed_town import FLEET, Feed
from tests.node.installed import Node
from tests.place import ROOT

from clic_chassis.feed_consumer import INACTIVE_S_MAX, MAX_ACK_PENDING, ensure_feed_consumer
from clic_chassis.streams import STREAMS
from clic_chassis.testing import wait_until
from clic_contracts.event import RequestAnswered, RequestClosed, RequestReceived
from clic_contracts.schema import EXAMPLE_REQUEST_ID as REQUEST
from clic_contracts.subject import FEED_STREAM

PAGE = (ROOT / "docs" / "publishers" / "feed.md").read_text(encoding="utf-8")
LIMIT_S = 60.0


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@asynccontextmanager
async def running(feed: Feed, folder: Path, *command: str) -> AsyncIterator[asyncio.StreamReader]:
    """A program that goes on until it is stopped; gives what it says."""
    env = {**os.environ, "NATS_URL": feed.server.url, "NKEY_SEED_FILE": str(feed.seed_file)}
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=env, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def says(said: asyncio.StreamReader, lines: Sequence[str]) -> None:
    """Read these lines, one after the other."""
    for line in lines:
        async with asyncio.timeout(LIMIT_S):
            assert (await said.readline()).decode().rstrip() == line


async def test_the_python_program_with_its_own_place(feed: Feed, tmp_path: Path) -> None:
    """It goes on where it stood, hears what comes, and says what it missed."""
    (tmp_path / "program.py").write_text(blocks("python")[0], encoding="utf-8")
    received, closed = f"request.received.v1 {REQUEST}", f"request.closed.v1 {REQUEST} answered"
    await feed.tell(RequestReceived, RequestAnswered)
    async with running(feed, tmp_path, sys.executable, "program.py") as said:
        await says(said, [received])
        await feed.tell(RequestClosed, first=3)
        await says(said, [closed])
        place = tmp_path / "place.txt"
        await wait_until(lambda: place.read_text().startswith("3/"), LIMIT_S, what="the place to be written")
    await feed.tell(RequestAnswered, RequestReceived, RequestClosed, first=4)
    await feed.operator.jetstream().purge_stream("CLIC_FEED", seq=5)
    async with running(feed, tmp_path, sys.executable, "program.py") as said:
        await says(said, ["missed: positions 4 to 4", received, closed])


async def test_the_python_program_whose_place_is_kept(feed: Feed, tmp_path: Path) -> None:
    """Only what it wants."""
    (tmp_path / "program.py").write_text(blocks("python")[1], encoding="utf-8")
    await ensure_feed_consumer(feed.operator, FLEET)
    await feed.tell(RequestReceived, RequestClosed)
    async with running(feed, tmp_path, sys.executable, "program.py") as said:
        await says(said, [f"{REQUEST} answered"])
        await feed.tell(RequestClosed, first=3)
        await says(said, [f"{REQUEST} answered"])


async def test_the_typescript_program(feed: Feed, node: Node, tmp_path: Path) -> None:
    """Issue 6: a client in another language replays from a date, and goes on from its place."""
    project = node.project(tmp_path / "program", {"program.ts": blocks("typescript")[0]})
    options = json.loads((project / "tsconfig.json").read_text(encoding="utf-8"))
    types = str(ROOT / "contracts" / "typescript" / "index.d.ts")
    options["compilerOptions"]["paths"] = {"clic-contracts": [types]}
    (project / "tsconfig.json").write_text(json.dumps(options), encoding="utf-8")
    compiled = await asyncio.to_thread(node.compile, project)
    assert compiled.returncode == 0, compiled.stdout
    await ensure_feed_consumer(feed.operator, FLEET)
    await feed.tell(RequestReceived, RequestClosed)
    received, closed = f"request.received.v1 {REQUEST}", f"closed {REQUEST} answered"
    async with running(feed, project, node.program, "out/program.js") as said:
        await says(said, ["position 1", received, "position 2", closed, received, closed])
        await feed.tell(RequestClosed, first=3)
        await says(said, [closed])


def test_the_page_names_the_bounds_that_hold() -> None:
    """How far the feed reaches back, how long a place is kept, how much is in hand."""
    day_s = 86_400
    assert f"the feed is kept ({STREAMS[FEED_STREAM]['max_age'] / 1e9 / day_s:.0f} days)" in PAGE
    assert f"nobody asks for {INACTIVE_S_MAX / day_s:.0f} days" in PAGE
    assert f"{MAX_ACK_PENDING:,} events in hand" in PAGE
