"""Mails for tests: made here, none of them ever sent by anybody."""

from __future__ import annotations

import base64
from email.message import EmailMessage
from email.policy import SMTP

DESK = "clic@villemsh.ca"
"""The address of the town's desk (correspondence.yaml)."""
CAMILLE = "Camille Exemple <camille@exemple.invalid>"
DATE = "Mon, 02 Nov 2026 09:00:00 -0500"
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////2Q=="
)


def mail(
    text: str = "Un trou devant le 1, rue Inventée.",
    *,
    sender: str | None = CAMILLE,
    subject: str | None = "Nid-de-poule",
    message_id: str | None = "<1@exemple.invalid>",
    headers: dict[str, str] | None = None,
    files: tuple[tuple[str, bytes, str], ...] = (),
) -> bytes:
    """A mail as a person sends it; `files` are names, contents and media types."""
    message = EmailMessage()
    named = {"From": sender, "To": DESK, "Subject": subject, "Message-ID": message_id, "Date": DATE, **(headers or {})}
    for name, value in named.items():
        if value is not None:
            message[name] = value
    message.set_content(text)
    for name, content, kind in files:
        maintype, _, subtype = kind.partition("/")
        message.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    return message.as_bytes(policy=SMTP)


def raw(headers: str, body: bytes = b"") -> bytes:
    """A mail byte by byte: lines of headers, a blank line, the body."""
    return headers.strip().replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body


def nested(depth: int, text: bytes = b"Au fond.") -> bytes:
    """Multiparts within multiparts."""
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    closed = b"".join(b"--b%d--\r\n" % n for n in reversed(range(depth)))
    head = f"From: {CAMILLE}\r\nSubject: Profond\r\n".encode()
    return head + opened + b"Content-Type: text/plain\r\n\r\n" + text + b"\r\n" + closed


def large(size_bytes: int) -> bytes:
    """A mail of about this size: one attachment."""
    content = bytes(range(256)) * (size_bytes * 3 // 4 // 256)
    return mail(files=(("photo.jpg", JPEG + content, "image/jpeg"),))


def bounce(message_id: str, *, status: str = "5.1.1", action: str = "failed") -> bytes:
    """A delivery status notification (RFC 3464) about a letter."""
    return raw(
        f"""From: MAILER-DAEMON@exemple.invalid
To: {DESK}
Subject: Undelivered Mail Returned to Sender
Return-Path: <>
Message-ID: <bounce@exemple.invalid>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b""",
        f"""--b
Content-Type: text/plain

I could not deliver it.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; exemple.invalid

Final-Recipient: rfc822; camille@exemple.invalid
Action: {action}
Status: {status}

--b
Content-Type: text/rfc822-headers

From: {DESK}
Message-ID: {message_id}
--b--
""".replace("\n", "\r\n").encode(),
    )
