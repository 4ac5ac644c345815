"""The ways in for mail, as settings open them: none is open by default."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from fastapi import FastAPI

from clic_chassis.decision import Decisions
from clic_chassis.service import Component, Runtime
from clic_chassis.settings import SettingsError
from clic_contracts.town import Town
from clic_intake.api.mail import Mails, add_mails
from clic_intake.api.staff import staff_of
from clic_intake.api.story import Stories
from clic_intake.core.thread import Ours
from clic_intake.desk import Desk
from clic_intake.desk_page.mails import add_mail_pages
from clic_intake.letter.bounce import Bounces
from clic_intake.personal.attachments import Attachments
from clic_intake.register import Register
from clic_intake.seal import MasterKey
from clic_intake.settings import IntakeSettings

from .contact import Contacts
from .imap import Mailbox, MailboxPoller
from .kept import KeptMails
from .lmtp import Listening, MailServer
from .reception import PUBLISHER, Reception
from .settings import MailSettings

IDENTITIES = "identities of mails 1"
_PORTS = {"imaps": 993, "imap": 143}


def ours_of(settings: MailSettings, town: Town) -> Ours:
    """The desk's addresses."""
    others = (each.strip().lower() for each in settings.mail_addresses.split(","))
    return Ours((town.correspondence.address.lower(), *(each for each in others if each)))


def add_mail(
    api: FastAPI,
    runtime: Runtime[IntakeSettings],
    master: MasterKey,
    register: Register,
    decisions: Decisions,
    desk: Desk,
) -> list[Component]:
    """Add the routes; gives the components that take mail, and the one that forgets what was set aside.

    Raises:
        SettingsError: the mailbox's URL does not name one, or the town does not know the publisher `courriel`.
        ClicError: nobody can listen on a port.
    """
    ours = ours_of(runtime.settings, runtime.town)
    kept = KeptMails(runtime.pool, register, runtime.clock)
    reception = Reception(
        desk,
        register,
        Attachments(runtime.nats, register, decisions, runtime.log),
        Contacts(runtime.pool, master),
        kept,
        bounced=Bounces(decisions, runtime.clock).bounced,
        log=runtime.log,
        clock=runtime.clock,
        ours=ours,
        identity_digest=master.digester(IDENTITIES),
    )
    stories = Stories(runtime.log, runtime.town)
    mails = Mails(kept, reception, stories, register, runtime.clock)
    add_mails(api, mails, at_desk=staff_of(runtime.town))
    add_mail_pages(api, mails, runtime.town, runtime.clock)
    ways = _ways_in(runtime.settings, reception, ours)
    if ways and PUBLISHER not in runtime.town.publisher_by_code:
        raise SettingsError(
            f"mail is to come in, but publishers.yaml knows no {PUBLISHER}: add it, or close the ways in"
        )
    return [kept, *ways]


def _ways_in(settings: MailSettings, reception: Reception, ours: Ours) -> list[Component]:
    ports = ((settings.lmtp_port, True), (settings.smtp_in_port, False))
    servers: list[Component] = [
        MailServer(reception, ours, Listening(settings.lmtp_host, port, is_lmtp))
        for port, is_lmtp in ports
        if port is not None
    ]
    mailbox = mailbox_of(settings)
    return [*servers, *([MailboxPoller(reception, mailbox)] if mailbox is not None else [])]


def mailbox_of(settings: MailSettings) -> Mailbox | None:
    """The mailbox that settings name; None: none. Raises SettingsError as `add_mail`."""
    if settings.imap_url is None:
        return None
    url = urlsplit(settings.imap_url)
    if url.scheme not in _PORTS or not url.hostname or not url.username or settings.imap_password is None:
        raise SettingsError(
            "CLIC_IMAP_URL must read imaps://user@host/folder (@ in the user's name as %40), "
            "and CLIC_IMAP_PASSWORD must be set"
        )
    return Mailbox(
        host=url.hostname,
        port=url.port or _PORTS[url.scheme],
        user=unquote(url.username),
        password=settings.imap_password.get_secret_value(),
        folder=unquote(url.path.strip("/")) or "INBOX",
        done_folder=settings.imap_done_folder,
        with_tls=url.scheme == "imaps",
        ca_file=settings.imap_ca_file,
        every_s=settings.imap_poll_s,
    )
