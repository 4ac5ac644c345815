"""A cluster that has not heard of its servers yet."""

from __future__ import annotations

import json
from typing import cast

from nats.aio.client import Client
from nats.aio.msg import Msg

from clic_chassis.nats_error import NO_PLACE


class NotHeardYet:
    """A cluster that says so many times that it has heard of no server, and then lets one server answer."""

    def __init__(self, nats: Client, times: int) -> None:
        self.nats = nats
        self.times = times

    @property
    def client(self) -> Client:
        """As a client, of which `request` alone is there."""
        return cast("Client", self)

    async def request(self, subject: str, body: bytes, timeout: float) -> Msg:  # noqa: ASYNC109 - as nats-py
        """See `Client.request`."""
        if subject.split(".")[3] in {"CREATE", "RESTORE"} and self.times:
            self.times -= 1
            error = {"err_code": NO_PLACE, "description": "no suitable peers for placement, peer offline"}
            return Msg(self.nats, data=json.dumps({"error": error}).encode())
        return await self.nats.request(subject, body, timeout=timeout)
