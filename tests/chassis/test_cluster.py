"""The cluster that can be harmed: what is cut is cut, what is mended goes on."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError

from clic_chassis import jetstream_log
from clic_chassis.embedded.cluster import Cluster, start_cluster
from clic_chassis.embedded.port import free_port
from clic_chassis.embedded.server_process import ServerError
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.scenario import recorded
from clic_chassis.streams import ensure_streams
from clic_chassis.testing import open_folder, wait_until
from clic_contracts.envelope import derive_id
from clic_contracts.event import RequestNoted
from clic_contracts.subject import LOG_STREAM
from clic_contracts.vocabulary import Service

REQUEST = derive_id("test", "cluster")
NOTE = recorded(RequestNoted())

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Three servers of the test's own."""
    with open_folder() as folder, contextlib.closing(start_cluster(folder)) as started:
        yield started


async def connected(cluster: Cluster, number: int) -> Client:
    """A client that knows one server alone."""
    return await nats.connect(cluster.servers[number].url, max_reconnect_attempts=-1, reconnect_time_wait=0.05)


async def closed(client: Client) -> None:
    """Close within a bound: what a server that was harmed does not answer is not waited for."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            await client.close()


async def appended(client: Client) -> bool:
    """Whether an append was answered."""
    try:
        await client.jetstream().publish("clic.log.intake.x", b"[]", timeout=1)
    except (NatsError, JetStreamError):
        return False
    return True


async def test_who_is_cut_off_stores_nothing_while_the_others_go_on(cluster: Cluster) -> None:
    """A server that believes that it leads acknowledges nothing; mended, all three hold the same."""
    clients = [await connected(cluster, number) for number in range(3)]
    try:
        await ensure_streams(clients[0], replicas=3)
        leader = cluster.wait_led(LOG_STREAM)
        alone = clients[cluster.servers.index(leader)]
        among = next(each for each in clients if each is not alone)
        assert await wait_until(lambda: appended(alone), what="an append at the leader")
        cluster.isolate(leader)
        assert not await appended(alone)
        assert await wait_until(lambda: appended(among), 30, what="an append at the others")
        assert cluster.wait_led(LOG_STREAM) is not leader
        assert not await appended(alone)
        cluster.mend()
        assert await wait_until(lambda: appended(alone), 30, what="an append at the one that was cut off")
    finally:
        for each in clients:
            await closed(each)


async def test_an_append_that_comes_before_the_last_one_is_put_away_is_no_conflict(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster refuses it as if it were stale (10164); an expectation that holds is stored all the same."""
    monkeypatch.setattr(jetstream_log, "IN_PROCESS_WAITS_S", (0.1,) * 100)
    client = await connected(cluster, 0)
    try:
        await ensure_streams(client, replicas=3)
        leader = cluster.wait_led(LOG_STREAM)
        await closed(client)
        client = await connected(cluster, cluster.servers.index(leader))
        followers = [each for each in cluster.servers if each is not leader]
        for each in followers:
            each.pause()
        log = JetStreamLog(client)
        first = asyncio.create_task(log.append(Service.INTAKE, REQUEST, [NOTE], expected=0))
        refused: list[str] = []
        asked = client.request

        async def request(subject: str, *args: Any, **kwargs: Any) -> Msg:
            answer = await asked(subject, *args, **kwargs)
            refused.append(answer.data.decode())
            return answer

        monkeypatch.setattr(client, "request", request)
        second = asyncio.create_task(log.append(Service.INTAKE, REQUEST, [NOTE], expected=1))
        await wait_until(lambda: any("10164" in each for each in refused), what="it was refused")
        for each in followers:
            each.resume()
        assert [await first, await second] == [1, 2]
    finally:
        await closed(client)


async def test_a_server_that_hangs_is_missed_by_nobody_who_is_not_on_it(cluster: Cluster) -> None:
    """Paused, it holds its connections; the two others have a majority."""
    paused = cluster.servers[0]
    client = await connected(cluster, 1)
    try:
        await ensure_streams(client, replicas=3)
        paused.pause()
        assert await wait_until(lambda: appended(client), 30, what="an append on two")
        paused.resume()
        cluster.wait_ready()
    finally:
        await closed(client)


def test_a_cluster_in_which_two_servers_have_no_way_to_each_other_is_not_ready(cluster: Cluster) -> None:
    """The leader hears both; but what one of them answers does not reach a client of the other."""
    leader = cluster.leader()
    assert leader is not None
    one, other = (each for each in cluster.servers if each is not leader)
    cluster.cut(one, other)
    other.kill()
    other.start()
    with pytest.raises(ServerError, match="not whole within 10 s"):
        cluster.wait_ready(10)
    cluster.mend()
    cluster.wait_ready()


def test_a_cluster_of_which_a_port_is_taken_starts_on_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its two others would be ready without the third, and no stream would ever find its three places."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1]])
        monkeypatch.setattr("clic_chassis.embedded.cluster.free_port", lambda: next(ports, 0) or free_port())
        with open_folder() as folder, contextlib.closing(start_cluster(folder)) as started:
            assert all(each.running for each in started.servers)
            assert taken.getsockname()[1] not in {each.route_port for each in started.servers}
