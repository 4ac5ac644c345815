"""The register of access requests: one line a request from its whole story, a year's account, and nobody's data."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.intake.core.story import ACCESS, TORONTO, closed, make, town_time

from clic_chassis.scenario import recorded
from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    AccessClassified,
    AccessDeemedRefused,
    Event,
    ObligationLapsed,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationSet,
    RequestAcknowledged,
    RequestAnswered,
    RequestExtended,
    RequestIncomplete,
    RequestMerged,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestVoided,
    ReviewDecided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_contracts.vocabulary import AccessNature, ClosingReason, ReviewOutcome
from clic_intake.access_register.document import machine
from clic_intake.core.access_path import path_of
from clic_intake.core.access_register import Account, DelayClass, Line, Outcome, line_of

RECEIVED_AT = town_time("2026-03-17T23:50")
"""By e-mail, ten minutes before midnight: Tuesday is day 0 (LCCJTI art. 31)."""
PLANTED = "Camille Exemple"


def on(days: int, event: Event, hour: int = 10) -> Recorded:
    """An event so many days after the day of reception."""
    return recorded(event, at=RECEIVED_AT.replace(hour=hour, minute=0) + dt.timedelta(days=days))


def received(**changes: Any) -> Recorded:
    written: dict[str, Any] = {"written": True, "confidential": True, **changes}
    return recorded(ACCESS.model_copy(update=written), at=RECEIVED_AT)


def decide(number: int = 1, due_on: str = "2026-04-07", rule: str = "access_law") -> Any:
    """Day 20 is Easter Monday, and the limit the day after (I-16 art. 52)."""
    limit = {"due_strict_on": due_on, "due_prudent_on": due_on, "due_at": f"{due_on}T23:59:59-04:00"}
    return _owed("decide_access", number, rule=rule, **limit)


def _owed(kind: str, number: int = 1, rule: str = "access_law", **changes: Any) -> Any:
    return make(ObligationSet, obligation_id=f"{kind}-{number}", obligation=kind, rule={"code": rule}, **changes)


def about(event: type[Event], kind: str = "decide_access", number: int = 1, **changes: Any) -> Any:
    return make(event, obligation_id=f"{kind}-{number}", obligation=kind, **changes)


def answered(outcome: str, *provisions: str) -> Any:
    return make(RequestAnswered, access_outcome=outcome, provisions=provisions)


def line(*story: Recorded) -> Line:
    found = line_of(path_of(story), TORONTO)
    assert found is not None
    return found


WHOLE = (
    received(),
    recorded(decide(), at=RECEIVED_AT),
    on(1, make(RequestAcknowledged)),
    on(2, make(AccessClassified)),
    on(3, make(ThirdPartyIdentified)),
    on(4, make(ThirdPartyNotified)),
    on(9, make(RequestExtended)),
    on(9, about(ObligationLifted, reason="replaced")),
    on(9, decide(2, "2026-04-16", "access_extended")),
    on(12, make(ThirdPartyAnswered)),
    on(25, answered("partial", "art. 53 et 54", "A-2.1, art. 23")),
    on(25, about(ObligationMet, number=2, in_time=True, met_at="2026-04-11T10:00:00-04:00")),
    on(40, make(ReviewRequested)),
    on(90, make(ReviewDecided, outcome="partly_reversed")),
)


def test_a_whole_path_is_one_line() -> None:
    """Every column, of a request that went all the way to the Commission."""
    assert line(*WHOLE) == Line(
        number="2026-004217",
        received_on=dt.date(2026, 3, 17),
        written=True,
        nature=AccessNature.ADMINISTRATIVE_DOCUMENTS,
        decided_on=dt.date(2026, 4, 11),
        delay_days=25,
        extended=True,
        third_party=True,
        outcome=Outcome.PARTIAL,
        deemed_refused=False,
        in_time=True,
        provisions=("A-2.1, art. 23", "A-2.1, art. 53", "A-2.1, art. 54"),
        review_requested=True,
        review_outcome=ReviewOutcome.PARTLY_REVERSED,
    )


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, DelayClass.LAW),
        (20, DelayClass.LAW),
        (21, DelayClass.EXTENDED),
        (30, DelayClass.EXTENDED),
        (31, DelayClass.LONGER),
        (400, DelayClass.LONGER),
    ],
)
def test_the_day_of_reception_is_day_0_of_the_delay(days: int, expected: DelayClass) -> None:
    """A-2.1 art. 47: 20, and 30 with an extension, are the last days of their classes."""
    found = line(received(), on(days, answered("granted"), hour=23))

    assert (found.delay_days, found.delay) == (days, expected)


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        ((), Outcome.PENDING),
        ((on(3, answered("granted")),), Outcome.GRANTED),
        ((on(3, answered("no_document")),), Outcome.NO_DOCUMENT),
        ((on(3, make(RequestAnswered, access_outcome="other_body", body="hydro_quebec")),), Outcome.OTHER_BODY),
        ((on(3, answered("refused", "art. 37")), on(4, closed(ClosingReason.ANSWERED))), Outcome.REFUSED),
        ((on(3, make(RequestAnswered)),), Outcome.UNSPECIFIED),
        ((on(3, closed(ClosingReason.WITHDRAWN)),), Outcome.WITHDRAWN),
        ((on(3, closed(ClosingReason.WITHDRAWN)), on(4, make(RequestReopened))), Outcome.PENDING),
        ((on(3, make(RequestRefused)),), Outcome.NOT_ADMISSIBLE),
        (
            (
                on(3, answered("refused", "art. 37")),
                on(4, closed(ClosingReason.ANSWERED)),
                on(9, make(RequestReopened)),
                on(12, answered("granted")),
            ),
            Outcome.GRANTED,
        ),
    ],
)
def test_the_outcome_is_how_it_stands_now(story: Sequence[Recorded], expected: Outcome) -> None:
    """The newest decision, or that there is none."""
    assert line(received(), *story).outcome is expected


@pytest.mark.parametrize(("days", "in_time"), [(3, True), (25, False)])
def test_what_is_not_admissible_is_decided_once_the_citizen_is_told(days: int, *, in_time: bool) -> None:
    """A-2.1 art. 47, 135: the review that may be asked of it is told beside."""
    limit = recorded(decide(), at=RECEIVED_AT)
    judged, told = on(2, make(RequestRefused, sent=None)), on(days, make(RequestRefused))
    before, after = (
        line(received(), limit, judged),
        line(received(), limit, judged, told, on(30, make(ReviewRequested))),
    )

    assert (before.outcome, before.decided_on, before.in_time) == (Outcome.NOT_ADMISSIBLE, None, None)
    assert (after.outcome, after.delay_days, after.in_time) == (Outcome.NOT_ADMISSIBLE, days, in_time)
    assert after.review_requested


SILENCE = (
    received(),
    recorded(decide(), at=RECEIVED_AT),
    on(22, about(ObligationMissed)),
    on(22, AccessDeemedRefused(obligation_id="decide_access-1", due_at=decide().due_at)),
)


def test_silence_at_the_limit_is_a_refusal_until_the_town_answers_and_is_told_beside_its_answer() -> None:
    """A-2.1 art. 52: the town must still answer."""
    silent = line(*SILENCE)
    late = line(*SILENCE, on(35, answered("granted")), on(35, about(ObligationMet, in_time=False)))

    assert (silent.outcome, silent.deemed_refused, silent.delay) == (Outcome.DEEMED_REFUSED, True, None)
    assert (late.outcome, late.deemed_refused, late.in_time) == (Outcome.GRANTED, True, False)


def test_a_decision_in_time_that_was_recorded_late_is_no_deemed_refusal() -> None:
    """The last fact holds: what was decided in time was never refused by silence."""
    known = line(*SILENCE, on(19, answered("granted")), on(19, about(ObligationMet, in_time=True)))

    assert (known.deemed_refused, known.in_time) == (False, True)


@pytest.mark.parametrize(
    "end",
    [make(RequestVoided), make(RequestMerged)],
)
def test_what_is_no_request_of_its_own_stands_in_no_register(end: Event) -> None:
    """Entered by mistake, or joined to another one."""
    assert line_of(path_of((received(), on(1, end))), TORONTO) is None


def test_the_path_knows_where_each_step_stands() -> None:
    """What the greffe's page shows: precision, third parties, the limit that stands, the window."""
    path = path_of(
        (
            *WHOLE[:2],
            on(1, make(RequestIncomplete, missing=["precision"])),
            *WHOLE[2:12],
            on(25, _owed("review_window", due_strict_on="2026-05-11")),
            on(60, about(ObligationLapsed, "review_window")),
        )
    )

    assert path.precision_asked_at is not None
    assert path.precision_given_at is None
    assert [each.position for each in path.third_parties] == ["objects"]
    assert path.decide is not None
    assert (path.decide.rule, path.decide.due_strict_on) == ("access_extended", dt.date(2026, 4, 16))
    assert path.review_window is not None
    assert (path.review_window.lapsed, path.review_window.due_strict_on) == (True, dt.date(2026, 5, 11))


def test_the_account_counts_each_line_once_in_each_table() -> None:
    """By nature, delay, decision, provision and review."""
    account = Account()
    lines = [
        line(*WHOLE),
        line(*SILENCE, on(35, answered("refused", "art. 53", "53")), on(35, about(ObligationMet, in_time=False))),
        line(received(written=False)),
    ]
    for each in lines:
        account.add(each)
    documents = AccessNature.ADMINISTRATIVE_DOCUMENTS

    assert account.received == {documents: 1, None: 2}
    assert (account.written, account.oral, account.extended, account.third_party) == (2, 1, 1, 1)
    assert account.delays == {(DelayClass.EXTENDED, documents): 1, (DelayClass.LONGER, None): 1}
    assert account.outcomes == {(Outcome.PARTIAL, documents): 1, (Outcome.REFUSED, None): 1, (Outcome.PENDING, None): 1}
    assert account.provisions[Outcome.REFUSED, "A-2.1, art. 53"] == 1
    assert account.provisions[Outcome.PARTIAL, "A-2.1, art. 53"] == 1
    assert (account.deemed_refused, account.late) == (1, 1)
    assert account.review_outcomes == {ReviewOutcome.PARTLY_REVERSED: 1}


PLANTS = st.text(alphabet="abcdefghijklmnopqrstuvwxyzéàè '-", min_size=4, max_size=30).map(lambda text: f"Zz{text}zZ")


@given(plant=PLANTS, provisions=st.lists(st.sampled_from(["art. 53", "53", "C-19, art. 585", ""]), max_size=4))
@settings(max_examples=200)
def test_nothing_that_somebody_wrote_stands_in_a_line(plant: str, provisions: list[str]) -> None:
    """POL-26, POL-30: whatever words are planted in any text of a story, the line holds none of them."""
    planted = f"{plant} 450 555-0199 {PLANTED}"
    lines = [f"{each} {planted}" for each in provisions] + [planted]
    story = (
        received(
            submission={"source": planted, "id": planted},
            content_digest=planted,
            sealed={"nonce": planted, "ciphertext": planted},
        ),
        *WHOLE[1:10],
        on(
            25,
            make(
                RequestAnswered,
                access_outcome="refused",
                provisions=lines,
                sealed={"nonce": planted, "ciphertext": planted},
            ),
        ),
        *WHOLE[11:],
    )
    acted = [each.model_copy(update={"actor": planted, "cause_id": planted}) for each in story]

    told = json.dumps(machine(line(*acted)), ensure_ascii=False)

    assert not [each for each in (plant, PLANTED, "555", "0199", "Zz") if each in told]


def test_a_story_of_something_else_is_no_line() -> None:
    """A contact without a request."""
    assert line_of(path_of(()), TORONTO) is None
    assert isinstance(received().data, RequestReceived)
