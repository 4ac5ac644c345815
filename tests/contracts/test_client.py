"""A publisher's client against a real server: delivery, its bounds, permissions and receipts."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import nats as nats_client
import nkeys
import pytest
import pytest_asyncio
import trustme
from nats.aio.client import Client
from nats.aio.msg import Msg

from clic_chassis.embedded import NatsServer, start_nats
from clic_chassis.streams import ensure_streams
from clic_chassis.testing import MonitoredServer, open_folder, wait_until
from clic_contracts.client import (
    ClientError,
    PublishDeniedError,
    Publisher,
    PublishFailedError,
    ReceiptDeniedError,
    ReceiptTimeoutError,
)
from clic_contracts.envelope import EVENT_CONTENT_TYPE
from clic_contracts.schema import EXAMPLE_AT, EXAMPLE_RECEIPT
from clic_contracts.subject import INBOX_STREAM, RECEIPT_STREAM, receipt_subject
from clic_contracts.submission import InteractionSubmission, Receipt, RequestSubmission, parse_submission

SUBMISSION = RequestSubmission.model_validate(RequestSubmission.EXAMPLE)
INBOX_SUBJECT = f"clic.inbox.telephonie.{RequestSubmission.TYPE}"


async def _publish(publisher: Publisher, event_id: str, submission: RequestSubmission = SUBMISSION) -> None:
    await publisher.publish(submission, source="/telephonie", event_id=event_id, occurred_at=EXAMPLE_AT)


def _receipt(event_id: str) -> bytes:
    return json.dumps({**EXAMPLE_RECEIPT, "id": event_id}).encode()


@pytest_asyncio.fixture
async def publisher(nats_url: str) -> AsyncIterator[Publisher]:
    """A publisher without restrictions, on fresh streams."""
    made = await Publisher.connect(nats_url, "telephonie")
    yield made
    await made.close()


async def test_what_was_flushed_is_in_the_inbox(publisher: Publisher, nats: Client) -> None:
    """A submission arrives under the publisher's own subject, ready to be parsed."""
    await _publish(publisher, "appel-1")
    await publisher.flush()

    message = await nats.jetstream().get_last_msg(INBOX_STREAM, INBOX_SUBJECT)
    assert message.data is not None
    event = parse_submission(message.data)
    assert (event.data, event.id) == (SUBMISSION, "appel-1")
    assert (message.headers or {})["Content-Type"] == EVENT_CONTENT_TYPE


async def test_leaving_the_context_flushes(nats_url: str, nats: Client) -> None:
    """Nobody has to remember it."""
    async with await Publisher.connect(nats_url, "telephonie") as publisher:
        for number in range(20):
            await _publish(publisher, f"appel-{number}")

    assert (await nats.jetstream().stream_info(INBOX_STREAM)).state.messages == 20


async def test_a_repeated_submission_is_taken_once_and_other_content_with_its_id_goes_through(
    publisher: Publisher, nats: Client
) -> None:
    """A courtesy of the server; the same id with other content has to reach the desk and be refused there."""
    await _publish(publisher, "appel-1")
    await _publish(publisher, "appel-1")
    await _publish(publisher, "appel-1", SUBMISSION.model_copy(update={"text": "Autre chose."}))
    await publisher.flush()

    assert (await nats.jetstream().stream_info(INBOX_STREAM)).state.messages == 2


async def test_no_more_submissions_are_under_way_than_the_window_holds(nats_url: str) -> None:
    """A bounded window: a slow inbox slows the publisher down."""
    async with await Publisher.connect(nats_url, "telephonie", max_pending=3) as publisher:
        most = 0
        for number in range(30):
            await _publish(publisher, f"appel-{number}")
            most = max(most, len(publisher._pending))
        assert 1 <= most <= 3


async def test_a_silent_inbox_is_tried_again_until_it_answers(own_nats: MonitoredServer) -> None:
    """Time-outs and an inbox that is not there yet are tried again."""
    client = await nats_client.connect(own_nats.url)
    async with await Publisher.connect(own_nats.url, "telephonie", tries=30) as publisher:
        await _publish(publisher, "appel-1")
        await ensure_streams(client)
        await publisher.flush()
    assert (await client.jetstream().stream_info(INBOX_STREAM)).state.messages == 1
    await client.close()


async def test_a_submission_that_was_given_up_is_named_and_the_next_ones_go_on(own_nats: MonitoredServer) -> None:
    """Nothing is lost in silence; tries are bounded."""
    publisher = await Publisher.connect(own_nats.url, "telephonie", tries=2)
    await _publish(publisher, "appel-1")
    await _publish(publisher, "appel-2")

    with pytest.raises(PublishFailedError, match="tried 2 times") as failure:
        await publisher.flush()
    assert not isinstance(failure.value, PublishDeniedError)
    assert set(failure.value.event_ids) == {"appel-1", "appel-2"}
    client = await nats_client.connect(own_nats.url)
    await ensure_streams(client)
    await _publish(publisher, "appel-1")
    await publisher.flush()
    await publisher.close()
    await client.close()


async def test_a_failure_surfaces_at_the_next_publish_too(own_nats: MonitoredServer) -> None:
    """An import of thousands does not run on for hours before it hears."""
    publisher = await Publisher.connect(own_nats.url, "telephonie", tries=1)
    await _publish(publisher, "appel-1")
    await wait_until(lambda: not publisher._pending)

    with pytest.raises(PublishFailedError, match="appel-1"):
        await _publish(publisher, "appel-2")
    await publisher.flush()
    await publisher.close()


async def test_a_restart_of_the_server_loses_nothing(own_nats: MonitoredServer) -> None:
    """The client connects again and tries again; acknowledged means stored."""
    client = await nats_client.connect(own_nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    await ensure_streams(client)
    async with await Publisher.connect(own_nats.url, "telephonie", tries=30, timeout_s=1) as publisher:
        for number in range(100):
            await _publish(publisher, f"appel-{number}")
            if number == 50:
                own_nats.kill()
                await asyncio.to_thread(own_nats.restart)
    bodies = set()
    for sequence in range(1, (await client.jetstream().stream_info(INBOX_STREAM)).state.last_seq + 1):
        message = await client.jetstream().get_msg(INBOX_STREAM, sequence)
        assert message.data is not None
        bodies.add(parse_submission(message.data).id)
    assert bodies == {f"appel-{number}" for number in range(100)}
    await client.close()


async def test_a_receipt_that_is_there_is_given_at_once(publisher: Publisher, nats: Client) -> None:
    """The receipt stream keeps the last one per submission, whatever its id looks like."""
    event_id = "été 2026 / appel.1"
    await nats.jetstream().publish(receipt_subject("telephonie", event_id), _receipt(event_id))

    assert await publisher.receipt(event_id) == Receipt.model_validate({**EXAMPLE_RECEIPT, "id": event_id})


async def test_a_receipt_that_comes_later_is_waited_for(publisher: Publisher, nats: Client) -> None:
    """Judging takes a moment."""
    asking = asyncio.create_task(publisher.receipt("appel-1"))

    async def somebody_listens() -> bool:
        return (
            bool(publisher._connection.denials)
            and receipt_subject("telephonie", "appel-1") in publisher._connection.denials
        )

    await wait_until(somebody_listens)
    await nats.jetstream().publish(receipt_subject("telephonie", "appel-1"), _receipt("appel-1"))

    assert (await asking).reference == "2026-004217"
    assert publisher._connection.denials == {}


async def test_a_receipt_that_was_neither_heard_nor_stored_yet_is_looked_for_again(
    publisher: Publisher, nats: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server tells listeners of a message before it has stored it: who comes in between misses both."""
    await nats.jetstream().publish(receipt_subject("telephonie", "appel-1"), _receipt("appel-1"))
    ask = publisher._connection._client.request

    async def too_early(subject: str, body: bytes, **more: Any) -> Msg:
        monkeypatch.undo()
        return await ask(f"{subject}-not-stored-yet", body, **more)

    monkeypatch.setattr(publisher._connection._client, "request", too_early)
    assert (await publisher.receipt("appel-1")).id == "appel-1"


async def test_a_receipt_that_does_not_come_is_a_time_out_that_names_it(publisher: Publisher) -> None:
    """The wait is bounded; nothing is left listening."""
    with pytest.raises(ReceiptTimeoutError, match="appel-1"):
        await publisher.receipt("appel-1", timeout_s=0.2)
    listening = {each.subject for each in publisher._connection._client._subs.values()}
    assert receipt_subject("telephonie", "appel-1") not in listening
    assert publisher._connection.denials == {}


async def test_a_server_without_receipts_is_said_to_be_none_of_ours(own_nats: MonitoredServer) -> None:
    """A URL of another NATS."""
    publisher = await Publisher.connect(own_nats.url, "telephonie")
    with pytest.raises(ClientError, match=RECEIPT_STREAM):
        await publisher.receipt("appel-1")
    await publisher.close()


@pytest.mark.parametrize("code", ["", "Telephonie", "a.b", "a>", "a b", "*"])
async def test_a_code_that_would_be_more_than_one_subject_token_is_refused(code: str) -> None:
    """A publisher writes under its own code alone."""
    with pytest.raises(ClientError, match="no publisher's code"):
        await Publisher.connect("nats://127.0.0.1:1", code)


AUTHORIZATION = {
    "users": [
        {"user": "operateur", "password": "essai"},
        {
            "user": "telephonie",
            "password": "essai",
            "permissions": {
                "publish": {
                    "allow": [
                        "clic.inbox.telephonie.>",
                        f"$JS.API.DIRECT.GET.{RECEIPT_STREAM}.clic.receipt.telephonie.>",
                    ]
                },
                "subscribe": {"allow": ["_INBOX_telephonie.>", "clic.receipt.telephonie.>"]},
            },
        },
        {
            "user": "muet",
            "password": "essai",
            "permissions": {"publish": {"deny": [">"]}, "subscribe": {"allow": ["_INBOX_muet.>"]}},
        },
    ]
}


@pytest.fixture(scope="module")
def guarded_nats() -> Iterator[NatsServer]:
    """A server that knows its publishers and what each may do."""
    with open_folder() as folder:
        server = start_nats(folder, extra_config=f"authorization {json.dumps(AUTHORIZATION)}")
        yield server
        server.stop()


@pytest_asyncio.fixture
async def guarded(guarded_nats: NatsServer) -> AsyncIterator[tuple[str, Client]]:
    """Its URL, and an operator's client on streams that are there."""
    client = await nats_client.connect(guarded_nats.url, user="operateur", password="essai")
    await ensure_streams(client)
    yield guarded_nats.url, client
    await client.close()


async def _as(url: str, user: str, publisher: str) -> Publisher:
    return await Publisher.connect(
        url, publisher, user=user, password="essai", inbox_prefix=f"_INBOX_{user}", timeout_s=60
    )


async def test_the_documented_permissions_are_enough_to_publish_and_to_read_receipts(
    guarded: tuple[str, Client],
) -> None:
    """docs/publishers.md: what a town allows a publisher."""
    url, operator = guarded
    async with await _as(url, "telephonie", "telephonie") as publisher:
        await _publish(publisher, "appel-1")
        await publisher.flush()
        await operator.jetstream().publish(receipt_subject("telephonie", "appel-1"), _receipt("appel-1"))

        assert (await publisher.receipt("appel-1")).id == "appel-1"


async def test_a_denied_publish_is_said_at_once_and_clearly(guarded: tuple[str, Client]) -> None:
    """FACTS: a publisher without permission sees a plain time-out; the reason arrives only at the error callback."""
    url, _ = guarded
    publisher = await _as(url, "telephonie", "courriel")
    async with asyncio.timeout(30):  # Sooner than the first time-out: it was not waited for.
        await _publish(publisher, "appel-1")
        with pytest.raises(PublishDeniedError, match=r"clic\.inbox\.courriel.*Ask the town"):
            await publisher.flush()
    await publisher.close()


async def test_one_denied_type_does_not_stop_what_is_allowed(guarded: tuple[str, Client]) -> None:
    """A denial is told to whoever waits for that subject, and to nobody else."""
    url, _ = guarded
    publisher = await _as(url, "telephonie", "telephonie")
    await _publish(publisher, "appel-2")
    publisher._publisher = "courriel"
    interaction = InteractionSubmission.model_validate(InteractionSubmission.EXAMPLE)
    await publisher.publish(interaction, source="/telephonie", event_id="appel-3", occurred_at=EXAMPLE_AT)

    with pytest.raises(PublishDeniedError) as denied:
        await publisher.flush()
    assert denied.value.event_ids == ("appel-3",)
    await publisher.close()


@pytest.mark.parametrize(("user", "code"), [("telephonie", "courriel"), ("muet", "muet")])
async def test_receipts_of_others_are_denied_clearly(guarded: tuple[str, Client], user: str, code: str) -> None:
    """Nobody reads another publisher's receipts."""
    url, _ = guarded
    publisher = await _as(url, user, code)
    with pytest.raises(ReceiptDeniedError, match="Ask the town"):
        await publisher.receipt("Appel-1", timeout_s=30)
    await publisher.close()


async def test_a_wrong_password_is_said_as_such(guarded: tuple[str, Client]) -> None:
    """Errors say whose fault it is."""
    url, _ = guarded
    with pytest.raises(ClientError, match="does not know this user"):
        await Publisher.connect(url, "telephonie", user="telephonie", password="autre")


@pytest.fixture(scope="module")
def secure_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[NatsServer, Path, str]]:
    """A server with a certificate of an authority of its own, and one user with an nkey; its seed."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for pem in certificate.cert_chain_pems:
        pem.write_to_path(folder / "certificate.pem", append=True)
    seed: bytes = nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_USER)
    public = nkeys.from_seed(bytearray(seed)).public_key.decode()
    config = f"""
tls {{ cert_file: "{folder}/certificate.pem", key_file: "{folder}/key.pem" }}
authorization {{ users: [{{ nkey: {public} }}] }}
"""
    with open_folder() as files:
        server = start_nats(files, extra_config=config)
        yield server, folder / "ca.pem", seed.decode()
        server.stop()


async def test_an_nkey_signs_in_over_tls_from_text_or_from_a_file(
    secure_nats: tuple[NatsServer, Path, str], tmp_path: Path
) -> None:
    """No password: the seed stays here, and the server is proved to be the town's."""
    server, ca_file, seed = secure_nats
    file = tmp_path / "seed.nk"
    file.write_text(seed + "\n", encoding="ascii")
    keys: tuple[dict[str, Any], ...] = ({"nkey_seed": seed}, {"nkey_seed_file": file})
    for key in keys:
        publisher = await Publisher.connect(server.url, "telephonie", ca_file=ca_file, **key)
        await publisher.close()
    context = ssl.create_default_context(cafile=ca_file)
    await (await Publisher.connect(server.url, "telephonie", nkey_seed=seed, tls=context)).close()


async def test_a_server_that_cannot_prove_itself_is_not_talked_to(
    secure_nats: tuple[NatsServer, Path, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing is sent to whoever answers in its place."""
    monkeypatch.setattr("clic_contracts.client.connection.CONNECT_TIMEOUT_S", 5.0)
    server, _, seed = secure_nats
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    with pytest.raises(ClientError, match=r"(?i)certificate"):
        await Publisher.connect(server.url, "telephonie", nkey_seed=seed, ca_file=other)
    with pytest.raises(ClientError, match="holds no certificate"):
        await Publisher.connect(server.url, "telephonie", nkey_seed=seed, ca_file=tmp_path / "nowhere.pem")


async def test_a_key_that_the_server_does_not_know_is_said_as_such(
    secure_nats: tuple[NatsServer, Path, str],
) -> None:
    server, ca_file, _ = secure_nats
    seed: bytes = nkeys.encode_seed(bytes(32), nkeys.PREFIX_BYTE_USER)
    with pytest.raises(ClientError, match="does not know this user"):
        await Publisher.connect(server.url, "telephonie", nkey_seed=seed.decode(), ca_file=ca_file)
    with pytest.raises(ClientError, match="no seed of an nkey"):
        await Publisher.connect(server.url, "telephonie", nkey_seed="Bonjour", ca_file=ca_file)
    with pytest.raises(ClientError, match="cannot be read"):
        await Publisher.connect(server.url, "telephonie", nkey_seed_file=ca_file.with_name("nowhere.nk"))


async def test_one_way_to_sign_in_is_enough() -> None:
    with pytest.raises(ClientError, match="give one of"):
        await Publisher.connect("nats://127.0.0.1:1", "telephonie", nkey_seed="SU", user="telephonie", password="x")
