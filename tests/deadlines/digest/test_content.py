"""What stands in a digest, and what does not. POL-26, POL-29."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.deadlines.digest.docket import (
    FRESH,
    HOUR,
    LATE,
    MORNING,
    PAUSED,
    REPLY,
    THURSDAY,
    TORONTO,
    access,
    at,
    midnight_after,
    row,
)
from tests.place import TOWN_DIR

from clic_chassis.town_file import read_town
from clic_contracts.town import Town
from clic_contracts.town_time import Delay, EscalationStep
from clic_contracts.vocabulary import WINDOWS, Escalation, ObligationKind
from clic_deadlines.core.calendar import Calendar
from clic_deadlines.core.digest import Digest, Line, Notice, Topic, digest, reached
from clic_deadlines.core.digest_text import LINES_MAX, write
from clic_deadlines.core.docket_row import DocketRow
from clic_deadlines.core.french import NBSP
from clic_deadlines.core.moment import Moment
from clic_deadlines.core.obligation import State

VOIRIE = "travaux_publics_voirie"


@pytest.fixture(scope="module")
def town() -> Town:
    """A real town's folder."""
    return read_town(TOWN_DIR)


def moment(town: Town, now: dt.datetime = THURSDAY) -> Moment:
    """When a digest is written."""
    return Moment.of(Calendar(town.calendar), now, HOUR)


def of(
    town: Town,
    rows: Sequence[DocketRow],
    department: str = VOIRIE,
    notice: Notice = Notice.DEPARTMENT,
    now: dt.datetime = THURSDAY,
) -> Digest:
    """A digest of these rows."""
    return digest(notice, department, rows, town, moment(town, now))


def lines(made: Digest, topic: Topic) -> list[Line]:
    """What stands in it under a topic."""
    return [line for section in made.sections if section.topic is topic for line in section.lines]


def references(made: Digest, topic: Topic) -> list[str]:
    """The numbers under a topic, in their order."""
    return [line.reference[5:].lstrip("0") for line in lines(made, topic)]


def test_each_obligation_stands_in_the_section_that_it_belongs_to_most_urgent_first(town: Town) -> None:
    """POL-29: late, due, at risk, waiting, new; once each, but for what is new."""
    made = of(town, MORNING)
    assert references(made, Topic.LATE) == ["4217", "4301", "4399"]
    assert references(made, Topic.DUE) == ["4405", "4402", "4420", "4410"]
    assert references(made, Topic.AT_RISK) == ["4377", "4380"]
    assert references(made, Topic.WAITING) == ["4290"]
    assert references(made, Topic.NEW) == ["4420", "4421"]
    assert [each.count for each in made.sections] == [3, 4, 2, 1, 2]


def test_what_is_late_says_since_when_in_business_days_and_who_was_told(town: Town) -> None:
    """POL-29."""
    [line] = lines(of(town, [row(1, "2026-11-20", **LATE, escalated_to=Escalation.HEAD)]), Topic.LATE)
    assert line.due == f"vendredi 20{NBSP}novembre"
    assert line.notes == (f"dépassée depuis 4{NBSP}jours ouvrables", "signalée à la direction du service")
    [line] = lines(of(town, [row(1, "2026-11-26", **LATE, due_at=at("2026-11-26T07:00"))]), Topic.LATE)
    assert (line.due, line.notes) == (f"jeudi 26{NBSP}novembre, 7{NBSP}h", ("dépassée aujourd’hui",))


@pytest.mark.parametrize(
    ("now", "last", "title"),
    [
        ("2026-11-26T07:30", "2026-11-27", "À échéance aujourd’hui et demain"),
        ("2026-11-27T07:30", "2026-11-30", f"À échéance d’ici lundi 30{NBSP}novembre"),
        ("2026-12-23T07:30", "2027-01-04", f"À échéance d’ici lundi 4{NBSP}janvier"),
    ],
    ids=["thursday", "friday", "before the closing"],
)
def test_due_soon_is_what_is_due_before_there_is_another_digest_to_say_so(
    town: Town, now: str, last: str, title: str
) -> None:
    """Nobody is told on a Sunday of what is due on Monday."""
    after = (dt.date.fromisoformat(last) + dt.timedelta(days=1)).isoformat()
    made = of(town, [row(1, last), row(2, after)], now=at(now))
    assert references(made, Topic.DUE) == ["1"]
    assert made.sections[1].title == title


def test_the_desk_works_to_the_prudent_date_and_is_told_the_strict_one(town: Town) -> None:
    """A limit on a Saturday: the working day before, and what the law says."""
    saturday = access(1, "2026-11-28", due_prudent_on=dt.date(2026, 11, 27))
    [line] = lines(of(town, [saturday], "greffe"), Topic.DUE)
    assert (line.due, line.notes) == ("demain", (f"limite stricte{NBSP}: 28{NBSP}novembre",))


def test_what_waits_for_the_citizen_is_one_line_with_the_day_until_which_they_may_reply(town: Town) -> None:
    """POL-06, POL-21."""
    made = of(town, [row(1, "2026-11-20", **PAUSED), row(1, "2026-12-17", **REPLY), row(2, "2026-11-30", **PAUSED)])
    assert [(each.reference, each.due, each.notes) for each in lines(made, Topic.WAITING)] == [
        ("2026-000001", f"jusqu’au jeudi 17{NBSP}décembre", (f"demandé le jeudi 19{NBSP}novembre",)),
        ("2026-000002", "–", (f"demandé le jeudi 19{NBSP}novembre",)),
    ]
    assert [each.count for each in made.sections] == [0, 0, 0, 2, 0]


@pytest.mark.parametrize("window", sorted(WINDOWS - {ObligationKind.CITIZEN_REPLY}))
def test_the_time_of_somebody_else_is_nobody_s_work(town: Town, window: ObligationKind) -> None:
    """A review that may be asked for is neither due nor late."""
    rows = [row(1, day, obligation=window, obligation_id=f"{window}-1") for day in ("2026-11-20", "2026-11-27")]
    assert of(town, rows).is_empty


def test_new_is_what_came_in_or_was_reopened_since_the_digest_before(town: Town) -> None:
    """On a Monday since Friday's; a promise of today on an old request is nothing new."""
    monday = at("2026-11-30T07:30")
    rows = [
        row(1, "2026-12-20", starts_at=at("2026-11-27T07:29")),
        row(2, "2026-12-20", starts_at=at("2026-11-27T07:30")),
        row(3, "2026-12-20", starts_at=at("2026-11-29T22:00")),
        row(4, "2026-12-20", starts_at=at("2026-11-28T09:00"), obligation=ObligationKind.PROMISE),
        row(5, "2026-12-20", starts_at=at("2026-11-12T09:00")),
        row(5, "2026-12-30", starts_at=at("2026-11-29T09:00"), obligation_id="answer-2"),
    ]
    assert references(of(town, rows, now=monday), Topic.NEW) == ["2", "3"]


def test_a_confidential_request_stands_in_its_own_role_s_digest_alone_whoever_has_it(town: Town) -> None:
    """POL-26: neither told nor counted in any other department's, its head's included."""
    rows = [
        access(1, "2026-11-20", **LATE, escalated_to=Escalation.GENERAL_MANAGEMENT),
        access(2, "2026-11-26", department=VOIRIE, **FRESH),
        access(3, "2026-11-30", department=None, state=State.AT_RISK),
    ]
    greffe = of(town, rows, "greffe")
    assert [references(greffe, topic) for topic in (Topic.LATE, Topic.DUE, Topic.AT_RISK)] == [["1"], ["2"], ["3"]]
    assert references(of(town, rows, "greffe", Notice.HEAD), Topic.LATE) == ["1"]
    for each in town.departments:
        if each.code != "greffe":
            assert of(town, rows, each.code).is_empty
            assert of(town, rows, each.code, Notice.HEAD).is_empty


def test_the_general_management_is_told_what_came_to_it_by_department_and_counts_what_is_confidential(
    town: Town,
) -> None:
    """POL-26, C-19 art. 113."""
    made = of(town, MORNING, "direction_generale", Notice.GENERAL_MANAGEMENT)
    told = [(each.title, [line.reference for line in each.lines], each.hidden) for each in made.sections]
    assert told == [
        ("Travaux publics – voirie", ["2026-004217"], 0),
        ("Ingénierie", ["2026-004150"], 0),
        ("Services juridiques (greffe)", [], 1),
    ]
    written = write(made)
    for part in (written.subject, written.text, written.html):
        assert "004201" not in part
    assert f"1{NBSP}demande confidentielle" in written.text
    assert f"1{NBSP}demande confidentielle" in written.html
    assert written.subject == f"Échéances dépassées au 26{NBSP}novembre{NBSP}: 3 à votre attention"


def test_a_head_is_told_what_came_to_them_or_went_further(town: Town) -> None:
    made = of(town, MORNING, notice=Notice.HEAD)
    assert references(made, Topic.LATE) == ["4217", "4301"]


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (None, []),
        (Escalation.PERSON, [Escalation.PERSON]),
        (Escalation.GENERAL_MANAGEMENT, [Escalation.PERSON, Escalation.GENERAL_MANAGEMENT]),
    ],
)
def test_a_chain_that_passes_the_head_by_does_not_tell_them(last: Escalation | None, told: list[Escalation]) -> None:
    chain = [
        EscalationStep(to=Escalation.PERSON),
        EscalationStep(to=Escalation.GENERAL_MANAGEMENT, after=Delay(business_days=1)),
    ]
    assert [each for each in Escalation if reached(each, last, chain)] == told


def test_a_department_with_nothing_open_has_nothing_to_be_told(town: Town) -> None:
    assert of(town, []).is_empty
    assert of(town, [row(1, "2026-12-20")]).is_empty  # In time, known since yesterday, far away.
    assert of(town, MORNING, "finances").is_empty


def test_text_and_page_say_the_same_and_every_text_is_escaped(town: Town) -> None:
    """What a town calls a subject cannot break the page."""
    told = town.model_dump()
    next(each for each in told["subjects"] if each["code"] == "pothole")["name"]["fr"] = "Nid & <b>poule</b>"
    other = Town.model_validate(told)
    made = of(other, MORNING)
    written = write(made)
    assert "<b>" not in written.html
    assert "Nid &amp; &lt;b&gt;poule&lt;/b&gt;" in written.html
    assert "Nid & <b>poule</b>" in written.text
    for section in made.sections:
        for line in section.lines:
            for part in (line.reference, line.to_do, line.due, *line.notes):
                assert part in written.text
                assert part in written.html


def test_the_page_loads_nothing_and_leads_nowhere(town: Town) -> None:
    """Mail programs block what is loaded, and departments are taught not to follow links in mails."""
    assert not re.search(r"https?:|src=|href=|url\(|<script", write(of(town, MORNING)).html)


def test_a_long_section_says_how_many_more_there_are(town: Town) -> None:
    made = of(town, [row(n, "2026-11-20", **LATE) for n in range(LINES_MAX + 12)])
    written = write(made)
    assert "3 en retard" not in written.subject
    assert f"{LINES_MAX + 12} en retard" in written.subject
    assert written.text.count("\n- ") == LINES_MAX
    for part in (written.text, written.html):
        assert f"et 12{NBSP}autres, à voir au CLIC" in part


def test_french_has_its_spaces_and_its_first_of_the_month(town: Town) -> None:
    [line] = lines(of(town, [row(1, "2026-12-01", state=State.AT_RISK)]), Topic.AT_RISK)
    assert line.due == f"mardi 1er{NBSP}décembre"
    assert line.notes == (f"dans 3{NBSP}jours ouvrables",)
    assert not re.search(r"(?<!\u00a0):(?!//)\s", write(of(town, MORNING)).text)


@pytest.mark.parametrize("day", ["2026-03-09", "2026-11-02"], ids=["clocks went forward", "clocks went back"])
def test_over_a_change_of_clocks_new_begins_where_the_digest_before_ended(town: Town, day: str) -> None:
    monday = dt.date.fromisoformat(day)
    now = dt.datetime.combine(monday, HOUR, TORONTO)
    friday = dt.datetime.combine(monday - dt.timedelta(days=3), HOUR, TORONTO)
    assert moment(town, now).since == friday
    assert moment(town, now).today == monday


def test_what_was_due_yesterday_at_midnight_is_late_today_by_a_day(town: Town) -> None:
    yesterday = dt.date(2026, 11, 25)
    late = replace(row(1, "2026-11-25"), **LATE, due_at=midnight_after(yesterday))  # type: ignore[arg-type]  # As `row`.
    assert lines(of(town, [late]), Topic.LATE)[0].notes[0] == f"dépassée depuis 1{NBSP}jour ouvrable"
