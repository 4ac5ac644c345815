"""Tables as they are published: columns, rows and cells, each figure with a name.

Every format of a report is made of these alone, and so is its public edition: what is not to be told is taken out of
the tables, and nothing else of the figures goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Unit(StrEnum):
    """What the cells of a column are."""

    COUNT = "count"
    SHARE = "share"
    """A part of a whole, 0 to 1."""
    BUSINESS_DAYS = "business_days"
    MEAN = "mean"
    TEXT = "text"


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cell(_Shape):
    """One value. A figure has a name, the same wherever it stands; what is worked out of counts names those."""

    value: int | float | str | None = Field(description="None: there is none, or it is withheld.")
    name: str | None = Field(
        default=None, description="Period and place of the figure, such as `2026-Q1/requests.by_kind.complaint`."
    )
    of: tuple[str, ...] = Field(default=(), description="Names of the counts that a share or a delay is worked out of.")
    withheld: bool = Field(default=False, description="Not published: few enough to point at somebody (POL-38).")


class Column(_Shape):
    """What a column holds."""

    key: str = Field(description="Its name for machines.")
    title: str
    unit: Unit
    drawn: bool = Field(default=False, description="Whether the table's chart shows it.")


class Row(_Shape):
    """One line."""

    key: str = Field(description="Its code for machines.")
    title: str
    cells: tuple[Cell, ...]
    total: bool = Field(default=False, description="The sum of the others.")
    rest: bool = Field(default=False, description="Stands for several codes.")


class ChartForm(StrEnum):
    """How a table is drawn."""

    BARS = "bars"
    COLUMNS = "columns"
    STACKS = "stacks"


class Table(_Shape):
    """A table, and how it is drawn."""

    key: str = Field(description="Its name for machines; names its sheet and its file.")
    title: str
    heading: str = Field(description="What the rows are.")
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    chart: ChartForm | None = None

    @property
    def body(self) -> tuple[Row, ...]:
        """The rows that are no total."""
        return tuple(row for row in self.rows if not row.total)

    @property
    def total(self) -> Row | None:
        """The row that sums the others."""
        return next((row for row in self.rows if row.total), None)

    @property
    def withheld(self) -> bool:
        """Whether anything in it is not published."""
        return any(cell.withheld for row in self.rows for cell in row.cells)


def figures(tables: Iterable[Table]) -> dict[str, int | float | str | None]:
    """The named figures of tables, None where they are withheld."""
    return {
        cell.name: cell.value for table in tables for row in table.rows for cell in row.cells if cell.name is not None
    }


def counts(tables: Iterable[Table]) -> dict[str, int]:
    """The named counts of tables: what is suppressed by itself, and not because it is worked out of others."""
    return {
        cell.name: cell.value
        for table in tables
        for row in table.rows
        for cell in row.cells
        if cell.name is not None and not cell.of and isinstance(cell.value, int)
    }
