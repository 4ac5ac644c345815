"""Whether a sender is known for a request, by the keyed index of requesters' contacts: no seal is opened for it."""

from __future__ import annotations

import asyncpg

from clic_chassis import sql
from clic_contracts.vocabulary import RequestId
from clic_intake.core.contact import email_key
from clic_intake.register import connected, contact_digester
from clic_intake.seal import MasterKey

_SQL = sql.load("clic_intake.mail")


class Contacts:
    """The index, asked about one request and one address."""

    def __init__(self, pool: asyncpg.Pool, master: MasterKey) -> None:
        self._pool = pool
        self._digest = contact_digester(master)

    async def knows(self, request_id: RequestId, address: str | None) -> bool:
        """Whether an address is one of the request's requester.

        Raises:
            RetryableError: the database is away; try again.
        """
        key = email_key(address or "")
        if key is None:
            return False
        async with connected(self._pool) as connection:
            return bool(await connection.fetchval(_SQL["knows_contact"], self._digest(key), request_id))
