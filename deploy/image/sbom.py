"""`sbom.py FOLDER [MEMBER …]`: a bill of materials for each image, in CycloneDX, from the lock that it is made of."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.markers import default_environment
from packaging.requirements import Requirement

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
MEMBERS = ("intake", "routing", "deadlines", "reporting", "ops")
PYTHON_VERSION = "3.13"
"""Of the Dockerfile's base."""
OURS = {
    "clic-contracts": "contracts", "clic-chassis": "chassis", "clic-intake": "services/intake",
    "clic-routing": "services/routing", "clic-deadlines": "services/deadlines", "clic-reporting": "services/reporting",
    "clic": "deploy/embedded",
}  # fmt: skip
_LOCKED = re.compile(r"^[A-Za-z0-9][^\s;]*==")


def components(member: str, *, python_version: str = PYTHON_VERSION) -> Iterator[tuple[str, str]]:
    """Name and version of each distribution in an image on this version of Python."""
    environment = {str(name): str(value) for name, value in default_environment().items()}
    environment |= {"python_version": python_version, "python_full_version": f"{python_version}.0"}
    environment |= {"sys_platform": "linux", "platform_system": "Linux", "platform_python_implementation": "CPython"}
    for line in (FOLDER / f"{member}.lock").read_text("utf-8").splitlines():
        if _LOCKED.match(line):
            need = Requirement(line.rstrip(" \\"))
            if need.marker is None or need.marker.evaluate(environment):
                [pinned] = need.specifier
                yield need.name.lower(), pinned.version
    ours = OURS if member == "ops" else ("clic-contracts", "clic-chassis", f"clic-{member}")
    for name in ours:
        project = tomllib.loads((ROOT / OURS[name] / "pyproject.toml").read_text("utf-8"))["project"]
        yield name, project["version"]


def document(member: str, *, python_version: str = PYTHON_VERSION) -> str:
    """The bill of one image, without the instant and the random number that would make each another."""
    image = Component(name=f"clic-{member}", type=ComponentType.CONTAINER, bom_ref=f"clic-{member}")
    parts = [_component(name, version) for name, version in sorted(components(member, python_version=python_version))]
    bom = Bom(components=parts)
    bom.metadata.component = image
    bom.register_dependency(image, parts)
    bill = json.loads(make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    del bill["serialNumber"], bill["metadata"]["timestamp"]
    return json.dumps(bill, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _component(name: str, version: str) -> Component:
    where = PackageURL("pypi", None, name, version)
    return Component(name=name, version=version, type=ComponentType.LIBRARY, purl=where, bom_ref=str(where))


def main(folder: Path, members: tuple[str, ...]) -> None:
    """Write the bills."""
    folder.mkdir(parents=True, exist_ok=True)
    for member in members:
        (folder / f"clic-{member}.cdx.json").write_text(document(member), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), tuple(sys.argv[2:]) or MEMBERS)
