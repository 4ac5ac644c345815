"""English dates, hours and counts, as the town's letters write them."""

from __future__ import annotations

import datetime as dt

from .french import NBSP

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def weekday(value: dt.date) -> str:
    """“Monday, June 1”."""
    return f"{_DAYS[value.weekday()]}, {_MONTHS[value.month - 1]}{NBSP}{value.day}"


def full_day(value: dt.date) -> str:
    """“Monday, June 1, 2026”."""
    return f"{weekday(value)}, {value.year}"


def clock(value: dt.time) -> str:
    """“16:30”."""
    return f"{value.hour}:{value.minute:02d}"


def counted(value: int, one: str, many: str) -> str:
    """A number with its noun: “1 day”, “5 days”."""
    return f"{value}{NBSP}{one if value == 1 else many}"
