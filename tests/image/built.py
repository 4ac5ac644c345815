"""Images built by buildah from the Dockerfile as it is, on a base of Debian's packages, and run as Kubernetes would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.place import ROOT, TOWN_DIR

SERVICES = ("routing", "intake", "deadlines", "reporting")
IMAGE_FOLDER = ROOT / "deploy" / "image"
BUILD_S_MAX = 900.0
RUN_S_MAX = 120.0


@dataclass
class Workshop:
    """A store of images of its own, removed with its folder."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def _store(self) -> list[str]:
        return [
            "--root",
            str(self.folder / "store"),
            "--runroot",
            str(self.folder / "run"),
            "--storage-driver",
            "overlay",
        ]

    def buildah(self, *arguments: str, timeout_s: float = RUN_S_MAX) -> str:
        """Run buildah on this store; gives what it printed.

        Raises:
            AssertionError: it failed; with what it said.
        """
        result = subprocess.run(
            ["buildah", *self._store, *arguments],
            cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip
        assert result.returncode == 0, f"buildah {' '.join(arguments)}:\n{result.stderr[-4000:]}"
        return result.stdout.strip()

    def make_base(self) -> None:
        """Debian's packages, unpacked, as an image `base`."""
        root = self.folder / "base"
        subprocess.run(
            [IMAGE_FOLDER / "base.sh", root], check=True, capture_output=True, text=True, timeout=BUILD_S_MAX
        )
        container = self.buildah("from", "scratch")
        mounted = self.buildah("mount", container)
        subprocess.run(["cp", "-a", f"{root}/.", mounted], check=True)
        self.buildah("commit", "--quiet", "--rm", container, "localhost/base:1", timeout_s=BUILD_S_MAX)

    def build(self, *members: str) -> None:
        """Build by the same script that people run."""
        cache = Path(os.environ.get("UV_CACHE_DIR", Path.home() / ".cache" / "uv"))
        cache.mkdir(parents=True, exist_ok=True)
        options = [  # What a closed network needs: its authorities, and what `make setup` has fetched already.
            "--isolation chroot --volume /etc/ssl/certs:/etc/ssl/certs:ro",
            f"--volume {cache}:{Path('/', 'root', '.cache', 'uv')}",
        ]
        result = subprocess.run(
            [IMAGE_FOLDER / "build.sh", *members],
            env={
                **os.environ,
                "ENGINE": " ".join(["buildah", *self._store]),
                "BASE": "localhost/base:1",
                "TAG": "test",
                "PREFIX": "localhost/",
                "SOURCE_DATE_EPOCH": "1767225600",
                "OPTIONS": " ".join(options),
                **self.environment,
            },
            capture_output=True,
            text=True,
            timeout=BUILD_S_MAX,
            check=False,
        )
        assert result.returncode == 0, f"{result.stdout[-3000:]}{result.stderr[-3000:]}"

    def image(self, member: str) -> Image:
        """A built image, mounted."""
        container = self.buildah("from", "--pull-never", f"localhost/clic-{member}:test")
        root = self.buildah("mount", container)
        config = json.loads(self.buildah("inspect", "--type", "image", f"localhost/clic-{member}:test"))
        return Image(member, Path(root), config["OCIv1"], config["FromImageDigest"])

    def close(self) -> None:
        """Unmount everything."""
        self.buildah("rm", "--all")


@dataclass(frozen=True)
class Image:
    """What is in an image, laid out."""

    member: str
    root: Path
    document: dict[str, Any]
    """Its configuration as OCI has it."""
    digest: str

    @property
    def config(self) -> dict[str, Any]:
        """User, environment, entry point, labels."""
        found: dict[str, Any] = self.document["config"]
        return found

    @cached_property
    def site(self) -> Path:
        """Where its distributions are."""
        return next(self.root.glob("app/lib/python3*/site-packages"))

    @property
    def bytes(self) -> int:
        """What it takes unpacked; what has several names counts once."""
        found = [path.lstat() for path in self.root.rglob("*")]
        files = {each.st_ino: each.st_size for each in found}
        return sum(files.values())

    def command(
        self,
        folder: Path,
        arguments: Sequence[str] | None = None,
        *,
        settings: Mapping[str, str] = {},
        writable_tmp: bool = True,
    ) -> list[str]:
        """What runs it jailed: its entry point, or other arguments. Files that settings name go along."""
        environment = dict(each.split("=", 1) for each in self.config["Env"])
        files: dict[str, str] = {}
        for name, value in settings.items():
            if name.endswith("_FILE") and Path(value).is_file():
                files[name] = Path(value).read_bytes().hex()
                value = str(Path("/", "tmp", name))  # noqa: PLW2901 - the same file, inside
            environment[name] = value
        environment["CLIC_TOWN_DIR"] = "/town"
        command = list(arguments or [str(Path("/app/bin", *self.config["Entrypoint"]))])
        spec = {
            "root": str(self.root),
            "town": str(TOWN_DIR),
            "command": command,
            "environment": environment,
            "files": files,
            "writable_tmp": writable_tmp,
        }
        path = folder / f"{self.member}-jail.json"
        path.write_text(json.dumps(spec), encoding="utf-8")
        path.chmod(0o600)
        return [sys.executable, str(Path(__file__).with_name("jail.py")), str(path)]

    def run(self, folder: Path, *arguments: str, writable_tmp: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in it to its end."""
        return subprocess.run(
            self.command(folder, arguments, writable_tmp=writable_tmp),
            capture_output=True, text=True, timeout=RUN_S_MAX, check=False,
        )  # fmt: skip
