"""Where a page ends, told to whoever asks for the next one: a position of the log and a place among its rows.

All pages of one reading are of one snapshot: the first page's position is in the cursor, and the views tell it.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from clic_chassis.error import ClicError, RefusedError

CURSOR_CHARACTERS_MAX = 4_000


class CursorError(RefusedError):
    """A text is no cursor of ours, or one of another question."""

    code = "invalid_cursor"


class GoneError(ClicError):
    """The tables or their definitions are others than when the reading began: its pages cannot be gone on with."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The place after which the next page begins."""

    question: str
    """What was asked, so that no cursor is used for something else."""
    as_of: str
    """What the views are told: a day that was over, or a position."""
    made_by: str
    """Digest of the definitions and the log."""
    after: list[Any]
    """The last row's key."""

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str, question: str) -> Cursor:
        """Read a cursor of a question.

        Raises:
            CursorError: it is none, or of another question.
        """
        try:
            found = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=cls)
        except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
            raise CursorError("this is no cursor: follow the link of the page before, as it is") from error
        if found.question != question:
            raise CursorError("this cursor is of another question: keep its parameters, or begin without a cursor")
        return found
