"""Digests of a town on a real database, by a clock that tests move and a docket that tests fill."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg
from tests.deadlines.digest.docket import HOUR, MORNING, THURSDAY

from clic_chassis.clock import ManualClock
from clic_chassis.mail_relay import relay_address
from clic_contracts.town import Town
from clic_contracts.vocabulary import DepartmentCode
from clic_deadlines.core.docket_row import DocketRow
from clic_deadlines.digest.sender import DigestSender
from clic_deadlines.digest.table import LEASE_S, DigestTable

VOIRIE = "travaux_publics_voirie"


def addressed(town: Town) -> Town:
    """The same town with an address for each department, and a head for the roads."""
    told = town.model_dump()
    for each in told["departments"]:
        each["email"] = f"{each['code']}@exemple.invalid"
        if each["code"] == VOIRIE:
            each["head_email"] = "direction.voirie@exemple.invalid"
    return Town.model_validate(told)


@dataclass
class Bureau:
    """What a test sends digests from, as often and as many times as it likes."""

    town: Town
    pool: asyncpg.Pool
    smtp_url: str | None
    rows: Sequence[DocketRow] = MORNING
    clock: ManualClock = field(default_factory=lambda: ManualClock(THURSDAY.astimezone(dt.UTC)))
    behind: bool = False

    async def open_of(self, department: DepartmentCode | None, limit: int) -> list[DocketRow]:
        """See `Docket.open_of`."""
        assert department is None
        return list(self.rows[:limit])

    async def caught_up(self) -> bool:
        """Whether the docket holds the log."""
        return not self.behind

    def table(self, lease_s: float = LEASE_S) -> DigestTable:
        """The table, as one instance has it."""
        return DigestTable(self.pool, lease_s=lease_s)

    def sender(self, *, lease_s: float = LEASE_S) -> DigestSender:
        """One instance."""
        return DigestSender(
            town=self.town,
            docket=self,
            table=self.table(lease_s),
            clock=self.clock,
            at=HOUR,
            address=None if self.smtp_url is None else relay_address(self.smtp_url, "none", None, None),
            caught_up=self.caught_up,
        )

    def later(self, **span: float) -> None:
        """Time passes."""
        self.clock.set(self.clock.now() + dt.timedelta(**span))

    async def states(self) -> dict[str, str]:
        """What became of the newest day's digests, by their names."""
        rows = await self.pool.fetch(
            "SELECT notice || '/' || department AS name, state FROM digest WHERE day = (SELECT max(day) FROM digest)"
        )
        return {row["name"]: row["state"] for row in rows}

    async def send_all(self, *senders: DigestSender) -> None:
        """Several instances look at the same time, until none has anything."""
        while any(await asyncio.gather(*(each.send_due() for each in senders))):
            pass
