"""Run as a process of its own: makes every format of reports and prints what bytes came out, as JSON."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys

import asyncpg
from tests.reporting.projected import town

from clic.report_text import as_text
from clic_contracts.vocabulary import Language
from clic_reporting.core.label import Labels
from clic_reporting.document import Format, rendered
from clic_reporting.document.edition import Made, internal, public
from clic_reporting.page import Pages


def digests(made: Made) -> dict[str, str]:
    """SHA-256 of every format of a report."""
    document, comparison = made
    content = {str(form): rendered(document, comparison.report, form) for form in Format}
    content["html"] = Pages(town()).report(document).encode()
    content["text"] = as_text(document, width=100).encode()
    return {form: hashlib.sha256(each).hexdigest() for form, each in content.items()}


async def every(connection: asyncpg.Connection, as_of: str | None) -> dict[str, dict[str, str]]:
    """A quarter in French, its year in English, and what was published of the quarter."""
    french, english = (Labels(town(), language) for language in Language)
    return {
        "quarter": digests(await internal(connection, "2024-Q3", french, as_of=as_of)),
        "year": digests(await internal(connection, "2024", english, as_of=as_of)),
        "published": digests(await public(connection, "2024-Q3", french)),
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
