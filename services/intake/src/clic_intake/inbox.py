"""The inbox: every submission that publishers put on the stream ends in exactly one receipt."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from time import monotonic
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic_core import from_json

from clic_chassis.clock import Clock
from clic_chassis.error import RetryableError, TooEarlyError
from clic_chassis.process import Delivery
from clic_chassis.telemetry import METRICS
from clic_contracts.deprecation import headers_for
from clic_contracts.envelope import request_id_for
from clic_contracts.problem import Problem, Wording, problem
from clic_contracts.subject import receipt_subject
from clic_contracts.submission import Receipt, SubmissionRefusedError, parse_submission
from clic_contracts.vocabulary import Language

from .core.rule import UnknownRequestError
from .desk import Desk
from .publisher_admission import Quotas
from .quota import too_large, too_many_pending

JETSTREAM_TIMEOUT_S = 5.0
WAIT_FOR_REQUEST_S = 20.0
"""A submission about a request may overtake the request on its way here, at the latest when an instance that had the
request under way crashed: longer than the runner's `ACK_WAIT_S`."""


class NotThereYetError(TooEarlyError):
    """A submission is about a request that is not there, or not yet: its submission may stand behind in the inbox."""


class Inbox:
    """Handles deliveries of the inbox for a process."""

    def __init__(
        self,
        desk: Desk,
        nats: Client,
        clock: Clock,
        publishers: Collection[str] = (),
        quotas: Quotas | None = None,
    ) -> None:
        """`publishers` are those that the town knows: others are counted together."""
        self._desk = desk
        self._nats = nats
        self._clock = clock
        self._publishers = publishers
        self._quotas = quotas or Quotas(None)
        self._waiting_since: dict[int, float] = {}
        """Sequences of what waits for its request, since when: bounded by the messages under way."""
        self._ahead: set[int] = set()
        """Sequences of what was handled before its turn; bounded by who handles it."""
        self._beyond: dict[str, int] = {}
        """How many of a publisher's next submissions are beyond its quota."""

    @property
    def ahead(self) -> int:
        """How many were handled before their turn, which has not come yet."""
        return len(self._ahead)

    def forget_ahead(self, settled: int) -> None:
        """Everything up to a position had its turn."""
        if self._ahead:
            self._ahead = {each for each in self._ahead if each > settled}

    def refuse_beyond(self, excess: Mapping[str, int]) -> None:
        """Refuse so many of each publisher's next submissions, unjudged; said anew at each look."""
        self._beyond = {publisher: count for publisher, count in excess.items() if count > 0}

    async def handle(self, delivery: Delivery) -> None:
        """Judge one submission and store its receipt; what arrived in clear is erased by the `InboxEraser`.

        Raises:
            RetryableError: something is away; the submission stays in the inbox.
        """
        if delivery.sequence in self._ahead:
            return
        publisher = _publisher_of(delivery)
        if (refusal := self._refusal(publisher, delivery)) is not None:
            await self._give(publisher, delivery, refusal)
            return
        since = self._waiting_since.setdefault(delivery.sequence, monotonic())
        try:
            receipt = await self._desk.submit(
                publisher, delivery.body, may_wait=monotonic() - since < WAIT_FOR_REQUEST_S
            )
        except UnknownRequestError as error:
            raise NotThereYetError("the request that this is about is not there yet") from error
        except BaseException:
            del self._waiting_since[delivery.sequence]
            raise
        del self._waiting_since[delivery.sequence]
        await self._give(publisher, delivery, receipt)

    async def handle_ahead(self, delivery: Delivery) -> None:
        """The same before its turn: what is about a request that is not there waits for its turn.

        Raises:
            RetryableError, UnknownRequestError: it stays in the inbox.
        """
        publisher = _publisher_of(delivery)
        receipt = self._too_large(publisher, delivery) or await self._desk.submit(
            publisher, delivery.body, may_wait=True
        )
        await self._give(publisher, delivery, receipt)
        self._ahead.add(delivery.sequence)

    def _refusal(self, publisher: str, delivery: Delivery) -> Receipt | None:
        """What a publisher's quota says against a submission."""
        if self._beyond.get(publisher, 0) > 0:
            self._beyond[publisher] -= 1
            pending_max = self._quotas.of(publisher).pending
            return self._refused(delivery, too_many_pending(pending_max, self._desk.language_of(publisher)))
        return self._too_large(publisher, delivery)

    def _too_large(self, publisher: str, delivery: Delivery) -> Receipt | None:
        size_bytes, bytes_max = len(delivery.body), self._quotas.of(publisher).bytes_max
        if size_bytes <= bytes_max:
            return None
        return self._refused(delivery, too_large(size_bytes, bytes_max, self._desk.language_of(publisher)))

    def _refused(self, delivery: Delivery, problem: Problem) -> Receipt:
        source, event_id = _identity_of(delivery.body)
        return Receipt(status="refused", source=source, id=event_id, at=self._clock.now(), problem=problem)

    async def parked(self, delivery: Delivery, reason: str) -> None:
        """Tell the publisher that a submission is in quarantine; once it is handled, the true receipt replaces that.

        Raises:
            RetryableError: the receipt is not known to be stored.
        """
        source, event_id = _identity_of(delivery.body)
        publisher = _publisher_of(delivery)
        receipt = Receipt(
            status="quarantined",
            source=source,
            id=event_id,
            at=self._clock.now(),
            problem=_quarantined(reason, self._desk.language_of(publisher)),
        )
        await self._give(publisher, delivery, receipt)

    async def _give(self, publisher: str, delivery: Delivery, receipt: Receipt) -> None:
        """Store the receipt under the submission's id, or the inbox position where it has none."""
        subject = receipt_subject(publisher, receipt.id or f"inbox-{delivery.sequence}")
        body = receipt.model_dump_json(exclude_none=True).encode()
        said = await ask(self._nats, subject, body, headers_for([delivery.body]))
        if "error" in said:
            raise RetryableError(f"receipt: {said['error'].get('description')}")
        METRICS.receipts.labels(publisher if publisher in self._publishers else "unknown", receipt.status).inc()


def _quarantined(reason: str, language: Language) -> Problem:
    return problem(
        "quarantined",
        Wording(
            fr="L’envoi est conservé et n’a pas encore pu être traité",
            en="The submission is kept and could not be handled yet",
        ),
        500,
        Wording(
            fr=f"C’est une erreur du bureau, pas de l’envoi ({reason}). Quelqu’un s’en occupe, et ce reçu sera "
            "remplacé une fois l’envoi traité. Ne le renvoyez pas.",
            en=f"An error of the desk, not of the submission ({reason}). Somebody looks at it, and this receipt is "
            "replaced once it is handled. Do not send it again.",
        ),
        language=language,
    )


async def ask(nats: Client, subject: str, body: bytes, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """What JetStream answers.

    Raises:
        RetryableError: nothing.
    """
    try:
        answer = await nats.request(subject, body, timeout=JETSTREAM_TIMEOUT_S, headers=headers or None)
    except (NatsError, OSError) as error:
        raise RetryableError(f"no answer from JetStream ({type(error).__name__})") from error
    said: dict[str, Any] = json.loads(answer.data)
    return said


def inbox_key(delivery: Delivery) -> str:
    """Which request a submission is about, so that a request's submissions stay in order."""
    try:
        raw: Any = from_json(delivery.body)
        about = raw["data"].get("about")
        if about is None:
            return request_id_for(raw["source"], raw["id"])
        reference = about.get("reference")
        return reference if isinstance(reference, str) else request_id_for(about["source"], about["id"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return f"unreadable-{delivery.sequence}"


def _publisher_of(delivery: Delivery) -> str:
    """The third token of `clic.inbox.<publisher>.<type>`: the server's permissions say that it is who published."""
    return delivery.subject.split(".")[2]


def _identity_of(body: bytes) -> tuple[str | None, str | None]:
    """Source and id of a submission, as far as they can be read."""
    try:
        event = parse_submission(body)
    except SubmissionRefusedError as error:
        return error.source, error.event_id
    return event.source, event.id
