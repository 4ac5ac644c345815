"""The committed files agree with the code, and a planted difference is found and named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from clic_contracts import artifact
from clic_contracts.__main__ import main
from clic_contracts.artifact import (
    ASYNCAPI,
    BASELINE,
    CORPUS,
    EXAMPLES,
    INDEX,
    LIFECYCLE_PAGE,
    REFERENCE,
    SCHEMAS,
    artifacts,
    compatibility,
    drift,
    generate,
)
from clic_contracts.envelope import decode_commit
from clic_contracts.event import EVENTS
from clic_contracts.schema import example_recorded, example_submission
from clic_contracts.submission import SUBMISSIONS, RequestSubmission, parse_submission

REPOSITORY = Path(__file__).resolve().parents[2]
ROUTED = SCHEMAS / "events" / "request.routed.v1.json"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the committed files, to plant differences in."""
    for folder in (SCHEMAS, EXAMPLES):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    for name in ("contracts/pyproject.toml", ASYNCAPI, INDEX, REFERENCE, LIFECYCLE_PAGE):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, target)
    return tmp_path


def test_the_committed_files_are_what_the_code_makes() -> None:
    """Issue 2, contracts: a check that fails when schemas and code drift."""
    assert [str(each) for each in drift(REPOSITORY)] == []


def test_what_stands_now_breaks_nothing_that_was_published() -> None:
    """Issue 2, contracts: a check that fails when a change would break a stored event or a publisher."""
    assert [str(each) for each in compatibility(REPOSITORY) if each.breaks] == []


def _edit(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace('"first_line"', '"frontline"', 1), encoding="utf-8")


def _carriage_returns(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


@pytest.mark.parametrize(
    ("plant", "says"),
    [
        (_edit, "differs from line"),
        (_carriage_returns, "differs from line"),
        (Path.unlink, "is missing"),
    ],
)
def test_a_planted_drift_is_named_with_how_to_mend_it(
    copy: Path, plant: Callable[[Path], None], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Proved by a planted change."""
    plant(copy / ROUTED)

    assert main(["check", "--root", str(copy)]) == 1
    said = capsys.readouterr().err
    assert f"{ROUTED.as_posix()}: {says}" in said
    assert "make fix" in said
    assert main(["generate", "--root", str(copy)]) == 0
    assert main(["check", "--root", str(copy)]) == 0


def test_a_file_that_the_code_does_not_make_any_more_is_named_and_removed(copy: Path) -> None:
    """A schema left behind would promise what nobody keeps."""
    orphan = SCHEMAS / "events" / "request.dreamt.v1.json"
    (copy / orphan).write_text("{}", encoding="utf-8")

    assert [orphan] == [each.path for each in drift(copy)]
    assert [orphan] == generate(copy)
    assert drift(copy) == []


def test_a_planted_change_of_what_was_published_fails_the_check(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The gate sees a field that was published and is no longer there."""
    path = copy / BASELINE / "events" / "request.routed.v1.json"
    schema = json.loads(path.read_bytes())
    schema["properties"]["urgency"] = {"type": "string", "default": ""}
    path.write_text(json.dumps(schema), encoding="utf-8")

    assert main(["check", "--root", str(copy)]) == 1
    assert "BREAKS  events/request.routed.v1.json#/urgency" in capsys.readouterr().err


def test_a_check_without_a_baseline_fails_rather_than_passes(copy: Path) -> None:
    """A gate with nothing to compare is no gate."""
    shutil.rmtree(copy / BASELINE)

    assert [each.rule for each in compatibility(copy)] == ["no_baseline"]


def test_a_published_type_without_an_example_in_the_corpus_fails_the_check(copy: Path) -> None:
    """The corpus holds every example that was ever published."""
    shutil.rmtree(copy / CORPUS / "events" / "request.routed.v1")

    assert {each.rule for each in compatibility(copy) if each.breaks} == {"corpus_missing", "corpus_changed"}


@pytest.mark.parametrize(("folder", "old", "new"), [
    ("events/request.routed.v1", b"travaux_publics_voirie", b"Travaux publics"),
    ("submissions/submission.request.v1", b'"report"', b'"rumour"'),
])  # fmt: skip
def test_an_example_that_can_no_longer_be_read_fails_the_check(copy: Path, folder: str, old: bytes, new: bytes) -> None:
    """Old bytes are read with today's code."""
    path = copy / CORPUS / folder / "0001.json"
    path.write_bytes(path.read_bytes().replace(old, new))

    assert {each.rule for each in compatibility(copy) if each.breaks} == {"corpus_unread", "corpus_changed"}


@pytest.mark.parametrize(
    ("plant", "says"),
    [
        (lambda path: path.unlink(), "was removed"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"2026", b"2027")), "was changed"),
        (lambda path: shutil.copy(path, path.with_name("0007.json")), "was never published"),
    ],
    ids=["removed", "changed", "added"],
)
def test_a_published_example_stays_as_it_is_for_ever(copy: Path, plant: Callable[[Path], object], says: str) -> None:
    """Issue 6: also one of several, which nobody else would miss."""
    first, *others = sorted((copy / CORPUS / "events" / "request.received.v1").glob("*.json"))
    assert others
    plant(first)

    (found,) = [each for each in compatibility(copy) if each.breaks]
    assert says in str(found)


def test_publishing_adds_a_new_example_and_never_touches_an_old_one(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The corpus only grows."""
    first = copy / CORPUS / "submissions" / RequestSubmission.TYPE / "0001.json"
    before = first.read_bytes()
    changed = {**RequestSubmission.EXAMPLE, "text": "Un lampadaire imaginaire est éteint."}
    monkeypatch.setattr(RequestSubmission, "EXAMPLE", changed)

    assert main(["generate", "--publish", "--root", str(copy)]) == 0
    assert before == first.read_bytes()
    assert example_submission(RequestSubmission) == first.with_name("0002.json").read_bytes()
    assert artifact.publish(copy) == []


def test_publishing_what_would_break_is_refused_and_writes_nothing(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was published is published for ever."""
    path = copy / BASELINE / "submissions" / f"{RequestSubmission.TYPE}.json"
    schema = json.loads(path.read_bytes())
    schema["properties"]["kind"] = {"type": "string"}
    path.write_text(json.dumps(schema), encoding="utf-8")
    planted = path.read_bytes()

    assert main(["generate", "--publish", "--root", str(copy)]) == 1
    assert "Not published" in capsys.readouterr().err
    assert planted == path.read_bytes()


def test_every_published_event_is_read_with_todays_code() -> None:
    """A stored event is read for ever, and says today what it said then."""
    files = sorted((REPOSITORY / CORPUS / "events").rglob("*.json"))

    assert {event.TYPE for event in EVENTS} <= {path.parent.name for path in files}
    for path in files:
        facts = decode_commit(path.read_bytes())
        assert len(facts) >= 1
        assert path.parent.name == json.loads(path.read_bytes())[0]["type"]


def test_every_published_submission_is_taken_by_todays_code() -> None:
    """A publisher that worked yesterday works today."""
    files = sorted((REPOSITORY / CORPUS / "submissions").rglob("*.json"))

    assert {each.TYPE for each in SUBMISSIONS} <= {path.parent.name for path in files}
    for path in files:
        assert path.parent.name == parse_submission(path.read_bytes()).type


def test_the_lifecycle_page_is_one_of_the_generated_files() -> None:
    """The diagram is drawn from the table."""
    page = artifacts()[LIFECYCLE_PAGE].decode()

    assert "stateDiagram-v2" in page
    assert "[*] --> received: received" in page


def test_validate_says_what_a_file_is_or_what_is_wrong_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A publisher tries a submission before sending it."""
    good, bad, absent = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "absent.json"
    good.write_bytes(example_submission(RequestSubmission))
    bad.write_bytes(good.read_bytes().replace(b'"phone"', b'"telepathy"', 1))

    assert main(["validate", str(good)]) == 0
    assert "submission.request.v1" in capsys.readouterr().out
    assert main(["validate", str(bad)]) == 1
    assert "/data/channel: Input should be 'phone'" in capsys.readouterr().err
    assert main(["validate", str(absent)]) == 2
    assert "absent.json" in capsys.readouterr().err


def test_validate_reads_a_commit_of_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ops looks at what the log holds."""
    good, bad = REPOSITORY / CORPUS / "events" / "request.routed.v1" / "0001.json", tmp_path / "bad.json"
    bad.write_text('[{"type": "request.dreamt.v1", "recordedat": "2026-05-15T13:30:02Z"}]', encoding="utf-8")

    assert main(["validate", str(good)]) == 0
    assert "request.routed.v1" in capsys.readouterr().out
    assert main(["validate", str(bad)]) == 1
    assert "Not a commit" in capsys.readouterr().err


def test_a_folder_that_is_not_the_repository_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An installed wheel has no repository around it."""
    with pytest.raises(SystemExit) as exit_info:
        main(["check", "--root", str(tmp_path)])

    assert exit_info.value.code == 2
    assert "--root" in capsys.readouterr().err


def test_examples_of_events_are_deterministic() -> None:
    """A corpus that changed by itself would grow at every publication."""
    for event in EVENTS:
        assert example_recorded(event) == example_recorded(event)
