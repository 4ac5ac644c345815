"""A role's password from a file that is read at each new connection, so that it can be replaced without a stop.

Nobody opens PostgreSQL past this module: where the address of a database goes, its password's file goes with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import asyncpg

from .nats_credential import CredentialError

PARAMETER = "password_file="
"""Of an address of ours, which no server is told."""


def with_password_file(url: str, file: Path | None) -> str:
    """An address that `connect` and `open_pool` take with its password's file, also in another process."""
    return url if file is None else f"{url}{'&' if '?' in url else '?'}{PARAMETER}{quote(str(file))}"


async def connect(dsn: str, *, password_file: Path | None = None, **options: Any) -> asyncpg.Connection:
    """As `asyncpg.connect`, by the first password of the file that the server takes; the address may name it too.

    A role has one password: between its change on the server and the change of a file that a volume brings, which
    may take a minute, the file holds both, each on a line.

    Raises:
        CredentialError: the file cannot be read, or is empty.
        asyncpg.InvalidPasswordError: none of them is taken.
    """
    dsn, named = _apart(dsn)
    password_file = password_file or named
    if password_file is None:
        return await asyncpg.connect(dsn, **options)
    refused: dict[str, asyncpg.InvalidPasswordError] = {}
    # Twice: the role's password, or the file, may change between two attempts.
    for _ in range(2):
        passwords = passwords_of(password_file)
        if passwords == list(refused)[:1]:
            break
        for password in passwords:
            try:
                return await asyncpg.connect(dsn, password=password, **options)
            except asyncpg.InvalidPasswordError as error:
                refused[password] = error
    raise refused.popitem()[1]


async def open_pool(dsn: str, *, password_file: Path | None = None, **options: Any) -> asyncpg.Pool:
    """As `asyncpg.create_pool`, each of its connections made as by `connect`. Raises as that does."""

    async def connecting(*arguments: Any, **more: Any) -> asyncpg.Connection:
        return await connect(*arguments, password_file=password_file, **more)

    return await asyncpg.create_pool(dsn, connect=connecting, **options)


def _apart(url: str) -> tuple[str, Path | None]:
    """An address as asyncpg takes it, and the file that it named."""
    place, _, query = url.partition("?")
    parts = query.split("&")
    named = [each.removeprefix(PARAMETER) for each in parts if each.startswith(PARAMETER)]
    if not named:
        return url, None
    left = "&".join(each for each in parts if not each.startswith(PARAMETER))
    return f"{place}?{left}" if left else place, Path(unquote(named[-1]))


def passwords_of(file: Path) -> list[str]:
    """The passwords in a file, in their order.

    Raises:
        CredentialError: it cannot be read, or holds none.
    """
    try:
        found = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise CredentialError(f"CLIC_POSTGRES_PASSWORD_FILE: {file} cannot be read ({error.strerror})") from error
    if not found:
        raise CredentialError(f"CLIC_POSTGRES_PASSWORD_FILE: {file} holds no password")
    return found
