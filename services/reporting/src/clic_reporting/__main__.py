"""`python -m clic_reporting`: reporting as a process."""

from __future__ import annotations

from clic_chassis.service import run

from .app import wire
from .settings import Settings


def main() -> None:
    """Run reporting until told to stop."""
    run("reporting", Settings, wire)


if __name__ == "__main__":
    main()
