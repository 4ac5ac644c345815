"""What every service measures beside its work: servers that do not sync, quarantine, databases, certificates."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nats as nats_client
import pytest
import trustme
from nats.aio.client import Client
from prometheus_client import REGISTRY
from tests.place import TOWN_DIR

from clic_chassis.certificate import presented_by
from clic_chassis.clock import ManualClock
from clic_chassis.embedded import NatsCluster, NatsServer, free_port, start_nats
from clic_chassis.embedded.server_process import start_with_free_ports
from clic_chassis.measurement import AGAIN_AFTER_S, Measurement, Measuring
from clic_chassis.nats_credential import NatsCredential
from clic_chassis.nats_monitor import MonitoringError, addresses, ask_servers
from clic_chassis.process import Process
from clic_chassis.quarantine import Entry, Quarantine
from clic_chassis.service import Runtime, open_runtime
from clic_chassis.settings import Settings
from clic_chassis.streams import ensure_streams, remove_streams
from clic_chassis.testing import MonitoredServer, at_work, open_folder, wait_until, wait_until_done
from clic_chassis.watch import Certified, Watched, certificates, own_measurements

NOW = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)


def value(name: str, **labels: str) -> float | None:
    """A metric as it would be scraped."""
    return REGISTRY.get_sample_value(name, labels)


async def test_a_measurement_that_fails_is_told_tried_again_soon_and_keeps_no_other_from_being_taken() -> None:
    taken: list[str] = []

    async def fails() -> None:
        taken.append("fails")
        raise OSError("away")

    async def works() -> None:
        taken.append("works")

    measurements = [Measurement("t_fails", fails, 0.01), Measurement("t_works", works, 0.01)]
    assert AGAIN_AFTER_S < 30
    async with at_work(Measuring(measurements, ManualClock(NOW))):
        await wait_until(lambda: (value("clic_measurement_failures_total", measurement="t_fails") or 0) > 1)
        await wait_until(lambda: taken.count("works") > 1)
    assert taken.count("fails") > 1
    assert value("clic_measured_timestamp_seconds", measurement="t_fails") is None
    assert value("clic_measured_timestamp_seconds", measurement="t_works") == NOW.timestamp()


async def test_a_measurement_that_hangs_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clic_chassis.measurement.MEASURE_MAX_S", 0.01)
    measuring = Measuring([], ManualClock(NOW))

    async def hangs() -> None:
        await asyncio.Event().wait()

    assert await measuring.take(Measurement("t_hangs", hangs)) is False
    assert value("clic_measurement_failures_total", measurement="t_hangs") == 1


class Switched(NatsServer):
    """A server whose sync somebody turns off in its configuration."""

    synced = True

    def config(self) -> str:
        """As it is configured now."""
        text = super().config()
        return text if self.synced else text.replace("sync_interval: always", "sync_interval: 2m")


@pytest.fixture
def switched() -> Iterator[Switched]:
    """Such a server."""
    with open_folder() as folder:
        server = start_with_free_ports(lambda: Switched(folder, "switched", free_port(), free_port()))
        yield server
        server.stop()


async def test_a_server_that_syncs_no_longer_is_noticed_without_a_start_of_the_service(
    switched: Switched, capsys: pytest.CaptureFixture[str]
) -> None:
    watched = Watched(switched.monitoring_url)
    await watched.take()
    assert value("clic_log_sync_always", server="switched") == 1
    switched.synced = False
    switched.restart()
    await watched.take()
    assert value("clic_log_sync_always", server="switched") == 0
    await watched.take()
    assert capsys.readouterr().out.count("log_not_synced") == 1, "said when it changes, not each time"


async def test_every_server_of_a_cluster_is_asked_and_one_that_is_away_is_told(nats_cluster: NatsCluster) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    urls = ",".join([*(each.monitoring_url for each in nats_cluster.servers), away])
    await Watched(urls).take()
    assert [value("clic_nats_up", server=each.name) for each in nats_cluster.servers] == [1, 1, 1]
    assert value("clic_nats_up", server=away) == 0
    assert [value("clic_log_sync_always", server=each.name) for each in nats_cluster.servers] == [1, 1, 1]
    with pytest.raises(MonitoringError):
        await Watched(away).take()


async def test_a_stream_is_told_by_its_leader_with_the_replicas_that_do_not_follow(nats_cluster: NatsCluster) -> None:
    client = Client()
    await client.connect(nats_cluster.url.split(","))
    urls = ",".join(each.monitoring_url for each in nats_cluster.servers)
    try:
        await remove_streams(client)
        await wait_until_done(lambda: ensure_streams(client, replicas=3), what="the streams are made anew")

        async def follows() -> bool:
            standing, _ = await ask_servers(urls)
            logs = [each for server in standing for each in server.streams if each.name == "CLIC_LOG"]
            return [(each.replicas_wanted, each.replicas_current) for each in logs] == [(3, 3)]

        await wait_until(follows, what="one leader tells of the log, and all replicas follow")
        await client.jetstream().publish("clic.log.intake.0b1e1a54-0000-5000-8000-000000000001", b"[]")

        async def told() -> bool:
            await Watched(urls).take()
            return value("clic_stream_replicas_missing", stream="CLIC_LOG") == 0

        await wait_until(told, what="the replicas have what was just written")
        assert value("clic_stream_last_sequence", stream="CLIC_LOG") == 1
        assert (value("clic_stream_bytes", stream="CLIC_LOG") or 0) > 0
        assert (value("clic_stream_max_bytes", stream="CLIC_INBOX") or 0) > 0
    finally:
        await remove_streams(client)
        await client.close()
    await Watched(urls).take()
    assert value("clic_stream_last_sequence", stream="CLIC_LOG") is None, "what nobody leads is told by nobody"


def test_one_name_of_several_servers_is_asked_at_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a headless Service of Kubernetes: one name, an address for each server."""
    found = [(2, 1, 6, "", (address, 8222)) for address in ("10.0.0.2", "10.0.0.1", "10.0.0.2")]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)
    assert addresses("http://nats-headless:8222/, https://nats:8222") == [
        "http://10.0.0.1:8222",
        "http://10.0.0.2:8222",
        "https://nats:8222",
    ]


async def test_what_is_no_monitoring_page_is_said(nats_server: MonitoredServer) -> None:
    _, failed = await ask_servers(f"http://127.0.0.1:{nats_server.url.rpartition(':')[2]}")
    assert len(failed) == 1


async def test_a_service_counts_its_quarantine_and_measures_its_database(
    nats: Client, nats_url: str, nats_server: MonitoredServer, postgres_url: str
) -> None:
    settings = Settings(
        nats_url=nats_url, postgres_url=postgres_url, town_dir=TOWN_DIR, nats_monitoring_url=nats_server.monitoring_url
    )
    async with open_runtime("t_watched", settings, clock=ManualClock(NOW)) as runtime:
        process = Process(runtime, durable="t_watched", filters=["clic.log.intake.*"], handle=_nothing)
        measurements = {each.name: each for each in own_measurements(runtime, [process])}
        assert measurements.keys() == {"nats", "quarantine", "database", "certificates"}
        assert "quarantine" not in {each.name for each in own_measurements(runtime, [])}, (
            "who takes nothing parks nothing"
        )
        for hours, sequence in ((5, 1), (2, 2)):
            await Quarantine(nats).put(held(runtime, sequence, NOW - dt.timedelta(hours=hours)))
        for each in measurements.values():
            await each.take()
    assert value("clic_quarantined", service="t_watched") == 2
    assert value("clic_quarantine_oldest_seconds", service="t_watched") == 5 * 3600
    assert (value("clic_database_bytes", service="t_watched") or 0) > 1_000_000


async def _nothing(_: Any) -> None:
    """A handler that is not called here."""


def held(runtime: Runtime[Any], sequence: int, since: dt.datetime) -> Entry:
    """An entry of quarantine."""
    return Entry(
        service=runtime.name, consumer="t_watched", stream="CLIC_LOG", sequence=sequence, subject="clic.log.intake.x",
        key=f"key-{sequence}", state="failed", reason="planted", tries=5, since=since, changed_at=since,
    )  # fmt: skip


async def test_certificates_are_read_again_when_they_are_replaced(tmp_path: Path) -> None:
    authority = trustme.CA()
    file = tmp_path / "http.pem"

    def lasting(days: int) -> dt.datetime:
        ends_at = NOW + dt.timedelta(days=days)
        authority.issue_cert("localhost", not_after=ends_at).cert_chain_pems[0].write_to_path(file)
        return ends_at

    certified = Certified({"t_http": file}, Client())
    for days in (10, 90):
        ends_at = lasting(days)
        await certified.take()
        assert value("clic_certificate_expiry_timestamp_seconds", certificate="t_http") == ends_at.timestamp()
    file.write_text(json.dumps("no certificate"), encoding="utf-8")
    with pytest.raises(ValueError, match="PEM"):
        await certified.take()


async def test_the_certificate_that_nats_shows_is_told(tmp_path: Path) -> None:
    """It is another machine's file: nobody here could read it."""
    authority = trustme.CA()
    ends_at = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=5)
    issued = authority.issue_cert("127.0.0.1", not_after=ends_at)
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    config = f'tls {{ cert_file: "{tmp_path / "server.pem"}", key_file: "{tmp_path / "server.pem"}" }}'
    server = start_nats(tmp_path / "nats", extra_config=config)
    client = await nats_client.connect(server.url, **NatsCredential(ca_file=tmp_path / "authority.pem").options())
    try:
        assert presented_by(client) == ends_at
        await Certified({}, client).take()
        told = value("clic_certificate_expiry_timestamp_seconds", certificate="nats_server")
        assert told == ends_at.timestamp()
    finally:
        await client.close()
        server.stop()


def test_the_certificates_are_those_of_the_settings_the_database_s_address_included() -> None:
    settings = Settings(
        town_dir=TOWN_DIR,
        http_certificate_file=Path("/a.pem"),
        http_key_file=Path("/a.key"),
        nats_ca_file=Path("/b.pem"),
        postgres_url="postgresql://host/x?sslmode=verify-full&sslrootcert=/c.pem",
    )
    assert certificates(settings) == {
        "http": Path("/a.pem"),
        "nats_authority": Path("/b.pem"),
        "postgres_authority": Path("/c.pem"),
    }
