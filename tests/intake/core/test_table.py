"""The lifecycle's table, written a second time from the policy: a row that is lost or slipped in is noticed here.

The other tests walk the table as it stands; this one says what ought to stand there, and why.
"""

from __future__ import annotations

import pytest

from clic_contracts.event import Event
from clic_contracts.lifecycle import BESIDE, LIFECYCLE
from clic_contracts.vocabulary import Phase

TREATED = {
    "incomplete": None,  # POL-06, POL-21: asked for, as long as nothing was answered
    "completed": None,
    "admitted": None,  # POL-05 to POL-09, POL-12: a person judged that it is admissible
    "handed_over": None,  # POL-29: an outside body does part of the work
    "split": None,  # POL-10: one contact that is several requests
    "merged": None,  # POL-27: closed in the same decision
    "acknowledged": None,  # POL-13 to POL-15
    "promised": None,  # POL-19
    "extended": None,  # POL-23
    "refused": Phase.REFUSED,  # POL-07 to POL-09
    "answered": Phase.ANSWERED,  # POL-17
    "closed": Phase.CLOSED,  # POL-27: withdrawn, or merged
    "voided": Phase.VOIDED,
}
"""What may happen to a request that still owes its answer, and the phase after it; None: the same."""

EXPECTED: dict[Phase, dict[str, Phase | None]] = {
    Phase.NEW: {"received": Phase.RECEIVED},  # POL-10
    Phase.RECEIVED: TREATED
    | dict.fromkeys(("acknowledged", "promised", "extended", "handed_over"), Phase.IN_TREATMENT),
    Phase.IN_TREATMENT: TREATED,
    Phase.REOPENED: TREATED,  # POL-39: it has to be answered again
    Phase.ANSWERED: {
        "acknowledged": None,  # an earlier one that is told later (POL-14)
        "answered": None,
        "closed": Phase.CLOSED,  # POL-27
        "voided": Phase.VOIDED,
    },
    Phase.REFUSED: {
        "acknowledged": None,
        "refused": None,  # the refusal that was still to be sent
        "closed": Phase.CLOSED,  # POL-27: once it was sent; never answered by the desk (POL-09)
        "reopened": Phase.REOPENED,  # POL-39
        "voided": Phase.VOIDED,
    },
    Phase.CLOSED: {"reopened": Phase.REOPENED, "rated": None, "voided": Phase.VOIDED},  # POL-39
    Phase.VOIDED: {},
}


def short(event: type[Event]) -> str:
    return event.TYPE.removeprefix("request.").removesuffix(".v1")


@pytest.mark.parametrize("phase", Phase, ids=str)
def test_in_each_phase_happens_what_the_policy_says_and_nothing_else(phase: Phase) -> None:
    """POL-06, POL-09, POL-10, POL-13, POL-19, POL-21, POL-23, POL-27, POL-39."""
    expected = {name: after or phase for name, after in EXPECTED[phase].items()}
    assert {short(event): after for event, after in LIFECYCLE[phase].items()} == expected


def test_what_stands_beside_the_phase_never_moves_it() -> None:
    """POL-28, POL-41: notes, files, letters, contacts and conduct; nothing stands in both."""
    rows = {event for row in LIFECYCLE.values() for event in row}
    assert rows.isdisjoint(BESIDE)
    assert {"noted", "assigned", "attached", "described", "corrected", "erased", "interaction.abusive"} <= {
        short(each) for each in BESIDE
    }
