"""The way into `clic`: small, since whoever presses Ctrl-C while the rest is loaded must see no traceback."""

from __future__ import annotations

import sys

INTERRUPTED = 130
"""The exit code of what SIGINT ended, as shells have it."""


def main() -> None:
    """Run the command."""
    try:
        from .commands import app  # noqa: PLC0415 - takes a second, in which Ctrl-C is to be heard
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    app()
