"""Who is let in on NATS: keys are made here, written down in the admission file, and taken by a running server."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import nkeys
import typer
from pydantic import ValidationError

from clic_chassis.embedded.port import LOOPBACK, ask
from clic_chassis.embedded.server_process import leftover, wait_for
from clic_chassis.error import ClicError, NotFoundError
from clic_chassis.nats_credential import public_key_of
from clic_chassis.town_file import read_town
from clic_intake.publisher_admission import Admission, Admitted, read_admission

from .connection import clic_dir
from .folder import Folder
from .nats_config import (
    OPS,
    PUBLISHER_PREFIX,
    SERVICES,
    SUBSCRIBER_PREFIX,
    NatsUser,
    authorization,
    inbox_prefix,
    publisher_user,
    subscriber_user,
    users,
)
from .told import told

AUTHORIZATION = "authorization.conf"
INCLUDED = f'include "{AUTHORIZATION}"'
"""In the server's own configuration: the users stand in a file of their own, so that they change without the rest."""
RELOAD_TIMEOUT_S = 10.0
RELOADS = 2
"""What an account that is new shares with ours is answered from the second on (nats-server 2.15.1)."""
SEED_BYTES = 32
OURS = tuple(each.name for each in users(()))


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
    named = {each.name for each in nats_users}
    others = (each for each in users_of(admission) if each.name not in named)  # As `clic subscriber add` let them in.
    write_authorization(folder, [*nats_users, *others], admission)
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


def reload(folder: Folder) -> None:
    """Have the server of a folder take the users that are written there; whoever lost its key is cut off.

    One that does not run takes them when it starts.

    Raises:
        NotTakenError: it runs, and did not take them.
    """
    monitoring_url = f"http://{LOOPBACK}:{folder.port('nats_monitoring')}"
    server = leftover(folder.of("nats"), str(folder.of("nats") / "nats.conf"))
    if server is None:
        return
    for _ in range(RELOADS):
        before = _loaded_at(monitoring_url)
        if before is None:
            raise NotTakenError(f"NATS does not answer at {monitoring_url}: run `clic up` again")
        server.signal(signal.SIGHUP)
        if not wait_for(lambda: (_loaded_at(monitoring_url) or before) > before, RELOAD_TIMEOUT_S):  # noqa: B023 - at once
            raise NotTakenError(f"NATS did not take its users within {RELOAD_TIMEOUT_S:.0f} s: see nats/nats.log")


def _loaded_at(monitoring_url: str) -> datetime | None:
    said = ask(f"{monitoring_url}/varz")[1]
    return datetime.fromisoformat(said["config_load_time"]) if isinstance(said, dict) else None


# -- what the commands change --------------------------------------------------------------------------------------


def admission_file() -> Path:
    """`CLIC_ADMISSION_FILE`, or the one of this installation's folder."""
    named = os.environ.get("CLIC_ADMISSION_FILE")
    return Path(named) if named else Folder(clic_dir()).admission


def users_of(admission: Admission) -> tuple[NatsUser, ...]:
    """Everybody whom an admission file names."""
    return users(admission.publishers, admission.subscribers)


def keep(admission: Admission) -> str:
    """Write the file, and have a server that `clic up` started take it at once; what is to be done still, if anything.

    A quota is intake's alone: NATS is left as it is where nobody has other keys than before.

    Raises:
        NotTakenError: that server did not take it.
        ClicError: the file cannot be written.
    """
    file = admission_file()
    same_users = nkeys_by_user(read_admission(file)) == nkeys_by_user(admission)
    try:
        partial = file.with_name(f"{file.name}.partial")
        partial.write_text(admission.to_json(), encoding="utf-8")
        partial.chmod(0o644 if "CLIC_ADMISSION_FILE" in os.environ else 0o600)
        partial.replace(file)
    except OSError as error:
        raise ClicError(f"{file}: {error.strerror}") from error
    folder = Folder(clic_dir())
    if same_users:
        return "" if file == folder.admission else f"{file} is written; NATS goes on as it is."
    if file != folder.admission:
        return f"{file} is written. NATS takes it from what `clic nats-users --publishers {file}` prints."
    write_authorization(folder, users_of(admission), admission)
    reload(folder)
    return ""


def made_key(nkey: str | None, seed_file: Path | None) -> tuple[str, str | None]:
    """A public key, and the seed to show where it is ours to show. Raises as `write_seed_file`."""
    if nkey is not None:
        return nkey, None
    seed = new_seed()
    if seed_file is not None:
        write_seed_file(seed_file, seed)
    return public_key_of(seed), seed if seed_file is None else None


def without_key(there: tuple[str, ...], nkey: str | None) -> tuple[str, ...]:
    """The keys that are left when one ends, or all.

    Raises:
        NotFoundError: it is none of them.
    """
    if nkey is None:
        return ()
    if nkey not in there:
        raise NotFoundError(f"{nkey} is no key of it; it has {', '.join(there) or 'none'}")
    return tuple(each for each in there if each != nkey)


def checked(model: type[Admitted], there: Admitted, **changes: object) -> Admitted:
    """What is there with some of it changed; None leaves a part as it is.

    Raises:
        ClicError: a part cannot be so.
    """
    said = {name: value for name, value in changes.items() if value is not None}
    try:
        return model.model_validate(there.model_dump() | said)
    except ValidationError as error:
        parts = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_url=False))
        raise ClicError("; ".join(parts)) from error


def say_admitted(user: str, public: str, seed: str | None, still: str) -> None:
    """The seed on standard output, and what goes with it beside."""
    if seed is not None:
        typer.echo(seed)
    typer.echo(f"user {user}, inbox prefix {inbox_prefix(user)}, public key {public}", err=True)
    if seed is not None:
        typer.echo("The seed is shown now and never again: it is the publisher's secret.", err=True)
    if still:
        typer.echo(still, err=True)


# -- commands ------------------------------------------------------------------------------------------------------


def nats_users(
    publishers: Annotated[
        Path, typer.Option("--publishers", help="The admission file: public keys and quotas.", show_default=False)
    ],
    town: Annotated[
        Path | None,
        typer.Option(envvar="CLIC_TOWN_DIR", help="Its publishers get their accounts before they are let in."),
    ] = None,
) -> None:
    """Print the users of the NATS server, for its configuration to include: public keys and permissions, no secret."""
    with told():
        admission = read_admission(publishers)
        if missing := [each for each in (OPS, *SERVICES) if not admission.services.get(each)]:
            raise ClicError(f"{publishers}: services has no key of {', '.join(missing)}; `clic nkey` makes one")
        named = () if town is None else tuple(each.code for each in read_town(town).publishers)
        everybody = users(dict.fromkeys((*named, *admission.publishers)), admission.subscribers)
        typer.echo(authorization(everybody, nkeys_by_user(admission)))


def nkey(
    seed_file: Annotated[Path, typer.Argument(help="Where the secret seed goes, for its owner alone.")],
    user: Annotated[
        str | None, typer.Option(help="Of ours, to which the key is given beside those it has.", show_default=False)
    ] = None,
) -> None:
    """Make an nkey: the seed into a file, the public key printed, and into the admission file with --user."""
    with told():
        if user is not None and user not in OURS:
            raise ClicError(f"no user {user!r} of ours: {', '.join(OURS)}")
        public, _ = made_key(None, seed_file)
        if user is not None:
            admission = read_admission(admission_file())
            still = keep(admission.with_service(user, (*admission.services.get(user, ()), public)))
            if still:
                typer.echo(still, err=True)
    typer.echo(public)


def nkey_end(
    user: Annotated[str, typer.Argument(help="Of ours: ops, intake, …")],
    public: Annotated[str, typer.Argument(help="The public key that was replaced.")],
) -> None:
    """End one of the keys of a user of ours, once its service signs in by another."""
    with told():
        admission = read_admission(admission_file())
        left = without_key(admission.services.get(user, ()), public)
        if not left:
            raise ClicError(
                f"{public} is the only key of {user}: give it another first, `clic nkey FILE --user {user}`"
            )
        still = keep(admission.with_service(user, left))
    typer.echo(f"{user}: {public} ended. {still}".strip())
