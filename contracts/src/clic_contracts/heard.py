"""What a subscriber is given: events of the feed with their positions, and word of what is missing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Position(NamedTuple):
    """Where a subscriber stands: the place of an event in the feed, and the event's id, by which it is recognized."""

    sequence: int
    event_id: str

    def __str__(self) -> str:
        """Give it as text, to be stored beside what was made of the events."""
        return f"{self.sequence}/{self.event_id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The position that `str` wrote.

        Raises:
            ValueError: it is none.
        """
        sequence, _, event_id = text.partition("/")
        if not (sequence.isascii() and sequence.isdigit() and event_id):
            raise ValueError(f"{text!r} is no position: a number, a slash, and an event's id")
        return cls(int(sequence), event_id)


@dataclass(frozen=True, slots=True)
class Heard:
    """One event of the feed."""

    position: Position
    type: str
    """The wire type, version included: `request.closed.v1`."""
    request_id: str
    occurred_at: dt.datetime
    recorded_at: dt.datetime
    data: dict[str, Any]
    """As the type's schema in `schemas/feed/` says."""
    left_out: tuple[str, ...]
    """What events of this type never carry here, as JSON pointers."""

    @property
    def event_id(self) -> str:
        """The same each time the fact is told: what was handled already is known by it."""
        return self.position.event_id


@dataclass(frozen=True, slots=True)
class Gap:
    """Positions that are no longer kept. What they held was missed; of which types it was cannot be told any more."""

    first: int
    last: int


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    event_id: str = Field(alias="id")
    type: str
    request_id: str = Field(alias="subject")
    occurred_at: AwareDatetime = Field(alias="time")
    recorded_at: AwareDatetime = Field(alias="recordedat")
    data: dict[str, Any]


def heard_from(body: bytes, sequence: int, left_out: str) -> Heard:
    """A message of the feed; `left_out` is its header's value.

    Raises:
        pydantic.ValidationError: it is no event.
    """
    told = _Told.model_validate_json(body)
    return Heard(
        Position(sequence, told.event_id),
        told.type,
        told.request_id,
        told.occurred_at,
        told.recorded_at,
        told.data,
        tuple(left_out.split(",")) if left_out else (),
    )
