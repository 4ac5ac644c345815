"""`docs/publishers/`: each block runs as it stands in its page, and what it sent is then in the log."""

from __future__ import annotations

import asyncio
import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.node.installed import Node
from tests.publishers.conftest import PAGES, Newcomer, blocks

from clic_chassis.jetstream_log import JetStreamLog
from clic_contracts import client
from clic_contracts.client import Publisher
from clic_contracts.envelope import request_id_for
from clic_contracts.event import RequestReceived
from clic_contracts.submission import Receipt
from clic_contracts.vocabulary import Service

PAGE = "first-event.md"
SOURCE = "/telephonie"
RUN_S_MAX = 90.0


async def run(newcomer: Newcomer, *command: str, cwd: Path | None = None, **more: str) -> str:
    """What a block prints.

    Raises:
        AssertionError: it failed; with all that it said.
    """
    found = await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=cwd,
        env={**newcomer.environment, **more},
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
    )
    assert found.returncode == 0, f"{found.stdout}\n{found.stderr}"
    return found.stdout


async def registered(newcomer: Newcomer, event_id: str) -> str:
    """The reference under which the log has a submission: registered by it, once, and as this publisher's."""
    async with newcomer.house.client() as client:
        story = await JetStreamLog(client).load(Service.INTAKE, request_id_for(SOURCE, event_id))
    received = [each.data for each in story.events if isinstance(each.data, RequestReceived)]
    assert [(each.submission.id, each.publisher) for each in received] == [(event_id, "telephonie")]
    return received[0].reference


async def stored_receipt(newcomer: Newcomer, event_id: str) -> Receipt:
    """As the publisher itself may read it."""
    key = Path(newcomer.environment["NKEY_SEED_FILE"])
    async with await Publisher.connect(newcomer.environment["NATS_URL"], "telephonie", nkey_seed_file=key) as clic:
        return await clic.receipt(event_id)


async def asked(newcomer: Newcomer, number: int) -> Any:
    """What the page's shell block of this number prints."""
    return json.loads(await run(newcomer, "sh", "-c", blocks(PAGE, "sh")[number]))


async def test_a_dry_run_says_what_is_wrong_as_the_page_shows_it(newcomer: Newcomer) -> None:
    said = await asked(newcomer, 0)
    del said["at"]
    assert said == json.loads(blocks(PAGE, "json")[0])


async def test_structured_and_binary(newcomer: Newcomer) -> None:
    for block, event_id in ((1, "call-17"), (2, "call-18")):
        said = await asked(newcomer, block)
        assert (said["status"], said["id"]) == ("accepted", event_id)
        assert await registered(newcomer, event_id) == said["reference"]


async def test_a_block_that_is_run_twice_is_known(newcomer: Newcomer) -> None:
    """The page says so."""
    first, again = await asked(newcomer, 1), await asked(newcomer, 1)
    assert again["status"] == "known"
    assert again["reference"] == first["reference"]


async def test_batch(newcomer: Newcomer) -> None:
    said = await asked(newcomer, 3)
    assert [each["status"] for each in said] == ["accepted", "accepted"]
    assert await registered(newcomer, "call-19") == said[0]["reference"]
    assert len(blocks(PAGE, "sh")) == 4


async def told(newcomer: Newcomer, event_id: str, said: str) -> None:
    """A program printed the receipt that is kept, of what is in the log."""
    status, reference = said.split()
    assert status == "accepted"
    assert await registered(newcomer, event_id) == reference
    assert (await stored_receipt(newcomer, event_id)).reference == reference


async def test_python(newcomer: Newcomer, tmp_path: Path) -> None:
    (program,) = blocks(PAGE, "python")
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    first, again = [await run(newcomer, sys.executable, "program.py", cwd=tmp_path) for _ in range(2)]
    await told(newcomer, "call-20", first)
    assert again == first


async def test_typescript(newcomer: Newcomer, node: Node, tmp_path: Path) -> None:
    (program,) = blocks(PAGE, "typescript")
    project = node.project(tmp_path / "program", {"program.ts": program})
    compiled = await asyncio.to_thread(node.compile, project)
    assert compiled.returncode == 0, compiled.stdout
    await told(newcomer, "call-21", await run(newcomer, node.program, "out/program.js", cwd=project))


async def test_go(newcomer: Newcomer, go: str, tmp_path: Path) -> None:
    (program,) = blocks(PAGE, "go")
    (tmp_path / "program.go").write_text(program, encoding="utf-8")
    debian = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(tmp_path / "cache")}
    await told(newcomer, "call-22", await run(newcomer, go, "run", "program.go", cwd=tmp_path, **debian))


async def test_the_clients_page_with_a_spool(newcomer: Newcomer, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(blocks("client.md", "python")[0], encoding="utf-8")
    said = await run(newcomer, sys.executable, "program.py", cwd=tmp_path)
    assert said == "left in the spool: 0\n"
    assert (tmp_path / "clic-spool.sqlite").exists()
    for number in range(30, 40):
        assert (await stored_receipt(newcomer, f"call-{number}")).status == "accepted"


async def test_the_clients_page_with_receipts(newcomer: Newcomer, tmp_path: Path) -> None:
    """In the publisher's language: French, where the town says nothing else."""
    (tmp_path / "program.py").write_text(blocks("client.md", "python")[1], encoding="utf-8")
    said = await run(newcomer, sys.executable, "program.py", cwd=tmp_path)
    assert said.splitlines()[0] == "refused None"
    assert said.splitlines()[1].startswith("/data/subject – Utilisez un code")
    assert len(blocks("client.md", "python")) == 2


async def test_what_the_pages_say_of_the_client_is_so() -> None:
    """Names, bounds and errors."""
    text = (PAGES / "client.md").read_text(encoding="utf-8")
    for name in client.__all__:
        if name.endswith("Error"):
            assert f"`{name}`" in text, name
    assert f"`max_pending` ({client.MAX_PENDING})" in text
    assert f"{client.TRIES} times (`tries`), {client.ANSWER_TIMEOUT_S:.0f} s each" in text
    assert f"{client.SPOOL_BYTES_MAX // 2**20} MiB" in text
    assert f"timeout_s={client.RECEIPT_TIMEOUT_S:.0f}" in text
    parameters = set(inspect.signature(Publisher.connect).parameters) - {"inbox_prefix"}
    assert {each for each in parameters if f"`{each}`" not in text and each not in ("url", "publisher")} == set()
