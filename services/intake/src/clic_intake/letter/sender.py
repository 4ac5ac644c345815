"""Sends the letters that wait: each is handed over once, and what became of it stands in the log (POL-18, POL-27).

What is certain and what is not: `docs/decisions/0019-a-letter-goes-out-once-or-is-in-doubt.md`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from functools import partial

import structlog
from prometheus_client import Counter, Gauge

from clic_chassis.clock import Clock
from clic_chassis.decider import Fact
from clic_chassis.decision import Decisions
from clic_chassis.error import RetryableError, UnreadableError
from clic_chassis.log import EventLog, Story
from clic_chassis.mail import AddressError
from clic_chassis.mail_relay import DoubtError, NotTakenError, RejectedError, Relay, RelayAddress
from clic_chassis.pause import pause
from clic_chassis.telemetry import METRICS
from clic_contracts.event import LetterWritten, Sealed
from clic_contracts.town import Town
from clic_contracts.vocabulary import LetterFailure, LetterKind, RequestId, Service
from clic_intake.core.posting import Posted, Requests, fail, posted, send, still_holds
from clic_intake.seal import SealError

from .queue import LetterQueue, State, Taken
from .render import Envelope, email_of
from .story import OPENER, Opener

log = structlog.get_logger()

ACTOR = "rule:letters"
EVERY_S = 1.0
BATCH_MAX = 20
"""Letters handed over by one connection before the next ones are taken."""
BACKOFF_FIRST = dt.timedelta(minutes=1)
BACKOFF_MAX = dt.timedelta(hours=4)
TRIES_MAX = 30
"""With the backoff four days, as RFC 5321 (section 4.5.4.1) has it; then a person looks."""

NOTE_TRIES = 20
NOTE_EVERY_S = 2.0
"""How often it is tried to note that a letter was taken; with its time-outs well within `queue.LEASE_S`."""

LETTERS = Gauge("clic_letters", "Letters that somebody has to do something about, by where they are.", ["state"])
OUTCOMES = Counter("clic_letter_outcomes", "What became of letters that were tried.", ["outcome"])
RELAY_SET = Gauge("clic_letter_relay_set", "1: there is a mail server to send letters by; 0: they wait.")


def backoff(tries: int) -> dt.timedelta:
    """How long a letter waits after so many tries in vain, at least one."""
    return min(BACKOFF_MAX, BACKOFF_FIRST * float(2 ** min(tries - 1, 16)))


class Sender:
    """Hands letters over. Several instances may run: each takes what no other has."""

    name = "letter-sender"

    def __init__(
        self,
        *,
        event_log: EventLog,
        decisions: Decisions,
        queue: LetterQueue,
        opener: Opener,
        requests: Requests,
        town: Town,
        clock: Clock,
        address: RelayAddress | None,
    ) -> None:
        """Without an address letters wait, and the metrics say so."""
        self._log = event_log
        self._decisions = decisions
        self._queue = queue
        self._opener = opener
        self._requests = requests
        self._correspondence = town.correspondence
        self._clock = clock
        self._address = address
        self._domain = town.correspondence.address.rpartition("@")[2]

    async def run(self, stop: asyncio.Event) -> None:
        """Look every second, and at once again while batches are full."""
        if self._address is None:
            log.warning("letters_wait", mend="set CLIC_SMTP_URL to the town's mail server")
        RELAY_SET.set(self._address is not None)
        while not stop.is_set():
            done = 0
            try:
                done = await self.send_due(stop)
                await self._measure()
            except RetryableError as error:
                log.warning("letters_not_sent", error=type(error).__name__)
            if done < BATCH_MAX:
                await pause(stop, EVERY_S)

    async def send_due(self, stop: asyncio.Event | None = None) -> int:
        """Settle what a crash left behind, then hand over what is due, a batch at most; how many were taken.

        Raises:
            RetryableError: a server is away; nothing is lost.
        """
        for each in await self._queue.take(State.HANDED_OVER, self._clock.now(), BATCH_MAX):
            await self._settle(each, self._record_sent)
        for each in await self._queue.take(State.HANDING_OVER, self._clock.now(), BATCH_MAX):
            await self._settle(each, self._record_doubt)
        if self._address is None:
            return 0
        due = await self._queue.take(State.WAITING, self._clock.now(), BATCH_MAX)
        if not due:
            return 0
        try:
            async with Relay(self._address, self._domain) as relay:
                for each in due:
                    if stop is not None and stop.is_set():
                        break
                    await self._settle(each, partial(self._send, relay))
        except NotTakenError as error:
            log.warning("mail_server_away", why=str(error))
            for each in due:
                await self._later(each, error)
        finally:
            await self._queue.release()
        return len(due)

    def not_ready(self) -> str | None:
        """Always ready: a mail server that is away makes letters wait, and keeps nobody from the desk."""
        return None

    async def _settle(self, letter: Taken, do: Callable[[Taken], Awaitable[None]]) -> None:
        """One letter that cannot be read is no reason to keep back the others; it is tried again, with the bound."""
        try:
            await do(letter)
        except (SealError, UnreadableError) as error:
            log.error("letter_unreadable", letter_id=letter.letter_id, error=type(error).__name__)  # noqa: TRY400 - no traceback: it may hold what was sealed
            await self._later(letter, NotTakenError("it cannot be opened"))

    # -- one letter -----------------------------------------------------------------------------------------------

    async def _send(self, relay: Relay, letter: Taken) -> None:
        story = await self._log.load(Service.INTAKE, letter.request_id, fresh=True)
        written = posted(story.events).get(letter.letter_id)
        if written is None or not written.is_open:
            await self._not_to_be_sent(letter, story, written)
            return
        if not still_holds(self._requests, story.events, letter.letter_id, self._clock.now()):
            await self._record_failure(letter, LetterFailure.GIVEN_UP, None)  # Too late: it would say what is not so.
            return
        key = await self._opener.key(letter.request_id, f"letter {letter.letter.value} sent (POL-18)")
        if key is None or written.written.sealed is None:
            await self._record_failure(letter, LetterFailure.NO_ADDRESS, None)  # Erased meanwhile: to nobody.
            return
        content = key.open(written.written.sealed)
        try:
            message = email_of(
                self._envelope(letter, written), content["to"], content["subject"], content["text"], content["html"]
            )
            began = await relay.send(
                message,
                self._correspondence.address,
                content["to"],
                f"{letter.letter_id}.{letter.request_id}@{self._domain}",
                lambda: self._queue.begin(letter.letter_id),
            )
        except AddressError:
            await self._record_failure(letter, LetterFailure.NO_ADDRESS, None)
        except RejectedError as error:
            await self._record_failure(letter, LetterFailure.REJECTED, error.status)
        except NotTakenError as error:
            await self._later(letter, error)
        except DoubtError as error:
            log.warning("letter_in_doubt", letter_id=letter.letter_id, why=str(error))
            await self._record_doubt(letter)
        else:
            if began:
                await self._note(letter)
                await self._record_sent(letter)

    async def _note(self, letter: Taken) -> None:
        """The mail server has it: known for certain, so a database that is away for a moment makes no doubt of it.

        Raises:
            RetryableError: it was away for longer; another sender will find the letter in doubt.
        """
        for last in (*(False,) * (NOTE_TRIES - 1), True):
            try:
                await self._queue.handed_over(letter.letter_id, self._clock.now())
            except RetryableError:
                if last:
                    raise
                await asyncio.sleep(NOTE_EVERY_S)
            else:
                return

    def _envelope(self, letter: Taken, written: Posted) -> Envelope:
        language = written.written.language
        return Envelope(
            letter.letter_id,
            letter.request_id,
            getattr(self._correspondence.sender, language.value),
            self._correspondence.address,
            language,
            written.written_at,
        )

    async def _not_to_be_sent(self, letter: Taken, story: Story, written: Posted | None) -> None:
        """The queue is behind the log: an older state of it was restored, or another instance has just settled it."""
        if written is None:
            raise RetryableError(f"the story of {letter.request_id} does not hold letter {letter.letter_id} yet")
        await self._queue.fold(story.commits)

    async def _later(self, letter: Taken, error: NotTakenError) -> None:
        """Try again, with a bound."""
        tries = letter.tries + 1
        if tries >= TRIES_MAX:
            await self._record_failure(letter, LetterFailure.GIVEN_UP, error.status)
            return
        OUTCOMES.labels("postponed").inc()
        await self._queue.postpone(letter, tries, self._clock.now() + backoff(tries), error.status)

    # -- what became of it ----------------------------------------------------------------------------------------

    async def _record_sent(self, letter: Taken) -> None:
        at = letter.handed_over_at or self._clock.now()
        said = posted((await self._log.load(Service.INTAKE, letter.request_id)).events).get(letter.letter_id)
        answer = (
            await answer_within(self._opener, letter.request_id, said.written, "answer that was sent (POL-27)")
            if said is not None
            else None
        )
        await self._record(
            letter, "sent", lambda story: send(self._requests, story.events, letter.letter_id, at, answer=answer)
        )

    async def _record_failure(self, letter: Taken, reason: LetterFailure, status: str | None) -> None:
        now = self._clock.now()
        await self._record(
            letter, reason.value, lambda story: fail(story.events, letter.letter_id, reason, status, now)
        )

    async def _record_doubt(self, letter: Taken) -> None:
        await self._record_failure(letter, LetterFailure.DOUBTFUL, None)

    async def _record(self, letter: Taken, what: str, decide: Callable[[Story], tuple[Fact, ...]]) -> None:
        """Append what became of a letter, then take note of it. The cause is this sending: one more has another."""
        story = await self._log.load(Service.INTAKE, letter.request_id)
        written = posted(story.events).get(letter.letter_id)
        sending = written.event_id if written is not None else letter.letter_id
        decided = await self._decisions.decide(
            letter.request_id, decide, cause_id=f"letter/{sending}/{what}", actor=ACTOR
        )
        await self._queue.fold(decided.story.commits)
        OUTCOMES.labels(what).inc()
        log.info("letter_settled", letter_id=letter.letter_id, letter=letter.letter.value, outcome=what)

    async def _measure(self) -> None:
        counted = await self._queue.count()
        for each in State:
            if each is not State.DONE:
                LETTERS.labels(each).set(counted.get(each, 0))
        written_at = await self._queue.oldest()
        METRICS.letter_oldest.set((self._clock.now() - written_at).total_seconds() if written_at is not None else 0)


async def answer_within(
    opener: Opener, request_id: RequestId, letter: LetterWritten, reason: str, *, who: str = OPENER
) -> Sealed | None:
    """The person's words of an answer or an extension, sealed anew as any answer's text is.

    None for other letters, where nobody wrote any, and once it is erased.

    Raises:
        RetryableError: a server is away.
        SealError: the seal does not open.
    """
    if letter.letter not in (LetterKind.ANSWER, LetterKind.EXTENSION) or letter.sealed is None:
        return None
    key = await opener.key(request_id, reason, who=who)
    said = key.open(letter.sealed).get("answer") if key is not None else None
    return key.seal({"text": said}) if key is not None and said else None
