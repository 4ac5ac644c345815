"""Scanning a text before it is published: the patterns of the core, and requesters' names by their index."""

from __future__ import annotations

import asyncio

from clic_contracts.town import Town

from .core.scan import Finding, contacts_in, look_up, scan
from .name_index import NameIndex


class Scanner:
    """Finds what may tell who somebody is."""

    def __init__(self, names: NameIndex, town: Town) -> None:
        self._names = names
        contacts = [text for body in town.bodies for text in (body.contact.fr, body.contact.en)]
        self._public = contacts_in([*contacts, *(each.email for each in town.departments if each.email)])

    async def scan(self, text: str) -> tuple[Finding, ...]:
        """The findings of a text, in its order. Contacts that the town's own configuration publishes are none.

        Raises:
            RetryableError: the database is away.
        """
        # Some 50 ms for a long text: submissions must not wait for it.
        known = await self._names.known(await asyncio.to_thread(look_up, text))
        return await asyncio.to_thread(scan, text, known, self._public)

    async def knows_every_name(self) -> bool:
        """Whether the names of every request can be found; not while older ones are still being indexed."""
        return await self._names.is_whole()
