"""A house that runs for a module, with a publisher let in as the page says, and what its blocks need."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.node.installed import node as node
from tests.place import ROOT
from tests.system.house import House, open_house

PAGES = ROOT / "docs" / "publishers"


def blocks(page: str, language: str) -> list[str]:
    """A page's blocks of a language, in their order; `""` are those that name none."""
    text = (PAGES / page).read_text(encoding="utf-8")
    return [
        body for tag, body in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) if tag == language
    ]


@dataclass(frozen=True)
class Newcomer:
    """A publisher that was let in a moment ago: what the page tells it to export, and the house behind it."""

    house: House
    environment: dict[str, str]


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """Let in by the page's own commands."""
    folder = tmp_path_factory.mktemp("newcomer")
    with open_house(services=("intake",)) as house:
        key_command, nats_command = blocks("first-event.md", "")[0].split("\n")[:2]
        key = asyncio.run(house.clic(*key_command.split()[1:])).split()[0]
        seed_file = folder / nats_command.split()[-1]
        asyncio.run(house.clic(*nats_command.split()[1:-1], str(seed_file)))
        exported = {
            "CLIC_URL": house.url("intake"),
            "CLIC_KEY": key,
            "NATS_URL": house.nats.url,
            "NKEY_SEED_FILE": str(seed_file),
        }
        assert set(re.findall(r"([A-Z_]+)=", blocks("first-event.md", "")[1])) == set(exported)
        yield Newcomer(house, {**os.environ, **exported})


@pytest.fixture(scope="session")
def go() -> str:
    """Go with Debian's NATS client: where they are missing the tests say so; on CI that is a failure."""
    program = shutil.which("go")
    if program is None or not Path("/usr/share/gocode/src/github.com/nats-io/nats.go").is_dir():
        said = "there is no Go here: install Debian's packages golang-go and golang-github-nats-io-go-nats-dev"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    return program
