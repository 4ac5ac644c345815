"""What happened to a request since somebody last looked at it, as far as they have to know it before they act."""

from __future__ import annotations

from collections.abc import Iterable

from clic_chassis.error import RefusedError
from clic_contracts.envelope import Commit, Recorded
from clic_contracts.event import (
    AccessDeemedRefused,
    Event,
    LearningRecorded,
    LetterFailed,
    LetterSent,
    ObligationEscalated,
    ObligationLapsed,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
    ObligationWarned,
    PersonalDataErased,
    RequestAnswered,
    RequestClosed,
    RequestExtended,
    RequestMerged,
    RequestRated,
    RequestRefused,
    RequestReopened,
    RequestRouted,
    RequestVoided,
    ThirdPartyNotified,
)

ALWAYS: frozenset[type[Event]] = frozenset(
    {
        AccessDeemedRefused,
        PersonalDataErased,
        RequestAnswered,
        RequestClosed,
        RequestExtended,
        RequestMerged,
        RequestRefused,
        RequestReopened,
        RequestRouted,
        RequestVoided,
        ThirdPartyNotified,
    }
)
"""What changes what may be done, or who does it, whoever or whatever decided it."""
NEVER: frozenset[type[Event]] = frozenset(
    {
        LearningRecorded,
        LetterFailed,
        LetterSent,
        ObligationEscalated,
        ObligationLapsed,
        ObligationLifted,
        ObligationMet,
        ObligationMissed,
        ObligationPaused,
        ObligationRecounted,
        ObligationSet,
        ObligationWarned,
        RequestRated,
    }
)
"""What follows from other facts, or changes nothing about the request."""
MACHINES = ("rule:", "clock:")
"""How `actor` begins where nobody acts."""


class MovedError(RefusedError):
    """Somebody else did something about the request since it was read: it is shown, and nothing is overwritten."""

    code = "moved"

    def __init__(self, meanwhile: tuple[tuple[int, Recorded], ...]) -> None:
        super().__init__(
            f"{len(meanwhile)} thing(s) happened to the request since you read it: look at them, then send the "
            "command again with the position that you have seen now, or leave it"
        )
        self.meanwhile = meanwhile
        """Positions of the log, and what happened there."""


class TakenError(RefusedError):
    """Somebody else has the request: they give it back, or it is given to another by name. Source: POL-28."""

    code = "taken"


def since(commits: Iterable[Commit], position: int, actor: str) -> tuple[tuple[int, Recorded], ...]:
    """What happened behind a position that this actor has to know, in the log's order."""
    return tuple(
        (commit.sequence, each)
        for commit in commits
        if commit.sequence > position
        for each in commit.events
        if matters(each, actor)
    )


def must_not_have_moved(commits: Iterable[Commit], position: int, actor: str) -> None:
    """Nothing happened behind a position that this actor has to know.

    Raises:
        MovedError: something did.
    """
    found = since(commits, position, actor)
    if found:
        raise MovedError(found)


def matters(fact: Recorded, actor: str) -> bool:
    """Whether somebody who is about to act has to know it: others' doings, not their own nor a clock's."""
    kind = type(fact.data)
    if fact.actor == actor or kind in NEVER:
        return False
    return kind in ALWAYS or not fact.actor.startswith(MACHINES)
