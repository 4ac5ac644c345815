"""Sends the daily digests: once a business day to each department, its head and the Direction générale. POL-29.

However many instances run, each digest is sent by one. Once is certain but for one doubt: where an instance dies, or
the connection is cut, after the mail server has the text and before that is noted, it is sent again. It then has the
same Message-ID, by which mailboxes know it for the same.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog
from prometheus_client import Counter, Gauge

from clic_chassis.clock import Clock
from clic_chassis.error import RetryableError
from clic_chassis.failure import reason_of
from clic_chassis.mail import AddressError, Heading, mail_of
from clic_chassis.mail_relay import DoubtError, NotTakenError, RejectedError, Relay, RelayAddress
from clic_chassis.pause import pause
from clic_contracts.town import Town
from clic_contracts.vocabulary import DepartmentCode, Language
from clic_deadlines.core.calendar import Calendars
from clic_deadlines.core.digest import Digest, Notice, digest
from clic_deadlines.core.digest_text import write
from clic_deadlines.core.docket_row import DocketRow
from clic_deadlines.core.moment import Moment

from .table import DigestTable, Outcome, Taken

log = structlog.get_logger()

EVERY_S = 20.0
BATCH_MAX = 20
"""Digests handed over by one connection before the next ones are taken."""
ROWS_MAX = 20_000
"""Open obligations that digests are made of, soonest limit first; a town of 20,000 people has some hundreds."""
BACKOFF_FIRST = dt.timedelta(minutes=1)
BACKOFF_MAX = dt.timedelta(hours=1)
TRIES_MAX = 20
"""With the backoff fifteen hours; the next day has a digest of its own."""
NOTE_TRIES = 20
NOTE_EVERY_S = 2.0
"""How often it is tried to note that a digest was taken: for 40 s, well within `table.LEASE_S`."""

OUTCOMES = Counter("clic_digest_outcomes", "What became of digests that were tried.", ["outcome"])
DIGESTS = Gauge("clic_digests", "Digests of the newest day, by where they are.", ["state"])


class Reader(Protocol):
    """What is open in the town; `Docket` is the real one."""

    async def open_of(self, department: DepartmentCode | None, limit: int) -> list[DocketRow]:
        """What is open of a department, or of all, soonest limit first."""
        ...


def backoff(tries: int) -> dt.timedelta:
    """How long a digest waits after so many tries in vain, at least one."""
    return min(BACKOFF_MAX, BACKOFF_FIRST * float(2 ** min(tries - 1, 16)))


def addresses(town: Town) -> dict[tuple[Notice, DepartmentCode], str]:
    """Who is told what, and where."""
    found: dict[tuple[Notice, DepartmentCode], str] = {}
    for each in town.departments:
        if each.email is not None:
            found[Notice.DEPARTMENT, each.code] = each.email
        if each.head_email is not None:
            found[Notice.HEAD, each.code] = each.head_email
        if each.email is not None and each.code == town.deadlines.general_management:
            found[Notice.GENERAL_MANAGEMENT, each.code] = each.email
    return found


class DigestSender:
    """Hands digests over. Several instances may run: each takes what no other has."""

    name = "digest-sender"

    def __init__(
        self,
        *,
        town: Town,
        docket: Reader,
        table: DigestTable,
        clock: Clock,
        at: dt.time,
        address: RelayAddress | None,
        caught_up: Callable[[], Awaitable[bool]],
    ) -> None:
        """`at` is the town's hour; without an address nothing is sent.

        `caught_up` tells whether the docket holds all that the log held when it was called: a digest never calls late
        what was done during an outage.
        """
        self._town = town
        self._calendars = Calendars(town.calendars)
        self._docket = docket
        self._table = table
        self._clock = clock
        self._at = at
        self._address = address
        self._caught_up = caught_up
        self._to = addresses(town)
        self._own_name = town.correspondence.address.rpartition("@")[2]

    async def run(self, stop: asyncio.Event) -> None:
        """Look every 20 s, and at once again while batches are full."""
        self._say_who_is_not_told()
        while not stop.is_set():
            done = 0
            try:
                done = await self.send_due(stop)
            except RetryableError as error:
                log.warning("digests_wait", why=reason_of(error))
            except Exception as error:  # noqa: BLE001 - a digest that cannot be made keeps no timer from firing
                log.error("digests_failed", why=reason_of(error))  # noqa: TRY400 - it says where, and nothing else
            if done < BATCH_MAX:
                await pause(stop, EVERY_S)

    def not_ready(self) -> str | None:
        """Always ready: a digest that waits keeps nobody from asking the service."""
        return None

    async def send_due(self, stop: asyncio.Event | None = None) -> int:
        """Plan the day's digests once its hour has come, and hand over what is due, a batch at most; how many.

        Raises:
            RetryableError: a server is away; nothing is lost.
        """
        if self._address is None:
            return 0
        now = self._clock.now()
        moment = self._moment(now)
        for each in await self._table.expire(moment.today, now):
            log.error("digest_given_up", day=str(each.day), notice=each.notice, department=each.department)
            OUTCOMES.labels(Outcome.GIVEN_UP).inc()
        if moment.calendar.closed_because(moment.today) is not None or moment.now.time() < self._at:
            return 0
        await self._table.plan(moment.today, self._to, now)
        taken = await self._table.take(moment.today, now, BATCH_MAX)
        if taken:
            try:
                await self._send_all(self._address, taken, moment, stop)
            finally:
                await self._table.release()
        await self._measure(moment.today)
        return len(taken)

    async def _send_all(
        self, address: RelayAddress, taken: Sequence[Taken], moment: Moment, stop: asyncio.Event | None
    ) -> None:
        if not await self._caught_up():
            raise RetryableError("the docket does not hold all of the log yet")
        rows = await self._docket.open_of(None, ROWS_MAX)
        if len(rows) == ROWS_MAX:
            log.error("digest_cut_off", rows_max=ROWS_MAX)
        to_send: list[tuple[Taken, Digest]] = []
        for each in taken:
            if (each.notice, each.department) not in self._to:  # Planned by who has another state of the town's folder.
                await self._settle(each, Outcome.NOTHING, "no address any more")
                continue
            made = digest(each.notice, each.department, rows, self._town, moment)
            if made.is_empty:
                await self._settle(each, Outcome.NOTHING)
            else:
                to_send.append((each, made))
        if not to_send:
            return
        try:
            async with Relay(address, self._own_name) as relay:
                for each, made in to_send:
                    if stop is not None and stop.is_set():
                        break
                    await self._send(relay, each, made)
        except NotTakenError as error:
            log.warning("mail_server_away", why=str(error))
            for each, _ in to_send:
                await self._later(each, str(error))

    # -- one digest -----------------------------------------------------------------------------------------------

    async def _send(self, relay: Relay, taken: Taken, made: Digest) -> None:
        try:
            await self._hand_over(relay, taken, made)
        except (AddressError, RejectedError) as error:
            status = error.status if isinstance(error, RejectedError) else None
            why = f"{error} {status or ''}".strip()
            log.error("digest_refused", notice=taken.notice, department=taken.department, why=why)  # noqa: TRY400 - a refusal is no defect
            await self._settle(taken, Outcome.REFUSED, why)
        except NotTakenError as error:
            await self._later(taken, str(error))
        except DoubtError as error:
            log.warning("digest_in_doubt", notice=taken.notice, department=taken.department, why=str(error))
            await self._later(taken, str(error))

    async def _hand_over(self, relay: Relay, taken: Taken, made: Digest) -> None:
        to = self._to[taken.notice, taken.department]
        written = write(made)
        sender = self._town.correspondence
        known_by = f"{taken.name}@{self._own_name}"
        heading = Heading(
            message_id=f"<{known_by}>",
            sender=sender.sender.fr,
            address=sender.address,
            language=Language.FR,
            written_at=self._clock.now(),
            boundary=f"clic-{taken.name}",
        )
        message = mail_of(heading, to, written.subject, written.text, written.html)
        if await relay.send(message, sender.address, to, known_by, lambda: self._table.begin(taken)):
            await self._note(taken)

    async def _note(self, taken: Taken) -> None:
        """The mail server has it: known for certain, so a database that is away for a moment makes no doubt of it.

        Raises:
            RetryableError: it was away for longer; the digest is sent again, under the same Message-ID.
        """
        for last in (*(False,) * (NOTE_TRIES - 1), True):
            try:
                await self._settle(taken, Outcome.SENT)
            except RetryableError:
                if last:
                    raise
                await asyncio.sleep(NOTE_EVERY_S)
            else:
                return

    async def _settle(self, taken: Taken, outcome: Outcome, why: str | None = None) -> None:
        await self._table.settle(taken, outcome, self._clock.now(), why)
        OUTCOMES.labels(outcome).inc()
        log.info("digest_settled", notice=taken.notice, department=taken.department, outcome=outcome)

    async def _later(self, taken: Taken, why: str) -> None:
        """Try again, with a bound."""
        tries = taken.tries + 1
        if tries >= TRIES_MAX:
            log.error("digest_given_up", day=str(taken.day), notice=taken.notice, department=taken.department)
            await self._settle(taken, Outcome.GIVEN_UP, why)
        else:
            await self._table.postpone(taken, self._clock.now() + backoff(tries), why)

    # -- around it ------------------------------------------------------------------------------------------------

    def _moment(self, now: dt.datetime) -> Moment:
        day = self._calendars.current.day_of(now)
        return Moment.of(self._calendars.on(day), now, self._at)

    def _say_who_is_not_told(self) -> None:
        if self._address is None:
            log.warning(
                "digests_not_sent", mend="set CLIC_SMTP_URL to the town's mail server; `clic digest` prints them"
            )
        without = [each.code for each in self._town.departments if each.email is None]
        if without:
            log.warning(
                "departments_without_digest", departments=without, mend="give each an `email` in departments.yaml"
            )

    async def _measure(self, day: dt.date) -> None:
        counted = await self._table.count(day)
        for each in Outcome:
            DIGESTS.labels(each).set(counted.get(each, 0))
