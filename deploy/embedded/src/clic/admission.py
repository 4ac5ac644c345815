"""Who is let in on NATS: keys are made here, written down in the admission file, and taken by a running server."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import nkeys

from clic_chassis.embedded.port import ask
from clic_chassis.embedded.server_process import leftover, wait_for
from clic_chassis.error import ClicError
from clic_chassis.nats_credential import public_key_of
from clic_intake.publisher_admission import Admission, Admitted, read_admission

from .folder import Folder
from .nats_config import PUBLISHER_PREFIX, SUBSCRIBER_PREFIX, NatsUser, authorization, publisher_user, subscriber_user

AUTHORIZATION = "authorization.conf"
INCLUDED = f'include "{AUTHORIZATION}"'
"""In the server's own configuration: the users stand in a file of their own, so that they change without the rest."""
RELOAD_TIMEOUT_S = 10.0
SEED_BYTES = 32


class NotTakenError(ClicError):
    """The server goes on with the users that it had; the message says what to do."""


def new_seed() -> str:
    """The secret half of a new user's key."""
    seed: bytes = nkeys.encode_seed(secrets.token_bytes(SEED_BYTES), nkeys.PREFIX_BYTE_USER)
    return seed.decode()


def write_seed_file(file: Path, seed: str) -> None:
    """Write a seed for its owner alone.

    Raises:
        ClicError: the file is there already, or cannot be written.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(seed + "\n")
    except FileExistsError as error:
        raise ClicError(f"{file}: is there already, and may be somebody's key: name another file") from error
    except OSError as error:
        raise ClicError(f"{file}: {error.strerror}") from error


def nkeys_by_user(admission: Admission) -> dict[str, tuple[str, ...]]:
    """Public keys by NATS user."""
    return {
        **admission.services,
        **{publisher_user(code): each.nkeys for code, each in admission.publishers.items()},
        **{subscriber_user(code): each for code, each in admission.subscribers.items()},
    }


def admit(folder: Folder, nats_users: Sequence[NatsUser]) -> Mapping[str, Path]:
    """Give each user that was never admitted a key of its own, and the server its users; gives the seeds' files.

    A publisher that was removed stays so: it is written down without a key.

    Raises:
        AdmissionError: the admission file cannot be used.
    """
    admission = read_admission(folder.admission)
    for user in nats_users:
        if user.name not in nkeys_by_user(admission):
            file = folder.write_seed(user.name, new_seed())
            admission = _with(admission, user.name, public_key_of(file.read_text(encoding="utf-8").strip()))
    folder.write(folder.admission.name, admission.to_json())
    write_authorization(folder, nats_users, admission)
    files = {user.name: folder.seed_file(user.name) for user in nats_users}
    return {name: file for name, file in files.items() if file.exists()}


def _with(admission: Admission, user: str, nkey: str) -> Admission:
    if user.startswith(PUBLISHER_PREFIX):
        return admission.with_publisher(user.removeprefix(PUBLISHER_PREFIX), Admitted(nkeys=(nkey,)))
    if user.startswith(SUBSCRIBER_PREFIX):
        return admission.with_subscriber(user.removeprefix(SUBSCRIBER_PREFIX), (nkey,))
    return admission.with_service(user, (nkey,))


def write_authorization(folder: Folder, nats_users: Iterable[NatsUser], admission: Admission) -> None:
    """Write what the server includes."""
    folder.of("nats").mkdir(exist_ok=True)
    folder.write(f"nats/{AUTHORIZATION}", authorization(nats_users, nkeys_by_user(admission)) + "\n")


def reload(folder: Folder, monitoring_url: str) -> None:
    """Have the server of a folder take the users that are written there; whoever lost its key is cut off.

    Raises:
        NotTakenError: it does not run, or did not take them.
    """
    server = leftover(folder.of("nats"), str(folder.of("nats") / "nats.conf"))
    before = _loaded_at(monitoring_url)
    if server is None or before is None:
        raise NotTakenError("NATS does not run from this folder; it takes the users when `clic up` starts it")
    server.signal(signal.SIGHUP)
    if not wait_for(lambda: (_loaded_at(monitoring_url) or before) > before, RELOAD_TIMEOUT_S):
        raise NotTakenError(f"NATS did not take its users within {RELOAD_TIMEOUT_S:.0f} s: see its log, nats/nats.log")


def _loaded_at(monitoring_url: str) -> datetime | None:
    said = ask(f"{monitoring_url}/varz")[1]
    return datetime.fromisoformat(said["config_load_time"]) if isinstance(said, dict) else None
