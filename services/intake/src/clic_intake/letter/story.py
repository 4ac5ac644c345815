"""What a letter is made from: the facts of a request over all services, and what is sealed of its requester."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clic_chassis.clock import Clock
from clic_chassis.error import NotFoundError, RetryableError
from clic_chassis.log import EventLog, Whole, load_whole
from clic_contracts.envelope import Commit
from clic_contracts.event import ThirdPartyIdentified
from clic_contracts.vocabulary import RequestId
from clic_intake.core.requester import current
from clic_intake.register import Register
from clic_intake.seal import RequestKey

OPENER = "service:letters"
"""Who opens seals to write to citizens, as the record of openings has it (POL-30)."""


async def whole_story(log: EventLog, request_id: RequestId, *, including: Commit | None = None) -> Whole:
    """The story of a request; `including` is a commit of it that was seen, and must be in it.

    Raises:
        RetryableError: the log is away, or a replica lags.
    """
    for fresh in (False, True):  # A direct get may come from a replica that lags behind the delivery.
        whole = await load_whole(log, request_id, fresh=fresh)
        if including is None or any(
            each.service is including.service and each.sequence >= including.sequence for each in whole.commits
        ):
            return whole
    raise RetryableError(f"the story of {request_id} does not reach {including and including.sequence} yet")


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a letter goes to, as known now: who asks, or a third party."""

    key: RequestKey
    """Of the request."""
    email: str = field(repr=False)
    name: str = field(default="", repr=False)


class Opener:
    """Opens what is sealed of requests, for a reason that is recorded first (POL-30)."""

    def __init__(self, register: Register, clock: Clock) -> None:
        self._register = register
        self._clock = clock

    async def key(self, request_id: RequestId, reason: str, *, who: str = OPENER) -> RequestKey | None:
        """The key of a request; None where nothing was ever sealed, or everything was erased.

        Raises:
            RetryableError: the database is away.
        """
        try:
            key = (await self._register.entry(request_id)).key
        except NotFoundError:
            return None  # The log knows it and the register does not: a restored backup. Nothing can be opened.
        if key is not None:
            await self._register.record_opening(self._clock.now(), who, request_id, reason)
        return key

    async def addressee(self, request_id: RequestId, whole: Whole, reason: str) -> Addressee | None:
        """Who asks, and their e-mail address; None where none is known, or everything was erased.

        Raises:
            RetryableError: the database is away.
            SealError: a seal does not open.
        """
        key = await self.key(request_id, reason)
        who = current(whole.events, key.open) if key is not None else {}
        email = who.get("email")
        return Addressee(key, email, who.get("name", "")) if key is not None and email else None

    async def third_party(
        self, request_id: RequestId, whole: Whole, third_party_id: RequestId, reason: str
    ) -> Addressee | None:
        """A third party whom an access request concerns; None where no e-mail address is known, or all was erased.

        Raises:
            RetryableError: the database is away.
            SealError: the seal does not open.
        """
        key = await self.key(request_id, reason)
        who: Mapping[str, Any] = {}
        for each in whole.events:
            match each.data:
                case ThirdPartyIdentified(third_party_id=known, sealed=sealed) if known == third_party_id:
                    who = key.open(sealed)["third_party"] if key is not None and sealed is not None else {}
                case _:
                    pass
        email = who.get("email")
        return Addressee(key, email, who.get("name", "")) if key is not None and email else None
