"""A service's database for a command: connected for one thing to do, and errors told to whoever called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import asyncpg
import typer
from rich.console import Console
from rich.markup import escape

from clic_chassis.error import ClicError

from .connection import database_url, without_password

T = TypeVar("T")

CONNECT_TIMEOUT_S = 10


async def with_pool(service: str, ask: Callable[[asyncpg.Pool], Awaitable[T]]) -> T:
    """What is asked of a service's database.

    Raises:
        ClicError: nothing says where it is, or it does not answer.
    """
    url = database_url(service)
    try:
        pool = await asyncpg.create_pool(url, min_size=1, max_size=2, timeout=CONNECT_TIMEOUT_S)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise ClicError(
            f"{service}'s database at {without_password(url)} does not answer ({type(error).__name__}). "
            "Is CLIC running? `clic up` starts it."
        ) from error
    async with pool:
        return await ask(pool)


@contextmanager
def told() -> Iterator[None]:
    """An error is told and ends the command."""
    try:
        yield
    except ClicError as error:
        Console(stderr=True).print(escape(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
