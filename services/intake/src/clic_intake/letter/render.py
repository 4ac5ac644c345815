"""A letter as an e-mail: one text, plain and as HTML, with the headers that mail systems go by."""

from __future__ import annotations

import datetime as dt
import html
import re
from dataclasses import dataclass
from email.message import EmailMessage

from clic_chassis.mail import Heading, mail_of
from clic_contracts.vocabulary import Language, RequestId

_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
_ITEM = re.compile(r"[–-] ")
_OUR_MESSAGE_ID = re.compile(r"<?([0-9a-f-]{36})\.([0-9a-f-]{36})@([^<>\s@]+)>?")
_STYLE = "font:16px/1.5 sans-serif;max-width:40em;margin:1.5em auto;padding:0 1em"


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


def email_of(envelope: Envelope, to: str, subject: str, text: str, as_html: str) -> EmailMessage:
    """The letter as a mail client reads it; the same letter is always the same, byte for byte.

    Raises:
        AddressError: no mail can be sent to `to`.
    """
    heading = Heading(
        message_id=message_id(envelope.letter_id, envelope.request_id, envelope.address),
        sender=envelope.sender,
        address=envelope.address,
        language=envelope.language,
        written_at=envelope.written_at,
        boundary=f"clic-{envelope.letter_id}",
    )
    return mail_of(heading, to, subject, text, as_html)


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
