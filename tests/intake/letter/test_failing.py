"""Letters that do not arrive, or may not have: refused, given up, cut off, erased; and a queue that was lost."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from tests.intake.letter.bureau import Bureau
from tests.intake.letter.correspondent import (
    ERASED,
)
from tests.intake.letter.post_office import PostOffice

from clic_chassis.clock import ManualClock
from clic_chassis.error import RetryableError
from clic_chassis.service import Runtime
from clic_chassis.telemetry import METRICS
from clic_contracts.event import (
    LetterFailed,
)
from clic_contracts.vocabulary import LetterFailure
from clic_intake.letter import sender
from clic_intake.letter.queue import LetterQueue, State
from clic_intake.letter.sender import TRIES_MAX, backoff
from clic_intake.settings import IntakeSettings


async def failure(bureau: Bureau, request_id: str) -> tuple[LetterFailure, str | None]:
    """The last fact of a request, which is a failure."""
    data = (await bureau.facts(request_id))[-1].data
    assert isinstance(data, LetterFailed)
    return data.reason, data.status


@pytest.mark.parametrize("command", ["rcpt", "data"])
async def test_an_address_that_the_server_refuses_for_good_is_shown_and_not_tried_again(
    bureau: Bureau, post_office: PostOffice, command: str
) -> None:
    """POL-18: the citizen is not acknowledged."""
    request_id = await bureau.received_and_ready()
    await bureau.write_all()
    post_office.answers = [(command, "550 5.1.1 no such person")]
    await bureau.send()
    assert await bureau.send() == 0
    assert await failure(bureau, request_id) == (LetterFailure.REJECTED, "5.1.1")
    assert await bureau.states() == ["failed"]
    assert post_office.messages == []


@pytest.mark.parametrize("command", ["mail", "rcpt", "data"])
async def test_what_is_refused_for_now_is_tried_again_with_backoff(
    bureau: Bureau, post_office: PostOffice, clock: ManualClock, command: str
) -> None:
    await bureau.received_and_ready()
    await bureau.write_all()
    post_office.answers = [(command, "451 4.3.0 later")]
    await bureau.send()
    assert await bureau.states() == ["waiting"]
    assert await bureau.send() == 0
    clock.set(clock.now() + backoff(1) + dt.timedelta(seconds=1))
    assert await bureau.send() == 1
    assert len(post_office.messages) == 1
    assert await bureau.states() == ["done"]


async def test_one_letter_that_is_refused_keeps_back_no_other(bureau: Bureau, post_office: PostOffice) -> None:
    for _ in range(3):
        await bureau.received_and_ready()
    await bureau.write_all()
    post_office.answers = [("rcpt", "550 5.1.1 no"), ("data", "451 4.3.0 later")]
    await bureau.send()
    assert sorted(await bureau.states()) == ["done", "failed", "waiting"]


async def test_what_is_refused_too_often_is_given_up_and_shown(
    bureau: Bureau, post_office: PostOffice, clock: ManualClock
) -> None:
    """The bound: 30 tries, some four days."""
    request_id = await bureau.received_and_ready()
    await bureau.write_all()
    began = clock.now()
    post_office.answers = [("rcpt", "450 4.2.2 mailbox full")] * TRIES_MAX
    for tries in range(1, TRIES_MAX + 1):
        assert await bureau.send() == 1
        clock.set(clock.now() + backoff(tries) + dt.timedelta(seconds=1))
    assert await failure(bureau, request_id) == (LetterFailure.GIVEN_UP, "4.2.2")
    assert post_office.answers == []
    assert dt.timedelta(days=3) < clock.now() - began < dt.timedelta(days=5)


async def test_letters_wait_for_a_mail_server_that_is_away(
    bureau: Bureau, post_office: PostOffice, settings: IntakeSettings, runtime: Runtime[IntakeSettings]
) -> None:
    await bureau.received_and_ready()
    await bureau.write_all()
    away = settings.model_copy(update={"smtp_url": "smtp://127.0.0.1:1"})
    elsewhere = Bureau(_with(runtime, away), bureau.register, lease_s=300.0)
    assert await elsewhere.send() == 1
    assert await bureau.states() == ["waiting"]
    assert post_office.messages == []


async def test_without_a_mail_server_letters_wait(
    bureau: Bureau, settings: IntakeSettings, runtime: Runtime[IntakeSettings]
) -> None:
    await bureau.received_and_ready()
    await bureau.write_all()
    none = Bureau(_with(runtime, settings.model_copy(update={"smtp_url": None})), bureau.register, lease_s=300.0)
    assert await none.send() == 0
    assert await bureau.letters.queue.count() == {State.WAITING: 1}


async def test_how_long_the_oldest_letter_waits_is_measured(
    bureau: Bureau, post_office: PostOffice, clock: ManualClock
) -> None:
    """What wakes somebody when mail does not leave."""
    await bureau.received_and_ready()
    await bureau.write_all()
    post_office.answers = [("mail", "451 4.3.0 later")]
    await bureau.send()
    clock.set(clock.now() + dt.timedelta(hours=3))
    await bureau.letters.sender._measure()
    assert METRICS.letter_oldest._value.get() == pytest.approx(3 * 3600, abs=60)
    assert await bureau.send() == 1
    await bureau.letters.sender._measure()
    assert METRICS.letter_oldest._value.get() == 0


def _with(runtime: Runtime[IntakeSettings], settings: IntakeSettings) -> Runtime[IntakeSettings]:
    return replace(runtime, settings=settings)


async def test_a_letter_that_the_server_may_have_when_it_hangs_up_is_in_doubt(
    bureau: Bureau, post_office: PostOffice
) -> None:
    """POL-27: nobody says that the citizen was told, and it is not sent again by itself."""
    request_id = await bureau.received_and_ready()
    await bureau.write_all()
    post_office.hangs_up_at = "data"
    await bureau.send()
    assert await failure(bureau, request_id) == (LetterFailure.DOUBTFUL, None)
    post_office.hangs_up_at = None
    assert await bureau.send() == 0
    assert len(post_office.messages) == 1
    assert await bureau.states() == ["doubtful"]


async def test_what_is_erased_before_it_goes_out_goes_to_nobody(bureau: Bureau, post_office: PostOffice) -> None:
    """POL-30."""
    request_id = await bureau.received_and_ready()
    await bureau.write_all()
    await bureau.runtime.pool.execute(
        "UPDATE request SET wrapped_key = NULL, erased_at = now() WHERE request_id = $1", request_id
    )
    await bureau.tell(request_id, ERASED)
    await bureau.send()
    assert await failure(bureau, request_id) == (LetterFailure.NO_ADDRESS, None)
    assert post_office.messages == []


@pytest.mark.parametrize("email", ["camille@", "a,b@exemple.invalid>", "é" * 70 + "@exemple..invalid"])
async def test_an_address_that_is_none_is_shown(bureau: Bureau, email: str) -> None:
    request_id = await bureau.received_and_ready(who={"email": email})
    await bureau.write_all()
    await bureau.send()
    assert await failure(bureau, request_id) == (LetterFailure.NO_ADDRESS, None)


async def test_an_address_with_accents_gets_its_letter(bureau: Bureau, post_office: PostOffice) -> None:
    """RFC 5890, RFC 6531."""
    await bureau.received_and_ready(who={"email": "zoé@évêché.exemple.invalid"})
    await bureau.write_all()
    await bureau.send()
    domain = "évêché".encode("idna").decode()
    assert post_office.recipients == [[f"zoé@{domain}.exemple.invalid"]]


async def test_the_queue_holds_nothing_personal(bureau: Bureau) -> None:
    """POL-30."""
    await bureau.received_and_ready()
    await bureau.write_all()
    rows: list[Any] = await bureau.runtime.pool.fetch("SELECT * FROM letter")
    assert "camille" not in str([dict(row) for row in rows]).lower()


async def test_two_instances_send_each_letter_once(bureau: Bureau, post_office: PostOffice) -> None:
    """FOR UPDATE SKIP LOCKED, and a lease."""
    other = Bureau(bureau.runtime, bureau.register, lease_s=300.0)
    for _ in range(12):
        await bureau.received_and_ready()
    await asyncio.gather(bureau.write_all(), other.write_all())
    await asyncio.gather(bureau.send(), other.send(), bureau.send(), other.send())
    ids = [each["Message-ID"] for each in post_office.messages]
    assert len(ids) == len(set(ids)) == 12
    assert await bureau.states() == ["done"] * 12


async def test_a_queue_that_was_lost_is_made_anew_with_what_is_open_in_doubt(
    bureau: Bureau, post_office: PostOffice
) -> None:
    """Only the row said whether it was handed over."""
    await bureau.received_and_ready()
    await bureau.write_all()
    await bureau.send()
    request_id = await bureau.received_and_ready()
    await bureau.write_all()
    before = await bureau.letter_ids()
    await bureau.runtime.pool.execute("TRUNCATE letter, letter_source, letter_joined, letter_wake")
    assert await bureau.letters.queue.make(bureau.runtime.log) > 0
    assert await bureau.letters.queue.make(bureau.runtime.log) == 0
    await bureau.write_all()
    assert sorted(await bureau.letter_ids()) == sorted(before)
    assert sorted(await bureau.states()) == ["done", "doubtful"]
    assert await bureau.send() == 0
    assert len(post_office.messages) == 1
    assert (await bureau.types(request_id))[-1] == "letter.written"


async def test_a_restored_older_queue_sends_nothing_that_the_log_says_went_out(
    bureau: Bureau, post_office: PostOffice
) -> None:
    await bureau.received_and_ready()
    await bureau.write_all()
    await bureau.send()
    await bureau.runtime.pool.execute("UPDATE letter SET state = 'waiting', position = 0, tries = 0")
    await bureau.send()
    assert len(post_office.messages) == 1
    assert await bureau.states() == ["done"]


async def test_a_database_that_is_away_for_a_moment_makes_no_doubt_of_what_was_taken(
    bureau: Bureau, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = LetterQueue.handed_over
    failures = [RetryableError("away"), RetryableError("away")]

    async def away_at_first(self: LetterQueue, letter_id: str, at: dt.datetime) -> None:
        if failures:
            raise failures.pop()
        await noted(self, letter_id, at)

    monkeypatch.setattr(LetterQueue, "handed_over", away_at_first)
    monkeypatch.setattr(sender, "NOTE_EVERY_S", 0.0)
    await bureau.received_and_ready()
    await bureau.write_all()
    await bureau.send()
    assert (await bureau.states(), len(post_office.messages), failures) == (["done"], 1, [])
