"""A mailbox that is polled, on a real Dovecot."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.intake.mail.dovecot import PASSWORD, Dovecot
from tests.intake.mail.mailroom import Mailroom
from tests.intake.mail.post import mail

from clic_chassis.error import RetryableError
from clic_chassis.testing import at_work, wait_until
from clic_intake.mail import imap
from clic_intake.mail.imap import TRIES_MAX, Mailbox, MailboxPoller


def poller(room: Mailroom, dovecot: Dovecot, user: str, **changes: Any) -> MailboxPoller:
    """A poller of a user's mailbox."""
    box = Mailbox("127.0.0.1", dovecot.port, user, PASSWORD, with_tls=False, every_s=0.05, **changes)
    return MailboxPoller(room.reception, box)


async def poll(polled: MailboxPoller) -> bool:
    return await polled.poll(asyncio.Event())


async def test_what_lies_in_the_mailbox_is_taken_and_deleted_once_the_log_has_it(
    room: Mailroom, dovecot: Dovecot
) -> None:
    """POL-10; no second archive in clear stays behind (POL-30)."""
    dovecot.put("premier", mail("Un."), mail("Deux.", headers={"Auto-Submitted": "auto-replied"}))
    async with at_work(poller(room, dovecot, "premier")):
        await wait_until(lambda: dovecot.flags("premier") == [], 30, what="the mailbox to be empty")
    assert await room.length() == 1
    assert len(await room.kept.aside()) == 1


async def test_when_it_came_in_is_what_the_mailbox_says(room: Mailroom, dovecot: Dovecot) -> None:
    """LCCJTI art. 31."""
    before = room.runtime.clock.now()
    dovecot.put("deuxieme", mail())
    await poll(poller(room, dovecot, "deuxieme"))
    (commit,) = [each async for each in room.runtime.log.read()]
    assert abs((commit.events[0].occurred_at - before).total_seconds()) < 60


async def test_taken_mail_is_moved_where_the_town_names_a_folder(room: Mailroom, dovecot: Dovecot) -> None:
    dovecot.put("troisieme", mail())
    await poll(poller(room, dovecot, "troisieme", done_folder="Pris"))
    assert dovecot.flags("troisieme") == []
    assert dovecot.flags("troisieme", "Pris") == [()]


async def test_a_crash_before_it_is_taken_out_changes_nothing_when_it_is_polled_again(
    room: Mailroom, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: Any) -> None:
        raise OSError("cut off, imaginarily")

    dovecot.put("quatrieme", mail())
    with monkeypatch.context() as patch:
        patch.setattr(imap, "_remove", crash)
        with pytest.raises(OSError, match="cut off"):
            await poll(poller(room, dovecot, "quatrieme"))
    assert dovecot.flags("quatrieme") == [()]
    await poll(poller(room, dovecot, "quatrieme"))
    assert dovecot.flags("quatrieme") == []
    assert await room.length() == 1


async def test_a_mailbox_that_was_made_anew_is_taken_without_a_second_request(room: Mailroom, dovecot: Dovecot) -> None:
    """Its UIDVALIDITY is another one, and the same UIDs are other mails: nothing is remembered by them."""
    polled = poller(room, dovecot, "cinquieme", folder="Courrier", done_folder="Pris")
    dovecot.put("cinquieme", mail("Un."), folder="Courrier")
    await poll(polled)
    with dovecot.client("cinquieme") as client:
        first = client.folder_status("Courrier", ["UIDVALIDITY"])[b"UIDVALIDITY"]
        client.delete_folder("Courrier")

    def made_anew() -> bool:
        """Dovecot numbers folders by the second."""
        with dovecot.client("cinquieme") as client:
            client.create_folder("Courrier")
            if client.folder_status("Courrier", ["UIDVALIDITY"])[b"UIDVALIDITY"] != first:
                return True
            client.delete_folder("Courrier")
            return False

    await wait_until(made_anew, 30, what="another UIDVALIDITY")
    dovecot.put("cinquieme", mail("Un."), mail("Deux."), folder="Courrier")
    await poll(polled)
    assert await room.length() == 2


async def test_two_instances_on_one_mailbox_take_each_mail_once(room: Mailroom, dovecot: Dovecot) -> None:
    dovecot.put("sixieme", *(mail(f"Trou {n}.") for n in range(10)))
    async with at_work(poller(room, dovecot, "sixieme"), poller(room, dovecot, "sixieme")):
        await wait_until(lambda: dovecot.flags("sixieme") == [], 30, what="the mailbox to be empty")
    assert await room.length() == 10


async def test_mail_stays_in_the_mailbox_while_the_log_is_away(
    room: Mailroom, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any, **__: Any) -> None:
        raise RetryableError("the log is away, imaginarily")

    dovecot.put("septieme", mail("Un."), mail("Deux."))
    monkeypatch.setattr(room.reception, "take", away)
    polled = poller(room, dovecot, "septieme")
    for _ in range(TRIES_MAX + 1):
        assert await poll(polled) is False
    assert dovecot.flags("septieme") == [(), ()]


async def test_a_mail_that_fails_again_and_again_is_flagged_for_a_person_and_holds_nothing_up(
    room: Mailroom, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = room.reception.take

    async def defect(raw: bytes, **details: Any) -> Any:
        if b"Un." in raw:
            raise KeyError("a defect of ours, imaginarily")
        return await take(raw, **details)

    dovecot.put("huitieme", mail("Un."), mail("Deux."))
    monkeypatch.setattr(room.reception, "take", defect)
    polled = poller(room, dovecot, "huitieme")
    for _ in range(TRIES_MAX):
        await poll(polled)
    assert dovecot.flags("huitieme") == [(b"\\Flagged",)]
    assert await room.length() == 1


async def test_what_is_too_large_is_flagged_and_never_fetched(
    room: Mailroom, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "MAIL_BYTES_MAX", 1_000)
    dovecot.put("neuvieme", mail("Long. " * 500), mail("Court."))
    await poll(poller(room, dovecot, "neuvieme"))
    assert dovecot.flags("neuvieme") == [(b"\\Flagged",)]
    assert await room.length() == 1


async def test_a_mailbox_with_more_than_a_batch_is_polled_on_at_once(
    room: Mailroom, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "BATCH_MAX", 2)
    dovecot.put("dixieme", *(mail(f"Trou {n}.") for n in range(5)))
    polled = poller(room, dovecot, "dixieme")
    assert [await poll(polled) for _ in range(3)] == [True, True, False]
    assert await room.length() == 5


async def test_a_server_that_is_away_is_polled_again(room: Mailroom, dovecot: Dovecot) -> None:
    lost = MailboxPoller(room.reception, Mailbox("127.0.0.1", 1, "personne", PASSWORD, with_tls=False, every_s=0.01))
    async with at_work(lost):
        assert lost.not_ready() is None
    with pytest.raises(OSError, match="refused"):
        await poll(lost)
