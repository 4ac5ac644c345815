"""Quarantine on a real server: what fails for good is kept, listed, tried again or discarded, and never dropped."""

from __future__ import annotations

import pytest
from tests.chassis.workshop import (
    Handler,
    all_acknowledged,
    entries_told,
    held,
    none_held,
    note_next,
    notes,
    quarantined,
    running,
    settings,
)

from clic_chassis import failure, quarantine
from clic_chassis.delivery import Delivery
from clic_chassis.error import NotFoundError, RetryableError, UnreadableError
from clic_chassis.parking import BEHIND
from clic_chassis.quarantine import Entry
from clic_chassis.scenario import NOON
from clic_chassis.service import Runtime, open_runtime
from clic_chassis.settings import Settings
from clic_chassis.testing import wait_until
from clic_contracts.envelope import derive_id
from clic_contracts.subject import LOG_STREAM

pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.parametrize(("error", "tries"), [(UnreadableError("nobody can read it"), 1), (KeyError("a defect"), 5)])
async def test_what_fails_for_good_is_quarantined_with_its_reason_and_later_ones_wait(
    runtime: Runtime[Settings], error: Exception, tries: int
) -> None:
    """Nothing is dropped; other requests go on; then a retry brings everything in order."""
    handle = Handler()
    handle.failing["b"] = error
    async with running(runtime, handle):
        await notes(runtime.log, 1, "abcd")
        await notes(runtime.log, 2, "xyz")
        entries = await held(runtime, 3)
        await all_acknowledged(runtime)
        assert [entry.state for entry in entries] == ["failed", "waiting", "waiting"]
        assert (tries, tries) == (handle.failures["b"], entries[0].tries)
        assert type(error).__name__ in entries[0].reason
        assert (handle.of(1), handle.of(2)) == ("a", "xyz")
        handle.failing.clear()
        await runtime.quarantine.retry(entries[0].entry_id, by="agent:exemple", now=NOON)
        await wait_until(lambda: handle.of(1) == "abcd", what="the rest in order")
        await note_next(runtime, "e")
        await wait_until(lambda: handle.of(1) == "abcde", what="the request to be free again")
        await none_held(runtime)


async def test_a_retry_that_fails_again_stays_in_quarantine(runtime: Runtime[Settings]) -> None:
    """With its new reason, and the rest goes on waiting."""
    handle = Handler()
    handle.failing["b"] = UnreadableError("first reason")
    async with running(runtime, handle):
        await notes(runtime.log, 1, "abc")
        entry, _ = await held(runtime, 2)
        handle.failing["b"] = UnreadableError("second reason")
        await runtime.quarantine.retry(entry.entry_id, by="agent:exemple", now=NOON)

        async def failed_again() -> bool:
            return any("second reason" in e.reason for e in await quarantined(runtime, "failed"))

        await wait_until(failed_again, what="the new reason")
        assert handle.of(1) == "a"


async def test_a_discarded_message_is_left_and_the_rest_goes_on(runtime: Runtime[Settings]) -> None:
    """By a person's decision, which is kept."""
    handle = Handler()
    handle.failing["b"] = UnreadableError("nobody can read it")
    async with running(runtime, handle):
        await notes(runtime.log, 1, "abc")
        failed, _ = await held(runtime, 2)
        await runtime.quarantine.discard(failed.entry_id, by="agent:exemple", reason="a test's", now=NOON)
        await wait_until(lambda: handle.of(1) == "ac", what="c, without b")
    (left,) = [e async for e in runtime.quarantine.entries(service="routing", states=("discarded",))]
    assert (left.by, "a test's" in left.reason) == ("agent:exemple", True)


async def test_what_was_quarantined_before_a_restart_still_holds_its_request(runtime: Runtime[Settings]) -> None:
    """And a retry that was asked for while nobody was there is done at the start."""
    handle = Handler()
    handle.failing["b"] = UnreadableError("nobody can read it")
    async with running(runtime, handle):
        await notes(runtime.log, 1, "ab")
        (entry,) = await held(runtime, 1)
    await note_next(runtime, "c")
    handle.failing.clear()
    async with running(runtime, handle):

        async def waits() -> bool:
            return [e.state for e in await quarantined(runtime)] == ["failed", "waiting"]

        await wait_until(waits, what="c behind b")
    await runtime.quarantine.retry(entry.entry_id, by="agent:exemple", now=NOON)
    async with running(runtime, handle):
        await wait_until(lambda: handle.of(1) == "abc", what="both in order")


async def test_a_service_is_told_of_what_failed_and_of_what_waits_behind_it(runtime: Runtime[Settings]) -> None:
    """After the entry is stored and before the message is acknowledged, with the reason.

    Whoever sent what waits hears of it too: a publisher that finds no receipt would send it again and again.
    """
    handle = Handler()
    handle.failing["b"] = UnreadableError("nobody can read it")
    at: list[tuple[int, str, int, bool]] = []

    async def on_parked(delivery: Delivery, reason: str) -> None:
        info = await runtime.nats.jetstream().consumer_info(LOG_STREAM, "test")
        at.append((delivery.sequence, reason, len(await quarantined(runtime)), bool(info.num_ack_pending)))

    async with running(runtime, handle, on_parked=on_parked):
        await notes(runtime.log, 1, "ab")
        await held(runtime, 1)
        await note_next(runtime, "c")
        await held(runtime, 2)
        await all_acknowledged(runtime)
    assert at == [(2, "UnreadableError: nobody can read it", 1, True), (3, BEHIND, 2, True)]


async def test_who_could_not_be_told_is_told_again_and_the_message_is_not_handled_again(
    runtime: Runtime[Settings],
) -> None:
    """Nothing is lost, the failure is not counted again, and the rest waits."""
    handle = Handler()
    handle.failing["a"] = UnreadableError("nobody can read it")
    told: list[str] = []

    async def on_parked(delivery: Delivery, reason: str) -> None:
        if delivery.sequence == 1:
            told.append(reason)
            if len(told) < 4:
                raise KeyError("a defect of whoever is told")

    async with running(runtime, handle, on_parked=on_parked):
        await notes(runtime.log, 1, "ab")
        entries = await held(runtime, 2)
        await all_acknowledged(runtime)
    assert [entry.state for entry in entries] == ["failed", "waiting"]
    assert (len(told), len(set(told)), handle.failures["a"]) == (4, 1, 1)


async def test_a_crash_between_the_entry_and_the_acknowledgement_leaves_the_entry_as_it_is(
    runtime: Runtime[Settings],
) -> None:
    """The message comes again: whoever is to be told is told (again), and the entry is not put behind itself."""
    handle = Handler()
    handle.failing["a"] = UnreadableError("nobody can read it")
    await notes(runtime.log, 1, "a")
    entry = Entry(
        service="routing", consumer="test", stream=LOG_STREAM, sequence=1, subject="clic.log.intake.x",
        key=derive_id("test", "1"), state="failed", reason="of the first life", tries=1, since=NOON, changed_at=NOON,
    )  # fmt: skip
    await runtime.quarantine.put(entry)
    told, on_parked = entries_told()
    async with running(runtime, handle, on_parked=on_parked):
        await wait_until(lambda: told, what="somebody to be told")
        await all_acknowledged(runtime)
        assert await quarantined(runtime) == [entry]
        assert told == [(1, "of the first life")]
        handle.failing.clear()
        await runtime.quarantine.retry(entry.entry_id, by="agent:exemple", now=NOON)
        await wait_until(lambda: handle.of(1) == "a", what="the retry")


async def test_a_server_that_is_away_is_never_a_reason_while_the_tries_last(
    runtime: Runtime[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And when they are used up, the message is quarantined with that reason."""
    monkeypatch.setattr(failure, "MAX_TRIES_RETRYABLE", 7)
    handle = Handler()
    handle.failing["a"] = RetryableError("away")
    async with running(runtime, handle):
        await notes(runtime.log, 1, "a")
        (entry,) = await held(runtime, 1)
    assert (handle.failures["a"], entry.tries, entry.reason) == (7, 7, "RetryableError: away")


async def test_two_consumers_of_a_service_do_not_overwrite_each_others_entries(runtime: Runtime[Settings]) -> None:
    """The same key and the same position, in intake's inbox and in the log."""
    handle = Handler()
    handle.failing["a"] = UnreadableError("nobody can read it")
    async with running(runtime, handle, "one"), running(runtime, handle, "other"):
        await notes(runtime.log, 1, "a")
        entries = await held(runtime, 2)
        assert {entry.entry_id for entry in entries} == {"one.1", "other.1"}
        await runtime.quarantine.discard("one.1", by="agent:exemple", reason="a test's", now=NOON)
        assert [entry.entry_id for entry in await held(runtime, 1)] == ["other.1"]


async def test_another_instance_holds_back_a_key_that_the_first_one_parked(nats_url: str) -> None:
    """And frees it when the first one has handled it."""
    handle = Handler()
    handle.failing["a"] = UnreadableError("nobody can read it")
    async with (
        open_runtime("routing", settings(nats_url)) as one,
        open_runtime("routing", settings(nats_url)) as other,
        running(one, handle),
    ):
        await notes(one.log, 1, "a")
        (entry,) = await held(one, 1)
        async with running(other, handle) as second:
            await wait_until(lambda: second.not_ready() is None, what="the second instance")
            for cause in "bcdef":
                await note_next(one, cause)
            await held(one, 6)
            assert handle.of(1) == ""
            handle.failing.clear()
            await one.quarantine.retry(entry.entry_id, by="agent:exemple", now=NOON)
            await none_held(one)
            await note_next(one, "g")
            await note_next(one, "h")
            await all_acknowledged(one)
            await none_held(one)
    done = handle.of(1)
    assert set(done) == set("abcdefgh")  # Both may try the parked ones again: done once is the decision's affair.


async def test_a_message_that_is_gone_from_its_stream_stays_in_quarantine_and_says_so(
    runtime: Runtime[Settings],
) -> None:
    """As a submission that somebody erased by hand; a person discards it."""
    handle = Handler()
    entry = Entry(
        service="routing", consumer="test", stream=LOG_STREAM, sequence=99, subject="clic.log.intake.x",
        key="x", state="failed", reason="once", tries=1, since=NOON, changed_at=NOON,
    )  # fmt: skip
    await runtime.quarantine.put(entry)
    async with running(runtime, handle):
        await runtime.quarantine.retry(entry.entry_id, by="agent:exemple", now=NOON)

        async def told() -> bool:
            return [("gone" in e.reason, e.state) for e in await quarantined(runtime)] == [(True, "failed")]

        await wait_until(told, what="the new reason")


@pytest.mark.parametrize("entry_id", ["", "routing", "routing.", "routing.x", "routing.7", ".7", "a.b.7"])
async def test_an_entry_that_is_not_there_is_told_with_what_to_do(runtime: Runtime[Settings], entry_id: str) -> None:
    """A typo of an operator."""
    with pytest.raises(NotFoundError, match="clic quarantine list"):
        await runtime.quarantine.find(entry_id)


def test_the_reason_of_a_foreign_error_holds_its_place_and_never_its_text() -> None:
    """POL-30: what a library says can quote what a citizen wrote."""
    with pytest.raises(ValueError, match="Camille") as caught:
        int("Camille Exemple, 450 555-0199")
    reason = failure.reason_of(caught.value)
    assert "Exemple" not in reason
    assert reason.startswith("ValueError at test_the_reason_of_a_foreign_error")
    assert failure.reason_of(UnreadableError("ours")) == "UnreadableError: ours"


def test_the_backoff_grows_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """About seven minutes of tries for a server that is away."""
    monkeypatch.undo()
    waits = [failure.backoff_s(tries) for tries in range(1, failure.MAX_TRIES_RETRYABLE)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (failure.BACKOFF_FIRST_S, failure.BACKOFF_MAX_S)
    assert 400 < sum(waits) < 600


async def test_a_settled_entry_goes_by_itself_and_one_that_is_held_does_not(
    runtime: Runtime[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the stream would fill with what nobody has to look at any more, and then take nothing."""
    monkeypatch.setattr(quarantine, "SETTLED_KEPT", "1s")
    settled, kept = (
        Entry(
            service=runtime.name,
            consumer="test",
            stream=LOG_STREAM,
            sequence=sequence,
            subject="clic.log.intake.a",
            key=f"k{sequence}",
            state="failed",
            reason="essai",
            tries=1,
            since=NOON,
            changed_at=NOON,
        )
        for sequence in (1, 2)
    )
    for entry in (settled, kept):
        await runtime.quarantine.put(entry)
    await runtime.quarantine.put(settled.model_copy(update={"state": "resolved"}))

    async def gone() -> bool:
        return await runtime.quarantine.newest(settled) is None

    await wait_until(gone, what="the settled entry to go")
    assert await runtime.quarantine.newest(kept) == kept
