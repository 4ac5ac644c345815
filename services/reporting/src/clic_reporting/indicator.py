"""The indicators as SQL views: which there are, what they say of themselves, and their rows.

Source: POL-29, POL-31 to POL-36.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from clic_chassis.error import NotFoundError

from .core.period import Quarter
from .model import INDICATORS, newest
from .report import Connection, query, reading
from .store import LIVE_SCHEMA

VIEWS = (
    "calendar_quarter",
    *(each.newest_view for each in newest(INDICATORS).values()),
    *(each.view for each in INDICATORS),
)
"""What may be read by name: each indicator as its newest version, and each of its versions. All of them have a column
`period`; none has a row per request (POL-26, POL-38)."""
ROWS_MAX = 5_000
"""Rows of one answer: decades of any view."""


class Column(BaseModel):
    """A column of a view."""

    model_config = ConfigDict(frozen=True)

    name: str
    description: str


class Indicator(BaseModel):
    """A view, as the database's own comments describe it."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(examples=["indicator_pol32_balance"])
    description: str
    columns: tuple[Column, ...]


class IndicatorRows(BaseModel):
    """Rows of a view."""

    model_config = ConfigDict(frozen=True)

    name: str
    position: int = Field(description="Position in the log of the last fact that the rows hold.")
    rows: tuple[dict[str, Any], ...]
    more: bool = Field(description="Whether there are rows beyond the limit.")


class UnknownIndicatorError(NotFoundError):
    """There is no such view."""

    code = "unknown_indicator"


async def indicators(connection: Connection, *, schema: str = LIVE_SCHEMA) -> list[Indicator]:
    """Every view that may be read, with the comments that stand in the database.

    Raises:
        NotProjectedError: reporting has not folded anything yet.
    """
    async with reading(connection, schema):
        rows = await connection.fetch(query("view_columns", schema), schema, list(VIEWS))
    columns: dict[tuple[str, str], list[Column]] = {}
    for row in rows:
        columns.setdefault((row["view"], row["view_comment"]), []).append(
            Column(name=row["column"], description=row["column_comment"])
        )
    return [Indicator(name=name, description=told, columns=tuple(each)) for (name, told), each in columns.items()]


async def indicator_rows(
    connection: Connection,
    name: str,
    *,
    period: str | None = None,
    limit: int = ROWS_MAX,
    schema: str = LIVE_SCHEMA,
) -> IndicatorRows:
    """Rows of a view, the newest quarter first; of one quarter where `period` is given.

    Raises:
        UnknownIndicatorError: there is no such view; it says which there are.
        PeriodError: the period is not a quarter.
        NotProjectedError: reporting has not folded anything yet.
    """
    if name not in VIEWS:
        raise UnknownIndicatorError(f"there is no indicator {name!r}; there are: {', '.join(VIEWS)}")
    quarter = None if period is None else str(Quarter.parse(period))
    statement = query("view_rows", schema).replace("{view}", name)
    async with reading(connection, schema):
        checkpoint = await connection.fetchrow(query("checkpoint", schema))
        rows = await connection.fetch(statement, quarter, limit + 1)
    return IndicatorRows(
        name=name,
        position=checkpoint["sequence"] if checkpoint else 0,
        rows=tuple(dict(row) for row in rows[:limit]),
        more=len(rows) > limit,
    )
