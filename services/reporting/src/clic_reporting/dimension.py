"""The dimensions that a town's folder and Québec's holidays give: days, departments, subjects, channels and kinds."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import asyncpg

from clic_contracts.town import Town
from clic_contracts.town_time import CalendarConfig
from clic_contracts.vocabulary import Channel, Kind

from .core.french import apostrophes
from .core.label import CHANNELS, CHANNELS_EN, KINDS, KINDS_EN
from .core.period import Quarter

FIRST_ON: Final = dt.date(2000, 1, 1)
LAST_ON: Final = dt.date(2049, 12, 31)

Rows = list[tuple[Any, ...]]
Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

COLUMNS: Final[dict[str, dict[str, str]]] = {
    "dim_date": {
        "day": "date", "year": "smallint", "quarter": "text", "month": "date", "weekday": "smallint",
        "closed_because": "text", "business_day": "boolean", "business_ordinal": "integer",
    },
    "dim_department": {"department": "text", "name_fr": "text", "name_en": "text", "first_line": "boolean"},
    "dim_subject": {"subject": "text", "name_fr": "text", "name_en": "text", "department": "text"},
    "dim_channel": {"channel": "text", "name_fr": "text", "name_en": "text"},
    "dim_kind": {"kind": "text", "name_fr": "text", "name_en": "text"},
}  # fmt: skip
"""Table → its columns with their types. `schema/tables.sql` has the same; the first is the key."""


def dimensions(town: Town) -> dict[str, Rows]:
    """Table → its rows, in the order of `COLUMNS`."""
    return {
        "dim_date": days(town.calendar),
        "dim_department": [
            (each.code, apostrophes(each.name.fr), each.name.en, each.first_line) for each in town.departments
        ],
        "dim_subject": [
            (each.code, apostrophes(each.name.fr), each.name.en, each.department) for each in town.subjects
        ],
        "dim_channel": [(each.value, CHANNELS[each], CHANNELS_EN[each]) for each in Channel],
        "dim_kind": [(each.value, KINDS[each], KINDS_EN[each]) for each in Kind],
    }


def days(calendar: CalendarConfig) -> Rows:
    """Every day from `FIRST_ON` to `LAST_ON`, its business days counted up. Source: POL-13, I-16 art. 61."""
    rows: Rows = []
    ordinal = 0
    for n in range((LAST_ON - FIRST_ON).days + 1):
        day = FIRST_ON + dt.timedelta(days=n)
        because = calendar.closed_because(day)
        ordinal += because is None
        quarter = str(Quarter.of(day))
        rows.append((day, day.year, quarter, day.replace(day=1), day.isoweekday(), because, because is None, ordinal))
    return rows


async def replace(connection: Connection, schema: str, table: str, rows: Rows) -> bool:
    """Make a table hold exactly these rows, and give whether it did not; one that does is not written."""
    columns = COLUMNS[table]
    names = ", ".join(columns)
    found = await connection.fetch(f"SELECT {names} FROM {schema}.{table}")  # noqa: S608 - our names
    if sorted(map(tuple, found), key=_by_key) == sorted(rows, key=_by_key):
        return False
    await connection.execute(f"DELETE FROM {schema}.{table}")  # noqa: S608 - our names
    await connection.copy_records_to_table(table, schema_name=schema, columns=list(columns), records=rows)
    return True


def _by_key(row: tuple[Any, ...]) -> Any:
    return row[0]
