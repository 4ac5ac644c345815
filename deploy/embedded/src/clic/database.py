"""A service's database for a command: connected for one thing to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import asyncpg

from clic_chassis.error import ClicError
from clic_chassis.postgres_credential import connect, open_pool

from .connection import database_url, without_password

T = TypeVar("T")

CONNECT_TIMEOUT_S = 10


async def with_pool(service: str, ask: Callable[[asyncpg.Pool], Awaitable[T]]) -> T:
    """What is asked of a service's database.

    Raises:
        ClicError: nothing says where it is, or it does not answer.
    """
    url = database_url(service)
    with _reached(service, url):
        pool = await open_pool(url, min_size=1, max_size=2, timeout=CONNECT_TIMEOUT_S)
    async with pool:
        return await ask(pool)


async def with_connection(service: str, ask: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    """The same of one connection. Raises as `with_pool`."""
    url = database_url(service)
    with _reached(service, url):
        connection = await connect(url, timeout=CONNECT_TIMEOUT_S)
    try:
        return await ask(connection)
    finally:
        await connection.close()


@contextmanager
def _reached(service: str, url: str) -> Iterator[None]:
    try:
        yield
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise ClicError(
            f"{service}'s database at {without_password(url)} does not answer ({type(error).__name__}). "
            "Is CLIC running? `clic up` starts it."
        ) from error
