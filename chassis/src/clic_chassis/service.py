"""A service as a process of the machine: start, connect, run its components, answer probes, stop gracefully."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import asyncpg
import structlog
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from faststream.nats import NatsBroker
from nats.aio.client import Client
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from clic_contracts.town import Town
from clic_contracts.vocabulary import Service

from . import collector
from .clock import Clock, SystemClock
from .decision import Decisions
from .error import ClicError, RetryableError
from .failure import FAILED_OVER
from .http import new_api
from .http_certificate import HttpCertificate
from .jetstream_log import JetStreamLog
from .listener import listen
from .logging import start_logging
from .measurement import Measurement, Measuring
from .migration import migrate, missing_migrations
from .nats_credential import CredentialWatch
from .quarantine import Quarantine
from .reach import Reach, log_has_majority
from .request_context import RequestContext
from .server_connection import DRAIN_TIMEOUT_S, connected, new_broker, opened_pool, until_answered
from .settings import DatabaseSettings, Settings
from .telemetry import start_tracing, stop_tracing
from .town_file import read_town
from .watch import own_measurements, tell_build

log = structlog.get_logger()

CONNECT_TIMEOUT_S = 60.0
"""How long a start waits for NATS and PostgreSQL before it gives up and is restarted."""
MIGRATE = "migrate"
MIGRATION_LOOK_EVERY_S = 1.0
HARD_STOP_S = 1.0
"""What is left to a component that did not end within the bound, once it is cancelled."""

S = TypeVar("S", bound=Settings)
T = TypeVar("T")


class Component(Protocol):
    """Something that runs as long as the service does."""

    name: str

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then end soon. An error ends the service."""
        ...

    def not_ready(self) -> str | None:
        """None when ready, else why not."""
        ...


@dataclass(frozen=True)
class Runtime(Generic[S]):
    """What the chassis hands to a service's wiring."""

    name: str
    settings: S
    nats: Client
    broker: NatsBroker
    log: JetStreamLog
    town: Town
    clock: Clock
    quarantine: Quarantine
    database: asyncpg.Pool | None

    @property
    def pool(self) -> asyncpg.Pool:
        """The pool of the service's own database; settings say that it has one."""
        if self.database is None:
            raise ClicError("CLIC_POSTGRES_URL is not set: this service needs its database")
        return self.database

    def decisions(self, service: Service) -> Decisions:
        """Decisions of this service on the log."""
        return Decisions(self.log, service, self.clock, self.town.version)


@dataclass(frozen=True)
class Wiring:
    """What a service is made of."""

    components: list[Component]
    http: FastAPI | None = None
    measurements: Sequence[Measurement] = ()
    """What it tells beside what every service does."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the service's, which stops its components before its HTTP."""
        yield


def run(
    name: str,
    settings_class: type[S],
    wire: Callable[[Runtime[S]], Awaitable[Wiring]],
    *,
    migrations: str | None = None,
) -> None:
    """Run a service until SIGTERM or SIGINT. `migrations` is the package that holds its database's migrations.

    With the one argument `migrate` it applies those and ends, for a job that runs before the service does.
    Exits with 2 where the environment or the arguments do not fit, 1 where something ended the service.
    """
    if sys.argv[1:] == [MIGRATE]:
        _run_migrations(name, migrations)
        return
    if sys.argv[1:]:
        sys.stderr.write(f"python -m clic_{name} runs the service, python -m clic_{name} {MIGRATE} its migrations\n")
        raise SystemExit(2)
    try:
        settings = settings_class.from_environment()
    except ClicError as error:
        sys.stderr.write(f"{error}\n")  # Logging is configured by these settings.
        raise SystemExit(2) from error
    start_logging(name, settings.log_level)
    start_tracing(name, otlp_endpoint=settings.otlp_endpoint, trace_file=settings.trace_file)
    try:
        asyncio.run(_serve(name, settings, wire, migrations))
    except Exception as error:
        log.exception("service_failed", error=str(error) if isinstance(error, ClicError) else type(error).__name__)
        raise SystemExit(1) from error
    finally:
        stop_tracing()


def _run_migrations(name: str, migrations: str | None) -> None:
    try:
        settings = DatabaseSettings.from_environment()
    except ClicError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from error
    start_logging(name, settings.log_level)
    if migrations is None:
        log.info("nothing_to_migrate")
        return
    try:
        asyncio.run(_migrate(settings, migrations))
    except Exception as error:
        log.exception("migration_failed", error=str(error) if isinstance(error, ClicError) else type(error).__name__)
        raise SystemExit(1) from error


async def _migrate(settings: DatabaseSettings, migrations: str) -> None:
    """As long as it takes: a statement that fills a large table is no hanging one."""
    if settings.postgres_url is None:
        raise ClicError("CLIC_POSTGRES_URL is not set: there is no database to migrate")
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        pool = await opened_pool(settings, command_timeout_s=None)
    async with pool, pool.acquire() as connection:
        await _apply(connection, migrations)


async def _apply(connection: asyncpg.pool.PoolConnectionProxy, migrations: str) -> None:
    for each in await migrate(connection, migrations):
        log.info("migration_applied", migration=each)
    log.info("schema_up_to_date")


async def _until_migrated(pool: asyncpg.Pool, migrations: str) -> None:
    """Wait for the job that migrates: a service does not work on a schema older than its own, but on a newer one."""
    while missing := await missing_migrations(pool, migrations):
        log.warning("schema_older", missing=missing, mend=f"python -m {migrations} {MIGRATE}")
        await asyncio.sleep(MIGRATION_LOOK_EVERY_S)


async def _serve(
    name: str, settings: S, wire: Callable[[Runtime[S]], Awaitable[Wiring]], migrations: str | None
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        opening = asyncio.create_task(stack.enter_async_context(open_runtime(name, settings, migrations=migrations)))
        runtime = await _unless(stop, opening)
        if runtime is not None:
            await _work(runtime, await wire(runtime), stop)
    log.info("service_stopped")


async def _unless(stop: asyncio.Event, opening: asyncio.Task[T]) -> T | None:
    """What a task gives; None and cancelled when told to stop first: a server that is away may be waited for long."""
    told = asyncio.create_task(stop.wait())
    await asyncio.wait({told, opening}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if opening.done():
        return opening.result()
    opening.cancel()
    await asyncio.wait({opening})
    return None


async def _work(runtime: Runtime[S], wiring: Wiring, stop: asyncio.Event) -> None:
    settings = runtime.settings
    api = wiring.http or new_api(title=f"CLIC {runtime.name}")
    add_probes(api, runtime, wiring)
    listener = listen(settings.http_host, settings.http_port)
    certificate = _http_certificate(settings)
    server = _Server(
        uvicorn.Config(
            RequestContext(api),
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=bool(settings.trusted_proxies),  # By default uvicorn believes whoever is on this machine.
            forwarded_allow_ips=settings.trusted_proxies,
            timeout_graceful_shutdown=int(settings.stop_timeout_s),
            ssl_context_factory=None if certificate is None else lambda *_: certificate.context,
        )
    )
    credentials: list[Component] = [CredentialWatch(settings.nats_credential, runtime.nats)]
    if certificate is not None:
        credentials.append(certificate)
    collector.settle()
    log.info("service_started", port=listener.getsockname()[1], town=runtime.town.version)
    tell_build(runtime)
    measuring = Measuring([*own_measurements(runtime, wiring.components), *wiring.measurements], runtime.clock)
    reach = Reach(runtime.nats, partial(log_has_majority, runtime.nats))
    await _run_until(
        stop, [*wiring.components, *credentials, measuring, reach], server, listener, settings.stop_timeout_s
    )


def _http_certificate(settings: Settings) -> HttpCertificate | None:
    if settings.http_certificate_file is None or settings.http_key_file is None:
        return None
    return HttpCertificate(settings.http_certificate_file, settings.http_key_file)


async def _run_until(
    stop: asyncio.Event, components: list[Component], server: uvicorn.Server, listener: socket.socket, bound_s: float
) -> None:
    """Run everything until told to stop, or until one of them ends; then stop all, within the bound.

    Raises:
        ClicError: a component ended though nobody told it to.
        Exception: what ended a component, before or while it stopped.
    """
    running: set[asyncio.Task[Any]] = {asyncio.create_task(each.run(stop), name=each.name) for each in components}
    running.add(asyncio.create_task(server.serve(sockets=[listener]), name="http"))
    told: asyncio.Task[Any] = asyncio.create_task(stop.wait(), name="stop")
    done, _ = await asyncio.wait({*running, told}, return_when=asyncio.FIRST_COMPLETED)
    unasked = [task.get_name() for task in done - {told}] if not stop.is_set() else []
    stop.set()
    server.should_exit = True
    finished, late = await asyncio.wait(running, timeout=bound_s)
    for task in late:
        log.warning("component_stopped_hard", component=task.get_name(), bound_s=bound_s)
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=HARD_STOP_S)
    await asyncio.gather(told)
    for task in finished:
        task.result()
    if unasked:
        raise ClicError(f"{', '.join(unasked)} ended by itself")


@contextlib.asynccontextmanager
async def open_runtime(
    name: str, settings: S, *, migrations: str | None = None, clock: Clock | None = None
) -> AsyncIterator[Runtime[S]]:
    """Connect everything that a service stands on, and close it again at the end."""
    town = read_town(settings.town_dir)
    broker = new_broker(name, settings)
    pool: asyncpg.Pool | None = None
    try:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                nats = await connected(broker, settings.nats_credential)
                event_log = JetStreamLog(nats)
                await until_answered(event_log.identity)
                if settings.postgres_url is not None:
                    pool = await opened_pool(settings)
                    if migrations is not None and settings.migrate_at_start:
                        async with pool.acquire() as connection:
                            await _apply(connection, migrations)
        except TimeoutError as error:
            raise RetryableError(f"NATS or PostgreSQL did not answer within {CONNECT_TIMEOUT_S:.0f} s") from error
        if pool is not None and migrations is not None:
            await _until_migrated(pool, migrations)
        yield Runtime(
            name=name,
            settings=settings,
            nats=nats,
            broker=broker,
            log=event_log,
            town=town,
            clock=clock or SystemClock(),
            quarantine=Quarantine(nats),
            database=pool,
        )
    finally:
        await broker.stop()
        if pool is not None:
            try:
                await asyncio.wait_for(pool.close(), min(settings.stop_timeout_s, DRAIN_TIMEOUT_S))
            except TimeoutError:
                pool.terminate()


def add_probes(api: FastAPI, runtime: Runtime[S], wiring: Wiring) -> None:
    """Add /livez, /readyz and /metrics. Broker and database are asked in readiness, never in liveness.

    They are for whoever operates: what a proxy brings comes from outside, and finds nothing there.
    """

    async def from_inside(request: Request) -> None:
        if "x-forwarded-for" in request.headers:
            raise HTTPException(404)

    inside = [Depends(from_inside)]

    @api.get("/livez", tags=["probes"], include_in_schema=False, dependencies=inside)
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @api.get("/readyz", tags=["probes"], include_in_schema=False, dependencies=inside)
    async def readyz() -> Response:
        why = {each.name: reason for each in wiring.components if (reason := each.not_ready()) is not None}
        if not runtime.nats.is_connected:
            why["nats"] = "not connected"
        if runtime.database is not None:
            try:
                await runtime.database.fetchval("SELECT 1", timeout=2)
            except (*FAILED_OVER, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                why["postgres"] = type(error).__name__
        return JSONResponse({"status": "not ready", "why": why} if why else {"status": "ready"}, 503 if why else 200)

    @api.get("/metrics", tags=["probes"], include_in_schema=False, dependencies=inside)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
