"""The views of reporting, made where they are missing or changed, in place, without a rebuild; and who reads them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

import asyncpg

from clic_chassis.error import ClicError
from clic_contracts.town import Town

from . import dimension
from .sums import DELAY, recount

ANALYST: Final = "clic_analyst"
"""The role that sees views alone. Whoever operates makes it, see `docs/analysts.md`."""
LOCK_TIMEOUT_S: Final = 30
"""How long making views anew waits for readers of the old ones, who are kept from beginning meanwhile."""

_FILES: Final = ("as_of.sql", "cells.sql", "views.sql", "difference.sql")
_NAME: Final = re.compile(r"^(pol[0-9]{2}_[a-z_]+)\.v([1-9][0-9]*)\.sql$")

_COMMENTED_BY: Final[dict[str, tuple[str, ...]]] = {
    "calendar_day": ("dim_date",),
    **{each: (f"dim_{each}",) for each in ("department", "subject", "channel", "kind", "rule_version")},
    **{
        each: (f"fact_{each}",) for each in ("request", "assignment", "treatment", "obligation", "interaction", "event")
    },
    "escalation": ("fact_escalation", "fact_obligation"),
    "learning": ("fact_learning",),
    **{f"_{each}_then": (f"fact_{each}",) for each in ("request", "treatment", "obligation", "interaction")},
    **{
        f"_{each}_cell{then}": (f"{each}_count", f"fact_{each}", "fact_request", "fact_obligation")
        for each in ("request", "movement", "obligation", "delay", "interaction")
        for then in ("", "_then")
    },
    **{f"sum_{each}": (f"{each}_count",) for each in ("request", "movement", "obligation", "delay", "interaction")},
}
"""Where the columns of a view or table that have no comment of their own are told: the first of these that has one."""

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


class IndicatorFileError(ClicError):
    """A file among the indicators is none."""


@dataclass(frozen=True, slots=True, order=True)
class Indicator:
    """One version of an indicator's definition: a file `pol32_balance.v1.sql`, which never changes once published.

    Another definition is another version in another file; both stand side by side as views.
    """

    name: str
    version: int
    sql: str

    @property
    def view(self) -> str:
        """Such as `indicator_pol32_balance_v1`."""
        return f"{self.newest_view}_v{self.version}"

    @property
    def newest_view(self) -> str:
        """The view that is always the newest version."""
        return f"indicator_{self.name}"

    @property
    def digest(self) -> str:
        """Of its text; the list of those published is `schema/indicators/published.txt`."""
        return hashlib.sha256(self.sql.encode()).hexdigest()[:16]


def _schema() -> Traversable:
    return resources.files("clic_reporting").joinpath("schema")


def load_indicators(folder: Traversable | None = None) -> tuple[Indicator, ...]:
    """Every version of every indicator, by name and version.

    Raises:
        IndicatorFileError: a `.sql` file there is not named like one.
    """
    found = []
    for file in (folder or _schema().joinpath("indicators")).iterdir():
        if not file.name.endswith(".sql"):
            continue
        match = _NAME.match(file.name)
        if match is None:
            raise IndicatorFileError(f"{file.name} is no indicator: name it as pol32_balance.v1.sql")
        found.append(Indicator(match[1], int(match[2]), file.read_text(encoding="utf-8")))
    return tuple(sorted(found))


INDICATORS: Final = load_indicators()


def newest(indicators: Sequence[Indicator]) -> dict[str, Indicator]:
    """The newest version of each, by name."""
    return {each.name: each for each in sorted(indicators)}


def views_version(indicators: Sequence[Indicator] = INDICATORS) -> str:
    """Digest of how figures are made of rows: of the views and the indicators."""
    texts = [_text(file) for file in _FILES] + [f"{each.view}\0{each.sql}" for each in indicators]
    return hashlib.sha256("\0".join([*texts, repr(_COMMENTED_BY)]).encode()).hexdigest()[:12]


def _text(file: str) -> str:
    return _schema().joinpath(file).read_text(encoding="utf-8")


async def create_views(connection: Connection, schema: str, indicators: Sequence[Indicator] = INDICATORS) -> bool:
    """Make the views of a schema anew, in one transaction, where they are not as this code has them; whether it did.

    Readers see the old ones or the new ones. Those whose transaction has read the old ones are waited for.

    Raises:
        asyncpg.LockNotAvailableError: readers of the old views did not end within `LOCK_TIMEOUT_S`.
    """
    version = views_version(indicators)
    async with connection.transaction():
        if await _version_of(connection, schema) == version:
            await grant(connection, schema)  # The role may have been made since.
            return False
        await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'")
        await _drop(connection, schema)
        for statement in statements(schema, indicators):
            await connection.execute(statement)
        await _inherit_comments(connection, schema, indicators)
        await grant(connection, schema)
        await connection.execute("SET LOCAL lock_timeout = DEFAULT")
    return True


def statements(schema: str, indicators: Sequence[Indicator] = INDICATORS) -> list[str]:
    """What makes the functions and views of a schema where there are none."""
    cells = _text("cells.sql")
    now = {each: f"{{schema}}.fact_{each}" for each in ("request", "treatment", "obligation", "interaction")}
    then = {each: f"{{schema}}._{each}_then" for each in now}
    texts = [
        _text("as_of.sql"),
        _filled(cells, then="", **now),
        _filled(cells, then="_then", **then),
        _text("views.sql").replace("{views}", views_version(indicators)),
        _text("difference.sql"),
        *(each.sql.replace("{view}", each.view) for each in indicators),
        *(
            f"CREATE VIEW {{schema}}.{each.newest_view} AS SELECT * FROM {{schema}}.{each.view}"  # noqa: S608 - our names
            for each in newest(indicators).values()
        ),
    ]
    return [each.replace("{schema}", schema) for each in texts]


def _filled(text: str, **values: str) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


async def _version_of(connection: Connection, schema: str) -> str | None:
    if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.version"):
        return None
    version: str = await connection.fetchval(f"SELECT views FROM {schema}.version")  # noqa: S608 - our names
    return version


async def _drop(connection: Connection, schema: str) -> None:
    views = await connection.fetch("SELECT viewname FROM pg_views WHERE schemaname = $1 ORDER BY viewname", schema)
    if views:
        names = ", ".join(f"{schema}.{row['viewname']}" for row in views)
        await connection.execute(f"DROP VIEW {names} CASCADE")
    functions = await connection.fetch(
        "SELECT oid::regprocedure::text AS name FROM pg_proc WHERE pronamespace = $1::regnamespace", schema
    )
    if functions:
        await connection.execute(f"DROP FUNCTION {', '.join(row['name'] for row in functions)} CASCADE")


async def _inherit_comments(connection: Connection, schema: str, indicators: Sequence[Indicator]) -> None:
    """A column without a comment has that of the column that it is taken from: said once, read everywhere."""
    told: dict[tuple[str, str], str | None] = {
        (row["name"], row["column"]): row["told"] for row in await connection.fetch(_COLUMNS, schema)
    }
    newest_of = {each.newest_view: (each.view,) for each in newest(indicators).values()}
    sources = {**_COMMENTED_BY, **newest_of}
    statements = [
        f"COMMENT ON COLUMN {schema}.{name}.{column} IS {_literal(found)}"
        for (name, column), said in told.items()
        if said is None
        and (found := next((text for each in sources.get(name, ()) if (text := told.get((each, column)))), None))
    ]
    for view, (version,) in newest_of.items():
        said = await connection.fetchval("SELECT obj_description($1::regclass, 'pg_class')", f"{schema}.{version}")
        statements.append(f"COMMENT ON VIEW {schema}.{view} IS {_literal(f'{said} The newest version: {version}.')}")
    await connection.execute("; ".join(statements))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_COLUMNS: Final = """
SELECT c.relname AS name, a.attname AS column, col_description(c.oid, a.attnum) AS told
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname, a.attnum
"""


async def grant(connection: Connection, schema: str) -> None:
    """Let the analysts' role read the views whose names do not begin with _, and nothing else; no role, no grant.

    Grants are what keeps analysts from writing: a session that is read-only by default can be made another.
    """
    missing = await connection.fetch(
        "SELECT viewname FROM pg_views JOIN pg_roles ON rolname = $2 "
        "WHERE schemaname = $1 AND NOT starts_with(viewname, '_') "
        "AND NOT has_table_privilege(rolname, format('%I.%I', schemaname, viewname), 'SELECT') ORDER BY viewname",
        schema,
        ANALYST,
    )
    if missing:
        names = ", ".join(f"{schema}.{row['viewname']}" for row in missing)
        await connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {ANALYST}; GRANT SELECT ON {names} TO {ANALYST}")


def analyst_sql(database: str, password: str) -> str:
    """What an administrator runs in reporting's database to make the analysts' role. Source: POL-38."""
    return _filled(_text("analyst.sql"), database=database, password=_literal(password))


async def refresh_dimensions(connection: Connection, schema: str, town: Town) -> bool:
    """Write what the town's folder says of departments, subjects and business days, where that changed.

    Changed business days change every delay: they are counted anew while the projection waits, some seconds for
    millions of requests. Gives whether they were.
    """
    async with connection.transaction():
        await connection.execute(f"LOCK TABLE {schema}.checkpoint IN SHARE ROW EXCLUSIVE MODE")
        recounted = False
        for table, rows in dimension.dimensions(town).items():
            changed = await dimension.replace(connection, schema, table, rows)
            recounted = recounted or (changed and table == "dim_date")
        if recounted:
            await recount(connection, schema, DELAY)
    return recounted
