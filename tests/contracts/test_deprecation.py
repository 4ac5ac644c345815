"""A type that will go: a year's notice, told in every place where somebody uses it, and not a day sooner."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.node.installed import FOLDER, Node
from tests.place import ROOT

from clic_chassis.memory_log import MemoryLog
from clic_chassis.relay import Relay
from clic_contracts import artifact
from clic_contracts.artifact import BASELINE, CHANGELOG, CORPUS, SCHEMAS, compatibility
from clic_contracts.asyncapi import asyncapi
from clic_contracts.compatibility import Rule
from clic_contracts.deprecation import DEPRECATED, NOTICE_DAYS_MIN, Deprecation, headers_of, wrong
from clic_contracts.envelope import Commit
from clic_contracts.event import LearningPublished
from clic_contracts.problem import Wording
from clic_contracts.schema import example_recorded, schemas
from clic_contracts.vocabulary import Service

SUBMITTED, TOLD = "submission.interaction.v1", "learning.published.v1"
PUBLISHED = {SUBMITTED, TOLD, "submission.request.v1", "request.closed.v1"}
SINCE, SUNSET = dt.date(2026, 3, 1), dt.date(2027, 3, 2)
WHY = Wording(fr="Essai.", en="Trial.")
PLANTED = {
    SUBMITTED: Deprecation(SINCE, SUNSET, "submission.request.v1", WHY),
    TOLD: Deprecation(SINCE, SUNSET, "request.closed.v1", WHY),
}
CHANGES = "\n".join(f"- `{name}` is deprecated and goes on {SUNSET}." for name in PLANTED)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A submission and an event of the feed that will go."""
    for name, each in PLANTED.items():
        monkeypatch.setitem(DEPRECATED, name, each)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What was published, with a changelog that tells."""
    for folder in (BASELINE, CORPUS):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / CHANGELOG).write_text(CHANGES, encoding="utf-8")
    return tmp_path


def test_headers_are_those_of_the_standards() -> None:
    """RFC 9745: a structured date; RFC 8594: an HTTP date. Of several types the one that goes first."""
    assert headers_of([SUBMITTED, TOLD]) == {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DEPRECATED, SUBMITTED, PLANTED[SUBMITTED])
        patch.setitem(DEPRECATED, TOLD, replace(PLANTED[TOLD], sunset=dt.date(2028, 1, 1)))
        found = headers_of([TOLD, SUBMITTED, "request.closed.v1"])
    assert found == {"Deprecation": "@1772323200", "Sunset": "Tue, 02 Mar 2027 00:00:00 GMT"}


@pytest.mark.usefixtures("planted")
def test_a_deprecated_type_is_marked_wherever_it_is_described(copy: Path, node: Node) -> None:
    """Schemas, the AsyncAPI document, the types for TypeScript; and nothing that was published breaks by it."""
    marked = {path for path, schema in schemas().items() if schema.get("deprecated")}
    assert marked == {f"submissions/{SUBMITTED}.json", f"feed/{TOLD}.json"}
    described = schemas()[f"submissions/{SUBMITTED}.json"]["description"]
    assert described.startswith(
        "Deprecated since 2026-03-01, goes on 2027-03-02: use `submission.request.v1`. Trial. A"
    )
    assert [str(each) for each in compatibility(copy) if each.breaks] == []

    file = copy / "asyncapi.json"
    file.write_text(json.dumps(asyncapi()), encoding="utf-8")
    ran = node.run(str(FOLDER / "types.mjs"), str(file), str(copy / "index.d.ts"), cwd=FOLDER)
    assert ran.returncode == 0, ran.stderr
    types = (copy / "index.d.ts").read_text(encoding="utf-8")
    assert "@deprecated" in types.partition("export interface InteractionSubmissionEvent")[0].rpartition("/**")[2]


@pytest.mark.usefixtures("planted")
async def test_the_feed_says_it_with_each_message() -> None:
    """Also to who reads no changelog."""
    told: list[dict[str, Any]] = []

    class _Nats:
        async def request(self, _: str, __: bytes, **options: Any) -> Any:
            told.append(options["headers"])
            return type("Answer", (), {"data": b"{}"})

    event = example_recorded(LearningPublished)
    relay = Relay(_Nats(), MemoryLog())  # type: ignore[arg-type]  # Of a client it needs no more.
    relay._audible[event.request_id] = True
    await relay.handle(Commit(1, Service.INTAKE, event.request_id, (event,)))

    assert [(each["Deprecation"], each["Sunset"]) for each in told] == [tuple(headers_of([TOLD]).values())]


@pytest.mark.parametrize(
    ("change", "changelog", "says"),
    [
        ({}, CHANGES, None),
        ({"sunset": SINCE + dt.timedelta(days=NOTICE_DAYS_MIN - 1)}, CHANGES, "a notice of 364 days; give 365"),
        ({"instead": "submission.dream.v1"}, CHANGES, "is not published"),
        ({"instead": TOLD}, CHANGES, "is deprecated itself"),
        ({}, CHANGES.replace(str(SUNSET), "some day"), "the changelog does not tell"),
        ({}, "- `submission.progress.v1` changed on 2027-03-02.", "the changelog does not tell"),
    ],
)
def test_a_deprecation_keeps_to_the_policy(change: dict[str, Any], changelog: str, says: str | None) -> None:
    """docs/publishers/contract.md: a year's notice, something to use instead, and the changelog."""
    deprecated = {**PLANTED, SUBMITTED: replace(PLANTED[SUBMITTED], **change)}
    found = [text for name, text in wrong(PUBLISHED, deprecated, changelog) if name == SUBMITTED]

    assert (says is None and found == []) or any(says in text for text in found if says is not None)


@pytest.mark.usefixtures("planted")
def test_a_type_may_go_when_its_notice_is_over_and_not_before(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate knows the day."""
    gone = {f"submissions/{SUBMITTED}.json", f"feed/{TOLD}.json"}
    kept = {path: schema for path, schema in schemas().items() if path not in gone}
    monkeypatch.setattr(artifact, "schemas", lambda: kept)

    assert [each.where for each in compatibility(copy, SUNSET - dt.timedelta(days=1)) if each.breaks] == sorted(gone)
    found = compatibility(copy, SUNSET)
    assert [str(each) for each in found if each.breaks] == []
    assert {each.where for each in found if each.rule is Rule.TYPE_RETIRED} == gone


@pytest.mark.usefixtures("planted")
def test_what_the_log_holds_is_read_for_ever(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stored event never goes, whatever becomes of its telling."""
    path = f"events/{TOLD}.json"
    monkeypatch.setattr(artifact, "schemas", lambda: {name: each for name, each in schemas().items() if name != path})

    assert [each.rule for each in compatibility(copy, SUNSET) if each.where == path] == [Rule.TYPE_REMOVED]


def test_nothing_of_the_committed_schemas_is_marked_that_is_not_deprecated() -> None:
    """What stands in the files is what stands in the list."""
    marked = {
        path.stem
        for folder in ("submissions", "feed")
        for path in (ROOT / SCHEMAS / folder).glob("*.json")
        if json.loads(path.read_bytes()).get("deprecated")
    }
    assert marked == set(DEPRECATED)
