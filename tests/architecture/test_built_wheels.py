"""What ships is the wheel: each member's is built, unpacked where only its declared dependencies are, and imported."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.architecture.imported import imported
from tests.place import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MEMBERS = {
    "clic-contracts": "contracts",
    "clic-chassis": "chassis",
    "clic-intake": "services/intake",
    "clic-routing": "services/routing",
    "clic-deadlines": "services/deadlines",
    "clic-reporting": "services/reporting",
    "clic": "deploy/embedded",
}
BUILD_S_MAX = 120
IMPORT_S_MAX = 240
"""Everything is compiled first: reporting alone takes half a minute where two processors are shared."""
SAME_LIBRARY = {"pydantic_core": "pydantic"}  # Released and pinned together; the one cannot be had without the other.
CLIENTS = "clic_contracts.client,clic_contracts.feed_connection,clic_contracts.subscriber"
"""What needs the extra `client`."""
IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
for top in sys.argv[1].split(","):
    for each in pkgutil.walk_packages(importlib.import_module(top).__path__, top + "."):
        if not each.name.endswith("__main__") and each.name not in sys.argv[2].split(","):
            importlib.import_module(each.name)
print("imported", len([name for name in sys.modules if name.startswith("clic")]))
"""


def _project(member: str) -> dict[str, object]:
    project: dict[str, object] = tomllib.loads((ROOT / MEMBERS[member] / "pyproject.toml").read_text("utf-8"))[
        "project"
    ]
    return project


def _package(member: str) -> Path:
    return ROOT / MEMBERS[member] / "src" / member.replace("-", "_")


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel of every member, built by its own backend without reaching for a network."""
    folder = tmp_path_factory.mktemp("wheels")
    for place in MEMBERS.values():
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
            cwd=ROOT / place,
            check=True,
            capture_output=True,
            timeout=BUILD_S_MAX,
        )
    return {canonicalize_name(wheel.name.split("-")[0]): wheel for wheel in folder.glob("*.whl")}


def _requirements(name: str, wheels: dict[str, Path]) -> list[Requirement]:
    """What a distribution says that it needs: ours by the built wheel's metadata, others' by the installed one's."""
    if name in wheels:
        with zipfile.ZipFile(wheels[name]) as wheel:
            path = next(each for each in wheel.namelist() if each.endswith(".dist-info/METADATA"))
            lines = wheel.read(path).decode().splitlines()
        prefix = "Requires-Dist: "
        return [Requirement(line.removeprefix(prefix)) for line in lines if line.startswith(prefix)]
    return [Requirement(line) for line in importlib.metadata.distribution(name).requires or ()]


def _closure(name: str, extras: frozenset[str], wheels: dict[str, Path]) -> set[str]:
    """Every distribution that installing this one brings, each in a version that was asked for."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(name, extras)]
    while waiting:
        current, chosen = waiting.pop()
        if (current, chosen) in seen:
            continue
        seen.add((current, chosen))
        for need in _requirements(current, wheels):
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in {"", *chosen}):
                needed = canonicalize_name(need.name)
                if needed not in wheels:
                    assert need.specifier.contains(importlib.metadata.version(needed), prereleases=True), str(need)
                waiting.append((needed, frozenset(need.extras)))
    return {current for current, _ in seen}


def _install(folder: Path, member: str, wheels: dict[str, Path], *, extras: Iterable[str] = ()) -> Path:
    """An environment with this member and what it declares, and nothing else; gives its python.

    A pure wheel installs by unpacking it. The others are linked from this environment, file by file and only those that
    the metadata asks for: what is not declared is not there, and no network is needed.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    for name in _closure(member, frozenset(extras), wheels):
        if name in wheels:
            with zipfile.ZipFile(wheels[name]) as wheel:
                wheel.extractall(site)
            continue
        for file in importlib.metadata.distribution(name).files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                link = site.joinpath(*file.parts)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(Path(str(file.locate())).resolve())
    return folder / "bin" / "python"


def _import_all(python: Path, packages: str, *, but: str = "") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CLIC_"))}
    return subprocess.run(
        [python, "-I", "-c", IMPORT_EVERYTHING, packages, but],
        env=environment,
        capture_output=True,
        text=True,
        timeout=IMPORT_S_MAX,
        check=False,
    )


@pytest.mark.parametrize("member", MEMBERS)
def test_a_wheel_carries_every_file_of_its_package(member: str, wheels: dict[str, Path]) -> None:
    """SQL, templates and the typing marker ship with the code that reads them."""
    package = _package(member)
    files = {
        f"{package.name}/{path.relative_to(package).as_posix()}"
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    with zipfile.ZipFile(wheels[member]) as wheel:
        assert files - set(wheel.namelist()) == set()
    assert f"{package.name}/py.typed" in files


def test_the_contracts_work_with_pydantic_and_nothing_else(tmp_path: Path, wheels: dict[str, Path]) -> None:
    """A publisher in Python needs `clic-contracts` alone; its NATS client is an extra."""
    result = _import_all(_install(tmp_path, "clic-contracts", wheels), "clic_contracts", but=CLIENTS)

    assert result.returncode == 0, result.stderr
    assert "nats-py" not in _closure("clic-contracts", frozenset(), wheels)


def test_without_its_extra_the_publishers_client_does_not_import(tmp_path: Path, wheels: dict[str, Path]) -> None:
    """The proof that an undeclared dependency would be noticed here: the environment holds nothing else."""
    result = _import_all(_install(tmp_path, "clic-contracts", wheels), "clic_contracts")

    assert result.returncode == 1
    assert "No module named 'nats'" in result.stderr


@pytest.mark.parametrize(
    ("member", "extras"),
    [("clic-chassis", ("embedded", "testing")), *((member, ()) for member in MEMBERS if "services" in MEMBERS[member])],
)
def test_a_member_imports_with_what_it_declares(
    member: str, extras: tuple[str, ...], tmp_path: Path, wheels: dict[str, Path]
) -> None:
    """Each member installs and ships alone: every module of it imports without the rest of the house."""
    result = _import_all(_install(tmp_path, member, wheels, extras=extras), _package(member).name)

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("imported"), result.stdout


def test_the_command_is_installed_with_everything_that_it_starts(tmp_path: Path, wheels: dict[str, Path]) -> None:
    """`clic` brings the four services, and its entry point loads."""
    python = _install(tmp_path, "clic", wheels)

    result = _import_all(python, "clic,clic_intake,clic_routing,clic_deadlines,clic_reporting")
    entry = subprocess.run(
        [python, "-I", "-c", "from importlib.metadata import entry_points as e; [s.load() for s in e(name='clic')][0]"],
        capture_output=True,
        text=True,
        timeout=IMPORT_S_MAX,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert entry.returncode == 0, entry.stderr


def _declared(project: dict[str, object]) -> set[str]:
    """The distributions that a member's own pyproject names, extras included; our extras count as what they bring."""
    lists: list[list[str]] = [project.get("dependencies", [])]  # type: ignore[list-item]  # TOML, checked by hatchling.
    optional: dict[str, list[str]] = project.get("optional-dependencies", {})  # type: ignore[assignment]  # The same.
    lists.extend(optional.values())
    return {canonicalize_name(Requirement(line).name) for lines in lists for line in lines}


def _undeclared(source: Path, declared: set[str]) -> Iterator[str]:
    """Third-party imports under a folder whose distribution is not declared."""
    providers = importlib.metadata.packages_distributions()
    for path in sorted(source.rglob("*.py")):
        for top in imported(path) - {source.name}:
            candidates = {canonicalize_name(each) for each in providers.get(top, [top])}
            if not {SAME_LIBRARY.get(top, "")} & declared and not candidates & declared:
                yield f"{path.name}: {top}"


@pytest.mark.parametrize("member", MEMBERS)
def test_what_a_member_imports_it_declares(member: str) -> None:
    """A dependency that comes along with another one leaves with it too."""
    assert list(_undeclared(_package(member), _declared(_project(member)))) == []


def test_an_undeclared_import_is_found(tmp_path: Path) -> None:
    """The check above can fail; `yaml` comes from a distribution of another name."""
    (tmp_path / "planted.py").write_text("import json\nimport yaml\nfrom nats.aio.client import Client\n", "utf-8")

    assert list(_undeclared(tmp_path, {"nats-py"})) == ["planted.py: yaml"]
    assert list(_undeclared(tmp_path, {"nats-py", "pyyaml"})) == []
