"""Which request a mail says that it belongs to. Whether it may is for whoever knows the request's story and contacts.

A letter's Message-ID holds two ids that nobody guesses: who quotes it has the letter. A reference is a number that
anybody can write into a subject: it counts only together with a sender who is known for that request (POL-30).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from clic_contracts.vocabulary import Reference, RequestId

from .mail import Mail

ANSWERS_MAX = 50
"""Message-IDs of In-Reply-To and References that are looked at, the nearest first."""

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_LETTER_ID = re.compile(rf"<({_UUID})\.({_UUID})@([^<>@\s]+)>")
_REFERENCE = re.compile(r"(?<![0-9-])([0-9]{4}-[0-9]{6,9})(?![0-9-])")


@dataclass(frozen=True, slots=True)
class LetterPointer:
    """A letter of ours, and the request that it is about."""

    letter_id: str
    request_id: RequestId


@dataclass(frozen=True, slots=True)
class Ours:
    """The desk's own addresses, in lower case; the first one writes the letters."""

    addresses: tuple[str, ...]

    @property
    def domain(self) -> str:
        """Of the letters' Message-IDs."""
        return self.addresses[0].rpartition("@")[2]

    def is_address(self, address: str) -> bool:
        """Whether an address is the desk's, also with a detail (`clic+suivi@`, RFC 5233)."""
        local, at, domain = address.strip(" <>").lower().rpartition("@")
        return f"{local.partition('+')[0]}{at}{domain}" in self.addresses

    def letter_of(self, message_id: str) -> LetterPointer | None:
        """The letter that a Message-ID is of; None: it is none of ours."""
        found = _LETTER_ID.fullmatch(message_id.strip().lower())
        if found is None or found[3] != self.domain:
            return None
        return LetterPointer(found[1], found[2])


@dataclass(frozen=True, slots=True)
class Thread:
    """What a mail points to."""

    letters: tuple[LetterPointer, ...] = ()
    references: tuple[Reference, ...] = ()


def thread(mail: Mail, ours: Ours) -> Thread:
    """The letters that a mail answers, the nearest first, and the references in its subject."""
    answered = (ours.letter_of(each) for each in mail.answers[:ANSWERS_MAX])
    return Thread(
        letters=tuple(dict.fromkeys(each for each in answered if each is not None)),
        references=tuple(dict.fromkeys(_REFERENCE.findall(mail.subject))),
    )
