"""A whole house is backed up, lost, and there again: figures, files, names; and whoever was erased is not.

The tests go on from each other in the order in which they stand: a house takes longer to start than to be tried.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.keeping.conftest import Vault
from tests.system.house import House, finished, house_in
from tests.system.submitting import by_http, now, report, request
from tests.system.test_life import quarter

from clic.folder import Folder
from clic.keeping.projection import PROJECTIONS, measure_all
from clic_chassis.testing import open_folder, wait_until
from clic_contracts.submission import Submission

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

WORDS = "Le wqkzyvrisme gêne."
FILE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + WORDS.encode() * 40_000
REQUESTS = 6
THIRD = 3
AT, PERIOD = now(), quarter()


def told(number: int) -> Submission:
    """One of the requests, the same each time."""
    return request(text=f"{WORDS} {number}", place={"address": f"{number}, rue Wqkzyvroise"})


@dataclass
class Kept:
    """What was live when the backup was taken, and after."""

    folder: Path
    requests: dict[str, str] = field(default_factory=dict)
    """Request's id by what the publisher called it."""
    attachment: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    position: int = 0
    third: int = 0
    """Where the log stood after the first requests."""
    master_key: Path = Path()


@pytest.fixture(scope="module")
def kept(vault: Vault) -> Iterator[Kept]:
    """A house that lived, was backed up, erased somebody, took one request more, and ended."""
    with open_folder() as folder:
        kept = Kept(folder / "house", master_key=vault.folder / "master.key")
        kept.folder.mkdir(mode=0o711)
        with house_in(kept.folder) as house:
            asyncio.run(_live(house, vault, kept))
        shutil.copy(Folder(kept.folder).master_key, kept.master_key)
        yield kept


async def _live(house: House, vault: Vault, kept: Kept) -> None:
    for number in range(REQUESTS):
        receipt = await by_http(house, told(number), f"garde-{number}", at=AT)
        assert receipt.request_id is not None, receipt
        kept.requests[f"garde-{number}"] = receipt.request_id
        if len(kept.requests) == THIRD:
            kept.third = await house.settled(timers_too=False)
    first, last = kept.requests["garde-0"], kept.requests["garde-5"]
    async with house.http("intake") as http:
        headers = {"Content-Type": "application/octet-stream", "Slug": "photo.jpg"}
        for each in (first, last):
            answer = await http.post(f"/requests/{each}/attachments", content=FILE, headers=headers)
            answer.raise_for_status()
            if each == first:
                kept.attachment = answer.json()["attachment_id"]
        (await http.post(f"/requests/{last}/close", json={"reason": "withdrawn"})).raise_for_status()
    kept.position = await house.settled(timers_too=False)
    await wait_until(lambda: folded(house, kept.position), 100, what="every projection to have folded all of it")
    kept.figures = await figures(house)
    said_ = await house.clic(*backup(vault))
    assert f"stands at position {kept.position:,}" in said_
    async with house.http("intake") as http:
        (await http.post(f"/requests/{last}/erase", json={"ground": "person_asked"})).raise_for_status()
    await by_http(house, request(text=WORDS), "apres")
    await house.settled(timers_too=False)
    assert "1 erasures" in await house.clic("backup", "erasures", "--erasures", str(vault.places.erasures))
    assert "clic_backup_age_seconds" in await house.metrics("intake")


async def folded(house: House, position: int) -> bool:
    """Whether all three projections are there, as the backup tells of each where it stood."""
    found = await measure_all(house.servers.databases)
    return [each.position for each in found.values()] == [position] * len(PROJECTIONS)


def backup(vault: Vault) -> tuple[str, ...]:
    """The command, with everything it is told."""
    places = vault.places
    return (
        "backup",
        *("--log", str(places.log), "--log-recipient", vault.log_recipient),
        *("--keys", str(places.keys), "--keys-recipient", vault.keys_recipient),
        *("--erasures", str(places.erasures)),
    )


def chosen(vault: Vault, kept: Kept) -> tuple[str, ...]:
    """What a restore of both is told."""
    return (
        *("--log", str(vault.places.log), "--log-identity", str(vault.log_identity)),
        *("--keys", str(vault.places.keys), "--keys-identity", str(vault.keys_identity)),
        *("--deployment-key", str(kept.master_key)),
    )


async def figures(house: House) -> dict[str, Any]:
    """What the quarter's report counts, without up to where, when and of which log it was told."""
    told = await report(house, PERIOD)
    return {key: value for key, value in told.items() if key not in ("position", "known_at", "versions")}


def spawn(*arguments: str) -> subprocess.Popen[str]:
    """Start a `clic` command that needs no house."""
    return subprocess.Popen(
        [sys.executable, "-m", "clic", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


async def clic(*arguments: str) -> str:
    """What a command printed that ended well."""
    return await finished(spawn(*arguments), 100)


async def refused(*arguments: str) -> str:
    """What a command printed that refused."""
    process = spawn(*arguments)
    output, _ = await asyncio.to_thread(process.communicate, timeout=100)
    assert process.returncode == 1, output
    return output


async def opened(house: House, request_id: str) -> Any:
    """The answer to an agent who opens what is sealed of a request."""
    async with house.http("intake") as http:
        return await http.post(f"/requests/{request_id}/open", json={"reason": "Essai imaginaire."})


@asynccontextmanager
async def alive(folder: Path) -> AsyncIterator[House]:
    """A house that goes on in a folder."""
    context = house_in(folder)
    house = await asyncio.to_thread(context.__enter__)
    try:
        await house.settled(timers_too=False)
        yield house
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


async def test_a_backup_is_proved_by_making_everything_again(vault: Vault, kept: Kept) -> None:
    """Log, keys, seals and three projections are what was live, row for row."""
    said = await clic("backup", "verify", *chosen(vault, kept))
    assert f"Proved: position {kept.position:,}, {REQUESTS} requests." in said
    for name in ("reporting", "worklists", "docket"):
        assert f"{name} at {kept.position:,}" in said
    assert f"of {REQUESTS} seals of requests {REQUESTS} open" in said


async def test_a_house_comes_back_but_for_whom_it_erased(vault: Vault, kept: Kept) -> None:
    """Both backups are of before the erasure, and the restored log does not tell it: it stays erased. POL-30."""
    with open_folder() as folder:
        place = folder / "again"
        said = await clic(
            "restore", "--dir", str(place), *chosen(vault, kept), "--erasures", str(vault.places.erasures)
        )
        assert f"stands at position {kept.position:,}" in said
        assert "Destroyed again: 1 keys" in said
        assert "1 erasures are not told by this log yet" in said
        async with alive(place) as house:
            assert await figures(house) == kept.figures
            answer = await opened(house, kept.requests["garde-0"])
            assert WORDS in answer.text
            async with house.http("intake") as http:
                path = f"/requests/{kept.requests['garde-0']}/attachments/{kept.attachment}/open"
                file = await http.post(path, json={"reason": "Essai imaginaire."})
                assert file.content == FILE, file.text[:200]
            assert (await opened(house, kept.requests["garde-5"])).status_code == 410
            receipt = await by_http(house, told(0), "garde-0", at=AT)
            assert receipt.request_id == kept.requests["garde-0"]

            async def is_told() -> bool:
                async with house.http("intake") as http:
                    story = (await http.get(f"/requests/{kept.requests['garde-5']}")).json()
                return any(each["type"] == "request.erased.v1" for each in story["events"])

            await wait_until(is_told, 100, what="the service to write the erasure into the log that did not tell it")


async def test_an_earlier_position_leaves_out_what_came_after(vault: Vault, kept: Kept) -> None:
    """It says what is lost, by the references that citizens have; who is lost has left the indexes and the files."""
    with open_folder() as folder:
        place = folder / "earlier"
        said = await clic(
            "restore", "--dir", str(place), *chosen(vault, kept), "--erasures", str(vault.places.erasures),
            "--at", str(kept.third),
        )  # fmt: skip
        assert f"stands at position {kept.third:,}" in said
        assert f"{kept.third + 1:,} to {kept.position:,} were left out" in said
        done = json.loads((place / "restored.json").read_text())
        assert done["requests"] == THIRD
        assert len(done["lost"]) == REQUESTS - THIRD
        assert (done["erased"], done["unreadable"]) == (1, 0)
        with pytest.raises(AssertionError, match="is none of them"):
            await clic("restore", "--dir", str(folder / "none"), *chosen(vault, kept), "--no-erasures", "--at", "999")


async def test_nothing_is_restored_over_something(vault: Vault, kept: Kept) -> None:
    """A folder with a house in it is refused, and stays as it was."""
    before = {each.name for each in kept.folder.iterdir()}
    said = await refused(
        "restore", "--dir", str(kept.folder), *chosen(vault, kept), "--erasures", str(vault.places.erasures)
    )
    assert "restored into an empty folder" in said
    assert {each.name for each in kept.folder.iterdir()} - {"lock"} == before


async def test_postgres_is_lost_and_all_is_there_again(vault: Vault, kept: Kept) -> None:
    """With the keys' backup: projections are the log's, and seals open; what came after the backup has lost its key."""
    shutil.rmtree(kept.folder / "postgres")
    keys = ("--keys", str(vault.places.keys), "--keys-identity", str(vault.keys_identity))
    said = await clic(
        "restore", "--dir", str(kept.folder), *keys, "--deployment-key", str(kept.master_key),
        "--erasures", str(vault.places.erasures),
    )  # fmt: skip
    assert "The keys of 1 requests are lost" in said
    async with alive(kept.folder) as house:
        assert WORDS in (await opened(house, kept.requests["garde-0"])).text
        assert (await opened(house, kept.requests["garde-5"])).status_code == 410


async def test_without_any_keys_the_log_gives_everything_but_what_was_sealed(vault: Vault, kept: Kept) -> None:
    """PostgreSQL and the keys' backups are lost. The figures are the log's; the desk: test_key_lost."""
    shutil.rmtree(kept.folder / "postgres")
    said = await clic("restore", "--dir", str(kept.folder), "--without-keys", "--erasures", str(vault.places.erasures))
    assert f"The keys of {REQUESTS} requests are lost" in said  # Of seven one was erased: that is no loss.
    done = json.loads((kept.folder / "restored.json").read_text())
    assert (done["requests"], done["lost"], done["not_told"]) == (REQUESTS + 1, [], 0)
