"""The columns of an exported fact, and how a fact becomes a row of them. Pure: no file, no server.

A row has what the feed would tell (`clic_contracts.feed`), and the obligations. Of a confidential request it has what
can be counted and nothing else: POL-26.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from clic_contracts.envelope import derive_id
from clic_contracts.event import RequestReceived

from .shape import Envelope

_INSTANT = pa.timestamp("us", tz="UTC")
_TEXT = pa.string()
_FLAG = pa.bool_()


def _column(name: str, kind: pa.DataType, told: str, *, nullable: bool = True) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"description": told})


_COMMON = (
    _column("sequence", pa.int64(), "Position in the log of the decision that the fact is part of.", nullable=False),
    _column("ordinal", pa.int16(), "Its place among the facts of that decision, from 1.", nullable=False),
    _column("type", _TEXT, "Wire type, such as request.received.v1.", nullable=False),
    _column("service", _TEXT, "The service that decided: intake, routing or deadlines.", nullable=False),
    _column("request_id", _TEXT, "Whose story it is part of; a made-up id where confidential.", nullable=False),
    _column("event_id", _TEXT, "The fact's own id; null where confidential."),
    _column("occurred_at", _INSTANT, "When it happened in the town.", nullable=False),
    _column("time_assumed", _FLAG, "occurred_at is assumed: no record says when it was.", nullable=False),
    _column("recorded_at", _INSTANT, "When the log took it.", nullable=False),
    _column("actor_kind", _TEXT, "Who decided: agent, publisher, rule or clock; never which.", nullable=False),
    _column("town", _TEXT, "Content hash of the town's configuration that decided.", nullable=False),
    _column("confidential", _FLAG, "Of a confidential request: counted, not told (POL-26).", nullable=False),
)
_COUNTED = (
    _column("kind", _TEXT, "request.received: what was addressed to the town."),
    _column("channel", _TEXT, "request.received, interaction.recorded: by which way."),
    _column("language", _TEXT, "In which language the citizen is answered."),
    _column("origin", _TEXT, "live, or backlog: taken over from an older system's records."),
    _column("department", _TEXT, "request.routed: who answers."),
    _column("first_line", _FLAG, "request.routed: answered by CLIC itself (POL-34)."),
    _column("unusual", _FLAG, "request.routed: no rule or subject foresaw it (POL-36)."),
    _column("answered_first_line", _FLAG, "interaction.recorded: answered by CLIC on the spot (POL-34)."),
    _column("reason", _TEXT, "Why it was closed, voided or reopened, or an obligation lifted."),
    _column("criterion", _TEXT, "request.refused: on which criterion (POL-05 to POL-09)."),
    _column("obligation_id", _TEXT, "obligation.*: kind and ordinal, one per request."),
    _column("obligation", _TEXT, "obligation.*: acknowledge, answer, promise or decide_access."),
    _column("starts_at", _INSTANT, "obligation.set: from when it is counted."),
    _column("due_at", _INSTANT, "obligation.*: exclusive; what happens before is in time."),
    _column("met_at", _INSTANT, "obligation.met: when it was kept."),
    _column("assumed", _FLAG, "obligation.met: met_at is assumed."),
)
_TOLD = (
    _column("subject", _TEXT, "Code of the town's subject."),
    _column("sector", _TEXT, "request.received: where, as coarsely as the town publishes it."),
    _column("requester", _TEXT, "request.received: whether the requester is known, never who it is."),
    _column("about", _TEXT, "interaction.recorded: the request that it followed up."),
    _column("score", pa.int16(), "request.rated: 1 (not at all satisfied) to 5 (entirely)."),
    _column("data", _TEXT, "All that the fact says, as JSON, without personal data."),
)
SCHEMA = pa.schema([*_COMMON, *_COUNTED, *_TOLD], metadata={"about": "The log of CLIC without personal data."})
"""The columns in their order, each with its description. Of a confidential fact those after `assumed` are null."""
REPEATED = [
    *("type", "service", "actor_kind", "town", "kind", "channel", "language", "origin", "department", "reason"),
    *("criterion", "obligation_id", "obligation", "subject", "sector", "requester"),
]
"""Columns whose few values are worth a dictionary in the file."""
COLUMNS = hashlib.sha256(SCHEMA.to_string(show_schema_metadata=False).encode()).hexdigest()[:12]
"""Version of the columns: an export is not gone on with under others."""

_INSTANTS = {field.name for field in SCHEMA if field.type == _INSTANT}
_FLAT = [field.name for field in (*_COUNTED, *_TOLD) if field.name != "data"]
SOURCE_PREFIX = "/clic/"
_HIDDEN = (None,) * len(_TOLD)


def _flat() -> type[msgspec.Struct]:
    """What is read out of `data` for a column of its own, whatever the type of the fact."""
    kinds: dict[pa.DataType, Any] = {_TEXT: str, _INSTANT: str, _FLAG: bool, pa.int16(): int}
    fields = [(name, kinds[SCHEMA.field(name).type] | None, None) for name in _FLAT]
    pointers = [("confidential", bool, False), ("into", str | list[str] | None, None)]
    return msgspec.defstruct("Flat", [*fields, *pointers], gc=False)


_READER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_flat())
_flat_values = attrgetter(*_FLAT)


def pseudonym(sequence: int) -> str:
    """What stands for the id of the confidential request that was received at a position of the log.

    The id itself is derived from its submission's: whoever submitted it could find it again.
    """
    return derive_id("confidential", str(sequence))


class Rows:
    """Facts as rows, in the log's order. `confidential` holds the made-up id of each confidential request so far.

    It grows with the requests for access alone, of which a town has some hundreds a year.
    """

    def __init__(self, confidential: Mapping[str, str]) -> None:
        self.confidential = dict(confidential)

    def row(self, sequence: int, ordinal: int, fact: Envelope, data: bytes) -> tuple[Any, ...]:
        """One fact, in the order of `SCHEMA`."""
        flat = _READER.decode(data)
        if flat.confidential and fact.type == RequestReceived.TYPE:
            self.confidential[fact.subject] = pseudonym(sequence)
        hidden = self._is_confidential(fact.subject, flat)
        request_id = self._told_id(fact.subject, flat.about, sequence) if hidden else fact.subject
        service = fact.source.removeprefix(SOURCE_PREFIX)
        common = (
            sequence, ordinal, fact.type, service, request_id, None if hidden else fact.id, fact.time, fact.timeassumed,
            fact.recordedat, fact.actor.partition(":")[0], fact.town, hidden,
        )  # fmt: skip
        values = _flat_values(flat)
        return (*common, *values[: len(_COUNTED)], *_HIDDEN) if hidden else (*common, *values, data)

    def _is_confidential(self, request_id: str, flat: Any) -> bool:
        """Whether a fact is of a confidential request, or points to one."""
        if not self.confidential:
            return False
        pointed = flat.into if isinstance(flat.into, list) else (flat.into,)
        return any(each in self.confidential for each in (request_id, flat.about, *pointed))

    def _told_id(self, request_id: str, about: str | None, sequence: int) -> str:
        """The id in a row that is hidden: a contact about a confidential request has one of its own to hide."""
        return self.confidential.get(request_id) or (pseudonym(sequence) if about in self.confidential else request_id)


def table(rows: Iterable[tuple[Any, ...]]) -> pa.Table:
    """Rows as a table of `SCHEMA`.

    Raises:
        pa.ArrowInvalid: an instant cannot be read, or a number is too large.
    """
    arrays = []
    for field, values in zip(SCHEMA, zip(*rows, strict=True), strict=True):
        if field.name in _INSTANTS:
            arrays.append(pc.cast(pa.array(values, _TEXT), _INSTANT))
        else:
            arrays.append(pa.array(values, field.type))
    return pa.Table.from_arrays(arrays, schema=SCHEMA)
