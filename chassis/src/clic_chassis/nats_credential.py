"""As whom we speak to NATS: an nkey in a file that is read anew at each connection, and certificates that are too.

The server keeps public keys alone, several for a user while one is being replaced: nothing in its configuration lets
anybody in (decision 0031).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nkeys
import structlog
from nats.aio.client import Client

from .error import ClicError
from .pause import pause

log = structlog.get_logger()

LOOK_EVERY_S = 5.0
"""How soon a key or certificate that was replaced is used."""


class CredentialError(ClicError):
    """A key or certificate cannot be used; the message names its file."""


@dataclass(frozen=True, slots=True)
class NatsCredential:
    """A user with its files. Without any of them: a server that asks for none."""

    user: str | None = None
    """Names the inbox prefix; the server knows the user by its key."""
    seed_file: Path | None = field(default=None, repr=False)
    ca_file: Path | None = None
    """Whom the server's certificate must be from. With it a server without TLS is refused."""
    certificate_file: Path | None = None
    key_file: Path | None = None

    @property
    def inbox_prefix(self) -> str:
        """Where answers come back: a prefix of its own for each user, which nobody else may listen to."""
        return f"_INBOX_{self.user}" if self.user else "_INBOX"

    @property
    def files(self) -> tuple[Path, ...]:
        """All that may be replaced while we are connected."""
        every = (self.seed_file, self.ca_file, self.certificate_file, self.key_file)
        return tuple(each for each in every if each is not None)

    def seed(self) -> str | None:
        """The secret half of the key, as it is now.

        Raises:
            CredentialError: the file cannot be read, or holds no seed.
        """
        return None if self.seed_file is None else _seed_of(self.seed_file)

    def sign(self, nonce: str) -> dict[str, str]:
        """What a CONNECT answers to a server's nonce: nothing without a key. Raises as `seed`."""
        if (seed := self.seed()) is None:
            return {}
        pair = nkeys.from_seed(bytearray(seed.encode()))
        return {"nkey": pair.public_key.decode(), "sig": base64.b64encode(pair.sign(nonce.encode())).decode()}

    def tls(self) -> ssl.SSLContext | None:
        """What the server's certificate is checked by, and ours; None where nothing says so: the system's.

        Raises:
            CredentialError: a file cannot be used.
        """
        if self.ca_file is None and self.certificate_file is None:
            return None
        return tls_context(self.ca_file, self.certificate_file, self.key_file)

    def options(self) -> dict[str, Any]:
        """What `nats.connect` takes; `follow` the client then. Raises as `seed` and `tls`."""
        said: dict[str, Any] = {"inbox_prefix": self.inbox_prefix.encode()}
        if self.seed_file is not None:
            self.seed()
            said["nkeys_seed"] = str(self.seed_file)
        if (context := self.tls()) is not None:
            said["tls"] = context
        return said

    def follow(self, client: Client) -> None:
        """Have each later connection of a client use the files as they are then.

        Raises:
            CredentialError: certificates are named, and the server speaks without TLS.
        """
        self._check_tls(client)
        if self.seed_file is None:
            return

        def sign(nonce: str) -> bytes:
            self._check_tls(client)
            signed = self.sign(nonce)
            # nats-py reads the seed's file at each connection, but the public key at the first one alone.
            client._public_nkey = signed["nkey"]  # noqa: SLF001 - there is no other way to tell it
            return signed["sig"].encode()

        client._signature_cb = sign  # noqa: SLF001 - the same of a seed's file

    def _check_tls(self, client: Client) -> None:
        """`tls://` alone does not: nats-py uses TLS where the server's first line, in clear, asks for it."""
        if self.ca_file is not None and not client._server_info.get("tls_required"):  # noqa: SLF001 - what INFO said
            raise CredentialError("NATS speaks without TLS, and CLIC_NATS_CA_FILE says that it must: nothing is sent")


ANONYMOUS = NatsCredential()
"""For a server that asks nobody who they are."""


class CredentialWatch:
    """A component that connects anew when a key or certificate was replaced, before the old one ends."""

    name = "credentials"

    def __init__(self, credential: NatsCredential, client: Client, *, look_every_s: float = LOOK_EVERY_S) -> None:
        self._credential = credential
        self._client = client
        self._look_every_s = look_every_s
        self._used = digest_of(credential.files)

    async def run(self, stop: asyncio.Event) -> None:
        """Look until told to stop.

        Raises:
            CredentialError: NATS ended the connection for good, as it does when our key is taken away.
        """
        while not stop.is_set():
            await pause(stop, self._look_every_s)
            if self._client.is_closed and not stop.is_set():
                raise CredentialError("NATS lets us in no more: our key was taken away before its file had a new one")
            if (now := digest_of(self._credential.files)) != self._used and now is not None:
                await self._renew(now)

    async def _renew(self, now: str) -> None:
        try:
            self._credential.seed()
            context = self._credential.tls()
        except CredentialError as error:
            log.warning("credential_not_used", error=str(error))  # One file of two: the next look sees the other.
            return
        if context is not None:
            self._client.options["tls"] = context
        if not self._client.is_connected:
            return  # It connects just now, perhaps by what was there before: the next look has it connect anew.
        self._used = now
        log.info("credential_replaced")
        await self._client.force_reconnect()

    def not_ready(self) -> str | None:
        """Always ready: what we are connected by is good."""
        return None


def digest_of(files: tuple[Path, ...]) -> str | None:
    """What files hold, told apart; None while one of them cannot be read."""
    digest = hashlib.sha256()
    try:
        for each in files:
            digest.update(hashlib.sha256(each.read_bytes()).digest())
    except OSError:
        return None
    return digest.hexdigest()


def tls_context(ca_file: Path | None, certificate_file: Path | None, key_file: Path | None) -> ssl.SSLContext:
    """A client's context: TLS 1.2 at least, names checked; a certificate of ours where one is named.

    Raises:
        CredentialError: a file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
        if certificate_file is not None:
            context.load_cert_chain(certificate_file, key_file)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError.
        named = ", ".join(str(each) for each in (ca_file, certificate_file, key_file) if each is not None)
        raise CredentialError(f"{named}: no certificates that can be used ({error})") from error
    return context


def public_key_of(seed: str) -> str:
    """The half of a key that a server is given.

    Raises:
        ValueError: it is no seed.
    """
    try:
        key: bytes = nkeys.from_seed(bytearray(seed.encode())).public_key
    except nkeys.NkeysError as error:
        raise ValueError("no seed of an nkey, which begins with SU") from error
    return key.decode()


def _seed_of(file: Path) -> str:
    try:
        seed = file.read_text(encoding="utf-8").strip()
        public_key_of(seed)
    except (OSError, ValueError) as error:
        raise CredentialError(f"{file}: cannot be used as an nkey's seed ({error})") from error
    return seed
