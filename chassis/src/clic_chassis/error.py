"""Errors by what is to be done about them: retry, refuse, or quarantine.

No error here knows of HTTP or NATS; adapters translate.
"""

from __future__ import annotations


class ClicError(Exception):
    """Every error of ours."""


class RefusedError(ClicError):
    """A rule forbids it. Trying again changes nothing; whoever asked is told why.

    `code` is stable and machine-readable, the message says what is wrong and how to mend it; `fr` says the same in
    French, where others than the town's agents are refused.
    """

    code = "refused"

    def __init__(self, message: str = "", *, fr: str | None = None) -> None:
        super().__init__(message)
        self.fr = fr or message


class NotFoundError(RefusedError):
    """What was asked for does not exist."""

    code = "not_found"


class RetryableError(ClicError):
    """It may succeed later: a server away, a conflict, a time-out."""


class ConflictError(RetryableError):
    """The story went on since it was loaded: load again and decide again."""

    def __init__(self, subject: str, expected: int) -> None:
        super().__init__(f"{subject} is no longer at sequence {expected}")
        self.subject = subject
        self.expected = expected


class AppendUnknownError(RetryableError):
    """No answer to an append: it may be stored or not. Load and look."""


class TooEarlyError(RetryableError):
    """What it builds on did not happen yet and may stand behind it: until then, later messages of its key pass it."""


class UnreadableError(ClicError):
    """It cannot be read, now or later: quarantine it."""


class LogReplacedError(ClicError):
    """The log is another one than before, or shorter than what was read of it. A person must look.

    A server that lost acknowledged writes, or a wrong URL, looks like this.
    """
