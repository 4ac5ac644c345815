"""E-mail addresses and telephones as they are found again: under which keys those of a requester are indexed.

The index holds keyed digests of what `contact_keys` gives, never an address or a number. Source: POL-30.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

import phonenumbers

REGION = "CA"
"""Whose numbers are written without a country code."""


def contact_keys(requester: Mapping[str, Any]) -> frozenset[str]:
    """The keys of a requester's contacts: however an address or a number is written, it has one key."""
    keys = (email_key(requester.get("email") or ""), phone_key(requester.get("phone") or ""))
    return frozenset(key for key in keys if key is not None)


def email_key(email: str) -> str | None:
    """The key of an e-mail address; None: it is none. Case makes no difference, though RFC 5321 lets a server care."""
    address = unicodedata.normalize("NFC", email).strip().casefold()
    return f"email\n{address}" if "@" in address else None


def phone_key(phone: str) -> str | None:
    """The key of a telephone (E.164, its extension aside); None: it has too few digits to tell anybody."""
    try:
        number = phonenumbers.parse(phone, REGION)
    except phonenumbers.NumberParseException:
        digits = "".join(c for c in phone if c.isdigit())
        return f"phone\n{digits}" if digits else None
    return "phone\n" + phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
