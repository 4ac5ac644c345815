"""The secrets in the addresses of calendars: calendar programs send no bearer token. Kept as their digests."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from typing import NamedTuple

import asyncpg

from clic_chassis import sql
from clic_chassis.error import RetryableError
from clic_chassis.failure import is_outage
from clic_contracts.vocabulary import DepartmentCode

_SQL = sql.load("clic_deadlines.due_feed")

TOKEN_BYTES = 32
TOKEN_CHARACTERS_MAX = 100
_NOBODY_S = bytes(32)
"""Compared with where there is no digest: a wrong department takes as long as a wrong secret."""


class Made(NamedTuple):
    """A new secret, told this once."""

    token: str
    replaces: bool
    """Whether another one led to the calendar before."""


class FeedTokens:
    """Makes, takes back and knows secrets, one for each department."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def make(self, department: DepartmentCode, now: dt.datetime) -> Made:
        """A new secret in the place of the one before."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        replaces = await self._pool.fetchval(_SQL["set"], department, _digest(token), now)
        return Made(token, bool(replaces))

    async def remove(self, department: DepartmentCode) -> bool:
        """Take the secret back; whether there was one."""
        return bool(await self._pool.fetchval(_SQL["remove"], department))

    async def opens(self, department: str, token: str) -> bool:
        """Whether a secret is a department's.

        Raises:
            RetryableError: the database is away.
        """
        try:
            known = await self._pool.fetchval(_SQL["digest"], department)
        except Exception as error:
            if is_outage(error):
                raise RetryableError(f"the database did not answer ({type(error).__name__})") from error
            raise
        fits = hmac.compare_digest(known or _NOBODY_S, _digest(token))
        return known is not None and fits


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
