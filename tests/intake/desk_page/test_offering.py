"""What may be done about a request is offered on its page, and each command has a form."""

from __future__ import annotations

from typing import Any

import pytest

from clic_chassis.scenario import NOON
from clic_contracts.vocabulary import Kind, Phase
from clic_intake.api.command import COMMANDS
from clic_intake.core.worklist import Row
from clic_intake.desk_page.catalogue import FORMS
from clic_intake.desk_page.offering import offered


def test_every_command_has_a_form() -> None:
    """POL-28: what the API can do, a page can."""
    assert {each.PATH for each in COMMANDS} <= {each.path for each in FORMS}
    assert len({each.path for each in FORMS}) == len(FORMS)


@pytest.mark.parametrize(
    ("changes", "there", "gone"),
    [
        (
            {},
            {"take", "assign", "answer", "merge"},
            {"give-back", "undo-merge", "reopen", "rate", "extend", "complete"},
        ),
        ({"assigned_to": "agent:alex"}, {"give-back"}, {"take"}),
        ({"assigned_to": "agent:sacha"}, {"assign"}, {"take", "give-back"}),
        (
            {"kind": Kind.ACCESS_TO_INFORMATION},
            {"note", "close"},
            {"extend", "answer", "letter", "ask", "classify", "admit"},
        ),
        ({"kind": Kind.COMPLAINT}, {"extend", "extend-letter", "admit", "hand-over"}, {"hand-back", "classify"}),
        ({"phase": Phase.CLOSED}, {"reopen", "rate", "note"}, {"take", "answer", "close", "undo-merge"}),
        ({"phase": Phase.CLOSED, "merged_into": "x"}, {"undo-merge"}, {"reopen"}),
        ({"phase": Phase.VOIDED}, {"note"}, {"void", "reopen", "take", "answer"}),
    ],
)
def test_what_may_be_done_now_is_offered_and_nothing_else(
    changes: dict[str, Any], there: set[str], gone: set[str]
) -> None:
    """POL-27, POL-28, POL-39."""
    row = Row(
        **{
            "request_id": "x", "request_key": 1, "reference": "2026-000001", "kind": Kind.REPORT, "subject": None,
            "sector": None, "channel": "phone", "language": "fr", "origin": "live", "publisher": "p",
            "phase": Phase.IN_TREATMENT, "received_at": NOON, "updated_at": NOON, "last_sequence": 1,
            "urgent": False, "confidential_to": None, **changes,
        }
    )  # fmt: skip
    paths = {each.path for each in offered(row, "agent:alex")}
    assert there <= paths
    assert paths.isdisjoint(gone)
