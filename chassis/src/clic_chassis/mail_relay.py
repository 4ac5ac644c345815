"""Hands mail to a mail server by SMTP (RFC 5321), and tells what certainly did not go out from what may have."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPRecipientRefused, SMTPResponseException
from pydantic import Field, SecretStr

from .error import ClicError
from .mail import recipient
from .nats_credential import tls_context
from .settings import Settings, SettingsError

STATUS = re.compile(r"\b([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
"""An enhanced status code (RFC 3463)."""

COMMAND_TIMEOUT_S = 30.0
"""For the connection and each command before the text; RFC 5321 allows five minutes, one's own relay needs less."""
DATA_TIMEOUT_S = 120.0
"""For the text and the answer to it. After that nobody knows."""

_TEMPORARY = 400
_FINAL = 500
"""Reply codes from here on: not now, and never (RFC 5321 section 4.2.1)."""


class NotTakenError(ClicError):
    """The mail server certainly did not take the mail; later it may."""

    def __init__(self, why: str, status: str | None = None) -> None:
        super().__init__(why)
        self.status = status


class RejectedError(ClicError):
    """The mail server certainly did not take the mail, and never will."""

    def __init__(self, why: str, status: str | None = None) -> None:
        super().__init__(why)
        self.status = status


class DoubtError(ClicError):
    """The connection ended while the mail was handed over: it may have gone out."""


class SmtpSettings(Settings):
    """How mail goes out."""

    smtp_url: str | None = Field(
        default=None, description="The mail server that mail goes out by, smtp://host:port; not set: it waits."
    )
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_ca_file: Path | None = Field(
        default=None, description="By whom its certificate is signed; not set: by one that the system trusts."
    )
    smtp_tls: Literal["starttls", "implicit", "none"] = Field(
        default="starttls", description="`starttls` and `implicit` insist on it; `none` for one on this machine alone."
    )


@dataclass(frozen=True, slots=True)
class RelayAddress:
    """Where the mail server is, and how to speak with it."""

    host: str
    port: int
    tls: str
    user: str | None = None
    password: str | None = None
    ca_file: Path | None = None


def relay_of(settings: SmtpSettings) -> RelayAddress | None:
    """The mail server of a service; None: there is none.

    Raises:
        SettingsError: its address is none, or half a sign-in is given.
    """
    if settings.smtp_url is None:
        return None
    password = settings.smtp_password.get_secret_value() if settings.smtp_password is not None else None
    if (settings.smtp_user is None) != (password is None):
        raise SettingsError("CLIC_SMTP_USER, CLIC_SMTP_PASSWORD: give both, or neither")
    address = relay_address(settings.smtp_url, settings.smtp_tls, settings.smtp_user, password)
    return replace(address, ca_file=settings.smtp_ca_file)


def relay_address(url: str, tls: str, user: str | None, password: str | None) -> RelayAddress:
    """The address that settings give.

    Raises:
        SettingsError: the URL is none, or a password would go out in clear.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"CLIC_SMTP_URL: {error}") from error
    if parts.scheme != "smtp" or not parts.hostname or parts.username or parts.path not in ("", "/"):
        raise SettingsError("CLIC_SMTP_URL: write smtp://host:port; CLIC_SMTP_USER and CLIC_SMTP_PASSWORD say who")
    if user is not None and tls == "none":
        raise SettingsError("CLIC_SMTP_TLS=none would send the password in clear: use starttls or implicit")
    usual = {"starttls": 587, "implicit": 465, "none": 25}[tls]
    return RelayAddress(parts.hostname, port or usual, tls, user, password)


class Relay:
    """One connection to the mail server, for a few mails one after another."""

    def __init__(self, address: RelayAddress, own_name: str) -> None:
        """`own_name` is the domain that we say we are."""
        self._client = SMTP(
            local_hostname=own_name,
            hostname=address.host,
            port=address.port,
            username=address.user,
            password=address.password,
            use_tls=address.tls == "implicit",
            start_tls=address.tls == "starttls",
            tls_context=tls_context(address.ca_file, None, None) if address.tls != "none" else None,
            timeout=COMMAND_TIMEOUT_S,
        )

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            NotTakenError: the server is away, or does not let us in.
        """
        try:
            await self._client.connect()
        except (SMTPException, OSError, ValueError) as error:  # ValueError: a certificate that fits not
            self._client.close()
            raise NotTakenError(f"no connection to the mail server ({type(error).__name__})") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say goodbye; whatever was handed over is the server's by then."""
        with suppress(SMTPException, OSError):
            await self._client.quit(timeout=COMMAND_TIMEOUT_S)
        self._client.close()

    async def send(
        self, message: EmailMessage, sender: str, to: str, envelope_id: str, begin: Callable[[], Awaitable[bool]]
    ) -> bool:
        """Hand one mail over. `begin` leaves a trace before the text goes; False: it said not to.

        Raises:
            NotTakenError, RejectedError: it certainly did not go out.
            DoubtError: it may have.
            AddressError: no mail can be sent to `to`.
            RetryableError: from `begin`; it certainly did not go out.
        """
        who = recipient(to)
        international = not who.username.isascii()
        await self._envelope(sender, who.addr_spec, envelope_id, international=international)
        if not await begin():
            await self._forget()
            return False
        try:
            await self._client.data(message.as_bytes(), timeout=DATA_TIMEOUT_S)
        except (SMTPException, OSError, ValueError) as error:
            if isinstance(error, SMTPResponseException) and error.code >= _TEMPORARY:
                await self._forget()
                raise _refused(error, "the mail server did not take the mail") from error
            self._client.close()  # Cut off, no answer in time, or one that means nothing.
            raise DoubtError(f"cut off while handing over ({type(error).__name__})") from error
        return True

    async def _envelope(self, sender: str, to: str, envelope_id: str, *, international: bool) -> None:
        """MAIL and RCPT: whatever goes wrong here, nothing went out."""
        try:
            if not self._client.is_connected:
                await self._client.connect()
            if self._client.is_ehlo_or_helo_needed:
                await self._client.ehlo()
            if international and not self._client.supports_extension("smtputf8"):
                raise RejectedError("the mail server takes no address with accents before the @", "5.6.7")
            notifies = self._client.supports_extension("dsn")
            options = ["SMTPUTF8", "BODY=8BITMIME"] if international else []
            await self._client.mail(
                sender,
                options=[*options, *(["RET=HDRS", f"ENVID={envelope_id}"] if notifies else [])],
                encoding="utf-8" if international else "ascii",
            )
        except (SMTPException, OSError, ValueError) as error:
            # Also a final refusal: it is about us (our address, our rights), not about the recipient's.
            await self._forget()
            raise NotTakenError(f"the mail server takes no mail now ({type(error).__name__})") from error
        try:
            await self._client.rcpt(
                to, options=["NOTIFY=FAILURE"] if notifies else [], encoding="utf-8" if international else "ascii"
            )
        except SMTPRecipientRefused as error:
            await self._forget()
            raise _refused(error, "the mail server refused the address") from error
        except (SMTPException, OSError, ValueError) as error:
            self._client.close()
            raise NotTakenError(f"the mail server went away ({type(error).__name__})") from error

    async def _forget(self) -> None:
        """Begin anew for the next mail; where even that fails, by a new connection."""
        try:
            await self._client.rset()
        except (SMTPException, OSError):
            self._client.close()


def _refused(error: SMTPResponseException, what: str) -> NotTakenError | RejectedError:
    """Reply codes say whether trying again helps. The text of an answer may hold the address, and is left out."""
    found = STATUS.search(error.message)
    status = found[1] if found else None
    why = f"{what} ({error.code})"
    return RejectedError(why, status) if error.code >= _FINAL else NotTakenError(why, status)
