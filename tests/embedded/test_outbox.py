"""The outbox on a real server, with a desk of a few lines: every submission ends in a counted receipt."""

from __future__ import annotations

import asyncio
import datetime as dt

import nats as nats_client
import pytest
from tests.embedded.credential import credentials_of, public_keys
from tests.embedded.double import FakeDesk

from clic import outbox as outbox_module
from clic.connection import Connection
from clic.nats_config import OPS, authorization, publisher_user, users
from clic.outbox import Outbox, OutboxError, Outgoing
from clic_chassis.embedded import start_nats
from clic_chassis.nats_credential import ANONYMOUS, NatsCredential
from clic_chassis.streams import ensure_streams
from clic_chassis.testing import open_folder, wait_until
from clic_contracts.submission import InteractionSubmission, OutcomeSubmission, RequestPointer
from clic_contracts.vocabulary import Channel

AT = dt.datetime(2026, 5, 15, 9, 30, tzinfo=dt.UTC)
SOURCE = "/essai"


def contact(number: int, publisher: str = "telephonie") -> Outgoing:
    return Outgoing(publisher, InteractionSubmission(channel=Channel.PHONE), SOURCE, f"appel-{number}", AT)


def about(story: str, what: str) -> Outgoing:
    pointer = RequestPointer(source=SOURCE, id=story)
    return Outgoing("telephonie", OutcomeSubmission(about=pointer, outcome="closed"), SOURCE, f"{story}#{what}", AT)


def to(url: str, *publishers: str) -> dict[str, Connection]:
    return {code: Connection(url) for code in publishers or ("telephonie",)}


async def test_every_submission_is_counted_by_its_receipt(nats_url: str, fake_desk: FakeDesk) -> None:
    fake_desk.refuses = {"appel-3", "appel-4"}
    async with Outbox(to(nats_url, "telephonie", "courriel")) as outbox:
        await outbox.send([contact(n, "courriel" if n % 2 else "telephonie") for n in range(50)])
        left: list[int] = []
        await outbox.settle(left.append)

    assert outbox.tally.published == 50
    assert dict(outbox.tally.by_status) == {"accepted": 48, "refused": 2}
    assert dict(outbox.tally.problems) == {"Planted": 2}
    assert sorted(outbox.tally.examples) == ["appel-3: because we say so", "appel-4: because we say so"]
    assert left[-1] == 0 == outbox.unanswered
    assert outbox.settled == 50


async def test_a_second_run_adds_nothing_and_calls_it_known(nats_url: str, fake_desk: FakeDesk) -> None:
    """Within two minutes the server itself drops the repeat: its stored receipt is looked up."""
    tallies = []
    for _ in range(2):
        async with Outbox(to(nats_url)) as outbox:
            await outbox.send([contact(n) for n in range(30)])
            await outbox.settle()
            tallies.append(dict(outbox.tally.by_status))

    assert tallies == [{"accepted": 30}, {"known": 30}]
    assert len(fake_desk.order) == 30
    assert fake_desk.again == []


async def test_a_receipt_that_came_unheard_is_looked_up(nats_url: str, fake_desk: FakeDesk) -> None:
    fake_desk.sleep()
    async with Outbox(to(nats_url)) as outbox:
        await outbox.send([contact(n) for n in range(10)])
        await outbox._listening["telephonie"]._subs[1].unsubscribe()
        fake_desk.wake()
        await outbox.settle()

    assert dict(outbox.tally.by_status) == {"accepted": 10}


async def test_what_has_no_receipt_is_sent_again_and_then_known(nats_url: str, fake_desk: FakeDesk) -> None:
    """A killed server may lose receipts that it had taken (decision 0009)."""
    fake_desk.silent = {"appel-2", "appel-7"}
    async with Outbox(to(nats_url), resend_after_s=0.2) as outbox:
        await outbox.send([contact(n) for n in range(10)])
        await wait_until(lambda: outbox.unanswered == 2, what="the others have their receipts")
        await outbox.settle()

    assert dict(outbox.tally.by_status) == {"accepted": 8, "known": 2}
    assert outbox.tally.published == 10
    assert set(fake_desk.again) == {"appel-2", "appel-7"}
    assert len(fake_desk.order) == 10


async def test_a_desk_that_answers_nothing_is_an_error_that_says_what_to_do(nats_url: str) -> None:
    async with Outbox(to(nats_url), stall_s=0.5) as outbox:
        await outbox.send([contact(n) for n in range(3)])
        with pytest.raises(OutboxError, match=r"has not answered 3 submissions: is intake running\?.*run this again"):
            await outbox.settle()


async def test_an_outcome_is_stored_after_its_request_whatever_the_wave(nats_url: str, fake_desk: FakeDesk) -> None:
    stories = [f"appel-{n}" for n in range(40)]
    wave = [part for n in range(40) for part in (contact(n), about(stories[n], "a"), about(stories[n], "b"))]
    async with Outbox(to(nats_url)) as outbox:
        await outbox.send(wave)
        await outbox.settle()

    at = {event_id: place for place, event_id in enumerate(fake_desk.order)}
    assert len(at) == 120
    assert all(at[story] < at[f"{story}#a"] < at[f"{story}#b"] for story in stories)


async def test_publishing_waits_while_too_many_have_no_receipt(
    nats_url: str, fake_desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "UNANSWERED_MAX", 20)
    fake_desk.sleep()
    async with Outbox(to(nats_url)) as outbox:
        await outbox.send([contact(n) for n in range(20)])
        waiting = asyncio.create_task(outbox.send([contact(20)]))
        done, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert not done
        assert (outbox.unanswered, outbox.settled) == (20, 0)
        fake_desk.wake()
        await waiting
        await outbox.settle()

    assert outbox.tally.answered == 21


async def test_settled_counts_no_further_than_the_first_without_a_receipt(nats_url: str, fake_desk: FakeDesk) -> None:
    fake_desk.silent = {"appel-4"}
    async with Outbox(to(nats_url)) as outbox:
        await outbox.send([contact(n) for n in range(9)])
        await wait_until(lambda: outbox.unanswered == 1)

        assert outbox.settled == 4


async def test_a_publisher_without_the_permission_is_told_at_once() -> None:
    """The server answers such a publication with silence, and tells the reason beside it."""
    with open_folder() as folder:
        all_users = users(["telephonie", "courriel"])
        credentials = credentials_of(folder, all_users)
        server = start_nats(folder / "nats", extra_config=authorization(all_users, public_keys(credentials)))
        try:
            await _streams(server.url, credentials[OPS])
            as_somebody_else = Connection(server.url, credentials[publisher_user("courriel")])
            async with Outbox({"telephonie": as_somebody_else}) as outbox:
                with pytest.raises(OutboxError, match=r"(?s)permissions violation.*Ask the town for the permission"):
                    await outbox.send([contact(1)])
        finally:
            server.stop()


async def test_a_server_that_is_not_there_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clic.connection.CONNECT_TIMEOUT_S", 0.3)
    with pytest.raises(OutboxError, match=r"no connection.*Is CLIC running\? `clic up` starts it"):
        async with Outbox(to("nats://127.0.0.1:1")):
            pass


async def test_a_server_that_goes_away_for_a_while_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "RETRY_WAIT_S", 0.2)
    with open_folder() as folder:
        server = start_nats(folder)
        try:
            await _streams(server.url)
            client = await nats_client.connect(server.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
            desk = FakeDesk(client)
            await desk.start()
            async with Outbox(to(server.url), resend_after_s=1.5) as outbox:
                await outbox.send([contact(n) for n in range(200)])
                server.kill()
                sending = asyncio.create_task(outbox.send([contact(n) for n in range(200, 400)]))
                server.restart()
                await sending
                desk_again = FakeDesk(client)  # The first one's consumer was the server's, in memory.
                await desk_again.start()
                await outbox.settle()
            await client.close()
        finally:
            server.stop()

    assert outbox.tally.answered == 400
    assert set(outbox.tally.by_status) <= {"accepted", "known"}


async def _streams(url: str, credential: NatsCredential = ANONYMOUS) -> None:
    """Make the streams, as an operator does."""
    client = await nats_client.connect(url, **credential.options())
    try:
        await ensure_streams(client)
    finally:
        await client.close()
