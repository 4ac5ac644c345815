"""What other teams count on is kept: their expectations hold for every message that a desk at work sends."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.contracts.expectation import broken
from tests.contracts.produced import Told, a_day
from tests.intake.service.office import Office
from tests.place import ROOT

from clic_contracts.feed import FEED_EVENTS

HANDED_IN = ROOT / "contracts" / "expectations"
FILES = sorted(HANDED_IN.glob("*/*.json"))
PAGE = (ROOT / "docs" / "publishers" / "expectations.md").read_text(encoding="utf-8")
NOT_IN_A_DAY = {"request.extended.v1", "request.admitted.v1", "learning.published.v1", "learning.withdrawn.v1"}
"""What takes the greffe, several people or a quarter; whoever expects one of these brings it into the day."""

_DAYS: list[list[Told]] = []


@pytest_asyncio.fixture
async def told(office: Office) -> list[Told]:
    """What a desk told in a day; one is enough for all tests."""
    if not _DAYS:
        _DAYS.append(await a_day(office))
    return _DAYS[0]


async def test_every_expectation_that_was_handed_in_holds(told: list[Told], tmp_path: Path) -> None:
    """Issue 6: a team hands in an expectation file, and our tests keep it."""
    assert len({file.parent for file in FILES}) >= 2
    assert [line for file in FILES for line in broken(file, told, tmp_path)] == []
    assert {each.kind for each in told if each.is_feed} | NOT_IN_A_DAY == {each.TYPE for each in FEED_EVENTS}


def _without(path: str) -> Callable[[dict[str, Any]], None]:
    *way, last = path.split(".")

    def change(body: dict[str, Any]) -> None:
        for part in way:
            body = body.get(part) or {}
        body.pop(last, None)

    return change


def _number(body: dict[str, Any]) -> None:
    body["data"]["department"] = 17


BREAKS: tuple[tuple[str, Callable[[dict[str, Any]], None], str], ...] = (
    ("request.routed.v1", _without("data.department"), r'flotte: "a request was given to .*data.*: department$'),
    ("request.routed.v1", _number, r'flotte: "a request was given to a department".*\$\.data\.department: .*17'),
    ("request.described.v1", _without("data.text"), r'carte: "what may be shown of a request".*\$\.data: .*: text$'),
    ("submission.request.v1", _without("reference"), r'telephonie: "a request has its number".*reference$'),
    ("submission.request.v1", _without("problem.errors"), r'telephonie: "what is wrong is said".*errors$'),
)
"""A change of ours: the messages of this kind, what happens to each, and what must be said."""


async def test_a_planted_break_names_the_team_and_the_field(told: list[Told], tmp_path: Path) -> None:
    """A gate that cannot fail is none."""
    for kind, change, says in BREAKS:
        changed = [_changed(each, change) if each.kind == kind else each for each in told]
        files = [each for each in FILES if says.startswith(each.parent.name)]
        lines = [line for file in files for line in broken(file, changed, tmp_path)]
        assert any(re.search(says, line) for line in lines), f"{kind}: {lines}"


def _changed(told: Told, change: Callable[[dict[str, Any]], None]) -> Told:
    body = copy.deepcopy(told.body)
    change(body)
    return replace(told, body=body)


MALFORMED: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "version": (lambda pact: pact["metadata"]["pactSpecification"].update(version="2.0"), "write version 4"),
    "team": (lambda pact: pact["consumer"].update(name="autre"), "consumer 'autre', in the folder of 'flotte'"),
    "provider": (lambda pact: pact["provider"].update(name="autre"), "provider is 'autre'"),
    "nothing": (lambda pact: pact["interactions"].clear(), "expects nothing"),
    "http": (lambda pact: pact["interactions"][0].update(type="Synchronous/HTTP"), "only messages are kept"),
    "state": (lambda pact: pact["interactions"][0]["providerStates"].clear(), "given neither"),
    "never": (
        lambda pact: pact["interactions"][0]["providerStates"][0]["params"].update(type="obligation.set.v1"),
        "no message that was sent is meant",
    ),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_file_that_says_nothing_to_us_is_refused_with_the_reason(what: str, tmp_path: Path) -> None:
    """Rather than kept and never looked at."""
    change, says = MALFORMED[what]
    pact = json.loads((HANDED_IN / "flotte" / "flotte-clic.json").read_text(encoding="utf-8"))
    pact["interactions"] = pact["interactions"][:1]
    change(pact)
    file = tmp_path / "flotte" / "flotte-clic.json"
    file.parent.mkdir()
    file.write_text(json.dumps(pact), encoding="utf-8")

    lines: Sequence[str] = broken(file, [], tmp_path)
    assert [line for line in lines if says in line], lines


def test_the_pages_program_writes_the_file_that_was_handed_in(tmp_path: Path) -> None:
    """docs/publishers/expectations.md, as it stands."""
    (program,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    name = Path("flotte") / "flotte-clic.json"
    written, kept = (
        json.loads((folder / name).read_text(encoding="utf-8"))
        for folder in (tmp_path / "contracts" / "expectations", HANDED_IN)
    )
    for each in (written, kept):
        del each["metadata"]["pactRust"]  # The versions of the library.
    assert kept == written
