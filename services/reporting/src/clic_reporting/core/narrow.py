"""Commits of the log as reporting reads them, in one pass over each.

`tests/reporting/core/test_fact.py` proves on arbitrary histories that it says what the full reading of
`clic_contracts` says.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final, Union

import msgspec
from msgspec import Struct

from clic_chassis.error import UnreadableError
from clic_contracts.envelope import MAX_COMMIT_EVENTS
from clic_contracts.event import EVENTS
from clic_contracts.upcast import UPCASTERS, lift

from . import access_fact, fact
from .fact import EVENT_KEYS, Fact, type_of


def _read(module: ModuleType) -> list[type[Fact]]:
    every = vars(module).values()
    return [each for each in every if isinstance(each, type) and issubclass(each, Fact) and each is not Fact]


READ: Final = (*_read(fact), *_read(access_fact))
"""The facts of which more than the envelope is read, or that change something."""


def _only_counted() -> tuple[type[Fact], ...]:
    """A struct of the envelope alone for each other type of the catalogue: it has its row in the timeline."""
    read = {type_of(each) for each in READ}
    made: Any = tuple(
        msgspec.defstruct(
            event.__name__,
            [],
            bases=(Fact,),
            tag=event.TYPE,
            tag_field="type",
            gc=False,
            kw_only=True,
            module=__name__,
        )
        for event in EVENTS
        if event.TYPE not in read
    )
    return made  # type: ignore[no-any-return]  # Classes made at run time.


FACTS: Final[tuple[type[Fact], ...]] = (*READ, *_only_counted())
"""One struct per type of the catalogue."""
for _fact in FACTS:
    _fact.KEY = EVENT_KEYS[type_of(_fact)]

_COMMIT: Any = list[Union[FACTS]]  # type: ignore[valid-type]  # noqa: UP007 - a union made at run time.
_DECODER: Final = msgspec.json.Decoder(_COMMIT)
_JSON: Final = msgspec.json.Decoder(list[dict[str, Any]])


class NarrowCommit(Struct, gc=False):
    """What one decision put into the log, as reporting reads it."""

    sequence: int
    """Position in the log, from 1."""
    request_id: str
    """Whose story: of a request, or of whatever else has one."""
    events: list[Fact]


def decode_narrow(request_id: str, sequence: int, body: bytes | memoryview) -> NarrowCommit:
    """A commit of the log, each fact lifted to its newest version.

    Raises:
        UnreadableError: it is not a commit, or holds a type that this code does not know, or a value of a wrong type.
    """
    try:
        facts = _decoded(body)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors.
        raise UnreadableError(f"{request_id} at {sequence}: {error}") from error
    if not 0 < len(facts) <= MAX_COMMIT_EVENTS:
        why = f"a commit of {len(facts)} facts, not 1 to {MAX_COMMIT_EVENTS}"
        raise UnreadableError(f"{request_id} at {sequence}: {why}")
    for each in facts:
        if each.request_id != request_id:
            raise UnreadableError(f"{request_id} at {sequence}: a fact about {each.request_id} in another's story")
    return NarrowCommit(sequence, request_id, facts)


def _decoded(body: bytes | memoryview) -> list[Fact]:
    """In one pass; only what that cannot read is looked at for old versions, whose types the catalogue has not."""
    try:
        return _DECODER.decode(body)  # type: ignore[no-any-return]  # The type is made at run time.
    except msgspec.ValidationError:
        if not UPCASTERS:
            raise
    return msgspec.convert([lift(each) for each in _JSON.decode(body)], _COMMIT)  # type: ignore[no-any-return]  # The same.
