"""`python -m tests.security.secret`: fails when a secret, or what looks like one, stands in a file that git knows."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import default_settings
from tests.place import ROOT

ALLOWED = ROOT / ".ci" / "secrets.toml"
NOT_TEXT = (".png", ".woff2", ".pdf", ".xlsx", ".lock")
"""Pictures and fonts; locks are hashes alone, and written by a machine."""
MADE = (
    "contracts/asyncapi.json",
    "contracts/typescript/",
    "contracts/schemas/",
    "docs/clauses.md",
    "docs/data-dictionary.md",
)
"""Made from our code, which is scanned, and held to it by a test: they are long, and would take half of the time."""
NOT_IN_TESTS = frozenset({"Secret Keyword", "Basic Auth Credentials"})
"""Fixed passwords of servers that live for a test are what tests are made of; keys and tokens are found there too."""
FOUND = 1


@dataclass(frozen=True, order=True)
class Finding:
    """A line that the scanner takes for a secret. What it holds is not repeated: it may be one."""

    path: str
    line: int
    kind: str


@dataclass(frozen=True)
class Allowed:
    """Lines of a file that look like a secret and are none."""

    path: str
    holds: str
    reason: str

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Allowed:
        """An entry of the file.

        Raises:
            ValueError: it has no reason, or something that nobody reads.
        """
        if entry.keys() != {"path", "holds", "reason"} or not all(str(each).strip() for each in entry.values()):
            raise ValueError(f"an entry has path, holds and reason: {dict(entry)}")
        return cls(entry["path"], entry["holds"], entry["reason"])


def scan(paths: Iterable[str], root: Path = ROOT) -> list[Finding]:
    """What the scanner finds."""
    with default_settings():
        return sorted(
            Finding(path, each.line_number, each.type)
            for path in paths
            for each in scan_file(str(root / path))
            if not (path.startswith("tests/") and each.type in NOT_IN_TESTS)
        )


def unexplained(findings: Sequence[Finding], allowed: Sequence[Allowed], root: Path = ROOT) -> Iterator[str]:
    """What is found and not allowed, and what is allowed and not found."""
    used: set[Allowed] = set()
    for each in findings:
        text = (root / each.path).read_text("utf-8").splitlines()[each.line - 1]
        why = next((one for one in allowed if one.path == each.path and re.search(one.holds, text)), None)
        if why is None:
            yield f"{each.path}:{each.line}: {each.kind}"
        else:
            used.add(why)
    for one in allowed:
        if one not in used:
            yield f"{ALLOWED.name}: {one.path}: {one.holds!r} excuses nothing any more"


def known_to_git() -> list[str]:
    """The files that are scanned."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [
        each
        for each in listed.split("\0")
        if each and not each.endswith(NOT_TEXT) and not each.startswith(MADE) and (ROOT / each).is_file()
    ]


def main() -> int:
    """Scan everything, on all cores."""
    allowed = [Allowed.of(each) for each in tomllib.loads(ALLOWED.read_text("utf-8")).get("allowed", [])]
    paths = known_to_git()
    with ProcessPoolExecutor() as workers:
        parts = list(workers.map(scan, [paths[start::16] for start in range(16)]))
    wrong = list(unexplained(sorted(each for part in parts for each in part), allowed))
    for line in wrong:
        sys.stderr.write(f"SECRET? {line}\n")
    sys.stdout.write(f"{len(paths)} files scanned, {len(wrong)} to explain\n")
    return FOUND if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
