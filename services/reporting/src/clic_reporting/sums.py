"""The sums by month, kept exact: what a change takes from their cells and what it gives to them.

Which cell a fact counts in is said once, by the cell views of `schema/cells.sql`. Live, `subtract` notes where requests
count before their rows change and `add` settles the difference after, in the same transaction; a rebuild `fill`s the
sums from its tables. Both give the same rows: a cell that counts nothing has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

DEFINED_BY: Final = ("schema/sums.sql", "schema/cells.sql")
"""Files of this package that say what the sums mean: part of the rows' definition."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A table of sums, the view of the cells that it counts, and its columns."""

    table: str
    cells: str
    columns: tuple[str, ...]
    count: str

    @property
    def before(self) -> str:
        """Where a transaction notes what its requests counted before it changes them."""
        return f"pg_temp.{self.table}_before"


DELAY: Final = Sum("sum_delay", "_delay_cell", ("month", "department", "kind", "measure", "business_days"), "requests")
"""The one that hangs on the town's business days too."""
OF_REQUESTS: Final = (
    Sum(
        "sum_request",
        "_request_cell",
        (
            "month", "kind", "first_channel", "department", "subject", "first_line", "unusual", "origin",
            "confidential", "status", "outcome_assumed",
        ),
        "requests",
    ),
    Sum(
        "sum_movement",
        "_movement_cell",
        ("month", "received_month", "department", "movement", "how", "assumed"),
        "requests",
    ),
    Sum(
        "sum_obligation",
        "_obligation_cell",
        ("due_month", "received_month", "department", "obligation", "state", "paused", "met_assumed"),
        "obligations",
    ),
    DELAY,
)  # fmt: skip
OF_INTERACTIONS: Final = Sum(
    "sum_interaction",
    "_interaction_cell",
    ("month", "channel", "first_contact", "answered_first_line", "origin"),
    "interactions",
)
SUMS: Final = (*OF_REQUESTS, OF_INTERACTIONS)

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


BY_INDEX: Final = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off"
"""A batch changes some dozens of cells, which are looked up. PostgreSQL cannot foresee how few they are and would read
every sum there is for each batch: 10 ms after a year of a large town, 80 after eight. And a plan that was made while
tables were small stays until they are analyzed: it would read every request thirteen times a batch."""


async def subtract(connection: Connection, schema: str, request_keys: Sequence[int]) -> None:
    """Note where requests count, before their rows change. In the caller's transaction; `add` must follow in it.

    Keys without a row, of requests that are new, count nowhere and may be left out.
    """
    if request_keys:
        await _make_room(connection, schema)
        await connection.execute(_subtraction(schema), request_keys)


async def add(connection: Connection, schema: str, request_keys: Sequence[int]) -> None:
    """Settle the sums with what requests count now, new and changed ones alike, and what `subtract` noted.

    Their rows in every table must be written, those of `fact_event` too.

    Raises:
        asyncpg.CheckViolationError: a sum would fall below nothing: rows were changed without `subtract`.
    """
    if request_keys:
        await _make_room(connection, schema)
        for each in OF_REQUESTS:
            await connection.execute(_settlement(schema, each), request_keys)


async def add_interactions(connection: Connection, schema: str, first_sequence: int, last_sequence: int) -> None:
    """Count the interactions of these positions of the log, both inclusive, which were just added."""
    await connection.execute(_interactions(schema), first_sequence, last_sequence)


async def fill(connection: Connection, schema: str, sums: Sequence[Sum] = SUMS) -> None:
    """Count everything anew into sums that are empty; a rebuild may fill several at a time, each by a connection."""
    for each in sums:
        await connection.execute(fill_sql(schema, each))


def fill_sql(schema: str, each: Sum) -> str:
    """The statement that fills one sum from the tables, in the order of its first column: months are read together."""
    columns = ", ".join(each.columns)
    return (
        f"INSERT INTO {schema}.{each.table} ({columns}, {each.count}) "  # noqa: S608 - our names
        f"SELECT {columns}, count(*) FROM {schema}.{each.cells} GROUP BY {columns} ORDER BY {each.columns[0]}"
    )


async def recount(connection: Connection, schema: str, each: Sum) -> None:
    """Empty a sum and count it anew, in the caller's transaction, which must keep the projection from writing."""
    await connection.execute(f"DELETE FROM {schema}.{each.table}")  # noqa: S608 - our names
    await fill(connection, schema, (each,))


async def off_balance(connection: Connection, schema: str) -> dict[str, int]:
    """By table of sums, how many cells are not what the facts say: nothing at all, if the sums are kept right."""
    found: dict[str, int] = {}
    for each in SUMS:
        columns = ", ".join((*each.columns, each.count))
        counted = (
            f"SELECT {', '.join(each.columns)}, count(*) FROM {schema}.{each.cells} GROUP BY {', '.join(each.columns)}"  # noqa: S608 - our names
        )
        kept = f"SELECT {columns} FROM {schema}.{each.table}"  # noqa: S608 - our names
        wrong = await connection.fetchval(
            f"SELECT count(*) FROM (({counted} EXCEPT ALL {kept}) UNION ALL ({kept} EXCEPT ALL {counted})) wrong"  # noqa: S608 - our names
        )
        if wrong:
            found[each.table] = wrong
    return found


async def _make_room(connection: Connection, schema: str) -> None:
    """The notes of this connection, emptied at the end of each transaction."""
    if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", OF_REQUESTS[-1].before):
        return
    await connection.execute(
        "; ".join(
            f"CREATE TEMP TABLE IF NOT EXISTS {each.table}_before (LIKE {schema}.{each.table}) ON COMMIT DELETE ROWS"
            for each in OF_REQUESTS
        )
    )


def _subtraction(schema: str) -> str:
    """$1 are keys of requests. One statement for all sums: a batch costs a round trip, not five."""
    noted = ", ".join(
        f"noted_{n} AS (INSERT INTO {each.before} ({', '.join(each.columns)}, {each.count}) "  # noqa: S608 - our names
        f"SELECT {', '.join(each.columns)}, -1 FROM {schema}.{each.cells} WHERE request_key = ANY($1::bigint[]))"
        for n, each in enumerate(OF_REQUESTS)
    )
    return f"WITH {noted} SELECT"


def _settlement(schema: str, each: Sum) -> str:
    """$1 are keys of requests. Only cells that really change are written; one that counts nothing any more goes."""
    columns = ", ".join(each.columns)
    counted = (
        f"SELECT {columns}, {each.count} AS change FROM {each.before} "  # noqa: S608 - our names
        f"UNION ALL SELECT {columns}, 1 FROM {schema}.{each.cells} WHERE request_key = ANY($1::bigint[])"
    )
    return _merge(schema, each, f"SELECT {columns}, sum(change) AS change FROM ({counted}) c GROUP BY {columns}")  # noqa: S608 - our names


def _interactions(schema: str) -> str:
    """$1 and $2 are positions of the log, both inclusive."""
    each = OF_INTERACTIONS
    columns = ", ".join(each.columns)
    return _merge(
        schema,
        each,
        f"SELECT {columns}, count(*) AS change FROM {schema}.{each.cells} "  # noqa: S608 - our names
        f"WHERE sequence BETWEEN $1 AND $2 GROUP BY {columns}",
    )


def _merge(schema: str, each: Sum, changes: str) -> str:
    columns = ", ".join(each.columns)
    return (
        f"MERGE INTO {schema}.{each.table} AS kept "  # noqa: S608 - our names
        f"USING (SELECT * FROM ({changes}) all_of_them WHERE change <> 0) AS new "
        f"ON {' AND '.join(f'kept.{name} = new.{name}' for name in each.columns)} "
        f"WHEN MATCHED AND kept.{each.count} + new.change = 0 THEN DELETE "
        f"WHEN MATCHED THEN UPDATE SET {each.count} = kept.{each.count} + new.change "
        f"WHEN NOT MATCHED THEN INSERT ({columns}, {each.count}) "
        f"VALUES ({', '.join(f'new.{name}' for name in each.columns)}, new.change)"
    )
