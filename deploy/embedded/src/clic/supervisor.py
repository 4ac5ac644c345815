"""Keeps an installation running: its servers, then its services, each a process of its own, watched and restarted."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from clic_chassis.embedded.port import LOOPBACK, ask, well
from clic_chassis.embedded.server_process import (
    LOG_BYTES_MAX,
    ServerError,
    ServerProcess,
    end_leftover,
    start_process,
    tail,
    wait_for,
)
from clic_chassis.postgres_credential import connect
from clic_contracts.town import Town
from clic_reporting.projection import is_defined_anew

from .connection import FILE, Installation
from .folder import Folder
from .nats_config import SERVICES, users
from .rebuild import rebuilt
from .servers import PORTS, Servers, end_leftovers, start_servers

READY_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 25.0
"""A service bounds its own stopping at `CLIC_STOP_TIMEOUT_S`, 10 s, and a little for what it has to cut off."""
WATCH_EVERY_S = 0.5
RESTART_FIRST_S = 0.5
RESTART_MAX_S = 30.0
DOUBLINGS_MAX = 32
"""Far beyond `RESTART_MAX_S`, and far from where a float ends."""
STEADY_AFTER_S = 60.0
"""A service that ran for so long is started again at once when it ends; one that did not, later each time."""
SERVICE_LOG = "log.jsonl"
REPORTING = "reporting"

Say = Callable[[str], None]


@dataclass
class _Watched:
    """A service's process, and how often it ended of late."""

    process: ServerProcess
    started_at: float
    endings: int = 0
    restart_at: float | None = None


@dataclass
class Supervisor:
    """Starts, watches and stops everything of one installation. One at a time holds the folder."""

    folder: Folder
    town: Town
    town_dir: Path
    say: Say
    nats_url: str | None = None
    postgres_url: str | None = None
    servers: Servers | None = field(default=None, init=False)
    ports: dict[str, int] = field(default_factory=dict, init=False)
    _watched: dict[str, _Watched] = field(default_factory=dict, init=False)
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _watcher: threading.Thread | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """The page to start from: reporting's."""
        return self.url_of(REPORTING) + "/"

    def url_of(self, service: str) -> str:
        """A service's HTTP address."""
        return f"http://{LOOPBACK}:{self.ports[service]}"

    def start(self) -> None:
        """Start everything and wait until every service is ready; then watch it.

        Raises:
            ClicError: something does not start; the message says why and what to do.
        """
        stop_leftovers(self.folder)
        self.folder.make_keys()
        self.ports = self.folder.ports((*PORTS, *SERVICES))
        self.say("NATS and PostgreSQL start")
        self.servers = start_servers(
            self.folder,
            self.ports,
            users(each.code for each in self.town.publishers),
            nats_url=self.nats_url,
            postgres_url=self.postgres_url,
        )
        installation = self._tell_commands()
        self._rebuild_if_defined_anew(installation)
        for service in SERVICES:
            self._watched[service] = _Watched(self._launch(service), monotonic())
        self.say(f"{len(SERVICES)} services start")
        for service in SERVICES:
            self._wait_ready(service)
        self._watcher = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Stop services, then servers, gracefully and within their bounds."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
        for each in self._watched.values():
            each.process.signal(signal.SIGTERM)  # All at once; each is waited for below.
        for each in self._watched.values():
            each.process.stop(signal.SIGTERM, STOP_TIMEOUT_S)
        for server in (self.servers.ours if self.servers else {}).values():
            server.stop()

    def _rebuild_if_defined_anew(self, installation: Installation) -> None:
        """After a change of version reporting would wait for `clic rebuild`; on one machine it is done at once."""
        url = installation.databases[REPORTING]
        if not asyncio.run(_is_defined_anew(url)):
            return
        self.say("reporting's tables mean something else in this version and are made again from the log")
        done = asyncio.run(rebuilt(installation.connection(REPORTING), url, lambda _: None, self.town))
        self.say(f"{done.commits} commits of the log were folded again in {done.seconds:.1f} s")

    def _tell_commands(self) -> Installation:
        assert self.servers is not None
        installation = Installation(
            nats_url=self.servers.nats_url,
            users=dict(self.servers.users),
            databases=dict(self.servers.databases),
            services={service: self.url_of(service) for service in SERVICES},
            town_dir=self.town_dir.resolve(),
        )
        self.folder.write(FILE, installation.model_dump_json(indent=2))
        return installation

    def _launch(self, service: str) -> ServerProcess:
        assert self.servers is not None
        home = self.folder.of(service)
        home.mkdir(exist_ok=True)
        environment = self.servers.environment(
            service,
            town_dir=self.town_dir,
            http_port=self.ports[service],
            agents=self.folder.agents,
            master_key=self.folder.master_key,
        )
        desk = self.url_of("intake")
        links = {
            "Écrire à la Ville": f"{desk}/demande",
            "Bureau des demandes": f"{desk}/desk",
            **{f"API – {each}": f"{self.url_of(each)}/docs" for each in SERVICES if each != REPORTING},
        }
        return start_process(
            home,
            [sys.executable, "-m", f"clic_{service}"],
            home / SERVICE_LOG,
            environment={**environment, "CLIC_LINKS": json.dumps(links)},
        )

    def _wait_ready(self, service: str) -> None:
        """Raises ServerError: it ended, or was not ready in time."""
        process, url = self._watched[service].process, f"{self.url_of(service)}/readyz"
        ready = wait_for(lambda: not process.running or well(url), READY_TIMEOUT_S)
        if ready and process.running:
            return
        log_file = self.folder.of(service) / SERVICE_LOG
        why = f"is not ready: {(ask(url)[1] or {}).get('why')}" if process.running else "ended at its start"
        raise ServerError(f"{service} {why}. The end of {log_file}:\n{tail(log_file)}")

    # -- watching -------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Start again what ended, until told to stop."""
        while not self._stopping.wait(WATCH_EVERY_S):
            try:
                self._look_after_servers()
            except (ServerError, OSError) as error:
                self.say(f"{error}")  # Tried again at the next look.
                continue
            for service, watched in self._watched.items():
                try:
                    self._look_after(service, watched)
                    _bound_running_log(self.folder.of(service) / SERVICE_LOG)
                except OSError as error:  # One of them must not keep the others from being looked after.
                    self.say(f"{service}: {error}")

    def _look_after_servers(self) -> None:
        for name, server in (self.servers.ours if self.servers else {}).items():
            if not server.running:
                self.say(f"{name} ended and is started again")
                server.restart()

    def _look_after(self, service: str, watched: _Watched) -> None:
        if watched.process.running:
            return
        now = monotonic()
        if watched.restart_at is None:
            watched.endings = 0 if now - watched.started_at > STEADY_AFTER_S else watched.endings + 1
            doubled = 2.0 ** min(watched.endings, DOUBLINGS_MAX)
            wait_s = min(RESTART_MAX_S, RESTART_FIRST_S * doubled) if watched.endings else 0.0
            watched.restart_at = now + wait_s
            self.say(f"{service} ended and is started again (its log: {self.folder.of(service) / SERVICE_LOG})")
        if now >= watched.restart_at:
            watched.process, watched.started_at, watched.restart_at = self._launch(service), now, None


async def _is_defined_anew(url: str) -> bool:
    connection = await connect(url)
    try:
        return await is_defined_anew(connection)
    finally:
        await connection.close()


def _bound_running_log(log_file: Path) -> None:
    """Keep a running service's log and one older: it is open for appending, so that it can be cut at its beginning."""
    if log_file.exists() and log_file.stat().st_size > LOG_BYTES_MAX:
        log_file.with_name(log_file.name + ".1").write_bytes(log_file.read_bytes())
        with log_file.open("r+b") as log:
            log.truncate(0)


def stop_leftovers(folder: Folder) -> None:
    """End what a killed supervisor left running."""
    for service in SERVICES:
        end_leftover(folder.of(service), f"clic_{service}", signal.SIGTERM)
    end_leftovers(folder)
