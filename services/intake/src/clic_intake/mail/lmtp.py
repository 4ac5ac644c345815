"""Mail in by LMTP (RFC 2033) or SMTP (RFC 5321): 250 is said only once the log has it.

A mail server stands in front: it speaks TLS, turns spam away, and keeps what it is told to bring again (4xx).
"""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import dataclass, field
from weakref import WeakSet

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from clic_chassis import failure
from clic_chassis.error import ClicError
from clic_intake.core.mail import MAIL_BYTES_MAX
from clic_intake.core.thread import Ours

from .reception import Reception

log = structlog.get_logger()

SESSIONS_MAX = 16
"""Mails under way at once: each may hold its 25 MB in memory. Who comes beyond is asked to come again."""
LINE_BYTES_MAX = 1024 * 1024
"""RFC 5321 allows 998; what some programs send in one line is taken all the same, up to here."""
SESSION_TIMEOUT_S = 300.0
"""RFC 5321 4.5.3.2: how long the next command or piece is waited for."""

logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)  # The library logs who writes to whom (POL-30).


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server listens, and what it speaks."""

    host: str
    port: int
    is_lmtp: bool


@dataclass(slots=True)
class _Handler:
    """What aiosmtpd asks; answers are an SMTP status, an enhanced one (RFC 3463) and a sentence."""

    reception: Reception
    ours: Ours
    way: str
    under_way: set[SMTP] = field(default_factory=set)
    """Connections that are handing a mail over; bounded by `SESSIONS_MAX`."""

    async def handle_MAIL(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """A sender; "" for who is not to be answered."""
        del session
        if len(self.under_way - {server}) >= SESSIONS_MAX:
            return "451 4.3.2 Too many mails at once: try again later"
        self.under_way.add(server)
        envelope.mail_from = address or ""
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """A recipient; one for each mail, since each has a reply of its own in LMTP and they would all be the same."""
        del server, session
        if not self.ours.is_address(address):
            return "550 5.1.1 No such mailbox here"
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient for each mail: send it again for the others"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the library's
        """The mail itself."""
        del session
        raw = envelope.original_content or b""
        try:
            await self.reception.take(raw, way=self.way, returns_to=envelope.mail_from)
        except Exception as error:  # noqa: BLE001 - whatever it is, the mail stays where it is and comes again
            log.warning("mail_not_taken", way=self.way, size_bytes=len(raw), error=failure.reason_of(error))
            return "451 4.3.0 It could not be stored now: try again later"
        finally:
            self.under_way.discard(server)
        return "250 2.0.0 Stored"

    async def handle_RSET(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the library's
        """A mail was broken off."""
        del session, envelope
        self.under_way.discard(server)
        return "250 2.0.0 OK"

    async def handle_exception(self, error: Exception) -> str:
        """An error of the library's own: its text may hold what was sent, and is neither logged nor told."""
        log.warning("mail_session_failed", way=self.way, error=failure.reason_of(error))
        return "451 4.3.0 Try again later"


class _Connection(SMTP):
    """A connection, which frees its place when it ends."""

    line_length_limit = LINE_BYTES_MAX

    def connection_lost(self, error: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self.event_handler.under_way.discard(self)
        super().connection_lost(error)


class _LmtpConnection(_Connection, LMTP):
    """The same, greeted with LHLO."""


class MailServer:
    """Listens for mail as a component of the service."""

    def __init__(self, reception: Reception, ours: Ours, listening: Listening) -> None:
        """Raises ClicError where nobody can listen there."""
        self.name = "lmtp" if listening.is_lmtp else "smtp"
        self._handler = _Handler(reception, ours, self.name)
        self._connection = _LmtpConnection if listening.is_lmtp else _Connection
        self._open: WeakSet[_Connection] = WeakSet()
        try:
            self._socket = socket.create_server((listening.host, listening.port))
        except OSError as error:
            variable = "CLIC_LMTP_PORT" if listening.is_lmtp else "CLIC_SMTP_IN_PORT"
            where = f"{listening.host}:{listening.port}"
            raise ClicError(f"{variable}: nobody can listen for mail on {where}: {error.strerror}") from error

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._socket.getsockname()[1])

    async def run(self, stop: asyncio.Event) -> None:
        """Take mail until told to stop; what is under way then is broken off, and brought again."""
        server = await asyncio.get_running_loop().create_server(self._connected, sock=self._socket)
        log.info("mail_server_listens", way=self.name, port=self.port)
        try:
            await stop.wait()
        finally:
            server.close()
            for each in list(self._open):
                if each.transport is not None:
                    each.transport.close()
            await server.wait_closed()

    def _connected(self) -> _Connection:
        connection = self._connection(
            self._handler,
            data_size_limit=MAIL_BYTES_MAX,
            enable_SMTPUTF8=True,
            hostname=self._handler.ours.domain,
            ident="CLIC",
            timeout=SESSION_TIMEOUT_S,
        )
        self._open.add(connection)
        return connection

    def not_ready(self) -> str | None:
        """Always ready: what cannot be stored is answered 451, and comes again."""
        return None
