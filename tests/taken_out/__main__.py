"""Takes what keeps a clause out of a copy of the tree, rule by rule, and looks whether the test that cites it fails.

`python -m tests.taken_out` tries all of them; `--clause 18` those of a clause. `tests/intake/mutate.py` takes every
rule out of the decider's tables by itself; these are the rules of all the other places, written down by hand.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.place import ROOT
from tests.taken_out.access import ACCESS
from tests.taken_out.reception import RECEPTION
from tests.taken_out.removal import Removal
from tests.taken_out.telling import TELLING
from tests.taken_out.treatment import TREATMENT

TRY_MAX_S = 300
"""One test, its services started; the longest takes a quarter of a minute on an idle machine."""
REMOVALS = (*RECEPTION, *TELLING, *ACCESS, *TREATMENT)
SOURCES = ("contracts", "chassis", "services/*", "deploy/embedded")


class Tried(NamedTuple):
    """What pytest said of the named tests."""

    passed: bool
    failed: bool
    """Tests were run and failed, other than by not being found, or not being able to begin."""
    said: str


@contextmanager
def copy_of_tree() -> Iterator[Path]:
    """What git knows of the tree, changes that are not committed included, in a folder that is gone afterwards."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    with tempfile.TemporaryDirectory(prefix="clic-taken-out-") as folder:
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                target = Path(folder) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)
        yield Path(folder)


def run(tree: Path, tests: Sequence[str]) -> Tried:
    """Tests of a tree against that tree's own code; no byte code is kept, so that no change is overlooked."""
    paths = [str(tree), *(str(each) for source in SOURCES for each in sorted(tree.glob(f"{source}/src")))]
    said = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-rfE", "-p", "no:xdist", "-p", "no:cacheprovider", *tests],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=TRY_MAX_S * max(1, len(tests)),
        check=False,
    )
    failed = said.returncode == 1 and any(line.startswith("FAILED ") for line in said.stdout.splitlines())
    return Tried(said.returncode == 0, failed, said.stdout)


def noticed(tree: Path, removal: Removal) -> Tried:
    """What the test says once the rule is out; the copy is put right again."""
    path = tree / removal.path
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(removal.applied_to(before), encoding="utf-8")
        return run(tree, [removal.test])
    finally:
        path.write_text(before, encoding="utf-8")


def main() -> int:
    """Try them, say what became of each, and fail where a rule can be lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--clause", type=int, default=0, help="the number of a clause; all are tried without it")
    parser.add_argument("--from", dest="first", type=int, default=0, help="begin with this clause")
    chosen = parser.parse_args()
    wanted = [each for each in REMOVALS if chosen.clause in (0, each.clause) and each.clause >= chosen.first]
    lost = 0
    with copy_of_tree() as tree:
        whole = run(tree, sorted({each.test for each in wanted}))
        if not whole.passed:
            say(f"without any change a test fails: mend that first\n{whole.said}")
            return 2
        for each in wanted:
            tried = noticed(tree, each)
            lost += not tried.failed
            say(f"{'noticed' if tried.failed else 'LOST   '} POL-{each.clause:02} {each.rule}  <- {each.test}")
            if not tried.failed and not tried.passed:
                say(tried.said)
    say(f"{len(wanted)} rules taken out, {lost} not noticed")
    return 1 if lost or not wanted else 0


def say(line: str) -> None:
    """A line for whoever runs it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
