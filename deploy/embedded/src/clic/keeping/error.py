"""What a backup or a restore refuses; each message says what to do."""

from __future__ import annotations

from clic_chassis.error import ClicError


class KeepingError(ClicError):
    """A backup cannot be taken, used or destroyed as it was asked."""


class DamagedError(KeepingError):
    """A backup is not as it was written; the message names the file."""
