"""A mail as mail systems read it: addresses, headers, and one text as plain and as HTML."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from clic_contracts.vocabulary import Language

from .error import RefusedError

LINE_MAX = 76
"""Characters in a line of quoted-printable at most (RFC 2045 section 6.7)."""

_WORDS = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")


class AddressError(RefusedError):
    """No mail can be sent to this address."""

    code = "address"


@dataclass(frozen=True, slots=True)
class Heading:
    """Where a mail comes from, and what it is known by."""

    message_id: str
    """In its angle brackets (RFC 5322); the same for the same mail, however often it is sent."""
    sender: str
    """The name that it comes from, in the mail's language."""
    address: str
    """Where it comes from, where answers go, and where it comes back."""
    language: Language
    written_at: dt.datetime
    boundary: str
    """What stands between its parts; unique among mails."""


def recipient(to: str) -> Address:
    """An address, as mail systems read it.

    Raises:
        AddressError: it is none.
    """
    try:
        local, _, domain = to.rpartition("@")
        if _WORDS.fullmatch(local) and not local.isascii():  # RFC 6531, which the library reads but as a defect
            address = Address(username=local, domain=Address(addr_spec=f"x@{_ascii_domain(domain)}").domain)
        else:
            address = Address(addr_spec=f"{local}@{_ascii_domain(domain)}")
    except (HeaderParseError, ValueError, IndexError) as error:
        raise AddressError("the e-mail address that is known is none: correct it first") from error
    if not address.username or not address.domain:
        raise AddressError("the e-mail address that is known is none: correct it first")
    return address


def _ascii_domain(domain: str) -> str:
    """A domain with accents in the form that every mail system takes (RFC 5890)."""
    return domain if domain.isascii() else domain.encode("idna").decode("ascii")


def mail_of(heading: Heading, to: str, subject: str, text: str, as_html: str) -> EmailMessage:
    """A mail as a mail client reads it; the same mail is always the same, byte for byte.

    Raises:
        AddressError: no mail can be sent to `to`.
    """
    who = recipient(to)
    message = EmailMessage(policy=(SMTP if who.username.isascii() else SMTPUTF8).clone(max_line_length=LINE_MAX))
    message["From"] = Address(heading.sender, addr_spec=heading.address)
    message["To"] = who
    message["Reply-To"] = heading.address
    message["Subject"] = subject
    message["Date"] = format_datetime(heading.written_at)
    message["Message-ID"] = heading.message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: so that no absence notice answers it
    message.set_content(text, charset="utf-8", cte="quoted-printable")
    message.add_alternative(as_html, subtype="html", charset="utf-8", cte="quoted-printable")
    message["Content-Language"] = heading.language.value  # RFC 3282; what stands before the content goes into a part
    message.set_boundary(heading.boundary)
    return message
