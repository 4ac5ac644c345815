"""A post over Open311 on its way to the desk: which key it stands under, so that a repetition is known.

GeoReport v2 has no way to say that a post is a repetition. A digest of the form would swallow a second broken lamp in
the same street, so that the body is never compared: who repeats says so by an `Idempotency-Key` (as the desk's
commands do), and without one each post is a request of its own, whose like the desk's agents are shown (duplicates).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

from clic_chassis.clock import Clock
from clic_chassis.log import EventLog
from clic_contracts.envelope import derive_id, request_id_for
from clic_contracts.submission import Receipt, RequestSubmission, encode_submission
from clic_contracts.vocabulary import Service
from clic_intake.desk import Desk, OtherContentError

SOURCE: Final = "/open311"
KEY_CHARS_MAX: Final = 200
"""Of an Idempotency-Key."""
_TRIES: Final = 2
"""The second with the instant that the first post of two at once was recorded with."""
OTHER_CONTENT: Final = f"urn:clic:problem:{OtherContentError.code.replace('_', '-')}"


class Submitter:
    """Hands posts to the desk."""

    def __init__(self, desk: Desk, log: EventLog, clock: Clock, new_id: Callable[[], str]) -> None:
        self._desk = desk
        self._log = log
        self._clock = clock
        self._new_id = new_id

    async def submit(self, publisher: str, said: RequestSubmission, key: str | None) -> Receipt:
        """Submit; with a key that was used before, the receipt is that of the first time.

        Raises:
            RetryableError: something is away; the same may be sent again, with its key.
        """
        if key is None:
            return await self._desk.submit(publisher, _encoded(said, self._new_id(), self._clock.now()))
        event_id = derive_id("open311", publisher, key)
        receipt = await self._repeat(publisher, said, event_id)
        for _ in range(_TRIES - 1):
            if receipt.problem is None or receipt.problem.type != OTHER_CONTENT:
                break
            receipt = await self._repeat(publisher, said, event_id)
        return receipt

    async def _repeat(self, publisher: str, said: RequestSubmission, event_id: str) -> Receipt:
        """Under the instant of the first time, as the log has it: a repetition says the same again."""
        commits = (await self._log.load(Service.INTAKE, request_id_for(SOURCE, event_id))).commits
        at = commits[0].events[0].occurred_at if commits else self._clock.now()
        return await self._desk.submit(publisher, _encoded(said, event_id, at))


def _encoded(said: RequestSubmission, event_id: str, at: dt.datetime) -> bytes:
    return encode_submission(said, source=SOURCE, event_id=event_id, occurred_at=at)
