"""What may be done about a request now, and what a field offers to choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from clic_contracts.lifecycle import may_happen
from clic_contracts.town import Town
from clic_contracts.vocabulary import (
    Channel,
    ClosingReason,
    Criterion,
    Kind,
    Phase,
    ReopeningReason,
    VoidingReason,
)
from clic_intake.api.access_command import Admit, HandBack, HandOver
from clic_intake.api.command import Assign, Complete, Extend, GiveBack, Rate, Reopen, Take, UndoMerge
from clic_intake.citizen.label import SCORES
from clic_intake.core.access import ThirdParty
from clic_intake.core.state import Request
from clic_intake.core.worklist import Row
from clic_intake.web import Words

from . import access_catalogue, label
from .access_step import SHOWN_ON_PATH, party_choices, to_answer, to_notify
from .catalogue import FORMS
from .form import Form
from .label import Both, said

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
_PARTIES = {"third_party_to_notify": to_notify, "third_party_to_answer": to_answer}
_NOTHING_KNOWN = Request()


def offered(row: Row, actor: str, request: Request = _NOTHING_KNOWN) -> tuple[Form, ...]:
    """The forms of what may be done about a request now, by this person; an access request's path has its own."""
    return tuple(
        each
        for each in FORMS
        if may_happen(row.phase, each.event) and _is_among(each, row) and _fits(each, row, actor, request)
    )


def _is_among(form: Form, row: Row) -> bool:
    """Whether it is shown among what may be done, and not on the path of access."""
    is_access = row.kind == Kind.ACCESS_TO_INFORMATION
    return form.group != "access" and not (is_access and form.path in SHOWN_ON_PATH)


def _fits(form: Form, row: Row, actor: str, request: Request) -> bool:
    """What the phase alone does not tell."""
    match form.path:
        case Take.PATH:
            return row.pending and row.assigned_to is None
        case GiveBack.PATH:
            return row.pending and row.assigned_to == actor
        case Assign.PATH:
            return row.pending
        case Complete.PATH:
            return bool(row.missing)
        case Extend.PATH | access_catalogue.EXTEND_BY_LETTER:
            return row.kind == Kind.COMPLAINT and not request.extended
        case Admit.PATH:
            return row.kind != Kind.ACCESS_TO_INFORMATION and not request.admitted
        case HandOver.PATH:
            return row.confidential_to is None and row.kind != Kind.ACCESS_TO_INFORMATION and request.handed_to is None
        case HandBack.PATH:
            return request.handed_to is not None
        case UndoMerge.PATH:
            return row.merged_into is not None
        case Reopen.PATH:
            return row.merged_into is None and row.phase is not Phase.REOPENED
        case Rate.PATH:
            return row.rating is None
        case _:
            return True


def choices_of(name: str, t: Words, town: Town, parties: Sequence[ThirdParty] = ()) -> Choices:
    """What a field offers, by the name of its choices. `parties` are the request's third parties."""
    if name in _PARTIES:
        return party_choices(t, parties, _PARTIES[name])
    offers: dict[str, Callable[[], Iterable[tuple[str, Both]]]] = {
        "channel": lambda: ((each, label.CHANNELS[each]) for each in CHANNELS),
        "missing": label.MISSING.items,
        "outcome": label.OUTCOMES.items,
        "criterion": lambda: ((each, label.CRITERIA[each]) for each in CRITERIA),
        "closing": lambda: ((each, label.CLOSINGS[each]) for each in CLOSINGS),
        "reopening": lambda: ((each, label.REOPENINGS[each]) for each in REOPENINGS),
        "voiding": lambda: ((each, label.VOIDINGS[each]) for each in VOIDINGS),
        "kind": label.KIND_NAMES.items,
        "score": lambda: SCORES,
        "department": lambda: ((each.code, (each.name.fr, each.name.en)) for each in town.departments),
        "body": lambda: ((each.code, (each.name.fr, each.name.en)) for each in town.bodies),
        "subject": lambda: sorted((each.code, (each.name.fr, each.name.en)) for each in town.subjects),
        "nature": label.NATURES.items,
        "position": label.POSITIONS.items,
        "review": label.REVIEWS.items,
        "language": label.LANGUAGES.items,
        "handed_back": lambda: ((str(value).lower(), both) for value, both in label.HANDED_BACK.items()),
        "complaint_criteria": lambda: ((each, label.criterion(each)) for each in town.complaint_criteria),
        "": tuple,
    }
    return tuple((str(value), said(t, both)) for value, both in offers[name]())
