"""A town's folder: read whole, and each thing that is wrong told with file, line and mend."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
from tests.place import TOWN_DIR

from clic_chassis.town_file import FILES, MAX_FILE_BYTES, TownFileError, read_town


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the town's folder, to be spoilt."""
    return Path(shutil.copytree(TOWN_DIR, tmp_path / "town"))


def faults(folder: Path) -> list[str]:
    with pytest.raises(TownFileError) as error:
        read_town(folder)
    assert str(error.value).splitlines() == [str(fault) for fault in error.value.faults]
    assert all(fault.mend for fault in error.value.faults)
    return [str(fault) for fault in error.value.faults]


def line_of(folder: Path, file: str, text: str) -> int:
    lines = (folder / file).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def replace(folder: Path, file: str, old: str, new: str) -> int:
    """Replace the first occurrence; gives its line."""
    number = line_of(folder, file, old)
    text = (folder / file).read_text(encoding="utf-8")
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return number


def test_the_towns_own_folder_is_right() -> None:
    """With a version that is a hash of what its files say."""
    town = read_town(TOWN_DIR)
    assert (len(town.version), town.code) == (12, "mont_saint_hilaire")


def test_the_version_changes_with_every_byte_and_with_nothing_else(folder: Path) -> None:
    """Every decision names it: any past one can be explained."""
    before = read_town(folder).version
    assert before == read_town(TOWN_DIR).version
    with (folder / "routing.yaml").open("a", encoding="utf-8") as file:
        file.write("# une remarque\n")
    assert read_town(folder).version != before


@pytest.mark.parametrize(
    ("file", "old", "new", "says", "mend"),
    [
        ("routing.yaml", "department: greffe", "department: gref", "no department gref", "Write greffe"),
        ("routing.yaml", "unforeseen: clic", "unforeseen: personne", "no department personne", "Add department"),
        ("routing.yaml", "terms: [formal_notice]", "terms: [formal_notise]", "no term formal_notise", "formal_notice"),
        ("routing.yaml", "kinds: [access_to_information]", "kinds: [acces]", "Input should be", "Use one of"),
        ("routing.yaml", "kinds: [access_to_information]", "kinds: access", "valid tuple", "Write a list"),
        ("routing.yaml", "  unforeseen: clic", "  unforseen: clic", "unforseen", "Remove it, or correct its name"),
        ("routing.yaml", "routing:", "rooting:", "`rooting` has no place here", "Remove it"),
        ("departments.yaml", "first_line: true", "first_line: perhaps", "bool", "Correct"),
        ("departments.yaml", "first_line: true", "first_line: false", "0 departments are first_line", "exactly one"),
        ("subjects.yaml", "code: pothole", "code: Nid-de-poule", "pattern", "Write a code"),
        ("subjects.yaml", "code: website", "code: citizen_card", "citizen_card stands twice", "Remove one"),
        (
            "subjects.yaml",
            "answer_within: {hours: 4}",
            "answer_within: {hours: 4, business_days: 1}",
            "exactly one",
            "",
        ),
        ("calendar.yaml", "version:", "versoin:", "versoin", "Remove it"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_mend(
    folder: Path, file: str, old: str, new: str, says: str, mend: str
) -> None:
    """As `clic town check` prints it."""
    line = replace(folder, file, old, new)
    told = faults(folder)
    assert [each for each in told if says in each and mend in each], told
    if "first_line: false" not in new:  # No line holds what is nowhere.
        assert [each for each in told if each.startswith(f"{file}:{line}:")], told


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "routing.yaml").unlink(), "routing.yaml:0: the file is missing. Add it"),
        (lambda folder: (folder / "notes.yaml").write_text("a: 1"), "notes.yaml:0: nothing of a town is kept"),
        (lambda folder: (folder / "town.yaml").write_bytes("name: é".encode("latin-1")), "town.yaml:"),
        (lambda folder: (folder / "town.yaml").write_text("a: [1"), "town.yaml:"),
        (lambda folder: (folder / "town.yaml").write_text("- 1\n- 2\n"), "town.yaml:1: not a mapping"),
        (lambda folder: (folder / "town.yaml").write_text("a: &b [*b]\n"), "town.yaml:"),
        (lambda folder: (folder / "town.yaml").write_text("#" * (MAX_FILE_BYTES + 1)), "town.yaml:0: larger than"),
        (lambda folder: (folder / "town.yaml").write_text("code: " + "[" * 40 + "]" * 40), "nested too deep"),
        (lambda folder: (folder / "town.yaml").write_text(""), "town.yaml:"),
    ],
)
def test_a_file_that_is_none_is_told(folder: Path, spoil: object, says: str) -> None:
    """Missing, foreign, not UTF-8, not YAML, too large, too deep: no traceback."""
    assert callable(spoil)
    spoil(folder)
    told = faults(folder)
    assert [each for each in told if says in each], told


def test_everything_that_is_wrong_is_told_at_once(folder: Path) -> None:
    """In the order of the files and lines."""
    replace(folder, "routing.yaml", "routing:", "rooting:")
    replace(folder, "calendar.yaml", "calendar:", "kalender:")
    told = faults(folder)
    assert told == sorted(told, key=lambda each: each.split(":")[0])
    assert {"calendar.yaml", "routing.yaml"} <= {each.split(":")[0] for each in told}


def test_a_folder_that_is_none_of_a_town_is_told(tmp_path: Path) -> None:
    """With the files that it would need."""
    assert "there is no such folder" in faults(tmp_path / "nowhere")[0]
    (told,) = faults(tmp_path)
    assert all(name in told for name in FILES)


def test_a_time_of_day_without_quotation_marks_is_one(folder: Path) -> None:
    """By YAML 1.2; by the older rules 13:00 is 780."""
    replace(folder, "calendar.yaml", 'opens: "08:00"', "opens: 13:00")
    assert read_town(folder).calendar.slots[0].opens == dt.time(13)


EARLIER = """
earlier_calendars:
  - version: "2025.1"
    closings: [{first_on: 2025-01-03, last_on: 2025-01-03, why: {fr: Pont, en: Long weekend}}]
  - version: "2025.2"
    effective_on: 2025-09-01
"""


def with_earlier_calendars(folder: Path, *changes: tuple[str, str]) -> None:
    """The calendar in force from 2026 on, after two others."""
    replace(folder, "calendar.yaml", '  version: "2026.1"', '  version: "2026.1"\n  effective_on: 2026-01-01')
    with (folder / "calendar.yaml").open("a", encoding="utf-8") as file:
        file.write(EARLIER)
    for old, new in changes:
        replace(folder, "calendar.yaml", old, new)


def test_the_calendars_that_held_before_stay_in_the_folder(folder: Path) -> None:
    """Decision 0028: oldest first, so that what was counted by them can be explained."""
    with_earlier_calendars(folder)
    town = read_town(folder)
    assert [each.version for each in town.calendars] == ["2025.1", "2025.2", "2026.1"]
    assert [each.effective_on for each in town.calendars] == [None, dt.date(2025, 9, 1), dt.date(2026, 1, 1)]
    assert town.calendars[0].closed_because(dt.date(2025, 1, 3)) == "town_closing"
    assert town.calendar.closed_because(dt.date(2025, 1, 3)) is None


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("effective_on: 2026-01-01", "effective_on: 2025-09-01", "effective_on: 2025-09-01", "2026.1 does not begin"),
        ("effective_on: 2026-01-01", "# always", "calendar:", "2026.1 does not begin after 2025.2"),
        ("effective_on: 2025-09-01", "# always", '- version: "2025.2"', "2025.2 does not begin after 2025.1"),
        (
            '- version: "2025.1"',
            '- version: "2025.1"\n    effective_on: 2025-10-01',
            "2025-09-01",
            "does not begin after",
        ),
        ('"2026.1"', '"2025.1"', '  version: "2025.1"', "2025.1 stands twice"),
        ("America/Toronto", "America/Halifax", "timezone: America/Halifax", "it is not America/Toronto, as before"),
    ],
)
def test_calendars_that_do_not_follow_each_other_are_told_where_they_stand(
    folder: Path, old: str, new: str, line: str, says: str
) -> None:
    """Out of order, twice by one name, or of another time zone: nobody could say by which one a day was counted."""
    with_earlier_calendars(folder, (old, new))
    (told,) = faults(folder)
    assert says in told
    number = line_of(folder, "calendar.yaml", line)
    assert told.startswith(f"calendar.yaml:{number}:"), told


def test_a_delay_in_business_hours_needs_hours_in_which_the_desk_is_open(folder: Path) -> None:
    """Nothing could be counted: it is told before anything is owed."""
    replace(
        folder, "deadlines.yaml", "acknowledge_within: {business_days: 1}", "acknowledge_within: {business_hours: 8}"
    )
    assert read_town(folder).deadlines.acknowledge_within.business_hours == 8
    calendar = (folder / "calendar.yaml").read_text(encoding="utf-8")
    shut = "\n".join(line for line in calendar.splitlines() if "weekday:" not in line and "slots:" not in line)
    (folder / "calendar.yaml").write_text(shut, encoding="utf-8")
    (told,) = faults(folder)
    assert "the calendar has no opening hours on business days" in told
    assert told.startswith(f"deadlines.yaml:{line_of(folder, 'deadlines.yaml', 'acknowledge_within')}:")


ARTICLE = """\
title: {fr: Où jeter une licorne, en: Where to throw a unicorn}
text: {fr: Nulle part., en: Nowhere.}
reviewed_on: 2026-05-15
"""


def test_articles_and_letters_are_part_of_the_town_and_of_its_version(folder: Path) -> None:
    """POL-16, POL-18."""
    before = read_town(folder)
    (folder / "knowledge").mkdir(exist_ok=True)
    (folder / "knowledge" / "licorne.yaml").write_text(ARTICLE, encoding="utf-8")

    town = read_town(folder)

    assert town.article_by_code["licorne"].title.fr == "Où jeter une licorne"
    assert town.version != before.version


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("knowledge/licorne.yaml", ARTICLE + "subjects: [licorne]\n", "knowledge/licorne.yaml:4: articles."),
        ("knowledge/licorne.yaml", ARTICLE.replace("title", "titre"), "knowledge/licorne.yaml:1: `titre` has no place"),
        ("knowledge/licorne.yaml", "- 1\n", "knowledge/licorne.yaml:1: not a mapping"),
        ("knowledge/Licorne.yaml", ARTICLE, "knowledge/Licorne.yaml:1: articles."),
        ("knowledge/licorne.txt", ARTICLE, "knowledge/licorne.txt:0: no file that ends in .yaml"),
        ("letters/answer.j2", "Bonjour", "letters/answer.j2:0: it names no language"),
        ("letters/answer.es.j2", "Hola", "letters/answer.es.j2:1: letters."),
        ("letters/poem.fr.j2", "Bonjour", "letters/poem.fr.j2:1: letters."),
    ],
)
def test_what_is_wrong_with_an_article_or_a_letter_is_told_where_it_stands(
    folder: Path, file: str, text: str, says: str
) -> None:
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")

    found = faults(folder)

    assert any(each.startswith(says) for each in found), found


def test_a_kind_that_nobody_says_how_long_to_keep_is_told(folder: Path) -> None:
    """A-2.1 art. 73."""
    replace(folder, "retention.yaml", "  - {kind: comment, months: 12}", "")

    assert faults(folder) == [
        "retention.yaml:3: retention: nothing says how long comment is kept. Add a line for kind comment."
    ]
