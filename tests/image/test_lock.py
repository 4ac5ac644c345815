"""What images are made of: locks that follow the house's, a Dockerfile without known faults, bills of materials."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.image.sbom import components, document
from tests.place import ROOT

FOLDER = ROOT / "deploy" / "image"
MEMBERS = {
    "routing": "services/routing", "intake": "services/intake", "deadlines": "services/deadlines",
    "reporting": "services/reporting", "ops": "deploy/embedded",
}  # fmt: skip
OURS = {"clic-contracts": "contracts", "clic-chassis": "chassis", "clic": "deploy/embedded"} | {
    f"clic-{name}": place for name, place in MEMBERS.items() if name != "ops"
}
HASH = re.compile(r"sha256:[0-9a-f]{64}")


def _entries(lock: Path) -> dict[str, set[str]]:
    """Hashes by `name==version`."""
    found: dict[str, set[str]] = {}
    for entry in re.split(r"\n(?=\S)", lock.read_text("utf-8")):
        pinned = entry.split()[0]
        found[pinned] = set(HASH.findall(entry))
    return found


def _needs(name: str, extras: frozenset[str]) -> list[Requirement]:
    """What a distribution asks for, ours by its own pyproject: what is installed editable may be older."""
    if name in OURS:
        project = tomllib.loads((ROOT / OURS[name] / "pyproject.toml").read_text("utf-8"))["project"]
        optional = project.get("optional-dependencies", {})
        lines = [*project["dependencies"], *(line for extra in extras for line in optional.get(extra, ()))]
        return [Requirement(line) for line in lines]
    needs = [Requirement(line) for line in importlib.metadata.distribution(name).requires or ()]
    return [
        each
        for each in needs
        if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in {"", *extras})
    ]


def _closure(name: str) -> set[str]:
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(name, frozenset[str]())]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting.extend((canonicalize_name(each.name), frozenset(each.extras)) for each in _needs(*current))
    return {each for each, _ in seen}


@pytest.mark.parametrize("member", [*MEMBERS, "tools"])
def test_an_images_lock_is_a_part_of_the_houses(member: str) -> None:
    """The same versions and hashes: what the tests ran with is what is deployed. `make lock` makes both."""
    house = _entries(ROOT / "requirements.lock")
    mine = _entries(FOLDER / f"{member}.lock")
    uv = {name: mine.pop(name) for name in list(mine) if name.startswith("uv==")}  # Which brings the rest, by itself.

    assert mine
    assert {name for name, hashes in mine.items() if not hashes or house.get(name) != hashes} == set()
    assert all(uv.values())


@pytest.mark.parametrize("member", MEMBERS)
def test_an_images_lock_names_what_its_member_needs_and_nothing_else(member: str) -> None:
    """A dependency that was added or has gone asks for `make lock`."""
    name = "clic" if member == "ops" else f"clic-{member}"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"

    assert {each for each, _ in components(member, python_version=version)} == _closure(name)


def test_a_lock_of_another_version_is_found(tmp_path: Path) -> None:
    """The proof that the comparison above can fail."""
    planted = tmp_path / "planted.lock"
    planted.write_text("pydantic==2.0.0 \\\n    --hash=sha256:" + "0" * 64 + "\n", "utf-8")
    house = _entries(ROOT / "requirements.lock")

    assert [name for name, hashes in _entries(planted).items() if house.get(name) != hashes] == ["pydantic==2.0.0"]


@pytest.mark.parametrize(
    ("line", "rule"),
    [(None, None), ("RUN sudo true", "DL3004"), ("FROM debian:latest", "DL3007"), ('CMD echo "$PATH"', "DL3025")],
)
def test_the_dockerfile_has_no_known_fault(line: str | None, rule: str | None, tmp_path: Path) -> None:
    """By hadolint; and a fault that is planted is found."""
    text = (FOLDER / "Dockerfile").read_text("utf-8")
    (tmp_path / "Dockerfile").write_text(text if line is None else f"{text}\n{line}\n", "utf-8")

    result = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), "--format", "json", tmp_path / "Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )

    found = {each["code"] for each in json.loads(result.stdout)}
    assert found == set() if rule is None else rule in found


def test_a_bill_of_materials_is_the_same_each_time_and_names_each_part() -> None:
    bill = json.loads(document("intake"))

    assert document("intake") == document("intake")
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "clic-intake"
    assert {(each["name"], each["version"]) for each in bill["components"]} == set(components("intake"))
    assert all(each["purl"].startswith("pkg:pypi/") for each in bill["components"])
    assert [each["ref"] for each in bill["dependencies"] if each.get("dependsOn")] == ["clic-intake"]


def test_a_bill_leaves_out_what_is_for_another_system() -> None:
    """The lock is for every system; an image is not."""
    assert "colorama" in (FOLDER / "routing.lock").read_text("utf-8")
    assert "colorama" not in {name for name, _ in components("routing")}
