"""Letters that come back: delivery status notifications (RFC 3464) read, and recorded. Source: POL-18."""

from __future__ import annotations

import re
from email.message import Message
from typing import NamedTuple

from clic_chassis.clock import Clock
from clic_chassis.decision import Decisions
from clic_chassis.mail_relay import STATUS
from clic_contracts.vocabulary import LetterFailure, RequestId
from clic_intake.core.posting import fail

from .render import letter_of

ACTOR = "rule:letters"


class Bounce(NamedTuple):
    """A letter that came back."""

    letter_id: RequestId
    request_id: RequestId
    status: str | None
    """Enhanced status code (RFC 3463), where the notification gives one."""


def bounce_of(message: Message) -> Bounce | None:
    """The letter of ours that a notification says failed for good; None where it says no such thing.

    That it is late, was relayed or was delivered is no failure. Which letter it is, the returned headers tell, or the
    envelope's id that we gave along (RFC 3461).
    """
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return None
    failed, status, letter = False, None, None
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            for fields in part.get_payload():
                if not isinstance(fields, Message):
                    continue
                letter = letter or letter_of(str(fields.get("Original-Envelope-Id", "")))
                if str(fields.get("Action", "")).strip().lower() == "failed":
                    failed, status = True, _status(fields)
        elif kind == "text/rfc822-headers":
            letter = letter or letter_of(_first_message_id(part))
        elif kind == "message/rfc822":
            letter = letter or _of_returned(part)
    return Bounce(*letter, status) if failed and letter is not None else None


def _status(fields: Message) -> str | None:
    found = STATUS.search(str(fields.get("Status", "")))
    return found[1] if found else None


def _of_returned(part: Message) -> tuple[RequestId, RequestId] | None:
    returned = part.get_payload()
    first = returned[0] if isinstance(returned, list) and returned else None
    return letter_of(str(first.get("Message-ID", ""))) if isinstance(first, Message) else None


def _first_message_id(part: Message) -> str:
    text = part.get_payload(decode=True)
    headers = text.decode("utf-8", "replace") if isinstance(text, bytes) else ""
    found = re.search(r"^message-id:(.*)$", headers, re.IGNORECASE | re.MULTILINE)
    return found[1] if found else ""


class Bounces:
    """Records letters that came back."""

    def __init__(self, decisions: Decisions, clock: Clock) -> None:
        self._decisions = decisions
        self._clock = clock

    async def bounced(self, letter_id: RequestId, request_id: RequestId, status: str | None) -> bool:
        """A letter came back; whether that was news.

        Raises:
            UnknownLetterError: we never wrote such a letter: the notification is forged, or another system's.
            RetryableError: the log is away; try again.
        """
        now = self._clock.now()
        decided = await self._decisions.decide(
            request_id,
            lambda story: fail(story.events, letter_id, LetterFailure.BOUNCED, status, now),
            cause_id=f"bounce/{letter_id}",
            actor=ACTOR,
        )
        return not decided.known
