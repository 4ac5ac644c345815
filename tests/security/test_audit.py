"""The audit finds what is vulnerable, says when it could ask nobody, and lets an exception end."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.place import ROOT
from tests.security.audit import Known, judge

TODAY = dt.date(2026, 3, 2)
FOUND = {
    "dependencies": [
        {
            "name": "Jinja2",
            "version": "2.10",
            "vulns": [{"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"], "aliases": ["CVE-2019-10906"]}],
        },
        {"name": "pydantic", "version": "2.14.4", "vulns": []},
    ]
}
CLEAN: dict[str, Any] = {"dependencies": [{"name": "pydantic", "version": "2.14.4", "vulns": []}]}


def _known(until: dt.date = TODAY, vulnerability: str = "CVE-2019-10906") -> Known:
    return Known(vulnerability, "jinja2", "Templates are our own.", until)


def test_what_is_vulnerable_is_wrong_and_says_what_mends_it() -> None:
    verdict = judge(FOUND, [], TODAY)

    assert verdict.wrong == ["jinja2 2.10: PYSEC-2019-217, mended in 2.10.1"]
    assert judge(CLEAN, [], TODAY).wrong == []


def test_an_exception_holds_until_its_day_for_its_package_and_vulnerability() -> None:
    assert judge(FOUND, [_known()], TODAY).wrong == []
    assert len(judge(FOUND, [_known()], TODAY).accepted) == 1
    assert judge(FOUND, [_known(TODAY - dt.timedelta(days=1))], TODAY).wrong[0].endswith("2026-03-01, which is past")
    assert len(judge(FOUND, [_known(vulnerability="CVE-2020-1")], TODAY).wrong) == 2


def test_an_exception_that_excuses_nothing_is_wrong() -> None:
    assert judge(CLEAN, [_known()], TODAY).wrong == ["jinja2 CVE-2019-10906: accepted, and not found"]


@pytest.mark.parametrize(
    "entry",
    [
        {"id": "X-1", "package": "a", "until": TODAY},
        {"id": "X-1", "package": "a", "reason": " ", "until": TODAY},
        {"id": "X-1", "package": "a", "reason": "It is so.", "until": "some day"},
        {"id": "X-1", "package": "a", "reason": "It is so.", "until": TODAY, "by": "me"},
    ],
)
def test_an_exception_without_a_reason_or_a_day_is_none(entry: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="until"):
        Known.of(entry)


def test_what_nobody_could_be_asked_about_is_no_success() -> None:
    """pip-audit skips what the index does not know, and ends well."""
    skipped = {"dependencies": [{"name": "pydantic", "skip_reason": "Dependency not found on PyPI"}]}

    verdict = judge(skipped, [_known()], TODAY)

    assert (verdict.not_asked, verdict.asked, verdict.wrong) == (["pydantic"], 0, [])


class _Vulnerabilities(BaseHTTPRequestHandler):
    """OSV's answer (`POST /v1/query`), which knows one old version."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = (asked["package"]["name"].lower(), asked["version"]) == ("jinja2", "2.10")
        body = json.dumps({"vulns": [_advisory()]} if known else {}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: it would go to the test's output."""


def _advisory() -> dict[str, Any]:
    affected = {
        "package": {"name": "jinja2", "ecosystem": "PyPI"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.10.1"}]}],
        "versions": ["2.10"],
    }
    return {
        "id": "PYSEC-2019-217", "aliases": ["CVE-2019-10906"], "summary": "Sandbox escape", "affected": [affected],
        "details": "", "published": "2019-04-07T00:29:00Z", "modified": "2019-04-07T00:29:00Z",
    }  # fmt: skip


@pytest.fixture
def osv_url() -> Iterator[str]:
    """A server that answers as OSV does."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Vulnerabilities)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("version", "exit_code", "told"),
    [("2.10", 1, "VULNERABLE: jinja2 2.10: PYSEC-2019-217"), ("3.1.6", 0, "1 distributions audited, 0 wrong")],
)
def test_a_planted_old_version_fails_the_command(
    version: str, exit_code: int, told: str, osv_url: str, tmp_path: Path
) -> None:
    """The whole way, by pip-audit itself and a server of vulnerabilities."""
    (tmp_path / "planted.lock").write_text(f"jinja2=={version}\n", "utf-8")
    (tmp_path / "none.toml").write_text("", "utf-8")
    arguments = [str(tmp_path / "planted.lock"), "--exceptions", str(tmp_path / "none.toml")]

    result = subprocess.run(
        [sys.executable, "-m", "tests.security.audit", *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "CLIC_OSV_URL": osv_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert told in result.stdout + result.stderr
    assert result.returncode == exit_code
