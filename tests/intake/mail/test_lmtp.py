"""Mail by LMTP and SMTP, from the standard library's clients and byte by byte."""

from __future__ import annotations

import asyncio
import logging
import smtplib
from typing import Any

import aiosmtplib
import pytest
from tests.intake.mail.mailroom import Mailroom
from tests.intake.mail.post import DESK, bounce, large, mail

from clic_chassis.error import ClicError, RetryableError
from clic_chassis.testing import at_work
from clic_intake.core.mail import MAIL_BYTES_MAX
from clic_intake.mail import lmtp
from clic_intake.mail.lmtp import Listening, MailServer
from clic_intake.mail.reception import Taken

SENDER = "camille@exemple.invalid"


async def by_lmtp(room: Mailroom, raw: bytes, *, to: str = DESK) -> None:
    """Bring a mail as a mail server does."""

    def bring() -> None:
        with smtplib.LMTP("127.0.0.1", room.lmtp.port) as client:
            client.sendmail(SENDER, [to], raw)

    await asyncio.to_thread(bring)


async def talk(port: int, *lines: bytes) -> list[bytes]:
    """What a server answers to lines, each sent once the one before was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = [await reader.readline()]
    for line in lines:
        writer.write(line + b"\r\n")
        answer = await reader.readline()
        while answer[3:4] == b"-":
            answer = await reader.readline()
        answers.append(answer)
    writer.close()
    await writer.wait_closed()
    return answers


async def test_what_a_mail_server_brings_by_lmtp_is_in_the_log_when_it_is_told_so(room: Mailroom) -> None:
    """POL-10, POL-14."""
    await by_lmtp(room, mail())
    assert await room.length() == 1


async def test_a_mail_client_s_library_brings_it_by_smtp(room: Mailroom) -> None:
    await aiosmtplib.send(mail(), sender=SENDER, recipients=[DESK], hostname="127.0.0.1", port=room.smtp.port)
    assert await room.length() == 1


async def test_brought_again_because_the_answer_was_lost_it_is_one_request(room: Mailroom) -> None:
    for _ in range(2):
        await by_lmtp(room, mail())
    assert await room.length() == 1


async def test_a_connection_cut_before_the_answer_loses_nothing(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored and not yet answered: the mail server brings it again, and finds it known."""
    take = room.reception.take

    async def taken_and_cut(raw: bytes, **details: Any) -> Taken:
        taken = await take(raw, **details)
        for each in list(room.lmtp._open):
            each.transport.abort()  # type: ignore[union-attr]  # It is open: it brought this mail.
        await asyncio.sleep(0)
        return taken

    with monkeypatch.context() as patch:
        patch.setattr(room.reception, "take", taken_and_cut)
        with pytest.raises(smtplib.SMTPServerDisconnected):
            await by_lmtp(room, mail())
    await by_lmtp(room, mail())
    assert await room.length() == 1


@pytest.mark.parametrize("error", [RetryableError("the log is away"), KeyError("a defect of ours")])
async def test_what_cannot_be_stored_now_is_to_be_brought_again(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def away(*_: Any, **__: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(room.reception, "take", away)
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await by_lmtp(room, mail())
    assert refused.value.smtp_code == 451
    await by_lmtp(room, mail())
    assert await room.length() == 1


async def test_the_largest_mail_is_taken_and_a_larger_one_is_refused_with_the_limit(room: Mailroom) -> None:
    await by_lmtp(room, large(MAIL_BYTES_MAX - 1_000_000))
    assert await room.length() > 0
    length = await room.length()
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        await by_lmtp(room, large(MAIL_BYTES_MAX + 1_000_000))
    assert (refused.value.smtp_code, b"size exceeds" in refused.value.smtp_error) == (552, True)
    assert await room.length() == length


async def test_one_that_does_not_say_its_size_is_refused_all_the_same(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lmtp, "MAIL_BYTES_MAX", 1_000)
    said = (b"LHLO a", b"MAIL FROM:<a@exemple.invalid>", f"RCPT TO:<{DESK}>".encode(), b"DATA", b"x" * 2_000 + b"\r\n.")
    assert (await talk(room.lmtp.port, *said))[-1].startswith(b"552 ")


async def test_mail_for_somebody_else_is_refused(room: Mailroom) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        await by_lmtp(room, mail(), to="autre@exemple.invalid")
    assert refused.value.recipients["autre@exemple.invalid"][0] == 550
    await by_lmtp(room, mail(), to="CLIC+suivi@villemsh.ca")
    assert await room.length() == 1


async def test_each_mail_has_one_recipient_so_that_each_reply_is_about_one(room: Mailroom) -> None:
    """RFC 2033 4.2: a reply for each recipient, which the library does not give."""
    to = f"RCPT TO:<{DESK}>".encode()
    said = (b"LHLO a", b"MAIL FROM:<a@exemple.invalid>", to, to, b"DATA", mail() + b"\r\n.")
    answers = await talk(room.lmtp.port, *said)
    assert [each[:3] for each in answers] == [b"220", b"250", b"250", b"250", b"452", b"354", b"250"]


async def test_a_notification_comes_from_nobody(room: Mailroom) -> None:
    """RFC 5321 4.5.5: MAIL FROM:<> is taken, and answered by no letter."""
    said = (
        b"LHLO a",
        b"MAIL FROM:<>",
        f"RCPT TO:<{DESK}>".encode(),
        b"DATA",
        bounce("<1@ailleurs.invalid>") + b"\r\n.",
    )
    assert (await talk(room.lmtp.port, *said))[-1].startswith(b"250 ")
    assert [each.reason for each in await room.kept.aside()] == ["bounce"]


async def test_more_mails_at_once_than_are_held_are_to_come_later(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lmtp, "SESSIONS_MAX", 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", room.lmtp.port)
    writer.write(b"LHLO a\r\nMAIL FROM:<a@exemple.invalid>\r\n")
    while not (await reader.readline()).startswith(b"250 2.1.0"):
        continue
    said = (b"LHLO a", b"MAIL FROM:<b@exemple.invalid>")
    assert (await talk(room.lmtp.port, *said))[-1].startswith(b"451 ")
    writer.write(b"RSET\r\n")
    assert (await reader.readline()).startswith(b"250 ")
    assert (await talk(room.lmtp.port, *said))[-1].startswith(b"250 ")
    writer.close()
    await writer.wait_closed()


async def test_no_log_line_tells_who_wrote_or_what(
    room: Mailroom, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """POL-30."""
    with caplog.at_level(logging.DEBUG):
        await by_lmtp(room, mail())
    told = caplog.text + "".join(capsys.readouterr())
    assert "mail_taken" in told
    assert [word for word in ("camille", "Camille", "Inventée", "Nid-de-poule") if word in told] == []


async def test_a_server_that_is_told_to_stop_ends_with_its_connections(room: Mailroom) -> None:
    """At the end of the fixture the others do, too: `at_work` bounds it."""
    server = MailServer(room.reception, room.lmtp._handler.ours, Listening("127.0.0.1", 0, is_lmtp=True))
    async with at_work(server):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert (await reader.readline()).startswith(b"220 ")
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_a_port_that_is_taken_is_named_with_its_variable(room: Mailroom) -> None:
    taken = Listening("127.0.0.1", room.smtp.port, is_lmtp=False)
    with pytest.raises(ClicError, match="CLIC_SMTP_IN_PORT"):
        MailServer(room.reception, room.smtp._handler.ours, taken)
