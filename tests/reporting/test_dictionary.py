"""The database says of itself what everything in it means, and the page says the same."""

from __future__ import annotations

import asyncpg
from tests.place import ROOT
from tests.reporting.projected import Projected

from clic_reporting.dictionary import markdown, relations, uncommented

PAGE = ROOT / "docs" / "data-dictionary.md"


async def test_everything_in_the_schema_has_a_comment_and_the_page_is_written_from_them(postgres_url: str) -> None:
    """A column that nobody explains is a column that somebody will misread."""
    connection = await asyncpg.connect(postgres_url)
    try:
        await Projected(connection).prepare()
        found = await relations(connection)
        await connection.execute(
            "COMMENT ON COLUMN reporting.fact_request.kind IS NULL; CREATE VIEW reporting.planted AS SELECT 1 AS a"
        )
        planted = await relations(connection)
    finally:
        await connection.close()

    assert uncommented(found) == []
    assert uncommented(planted) == ["fact_request.kind", "planted", "planted.a"]
    assert PAGE.read_text(encoding="utf-8") == markdown(found), (
        "the comments changed: `python -m clic_reporting.dictionary > docs/data-dictionary.md`"
    )
