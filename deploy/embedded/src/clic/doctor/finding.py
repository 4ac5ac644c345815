"""What an examination finds: a fact, why it matters, and what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .place import Place


class Severity(StrEnum):
    """How bad it is."""

    WELL = "well"
    UNKNOWN = "unknown"
    """It could not be looked at from here."""
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found."""

    severity: Severity
    what: str
    why: str = ""
    """Why it matters: what a citizen, a publisher or an operator feels of it."""
    mend: str = ""
    """What to do, with the command where there is one."""


@dataclass(frozen=True, slots=True)
class Check:
    """One examination."""

    name: str
    about: str
    look: Callable[[Place], Awaitable[list[Finding]]]


def well(what: str) -> Finding:
    """It is as it must be."""
    return Finding(Severity.WELL, what)


def unknown(what: str, mend: str) -> Finding:
    """It cannot be looked at; `mend` is what would let us."""
    return Finding(Severity.UNKNOWN, what, mend=mend)


def warning(what: str, why: str, mend: str) -> Finding:
    """It works, and will not for ever."""
    return Finding(Severity.WARNING, what, why, mend)


def wrong(what: str, why: str, mend: str) -> Finding:
    """It does not work, or not safely."""
    return Finding(Severity.WRONG, what, why, mend)


def told_by(error: Exception) -> str:
    """What an error says, or what it is."""
    return str(error) or type(error).__name__
