"""What the tests take from npm is audited too, and that its registry says nothing is told."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.place import ROOT
from tests.security import npm_audit
from tests.security.audit import FOUND, NOT_ASKED

VERSIONS = ("4.17.20", "4.17.21")
ADVISORY = {
    "id": 1, "title": "Command Injection", "severity": "high", "vulnerable_versions": "<4.17.21", "cwe": ["CWE-94"],
    "url": "https://github.com/advisories/GHSA-35jh-r3h4-6jhm", "cvss": {"score": 7.2, "vectorString": ""},
}  # fmt: skip
ACCEPTED = (
    '[[exception]]\nid = "GHSA-35jh-r3h4-6jhm"\npackage = "npm:planted.lib"\nreason = "Unused."\nuntil = 2999-12-31\n'
)


class _Registry(BaseHTTPRequestHandler):
    """As npm's: packages, and what is known of them (`POST /-/npm/v1/security/advisories/bulk`)."""

    serves_advisories = True
    severity = "high"

    def do_GET(self) -> None:
        versions = {each: {"name": "planted.lib", "version": each} for each in VERSIONS}
        self._answer({"name": "planted.lib", "versions": versions, "dist-tags": {"latest": VERSIONS[-1]}})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = json.loads(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
        if not self.serves_advisories:
            self._answer({}, 405)
            return
        self._answer({"planted.lib": [ADVISORY | {"severity": self.severity}]} if "planted.lib" in asked else {})

    def _answer(self, said: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: it would go to the test's output."""


class Served(NamedTuple):
    """A registry, its address, and the folder of the npm that asks it."""

    registry: type[_Registry]
    url: str
    npm: str


@pytest.fixture
def served() -> Iterator[Served]:
    """A registry of the test's own."""
    npm = shutil.which("npm")
    if npm is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI installs npm for this test (.ci/run), and it is not there")
        pytest.skip("needs npm: apt-get install npm")

    class Registry(_Registry):
        """Its own answers."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Served(Registry, f"http://127.0.0.1:{server.server_port}/", str(Path(npm).parent))
    server.shutdown()
    thread.join()
    server.server_close()


def _audit(folder: Path, served: Served, version: str, *more: str, accepted: str = "") -> tuple[int, str]:
    name = "planted.lib"
    package = {"name": "planted", "version": "1.0.0", "dependencies": {name: version}}
    packages = {"": package, f"{npm_audit.INSTALLED}{name}": {"version": version}}
    lock = {"name": "planted", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": packages}
    (folder / "package.json").write_text(json.dumps(package), "utf-8")
    (folder / npm_audit.LOCK).write_text(json.dumps(lock), "utf-8")
    (folder / "accepted.toml").write_text(accepted, "utf-8")
    result = subprocess.run(
        [
            sys.executable, "-m", "tests.security.audit", str(folder / npm_audit.LOCK),
            "--exceptions", str(folder / "accepted.toml"), *more,
        ],
        cwd=ROOT,
        env={
            "PATH": f"{served.npm}:/usr/bin:/bin", "HOME": str(folder), "npm_config_registry": served.url,
            "npm_config_fetch_retries": "0", "npm_config_update_notifier": "false",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    return result.returncode, result.stdout + result.stderr


WRONG = "VULNERABLE: npm:planted.lib 4.17.20: GHSA-35jh-r3h4-6jhm, mended in 4.17.21"
CLEAN = "1 distributions audited, 0 wrong"


@pytest.mark.parametrize(
    ("version", "severity", "accepted", "outcome"),
    [
        ("4.17.20", "high", "", (FOUND, WRONG)),
        ("4.17.20", "moderate", "", (0, CLEAN)),
        ("4.17.20", "critical", ACCEPTED, (0, "accepted: npm:planted.lib 4.17.20")),
        ("4.17.21", "high", "", (0, CLEAN)),
        ("4.17.21", "high", ACCEPTED, (FOUND, "npm:planted.lib GHSA-35jh-r3h4-6jhm: accepted, and not found")),
    ],
)
def test_a_planted_old_version_fails_the_command(
    served: Served, tmp_path: Path, version: str, severity: str, accepted: str, outcome: tuple[int, str]
) -> None:
    """The whole way, by npm itself and a registry."""
    served.registry.severity = severity

    code, output = _audit(tmp_path, served, version, accepted=accepted)

    assert outcome[1] in output
    assert code == outcome[0]


def test_a_registry_that_serves_no_advisories_is_told_and_strictly_fails(served: Served, tmp_path: Path) -> None:
    """What is accepted of a package that nobody was asked about is not called unused."""
    served.registry.serves_advisories = False

    lenient = _audit(tmp_path, served, "4.17.20", accepted=ACCEPTED)
    strict = _audit(tmp_path, served, "4.17.20", "--strict")
    silent = _audit(tmp_path, served._replace(url="http://127.0.0.1:1/"), "4.17.20")

    assert [lenient[0], strict[0], silent[0]] == [0, NOT_ASKED, 0]
    assert all(
        "NOT AUDITED: 1 of 1 distributions, 1 of them npm's" in output for _, output in (lenient, strict, silent)
    )


def test_where_there_is_no_npm_nobody_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)

    report = npm_audit.ask(ROOT / "tests" / "node" / npm_audit.LOCK)

    assert {each["skip_reason"] for each in report["dependencies"]} == {"there is no npm here"}
    assert {"npm:typescript", "npm:@asyncapi/parser"} <= {each["name"] for each in report["dependencies"]}


def test_an_npm_that_fails_otherwise_is_no_silence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / npm_audit.LOCK).write_text('{"packages": {}}', "utf-8")
    npm = tmp_path / "npm"
    npm.write_text('#!/bin/sh\necho \'{"error": {"code": "ENOLOCK"}}\'; exit 1\n', "utf-8")
    npm.chmod(0o700)
    monkeypatch.setattr(shutil, "which", lambda _: str(npm))

    with pytest.raises(subprocess.CalledProcessError):
        npm_audit.ask(tmp_path / npm_audit.LOCK)
