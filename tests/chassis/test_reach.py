"""Who is connected to a server that answers nothing goes to another one."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from functools import partial

import nats as nats_client
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError

from clic_chassis.embedded.cluster import Cluster, ClusterServer, start_cluster
from clic_chassis.reach import Reach, log_has_majority
from clic_chassis.streams import ensure_streams
from clic_chassis.testing import at_work, open_folder, wait_until
from clic_contracts.client import Publisher
from clic_contracts.subject import LOG_STREAM
from clic_contracts.submission import RequestSubmission
from clic_contracts.vocabulary import Channel, Kind

# nats-py forgets the stream of a connection that it leaves.
pytestmark = pytest.mark.filterwarnings("ignore:.*StreamWriter.*:pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three servers; each test mends what it harmed."""
    with open_folder() as folder, contextlib.closing(start_cluster(folder)) as started:
        yield started


def server_of(cluster: Cluster, client: Client) -> ClusterServer:
    """The server that a client is connected to."""
    url = client.connected_url
    assert url is not None
    return next(each for each in cluster.servers if each.port == url.port)


async def left_when(cluster: Cluster, harm: str) -> None:
    """Harm the server of a client that watches, and wait until it is elsewhere and can append."""
    client = await nats_client.connect(
        cluster.url.split(","), dont_randomize=True, max_reconnect_attempts=-1, reconnect_time_wait=0.05
    )
    try:
        await ensure_streams(client, replicas=3)
        cluster.wait_led(LOG_STREAM)
        harmed = server_of(cluster, client)
        async with at_work(Reach(client, partial(log_has_majority, client), unanswered_max_s=1.0)):
            getattr(cluster, harm)(harmed)

            async def appends_elsewhere() -> bool:
                try:
                    await client.jetstream().publish("clic.log.intake.x", b"[]", timeout=1)
                except (NatsError, JetStreamError):
                    return False
                return client.is_connected and server_of(cluster, client) is not harmed

            assert await wait_until(appends_elsewhere, 40, what="an append by another server")
    finally:
        cluster.mend()
        cluster.wait_ready()
        await client.close()


@pytest.mark.slow
async def test_a_server_that_is_cut_off_is_left(cluster: Cluster) -> None:
    """It takes connections and answers pings, and nothing that is asked of the log."""
    await left_when(cluster, "isolate")


@pytest.mark.slow
async def test_a_server_that_hangs_is_left(cluster: Cluster) -> None:
    """Its connection stands for minutes."""
    await left_when(cluster, "hang")


@pytest.mark.slow
async def test_a_publisher_leaves_a_server_that_hangs(cluster: Cluster) -> None:
    """It has no permission to ask for the log: its own submission that nobody answers tells it."""
    client = await nats_client.connect(cluster.url.split(","))
    try:
        await ensure_streams(client, replicas=3)
        async with await Publisher.connect(cluster.url, "portail_web", timeout_s=1.0, tries=30) as publisher:
            harmed = server_of(cluster, await publisher._connection.client(1))
            cluster.hang(harmed)
            said = RequestSubmission(kind=Kind.REPORT, channel=Channel.WEB_FORM)
            await publisher.publish(said, source="/essai", event_id="1", occurred_at=dt.datetime.now(dt.UTC))
            await publisher.flush()
            assert server_of(cluster, await publisher._connection.client(1)) is not harmed
    finally:
        cluster.mend()
        cluster.wait_ready()
        await client.close()


@pytest.mark.slow
async def test_of_a_cluster_behind_one_name_a_server_is_left_too(cluster: Cluster) -> None:
    """As in Kubernetes: who connects to the name again comes to a server that answers."""
    client = await nats_client.connect(cluster.servers[0].url, max_reconnect_attempts=-1, reconnect_time_wait=0.05)
    try:

        async def never() -> bool:
            return False

        async with at_work(Reach(client, never, unanswered_max_s=0.0)):
            await wait_until(lambda: client.stats["reconnects"] > 0)
    finally:
        await client.close()


async def test_with_one_server_nobody_leaves(nats: Client) -> None:
    """There is none to go to: leaving would lose what is under way, each time."""
    asked: list[int] = []

    async def never() -> bool:
        asked.append(1)
        return False

    async with at_work(Reach(nats, never, unanswered_max_s=0.0)):
        await wait_until(lambda: len(asked) > 1)
    assert nats.stats["reconnects"] == 0
    assert await log_has_majority(nats), "one server that answers is enough"
