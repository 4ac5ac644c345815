"""Mail out of a mailbox (IMAP4rev1, RFC 3501), by IMAPClient: polled, and taken out only once the log has it.

Nothing is remembered here. What lies in the folder is still to be taken; what was taken is deleted, or moved to a
folder that the town names; what a person has to look at stays, flagged. UIDs are used within one connection alone, so
that a new UIDVALIDITY means nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import logging
import ssl
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from imapclient import DELETED, FLAGGED, IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError

from clic_chassis import failure
from clic_chassis.pause import pause
from clic_intake.core.mail import MAIL_BYTES_MAX

from .reception import MAILS, NotTakenError, Reception

log = structlog.get_logger()

BATCH_MAX = 50
"""Mails taken in one connection; the rest is taken in the next, at once."""
TIMEOUT_S = 30.0
TRIES_MAX = 5
"""Times that a mail may fail before it is flagged and left to a person; a server that is away does not count."""
FAILING_MAX = 1000
"""Failing mails that are told apart."""
WAY = "imap"
BACKOFF_MAX_S = 600.0
"""Between polls of a server that does not answer."""

logging.getLogger("imapclient").setLevel(logging.WARNING)  # At `debug` it logs what it reads (POL-30).


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where mail is polled."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    done_folder: str | None = None
    """Where taken mail is moved; None: it is deleted, since the log has it."""
    with_tls: bool = True
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""
    every_s: float = 60.0


@dataclass(frozen=True, slots=True)
class _Found:
    """A mail of the folder."""

    uid: int
    size_bytes: int
    arrived_at: dt.datetime | None


class MailboxPoller:
    """Polls a mailbox as a component of the service; several instances may poll the same one."""

    name = "mailbox"

    def __init__(self, reception: Reception, mailbox: Mailbox) -> None:
        self._reception = reception
        self._mailbox = mailbox
        self._tries: Counter[str] = Counter()
        """Failures by digest of the mail; emptied where it would grow beyond `FAILING_MAX`."""

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until told to stop."""
        failures = 0
        while not stop.is_set():
            try:
                more = await self.poll(stop)
                failures = 0
            except (IMAPClientError, OSError) as error:
                failures += 1
                more = False
                log.warning("mailbox_not_reached", error=failure.reason_of(error), failures=failures)
            if not more:
                wait_s = min(max(BACKOFF_MAX_S, self._mailbox.every_s), self._mailbox.every_s * 2 ** min(failures, 10))
                await pause(stop, wait_s)

    async def poll(self, stop: asyncio.Event) -> bool:
        """Take what lies in the folder, `BATCH_MAX` mails at most; whether there is more.

        Raises:
            IMAPClientError, OSError: the server does not answer, or refuses.
        """
        client = await asyncio.to_thread(_open, self._mailbox)
        try:
            found, more = await asyncio.to_thread(_look, client)
            for each in found:
                if stop.is_set() or not await self._take(client, each):
                    return False
            return more
        finally:
            await asyncio.to_thread(_close, client)

    async def _take(self, client: IMAPClient, found: _Found) -> bool:
        """Take one mail; False: not now, and the rest waits for the next poll."""
        if found.size_bytes > MAIL_BYTES_MAX:
            await self._leave(client, found, "too_large")
            return True
        raw = await asyncio.to_thread(_fetch, client, found.uid)
        if raw is None:
            return True  # Another instance took it, or a person moved it.
        digest = hashlib.sha256(raw).hexdigest()
        try:
            await self._reception.take(raw, way=WAY, arrived_at=found.arrived_at)
        except Exception as error:  # noqa: BLE001 - whatever it is, the mail stays where it is
            log.warning("mail_not_taken", way=WAY, size_bytes=found.size_bytes, error=failure.reason_of(error))
            if failure.is_outage(error) or isinstance(error, NotTakenError):
                return False
            await self._failed(client, found, digest)
            return True
        self._tries.pop(digest, None)
        await asyncio.to_thread(_remove, client, found.uid, self._mailbox.done_folder)
        return True

    async def _failed(self, client: IMAPClient, found: _Found, digest: str) -> None:
        if len(self._tries) >= FAILING_MAX:
            self._tries.clear()
        self._tries[digest] += 1
        if self._tries[digest] >= TRIES_MAX:
            del self._tries[digest]
            await self._leave(client, found, "failed")

    async def _leave(self, client: IMAPClient, found: _Found, why: str) -> None:
        """Flag a mail: it stays in the folder and is not looked at until a person takes the flag off."""
        await asyncio.to_thread(client.add_flags, [found.uid], [FLAGGED])
        MAILS.labels(WAY, why).inc()
        log.error("mail_left_flagged", way=WAY, why=why, size_bytes=found.size_bytes)

    def not_ready(self) -> str | None:
        """Always ready: a mailbox that is away keeps its mail."""
        return None


# -- what blocks, in threads ----------------------------------------------------------------------------------------


def _open(mailbox: Mailbox) -> IMAPClient:
    context = ssl.create_default_context(cafile=mailbox.ca_file) if mailbox.with_tls else None
    client = IMAPClient(
        mailbox.host,
        mailbox.port,
        ssl=mailbox.with_tls,
        ssl_context=context,
        timeout=SocketTimeout(TIMEOUT_S, TIMEOUT_S),
    )
    try:
        client.normalise_times = False  # Instants with their offset.
        client.login(mailbox.user, mailbox.password)
        if mailbox.done_folder is not None and not client.folder_exists(mailbox.done_folder):
            client.create_folder(mailbox.done_folder)
        client.select_folder(mailbox.folder)
    except BaseException:
        _close(client)
        raise
    return client


def _close(client: IMAPClient) -> None:
    with contextlib.suppress(IMAPClientError, OSError):  # It is gone already.
        client.logout()


def _look(client: IMAPClient) -> tuple[list[_Found], bool]:
    """The oldest mails that nobody flagged, and whether there are more."""
    uids = sorted(client.search(["UNDELETED", "UNFLAGGED"]))
    told = client.fetch(uids[:BATCH_MAX], ["RFC822.SIZE", "INTERNALDATE"]) if uids else {}
    found = [_Found(uid, each[b"RFC822.SIZE"], each.get(b"INTERNALDATE")) for uid, each in sorted(told.items())]
    return found, len(uids) > BATCH_MAX


def _fetch(client: IMAPClient, uid: int) -> bytes | None:
    """The mail as it came, without marking it as read; None: it is gone."""
    raw = client.fetch([uid], ["BODY.PEEK[]"]).get(uid, {}).get(b"BODY[]")
    return raw if isinstance(raw, bytes) else None


def _remove(client: IMAPClient, uid: int, done_folder: str | None) -> None:
    """Take a mail out of the folder; a crash before it is harmless, the mail is known when it comes again."""
    if done_folder is not None and client.has_capability("MOVE"):
        client.move([uid], done_folder)
        return
    if done_folder is not None:
        client.copy([uid], done_folder)
    client.add_flags([uid], [DELETED])
    client.expunge([uid] if client.has_capability("UIDPLUS") else None)
