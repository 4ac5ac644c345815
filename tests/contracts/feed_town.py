"""A server that knows a town's users, among them subscribers, and its feed as the relay fills it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats as nats_client
from nats.aio.client import Client

from clic_chassis.embedded import NatsServer
from clic_chassis.nats_credential import NatsCredential
from clic_chassis.relay import public_form
from clic_chassis.streams import STREAMS
from clic_contracts.envelope import derive_id
from clic_contracts.event import Event
from clic_contracts.feed import LEFT_OUT_HEADER, left_out
from clic_contracts.schema import example_recorded
from clic_contracts.subject import FEED_STREAM, feed_subject
from clic_contracts.subscriber import Subscriber

FLEET = "subscriber-flotte"
ANSWER_S = 30.0
"""nats-py alone waits half a second for an answer."""


@dataclass(frozen=True)
class Feed:
    """The feed of a server with a town's users: its operator, and intake, whose relay fills it."""

    server: NatsServer
    operator: Client
    intake: Client
    seed_file: Path

    async def tell(self, *kinds: type[Event], first: int = 1) -> list[str]:
        """Put examples into the feed as the relay does; gives their ids."""
        told = []
        for number, kind in enumerate(kinds, start=first):
            event = example_recorded(kind).model_copy(update={"event_id": derive_id("test", str(number))})
            headers = {"Nats-Msg-Id": event.event_id, LEFT_OUT_HEADER: ",".join(left_out(kind))}
            subject = feed_subject(event.type, event.request_id)
            await self.intake.jetstream().publish(subject, public_form(event), headers=headers)
            told.append(event.event_id)
        return told

    async def subscriber(self) -> Subscriber:
        """Connected as the fleet."""
        return await Subscriber.connect(self.server.url, "flotte", nkey_seed_file=self.seed_file)

    async def make(self, **changes: Any) -> None:
        """The stream, as the streams' owner makes it."""
        config = {"name": FEED_STREAM, "storage": "file", **STREAMS[FEED_STREAM], **changes}
        answer = await self.operator.request(
            f"$JS.API.STREAM.CREATE.{FEED_STREAM}", json.dumps(config).encode(), timeout=ANSWER_S
        )
        assert "error" not in json.loads(answer.data), answer.data

    async def remove(self) -> None:
        """The stream, with all that is in it."""
        await self.operator.jetstream().delete_stream(FEED_STREAM)


@dataclass(frozen=True)
class Town:
    """A server that knows a town's users."""

    server: NatsServer
    credentials: dict[str, NatsCredential]

    def seed_file(self, user: str) -> Path:
        """The user's key."""
        file = self.credentials[user].seed_file
        assert file is not None
        return file

    async def client(self, user: str) -> Client:
        """Connected as the user."""
        return await nats_client.connect(
            self.server.url,
            **self.credentials[user].options(),
            reconnect_time_wait=0.1,
            max_reconnect_attempts=-1,  # By default 60: six seconds, and a server may take longer to start again.
        )
