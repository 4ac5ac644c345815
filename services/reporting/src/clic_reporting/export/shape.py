"""What an exported fact may say: the catalogue's fields less those that the feed hides, and nothing that is not in it.

A shape is made of each event's class, so that a field is exported because the catalogue has it, never because a
message holds it: what a newer writer adds stays unseen until this code knows it. Source: POL-30, POL-38.
"""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from pydantic import AwareDatetime, BaseModel

from clic_chassis.error import UnreadableError
from clic_contracts.event import EVENT_BY_TYPE
from clic_contracts.feed import HIDDEN_FIELDS
from clic_contracts.upcast import UPCASTERS, lift


class Envelope(msgspec.Struct, gc=False):
    """One fact as the log holds it, its `data` not looked at yet. Instants stay text: Arrow reads them faster."""

    id: str
    type: str
    source: str
    subject: str
    time: str
    recordedat: str
    actor: str
    town: str
    data: msgspec.Raw
    timeassumed: bool = False


_ENVELOPES = msgspec.json.Decoder(list[Envelope])


def shape_of(model: type[BaseModel]) -> type[msgspec.Struct]:
    """The struct of a model: its fields by name, without the hidden ones, whatever nests in it shaped likewise.

    An optional field that a fact does not have stays absent, as it was stored.
    """
    fields: list[Any] = []
    for name, info in model.model_fields.items():
        if name in HIDDEN_FIELDS:
            continue
        read = _type(info.annotation)
        if info.is_required():
            fields.append((name, read))
        elif info.default is None:
            fields.append((name, read | msgspec.UnsetType, msgspec.UNSET))
        else:
            fields.append((name, read, msgspec.field(default=info.get_default(call_default_factory=True))))
    return msgspec.defstruct(model.__name__, fields, kw_only=True, gc=False)


def _type(annotation: Any) -> Any:
    """How msgspec reads what pydantic would: texts, codes and instants as text, numbers and flags as they are."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inside[0])
    if origin in (Union, types.UnionType):
        return Union[tuple(None if each is types.NoneType else _type(each) for each in inside)]  # noqa: UP007 - made at run time
    if origin is tuple:
        return list[_type(inside[0])]  # type: ignore[misc]  # Made at run time.
    if isinstance(annotation, type):
        if issubclass(annotation, BaseModel):
            return shape_of(annotation)
        if annotation is AwareDatetime or issubclass(annotation, str | Enum | dt.date):
            return str
        if annotation in (bool, int, float):
            return annotation
    raise TypeError(f"{annotation} has no shape yet: say here how it is exported")


_DECODERS = {type_: msgspec.json.Decoder(shape_of(event)) for type_, event in EVENT_BY_TYPE.items()}
_ENCODER = msgspec.json.Encoder()


def read_facts(body: bytes) -> Iterator[tuple[Envelope, bytes]]:
    """The facts of a stored commit at their newest version, each with its `data` as JSON without what is hidden.

    Raises:
        UnreadableError: the body is not a commit, holds no fact, or a type that this code does not know.
    """
    try:
        envelopes = _ENVELOPES.decode(body)
        if not envelopes:
            raise UnreadableError("a decision without facts")
        for envelope in envelopes:
            newest = _lifted(envelope) if envelope.type in UPCASTERS else envelope
            decoder = _DECODERS.get(newest.type)
            if decoder is None:
                raise UnreadableError(
                    f"nobody here knows {newest.type}: a newer CLIC wrote it, export with that version"
                )
            yield newest, _ENCODER.encode(decoder.decode(newest.data))
    except msgspec.MsgspecError as error:
        raise UnreadableError(f"not a commit: {error}") from error


def _lifted(envelope: Envelope) -> Envelope:
    raw = msgspec.to_builtins(envelope) | {"data": msgspec.json.decode(envelope.data)}
    lifted = lift(raw)
    return msgspec.convert(lifted | {"data": msgspec.Raw(_ENCODER.encode(lifted["data"]))}, Envelope)
