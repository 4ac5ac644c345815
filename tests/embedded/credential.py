"""Keys for the users of a server that a test starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from clic.admission import new_seed
from clic.nats_config import NatsUser
from clic_chassis.nats_credential import NatsCredential, public_key_of


def credentials_of(folder: Path, users: Iterable[NatsUser]) -> dict[str, NatsCredential]:
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
