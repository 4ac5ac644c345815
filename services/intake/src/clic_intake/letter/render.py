"""A letter as an e-mail: one text, plain and as HTML, with the headers that mail systems go by."""

from __future__ import annotations

import datetime as dt
import html
import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from clic_chassis.error import RefusedError
from clic_contracts.vocabulary import Language, RequestId

LINE_MAX = 76
"""Characters in a line of quoted-printable at most (RFC 2045 section 6.7)."""

_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
_ITEM = re.compile(r"[–-] ")
_OUR_MESSAGE_ID = re.compile(r"<?([0-9a-f-]{36})\.([0-9a-f-]{36})@([^<>\s@]+)>?")
_WORDS = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_STYLE = "font:16px/1.5 sans-serif;max-width:40em;margin:1.5em auto;padding:0 1em"


class AddressError(RefusedError):
    """No mail can be sent to this address."""

    code = "address"


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a letter comes from, and what it is known by."""

    letter_id: RequestId
    request_id: RequestId
    sender: str
    """The name that it comes from, in the letter's language."""
    address: str
    """Where it comes from, where answers go, and where it comes back."""
    language: Language
    written_at: dt.datetime


def message_id(letter_id: RequestId, request_id: RequestId, address: str) -> str:
    """The Message-ID of a letter, always the same: answers and returns find their request by it (RFC 5322)."""
    return f"<{letter_id}.{request_id}@{address.rpartition('@')[2]}>"


def letter_of(text: str) -> tuple[RequestId, RequestId] | None:
    """Letter and request of the first Message-ID of ours that a text names; None where it names none."""
    found = _OUR_MESSAGE_ID.search(text)
    return (found[1], found[2]) if found else None


def recipient(to: str) -> Address:
    """A citizen's address, as mail systems read it.

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


def email_of(envelope: Envelope, to: str, subject: str, text: str, as_html: str) -> EmailMessage:
    """The letter as a mail client reads it; the same letter is always the same, byte for byte.

    Raises:
        AddressError: no mail can be sent to `to`.
    """
    who = recipient(to)
    message = EmailMessage(policy=(SMTP if who.username.isascii() else SMTPUTF8).clone(max_line_length=LINE_MAX))
    message["From"] = Address(envelope.sender, addr_spec=envelope.address)
    message["To"] = who
    message["Reply-To"] = envelope.address
    message["Subject"] = subject
    message["Date"] = format_datetime(envelope.written_at)
    message["Message-ID"] = message_id(envelope.letter_id, envelope.request_id, envelope.address)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: so that no absence notice answers it
    message.set_content(text, charset="utf-8", cte="quoted-printable")
    message.add_alternative(as_html, subtype="html", charset="utf-8", cte="quoted-printable")
    message["Content-Language"] = envelope.language.value  # RFC 3282; what stands before the content goes into a part
    message.set_boundary(f"clic-{envelope.letter_id}")
    return message


def html_of(subject: str, text: str, language: Language) -> str:
    """The same text for who reads HTML: paragraphs, lists and links, nothing loaded from anywhere."""
    body = "\n".join(_block(each) for each in text.split("\n\n"))
    return (
        f'<!doctype html>\n<html lang="{language.value}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(subject)}</title>\n</head>\n"
        f'<body style="{_STYLE}">\n{body}\n</body>\n</html>\n'
    )


def _block(paragraph: str) -> str:
    lines = paragraph.splitlines()
    if lines and all(_ITEM.match(each) for each in lines):
        return "<ul>\n" + "\n".join(f"<li>{_inline(each[2:])}</li>" for each in lines) + "\n</ul>"
    return "<p>" + "<br>\n".join(map(_inline, lines)) + "</p>"


def _inline(text: str) -> str:
    """Everything is escaped; addresses of pages become links."""
    parts: list[str] = []
    end = 0
    for link in _LINK.finditer(text):
        url = html.escape(link[0])
        parts += [html.escape(text[end : link.start()]), f'<a href="{url}">{url}</a>']
        end = link.end()
    return "".join((*parts, html.escape(text[end:])))
