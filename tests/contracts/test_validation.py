"""`clic-contracts validate`: whatever form submissions are kept in, each is judged as the desk reads it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clic_contracts.__main__ import main
from clic_contracts.event import EVENTS
from clic_contracts.schema import example_commit, example_submission
from clic_contracts.submission import MAX_BATCH, SUBMISSIONS, RequestSubmission

GOOD: dict[str, Any] = json.loads(example_submission(RequestSubmission))
BAD = {**GOOD, "data": {"kind": "rumeur"}}


def lines_of(*submissions: Any) -> bytes:
    return b"\n".join(json.dumps(each).encode() for each in submissions)


def test_the_command_stands_beside_the_interpreter() -> None:
    """The distribution brings it: nothing of the desk has to be installed."""
    command = Path(sys.executable).parent / "clic-contracts"
    said = subprocess.run(
        [command, "validate", "-"], input=lines_of(GOOD), capture_output=True, check=False, timeout=60
    )
    assert (said.returncode, said.stdout.decode()) == (0, "-: submission.request.v1, would be judged\n")


def test_a_folder_is_looked_through_and_each_wrong_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dossier").mkdir()
    (tmp_path / "a.json").write_bytes(lines_of(GOOD))
    (tmp_path / "b.json").write_bytes(json.dumps([GOOD, BAD]).encode())
    (tmp_path / "dossier" / "c.ndjson").write_bytes(lines_of(GOOD) + b"\n\n" + b"Bonjour\n" + lines_of(BAD))
    (tmp_path / "commit.json").write_bytes(example_commit(EVENTS[0]))
    (tmp_path / "lisez-moi.txt").write_text("Bonjour", encoding="utf-8")

    assert main(["validate", str(tmp_path), "--json"]) == 1
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [
        (Path(each["where"]).name, each["problem"] and each["problem"]["type"].split(":")[-1]) for each in said
    ] == [
        ("a.json", None),
        ("b.json:1", None),
        ("b.json:2", "invalid-submission"),
        ("commit.json", None),
        ("c.ndjson:1", None),
        ("c.ndjson:3", "not-json"),
        ("c.ndjson:4", "invalid-submission"),
    ]


@pytest.mark.parametrize(("language", "word"), [("fr", "valeurs énumérées"), ("en", "listed values")])
def test_it_says_how_to_mend_it_in_the_language_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str, word: str
) -> None:
    file = tmp_path / "mauvais.json"
    file.write_bytes(lines_of(BAD))
    assert main(["validate", "--language", language, str(file)]) == 1
    said = capsys.readouterr()
    assert "/data/kind" in said.err
    assert word in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (lines_of(GOOD), 0, "-: submission.request.v1"),
        (json.dumps(GOOD, indent=2).encode(), 0, "-: submission.request.v1"),
        (lines_of(GOOD, GOOD), 0, "-:2: submission.request.v1"),
        (lines_of(GOOD, BAD), 1, "-:2: The submission does not fit"),
        (json.dumps([GOOD]).encode(), 0, "-:1: submission.request.v1"),
        (json.dumps([GOOD] * (MAX_BATCH + 1)).encode(), 1, f"at most {MAX_BATCH} CloudEvents"),
        (b"[", 1, "not JSON"),
        (b"", 1, "not JSON"),
        (b"[{}", 1, "not JSON"),
    ],
)
def test_standard_input_holds_one_or_a_batch_or_one_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], body: bytes, code: int, said: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(body)))
    assert main(["validate", "-"]) == code
    heard = capsys.readouterr()
    assert said in heard.out + heard.err


def test_a_file_that_is_not_there_is_another_error_than_a_wrong_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(tmp_path / "nulle-part.json")]) == 2
    assert "nulle-part.json" in capsys.readouterr().err


def test_every_example_is_taken(tmp_path: Path) -> None:
    for each in SUBMISSIONS:
        (tmp_path / f"{each.TYPE}.json").write_bytes(example_submission(each))
    assert main(["validate", str(tmp_path)]) == 0
