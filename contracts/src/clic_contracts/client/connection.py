"""A publisher's connection to NATS: it comes back by itself, and brings the server's refusals to whoever waits."""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import ssl
from collections.abc import Coroutine
from pathlib import Path
from time import monotonic
from typing import Any, Self, TypeVar

import nats.errors
from nats.aio.client import Client

from clic_contracts.server_list import in_any_order

from .error import ClientError

CONNECT_TIMEOUT_S = 10.0
MAY_COME_LATER_S = 2.0
"""How long a server that may be away is waited for, before what goes on without it goes on."""
RECONNECT_WAIT_S = 0.5

_SEED = re.compile(r"SU[A-Z2-7]{56}")
_Result = TypeVar("_Result")


class DeniedError(Exception):
    """What the server said of a subject that we may not use."""


def sign_in(
    *, user: str | None, password: str | None, nkey_seed: str | None, nkey_seed_file: Path | None
) -> dict[str, Any]:
    """As whom to connect, as nats-py's options: by an nkey or by a password.

    Raises:
        ClientError: more than one way was given, or what was given is no seed of an nkey.
    """
    ways = [nkey_seed is not None, nkey_seed_file is not None, user is not None or password is not None]
    if sum(ways) > 1:
        raise ClientError("give one of nkey_seed, nkey_seed_file, or user with password")
    if nkey_seed is not None:
        return {"nkeys_seed_str": _seed(nkey_seed, "nkey_seed")}
    if nkey_seed_file is not None:
        try:
            _seed(nkey_seed_file.read_text(encoding="ascii"), str(nkey_seed_file))
        except (OSError, UnicodeDecodeError) as error:
            raise ClientError(f"the key's file {nkey_seed_file} cannot be read: {error}") from error
        return {"nkeys_seed": str(nkey_seed_file)}
    return {"user": user, "password": password} if user is not None else {}


def _seed(text: str, where: str) -> str:
    if not _SEED.fullmatch(text.strip()):
        raise ClientError(f"{where} holds no seed of an nkey: one begins with SU, and has 58 characters")
    return text.strip()


def tls_context(tls: ssl.SSLContext | None, ca_file: Path | None) -> ssl.SSLContext | None:
    """What checks the server's certificate: what is given, or whoever signed it; None: the system's authorities.

    Raises:
        ClientError: the file cannot be used.
    """
    if ca_file is None or tls is not None:
        return tls
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ClientError(f"{ca_file} holds no certificate that can be used: {error}") from error


class Connection:
    """One connection. Made by `open`, closed by `close`."""

    def __init__(self, url: str, options: dict[str, Any]) -> None:
        self._client = Client()
        self.denials: dict[str, set[asyncio.Future[str]]] = {}
        """By subject, who waits for an answer there."""
        self._refused: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._heard = ""
        self._away: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left_at = -math.inf
        self._connecting = asyncio.create_task(
            self._client.connect(
                in_any_order(url),
                dont_randomize=True,  # Who leaves a server goes to another one.
                error_cb=self._on_error,
                max_reconnect_attempts=-1,  # And so the first connection is tried without end: bounded in `open`.
                **{"reconnect_time_wait": RECONNECT_WAIT_S, **options},
            )
        )

    @classmethod
    async def open(cls, url: str, options: dict[str, Any], *, may_come_later: bool) -> Self:
        """Connect; with `may_come_later` a server that is away is waited for beside what goes on.

        Raises:
            ClientError: the server does not answer, or does not know the user.
        """
        self = cls(url, options)
        tasks: set[asyncio.Future[Any]] = {self._connecting, self._refused}
        if may_come_later:
            tasks.add(self._away)
        ended = False
        try:
            bound_s = MAY_COME_LATER_S if may_come_later else CONNECT_TIMEOUT_S
            await asyncio.wait(tasks, timeout=bound_s, return_when=asyncio.FIRST_COMPLETED)
            if self._refused.done():
                raise ClientError(f"the server does not know this user, key or password: {self._refused.result()}")
            if self._connecting.done():
                self._connecting.result()
            elif not may_come_later:
                why = self._heard or "no answer"
                raise ClientError(f"no connection to the server within {CONNECT_TIMEOUT_S:.0f} s: {why}")
            ended = True
        except (nats.errors.Error, OSError, ValueError) as error:  # ValueError: a seed that is none
            raise ClientError(f"no connection to the server: {str(error) or type(error).__name__}") from error
        finally:
            if not ended:
                abandon(self._connecting)
        return self

    async def client(self, timeout_s: float) -> Client:
        """The client, once it is connected for the first time.

        Raises:
            nats.errors.TimeoutError: it is not.
        """
        if not self._connecting.done():
            await asyncio.wait({self._connecting}, timeout=timeout_s)
        if not self._connecting.done():
            raise nats.errors.TimeoutError(self._heard or "the server was not reached yet")
        self._connecting.result()
        return self._client

    async def unless_denied(self, subjects: tuple[str, ...], answer: Coroutine[Any, Any, _Result]) -> _Result:
        """Wait for an answer, or for the server's word that one of the subjects is denied.

        Raises:
            DeniedError: it is.
        """
        denial: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        for subject in subjects:
            self.denials.setdefault(subject, set()).add(denial)
        waiting = asyncio.create_task(answer)
        tasks: set[asyncio.Future[Any]] = {waiting, denial}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise DeniedError(denial.result())
            return waiting.result()
        finally:
            abandon(waiting)
            for subject in subjects:
                self.denials[subject].discard(denial)
                if not self.denials[subject]:
                    del self.denials[subject]

    async def leave(self, at_most_every_s: float) -> None:
        """Go to another server: one that hangs, or is cut off from its cluster, holds the connection in silence."""
        several = len(self._client.servers) > 1 or "cluster" in self._client._server_info  # noqa: SLF001 - nobody else tells
        if several and monotonic() - self._left_at > at_most_every_s:
            self._left_at = monotonic()
            await self._client.force_reconnect()

    async def close(self) -> None:
        """End it, connected or not."""
        abandon(self._connecting)
        with contextlib.suppress(nats.errors.Error, OSError):
            await self._client.close()

    async def _on_error(self, error: Exception) -> None:
        """An error of the connection: where it is a permission's, whoever waits for that subject is told."""
        said = self._heard = str(error) or type(error).__name__
        if not self._away.done():
            self._away.set_result(None)
        if "authorization violation" in said.lower() and not self._refused.done():
            self._refused.set_result(error)
        if "permissions violation" not in said.lower():
            return  # nats-py reconnects by itself; what was under way times out and is tried again.
        for subject, waiting in self.denials.items():
            if f'"{subject.lower()}"' in said.lower():  # nats-py puts the server's text into lower case
                for denial in waiting:
                    if not denial.done():
                        denial.set_result(said.removeprefix("nats: "))


def abandon(task: asyncio.Task[Any]) -> None:
    """Cancel what nobody waits for any more; nats-py ends some cancelled calls with errors of its own."""
    task.cancel()
    task.add_done_callback(_hear_out)


def _hear_out(task: asyncio.Task[Any]) -> None:
    """Take the outcome, so that asyncio does not report it as forgotten."""
    if not task.cancelled():
        task.exception()
