"""What tests do with a desk that takes mail: hand it in, and look at what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clic_chassis.service import Runtime, Wiring
from clic_contracts.envelope import Recorded
from clic_contracts.event import Event
from clic_contracts.vocabulary import RequestId, Service
from clic_intake.app import wire
from clic_intake.mail.kept import KeptMails
from clic_intake.mail.lmtp import MailServer
from clic_intake.mail.reception import Reception, Taken
from clic_intake.register import Register
from clic_intake.settings import IntakeSettings


@dataclass(frozen=True)
class Mailroom:
    """A desk that takes mail."""

    runtime: Runtime[IntakeSettings]
    wiring: Wiring
    lmtp: MailServer
    smtp: MailServer
    kept: KeptMails

    @classmethod
    async def of(cls, runtime: Runtime[IntakeSettings]) -> Mailroom:
        """As intake wires it."""
        wiring = await wire(runtime)
        servers = {each.name: each for each in wiring.components if isinstance(each, MailServer)}
        kept = next(each for each in wiring.components if isinstance(each, KeptMails))
        return cls(runtime, wiring, servers["lmtp"], servers["smtp"], kept)

    @property
    def reception(self) -> Reception:
        """Where every way in ends."""
        return self.lmtp._handler.reception

    @property
    def register(self) -> Register:
        """Keys and references."""
        return self.reception._register

    async def take(self, raw: bytes, **details: Any) -> Taken:
        """Hand a mail in, by whichever way."""
        return await self.reception.take(raw, way="test", **details)

    async def open(self, raw: bytes, **details: Any) -> RequestId:
        """Hand a mail in that is about a request, or opens one; its id."""
        taken = await self.take(raw, **details)
        assert taken.request_id is not None
        return taken.request_id

    async def story(self, request_id: RequestId) -> list[Recorded]:
        """Intake's facts of a request."""
        return list((await self.runtime.log.load(Service.INTAKE, request_id)).events)

    async def types(self, request_id: RequestId) -> list[str]:
        """Their types, short."""
        return [each.type.removeprefix("request.").removesuffix(".v1") for each in await self.story(request_id)]

    async def sealed(self, request_id: RequestId, kind: type[Event]) -> list[dict[str, Any]]:
        """What is sealed in the facts of a type."""
        key = (await self.register.entry(request_id)).key
        assert key is not None
        seals = [getattr(e.data, "sealed", None) for e in await self.story(request_id) if isinstance(e.data, kind)]
        return [key.open(each) for each in seals if each is not None]

    async def length(self) -> int:
        """How many commits the log holds."""
        return (await self.runtime.log.identity()).last_sequence
