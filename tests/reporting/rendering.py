"""Run as a process of its own: makes every format of reports and prints what bytes came out, as JSON."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections.abc import Iterable

import asyncpg
from tests.reporting.projected import town

from clic.report_text import as_text
from clic_contracts.vocabulary import Language
from clic_reporting.core.label import Labels
from clic_reporting.document import Format, rendered
from clic_reporting.document.edition import Made, internal, public
from clic_reporting.page import Pages

PAGES = Pages(town())
FRENCH, ENGLISH = (Labels(town(), language) for language in Language)


def digests(made: Made, forms: Iterable[str]) -> dict[str, str]:
    """SHA-256 of formats of a report."""
    return {form: hashlib.sha256(content(made, form)).hexdigest() for form in forms}


def content(made: Made, form: str) -> bytes:
    """A report in a format."""
    document, comparison = made
    if form == "html":
        return PAGES.report(document).encode()
    if form == "text":
        return as_text(document, width=100).encode()
    return rendered(document, comparison.report, Format(form))


async def every(connection: asyncpg.Connection, as_of: str | None) -> dict[str, dict[str, str]]:
    """A quarter in every format; its year in English and what was published of it in two."""
    return {
        "quarter": digests(await internal(connection, "2024-Q3", FRENCH, as_of=as_of), (*Format, "html", "text")),
        "year": digests(await internal(connection, "2024", ENGLISH, as_of=as_of), ("html", "json")),
        "published": digests(await public(connection, "2024-Q3", FRENCH), ("html", "json")),
    }


async def main(url: str, as_of: str) -> None:
    """Make them from a database, as of a position."""
    connection = await asyncpg.connect(url)
    try:
        print(json.dumps(await every(connection, as_of)))  # noqa: T201 - what it is run for
    finally:
        await connection.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
