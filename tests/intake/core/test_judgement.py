"""The judgement of a request as an agent reads it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.intake.core.story import (
    COMPLETED,
    INCOMPLETE,
    RECEIVED,
    REFUSED_SENT,
    REFUSED_UNSENT,
    REOPENED,
    make,
)

from clic_chassis.scenario import recorded
from clic_contracts.event import Event, RequestIncomplete, RequestReceived, RequestRefused
from clic_contracts.town import Town
from clic_contracts.vocabulary import Criterion, Language, Missing
from clic_intake.core.judgement import CLAUSES, Finding, Judged, Judgement, judgement_of, sentence

URGENT = make(RequestReceived, urgent=True, requester="partial")
NBSP = "\u00a0"


def judged(town: Town, *story: Event) -> Judgement:
    return judgement_of((recorded(each) for each in story), town)


def on(judgement: Judgement, criterion: Criterion) -> Judged:
    (found,) = (each for each in judgement.criteria if each.criterion is criterion)
    return found


def refused(criterion: str, **changes: Any) -> Event:
    refusal: Event = make(RequestRefused, criterion=criterion, rule=None, turn_to=None, **changes)
    return refusal


def test_nothing_speaks_against_a_request_that_nobody_judged_otherwise(town: Town) -> None:
    """POL-05 to POL-09: every criterion stands there with its clause."""
    judgement = judged(town, RECEIVED)
    assert judgement.is_admissible
    assert [each.clause for each in judgement.criteria] == ["POL-05", "POL-06", "POL-07", "POL-08", "POL-09"]
    assert {each.finding for each in judgement.criteria} == {Finding.MET}


def test_what_is_missing_stands_there_until_it_is_given(town: Town) -> None:
    """POL-06."""
    asked = judged(town, RECEIVED, make(RequestIncomplete, missing=["name", "contact"]))
    assert not asked.is_admissible
    found = on(asked, Criterion.INCOMPLETE)
    assert (found.finding, found.missing, found.is_told) == (Finding.ASKED, (Missing.NAME, Missing.CONTACT), True)
    half = judged(town, RECEIVED, make(RequestIncomplete, missing=["name", "contact"]), COMPLETED)
    assert on(half, Criterion.INCOMPLETE).missing == (Missing.NAME,)
    whole = judged(town, RECEIVED, INCOMPLETE, COMPLETED)
    assert (on(whole, Criterion.INCOMPLETE).finding, whole.is_admissible) == (Finding.MET, True)


def test_a_safety_report_is_admissible_whatever_it_lacks(town: Town) -> None:
    """POL-06: also where nobody could be asked."""
    for story in ([URGENT], [URGENT, INCOMPLETE]):
        judgement = judged(town, *story)
        assert judgement.is_admissible
        assert on(judgement, Criterion.INCOMPLETE).finding is Finding.ACTED_ON


def test_a_refusal_says_by_which_rule_or_whom_and_where_to_turn(town: Town) -> None:
    """POL-07."""
    outside = make(RequestRefused, turn_to="ministere")
    found = on(judged(town, RECEIVED, outside), Criterion.OUT_OF_COMPETENCE)
    assert (found.finding, found.by) == (Finding.FAILED, "rule:provincial_road")
    assert found.turn_to is town.body_by_code["ministere"]
    assert found.is_told
    person = on(judged(town, RECEIVED, refused("unfounded", sent=None)), Criterion.UNFOUNDED)
    assert (person.by, person.is_told, person.turn_to) == ("agent:exemple", False, None)


def test_wording_of_a_formal_notice_suggests_and_decides_nothing(town: Town) -> None:
    """POL-09."""
    judgement = judged(town, make(RequestReceived, terms=["formal_notice"]))
    found = on(judgement, Criterion.BEFORE_COURTS)
    assert (found.finding, found.by) == (Finding.SUGGESTED, "rule:formal_notice")
    assert judgement.is_admissible
    decided = judged(town, make(RequestReceived, terms=["formal_notice"]), refused("before_courts"))
    assert on(decided, Criterion.BEFORE_COURTS).finding is Finding.FAILED


def test_reopening_takes_a_refusal_back(town: Town) -> None:
    """POL-39: also one whose ground nobody wrote down."""
    for story in ([REFUSED_UNSENT, REFUSED_SENT], [refused("unspecified")]):
        assert not judged(town, RECEIVED, *story).is_admissible
        reopened = judged(town, RECEIVED, *story, REOPENED)
        assert reopened.is_admissible
        assert {each.criterion for each in reopened.criteria} == set(CLAUSES)


def test_wording_of_damage_shows_the_notice_about_claims_in_the_citizens_language(town: Town) -> None:
    """POL-18, C-19 art. 585."""
    claims = town.correspondence.claims
    assert judged(town, RECEIVED).claims is None
    assert judged(town, make(RequestReceived, terms=["damage"])).claims == claims.fr
    assert judged(town, make(RequestReceived, terms=["damage"], language="en")).claims == claims.en


@pytest.mark.parametrize(
    "story",
    [
        [RECEIVED],
        [RECEIVED, make(RequestIncomplete, missing=list(Missing))],
        [URGENT],
        [make(RequestReceived, terms=["formal_notice"])],
        [RECEIVED, refused("not_official")],
        [RECEIVED, INCOMPLETE, refused("incomplete")],
        [RECEIVED, refused("out_of_competence")],
        [RECEIVED, refused("unfounded")],
        [RECEIVED, refused("before_courts")],
        [RECEIVED, refused("unspecified")],
    ],
)
def test_every_finding_has_a_sentence_in_both_languages(town: Town, story: list[Event]) -> None:
    """French has its own spaces and apostrophes."""
    for each in judged(town, *story).criteria:
        french, english = sentence(each, Language.FR), sentence(each, Language.EN)
        assert french != english
        assert not re.search(r"[{}']| [:;?!]", french)
    missing = judged(town, RECEIVED, make(RequestIncomplete, missing=["name", "contact"]))
    assert sentence(on(missing, Criterion.INCOMPLETE), Language.FR) == (
        f"Il manque le nom et une adresse courriel ou un numéro de téléphone{NBSP}; la personne est à joindre."
    )
