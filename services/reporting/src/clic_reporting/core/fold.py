"""The fold: what each fact of the log means for the rows of reporting, live and in a rebuild alike.

Pure: it reads no clock and touches no server. A request's rows are a value, `RequestRows`, that facts change one
after the other in the log's order; whoever calls keeps these values (see `clic_reporting.store`). What a fact changed
stands with the fact's position, so that everything can be told as of any position of the log.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from .effect import EFFECTS
from .fact import (
    Erased,
    Interaction,
    LearningPublished,
    LearningRecorded,
    LearningWithdrawn,
    Received,
    type_of,
)
from .narrow import NarrowCommit
from .obligation import UnfoldableError
from .row import Changes, RequestRows
from .step import STEPS

TORONTO: Final = ZoneInfo("America/Toronto")
ACTORS: Final = frozenset({"agent", "citizen", "publisher", "rule", "clock"})
_ALONE: Final = frozenset({Interaction, LearningRecorded, LearningPublished, LearningWithdrawn, Erased})
"""Facts that need no request: contacts and learnings have stories of their own, which can be erased too."""


def needed(known: Container[str], commits: Iterable[NarrowCommit]) -> set[str]:
    """The ids of the requests whose rows must be at hand before the fold, where there are any."""
    return {each.request_id for each in commits if each.request_id not in known and not _is_own_story(each)}


def _is_own_story(commit: NarrowCommit) -> bool:
    first = commit.events[0]
    return type(first) is Interaction and first.data.about is None


def fold(known: dict[str, RequestRows], commits: Iterable[NarrowCommit]) -> Changes:
    """Apply commits in order. `known` holds the requests that `needed` names, and takes the new ones.

    Raises:
        UnfoldableError: a fact about a request that was never received or an obligation that was never set, or a
            second reception. What `known` holds is spoilt then.
    """
    changes = Changes()
    clock, actors = _Days(changes.days), _Actors()
    events, versions, starts_at, ends_at, town = changes.events, changes.rule_versions, _NEVER, _NEVER, None
    for commit in commits:
        rows = known.get(commit.request_id)
        sequence = commit.sequence
        changed = False
        for ordinal, fact in enumerate(commit.events, 1):
            kind = type(fact)
            if rows is not None and (effect := EFFECTS.get(kind)) is not None:
                changed = effect(rows, fact, sequence) or changed
            elif kind is Received:
                rows = known[commit.request_id] = _received(rows, fact, sequence)
                changes.interactions.append(_first_contact(rows, ordinal))
                changed = True
            elif kind is Interaction:
                changes.interactions.append(_interaction(fact, sequence, ordinal))
            elif kind is LearningPublished or kind is LearningWithdrawn:
                data: Any = fact.data  # type: ignore[attr-defined]  # The type is told by `kind`.
                text = data.text if kind is LearningPublished else ""
                changes.learnings.append(
                    (sequence, ordinal, UUID(commit.request_id), data.period, text, fact.occurred_at)
                )
            elif rows is None and kind not in _ALONE:
                why = f"a fact about a request that was never received: {type_of(kind)} of {commit.request_id}"
                raise UnfoldableError(sequence, why)
            if rows is not None and kind in STEPS:
                STEPS[kind](changes, rows, fact, sequence, ordinal)
            if not starts_at <= fact.recorded_at < ends_at:
                starts_at, ends_at = clock.day_of(fact.recorded_at, sequence)
            if fact.town != town:
                town = fact.town
                versions.setdefault(town, sequence)
            events.append(
                (
                    sequence, ordinal, fact.KEY, None if rows is None else rows.request_key, fact.occurred_at,
                    fact.assumed, fact.recorded_at, actors[fact.actor],
                )
            )  # fmt: skip
        if changed and rows is not None:
            rows.last_sequence = sequence
            changes.requests[rows.request_key] = rows
    return changes


_NEVER: Final = dt.datetime(1, 1, 1, tzinfo=dt.UTC)


class _Days:
    """Which day in the town's time an instant is on, and where in the log each day begins."""

    def __init__(self, days: dict[dt.date, int]) -> None:
        self._days = days

    def day_of(self, at: dt.datetime, sequence: int) -> tuple[dt.datetime, dt.datetime]:
        """The first instant of the day of `at` and the first after it; the day begins at `sequence` or before."""
        day = at.astimezone(TORONTO).date()
        self._days.setdefault(day, sequence)
        starts_at, ends_at = (
            dt.datetime.combine(each, dt.time(), TORONTO).astimezone(dt.UTC) for each in (day, day + dt.timedelta(1))
        )
        return starts_at, ends_at


class _Actors(dict[str, str]):
    """Who decided by its kind alone, never which person (POL-38); those of one batch are remembered."""

    def __missing__(self, actor: str) -> str:
        kind, colon, _ = actor.partition(":")
        found = self[actor] = kind if colon and kind in ACTORS else "other"
        return found


def _received(before: RequestRows | None, fact: Any, sequence: int) -> RequestRows:
    if before is not None:
        why = f"a second reception of {fact.request_id}, which was received at {before.request_key}"
        raise UnfoldableError(sequence, why)
    data = fact.data
    return RequestRows(
        request_key=sequence,
        request_id=fact.request_id,
        reference=data.reference,
        kind=data.kind,
        first_channel=data.channel,
        language=data.language,
        subject=data.subject,
        sector=data.sector,
        requester=data.requester,
        origin=data.origin,
        publisher=data.publisher,
        confidential=data.confidential,
        rule_version=fact.town,
        received_at=fact.occurred_at,
        recorded_at=fact.recorded_at,
    )


def _first_contact(rows: RequestRows, ordinal: int) -> Any:
    """The contact that opened a request, told by `request.received.v1` itself; its id is the request's.

    Whether it was answered on the spot is known by the routing of its request (POL-34).
    """
    own = UUID(rows.request_id)
    return (
        rows.request_key, ordinal, own, own, rows.first_channel, rows.subject, True, False, rows.origin,
        rows.publisher, rows.received_at, rows.recorded_at,
    )  # fmt: skip


def _interaction(fact: Any, sequence: int, ordinal: int) -> Any:
    data = fact.data
    return (
        sequence, ordinal, data.interaction_id, data.about, data.channel, data.subject, False,
        data.answered_first_line, data.origin, data.publisher, fact.occurred_at, fact.recorded_at,
    )  # fmt: skip
