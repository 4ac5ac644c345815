"""The doctor on real NATS servers: well where all is well, and a fault that was planted is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import nats as nats_client
import pytest
from nats.js.api import AckPolicy, ConsumerConfig
from tests.embedded.credential import credentials_of, open_guarded
from tests.embedded.examined import NOW, REQUEST, a_place, all_well, said, wrong

from clic.connection import Connection
from clic.doctor import on_nats
from clic.doctor.finding import Severity
from clic.doctor.place import Place
from clic.nats_config import DURABLES, OPS, SERVICES, NatsUser, users
from clic_chassis.embedded import NatsCluster, NatsServer, free_port
from clic_chassis.nats_credential import NatsCredential
from clic_chassis.quarantine import Entry, Quarantine
from clic_chassis.streams import ensure_streams, remove_streams
from clic_chassis.testing import open_folder, wait_until, wait_until_done
from clic_contracts.subject import FEED_STREAM, LOG_STREAM, log_subject
from clic_contracts.vocabulary import Service


class Guarded(NamedTuple):
    """A server that knows the services' users, one of whom was given too much."""

    server: NatsServer
    credentials: Mapping[str, NatsCredential]

    def place(self, *services: str) -> Place:
        """Examined with these services' keys at hand."""
        users_of = {each: Connection(self.server.url, self.credentials[each]) for each in services}
        ops = Connection(self.server.url, self.credentials[OPS])
        return a_place(ops=ops, users=users_of, monitoring_url=self.server.monitoring_url)


def too_much(user: NatsUser) -> NatsUser:
    """The planted fault: routing may write deadlines' part, and deadlines may not write its own."""
    match user.name:
        case "routing":
            return replace(user, publish=(*user.publish, "clic.log.deadlines.*"))
        case "deadlines":
            return replace(user, deny_publish=(*user.deny_publish, "clic.log.deadlines.*"))
        case _:
            return user


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    """A NATS server of ours with users, streams, and the planted permissions."""
    with open_guarded([too_much(each) for each in users(("portail_web",))]) as (server, credentials):
        yield Guarded(server, credentials)


async def test_a_server_that_answers_syncs_and_has_room_is_well(guarded: Guarded) -> None:
    place = guarded.place()
    for check in (on_nats.reachable, on_nats.synced, on_nats.storage, on_nats.streams, on_nats.quarantine):
        assert all_well(await check(place)), check.__name__


async def test_a_server_that_is_away_or_does_not_know_us_is_found(guarded: Guarded, tmp_path: Path) -> None:
    away = Connection(f"nats://127.0.0.1:{free_port()}")
    assert "does not answer" in wrong(await on_nats.reachable(a_place(ops=away)))
    stranger = credentials_of(tmp_path, users(()))[OPS]
    refused = await on_nats.reachable(a_place(ops=Connection(guarded.server.url, stranger)))
    # The server tells why and closes; which of the two a busy client hears first is not said.
    assert "Authorization" in wrong(refused) or "did not let us in" in wrong(refused)
    url = f"http://127.0.0.1:{free_port()}"
    assert "does not answer" in wrong(await on_nats.synced(a_place(monitoring_url=url)))


async def test_an_old_server_is_found(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no old server here: what is newer than any is planted instead."""
    monkeypatch.setattr(on_nats, "OLDEST_VERSION", (99, 0))
    assert "NATS is 2." in wrong(await on_nats.reachable(guarded.place()))


class Loose(NatsServer):
    """A server as somebody's own configuration might have it."""

    def config(self) -> str:
        """Without the sync, and with room for little."""
        return super().config().replace("sync_interval: always", "sync_interval: 2m").replace("256GB", "1MB")


@pytest.fixture
def loose() -> Iterator[Loose]:
    """A server that does not sync, has one megabyte, and asks nobody who they are."""
    with open_folder() as folder:
        server = Loose(folder, "loose", free_port(), free_port())
        server.start()
        yield server
        server.stop()


async def test_a_server_that_does_not_sync_is_full_and_lets_anybody_in_is_found(loose: Loose) -> None:
    place = a_place(ops=Connection(loose.url), monitoring_url=loose.monitoring_url)
    assert wrong(await on_nats.synced(place)) == "loose acknowledges before it has written to disk"
    assert "lets in whoever" in wrong(await on_nats.permissions(place))
    client = await nats_client.connect(loose.url)
    stream = client.jetstream()
    await stream.add_stream(name="FULL", subjects=["full"])
    for _ in range(24):
        await stream.publish("full", b"x" * 40_000)
    await client.close()

    async def fills() -> bool:
        findings = await on_nats.storage(a_place(monitoring_url=loose.monitoring_url))
        return "JetStream on loose uses 9" in (wrong(findings) or said(findings, Severity.WARNING))

    await wait_until(fills, what="the server counts what it stores")


async def test_a_stream_that_is_gone_or_differs_is_found(guarded: Guarded) -> None:
    client = await nats_client.connect(guarded.server.url, **guarded.credentials[OPS].options())
    try:
        stream = client.jetstream()
        config = (await stream.stream_info(FEED_STREAM)).config
        await stream.update_stream(replace_config(config, max_age=600.0))
        assert f"the stream {FEED_STREAM} differs: max_age" in wrong(await on_nats.streams(guarded.place()))
        await stream.delete_stream(FEED_STREAM)
        assert f"the stream {FEED_STREAM} is not there" in wrong(await on_nats.streams(guarded.place()))
    finally:
        await ensure_streams(client)
        await client.close()
    assert all_well(await on_nats.streams(guarded.place()))


def replace_config(config: Any, **changes: Any) -> Any:
    """A stream's configuration with another value."""
    for name, value in changes.items():
        setattr(config, name, value)
    return config


async def test_streams_on_one_server_of_three_are_found(nats_cluster: NatsCluster) -> None:
    client = await nats_client.connect(nats_cluster.url.split(","))
    try:
        await remove_streams(client)
        await wait_until_done(lambda: ensure_streams(client), 30, what="the streams are made anew")
        place = a_place(
            ops=Connection(nats_cluster.url),
            monitoring_url=",".join(each.monitoring_url for each in nats_cluster.servers),
        )
        findings = await on_nats.streams(place)
        assert f"the stream {LOG_STREAM} stands on one server of 3" in wrong(findings)
        assert "`clic streams apply --replicas 3`" in {each.mend for each in findings}
        assert all_well(await on_nats.synced(place)), "every server is asked"
    finally:
        await remove_streams(client)
        await client.close()


async def test_consumers_that_are_missing_or_stand_still_are_found(guarded: Guarded) -> None:
    missing = wrong(await on_nats.consumers(guarded.place()))
    assert all(f"{durable} is not there" in missing for pairs in DURABLES.values() for _, durable in pairs)
    client = await nats_client.connect(guarded.server.url, **guarded.credentials[OPS].options())
    intake = await nats_client.connect(guarded.server.url, **guarded.credentials["intake"].options())
    try:
        for pairs in DURABLES.values():
            for stream, durable in pairs:
                config = ConsumerConfig(durable_name=durable, ack_policy=AckPolicy.EXPLICIT)
                await client.jetstream().add_consumer(stream, config)
        assert all_well(await on_nats.consumers(guarded.place()))
        await intake.jetstream().publish(log_subject(Service.INTAKE, REQUEST), b"[]")

        async def waits() -> bool:
            return "routing stands still: 1 messages wait" in wrong(await on_nats.consumers(guarded.place()))

        await wait_until(waits, 30, what="the server tells a consumer of what it has stored")
    finally:
        await intake.close()
        await client.close()


async def test_permissions_that_are_too_many_or_too_few_are_found_without_writing_anything(guarded: Guarded) -> None:
    client = await nats_client.connect(guarded.server.url, **guarded.credentials[OPS].options())
    before = (await client.jetstream().stream_info(LOG_STREAM)).state.last_seq
    found = wrong(await on_nats.permissions(guarded.place(*SERVICES)))
    assert found == ("routing may write deadlines's part of the log; deadlines may not write its own part of the log")
    assert all_well(await on_nats.permissions(guarded.place("intake", "reporting")))
    assert (await client.jetstream().stream_info(LOG_STREAM)).state.last_seq == before
    await client.close()


async def test_a_service_that_the_server_does_not_know_is_found(guarded: Guarded, tmp_path: Path) -> None:
    stranger = credentials_of(tmp_path, users(()))["intake"]
    place = replace(guarded.place(), users={"intake": Connection(guarded.server.url, stranger)})
    assert "intake is not let in" in wrong(await on_nats.permissions(place))


async def test_what_is_in_quarantine_is_found(guarded: Guarded) -> None:
    client = await nats_client.connect(guarded.server.url, **guarded.credentials["routing"].options())
    entry = Entry(
        service="routing", consumer="routing", stream=LOG_STREAM, sequence=1, subject="clic.log.intake.x", key="x",
        state="failed", reason="planted", tries=5, since=NOW, changed_at=NOW,
    )  # fmt: skip
    await Quarantine(client).put(entry)
    assert wrong(await on_nats.quarantine(guarded.place())) == "1 messages are in quarantine at routing"
    await Quarantine(client).put(entry.model_copy(update={"state": "resolved"}))
    assert all_well(await on_nats.quarantine(guarded.place()))
    await client.close()
