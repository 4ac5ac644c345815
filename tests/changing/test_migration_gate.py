"""A migration that takes away what the version before reads says so, or does not pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.place import ROOT

from clic_chassis.migration import CONTRACTS

BEFORE_THE_GATE = {"0001_timer.sql", "0003_next_look.sql"}
"""Applied everywhere before old and new code stood side by side; what is applied is never changed."""

TAKES_AWAY = {
    "drops a table": r"DROP\s+(TABLE|VIEW|SCHEMA|TYPE|FUNCTION)",
    "drops a column": r"DROP\s+COLUMN",
    "renames": r"RENAME\s+(COLUMN|TO|CONSTRAINT)|RENAME\s+\w+\s+TO",
    "changes a type": r"ALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE",
    "asks for a value that older code does not write": r"SET\s+NOT\s+NULL",
    "takes a default that older code relies on": r"DROP\s+DEFAULT",
    "empties a table": r"TRUNCATE|DELETE\s+FROM\s+\w+\s*;",
    "forbids what older code writes": r"ALTER\s+TABLE[^;]*\bADD\s+(CONSTRAINT|UNIQUE|CHECK|PRIMARY|EXCLUDE)",
    "takes a key that older code's ON CONFLICT names": r"DROP\s+CONSTRAINT",
}
_ADDED_COLUMN = re.compile(
    r"ADD\s+(?:COLUMN\s+)?(?!CONSTRAINT|UNIQUE|CHECK|PRIMARY|EXCLUDE|FOREIGN)[^,;]*", re.IGNORECASE
)


def taken_away(text: str) -> list[str]:
    """What a migration takes away of what code of the version before reads or writes."""
    if text.startswith(CONTRACTS):
        return []
    said = re.sub(r"--[^\n]*", "", re.sub(r"'[^']*'", "''", text))
    found = [what for what, pattern in TAKES_AWAY.items() if re.search(pattern, said, re.IGNORECASE)]
    made = set(re.findall(r"CREATE\s+TABLE\s+([\w.]+)", said, re.IGNORECASE))
    if set(re.findall(r"CREATE\s+UNIQUE\s+INDEX\s+\w+\s+ON\s+([\w.]+)", said, re.IGNORECASE)) - made:
        found.append("forbids what older code writes")
    for statement in re.findall(r"ALTER\s+TABLE[^;]*", said, re.IGNORECASE):
        for column in _ADDED_COLUMN.findall(statement):
            if re.search(r"NOT\s+NULL", column, re.IGNORECASE) and not re.search(r"DEFAULT", column, re.IGNORECASE):
                found.append("adds a column that older code does not fill")  # noqa: PERF401 - two conditions, one line each
    return found


def migrations() -> list[Path]:
    """Every migration of every service."""
    return sorted((ROOT / "services").glob("*/src/*/migrations/*.sql"))


@pytest.mark.parametrize("file", migrations(), ids=lambda file: f"{file.parts[-3]}/{file.name}")
def test_a_migration_takes_nothing_away_from_the_version_before(file: Path) -> None:
    """Instances of both stand side by side while they are replaced."""
    if file.name not in BEFORE_THE_GATE:
        assert taken_away(file.read_text(encoding="utf-8")) == []


def test_every_service_with_migrations_is_looked_at() -> None:
    """A gate that looks at nothing lets everything through."""
    assert {each.parts[-3] for each in migrations()} == {"clic_intake", "clic_deadlines"}


@pytest.mark.parametrize(
    ("planted", "why"),
    [
        ("DROP TABLE letter;", "drops a table"),
        ("ALTER TABLE letter DROP COLUMN tries;", "drops a column"),
        ("alter table letter rename column tries to attempts;", "renames"),
        ("ALTER TABLE letter RENAME tries TO attempts;", "renames"),
        ("ALTER TABLE letter RENAME TO mail;", "renames"),
        ("ALTER TABLE letter ALTER COLUMN tries TYPE bigint;", "changes a type"),
        ("ALTER TABLE letter ALTER tries SET DATA TYPE bigint;", "changes a type"),
        ("ALTER TABLE letter ALTER COLUMN status SET NOT NULL;", "asks for a value that older code does not write"),
        ("ALTER TABLE letter ALTER COLUMN tries DROP DEFAULT;", "takes a default that older code relies on"),
        ("TRUNCATE letter;", "empties a table"),
        ("DELETE FROM letter;", "empties a table"),
        ("ALTER TABLE letter ADD CONSTRAINT few CHECK (tries < 9);", "forbids what older code writes"),
        ("ALTER TABLE letter ADD UNIQUE (request_id);", "forbids what older code writes"),
        ("CREATE UNIQUE INDEX letter_once ON letter (request_id);", "forbids what older code writes"),
        ("ALTER TABLE timer DROP CONSTRAINT timer_pkey;", "takes a key that older code's ON CONFLICT names"),
        ("ALTER TABLE letter ADD COLUMN later text NOT NULL;", "adds a column that older code does not fill"),
        ("ALTER TABLE letter ADD later text NOT NULL;", "adds a column that older code does not fill"),
    ],
)
def test_what_takes_away_is_found(planted: str, why: str) -> None:
    """Each way, planted; and it passes once it says so, as a version after the last code that needed it."""
    assert why in taken_away(planted)
    assert taken_away(f"{CONTRACTS}: since 1.4 nobody reads it\n{planted}") == []


@pytest.mark.parametrize(
    "planted",
    [
        "CREATE TABLE later (id uuid PRIMARY KEY, name text NOT NULL);",
        "ALTER TABLE letter ADD COLUMN later text;",
        "ALTER TABLE letter ADD COLUMN later integer NOT NULL DEFAULT 0;",
        "CREATE INDEX letter_later ON letter (later);",
        "CREATE TABLE later (id int); CREATE UNIQUE INDEX later_once ON later (id);",
        "COMMENT ON TABLE letter IS 'DROP TABLE is only a word here';",
        "-- DROP TABLE letter comes a version later\nCREATE TABLE later (id int);",
    ],
)
def test_what_expands_passes(planted: str) -> None:
    """Tables, columns that may be empty, indexes, comments."""
    assert taken_away(planted) == []
