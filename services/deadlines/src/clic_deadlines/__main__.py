"""Start the deadlines service: `python -m clic_deadlines`."""

from __future__ import annotations

from clic_chassis.service import run

from .app import wire
from .settings import Settings


def main() -> None:
    """Run until told to stop."""
    run("deadlines", Settings, wire, migrations="clic_deadlines")


if __name__ == "__main__":
    main()
