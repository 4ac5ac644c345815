"""How facts travel: CloudEvents 1.0 in JSON, several facts of one decision in one message.

One decision is one message of the log, a *commit*: a JSON array of CloudEvents
(`application/cloudevents-batch+json`), stored whole or not at all. See
`docs/decisions/0002-one-decision-one-message.md`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SerializeAsAny, TypeAdapter, create_model

from .event import EVENTS, Event
from .upcast import UPCASTERS, lift
from .vocabulary import RequestId, Service

BATCH_CONTENT_TYPE = "application/cloudevents-batch+json"
EVENT_CONTENT_TYPE = "application/cloudevents+json"
TYPES_HEADER = "Clic-Event-Types"
"""NATS header: the wire types of a commit, separated by commas, so that a reader can skip it undecoded."""

NAMESPACE = uuid.UUID("7f0f6c2e-54f4-5f0b-9a52-6d1c1f8f2f10")
"""Namespace of every id that is derived (UUIDv5). A storage format: never change it."""

MAX_COMMIT_EVENTS = 64
"""Facts of one decision at most; no decision of ours comes near."""


def derive_id(*parts: str) -> str:
    """The id that these parts always have (UUIDv5 over them, joined by newlines)."""
    return str(uuid.uuid5(NAMESPACE, "\n".join(parts)))


def request_id_for(source: str, submission_id: str) -> RequestId:
    """The request's id: that of the submission it came from, so that a repeated one meets itself."""
    return derive_id("request", source, submission_id)


class Recorded(BaseModel):
    """One fact as the log holds it: a CloudEvent whose `data` is an event of the catalogue."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True)

    specversion: Literal["1.0"] = "1.0"
    event_id: str = Field(alias="id", max_length=200)
    source: str = Field(description="The service that decided: `/clic/intake`.")
    type: str = Field(description="The wire type, version included.")
    request_id: RequestId = Field(alias="subject", description="Whose story this is part of.")
    occurred_at: AwareDatetime = Field(alias="time", description="When it happened in the town.")
    time_assumed: bool = Field(
        default=False, alias="timeassumed", description="`time` is assumed: no record says when it happened."
    )
    recorded_at: AwareDatetime = Field(alias="recordedat", description="When the log took it.")
    cause_id: str = Field(alias="causeid", max_length=500, description="The submission, event or command behind it.")
    actor: str = Field(
        max_length=200, description="`agent:`, `citizen:`, `publisher:`, `rule:` or `clock:` and a name."
    )
    town: str = Field(max_length=80, description="Content hash of the town's configuration that decided.")
    datacontenttype: Literal["application/json"] = "application/json"
    data: SerializeAsAny[Event]


def _recorded(event: type[Event]) -> type[Recorded]:
    """The envelope of one type: its `type` is a literal, its `data` that event."""
    return create_model(
        f"{event.__name__}Recorded",
        __base__=Recorded,
        __doc__=event.__doc__,
        type=(Literal[event.TYPE], event.TYPE),  # type: ignore[arg-type]  # A Literal made at run time.
        data=(event, ...),
    )


RECORDED: dict[type[Event], type[Recorded]] = {event: _recorded(event) for event in EVENTS}
_UNION: Any = RECORDED[EVENTS[0]]
for _event in EVENTS[1:]:
    _UNION = _UNION | RECORDED[_event]
_COMMIT: TypeAdapter[tuple[Recorded, ...]] = TypeAdapter(tuple[Annotated[_UNION, Field(discriminator="type")], ...])
_COMMIT_OUT: TypeAdapter[tuple[Recorded, ...]] = TypeAdapter(tuple[SerializeAsAny[Recorded], ...])
_JSON: TypeAdapter[list[dict[str, Any]]] = TypeAdapter(list[dict[str, Any]])


@dataclass(frozen=True, slots=True)
class Commit:
    """What one decision put into the log: at least one fact, at one position."""

    sequence: int
    """Position in the log, from 1."""
    service: Service
    request_id: RequestId
    events: tuple[Recorded, ...]


def encode_commit(events: Sequence[Recorded]) -> bytes:
    """The stored form of a commit. Absent and None are the same and are left out."""
    return _COMMIT_OUT.dump_json(tuple(events), by_alias=True, exclude_none=True)


def decode_commit(body: bytes, types: str | None = None) -> tuple[Recorded, ...]:
    """The facts of a stored commit, each lifted to its newest version.

    `types` is the value of the types header; where it names no old type, the body is decoded in one pass.

    Raises:
        pydantic.ValidationError: the body is not a commit, or holds a type that nobody knows.
    """
    if types is not None and not (UPCASTERS and any(old in types for old in UPCASTERS)):
        return _COMMIT.validate_json(body)
    return _COMMIT.validate_python([lift(event) for event in _JSON.validate_json(body)])


def decode_event(body: bytes) -> Recorded:
    """One fact from a single CloudEvent of the log, lifted to its newest version.

    The feed leaves fields out (`feed.py`): what it carries is described in `asyncapi.json` and is not read with this.

    Raises:
        pydantic.ValidationError: it is not a fact of the catalogue.
    """
    return _COMMIT.validate_python([lift(TypeAdapter(dict[str, Any]).validate_json(body))])[0]
