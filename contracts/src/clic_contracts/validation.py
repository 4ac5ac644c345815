"""What the desk would say of submissions in files, as far as no server is needed: their JSON, envelope and schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from .envelope import decode_commit
from .problem import Problem, Wording, problem
from .submission import SubmissionRefusedError, parse_submission, split_batch
from .vocabulary import Language

LINES = (".ndjson", ".jsonl")
"""Files that hold a submission a line."""
FILES = (".json", *LINES)
"""What is looked at in a folder."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """On one submission, or on a commit of the log."""

    where: str
    """The file, and where it holds several, which of them: from 1."""
    types: tuple[str, ...] = ()
    problem: Problem | None = None

    def told(self, language: Language) -> Iterator[str]:
        """Its lines for a terminal."""
        if self.problem is None:
            would = Wording(fr="pourrait être jugé par le bureau", en="would be judged")
            yield f"{self.where}: {', '.join(self.types)}, {would.read_in(language)}"
            return
        yield f"{self.where}: {self.problem.title}. {self.problem.detail}"
        for each in self.problem.errors:
            yield f"  {each.pointer or '/'}: {each.detail}. {each.mend}"

    def as_json(self) -> str:
        """The same for a program, in one line."""
        found = self.problem.model_dump(mode="json") if self.problem is not None else None
        return json.dumps({"where": self.where, "types": self.types, "problem": found}, ensure_ascii=False)


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as they are named; of a folder what it holds, at any depth, in the order of their names."""
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.suffix in FILES and each.is_file())
        else:
            yield path


def verdicts(name: str, body: bytes, language: Language, *, lines: bool = False) -> Iterator[Verdict]:
    """On each submission of a file: one, a batch (a JSON array), or one a line; an array of facts is a commit."""
    if lines:
        for number, line in enumerate(body.splitlines(), start=1):
            if line.strip():
                yield _verdict(f"{name}:{number}", line, language)
    elif body.lstrip()[:1] == b"[":
        yield from _of_array(name, body, language)
    else:
        yield _verdict(name, body, language)


def holds_lines(body: bytes) -> bool:
    """Whether something without a name is a submission a line: its first line is one whole, and others follow."""
    first, *rest = body.splitlines() or [b""]
    return any(line.strip() for line in rest) and isinstance(_read(first), dict)


def _verdict(where: str, body: bytes, language: Language) -> Verdict:
    try:
        return Verdict(where, (parse_submission(body, language).type,))
    except SubmissionRefusedError as error:
        return Verdict(where, problem=error.problem)


def _of_array(name: str, body: bytes, language: Language) -> Iterator[Verdict]:
    raw = _read(body)
    if isinstance(raw, list) and raw and isinstance(raw[0], dict) and "recordedat" in raw[0]:
        yield _commit(name, body, language)
        return
    try:
        parts = split_batch(body, language)
    except SubmissionRefusedError as error:
        yield Verdict(name, problem=error.problem)
        return
    for number, part in enumerate(parts, start=1):
        yield _verdict(f"{name}:{number}", part, language)


def _commit(name: str, body: bytes, language: Language) -> Verdict:
    try:
        return Verdict(name, tuple(fact.type for fact in decode_commit(body)))
    except ValidationError as error:
        title = Wording(
            fr="Ce n’est pas un commit que le code d’aujourd’hui lit", en="Not a commit that today's code reads"
        )
        return Verdict(name, problem=problem("not-a-commit", title, 422, str(error), language=language))


def _read(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        return None
