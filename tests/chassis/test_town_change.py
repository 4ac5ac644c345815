"""A town with other standards or another calendar: what differs takes its place, and errors say where they stand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from tests.place import TOWN_DIR

from clic_chassis.town_change import read_changed_town
from clic_chassis.town_file import TownFileError, read_town
from clic_contracts.town_time import Delay
from clic_contracts.vocabulary import Kind


def written(folder: Path, name: str, text: str) -> Path:
    """A file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def faults(standards: Path | None = None, calendar: Path | None = None) -> list[str]:
    """What is said of them."""
    with pytest.raises(TownFileError) as said:
        read_changed_town(TOWN_DIR, standards=standards, calendar=calendar)
    return [str(fault) for fault in said.value.faults]


def test_without_a_change_it_is_the_town() -> None:
    assert read_changed_town(TOWN_DIR) == read_town(TOWN_DIR)


def test_standards_name_only_what_differs(tmp_path: Path) -> None:
    """POL-29: a default, a kind's and a subject's standard; everything else is as it was."""
    own = read_town(TOWN_DIR)
    path = written(
        tmp_path,
        "plus-vite.yaml",
        """
        deadlines: {answer_within: {business_days: 8}}
        standards:
          - {kind: comment, answer_within: {business_days: 3}}
          - {kind: report, answer_within: {business_days: 7}}
        subjects:
          - {code: pothole, answer_within: {business_days: 3}}
        """,
    )

    town = read_changed_town(TOWN_DIR, standards=path)

    assert town.deadlines == own.deadlines.model_copy(update={"answer_within": Delay(business_days=8)})
    own_standards = {each.kind: each.answer_within for each in own.standards}
    assert {each.kind: each.answer_within for each in town.standards} == {
        **own_standards,
        Kind.COMMENT: Delay(business_days=3),
        Kind.REPORT: Delay(business_days=7),
    }
    changed = {each.code: each for each in town.subjects if each != own.subject_by_code[each.code]}
    assert changed == {
        "pothole": own.subject_by_code["pothole"].model_copy(update={"answer_within": Delay(business_days=3)})
    }
    assert town.version != own.version


def test_a_calendar_takes_the_place_of_every_other(tmp_path: Path) -> None:
    """As if it had always been so, unless the file says since when."""
    path = written(
        tmp_path,
        "calendrier.yaml",
        """
        calendar:
          version: "essai"
          closings: [{first_on: 2026-06-26, last_on: 2026-06-26, why: {fr: Pont, en: Bridge}}]
        """,
    )

    town = read_changed_town(TOWN_DIR, calendar=path)

    assert [each.version for each in town.calendars] == ["essai"]
    assert town.calendar.closed_because(dt.date(2026, 6, 26)) == "town_closing"
    assert town.calendar.closed_because(dt.date(2026, 12, 29)) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("deadlines:\n  answer_within: {days: 3}\n", "s.yaml:2: deadlines.answer_within"),
        ("deadlines:\n  warn_at_share: 2\n", "s.yaml:2: deadlines.warn_at_share"),
        ("deadlines:\n  answer_in: {hours: 3}\n", "s.yaml:2: deadlines.answer_in: "),
        ("deadlines: 3\n", "s.yaml:1: `deadlines` is no mapping. Write a mapping"),
        ("subjects:\n  - code: potholes\n    answer_within: {hours: 3}\n", "s.yaml:2: no subject potholes. Write poth"),
        ("subjects:\n  - code: pothole\n    answer_within: {weeks: 3}\n", "s.yaml:3: subjects."),
        ("subjects:\n  - code: pothole\n    urgent: true\n", "s.yaml:3: `urgent` has no place here. Remove it; what"),
        ("subjects:\n  - {code: pothole}\n  - {code: pothole}\n", "s.yaml:3: pothole stands twice. Remove one"),
        ("subjects:\n  - answer_within: {hours: 3}\n", "s.yaml:2: it names no code. Add `code:`"),
        ("subjects: {code: pothole}\n", "s.yaml:1: `subjects` is no list."),
        ("standards:\n  - {kind: praise, answer_within: {hours: 3}}\n", "s.yaml:2: standards."),
        ("standards:\n  - {kind: report}\n", "s.yaml:2: standards."),
        ("calendar: {version: x}\n", "s.yaml:1: `calendar` has no place here."),
        ("deadlines: [\n", "s.yaml:2: not YAML"),
    ],
)
def test_what_is_wrong_with_standards_is_told_with_line_and_mend(tmp_path: Path, text: str, said: str) -> None:
    found = faults(standards=written(tmp_path, "s.yaml", text))
    assert any(each.startswith(said) for each in found), found
    assert all(each.startswith("s.yaml:") for each in found), found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("calendar:\n  version: x\n  timezone: America/Nowhere\n", "c.yaml:3: calendar.timezone"),
        ("earlier_calendars: [{version: x}]\n", "c.yaml:0: there is no calendar in it. Add `calendar:`"),
        ("calendar: {version: x}\nearlier_calendars:\n  - {version: y}\n", "c.yaml:1: calendar.effective_on"),
        ("closings: []\n", "c.yaml:1: `closings` has no place here."),
    ],
)
def test_what_is_wrong_with_a_calendar_is_told_with_line_and_mend(tmp_path: Path, text: str, said: str) -> None:
    found = faults(calendar=written(tmp_path, "c.yaml", text))
    assert any(each.startswith(said) for each in found), found
    assert all(each.startswith("c.yaml:") for each in found), found


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert faults(standards=tmp_path / "none.yaml") == [
        f"{tmp_path / 'none.yaml'}:0: there is no such file. Name a file of YAML."
    ]
