"""Notifications that a letter came back, as mail servers write them."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import Message

import pytest

from clic_intake.letter.bounce import Bounce, bounce_of
from clic_intake.letter.render import letter_of, message_id

LETTER = "6f9619ff-8b86-5d11-b42d-00cf4fc964ff"
REQUEST = "0b1e1a54-0000-5000-8000-000000000001"
OURS = f"Message-ID: {message_id(LETTER, REQUEST, 'clic@exemple.invalid')}"

REPORT = """\
From: Mail Delivery System <MAILER-DAEMON@relais.exemple.invalid>
To: clic@exemple.invalid
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relais.exemple.invalid
{envelope}
Final-Recipient: rfc822; camille@exemple.invalid
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 unknown

--b
Content-Type: {kind}

{returned}
Subject: Accusé

--b--
"""


def report(
    *, action: str = "failed", status: str = "5.1.1", kind: str = "message/rfc822", returned: str = OURS, env: str = ""
) -> Message:
    """A notification."""
    text = REPORT.format(action=action, status=status, kind=kind, returned=returned, envelope=env)
    return message_from_bytes(text.replace("\n", "\r\n").encode(), policy=policy.default)


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_a_letter_that_came_back_is_known_by_its_message_id(kind: str) -> None:
    """RFC 3464; whole messages and headers alone are returned."""
    assert bounce_of(report(kind=kind)) == Bounce(LETTER, REQUEST, "5.1.1")


def test_a_letter_that_came_back_is_known_by_the_envelope_that_we_gave_along() -> None:
    """RFC 3461: where nothing is returned."""
    envelope = f"Original-Envelope-Id: {LETTER}.{REQUEST}@exemple.invalid\n"
    assert bounce_of(report(returned="X-Nothing: here", env=envelope)) == Bounce(LETTER, REQUEST, "5.1.1")


@pytest.mark.parametrize("action", ["delayed", "relayed", "delivered", "expanded"])
def test_what_is_late_or_arrived_has_not_come_back(action: str) -> None:
    assert bounce_of(report(action=action)) is None


def test_a_status_that_is_none_is_left_out() -> None:
    assert bounce_of(report(status="unknown")) == Bounce(LETTER, REQUEST, None)


@pytest.mark.parametrize("returned", ["Message-ID: <other@exemple.invalid>", "X-Nothing: here", "Message-ID:"])
def test_somebody_elses_letter_is_none_of_ours(returned: str) -> None:
    assert bounce_of(report(returned=returned)) is None


def test_an_ordinary_message_is_no_notification() -> None:
    plain = message_from_bytes(f"Subject: Bonjour\r\n{OURS}\r\n\r\nAction: failed\r\n".encode(), policy=policy.default)
    assert bounce_of(plain) is None
    broken = message_from_bytes(b"Content-Type: multipart/report; boundary=b\r\n\r\nnothing", policy=policy.default)
    assert bounce_of(broken) is None


def test_a_message_id_names_letter_and_request() -> None:
    assert letter_of(f"<{LETTER}.{REQUEST}@exemple.invalid>") == (LETTER, REQUEST)
    assert letter_of("<nothing@exemple.invalid>") is None
