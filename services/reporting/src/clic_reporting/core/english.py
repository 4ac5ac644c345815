"""English as it is set in type: numbers, shares, dates and lists, as Canada's Translation Bureau writes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from .french import MINUS, NBSP
from .period import Period, Quarter

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def number(value: int) -> str:
    """“1,234”, with a true minus sign where it is negative."""
    return f"{value:,}".replace("-", MINUS)


def decimal(value: float) -> str:
    """“4.2”."""
    return f"{value:.1f}".replace("-", MINUS)


def share(part: float, whole: float) -> str:
    """A part of a whole in percent, one decimal: “43.2%”; “–” of nothing. Rounds as French does."""
    if not whole:
        return "–"
    if not part:
        return "0%"
    percent = round(100 * part / whole, 1)
    if percent == 0:
        return "<0.1%"
    if percent == 100 and part != whole:  # noqa: PLR2004 - the whole
        return ">99.9%"
    return f"{percent:.1f}%"


def day(value: dt.date) -> str:
    """“April 1, 2022”."""
    return f"{_MONTHS[value.month - 1]}{NBSP}{value.day}, {value.year}"


def clock(value: dt.datetime) -> str:
    """“April 1, 2022, at 9:05”: an instant in the zone that it is in."""
    return f"{day(value.date())}, at {value.hour}:{value.minute:02d}"


def counted(value: int, one: str, many: str) -> str:
    """A number with its noun: “0 requests”, “1 request”."""
    return f"{number(value)}{NBSP}{one if abs(value) == 1 else many}"


def listed(parts: Sequence[str]) -> str:
    """“a, b and c”."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def name(period: Period) -> str:
    """“First quarter of 2022”, “Year 2022”."""
    if isinstance(period, Quarter):
        ordinal = {1: "First", 2: "Second", 3: "Third", 4: "Fourth"}[period.number]
        return f"{ordinal} quarter of {period.year}"
    return f"Year {period.year}"


def short(period: Period) -> str:
    """“Q1 2022”, “2022”."""
    return f"Q{period.number}{NBSP}{period.year}" if isinstance(period, Quarter) else f"{period.year}"
