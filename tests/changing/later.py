"""A later version of CLIC, made of today's: what a rolling upgrade brings, planted in a copy of the code.

Today's code is the old one then. So the test needs no history, which a shallow checkout does not have, and says of
every version how it stands beside the next one.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.place import ROOT

SOURCES = (
    "contracts/src", "chassis/src", "services/intake/src", "services/routing/src", "services/deadlines/src",
    "services/reporting/src",
)  # fmt: skip
MIGRATION = "9000_later.sql"

_MIGRATIONS = {
    "services/intake/src/clic_intake": (
        "ALTER TABLE letter ADD COLUMN later text;\n"
        "CREATE TABLE later (request_id uuid PRIMARY KEY);\n"
        "CREATE INDEX letter_later ON letter (later);\n"
    ),
    "services/deadlines/src/clic_deadlines": "ALTER TABLE timer ADD COLUMN later integer NOT NULL DEFAULT 0;\n",
}
"""What expands: columns and tables that older code does not know."""
_EDITS = (
    # Another meaning of the worklists' and the docket's rows: both are made anew.
    ("services/intake/src/clic_intake/core/worklist.py", "\n# Later.\n"),
    ("services/deadlines/src/clic_deadlines/core/docket.py", "\n# Later.\n"),
)


def plant(folder: Path) -> dict[str, str]:
    """Make the copy; gives what is set in the environment of a process that is to run it."""
    for source in SOURCES:
        # With its bytecode: to compile all of it takes long. Not with what another process is just compiling, which
        # has another name until it is whole, and is gone by then.
        shutil.copytree(ROOT / source, folder / source, ignore=shutil.ignore_patterns("*.pyc.*"))
    for package, text in _MIGRATIONS.items():
        (folder / package / "migrations" / MIGRATION).write_text(text, encoding="utf-8")
    for name, more in _EDITS:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(more)
    return {"PYTHONPATH": os.pathsep.join(str(folder / source) for source in SOURCES)}
