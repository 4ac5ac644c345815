"""Keys for the users of a server that a test starts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import nats as nats_client

from clic.admission import new_seed
from clic.nats_config import OPS, NatsUser, authorization
from clic_chassis.embedded import NatsServer, start_nats
from clic_chassis.nats_credential import NatsCredential, public_key_of
from clic_chassis.streams import ensure_streams
from clic_chassis.testing import open_folder


def credentials_of(folder: Path, users: Sequence[NatsUser]) -> dict[str, NatsCredential]:
    """A key for each user, in a file of the folder."""
    made: dict[str, NatsCredential] = {}
    for user in users:
        file = folder / f"{user.name}.nk"
        file.write_text(new_seed() + "\n", encoding="utf-8")
        made[user.name] = NatsCredential(user.name, file)
    return made


def public_keys(credentials: Mapping[str, NatsCredential]) -> dict[str, tuple[str, ...]]:
    """What a server is told of them."""
    return {name: (public_key_of(each.seed() or ""),) for name, each in credentials.items()}


@contextlib.contextmanager
def open_guarded(users: Sequence[NatsUser]) -> Iterator[tuple[NatsServer, dict[str, NatsCredential]]]:
    """A server that knows these users and no others, with our streams; and their keys."""
    with open_folder() as folder:
        credentials = credentials_of(folder, users)
        server = start_nats(folder / "nats", extra_config=authorization(users, public_keys(credentials)))

        async def make_streams() -> None:
            client = await nats_client.connect(server.url, **credentials[OPS].options())
            await ensure_streams(client)
            await client.close()

        asyncio.run(make_streams())
        yield server, credentials
        server.stop()
