"""The contracts' command: `python -m clic_contracts generate|check|validate FILE`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pydantic import ValidationError

from .artifact import PublishRefusedError, compatibility, drift, generate, publish
from .envelope import decode_commit
from .submission import SubmissionRefusedError, parse_submission

ROOT = Path(__file__).resolve().parents[3]
"""The repository, when run from a checkout; elsewhere `--root` says where it is."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; gives the exit code: 0 well, 1 something is wrong with the files, 2 the call itself."""
    parser = argparse.ArgumentParser(prog="python -m clic_contracts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("generate", help="write the schemas, the AsyncAPI document and the lifecycle page")
    make.add_argument("--publish", action="store_true", help="also add them to the baseline and the corpus")
    check = commands.add_parser(
        "check", help="fail when a file drifted, or a change breaks a stored event or publisher"
    )
    for command in (make, check):
        command.add_argument("--root", type=Path, default=ROOT, help="the repository's folder")
    validate = commands.add_parser("validate", help="say whether a submission, or a commit of the log, can be read")
    validate.add_argument("file", metavar="FILE", help="a file, or - for standard input")
    said = parser.parse_args(argv)
    if said.command == "validate":
        return _validate(said.file)
    if not (said.root / "contracts" / "pyproject.toml").is_file():
        parser.error(f"{said.root} is not the repository: give its folder with --root")
    return _generate(said.root, published=said.publish) if said.command == "generate" else _check(said.root)


def _generate(root: Path, *, published: bool) -> int:
    changed = generate(root)
    if published:
        try:
            changed += publish(root)
        except PublishRefusedError as error:
            _say(f"{error}\nNot published: mend what breaks first, or add a new version of the type.", wrong=True)
            return 1
    _say("\n".join(f"wrote {path.as_posix()}" for path in changed) or "everything is as it must be")
    return 0


def _check(root: Path) -> int:
    drifted = drift(root)
    findings = compatibility(root)
    broken = [each for each in findings if each.breaks]
    for line in (*drifted, *findings):
        _say(str(line), wrong=line in drifted or line in broken)
    if broken:
        _say("A published schema only grows: take the change back, or add v2 of the type and an upcaster.", wrong=True)
    if not drifted and not broken:
        _say("the committed schemas agree with the code, and break nothing that was published")
    return 1 if drifted or broken else 0


def _validate(name: str) -> int:
    """A JSON array is read as a commit of the log, anything else as a submission."""
    try:
        body = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        _say(f"{name}: {error.strerror}", wrong=True)
        return 2
    try:
        if body.lstrip()[:1] == b"[":
            _say(f"{name}: a commit of {', '.join(fact.type for fact in decode_commit(body))}")
        else:
            _say(f"{name}: {parse_submission(body).type}, would be judged")
    except SubmissionRefusedError as error:
        _say(f"{name}: {error.problem.title}. {error.problem.detail}", wrong=True)
        for each in error.problem.errors:
            _say(f"  {each.pointer or '/'}: {each.detail}. {each.mend}", wrong=True)
        return 1
    except ValidationError as error:
        _say(f"{name}: not a commit that today's code reads. {error}", wrong=True)
        return 1
    return 0


def _say(text: str, *, wrong: bool = False) -> None:
    (sys.stderr if wrong else sys.stdout).write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
