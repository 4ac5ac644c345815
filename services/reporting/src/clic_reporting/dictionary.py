"""The data dictionary: `docs/data-dictionary.md`, written from the comments that stand in the database itself.

`python -m clic_reporting.dictionary` writes it to standard output, from the database that `CLIC_POSTGRES_URL` names.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from clic_chassis.postgres_credential import connect
from clic_chassis.sql import load

from .store import LIVE_SCHEMA

_SQL: Final = load("clic_reporting", "dictionary.sql")
_HEAD: Final = """\
# Data dictionary

Written by `python -m clic_reporting.dictionary` from the comments in the database; a test keeps it true. How to read
these with psql, Python or a BI tool: [analysts.md](analysts.md). Why the model is as it is:
[decision 0013](decisions/0013-a-model-as-of-any-day.md).

Every view obeys the session parameter `clic.as_of`: `SET clic.as_of = '2026-04-15'` tells what was known at the end of
that day, digits a position of the log, `SET clic.as_of = ''` what is known now.
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column, its type and what the database says of it."""

    name: str
    type: str
    told: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, view or function, and what the database says of it; a function has its arguments in its name."""

    name: str
    kind: str
    """`table`, `view` or `function`."""
    told: str
    columns: tuple[Column, ...]

    @property
    def for_analysts(self) -> bool:
        """Whether the role `clic_analyst` reads it."""
        return self.kind == "view" and not self.name.startswith("_")


async def relations(connection: asyncpg.Connection, schema: str = LIVE_SCHEMA) -> list[Relation]:
    """Everything in a schema, by name; what has no comment is told by an empty text."""
    columns: dict[str, list[Column]] = {}
    for row in await connection.fetch(_SQL["columns"], schema):
        columns.setdefault(row["relation"], []).append(Column(row["name"], row["type"], row["told"]))
    return [
        Relation(row["name"], row["kind"], row["told"], tuple(columns.get(row["name"], ())))
        for row in await connection.fetch(_SQL["relations"], schema)
    ]


def uncommented(found: Iterable[Relation]) -> list[str]:
    """What says nothing of itself."""
    return [
        name
        for each in found
        for name, told in [(each.name, each.told), *((f"{each.name}.{c.name}", c.told) for c in each.columns)]
        if not told
    ]


def markdown(found: Iterable[Relation]) -> str:
    """The page. Workings of the views, whose names begin with _, have their comment alone."""
    every = list(found)
    indicators = [each for each in every if each.for_analysts and each.name.startswith("indicator_")]
    newest = [each for each in indicators if not each.name.rpartition("_v")[2].isdigit()]
    views = [each for each in every if each.for_analysts and each not in indicators]
    parts = [
        _HEAD,
        "## Indicators\n\nEach also stands as its versions (`…_v1`), which never change once they are published.\n",
        *map(_full, newest),
        "## Views\n",
        *map(_full, views),
        "## Functions\n",
        *_list(each for each in every if each.kind == "function"),
        "\n## Versions of indicators\n",
        *_list(each for each in indicators if each not in newest),
        "\n## Tables\n\nBehind the views; analysts do not read them.\n",
        *map(_full, (each for each in every if each.kind == "table")),
        "## Workings\n",
        *_list(each for each in every if each.kind == "view" and not each.for_analysts),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _full(each: Relation) -> str:
    rows = "\n".join(f"| `{c.name}` | {c.type} | {_cell(c.told)} |" for c in each.columns)
    return f"### `{each.name}`\n{each.told}\n\n| column | type | |\n|---|---|---|\n{rows}\n"


def _list(found: Iterable[Relation]) -> Iterator[str]:
    for each in found:
        yield f"- `{each.name}`: {each.told}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


async def _page(url: str) -> str:
    connection: Any = await connect(url)
    try:
        return markdown(await relations(connection))
    finally:
        await connection.close()


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(_page(os.environ["CLIC_POSTGRES_URL"])))
