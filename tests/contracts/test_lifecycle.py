"""The lifecycle table: whole, consistent, and drawn as it is."""

from __future__ import annotations

import itertools

import pytest

from clic_contracts.event import (
    EVENTS,
    Event,
    LearningPublished,
    LearningWithdrawn,
    RequestAnswered,
    RequestClosed,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestRouted,
    RequestVoided,
)
from clic_contracts.lifecycle import (
    BESIDE,
    CLOSES_UNANSWERED,
    LIFECYCLE,
    PENDING,
    may_happen,
    mermaid,
    next_phase,
)
from clic_contracts.vocabulary import ClosingReason, Phase, Service

TOWN_LEVEL: set[type[Event]] = {LearningPublished, LearningWithdrawn}
"""Facts with a story of their own, of no request."""

PAIRS = list(itertools.product(Phase, EVENTS))


def test_every_phase_has_a_row_and_every_row_leads_to_a_phase() -> None:
    """The table is whole."""
    assert set(LIFECYCLE) == set(Phase)
    assert {then for row in LIFECYCLE.values() for then in row.values()} <= set(Phase)


def test_every_phase_is_reached_from_nothing() -> None:
    """No phase stands in the table that no request can be in."""
    reached, found = {Phase.NEW}, {Phase.NEW}
    while found:
        found = {then for phase in found for then in LIFECYCLE[phase].values()} - reached
        reached |= found

    assert reached == set(Phase)


def test_every_event_is_in_the_table_beside_it_or_of_the_town() -> None:
    """No event of the catalogue is forgotten, none has two roles."""
    in_table = {event for row in LIFECYCLE.values() for event in row}

    assert in_table | BESIDE | TOWN_LEVEL == set(EVENTS)
    assert set() == in_table & BESIDE
    assert set() == in_table & TOWN_LEVEL


@pytest.mark.parametrize(("phase", "event"), PAIRS, ids=[f"{phase}-{event.TYPE}" for phase, event in PAIRS])
def test_an_event_moves_a_request_only_where_the_table_has_a_row(phase: Phase, event: type[Event]) -> None:
    """Walks every phase with every event."""
    in_row = event in LIFECYCLE[phase]
    beside = event in BESIDE and phase is not Phase.NEW

    assert may_happen(phase, event) == (in_row or beside)
    assert next_phase(phase, event) == (LIFECYCLE[phase][event] if in_row else phase)


def test_a_request_begins_by_being_received_and_only_so() -> None:
    """POL-10: each is registered."""
    assert {RequestReceived: Phase.RECEIVED} == LIFECYCLE[Phase.NEW]
    assert all(RequestReceived not in LIFECYCLE[phase] for phase in Phase if phase is not Phase.NEW)


def test_nothing_comes_after_a_voided_record_but_facts_beside() -> None:
    """A record that is no request has no life; its routing and its lifted obligations may still be told."""
    assert LIFECYCLE[Phase.VOIDED] == {}
    assert may_happen(Phase.VOIDED, RequestRouted)


def test_a_closed_request_goes_on_only_by_being_reopened() -> None:
    """POL-39."""
    leaving = {event for event, then in LIFECYCLE[Phase.CLOSED].items() if then is not Phase.CLOSED}

    assert {RequestReopened, RequestVoided} == leaving


def test_only_closing_closes_and_only_answering_and_refusing_do_what_they_say() -> None:
    """POL-27: the table gives no back door."""
    by = {
        then: {
            event for row in LIFECYCLE.values() for event, to in row.items() if to is then and row is not LIFECYCLE[to]
        }
        for then in (Phase.CLOSED, Phase.ANSWERED, Phase.REFUSED)
    }

    assert by == {
        Phase.CLOSED: {RequestClosed},
        Phase.ANSWERED: {RequestAnswered},
        Phase.REFUSED: {RequestRefused},
    }


def test_a_request_is_closed_unanswered_only_for_a_withdrawal_a_merger_or_a_refusal() -> None:
    """POL-27; that the reason is asked for is the decider's of intake."""
    assert {ClosingReason.WITHDRAWN, ClosingReason.MERGED, ClosingReason.REFUSED} == CLOSES_UNANSWERED
    assert ClosingReason.ANSWERED not in CLOSES_UNANSWERED


def test_every_phase_but_the_first_is_either_pending_or_treated() -> None:
    """POL-32: the balance needs each request on one side."""
    assert {Phase.RECEIVED, Phase.IN_TREATMENT, Phase.ANSWERED, Phase.REOPENED} == PENDING
    assert Phase.NEW not in PENDING


def test_only_intake_moves_a_request_between_phases() -> None:
    """No invariant needs two owners."""
    movers = {event.BY for phase, row in LIFECYCLE.items() for event, then in row.items() if then is not phase}

    assert {Service.INTAKE} == movers


def test_the_diagram_shows_every_arrow_of_the_table_and_no_other() -> None:
    """The documentation's diagram is drawn from the table."""
    drawn = {
        (start.strip(), end, name)
        for line in mermaid().splitlines()[1:]
        for start, rest in [line.split(" --> ")]
        for end, names in [rest.split(": ")]
        for name in names.split(", ")
    }
    expected = {
        ("[*]" if phase is Phase.NEW else phase.value, then.value, event.TYPE.split(".")[1])
        for phase, row in LIFECYCLE.items()
        for event, then in row.items()
    }

    assert expected == drawn
