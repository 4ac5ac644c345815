"""SQL that stands in `.sql` files: one statement with a name and a sentence each."""

from __future__ import annotations

import re
from importlib import resources

_NAME = re.compile(r"^-- name: ([a-z_]+)$")


def load(package: str, file: str = "queries.sql") -> dict[str, str]:
    """The statements of a package's file by name.

    A statement begins at a line `-- name: take_due_timers` and goes to the next such line.

    Raises:
        ValueError: a statement has no name, or a name stands twice.
    """
    statements: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in resources.files(package).joinpath(file).read_text(encoding="utf-8").splitlines():
        if match := _NAME.match(line):
            if match[1] in statements:
                raise ValueError(f"{package}/{file}: {match[1]} stands twice")
            current = statements[match[1]] = []
        elif current is not None:
            current.append(line)
        elif line.strip() and not line.startswith("--"):
            raise ValueError(f"{package}/{file}: a statement without a name: {line}")
    return {name: "\n".join(lines).strip() for name, lines in statements.items()}
