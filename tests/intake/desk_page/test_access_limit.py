"""The limit of an access request in words: as the law's vectors have it, strict and prudent, in both languages."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.intake.core.story import TORONTO

from clic_contracts.event import Within
from clic_contracts.town import Town
from clic_contracts.town_time import Delay
from clic_contracts.vocabulary import DelayUnit, Language, ObligationKind
from clic_deadlines.core.calendar import Calendar
from clic_intake.core.access_path import Limit
from clic_intake.desk_page.access_limit import limit_lines
from clic_intake.web import Words

FRENCH, ENGLISH = Words(Language.FR, TORONTO), Words(Language.EN, TORONTO)


def limit(town: Town, received_on: str, days: int = 20, rule: str = "access_law") -> Limit:
    """As deadlines counts it, by the calendar itself."""
    starts_at = dt.datetime.fromisoformat(f"{received_on}T10:00").replace(tzinfo=TORONTO)
    term = Calendar(town.calendar).term(starts_at, Delay(calendar_days=days))
    within = Within(amount=days, unit=DelayUnit.CALENDAR_DAYS)
    on = (term.due_at, term.due_strict_on, term.due_prudent_on)
    return Limit(ObligationKind.DECIDE_ACCESS, rule, starts_at, *on, term.trace, within)


def told(words: Words, found: Limit | None, extended_days: int = 0) -> list[str]:
    return [each.replace("\u00a0", " ") for each in limit_lines(words, found, extended_days)]


LAW = "20 jours après la réception (art. 47)"


@pytest.mark.parametrize(
    ("received_on", "expected"),
    [
        (
            "2026-03-17",
            [
                f"Échéance de la loi : 7 avril 2026 – {LAW}",
                "Le délai tombait le 6 avril 2026, un jour férié : il passe au jour suivant (I-16, art. 52)",
            ],
        ),
        (
            "2026-06-04",
            [
                f"Échéance de la loi : 25 juin 2026 – {LAW}",
                "Le délai tombait le 24 juin 2026, un jour férié : il passe au jour suivant (I-16, art. 52)",
            ],
        ),
        ("2026-06-08", [f"Échéance de la loi : 29 juin 2026 – {LAW}"]),
        (
            "2026-12-05",
            [
                f"Échéance de la loi : 26 décembre 2026 – {LAW}",
                "Le délai tombait le 25 décembre 2026, un jour férié : il passe au jour suivant (I-16, art. 52)",
            ],
        ),
        (
            "2026-03-14",
            [
                f"Échéance de la loi : 4 avril 2026 – {LAW}",
                "Le délai tombait le 3 avril 2026, un jour férié : il passe au jour suivant (I-16, art. 52)",
            ],
        ),
    ],
)
def test_the_laws_vectors_can_be_read(town: Town, received_on: str, expected: list[str]) -> None:
    """I-16 art. 52, 61: moved past a holiday, once, and never past a Saturday."""
    assert told(FRENCH, limit(town, received_on))[: len(expected)] == expected


def test_where_the_desk_is_closed_on_the_last_day_the_one_before_is_aimed_for(town: Town) -> None:
    """The desk works to the prudent day: a Saturday is not moved by the law."""
    found = told(FRENCH, limit(town, "2026-03-14"))

    assert found[-1] == "Ce jour-là le bureau est fermé : visez le 2 avril 2026"
    assert not any("visez" in each for each in told(FRENCH, limit(town, "2026-06-09")))


@pytest.mark.parametrize(
    ("days", "rule", "expected"),
    [
        (20, "access_law", "Limit by law: June 29, 2026 – 20 days after reception (s. 47)"),
        (30, "access_extended", "Limit by law: July 8, 2026 – 30 days after reception, with the extension (s. 47)"),
        (
            15,
            "access_third_party",
            (
                "Limit by law: June 23, 2026 – fifteen days after the third party's answer, or the end of their time "
                "(s. 49)"
            ),
        ),
        (10, "access_law", "Limit by law: June 18, 2026 – 10 days after reception, the Town's own delay"),
        (20, "something_new", "Limit by law: June 29, 2026"),
    ],
)
def test_each_rule_says_how_it_counts(town: Town, days: int, rule: str, expected: str) -> None:
    """Of a rule that this page does not know, the day alone."""
    (line, *_) = told(ENGLISH, limit(town, "2026-06-08", days, rule))

    assert line == expected.replace("'", "’")


def test_a_limit_that_deadlines_has_not_counted_yet_is_told_so() -> None:
    """Nothing is guessed."""
    assert told(FRENCH, None) == ["Échéance pas encore calculée"]
