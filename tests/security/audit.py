"""`python -m tests.security.audit`: fails when something that we install has a known vulnerability.

pip-audit asks the package index, or OSV where `CLIC_OSV_URL` names one; npm asks its registry. A mirror that serves
packages and no vulnerabilities makes pip-audit skip everything and call that a success, and npm fail as if something
were wrong: here it is said loudly, and `--strict` makes it fail.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from packaging.utils import canonicalize_name
from tests.place import ROOT
from tests.security import npm_audit

EXCEPTIONS = ROOT / ".ci" / "audit.toml"
LOCKS = (
    ROOT / "requirements.lock",
    ROOT / "deploy" / "image" / "tools.lock",
    ROOT / "tests" / "node" / npm_audit.LOCK,
)
ASK_S_MAX = 300.0
FOUND, NOT_ASKED = 1, 3
"""Exit codes: something is vulnerable; nobody could be asked, and `--strict` was given."""


@dataclass(frozen=True)
class Known:
    """An accepted vulnerability."""

    id: str
    package: str
    reason: str
    until: dt.date

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Known:
        """An entry of the file.

        Raises:
            ValueError: it has no reason or no day, or something that nobody reads.
        """
        if entry.keys() != {"id", "package", "reason", "until"} or not str(entry["reason"]).strip():
            raise ValueError(f"an exception has id, package, reason and until: {dict(entry)}")
        if type(entry["until"]) is not dt.date:
            raise ValueError(f"until is a date: {entry['until']}")
        return cls(entry["id"], _canonical(entry["package"]), entry["reason"], entry["until"])


@dataclass
class Verdict:
    """What an audit came to."""

    wrong: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    not_asked: list[str] = field(default_factory=list)
    asked: int = 0


def judge(report: Mapping[str, Any], exceptions: Sequence[Known], today: dt.date) -> Verdict:
    """Hold pip-audit's report, and npm's in its words, against what is accepted."""
    verdict = Verdict()
    used: set[Known] = set()
    for each in report["dependencies"]:
        name = _canonical(each["name"])
        if "skip_reason" in each:
            verdict.not_asked.append(name)
            continue
        verdict.asked += 1
        for found in each["vulns"]:
            mended = ", ".join(found["fix_versions"]) or "nothing yet"
            what = f"{name} {each['version']}: {found['id']}, mended in {mended}"
            names = {found["id"], *found["aliases"]}
            known = next((one for one in exceptions if one.package == name and one.id in names), None)
            if known is None:
                verdict.wrong.append(what)
                continue
            used.add(known)
            if known.until < today:
                verdict.wrong.append(f"{what}: accepted until {known.until}, which is past")
            else:
                verdict.accepted.append(f"{what}: until {known.until}, {known.reason}")
    if verdict.asked:
        verdict.wrong += [
            f"{each.package} {each.id}: accepted, and not found"
            for each in exceptions
            if each not in used and each.package not in verdict.not_asked
        ]
    return verdict


def _canonical(name: str) -> str:
    return name if name.startswith(npm_audit.PREFIX) else canonicalize_name(name)


def ask(lock: Path, osv_url: str | None) -> dict[str, Any]:
    """pip-audit's report on a lock, or npm's.

    Raises:
        subprocess.CalledProcessError: it could not even read it.
    """
    if lock.name == npm_audit.LOCK:
        return npm_audit.ask(lock)
    service = ["--vulnerability-service", "osv", "--osv-url", osv_url] if osv_url else []
    command = [
        str(Path(sys.executable).with_name("pip-audit")), "--format", "json", "--progress-spinner", "off",
        "--disable-pip", "--no-deps", *service, "--requirement", str(lock),
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, timeout=ASK_S_MAX, check=False)
    if not result.stdout.strip():
        raise subprocess.CalledProcessError(result.returncode, command, result.stdout, result.stderr)
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def main(
    locks: Annotated[list[Path] | None, typer.Argument(help="Locks; ours where none is named.")] = None,
    *,
    exceptions: Annotated[Path, typer.Option(help="What is accepted.")] = EXCEPTIONS,
    strict: Annotated[bool, typer.Option(help="Fail where nobody can be asked.")] = False,
) -> None:
    """Audit what the locks name."""
    known = [Known.of(each) for each in tomllib.loads(exceptions.read_text("utf-8")).get("exception", [])]
    reports = [ask(each, os.environ.get("CLIC_OSV_URL")) for each in locks or LOCKS]
    together = {"dependencies": [each for report in reports for each in report["dependencies"]]}
    verdict = judge(together, known, dt.datetime.now(dt.UTC).date())
    for line in verdict.accepted:
        typer.echo(f"accepted: {line}")
    for line in verdict.wrong:
        typer.echo(f"VULNERABLE: {line}", err=True)
    if verdict.not_asked:
        of_npm = sum(each.startswith(npm_audit.PREFIX) for each in verdict.not_asked)
        typer.echo(
            f"NOT AUDITED: {len(verdict.not_asked)} of {len(verdict.not_asked) + verdict.asked} distributions, "
            f"{of_npm} of them npm's. The index serves no vulnerabilities here: run `make audit` where it does, or "
            "name a server by CLIC_OSV_URL, and for npm a registry by npm_config_registry.",
            err=True,
        )
    typer.echo(f"{verdict.asked} distributions audited, {len(verdict.wrong)} wrong")
    if verdict.wrong:
        raise typer.Exit(FOUND)
    if verdict.not_asked and strict:
        raise typer.Exit(NOT_ASKED)


if __name__ == "__main__":
    typer.run(main)
