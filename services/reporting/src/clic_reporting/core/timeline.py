"""Rows of the timeline in PostgreSQL's binary COPY format.

Source: PostgreSQL's documentation, COPY, "Binary Format"; timestamps are microseconds since 2000.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from struct import Struct
from typing import Final

from .row import EventRow

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""Signature, flags and the length of an extension that there is none of."""
TRAILER: Final = b"\xff\xff"

_EPOCH: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_DAY_US: Final = 86_400_000_000
_COLUMNS: Final = 8
_BIGINT, _SMALLINT, _BOOLEAN, _NULL = 8, 2, 1, -1
# Number of columns; then each column's length and value: sequence, ordinal, event, request, occurred, assumed,
# recorded, and the length of the actor, whose text follows.
_OF_REQUEST: Final = Struct(">hiqihihiqiqi?iqi").pack
_OF_NONE: Final = Struct(">hiqihihiiqi?iqi").pack


def encoded(rows: Iterable[EventRow], *, first: bool, last: bool) -> bytes:
    """Rows as a piece of one COPY; `first` and `last` say whether its header and its end are part of it."""
    pieces = [HEADER] if first else []
    for sequence, ordinal, key, request_key, occurred_at, assumed, recorded_at, actor in rows:
        occurred, recorded, who = occurred_at - _EPOCH, recorded_at - _EPOCH, actor.encode()
        occurred_us = occurred.days * _DAY_US + occurred.seconds * 1_000_000 + occurred.microseconds
        recorded_us = recorded.days * _DAY_US + recorded.seconds * 1_000_000 + recorded.microseconds
        if request_key is None:
            head = _OF_NONE(
                _COLUMNS, _BIGINT, sequence, _SMALLINT, ordinal, _SMALLINT, key, _NULL,
                _BIGINT, occurred_us, _BOOLEAN, assumed, _BIGINT, recorded_us, len(who),
            )  # fmt: skip
        else:
            head = _OF_REQUEST(
                _COLUMNS, _BIGINT, sequence, _SMALLINT, ordinal, _SMALLINT, key, _BIGINT, request_key,
                _BIGINT, occurred_us, _BOOLEAN, assumed, _BIGINT, recorded_us, len(who),
            )  # fmt: skip
        pieces += (head, who)
    if last:
        pieces.append(TRAILER)
    return b"".join(pieces)
