"""French as it is set in type: numbers, shares, dates and lists, with the spaces that must not break.

Rules of the Office québécois de la langue française: thousands by a thin unbreakable space, an unbreakable space before
the percent sign and the colon, none before the semicolon, and « 1er » for the first of a month.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from .period import Period, Quarter

NBSP = "\u00a0"
THIN = "\u202f"
MINUS = "\u2212"
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip


def number(value: int) -> str:
    """« 1 234 », with a thin space that does not break, and a true minus sign where it is negative."""
    return f"{value:,}".replace(",", THIN).replace("-", MINUS)


def decimal(value: float) -> str:
    """« 4,2 »."""
    return f"{value:.1f}".replace(".", ",").replace("-", MINUS)


def share(part: float, whole: float) -> str:
    """A part of a whole in percent, one decimal: « 43,2 % »; « – » of nothing.

    What is not nothing is never « 0,0 % », and what is not everything never « 100,0 % ».
    """
    if not whole:
        return "–"
    if not part:
        return f"0{NBSP}%"
    percent = round(100 * part / whole, 1)
    if percent == 0:
        return f"<{NBSP}0,1{NBSP}%"
    if percent == 100 and part != whole:  # noqa: PLR2004 - the whole
        return f">{NBSP}99,9{NBSP}%"
    return f"{percent:.1f}".replace(".", ",") + f"{NBSP}%"


def day(value: dt.date) -> str:
    """« 1er avril 2022 »."""
    return f"{'1er' if value.day == 1 else value.day}{NBSP}{_MONTHS[value.month - 1]}{NBSP}{value.year}"


def clock(value: dt.datetime) -> str:
    """« 1er avril 2022 à 9 h 05 »: an instant in the zone that it is in."""
    return f"{day(value.date())} à {value.hour}{NBSP}h{NBSP}{value.minute:02d}"


def counted(value: int, one: str, many: str) -> str:
    """A number with its noun, which is singular below two, as French has it: « 0 demande », « 2 demandes »."""
    return f"{number(value)}{NBSP}{many if abs(value) > 1 else one}"


def listed(parts: Sequence[str]) -> str:
    """« a, b et c »."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} et {parts[-1]}" if parts else ""


def name(period: Period) -> str:
    """« Premier trimestre 2022 », « Année 2022 »."""
    if isinstance(period, Quarter):
        ordinal = {1: "Premier", 2: "Deuxième", 3: "Troisième", 4: "Quatrième"}[period.number]
        return f"{ordinal} trimestre {period.year}"
    return f"Année {period.year}"


def short(period: Period) -> str:
    """« T1 2022 », « 2022 »."""
    return f"T{period.number}{NBSP}{period.year}" if isinstance(period, Quarter) else f"{period.year}"


def capital(text: str) -> str:
    """With its first letter as a capital, the others as they are."""
    return text[:1].upper() + text[1:]


def shortened(text: str, characters: int) -> str:
    """At most so many characters, the last one an ellipsis where something is left out."""
    return text if len(text) <= characters else f"{text[: characters - 1].rstrip()}…"


def apostrophes(text: str) -> str:
    """Typographic apostrophes for typewritten ones."""
    return text.replace("'", "’")
