"""The relay on a real server: what the outside hears of the log, and what it never hears."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_asyncio
from nats.errors import Error as NatsError
from tests.place import TOWN_DIR

from clic_chassis import process, relay
from clic_chassis.delivery import Delivery
from clic_chassis.process import Process
from clic_chassis.relay import Relay, not_for_outside, public_form
from clic_chassis.scenario import recorded
from clic_chassis.service import Runtime, open_runtime
from clic_chassis.settings import Settings
from clic_chassis.testing import at_work, left_to_do, wait_until
from clic_contracts.envelope import TYPES_HEADER, Commit, Recorded, derive_id
from clic_contracts.event import (
    EVENTS,
    Event,
    InteractionRecorded,
    ObligationSet,
    RequestAcknowledged,
    RequestAnswered,
    RequestClosed,
    RequestNoted,
    RequestReceived,
    RequestRouted,
    RequestSplit,
)
from clic_contracts.feed import FEED_EVENTS, HIDDEN_ATTRIBUTES, HIDDEN_FIELDS, LEFT_OUT_HEADER
from clic_contracts.schema import example_recorded
from clic_contracts.subject import FEED_STREAM, LOG_STREAM, feed_subject, log_subject
from clic_contracts.vocabulary import Service


@pytest_asyncio.fixture
async def runtime(nats_url: str) -> AsyncIterator[Runtime[Settings]]:
    """A runtime of intake, whose process the relay is."""
    async with open_runtime("intake", Settings(nats_url=nats_url, town_dir=TOWN_DIR)) as opened:
        yield opened


@contextlib.asynccontextmanager
async def relaying(runtime: Runtime[Settings]) -> AsyncIterator[None]:
    tells = Relay(runtime.nats, runtime.log)
    each = Process(runtime, durable="relay", filters=["clic.log.*.*"], handle=tells.handle, skip=tells.skips)
    async with at_work(each):
        yield


async def tell(runtime: Runtime[Settings], name: str, *decisions: Sequence[Event]) -> list[Recorded]:
    """Append decisions about one request, each event under its own service; gives the facts."""
    request_id = derive_id("test", name)
    told: list[Recorded] = []
    for number, events in enumerate(decisions):
        facts = [
            recorded(each, request_id=request_id, cause_id=f"{name}/{number}/{index}")
            for index, each in enumerate(events)
        ]
        service = Service(events[0].BY)
        story = await runtime.log.load(service, request_id, fresh=True)
        await runtime.log.append(service, request_id, facts, expected=story.last_sequence)
        told += facts
    return told


def example(kind: type[Event], /, **changes: Any) -> Event:
    return kind.model_validate({**kind.EXAMPLE, **changes})


async def everything_relayed(runtime: Runtime[Settings]) -> None:
    async def idle() -> bool:
        try:
            return not await left_to_do(runtime.nats, LOG_STREAM, "relay")
        except (NatsError, OSError):
            return False

    await wait_until(idle, what="the relay to have nothing left")


async def heard(runtime: Runtime[Settings]) -> list[tuple[str, dict[str, Any]]]:
    """Everything on the feed in its order: subject and event."""
    last = (await runtime.nats.jetstream().stream_info(FEED_STREAM)).state.last_seq
    messages = [await runtime.nats.jetstream().get_msg(FEED_STREAM, seq) for seq in range(1, last + 1)]
    return [(str(each.subject), json.loads(each.data or b"")) for each in messages]


async def test_of_every_event_the_feed_carries_what_the_contracts_say_and_no_more(runtime: Runtime[Settings]) -> None:
    """POL-30: the whole catalogue through the log; obligations and the desk's papers are not told."""
    live = example(RequestReceived, confidential=False, origin="live")
    facts = await tell(runtime, "part", [live])
    changes: dict[type[Event], dict[str, Any]] = {RequestSplit: {"into": [derive_id("test", "part")]}}
    for number, kind in enumerate(EVENTS):
        told = [live] if kind is RequestReceived else [live, example(kind, **changes.get(kind, {}))]
        facts += await tell(runtime, f"request-{number}", *([each] for each in told))
    async with relaying(runtime):
        await everything_relayed(runtime)
    found = {event["id"]: (subject, event) for subject, event in await heard(runtime)}
    wanted = {}
    for fact in facts:
        if type(fact.data) not in FEED_EVENTS:
            continue
        whole = json.loads(fact.model_dump_json(by_alias=True, exclude_none=True))
        told_form = {name: value for name, value in whole.items() if name not in HIDDEN_ATTRIBUTES}
        told_form["data"] = {name: value for name, value in whole["data"].items() if name not in HIDDEN_FIELDS}
        wanted[fact.event_id] = (feed_subject(fact.type, fact.request_id), told_form)
    assert wanted == found
    assert {event["type"] for _, event in found.values()} == {kind.TYPE for kind in FEED_EVENTS}


async def test_each_message_says_what_its_type_never_carries(runtime: Runtime[Settings]) -> None:
    """Issue 6: subscribers are told what was left out; the same of every request (POL-26), sealed or not."""
    plain = example(RequestReceived, confidential=False, origin="live", sealed=None)
    sealed = example(RequestReceived, confidential=False, origin="live")
    async with relaying(runtime):
        await tell(runtime, "plain", [plain])
        await tell(runtime, "sealed", [sealed])
        await everything_relayed(runtime)
    messages = [await runtime.nats.jetstream().get_msg(FEED_STREAM, seq) for seq in (1, 2)]
    said = "/actor,/causeid,/data/submission,/data/publisher,/data/content_digest,/data/sealed"
    assert [(each.headers or {})[LEFT_OUT_HEADER] for each in messages] == [said, said]


async def test_nothing_of_a_confidential_request_or_of_a_backlog_is_told(runtime: Runtime[Settings]) -> None:
    """POL-26, whoever decided it: intake, routing or deadlines; also where the relay begins in the middle."""
    routed = example(RequestRouted)
    noted = example(RequestNoted)
    contact = example(InteractionRecorded, about=None, origin="backlog")
    for name, changes in (("secret", {"confidential": True}), ("old", {"origin": "backlog"})):
        await tell(runtime, name, [example(RequestReceived, **changes)], [noted], [routed])
    await tell(runtime, "old-contact", [contact])
    open_one = example(RequestReceived, confidential=False, origin="live")
    facts = await tell(runtime, "open", [open_one], [noted], [routed])
    async with relaying(runtime):
        await everything_relayed(runtime)
    assert [event["id"] for _, event in await heard(runtime)] == [facts[0].event_id, facts[2].event_id]


async def test_a_split_names_what_the_outside_may_hear_of_alone(runtime: Runtime[Settings]) -> None:
    """POL-26: what is confidential of the new requests is not named, and what is not registered yet is waited for."""
    live, secret = (example(RequestReceived, confidential=each, origin="live") for each in (False, True))
    ids = {name: derive_id("test", name) for name in ("open-part", "secret-part")}
    both = example(RequestSplit, into=[ids["secret-part"], ids["open-part"]])
    only = example(RequestSplit, into=[ids["secret-part"]])
    await tell(runtime, "secret-part", [secret])
    await tell(runtime, "one", [live], [both])
    await tell(runtime, "two", [live], [only])
    async with relaying(runtime):
        await tell(runtime, "open-part", [live])
        await everything_relayed(runtime)
    splits = [event["data"]["into"] for _, event in await heard(runtime) if event["type"] == RequestSplit.TYPE]
    assert splits == [[ids["open-part"]]]


async def test_the_relay_remembers_a_bounded_number_of_requests(
    runtime: Runtime[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it forgot it looks up again."""
    monkeypatch.setattr(relay, "REMEMBERED_MAX", 3)
    live = example(RequestReceived, confidential=False, origin="live")
    routed = example(RequestRouted)
    told = Relay(runtime.nats, runtime.log)
    for number in range(6):
        await tell(runtime, str(number), [live], [routed])
    async for commit in runtime.log.read():
        await told.handle(commit)
    assert len(told._audible) == 3
    assert len(await heard(runtime)) == 12


async def test_the_events_of_a_request_are_heard_in_their_order(runtime: Runtime[Settings]) -> None:
    """Many requests side by side, several events in one decision."""
    later = [example(RequestAcknowledged), example(RequestAnswered), example(RequestClosed)]
    live = example(RequestReceived, confidential=False, origin="live")
    requests = [f"request-{number}" for number in range(25)]
    async with relaying(runtime):
        facts = await asyncio.gather(*(tell(runtime, name, [live, later[0]], later[1:]) for name in requests))
        await everything_relayed(runtime)
    found = await heard(runtime)
    for mine in facts:
        ids = {each.event_id for each in mine}
        assert [each.event_id for each in mine] == [event["id"] for _, event in found if event["id"] in ids]


async def test_what_a_crash_left_unacknowledged_is_told_again_under_the_same_id(
    runtime: Runtime[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: the feed drops by its id what it has already."""
    monkeypatch.setattr(process, "ACK_WAIT_S", 1.0)
    live = example(RequestReceived, confidential=False, origin="live")
    (fact,) = await tell(runtime, "one", [live])
    told = Relay(runtime.nats, runtime.log)
    (commit,) = [each async for each in runtime.log.read()]
    await told.handle(commit)  # And here it was killed, before it acknowledged.
    async with relaying(runtime):
        await everything_relayed(runtime)
    assert [event["id"] for _, event in await heard(runtime)] == [fact.event_id]


@pytest.mark.parametrize(
    ("types", "skipped"),
    [
        (ObligationSet.TYPE, True),
        (f"{ObligationSet.TYPE},{RequestNoted.TYPE}", True),
        (f"{ObligationSet.TYPE},{RequestReceived.TYPE}", False),
        ("request.received.v0", False),  # lifted to today's version when it is decoded
        (None, False),
    ],
)
def test_what_the_header_shows_to_be_inaudible_is_not_decoded(types: str | None, *, skipped: bool) -> None:
    """Without a header nothing is known."""
    headers = {} if types is None else {TYPES_HEADER: types}
    assert not_for_outside(Delivery("CLIC_LOG", "clic.log.intake.x", 1, b"", headers)) is skipped


@pytest.mark.parametrize(
    ("changes", "skipped"), [({"origin": "backlog"}, True), ({"confidential": True}, True), ({}, False)]
)
async def test_of_a_request_that_nobody_may_hear_of_nothing_more_is_decoded(
    runtime: Runtime[Settings], changes: dict[str, Any], *, skipped: bool
) -> None:
    """Once its reception was seen: until then its subject tells nothing."""
    tells = Relay(runtime.nats, runtime.log)
    request_id, other_id = derive_id("test", "heard of"), derive_id("test", "another")
    received = example(RequestReceived, **{"origin": "live", "confidential": False, **changes})
    closed = {TYPES_HEADER: RequestClosed.TYPE}
    later = Delivery("CLIC_LOG", log_subject(Service.INTAKE, request_id), 2, b"", closed)
    assert not tells.skips(later)
    await tells.handle(Commit(1, Service.INTAKE, request_id, (recorded(received, request_id=request_id),)))
    assert tells.skips(later) is skipped
    assert not tells.skips(Delivery("CLIC_LOG", log_subject(Service.INTAKE, other_id), 3, b"", closed))


@pytest.mark.parametrize("kind", FEED_EVENTS, ids=lambda each: each.TYPE)
def test_no_sealed_text_leaves_in_any_event(kind: type[Event]) -> None:
    """POL-30: also not deeper inside."""
    fact = example_recorded(kind)
    told = public_form(fact).decode()
    sealed = getattr(fact.data, "sealed", None)
    assert '"sealed"' not in told
    assert sealed is None or sealed.ciphertext not in told
