"""What every service measures: its log's servers, its quarantine, its database, its certificates, its own version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import structlog
from nats.aio.client import Client

from .certificate import presented_by, tell_expiry
from .measurement import Measurement
from .nats_credential import ANONYMOUS, NatsCredential
from .nats_monitor import MonitoringError, ServerStanding, ask_servers, tell
from .process import Process
from .settings import Settings
from .telemetry import METRICS

if TYPE_CHECKING:
    from .service import Component, Runtime

log = structlog.get_logger()

CERTIFICATES_EVERY_S = 300.0
NATS_SERVER = "nats_server"
POSTGRES_FILES = {"postgres_authority": "sslrootcert", "postgres_client": "sslcert"}
"""The same in the address of the database."""
FILES = {
    "http": "http_certificate_file",
    "nats_client": "nats_certificate_file",
    "nats_authority": "nats_ca_file",
}
"""Certificates by the setting that names their file."""


def own_measurements(runtime: Runtime[Any], components: Sequence[Component]) -> list[Measurement]:
    """Those that need no wiring."""
    measurements: list[Measurement] = []
    if any(isinstance(each, Process) for each in components):
        measurements.append(Measurement("quarantine", Held(runtime).take))
    if runtime.settings.nats_monitoring_url is None:
        log.warning("log_sync_unknown", mend="set CLIC_NATS_MONITORING_URL so that sync_interval can be checked")
    else:
        watched = Watched(runtime.settings.nats_monitoring_url, runtime.settings.nats_credential)
        measurements.append(Measurement("nats", watched.take))
    if runtime.database is not None:
        measurements.append(Measurement("database", Stored(runtime).take))
    certified = Certified(certificates(runtime.settings), runtime.nats)
    measurements.append(Measurement("certificates", certified.take, CERTIFICATES_EVERY_S))
    return measurements


def tell_build(runtime: Runtime[Any]) -> None:
    """Say which version runs, under which rules."""
    version = metadata.version(f"clic-{runtime.name}")
    METRICS.build_info.labels(runtime.name, version, runtime.town.version).set(1)


def certificates(settings: Settings) -> dict[str, Path]:
    """The certificates' files that settings name."""
    named = {name: path for name, field in FILES.items() if (path := getattr(settings, field)) is not None}
    if settings.postgres_url is not None:
        options = parse_qs(urlsplit(settings.postgres_url.get_secret_value()).query)
        named |= {name: Path(options[key][0]) for name, key in POSTGRES_FILES.items() if key in options}
    return named


class Watched:
    """The servers of NATS. What they do not keep is said loudly, each time that it changes."""

    def __init__(self, urls: str, credential: NatsCredential = ANONYMOUS) -> None:
        """The credential's authorities and certificate serve the monitoring pages, too, where they are HTTPS."""
        self._urls = urls
        self._credential = credential
        self._unsynced: set[str] = set()

    async def take(self) -> None:
        """Ask all of them.

        Raises:
            MonitoringError: none answers.
        """
        standing, failed = await ask_servers(self._urls, self._credential.tls())
        tell(standing, failed)
        self._say(standing)
        if not standing:
            raise next(iter(failed.values()), MonitoringError(f"{self._urls} names no server"))

    def _say(self, standing: list[ServerStanding]) -> None:
        unsynced = {each.name for each in standing if not each.sync_always}
        if new := sorted(unsynced - self._unsynced):
            mend = "set `sync_interval: always` in the jetstream block of the NATS server"
            log.error("log_not_synced", servers=new, mend=mend)
        self._unsynced = unsynced


class Held:
    """The quarantine of a service, counted anew: several instances see one another's entries come and go."""

    def __init__(self, runtime: Runtime[Any]) -> None:
        self._runtime = runtime

    async def take(self) -> None:
        """Count what is held, and look since when. Raises RetryableError: no answer."""
        held = 0
        now = oldest = self._runtime.clock.now()
        async for entry in self._runtime.quarantine.entries(service=self._runtime.name):
            held += 1
            oldest = min(oldest, entry.since)
        METRICS.quarantined.labels(self._runtime.name).set(held)
        METRICS.quarantine_oldest.labels(self._runtime.name).set((now - oldest).total_seconds())


class Stored:
    """The service's own database."""

    def __init__(self, runtime: Runtime[Any]) -> None:
        self._runtime = runtime

    async def take(self) -> None:
        """Ask how large it is. Raises what asyncpg does."""
        size = await self._runtime.pool.fetchval("SELECT pg_database_size(current_database())")
        METRICS.database_bytes.labels(self._runtime.name).set(size)


class Certified:
    """Certificates in files, read anew each time since they are replaced while the service runs; and the server's."""

    def __init__(self, files: Mapping[str, Path], client: Client) -> None:
        self._files = files
        self._client = client

    async def take(self) -> None:
        """Tell when each ends. Raises OSError, ValueError: one cannot be read."""
        tell_expiry(self._files)
        if (ends_at := presented_by(self._client)) is not None:
            METRICS.certificate_expiry.labels(NATS_SERVER).set(ends_at.timestamp())
