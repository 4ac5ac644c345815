"""A mail server (aiosmtpd) for tests: keeps what it takes, and refuses, hangs or hangs up where a test wants it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class PostOffice:
    """What the server took, and how it answers."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.senders: list[str] = []
        self.recipients: list[list[str]] = []
        self.answers: list[tuple[str, str]] = []
        """What to answer to the next commands: `("rcpt", "450 4.2.1 …")`; each once, in order."""
        self.hangs_up_at: str | None = None
        """`data`: as if the server died while it had the text; it keeps the letter first."""
        self.url = ""

    @property
    def messages(self) -> list[EmailMessage]:
        """What it took, as a mail client reads it."""
        read = [message_from_bytes(each, policy=policy.default) for each in self.raw]
        assert all(isinstance(each, EmailMessage) for each in read)
        return read

    def subjects(self) -> list[str]:
        """The subjects of what it took."""
        return [str(each["Subject"]) for each in self.messages]

    def _answer(self, command: str) -> str | None:
        for index, (what, answer) in enumerate(self.answers):
            if what == command:
                del self.answers[index]
                return answer
        return None

    # -- aiosmtpd's handler ---------------------------------------------------------------------------------------

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The envelope's sender."""
        del server, session
        if answer := self._answer("mail"):
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The envelope's recipient."""
        del server, session
        if answer := self._answer("rcpt"):
            return answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """The letter itself."""
        del session
        if answer := self._answer("data"):
            return answer
        assert isinstance(envelope.original_content, bytes)
        self.raw.append(envelope.original_content)
        self.senders.append(envelope.mail_from or "")
        self.recipients.append(list(envelope.rcpt_tos))
        if self.hangs_up_at == "data":
            transport: Any = server.transport
            transport.abort()
        return "250 2.0.0 taken"


def part(message: EmailMessage, kind: str) -> str:
    """The text of one part, as a mail client shows it."""
    body = message.get_body((kind,))
    assert isinstance(body, EmailMessage)
    text: str = body.get_content()
    return text


@asynccontextmanager
async def open_post_office() -> AsyncIterator[PostOffice]:
    """A post office on a port of its own, in the test's loop."""
    office = PostOffice()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(office, hostname="exemple.invalid", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
    )
    office.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield office
    finally:
        server.close()
        await server.wait_closed()
