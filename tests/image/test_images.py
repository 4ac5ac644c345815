"""The images as they are built: what is in them, what is not, and that each starts as Kubernetes would start it."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest
from tests.image.built import SERVICES, Image
from tests.image.sbom import components
from tests.system.house import House, open_house

from clic_chassis.embedded.server_process import start_process

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

MEGABYTES_MAX = {"routing": 200, "intake": 200, "deadlines": 200, "reporting": 460}
"""Unpacked, in 10⁶ bytes. docs/ops/images.md says what of reporting's weighs what."""
TOOLS = (
    "sh", "bash", "dash", "busybox", "apt", "apt-get", "dpkg", "pip", "pip3", "uv", "gcc", "cc", "ld", "make", "git",
    "curl", "wget", "perl", "su", "sudo", "mount",
)  # fmt: skip
WRITES = """
import os, sys
def refused(path):
    try:
        open(path, "w").close()
    except OSError as error:
        return error.strerror
    os.unlink(path)
    return None
status = dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
print({"uid": os.getresuid(), "gid": os.getresgid(), "groups": os.getgroups(), "root": refused("/x"),
       "app": refused("/app/x"), "town": refused("/town/x"), "tmp": refused(os.path.join("/tmp", "x")),
       "dev": refused("/dev/x"),
       "capabilities": {name: status[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")},
       "no_new_privileges": status["NoNewPrivs"], "processes": sorted(p for p in os.listdir("/proc") if p.isdigit())})
"""
IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
for top in sys.argv[1].split(","):
    for each in pkgutil.walk_packages(importlib.import_module(top).__path__, top + "."):
        if "__main__" not in each.name and each.name not in ("clic_chassis.testing", "clic_chassis.testing_docker") \\
                and not each.name.startswith("clic_chassis.embedded"):
            importlib.import_module(each.name)
import zoneinfo, ssl
zoneinfo.ZoneInfo("America/Toronto")
assert len(ssl.create_default_context().get_ca_certs()) > 100
print("imported", len([name for name in sys.modules if name.startswith("clic")]))
"""
NEEDED_BY_FIGURES = """
import altair, vl_convert, typst, tempfile, pathlib, io, pyarrow, pyarrow.parquet, pyarrow.compute
assert vl_convert.vegalite_to_svg({"data": {"values": [{"a": 1}]}, "mark": "bar", "encoding": {"x": {"field": "a"}}})
page = pathlib.Path(tempfile.mkdtemp(), "page.typ")
page.write_text("= Montant dû")
assert typst.compile(page).startswith(b"%PDF")
file = io.BytesIO()
pyarrow.parquet.write_table(pyarrow.table({"a": pyarrow.compute.add([1, 2], 1)}), file, compression="zstd")
# Read as we do, without threads: a process that ends while Arrow starts them is aborted by it.
assert pyarrow.parquet.ParquetFile(file).read(use_threads=False).to_pydict() == {"a": [2, 3]}
print("drawn, set and written")
"""


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """Real NATS and PostgreSQL, with the users and databases of services."""
    with open_house() as made:
        yield made


@pytest.fixture(params=SERVICES)
def image(request: pytest.FixtureRequest, images: dict[str, Image]) -> Image:
    """Each of them."""
    return images[request.param]


def test_an_image_is_small(image: Image) -> None:
    assert image.bytes / 1e6 <= MEGABYTES_MAX[image.member]


def test_an_image_says_who_it_is_and_runs_as_a_number(image: Image) -> None:
    """Kubernetes can only tell a number from root (`runAsNonRoot`)."""
    assert image.config["User"] == "10001:10001"
    assert image.config["Entrypoint"] == ["clic-image"]
    assert list(image.config["ExposedPorts"]) == ["8080/tcp"]
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in image.config["Labels"].items()}
    assert labels["title"] == f"clic-{image.member}"
    assert labels["created"] == "2026-01-01T00:00:00Z"
    assert labels["version"] == "0.1.0"
    assert len(labels["revision"]) == 40
    assert not [each for each in image.config["Env"] if "SECRET" in each or "PASSWORD" in each or "TOKEN" in each]


def test_an_image_holds_no_tool_and_nothing_that_gives_rights(image: Image) -> None:
    found = {path.relative_to(image.root): path.lstat() for path in image.root.rglob("*")}

    assert [str(path) for path in found if path.name in TOOLS] == []
    loose = stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH
    rights = {str(path) for path, each in found.items() if each.st_mode & loose and not stat.S_ISLNK(each.st_mode)}
    assert rights == {"tmp"}
    assert {each.st_uid for each in found.values()} == {0}
    assert not any("tests" in path.parts and "numpy" in path.parts for path in found)
    assert not (image.root / "etc" / "shadow").exists()


def test_an_image_trusts_the_authorities_of_debian_and_not_of_whoever_built_it(image: Image) -> None:
    package = sorted((image.root / "etc/ssl/certs").iterdir())

    assert [each.name for each in package] == ["ca-certificates.crt"]
    assert package[0].read_text("utf-8").count("BEGIN CERTIFICATE") > 100


def test_an_image_holds_what_its_lock_names_and_nothing_else(image: Image) -> None:
    """The bill of materials is exact: what stands in site-packages, name by name and version by version."""
    version = image.site.parent.name.removeprefix("python")
    there = {(each.name.lower().replace("_", "-"), each.version) for each in distributions(path=[str(image.site)])}

    assert there == set(components(image.member, python_version=version))


def test_every_module_of_a_service_imports_in_its_image(image: Image, tmp_path: Path) -> None:
    """Nothing was taken out that something needs, and all was compiled ahead: nothing could be written anyway."""
    ours = f"clic_contracts,clic_chassis,clic_{image.member}"

    result = image.run(tmp_path, "/app/bin/python", "-c", IMPORT_EVERYTHING, ours)

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("imported")
    assert not [path for path in image.site.glob("clic*/**/*.py") if not _compiled(path).exists()]


def _compiled(path: Path) -> Path:
    return next((path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"), path.with_suffix(".missing"))


def test_reporting_draws_sets_and_writes_with_what_was_left_of_its_libraries(
    images: dict[str, Image], tmp_path: Path
) -> None:
    result = images["reporting"].run(tmp_path, "/app/bin/python", "-c", NEEDED_BY_FIGURES)

    assert result.returncode == 0, result.stderr
    assert result.stdout == "drawn, set and written\n"


def test_the_jail_is_one(images: dict[str, Image], tmp_path: Path) -> None:
    """What the next test proves is worth what the jail is: no rights, and nothing to write to but /tmp."""
    result = images["routing"].run(tmp_path, "/app/bin/python", "-c", WRITES)

    assert result.returncode == 0, result.stderr
    said = eval(result.stdout)  # A literal that the script above printed.
    read_only = "Read-only file system"
    assert {key: said[key] for key in ("root", "app", "town", "dev", "tmp")} == {
        **dict.fromkeys(("root", "app", "town", "dev"), read_only),
        "tmp": None,
    }
    assert said["uid"] == said["gid"] == (10001,) * 3
    assert said["groups"] == []
    assert set(said["capabilities"].values()) == {"0" * 16}
    assert said["no_new_privileges"] == "1"
    assert said["processes"] == ["1"]


async def test_the_four_images_start_with_real_servers_serve_and_stop_when_told(
    images: dict[str, Image], house: House, tmp_path: Path
) -> None:
    """Entry point, read-only root, 10001, no capability; ready within the bound; SIGTERM ends well as process 1."""
    for name in SERVICES:
        house.stop(name)
    for name, image in images.items():
        settings = {key: value for key, value in house.environment(name).items() if key.startswith("CLIC_")}
        command = image.command(tmp_path, settings=settings)
        house.services[name] = start_process(tmp_path, command, house.folder / name / "log.jsonl")

    await house.ready()

    for name in SERVICES:
        [inside] = house.services[name].process.children()
        assert inside.uids() == (10001,) * 3, name
        assert str(inside.cwd()).endswith("tmp"), name
        assert "clic_" in (await house.metrics(name)), name
    await asyncio.gather(*(asyncio.to_thread(house.stop, name) for name in SERVICES))


async def test_an_image_without_settings_says_which_are_missing(images: dict[str, Image], tmp_path: Path) -> None:
    """Also without anything to write to at all."""
    result = images["intake"].run(tmp_path, "/app/bin/clic-image", writable_tmp=False)

    assert result.returncode == 2
    assert "CLIC_" in result.stderr
