"""The servers from the wheels: started, killed, found again, with what was stored."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import nats as nats_client
import psutil
import pytest
from nats.aio.client import Client

from clic_chassis.embedded import NatsCluster, ServerError, start_nats, start_postgres
from clic_chassis.embedded.port import ask, free_port
from clic_chassis.streams import ensure_streams, remove_streams
from clic_chassis.testing import MonitoredServer, Server, open_folder, wait_until


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for a server of the test's own, from the wheel whatever the provider."""
    with open_folder() as folder:
        yield folder


async def fetch(url: str, statement: str) -> object:
    """The single value of a statement."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_postgres_is_version_18_and_syncs(postgres_url: str) -> None:
    """Acknowledged means stored; the wheel carries 16 as well."""
    assert str(await fetch(postgres_url, "SHOW server_version")).startswith("18")
    assert await fetch(postgres_url, "SHOW fsync") == "on"


async def test_postgres_takes_nobody_without_the_password(folder: Path) -> None:
    """No default password anywhere; the generated one is its owner's alone."""
    server = start_postgres(folder)
    try:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await fetch(server.url.replace(server.password, "postgres"), "SELECT 1")
        assert (folder / "password").stat().st_mode & 0o777 == 0o600
    finally:
        server.stop()


async def test_postgres_keeps_what_was_committed_through_a_kill(own_postgres: Server) -> None:
    """After kill -9, then the same port, the same rows."""
    await fetch(own_postgres.url, "CREATE TABLE kept AS SELECT 42 AS answer")
    own_postgres.kill()
    own_postgres.restart()
    assert await fetch(own_postgres.url, "SELECT answer FROM kept") == 42


async def test_postgres_starts_where_only_its_main_process_was_killed(folder: Path) -> None:
    """Its children hold the shared memory a moment longer, and postmaster.pid stays."""
    server = start_postgres(folder)
    try:
        psutil.Process(server.pid).kill()
        server.restart()
        assert await fetch(server.url, "SELECT 1") == 1
    finally:
        server.stop()


async def test_a_second_start_takes_over_from_a_server_left_running(folder: Path) -> None:
    """The supervisor was killed; its server lives on and is found by the next start."""
    first = start_postgres(folder)
    second = start_postgres(folder, port=first.port)
    try:
        assert first.url == second.url
        assert first.pid != second.pid
        assert not first.running
        assert await fetch(second.url, "SELECT 1") == 1
    finally:
        second.stop()


async def test_nats_keeps_what_was_acknowledged_through_a_kill(own_nats: MonitoredServer) -> None:
    """A kill -9 between two appends loses neither."""
    client = await nats_client.connect(own_nats.url)
    await ensure_streams(client)
    first = await client.jetstream().publish("clic.log.intake.one", b"[]")
    own_nats.kill()
    await client.close()
    own_nats.restart()
    client = await nats_client.connect(own_nats.url)
    second = await client.jetstream().publish("clic.log.intake.two", b"[]")
    await client.close()
    assert (first.seq, second.seq) == (1, 2)


@pytest.mark.parametrize("name", ["requêtes de l’hôtel de ville", 'guillemets " et \\ obliques', "[bold]"])
async def test_both_servers_run_in_a_folder_of_any_name(folder: Path, name: str) -> None:
    nats_server, postgres = start_nats(folder / name / "nats"), None
    try:
        postgres = start_postgres(folder / name / "postgres")
        assert await fetch(postgres.url, "SELECT 1") == 1
        assert ask(f"{nats_server.monitoring_url}/jsz")[1]["config"]["store_dir"] == str(
            folder / name / "nats" / "jetstream" / "jetstream"
        )
    finally:
        nats_server.stop()
        if postgres is not None:
            postgres.stop()


def test_nats_syncs_every_write(nats_server: MonitoredServer) -> None:
    """The default of two minutes has lost acknowledged writes."""
    status, answer = ask(f"{nats_server.monitoring_url}/jsz")
    assert status == 200
    assert answer["config"]["sync_always"] is True


def test_a_stale_record_never_ends_a_stranger(folder: Path) -> None:
    """A pid is given to others in time: the command line and the instant must agree too."""
    stranger = psutil.Process()
    folder.joinpath("process.json").write_text(f'{{"pid": {stranger.pid}, "created_at": {stranger.create_time()}}}')
    server = start_nats(folder)
    try:
        assert stranger.is_running()
        assert server.running
    finally:
        server.stop()


def test_a_taken_port_is_told(folder: Path) -> None:
    """The message says which port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"port {port} is taken"):
            start_nats(folder, port=port)
        with pytest.raises(ServerError, match=f"port {port} is taken"):
            start_postgres(folder, port=port)


def test_a_port_that_was_found_free_is_found_by_nobody_else_for_a_while() -> None:
    """Whoever starts a server on it needs some seconds until it listens: among 500, several would come twice."""
    ports = [free_port() for _ in range(500)]
    assert len(set(ports)) == len(ports)
    with socket.create_server(("127.0.0.1", ports[0])) as server:
        assert server.getsockname()[1] == ports[0]


def test_a_server_that_does_not_start_shows_why(folder: Path) -> None:
    """The end of its log stands in the error."""
    with pytest.raises(ServerError, match="no_such_setting"):
        start_nats(folder, extra_config="no_such_setting: 1")


@pytest.mark.slow
async def test_a_cluster_keeps_appending_when_its_leader_is_killed(nats_cluster: NatsCluster) -> None:
    """Three replicas: one may go."""
    client = await nats_client.connect(nats_cluster.url.split(","), max_reconnect_attempts=-1, reconnect_time_wait=0.05)
    leader = await wait_until(nats_cluster.leader, what="the cluster has a leader")
    assert leader is not None
    try:
        await ensure_streams(client, replicas=3)
        await client.jetstream().publish("clic.log.intake.before", b"[]")
        leader.kill()

        async def appended() -> bool:
            """An append on the two that are left."""
            try:
                await client.jetstream().publish("clic.log.intake.after", b"[]", timeout=1)
            except (nats_client.errors.Error, nats_client.js.errors.Error):
                return False
            return True

        assert await wait_until(appended, 30)
    finally:
        leader.restart()
        nats_cluster.wait_ready()
        await remove_streams(client)
        await client.close()


async def test_each_test_finds_the_streams_empty_once(nats: Client) -> None:
    """Whichever of this test and its twin runs second would find the other's message."""
    assert (await nats.jetstream().publish("clic.log.intake.one", b"[]")).seq == 1


async def test_each_test_finds_the_streams_empty_twice(nats: Client) -> None:
    """See its twin."""
    assert (await nats.jetstream().publish("clic.log.intake.one", b"[]")).seq == 1


async def test_waiting_in_vain_says_for_what() -> None:
    """A time-out without a name is a riddle."""
    with pytest.raises(AssertionError, match=r"0\.05 s in vain for: the moon; last value: 0"):
        await wait_until(lambda: 0, 0.05, what="the moon")
