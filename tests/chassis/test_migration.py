"""Migrations on a real PostgreSQL: applied once, in order, whole or not at all; and what is refused."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from clic_chassis.migration import MigrationError, migrate, missing_migrations
from clic_chassis.sql import load

PACKAGE = "planted_service"
FIRST = ("0001_first.sql", "CREATE TABLE one (id int); CREATE TABLE two (id int);")
SECOND = ("0002_second.sql", "ALTER TABLE one ADD COLUMN name text;")
HAS_COLUMN = """
SELECT count(*) FROM information_schema.columns WHERE table_name = 'migration' AND column_name = 'contracts'
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A service's package with an empty folder of migrations."""
    folder = tmp_path / PACKAGE
    (folder / "migrations").mkdir(parents=True)
    (folder / "__init__.py").write_text('"""Planted."""\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    sys.modules.pop(PACKAGE, None)


def plant(package: Path, *files: tuple[str, str]) -> None:
    for name, text in files:
        (package / "migrations" / name).write_text(text, encoding="utf-8")


async def migrated(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return await migrate(connection, PACKAGE)
    finally:
        await connection.close()


async def missing(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return await missing_migrations(connection, PACKAGE)
    finally:
        await connection.close()


async def tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    return {row["tablename"] for row in rows}


async def test_what_is_new_is_applied_once_and_in_order(postgres_url: str, package: Path) -> None:
    """A second start changes nothing; a new file is added to what is there."""
    plant(package, FIRST)
    assert await migrated(postgres_url) == ["0001_first.sql"]
    assert await migrated(postgres_url) == []
    plant(package, SECOND, ("README", "no migration"))
    assert await migrated(postgres_url) == ["0002_second.sql"]
    assert await tables(postgres_url) == {"migration", "one", "two"}


async def test_a_file_that_was_changed_after_it_was_applied_is_refused(postgres_url: str, package: Path) -> None:
    """It says which, and how to mend it."""
    plant(package, FIRST)
    await migrated(postgres_url)
    plant(package, (FIRST[0], f"{FIRST[1]} -- a comment"), SECOND)
    with pytest.raises(MigrationError, match=r"0001_first\.sql was changed .* Restore it"):
        await migrated(postgres_url)


async def test_older_code_works_on_a_database_that_was_expanded(postgres_url: str, package: Path) -> None:
    """Both versions stand side by side while instances are replaced, and after a step back to older code."""
    plant(package, FIRST, SECOND)
    await migrated(postgres_url)
    (package / "migrations" / SECOND[0]).unlink()
    assert await migrated(postgres_url) == []
    assert await missing(postgres_url) == []


async def test_a_database_that_has_left_the_code_behind_is_refused(postgres_url: str, package: Path) -> None:
    """A migration that takes away what older code needs says so in its first line."""
    plant(package, FIRST, ("0002_less.sql", "-- contracts: nothing since 1.4 reads it.\nDROP TABLE two;"))
    await migrated(postgres_url)
    (package / "migrations" / "0002_less.sql").unlink()
    for each in (migrated, missing):
        with pytest.raises(MigrationError, match=r"left this code behind by 0002_less\.sql\. Run newer code"):
            await each(postgres_url)


async def test_what_is_missing_is_told_and_not_applied(postgres_url: str, package: Path) -> None:
    """For a service that waits for whoever migrates: before the first, between two, and after the last."""
    plant(package, FIRST)
    assert await missing(postgres_url) == ["0001_first.sql"]
    await migrated(postgres_url)
    plant(package, SECOND)
    assert await missing(postgres_url) == ["0002_second.sql"]
    assert await tables(postgres_url) == {"migration", "one", "two"}
    await migrated(postgres_url)
    assert await missing(postgres_url) == []


async def test_a_table_of_migrations_from_before_they_said_what_they_take_away_is_read(
    postgres_url: str, package: Path
) -> None:
    """It gets the column with the next migration, not by looking."""
    plant(package, FIRST, SECOND)
    await migrated(postgres_url)
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("ALTER TABLE migration DROP COLUMN contracts")
    assert await missing(postgres_url) == []
    assert not await connection.fetchval(HAS_COLUMN)
    assert await migrated(postgres_url) == []
    assert await connection.fetchval(HAS_COLUMN)
    await connection.close()


async def test_a_migration_that_fails_leaves_nothing_of_itself_and_all_before_it(
    postgres_url: str, package: Path
) -> None:
    """Each in a transaction; the next start goes on there."""
    plant(package, FIRST, ("0002_broken.sql", "CREATE TABLE three (id int); CREATE TABLE one (id int);"))
    with pytest.raises(asyncpg.DuplicateTableError):
        await migrated(postgres_url)
    assert await tables(postgres_url) == {"migration", "one", "two"}
    plant(package, ("0002_broken.sql", "CREATE TABLE three (id int);"))
    assert await migrated(postgres_url) == ["0002_broken.sql"]


async def test_of_instances_that_start_at_once_one_migrates(postgres_url: str, package: Path) -> None:
    """The others wait for it and find it done."""
    plant(package, FIRST, SECOND)
    done = await asyncio.gather(*(migrated(postgres_url) for _ in range(6)))
    assert sorted(done, key=len, reverse=True) == [["0001_first.sql", "0002_second.sql"], [], [], [], [], []]


def test_statements_are_loaded_by_their_names(package: Path) -> None:
    """A comment before the first is the file's own."""
    (package / "queries.sql").write_text(
        "-- What a test asks.\n\n-- name: first\n-- One sentence.\nSELECT 1;\n\n-- name: second_one\nSELECT\n  2;\n"
    )
    assert load(PACKAGE) == {"first": "-- One sentence.\nSELECT 1;", "second_one": "SELECT\n  2;"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("-- name: one\nSELECT 1;\n-- name: one\nSELECT 2;\n", "one stands twice"),
        ("SELECT 1;\n-- name: one\nSELECT 2;\n", "a statement without a name: SELECT 1;"),
    ],
)
def test_a_file_of_statements_that_is_not_clear_is_refused(text: str, says: str, package: Path) -> None:
    """When the module is imported, not when the statement is needed."""
    (package / "queries.sql").write_text(text)
    with pytest.raises(ValueError, match=says):
        load(PACKAGE)
