"""`clic streams apply`: the streams of an installation on somebody's own NATS have one owner."""

from __future__ import annotations

import asyncio

import nats as nats_client
import pytest
from typer.testing import CliRunner

from clic.commands import app
from clic_chassis.embedded import NatsCluster
from clic_chassis.streams import STREAMS, remove_streams
from clic_chassis.testing import MonitoredServer
from clic_contracts.subject import LOG_STREAM

RUNNER = CliRunner()
pytestmark = pytest.mark.usefixtures("wide")


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence in one line."""
    monkeypatch.setenv("COLUMNS", "300")


async def replicas(url: str) -> dict[str, int]:
    """Of each stream that is there."""
    client = await nats_client.connect(url.split(","))
    found = {each.config.name or "": each.config.num_replicas or 0 for each in await client.jetstream().streams_info()}
    await client.close()
    return found


async def emptied(url: str) -> None:
    client = await nats_client.connect(url.split(","))
    await remove_streams(client)
    await client.close()


def test_the_streams_are_made_once_and_kept(own_nats: MonitoredServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second time changes nothing: a job may run at each release."""
    monkeypatch.setenv("CLIC_NATS_URL", own_nats.url)
    for _ in range(2):
        done = RUNNER.invoke(app, ["streams", "apply"])
        assert done.exit_code == 0, done.output
        assert f"{len(STREAMS)} streams are as they must be, each on 1 server." in done.output
    assert asyncio.run(replicas(own_nats.url)) == dict.fromkeys(STREAMS, 1)


def test_a_log_that_stands_there_otherwise_is_told_at_once(
    own_nats: MonitoredServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying again would not mend it: it is not waited for, and it is not changed in passing."""
    monkeypatch.setenv("CLIC_NATS_URL", own_nats.url)
    assert RUNNER.invoke(app, ["streams", "apply"]).exit_code == 0
    done = RUNNER.invoke(app, ["streams", "apply", "--replicas", "3", "--wait-s", "600"])
    assert done.exit_code == 1
    assert f"stream {LOG_STREAM} is not as it must be: num_replicas is 1, not 3" in done.output
    assert asyncio.run(replicas(own_nats.url))[LOG_STREAM] == 1


def test_on_a_cluster_each_stream_stands_on_three_servers(
    nats_cluster: NatsCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the chart's job makes them: it waits for a cluster that is still finding its leader."""
    url = nats_cluster.url
    monkeypatch.setenv("CLIC_NATS_URL", url)
    asyncio.run(emptied(url))
    done = RUNNER.invoke(app, ["streams", "apply", "--replicas", "3", "--wait-s", "60"])
    assert (done.exit_code, "each on 3 servers." in done.output) == (0, True), done.output
    assert asyncio.run(replicas(url)) == dict.fromkeys(STREAMS, 3)
    asyncio.run(emptied(url))


def test_nobody_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the address, and what to do."""
    monkeypatch.setattr("clic.connection.CONNECT_TIMEOUT_S", 0.2)
    monkeypatch.setenv("CLIC_NATS_URL", "nats://127.0.0.1:1")
    done = RUNNER.invoke(app, ["streams", "apply"])
    assert done.exit_code == 1
    assert "NATS at nats://127.0.0.1:1 did not let us in" in done.output
