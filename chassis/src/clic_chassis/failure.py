"""What a failure is worth: how often to try again, how long to wait, and what may be said of it."""

from __future__ import annotations

import asyncpg
from nats.errors import Error as NatsError

from .error import ClicError, RetryableError, UnreadableError

MAX_TRIES_RETRYABLE = 100
"""A server that is away: with the backoff below about seven minutes, longer than any restart we planned for."""
MAX_TRIES_UNEXPECTED = 5
"""An error that nobody foresaw: trying a little again tells a hiccup from a defect."""
BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 5.0
REASON_CHARACTERS_MAX = 500

FAILED_OVER = (
    asyncpg.TargetServerAttributeNotMatched,  # No server takes writes yet.
    asyncpg.ReadOnlySQLTransactionError,  # This one no longer does.
    asyncpg.InternalClientError,  # The connection broke in the middle of something: the pool gives another one.
)
"""What is heard while one PostgreSQL takes the place of another."""

_OUTAGES = (
    *FAILED_OVER,
    RetryableError,
    NatsError,
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.InsufficientResourcesError,  # Its disk is full: the same again once there is room.
)


def is_outage(error: Exception) -> bool:
    """Whether waiting helps: a server is away or busy."""
    return isinstance(error, _OUTAGES)


def tries_for(error: Exception) -> int:
    """How often a message may fail in this way before it is quarantined."""
    if isinstance(error, UnreadableError):
        return 1
    return MAX_TRIES_RETRYABLE if is_outage(error) else MAX_TRIES_UNEXPECTED


def backoff_s(tries: int) -> float:
    """How long to wait after so many failures, at least one."""
    return float(min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** min(tries - 1, 32)))


def reason_of(error: Exception) -> str:
    """An error for people: our own messages hold no personal data, others might and are left out."""
    if isinstance(error, ClicError):
        return f"{type(error).__name__}: {error}"[:REASON_CHARACTERS_MAX]
    return f"{type(error).__name__} at {where(error)}"


def where(error: Exception) -> str:
    """The function and line that raised an error."""
    trace = error.__traceback__
    if trace is None:
        return "?"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}"
