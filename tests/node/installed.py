"""Node.js and what `make node` installs beside this file: fixtures for tests that compile or run TypeScript."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
MODULES = FOLDER / "node_modules"
STAMP = MODULES / ".installed"
"""Written by `make node` once everything is there."""

RUN_S_MAX = 110.0
COMPILER_OPTIONS = {
    "target": "es2022",
    "module": "nodenext",
    "strict": True,
    "noUncheckedIndexedAccess": True,
    "exactOptionalPropertyTypes": False,
    "skipLibCheck": True,
    "types": ["node"],
    "outDir": "out",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js that sees the installed packages."""

    program: str

    def project(self, folder: Path, files: Mapping[str, str]) -> Path:
        """Lay out a TypeScript project: these files by name, with the packages at hand; gives the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(json.dumps({"private": True, "type": "module"}), encoding="utf-8")
        options = {"compilerOptions": COMPILER_OPTIONS, "include": ["*.ts"]}
        (folder / "tsconfig.json").write_text(json.dumps(options), encoding="utf-8")
        if not (folder / "node_modules").exists():
            (folder / "node_modules").symlink_to(MODULES, target_is_directory=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        return folder

    def compile(self, folder: Path) -> subprocess.CompletedProcess[str]:
        """Compile a project into its `out/`; what is wrong stands in `stdout`, as tsc writes it."""
        return self.run(str(MODULES / "typescript" / "bin" / "tsc"), "--project", str(folder), cwd=folder)

    def run(
        self, script: str, *args: str, cwd: Path, env: Mapping[str, str] | None = None, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a script to its end; `env` comes on top of this process's."""
        return subprocess.run(
            [self.program, script, *args],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=RUN_S_MAX,
            check=False,
        )


@pytest.fixture(scope="session")
def node() -> Node:
    """Node.js with the installed packages."""
    return found_node()


def found_node() -> Node:
    """Node.js with the installed packages: where they are missing the tests say so; on CI that is a failure."""
    program = shutil.which("node")
    if program is None:
        _lacking("there is no Node.js here: install Debian's packages nodejs and npm, then run `make node`")
    if not STAMP.is_file():
        _lacking("what the tests need from npm is not installed: run `make node`")
    return Node(program or "")


def _lacking(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)
