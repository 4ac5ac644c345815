"""The town as a ConfigMap: a service reads it back as it stands in its folder, and what changes in it restarts pods."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

from tests.chart.check.manifest import Workload, of_kind
from tests.chart.rendering import BARE, manifests, merged, rendered, town
from tests.place import TOWN_DIR

from clic.keeping.backup import _tar as archive_of
from clic_chassis.town_file import read_town

CONFIG_MAP_BYTES_MAX = 1024 * 1024


def config_map(name: str = "bare") -> Any:
    (found,) = [each for each in of_kind(rendered(name), "ConfigMap") if each["metadata"]["name"].endswith("-town")]
    return found


def mounted(folder: Path, items: list[dict[str, str]], data: dict[str, str]) -> Path:
    """As kubelet lays a volume out: files in a hidden folder of their own, and links to what is on top of it."""
    hidden = folder / "..2026_11_26"
    for item in items:
        path = hidden / item["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data[item["key"]], encoding="utf-8")
    (folder / "..data").symlink_to(hidden.name)
    for top in {item["path"].partition("/")[0] for item in items}:
        (folder / top).symlink_to(Path("..data") / top)
    return folder


def test_a_service_reads_the_town_from_its_config_map(tmp_path: Path) -> None:
    """The same version: the decisions of a pod name the rules that the folder has."""
    deployment = next(of_kind(rendered("bare"), "Deployment"))
    (volume,) = [each for each in Workload(deployment).pod["volumes"] if each["name"] == "town"]
    folder = mounted(tmp_path, volume["configMap"]["items"], config_map()["data"])
    assert read_town(folder) == read_town(TOWN_DIR)


def test_a_backup_of_a_pod_holds_the_town_as_it_is(tmp_path: Path) -> None:
    """Its letters among it, and not what else a volume has beside them."""
    deployment = next(of_kind(rendered("bare"), "Deployment"))
    (volume,) = [each for each in Workload(deployment).pod["volumes"] if each["name"] == "town"]
    folder = mounted(tmp_path, volume["configMap"]["items"], config_map()["data"])
    with tarfile.open(fileobj=io.BytesIO(archive_of(folder))) as archive:
        names = archive.getnames()
    assert names == sorted(path.relative_to(TOWN_DIR).as_posix() for path in TOWN_DIR.rglob("*") if path.is_file())


def test_a_real_town_is_far_below_what_a_config_map_holds() -> None:
    """And `clic town values` refuses what is not."""
    size = sum(len(key) + len(text.encode()) for key, text in config_map()["data"].items())
    assert size < CONFIG_MAP_BYTES_MAX / 5


def test_what_changes_in_the_town_restarts_each_service() -> None:
    """A service reads its town at its start: the pods' annotation is a hash of it."""
    files = {**town()["town"]["files"], "retention.yaml": f"{town()['town']['files']['retention.yaml']}\n# Revu.\n"}

    def checksums(values: dict[str, Any]) -> list[str]:
        deployments = of_kind(manifests(values), "Deployment")
        return [each["spec"]["template"]["metadata"]["annotations"]["checksum/town"] for each in deployments]

    before, again, after = checksums(BARE), checksums(BARE), checksums(merged(BARE, {"town": {"files": files}}))
    assert before == again
    assert len(set(before)) == len(set(after)) == 1
    assert set(before) != set(after)
