"""The contracts' command: `clic-contracts validate FILE…`, and in a checkout `generate` and `check`."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path

from .artifact import PublishRefusedError, compatibility, drift, generate, publish
from .validation import LINES, Verdict, files_of, holds_lines, verdicts
from .vocabulary import Language

ROOT = Path(__file__).resolve().parents[3]
"""The repository, when run from a checkout; elsewhere `--root` says where it is."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; gives the exit code: 0 well, 1 something is wrong with the files, 2 the call itself."""
    parser = argparse.ArgumentParser(prog="clic-contracts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("generate", help="write the schemas, the AsyncAPI document and the lifecycle page")
    make.add_argument("--publish", action="store_true", help="also add them to the baseline and the corpus")
    check = commands.add_parser(
        "check", help="fail when a file drifted, or a change breaks a stored event or publisher"
    )
    for command in (make, check):
        command.add_argument("--root", type=Path, default=ROOT, help="the repository's folder")
    validate = commands.add_parser(
        "validate", help="say what the desk would say of submissions, or whether commits of the log can be read"
    )
    validate.add_argument(
        "files", metavar="FILE", nargs="+", help="a file, a folder, or - for standard input: JSON, a batch, or NDJSON"
    )
    validate.add_argument("--language", type=Language, choices=list(Language), default=Language.EN, help="of problems")
    validate.add_argument("--json", action="store_true", help="one JSON object a submission, for a program")
    said = parser.parse_args(argv)
    if said.command == "validate":
        return _validate(said.files, said.language, as_json=said.json)
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
    findings = compatibility(root, dt.datetime.now(dt.UTC).date())
    broken = [each for each in findings if each.breaks]
    for line in (*drifted, *findings):
        _say(str(line), wrong=line in drifted or line in broken)
    if broken:
        _say("A published schema only grows: take the change back, or add v2 of the type and an upcaster.", wrong=True)
    if not drifted and not broken:
        _say("the committed schemas agree with the code, and break nothing that was published")
    return 1 if drifted or broken else 0


def _validate(names: list[str], language: Language, *, as_json: bool) -> int:
    found = False
    for name in names:
        try:
            for verdict in _verdicts(name, language):
                found = found or verdict.problem is not None
                for line in (verdict.as_json(),) if as_json else verdict.told(language):
                    _say(line, wrong=verdict.problem is not None and not as_json)
        except OSError as error:
            _say(f"{name}: {error.strerror}", wrong=True)
            return 2
    return 1 if found else 0


def _verdicts(name: str, language: Language) -> Iterator[Verdict]:
    if name == "-":
        body = sys.stdin.buffer.read()
        yield from verdicts(name, body, language, lines=holds_lines(body))
        return
    for path in files_of([Path(name)]):
        yield from verdicts(str(path), path.read_bytes(), language, lines=path.suffix in LINES)


def _say(text: str, *, wrong: bool = False) -> None:
    (sys.stderr if wrong else sys.stdout).write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
