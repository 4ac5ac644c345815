"""How a command tells an error: in red on standard error, and by its exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape

from clic_chassis.error import ClicError


@contextmanager
def told() -> Iterator[None]:
    """An error is told and ends the command."""
    try:
        yield
    except ClicError as error:
        Console(stderr=True).print(escape(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
