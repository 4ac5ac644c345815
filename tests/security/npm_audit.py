"""What npm's registry knows of a lock, in the words of pip-audit's report: each package as `npm:name`, by version."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LOCK = "package-lock.json"
PREFIX = "npm:"
ASK_S_MAX = 120.0
WRONG = {"high", "critical"}
"""Severities that fail. Less is not told: what npm brings runs in tests alone."""
INSTALLED = "node_modules/"


def ask(lock: Path) -> dict[str, Any]:
    """What is known of a lock; that nobody could be asked is said of each package.

    Raises:
        subprocess.CalledProcessError: npm could not even read it.
    """
    installed = _installed(lock)
    npm = shutil.which("npm")
    if npm is None:
        return _skipped(installed, "there is no npm here")
    command = [npm, "audit", "--json", "--package-lock-only"]
    result = subprocess.run(
        command, cwd=lock.parent, capture_output=True, text=True, timeout=ASK_S_MAX, check=False
    )  # fmt: skip
    try:
        report = json.loads(result.stdout)
    except ValueError:
        report = {}
    if "vulnerabilities" in report:
        return told(installed, report)
    if (
        "message" in report
    ):  # Of the registry's answer, or of its silence; a lock that cannot be read has `error` alone.
        return _skipped(installed, str(report["message"]))
    raise subprocess.CalledProcessError(result.returncode, command, result.stdout, result.stderr)


def told(installed: Mapping[str, tuple[str, str]], report: Mapping[str, Any]) -> dict[str, Any]:
    """`npm audit`'s report (version 2) as pip-audit has it."""
    found: dict[str, dict[str, Any]] = {
        place: {"name": f"{PREFIX}{name}", "version": version, "vulns": []}
        for place, (name, version) in installed.items()
    }
    for name, each in report["vulnerabilities"].items():
        advisories = [via for via in each["via"] if isinstance(via, dict) and via["severity"] in WRONG]
        for place in each["nodes"]:
            entry = found.setdefault(place, {"name": f"{PREFIX}{name}", "version": "?", "vulns": []})
            entry["vulns"] += [
                {"id": via["url"].rpartition("/")[2], "aliases": [], "fix_versions": _mended(via["range"])}
                for via in advisories
            ]
    return {"dependencies": list(found.values())}


def _mended(affected: str) -> list[str]:
    """`<4.17.21` is what is affected: from there on it is mended."""
    ends = (part.strip() for part in affected.split("||"))
    return [last[1:] for each in ends if each and (last := each.split()[-1]).startswith("<") and last[1] != "="]


def _installed(lock: Path) -> dict[str, tuple[str, str]]:
    """Name and version by place."""
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    return {
        place: (each.get("name", place.rpartition(INSTALLED)[2]), each["version"])
        for place, each in packages.items()
        if INSTALLED in place and not each.get("link")
    }


def _skipped(installed: Mapping[str, tuple[str, str]], why: str) -> dict[str, Any]:
    return {
        "dependencies": [
            {"name": f"{PREFIX}{name}", "version": version, "skip_reason": why} for name, version in installed.values()
        ]
    }
