"""What may be done about a request now, and what a field offers to choose from."""

from __future__ import annotations

from clic_contracts.lifecycle import may_happen
from clic_contracts.town import Town
from clic_contracts.vocabulary import (
    AccessOutcome,
    Channel,
    ClosingReason,
    Criterion,
    Kind,
    Missing,
    Phase,
    ReopeningReason,
    VoidingReason,
)
from clic_intake.api.command import Assign, Complete, Extend, GiveBack, Rate, Reopen, Take, UndoMerge
from clic_intake.citizen.label import SCORES
from clic_intake.core.worklist import Row
from clic_intake.web import Words

from . import label
from .form import FORMS, Form
from .label import said

CLOSINGS = tuple(each for each in ClosingReason if each is not ClosingReason.MERGED)
"""Reasons that an agent closes for: a merge closes by itself."""
REOPENINGS = tuple(
    each for each in ReopeningReason if each not in (ReopeningReason.MERGED_IN_ERROR, ReopeningReason.UNSPECIFIED)
)
"""Reasons that an agent reopens for: a merge is undone by its own command."""
VOIDINGS = (VoidingReason.ENTERED_TWICE, VoidingReason.ENTERED_IN_ERROR)
CRITERIA = tuple(each for each in Criterion if each is not Criterion.UNSPECIFIED)
CHANNELS = tuple(each for each in Channel if each is not Channel.UNKNOWN)
"""What only older records leave open, nobody chooses."""

Choices = tuple[tuple[str, str], ...]
"""Values and what each is called."""


def offered(row: Row, actor: str) -> tuple[Form, ...]:
    """The forms of what may be done about a request now, by this person."""
    return tuple(each for each in FORMS if may_happen(row.phase, each.event) and _fits(each, row, actor))


def _fits(form: Form, row: Row, actor: str) -> bool:
    """What the phase alone does not tell."""
    match form.command.PATH:
        case Take.PATH:
            return row.pending and row.assigned_to is None
        case GiveBack.PATH:
            return row.pending and row.assigned_to == actor
        case Assign.PATH:
            return row.pending
        case Complete.PATH:
            return bool(row.missing)
        case Extend.PATH:
            return row.kind == Kind.ACCESS_TO_INFORMATION
        case UndoMerge.PATH:
            return row.merged_into is not None
        case Reopen.PATH:
            return row.merged_into is None and row.phase is not Phase.REOPENED
        case Rate.PATH:
            return row.rating is None
        case _:
            return True


def choices_of(name: str, t: Words, town: Town) -> Choices:
    """What a field offers, by the name of its choices."""
    match name:
        case "channel":
            return tuple((each.value, said(t, label.CHANNELS[each])) for each in CHANNELS)
        case "missing":
            return tuple((each.value, said(t, label.MISSING[each])) for each in Missing)
        case "outcome":
            return tuple((each.value, said(t, label.OUTCOMES[each])) for each in AccessOutcome)
        case "criterion":
            return tuple((each.value, said(t, label.CRITERIA[each])) for each in CRITERIA)
        case "closing":
            return tuple((each.value, said(t, label.CLOSINGS[each])) for each in CLOSINGS)
        case "reopening":
            return tuple((each.value, said(t, label.REOPENINGS[each])) for each in REOPENINGS)
        case "voiding":
            return tuple((each.value, said(t, label.VOIDINGS[each])) for each in VOIDINGS)
        case "score":
            return tuple((value, f"{value} – {said(t, both)}") for value, both in SCORES)
        case "department":
            return tuple((each.code, t.name(each.name)) for each in town.departments)
        case "body":
            return tuple((each.code, t.name(each.name)) for each in town.bodies)
        case _:
            return ()
