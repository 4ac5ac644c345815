"""Whether a person wrote a mail, or a program answered, and what is not to be answered: no loops. Source: RFC 3834.

What is set aside is kept for a while and counted, so that a person can take it all the same; see `mail/kept.py`.
"""

from __future__ import annotations

import re
from enum import StrEnum

from .mail import Mail
from .thread import Ours

HOPS_MAX = 50
"""Servers on a mail's way; RFC 5321 6.3 asks for a large number, Postfix takes 50."""
_DIGEST_ID = re.compile(r"<digest\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}@([^<>@\s]+)>")
"""As deadlines names its digests."""


class Aside(StrEnum):
    """Why a mail opens no request and is no contact. Storage formats: only added to."""

    LOOP = "loop"  # We wrote it.
    BOUNCE = "bounce"  # A notification (RFC 3464) of what became of a mail: of a letter of ours, or of none.
    AUTO_REPLY = "auto_reply"
    LIST = "list"  # To many at once, nobody of whom is asked to answer.


def nature(mail: Mail, ours: Ours, *, returns_to: str | None) -> Aside | None:
    """What a mail is; None: a person wrote it. `returns_to` is the envelope's sender; "": nobody is to answer it."""
    empty_return = returns_to == "" or "<>" in mail.headers.get("return-path", ())
    if _is_loop(mail, ours):
        return Aside.LOOP
    if mail.report_type == "delivery-status" or (empty_return and _from_mailer(mail)):
        return Aside.BOUNCE
    if empty_return or mail.report_type is not None or _is_auto_reply(mail):
        return Aside.AUTO_REPLY
    return Aside.LIST if _is_to_many(mail) else None


def is_digest(mail: Mail, ours: Ours) -> bool:
    """Whether it is a digest of delays, sent to a department whose address is the desk's own. Source: POL-29.

    It tells agents what they were told, and `clic digest` tells it again: nobody has to look at it here.
    """
    found = _DIGEST_ID.fullmatch((mail.message_id or "").strip().lower())
    is_ours = mail.address is not None and ours.is_address(mail.address)
    return found is not None and found[1] == ours.domain and is_ours and _is_auto_reply(mail)


def _is_loop(mail: Mail, ours: Ours) -> bool:
    if len(mail.headers.get("received", ())) > HOPS_MAX:
        return True
    if any(ours.is_address(each) for each in mail.headers.get("x-loop", ())):
        return True
    if mail.message_id is not None and ours.letter_of(mail.message_id) is not None:
        return True
    return mail.address is not None and ours.is_address(mail.address)


_MAILERS = ("mailer-daemon@", "postmaster@")


def _from_mailer(mail: Mail) -> bool:
    return mail.address is None or mail.address.lower().startswith(_MAILERS)


def _is_auto_reply(mail: Mail) -> bool:
    """RFC 3834 5 (Auto-Submitted), and what programs said before there was that."""
    automatic = " ".join(mail.headers.get("auto-submitted", ())).partition(";")[0].strip().lower()
    if automatic not in ("", "no"):
        return True
    if {"x-autoreply", "x-autorespond", "x-autoresponder"} & mail.headers.keys():
        return True
    return "auto_reply" in _precedence(mail)


def _is_to_many(mail: Mail) -> bool:
    if {"list-id", "list-unsubscribe", "list-post"} & mail.headers.keys():
        return True
    return bool(_precedence(mail) & {"bulk", "junk", "list"})


def _precedence(mail: Mail) -> set[str]:
    return {each.strip().lower() for each in mail.headers.get("precedence", ())}
