"""The connections that a service opens to its servers: signed in, waited for, and told about."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import structlog
from faststream.nats import NatsBroker
from faststream.nats.security import NatsNKey, NatsSecurity
from nats.aio.client import Client
from nats.errors import Error as NatsError

from clic_contracts.server_list import in_any_order

from .error import RetryableError
from .failure import FAILED_OVER
from .nats_credential import NatsCredential
from .nats_header import withstand
from .postgres_credential import open_pool
from .settings import DatabaseSettings, Settings

log = structlog.get_logger()

POOL_CONNECTIONS_MAX = 8
COMMAND_TIMEOUT_S = 30.0
DRAIN_TIMEOUT_S = 3
"""What is left of a subscription at a stop is delivered again; waiting longer for it gains nothing."""
TRY_EVERY_S = 0.5


def new_broker(name: str, settings: Settings) -> NatsBroker:
    """FastStream's connection to NATS, not opened yet.

    Raises:
        CredentialError: a key or certificate cannot be used.
    """
    return NatsBroker(
        in_any_order(settings.nats_url),
        dont_randomize=True,  # Who leaves a server goes to another one; nats-py would draw again, also the same.
        name=f"clic-{name}",
        security=_security(settings.nats_credential),
        inbox_prefix=settings.inbox_prefix,
        max_reconnect_attempts=-1,  # After a finite number FastStream's pull loop spins at 100 % CPU.
        reconnect_time_wait=1,
        error_cb=_nats_error,
        drain_timeout=int(min(settings.stop_timeout_s, DRAIN_TIMEOUT_S)) or 1,
        logger=None,
        apply_types=False,  # It resolves a handler's parameters in a thread, for each batch anew.
        graceful_timeout=settings.stop_timeout_s,
    )


def _security(credential: NatsCredential) -> NatsSecurity:
    """FastStream's word for it."""
    context = credential.tls()
    if credential.seed_file is None:
        return NatsSecurity(ssl_context=context)
    credential.seed()
    return NatsNKey(credential.seed_file, ssl_context=context)


async def connected(broker: NatsBroker, credential: NatsCredential) -> Client:
    """The connection, once it stands.

    Raises:
        CredentialError: NATS speaks without TLS, and must not.
    """
    while True:
        try:
            connection: Client = await broker.connect()
        except (NatsError, OSError) as error:
            log.warning("nats_not_reached", error=type(error).__name__)
            await asyncio.sleep(TRY_EVERY_S)
        else:
            credential.follow(connection)
            withstand(connection)
            return connection


async def until_answered(ask: Callable[[], Awaitable[object]]) -> None:
    """Ask until there is an answer."""
    while True:
        try:
            await ask()
        except RetryableError as error:
            log.warning("log_not_there", error=str(error))
            await asyncio.sleep(TRY_EVERY_S)
        else:
            return


async def opened_pool(
    settings: DatabaseSettings, *, command_timeout_s: float | None = COMMAND_TIMEOUT_S
) -> asyncpg.Pool:
    """A pool of the service's own database, once that takes connections."""
    assert settings.postgres_url is not None
    while True:
        try:
            return await open_pool(
                settings.postgres_url.get_secret_value(),
                password_file=settings.postgres_password_file,
                min_size=1,
                max_size=POOL_CONNECTIONS_MAX,
                command_timeout=command_timeout_s,
            )
        except (*FAILED_OVER, OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError) as error:
            log.warning("postgres_not_reached", error=type(error).__name__)
            await asyncio.sleep(TRY_EVERY_S)


async def _nats_error(error: Exception) -> None:
    """What NATS tells only here: permission violations, slow consumers, lost connections."""
    log.warning("nats_error", error=type(error).__name__, detail=str(error)[:300])
