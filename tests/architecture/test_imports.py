"""The import rules of the house hold, and each of them can fail: a violation is planted in a copy and found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.architecture.imported import imported
from tests.place import ROOT

SOURCES = ("contracts/src", "chassis/src", "services/*/src", "deploy/embedded/src")
SERVICES = ("clic_intake", "clic_routing", "clic_deadlines", "clic_reporting")
LINT_S_MAX = 110
IMPURE = (
    *("asyncio", "asyncpg", "fastapi", "faststream", "logging", "nats", "natsrpy", "os", "pathlib", "random"),
    *("secrets", "socket", "structlog", "subprocess", "time"),
)


class Plant(NamedTuple):
    """A line that must not pass, where it is put, and the contract that has to notice."""

    contract: str
    module: str
    line: str

    @property
    def importer(self) -> str:
        """The dotted name of the module that it is put into."""
        return self.module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def imported(self) -> list[str]:
        """What the line imports, as the linter has to report it."""
        if self.line.startswith("from "):
            return [self.line.split()[1]]
        return [] if self.module.endswith("unlisted.py") else self.line.removeprefix("import ").split(", ")


PLANTS = (
    Plant("house", "clic_contracts/subject.py", "import clic_chassis.error"),
    Plant("house", "clic_chassis/clock.py", "import clic_routing"),
    Plant("house", "clic_deadlines/__init__.py", "import clic"),
    Plant("sideways", "clic_routing/__init__.py", "import clic_intake"),
    Plant("sideways", "clic_reporting/__init__.py", "import clic_deadlines.core"),
    Plant("inside", "clic_intake/core/term.py", "import clic_intake.seal"),
    Plant("inside", "clic_intake/seal.py", "import clic_intake.app"),
    Plant("inside", "clic_routing/app.py", "import clic_routing.__main__"),
    Plant("inside", "clic_routing/unlisted.py", "import json"),
    Plant("small", "clic_deadlines/core/planted.py", "from clic_chassis.clock import SystemClock"),
    Plant("small", "clic_reporting/core/planted.py", "import clic_chassis.log"),
    Plant("words", "clic_contracts/subject.py", "import nats"),
    Plant("words", "clic_contracts/client/publisher.py", "import yaml"),
    Plant("pure", "clic_chassis/decider.py", "import asyncio"),
    *(Plant("pure", f"{service}/core/planted.py", f"import {', '.join(IMPURE)}") for service in SERVICES),
)


def _contracts() -> dict[str, str]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {each["id"]: each["name"] for each in config["tool"]["importlinter"]["contracts"]}


def _packages() -> list[Path]:
    return [
        package
        for pattern in SOURCES
        for source in ROOT.glob(pattern)
        for package in source.iterdir()
        if (package / "__init__.py").exists()
    ]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of every package and of the rules, to break."""
    for package in _packages():
        shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def _lint(folder: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    chosen = [part for contract in contracts for part in ("--contract", contract)]
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", *chosen],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        timeout=LINT_S_MAX,
        check=False,
    )


def test_every_import_rule_of_the_house_is_kept(house: Path) -> None:
    """`clic → services → chassis → contracts`, never sideways, never back; cores without I/O."""
    result = _lint(house)

    assert result.returncode == 0, result.stdout + result.stderr
    assert all(f"{name} KEPT" in result.stdout for name in _contracts().values()), result.stdout


def test_every_import_rule_has_a_planted_violation() -> None:
    """A rule that cannot fail proves nothing."""
    assert set(_contracts()) == {plant.contract for plant in PLANTS}


@pytest.mark.slow
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.contract}-{plant.module}")
def test_a_planted_import_breaks_its_rule_and_the_rule_is_named(house: Path, plant: Plant) -> None:
    """Each rule fails when it should, for the reason that it should."""
    module = house / plant.module
    before = module.read_text(encoding="utf-8") if module.exists() else '"""Planted."""\n'
    module.write_text(f"{before}\n{plant.line}\n", encoding="utf-8")

    result = _lint(house, plant.contract)

    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{_contracts()[plant.contract]} BROKEN" in result.stdout, result.stdout
    assert plant.importer in result.stdout, result.stdout
    assert all(name in result.stdout for name in plant.imported), result.stdout


def _third_party(folder: Path) -> dict[str, set[str]]:
    """What every module under a folder imports from outside the house and the standard library."""
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*.py"):
        outside = {top for top in imported(path) if not top.startswith("clic")}
        found.setdefault(path.name, set()).update(outside)
    return found


def test_the_contracts_need_pydantic_alone_and_the_client_nats(tmp_path: Path) -> None:
    """An allow-list beside the rule `words`, which can only name what it knows; proved by a planted import."""
    pydantic = {"pydantic", "pydantic_core"}  # One library in two distributions; the second holds its custom errors.
    clients = ("connection.py", "delivery.py", "publisher.py", "feed_connection.py", "subscriber.py")
    allowed = dict.fromkeys(clients, pydantic | {"nats"})

    def strangers(folder: Path) -> dict[str, set[str]]:
        return {
            name: extra
            for name, imports in _third_party(folder).items()
            if (extra := imports - allowed.get(name, pydantic))
        }

    assert strangers(ROOT / "contracts" / "src" / "clic_contracts") == {}
    (tmp_path / "planted.py").write_text("import attrs\nfrom nats.aio import client\n", encoding="utf-8")
    assert strangers(tmp_path) == {"planted.py": {"attrs", "nats"}}
