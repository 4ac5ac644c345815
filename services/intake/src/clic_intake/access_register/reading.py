"""Reads a year's register out of the log: which requests there are, and one line of each whole story."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from clic_chassis.clock import Clock
from clic_chassis.error import RefusedError
from clic_chassis.log import EventLog, load_whole
from clic_contracts.town import Town
from clic_contracts.vocabulary import RequestId
from clic_intake.core.access_path import path_of
from clic_intake.core.access_register import Account, Line, line_of
from clic_intake.worklist.access import AccessLists

FIRST_YEAR: Final = 1982
"""The law's own."""
LINES_MAX: Final = 5_000
"""Of one year: a town has some hundred. Beyond, nothing is given rather than a part of it."""
AT_ONCE: Final = 20
"""Stories that are read at the same time; each is let go once its line is made."""


class RegisterTooLongError(RefusedError):
    """More requests than a register of a year is made for."""

    code = "register_too_long"


class NoSuchYearError(RefusedError):
    """There is no register of a year before the law, or of one that has not begun."""

    code = "no_such_year"


@dataclass(frozen=True, slots=True)
class AccessRegister:
    """A year's register."""

    year: int
    made_at: dt.datetime
    position: int
    """Up to where in the log it knows which requests there are."""
    behind: int
    """Commits that the log holds beyond; 0: it is whole."""
    lines: tuple[Line, ...]
    account: Account


class AccessRegisters:
    """Makes registers. They hold no personal data, and yet what they count is the greffe's alone (POL-26)."""

    def __init__(self, lists: AccessLists, log: EventLog, town: Town, clock: Clock) -> None:
        self._lists = lists
        self._log = log
        self._zone = ZoneInfo(town.calendar.timezone)
        self._clock = clock

    @property
    def this_year(self) -> int:
        """The one that it is in the town."""
        return self._clock.now().astimezone(self._zone).year

    async def of_year(self, year: int) -> AccessRegister:
        """The requests that were received in a year of the town's calendar, in the order of their reception.

        Raises:
            NoSuchYearError: the year is before the law, or has not begun.
            RegisterTooLongError: there are more than `LINES_MAX`.
            RetryableError: the log or the database is away.
        """
        if not FIRST_YEAR <= year <= self.this_year:
            raise NoSuchYearError(f"{year}: give a year from {FIRST_YEAR} to this one")
        position = await self._lists.position()
        account, lines = Account(), list[Line]()
        async for line in self._lines(year):
            account.add(line)
            lines.append(line)
        end = (await self._log.identity()).last_sequence
        return AccessRegister(year, self._clock.now(), position, max(0, end - position), tuple(lines), account)

    async def _lines(self, year: int) -> AsyncIterator[Line]:
        since, until = (dt.datetime(each, 1, 1, tzinfo=self._zone) for each in (year, year + 1))
        seen = 0
        async for group in self._lists.received(since, until, AT_ONCE):
            seen += len(group)
            if seen > LINES_MAX:
                raise RegisterTooLongError(f"{year} has more than {LINES_MAX} access requests: ask an operator")
            for line in await asyncio.gather(*map(self._line, group)):
                if line is not None:
                    yield line

    async def _line(self, request_id: RequestId) -> Line | None:
        return line_of(path_of((await load_whole(self._log, request_id)).events), self._zone)
