"""What the path offers is what the rules let be done, whatever happened; and what it does not offer has its reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.intake.core.story import ACCESS, TORONTO, closed, make
from tests.place import TOWN_DIR

from clic_chassis.error import RefusedError
from clic_chassis.scenario import NOON, recorded
from clic_chassis.town_file import read_town
from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    AccessClassified,
    Event,
    RequestAcknowledged,
    RequestAnswered,
    RequestCompleted,
    RequestExtended,
    RequestIncomplete,
    RequestReopened,
    RequestVoided,
    ReviewDecided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_contracts.vocabulary import ClosingReason, Language
from clic_intake.core.access_path import path_of
from clic_intake.core.request import Extend, Record, request_decider
from clic_intake.core.rule import Rules
from clic_intake.core.state import Request, state_of
from clic_intake.desk_page.access_step import Step, steps_of
from clic_intake.web import Words

TOWN = read_town(TOWN_DIR)
RULES = Rules.of(TOWN)
DECIDER = request_decider(RULES)
FRENCH, ENGLISH = Words(Language.FR, TORONTO), Words(Language.EN, TORONTO)
PARTY, OTHER_PARTY = "6f9619ff-8b86-5d11-b42d-00cf4fc964ff", "0b1e1a54-0000-5000-8000-000000000002"
GRANTED = make(RequestAnswered, access_outcome="granted")
REFUSED = make(RequestAnswered, access_outcome="refused", provisions=["art. 53"])


def received(**changes: Any) -> Any:
    return ACCESS.model_copy(update={"written": True, **changes})


def story(*told: tuple[int, Event], first: Event | None = None) -> list[Recorded]:
    """Events so many days after the reception."""
    facts = [recorded(first or received(), at=NOON)]
    return facts + [recorded(each, at=NOON + dt.timedelta(days=days, hours=1)) for days, each in told]


def steps(facts: Sequence[Recorded], days: int, words: Words = FRENCH) -> dict[str, Step]:
    """The path so many days after the reception, by its French titles."""
    now = NOON + dt.timedelta(days=days, hours=2)
    names = ("receipt", "nature", "precision", "third_parties", "extension", "decision", "review")
    return dict(zip(names, steps_of(words, TOWN, path_of(facts), now), strict=True))


def offered(facts: Sequence[Recorded], days: int) -> set[str]:
    return {form.path for step in steps(facts, days).values() for form in step.forms}


@pytest.mark.parametrize(
    ("facts", "days", "step", "reason"),
    [
        (story((1, make(RequestExtended))), 2, "extension", "La loi n’en permet qu’une (art. 47)"),
        (story(), 40, "extension", "Les vingt premiers jours ont pris fin le 4 juin 2026 (art. 47)"),
        (story((1, GRANTED)), 2, "extension", "Sans objet : la demande n’attend plus de décision"),
        (story((1, GRANTED)), 2, "third_parties", "Les tiers sont entendus avant la décision"),
        (story((1, GRANTED)), 2, "review", "Tout a été donné : rien à réviser"),
        (story(), 2, "review", "Rien à réviser avant une décision, ou la fin du délai (art. 52 et 135)"),
        (
            story((1, REFUSED), first=received(written=False)),
            2,
            "review",
            "Une demande faite de vive voix ne peut pas être révisée (art. 45 et 135)",
        ),
        (
            story((1, REFUSED), (3, make(ReviewRequested, requested_on="2026-05-17")), (9, make(ReviewDecided))),
            10,
            "review",
            "Une révision a déjà eu lieu",
        ),
        (story((1, make(RequestVoided))), 2, "nature", "La saisie a été annulée"),
    ],
)
def test_what_cannot_be_done_has_its_reason(facts: list[Recorded], days: int, step: str, reason: str) -> None:
    """A-2.1 art. 47, 49, 52, 135."""
    found = steps(facts, days)[step]

    assert found.forms == ()
    assert found.reason.replace("\u00a0", " ") == reason


@pytest.mark.parametrize(
    ("facts", "days", "line"),
    [
        (story(), 1, "à aviser"),
        (story((1, make(ThirdPartyNotified))), 2, "avisé le 16 mai 2026, entendu jusqu’au 5 juin 2026"),
        (story((1, make(ThirdPartyNotified))), 30, "n’a rien dit : réputé consentir depuis le 5 juin 2026"),
        (story((1, make(ThirdPartyNotified)), (2, make(ThirdPartyAnswered))), 3, "s’y oppose (17 mai 2026)"),
    ],
)
def test_a_third_party_stands_where_the_law_says(facts: list[Recorded], days: int, line: str) -> None:
    """A-2.1 art. 25, 49: told apart by number, never by name."""
    identified = [facts[0], recorded(make(ThirdPartyIdentified), at=NOON), *facts[1:]]

    (told, *_) = steps(identified, days)["third_parties"].lines

    assert told.replace("\u00a0", " ").startswith("Tiers 1 :")
    assert line in told.replace("\u00a0", " ")


def test_somebody_who_said_nothing_in_time_is_not_waited_for() -> None:
    """A-2.1 art. 49: their silence was consent, and an answer is not offered any more."""
    facts = story((0, make(ThirdPartyIdentified)), (1, make(ThirdPartyNotified)))

    assert "third-party-answer" in offered(facts, 21)
    assert "third-party-answer" not in offered(facts, 30)


def test_silence_after_the_limit_can_be_reviewed_and_must_still_be_answered() -> None:
    """A-2.1 art. 52, 135."""
    assert {"review-requested", "answer", "letter"} <= offered(story(), 40)


EVENTS: tuple[Event, ...] = (
    make(RequestAcknowledged),
    make(AccessClassified),
    make(RequestIncomplete, missing=["precision"]),
    make(RequestCompleted, given=["precision"]),
    make(ThirdPartyIdentified, third_party_id=PARTY),
    make(ThirdPartyIdentified, third_party_id=OTHER_PARTY),
    make(ThirdPartyNotified, third_party_id=PARTY),
    make(ThirdPartyNotified, third_party_id=OTHER_PARTY),
    make(ThirdPartyAnswered, third_party_id=PARTY),
    make(ThirdPartyAnswered, third_party_id=OTHER_PARTY),
    make(RequestExtended),
    GRANTED,
    REFUSED,
    make(ReviewRequested, requested_on="2026-05-20"),
    make(ReviewDecided),
    closed(ClosingReason.ANSWERED),
    closed(ClosingReason.WITHDRAWN),
    make(RequestReopened),
    make(RequestVoided),
)
FORM_OF: dict[type[Event], frozenset[str]] = {
    AccessClassified: frozenset({"classify"}),
    ThirdPartyIdentified: frozenset({"identify-third-party"}),
    ThirdPartyNotified: frozenset({"notify-third-party", "notify-third-party-letter"}),
    ThirdPartyAnswered: frozenset({"third-party-answer"}),
    RequestExtended: frozenset({"extend", "extend-letter"}),
    RequestAnswered: frozenset({"answer"}),
    ReviewRequested: frozenset({"review-requested"}),
    ReviewDecided: frozenset({"review-decided"}),
}
"""By which forms a fact is recorded."""


def is_possible(request: Request, event: Event, at: dt.datetime) -> bool:
    """Whether the decider takes it now."""
    try:
        statement = Extend(event, at) if isinstance(event, RequestExtended) else Record(event, at)
        return bool(DECIDER.decide(statement, request))
    except RefusedError:
        return False


@given(
    moves=st.lists(st.tuples(st.integers(0, 12), st.sampled_from(EVENTS)), max_size=14),
    written=st.booleans(),
    days=st.integers(0, 60),
)
@settings(max_examples=1_000)
def test_the_path_offers_exactly_what_the_decider_takes(
    *, moves: list[tuple[int, Event]], written: bool, days: int
) -> None:
    """Whatever happened before: no form leads to a refusal by the law's order, and none that is taken is left out."""
    facts, at = [recorded(received(written=written), at=NOON)], NOON
    for wait, move in moves:
        at += dt.timedelta(days=wait, minutes=1)
        asked_on = {"requested_on": RULES.day_of(at)}
        event = move.model_copy(update=asked_on) if isinstance(move, ReviewRequested) else move
        if is_possible(state_of(facts), event, at):
            facts.append(recorded(event, at=at))
    now = at + dt.timedelta(days=days, hours=2)
    request = state_of(facts)
    there = {form.path for step in steps_of(ENGLISH, TOWN, path_of(facts), now) for form in step.forms}

    for kind, forms in FORM_OF.items():
        candidates = [each for each in EVENTS if type(each) is kind]
        if kind is ThirdPartyIdentified:
            candidates = [make(kind, third_party_id="6f9619ff-8b86-5d11-b42d-00cf4fc964aa")]
        if kind is ReviewRequested:
            candidates = [make(kind, requested_on=RULES.day_of(now).isoformat())]
        if kind is RequestAnswered:
            candidates = [REFUSED]
        if kind is ThirdPartyNotified:  # A notice that is given again is taken, and changes nothing.
            candidates = [each for each in candidates if not _is_notified(request, each)]
        if kind is AccessClassified and request.path.nature is not None:
            candidates = [make(kind, nature="rectification")]
        can = any(is_possible(request, each, now) for each in candidates)
        assert (not forms.isdisjoint(there)) is can, (kind.TYPE, there, request)


def _is_notified(request: Request, event: Any) -> bool:
    party = request.path.third_party(event.third_party_id)
    return party is not None and party.notified_at is not None


def test_both_languages_say_something_else() -> None:
    """Each title, line and reason has its English."""
    facts = story((0, make(ThirdPartyIdentified)), (1, make(ThirdPartyNotified)), (2, REFUSED))
    french, english = steps(facts, 3), steps(facts, 3, ENGLISH)

    assert [name for name in french if replace(french[name], forms=()) == replace(english[name], forms=())] == []
