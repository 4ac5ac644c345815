"""The files that are made from the contracts' code and committed: what they hold, and whether they still agree.

Paths are relative to the repository's root. `schemas/baseline/` and `schemas/corpus/` are different: they are what
was published, only `publish` adds to them, and they are what the code is held to.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from .asyncapi import asyncapi
from .compatibility import Finding, Promise, Rule, compare_all, promise_of, wire_type_of
from .deprecation import DEPRECATED, retired
from .deprecation import wrong as wrong_deprecations
from .envelope import decode_commit
from .example import examples
from .index import index
from .lifecycle import BESIDE, CLOSES_UNANSWERED, LIFECYCLE, PENDING, mermaid
from .reference import reference
from .schema import corpus, schemas, to_bytes
from .submission import SubmissionRefusedError, parse_submission
from .upcast import UPCASTERS
from .vocabulary import Phase

SCHEMAS = Path("contracts/schemas")
BASELINE = SCHEMAS / "baseline"
CORPUS = SCHEMAS / "corpus"
CORPUS_SUMS = CORPUS / "SHA256SUMS"
"""What each published example was, as `sha256sum -c` reads it: none is edited, and none goes unseen."""
EXAMPLES = Path("contracts/examples")
INDEX = Path("contracts/README.md")
REFERENCE = Path("docs/publishers/reference.html")
CHANGELOG = Path("contracts/CHANGELOG.md")
ASYNCAPI = Path("contracts/asyncapi.json")
LIFECYCLE_PAGE = Path("docs/lifecycle.md")
GENERATED_FOLDERS = ("events", "feed", "submissions", "envelopes", "receipts")
"""Folders of `schemas/` that hold generated files and nothing else."""

MEND = "run `make fix` (python -m clic_contracts generate) and commit what it writes"


class PublishRefusedError(Exception):
    """What stands now may not be published: it would break what was."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A committed file that is not what the code makes."""

    path: Path
    says: str

    def __str__(self) -> str:
        return f"DRIFT   {self.path.as_posix()}: {self.says}; {MEND}"


def artifacts() -> dict[Path, bytes]:
    """Every generated file, as it must be."""
    described, document = schemas(), asyncapi()
    made = {SCHEMAS / path: to_bytes(schema) for path, schema in described.items()}
    made |= {EXAMPLES / path: body for path, body in examples().items()}
    return {
        **made,
        ASYNCAPI: to_bytes(document),
        INDEX: index().encode(),
        REFERENCE: reference(described, document).encode(),
        LIFECYCLE_PAGE: lifecycle_page().encode(),
    }


def generate(root: Path) -> list[Path]:
    """Write every generated file that differs, remove what is no longer made; gives the paths that changed."""
    changed: list[Path] = []
    made = artifacts()
    for path, body in made.items():
        target = root / path
        if not target.is_file() or target.read_bytes() != body:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(body)
            changed.append(path)
    for path in _orphans(root, made):
        (root / path).unlink()
        changed.append(path)
    return changed


def drift(root: Path) -> list[Drift]:
    """Every committed file that is not, byte for byte, what the code makes."""
    made = artifacts()
    found: list[Drift] = []
    for path, body in made.items():
        target = root / path
        if not target.is_file():
            found.append(Drift(path, "is missing"))
        elif (have := target.read_bytes()) != body:
            found.append(Drift(path, f"differs from line {_first_difference(have, body)} on"))
    return found + [Drift(path, "is not made by the code any more") for path in _orphans(root, made)]


def _orphans(root: Path, made: dict[Path, bytes]) -> list[Path]:
    there = [
        path.relative_to(root) for folder in GENERATED_FOLDERS for path in sorted((root / SCHEMAS / folder).glob("*"))
    ]
    there += [path.relative_to(root) for path in sorted((root / EXAMPLES).rglob("*.json"))]
    return [path for path in there if path not in made]


def _first_difference(have: bytes, want: bytes) -> int:
    lines, wanted = have.splitlines(), want.splitlines()
    same = (number for number, (a, b) in enumerate(zip(lines, wanted, strict=False), start=1) if a != b)
    return next(same, min(len(lines), len(wanted)) + 1)


def compatibility(root: Path, on: dt.date | None = None) -> list[Finding]:
    """What differs between the published schemas and today's code, and what of it breaks a promise.

    `on` is the day for which it is asked: a type whose notice is over by then may be gone. None: of none it is.
    """
    published = {
        path.relative_to(root / BASELINE).as_posix(): json.loads(path.read_bytes())
        for path in sorted((root / BASELINE).rglob("*.json"))
    }
    if not published:
        says = f"there is no {BASELINE.as_posix()}/: nothing can be held to it. Restore it from the history."
        return [Finding(BASELINE.as_posix(), Rule.NO_BASELINE, says)]
    gone = retired(on) if on is not None else frozenset()
    found = compare_all(published, schemas(), lifted=UPCASTERS, retired=gone)
    return [
        *found,
        *_read_corpus(root, published, gone),
        *_changes_of_corpus(root),
        *_deprecations(root, published),
    ]


def _sums(root: Path) -> dict[str, str]:
    """The digest of each published example, by its path in the corpus."""
    file = root / CORPUS_SUMS
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _corpus_digests(root: Path) -> dict[str, str]:
    files = sorted((root / CORPUS).rglob("*.json"))
    return {path.relative_to(root / CORPUS).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


def _changes_of_corpus(root: Path) -> Iterator[Finding]:
    """Examples that were published and are no longer what they were."""
    listed, there = _sums(root), _corpus_digests(root)
    for name in sorted(listed.keys() | there.keys()):
        if listed.get(name) != there.get(name):
            says = (
                "was removed"
                if name not in there
                else "was never published: `generate --publish` adds it"
                if name not in listed
                else "was changed; add another one instead"
            )
            yield Finding((CORPUS / name).as_posix(), Rule.CORPUS_CHANGED, says)


def _deprecations(root: Path, published: dict[str, Any]) -> Iterator[Finding]:
    """Deprecations that do not keep to the policy."""
    told = {wire_type_of(path) for path in published if promise_of(path) is not Promise.STORED}
    changelog = (root / CHANGELOG).read_text(encoding="utf-8") if (root / CHANGELOG).is_file() else ""
    for name, says in wrong_deprecations(told, DEPRECATED, changelog):
        yield Finding(name, Rule.DEPRECATION_WRONG, says)


def _read_corpus(root: Path, published: dict[str, Any], gone: Collection[str]) -> list[Finding]:
    """Every published example, read with today's code; a published type without one is a break as well."""
    found: list[Finding] = []
    for path in sorted((root / CORPUS).rglob("*.json")):
        name = path.relative_to(root).as_posix()
        if "submissions" in path.relative_to(root / CORPUS).parts and path.parent.name in gone:
            continue
        try:
            if "submissions" in path.relative_to(root / CORPUS).parts:
                parse_submission(path.read_bytes())
            else:
                decode_commit(path.read_bytes())
        except SubmissionRefusedError as error:
            found.append(Finding(name, Rule.CORPUS_UNREAD, f"is no longer taken: {error}"))
        except ValueError as error:
            found.append(Finding(name, Rule.CORPUS_UNREAD, f"can no longer be read: {error}"))
    for path_name in published:
        folder = CORPUS / path_name.removesuffix(".json")
        if path_name.startswith(("events/", "submissions/")) and not any((root / folder).glob("*.json")):
            found.append(Finding(folder.as_posix(), Rule.CORPUS_MISSING, "no example of it is kept"))
    return found


def publish(root: Path) -> list[Path]:
    """Add today's schemas to the baseline and today's examples to the corpus; gives the paths that changed.

    Raises:
        PublishRefusedError: a published promise would break; nothing is written.
    """
    if any((root / BASELINE).rglob("*.json")):
        broken = [str(each) for each in compatibility(root) if each.breaks]
        if broken:
            raise PublishRefusedError("\n".join(broken))
    changed: list[Path] = []
    for name, schema in schemas().items():
        changed += _write(root, BASELINE / name, to_bytes(schema))
    for name, body in corpus().items():
        kept = sorted((root / CORPUS / name).glob("*.json"))
        if all(path.read_bytes() != body for path in kept):
            changed += _write(root, CORPUS / name / f"{len(kept) + 1:04d}.json", body)
    sums = "".join(f"{digest}  {name}\n" for name, digest in _corpus_digests(root).items())
    return changed + _write(root, CORPUS_SUMS, sums.encode())


def _write(root: Path, path: Path, body: bytes) -> list[Path]:
    target = root / path
    if target.is_file() and target.read_bytes() == body:
        return []
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(body)
    return [path]


_PHASES = {
    Phase.NEW: "nothing is recorded yet",
    Phase.RECEIVED: "registered, nobody told the citizen yet",
    Phase.IN_TREATMENT: "the citizen was told that it is registered, or when to expect an answer",
    Phase.ANSWERED: "the citizen was answered",
    Phase.REFUSED: "not admissible",
    Phase.CLOSED: "the desk is done with it",
    Phase.VOIDED: "the record proved to be no request",
    Phase.REOPENED: "was closed or refused, and goes on",
}


def lifecycle_page() -> str:
    """`docs/lifecycle.md`: the diagram and the tables, drawn from the code."""
    counted = {phase: "pending" if phase in PENDING else "treated" for phase in LIFECYCLE} | {Phase.NEW: "not counted"}
    rows = [f"| `{phase}` | {_PHASES[phase]} | {counted[phase]} |" for phase in LIFECYCLE]
    moves = [
        f"| `{phase}` | `{event.TYPE}` | `{then}` |" for phase, row in LIFECYCLE.items() for event, then in row.items()
    ]
    beside = sorted(event.TYPE for event in BESIDE)
    reasons = sorted(CLOSES_UNANSWERED)
    return "\n".join(
        [
            "# The life of a request",
            "",
            "Drawn from `LIFECYCLE` in `contracts/src/clic_contracts/lifecycle.py` by `make fix`;",
            "change the table, not this page.",
            "",
            "```mermaid",
            mermaid().rstrip(),
            "```",
            "",
            "## Phases",
            "| phase | what it says | counted as (POL-32) |",
            "|---|---|---|",
            *rows,
            "",
            "A request is closed only when it was answered (POL-27). The reasons that close it unanswered are "
            + ", ".join(f"`{reason}`" for reason in reasons)
            + "; a refusal must have been sent.",
            "",
            "## What may happen when",
            "| phase | event | then |",
            "|---|---|---|",
            *moves,
            "",
            "## Facts beside the phase",
            "These may come in any phase after `new`, in any order, and change none:",
            *[f"- `{name}`" for name in beside],
            "",
        ]
    )
