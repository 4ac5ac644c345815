"""What tests do with the letters of a desk: tell it of requests, let it write and send, look at what came of it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from tests.intake.letter.correspondent import make

from clic_chassis.decider import Fact
from clic_chassis.decision import Decisions
from clic_chassis.service import Runtime
from clic_contracts.envelope import Recorded, derive_id
from clic_contracts.event import Event, ObligationSet, RequestReceived, RequestRouted
from clic_contracts.vocabulary import RequestId, Service
from clic_intake.letter.wiring import Letters, make_letters
from clic_intake.personal.keys import open_keys
from clic_intake.register import Register
from clic_intake.seal import MasterKey
from clic_intake.settings import IntakeSettings

CAMILLE = {"name": "Camille Exemple", "email": "camille@exemple.invalid"}
AGENT = "agent:alex.exemple"


class Bureau:
    """One instance of the letters, and the log that it reads."""

    def __init__(self, runtime: Runtime[IntakeSettings], register: Register, *, lease_s: float) -> None:
        self.runtime = runtime
        self.register = register
        self.decisions = runtime.decisions(Service.INTAKE)
        self.letters: Letters = make_letters(runtime, self.decisions, register, lease_s=lease_s)

    @classmethod
    async def open(cls, runtime: Runtime[IntakeSettings], *, lease_s: float = 300.0) -> Bureau:
        """With the keys and the queue of this database."""
        master = MasterKey.read(runtime.settings.master_key_file)
        await open_keys(runtime.pool, master, runtime.clock.now())
        bureau = cls(runtime, Register(runtime.pool, master), lease_s=lease_s)
        await bureau.letters.queue.make(runtime.log)
        return bureau

    # -- facts ----------------------------------------------------------------------------------------------------

    async def receive(self, who: dict[str, str] | None = None, **changes: Any) -> RequestId:
        """A request by e-mail, of Camille where nobody else is named."""
        request_id = derive_id("request", str(uuid.uuid4()))
        entry = await self.register.register(request_id, self.now().year, with_key=True)
        assert entry.key is not None
        sealed = entry.key.seal({"requester": CAMILLE if who is None else who, "text": "Un nid-de-poule inventé."})
        received = make(RequestReceived, channel="email", **{"reference": entry.reference, "sealed": sealed, **changes})
        await self.tell(request_id, received)
        return request_id

    async def tell(self, request_id: RequestId, *events: Event, by: Service = Service.INTAKE, cause: str = "") -> None:
        """Facts of one decision."""
        now = self.now()
        decisions = self.decisions if by is Service.INTAKE else Decisions(self.runtime.log, by, self.runtime.clock, "t")
        await decisions.decide(
            request_id,
            lambda _: tuple(Fact(each, now) for each in events),
            cause_id=cause or str(uuid.uuid4()),
            actor=AGENT,
        )

    async def route(self, request_id: RequestId, department: str = "travaux_publics_voirie") -> None:
        """The other services have said which department, and by when."""
        await self.tell(request_id, make(RequestRouted, department=department), by=Service.ROUTING)

    async def set_due(self, request_id: RequestId, on: str = "2026-05-22") -> None:
        """The answer is due."""
        due = make(ObligationSet, obligation_id="answer-1", obligation="answer", due_prudent_on=on, due_strict_on=on)
        await self.tell(request_id, due, by=Service.DEADLINES)

    async def received_and_ready(self, **changes: Any) -> RequestId:
        """A request whose acknowledgement can go."""
        request_id = await self.receive(**changes)
        await self.route(request_id)
        await self.set_due(request_id)
        return request_id

    # -- what came of it ------------------------------------------------------------------------------------------

    async def write_all(self) -> None:
        """Handle the whole log, as the process does, with what is appended by that."""
        after = 0
        while after < (await self.runtime.log.identity()).last_sequence:
            async for commit in self.runtime.log.read(after=after):
                await self.letters.writer.handle(commit)
                after = commit.sequence

    async def send(self) -> int:
        """Send what is due."""
        return await self.letters.sender.send_due()

    async def facts(self, request_id: RequestId) -> list[Recorded]:
        """Intake's part of a story."""
        return list((await self.runtime.log.load(Service.INTAKE, request_id)).events)

    async def types(self, request_id: RequestId) -> list[str]:
        """Its types, without their ends."""
        return [each.type.removesuffix(".v1") for each in await self.facts(request_id)]

    async def states(self) -> list[str]:
        """Where the letters are, in the order of the log."""
        rows = await self.runtime.pool.fetch("SELECT state FROM letter ORDER BY position, letter_id")
        return [row["state"] for row in rows]

    async def letter_ids(self) -> list[RequestId]:
        """Their ids, in the order of the log."""
        rows = await self.runtime.pool.fetch("SELECT letter_id FROM letter ORDER BY position, letter_id")
        return [str(row["letter_id"]) for row in rows]

    def now(self) -> dt.datetime:
        """By the runtime's clock."""
        return self.runtime.clock.now()
