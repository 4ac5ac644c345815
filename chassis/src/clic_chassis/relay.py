"""The relay: what the outside may hear of the log, as single CloudEvents on the feed.

Nothing sealed leaves, nothing confidential, nothing of an older system's backlog, and no obligation: those are
the desk's own business. Delivered at least once; an event keeps its id, and the feed drops what it has within
its duplicate window.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError

from clic_contracts.deprecation import headers_of
from clic_contracts.envelope import EVENT_CONTENT_TYPE, Commit, Recorded
from clic_contracts.event import InteractionRecorded, RequestReceived, RequestSplit
from clic_contracts.feed import FEED_EVENTS, HIDDEN_ATTRIBUTES, HIDDEN_FIELDS, LEFT_OUT_HEADER, left_out
from clic_contracts.subject import feed_subject
from clic_contracts.vocabulary import Origin, RequestId, Service

from .delivery import Delivery
from .error import RetryableError, TooEarlyError
from .log import EventLog
from .telemetry import trace_headers

PUBLISH_TIMEOUT_S = 5.0
REMEMBERED_MAX = 20_000
"""Requests of which the relay remembers whether the outside may hear of them; others are looked up."""

_HIDDEN: dict[str, Any] = {
    **{name: True for name, field in Recorded.model_fields.items() if (field.alias or name) in HIDDEN_ATTRIBUTES},
    "data": HIDDEN_FIELDS,
}


def not_for_outside(delivery: Delivery) -> bool:
    """Whether a message of the log holds nothing for the outside, and need not be decoded."""
    return not delivery.may_hold(FEED_EVENTS)


class Relay:
    """Handles commits of the log for a process."""

    def __init__(self, nats: Client, log: EventLog) -> None:
        self._nats = nats
        self._log = log
        self._audible: OrderedDict[str, bool] = OrderedDict()

    def skips(self, delivery: Delivery) -> bool:
        """Whether a message of the log need not be decoded: by its types, or by its request."""
        return not_for_outside(delivery) or self._audible.get(delivery.subject.rpartition(".")[2]) is False

    async def handle(self, commit: Commit) -> None:
        """Tell the outside what it may hear of a commit.

        Raises:
            RetryableError: the feed did not take it, or it is too early to tell.
        """
        events = [event for event in commit.events if isinstance(event.data, FEED_EVENTS)]
        if events and await self._is_audible(commit):
            told = [await self._without_hidden(event) for event in events]
            for event in told:  # One after the other: who subscribes hears of a request in its order.
                if event is not None:
                    await self._publish(event)

    async def _without_hidden(self, event: Recorded) -> Recorded | None:
        """A split names those of its new requests alone that the outside may hear of (POL-26); None: there are none.

        Raises:
            TooEarlyError: one of them is not registered yet: whether it is confidential is told by its registration.
        """
        if not isinstance(event.data, RequestSplit):
            return event
        heard: list[RequestId] = []
        for each in event.data.into:
            story = (await self._log.load(Service.INTAKE, each)).events
            if not story:
                raise TooEarlyError("a request that another was split into is not registered yet")
            if _audible(story):
                heard.append(each)
        if not heard:
            return None
        return event.model_copy(update={"data": event.data.model_copy(update={"into": tuple(heard)})})

    async def _is_audible(self, commit: Commit) -> bool:
        known = self._audible.get(commit.request_id)
        if known is None:
            events = commit.events
            if not isinstance(events[0].data, RequestReceived):
                # The story tells; an interaction that opened no request is its own story's beginning.
                events = (await self._log.load(Service.INTAKE, commit.request_id)).events
            known = _audible(events)
            self._audible[commit.request_id] = known
            if len(self._audible) > REMEMBERED_MAX:
                self._audible.popitem(last=False)
        return known

    async def _publish(self, event: Recorded) -> None:
        try:
            answer = await self._nats.request(
                feed_subject(event.type, event.request_id),
                public_form(event),
                timeout=PUBLISH_TIMEOUT_S,
                headers={
                    "Nats-Msg-Id": event.event_id,
                    "Content-Type": EVENT_CONTENT_TYPE,
                    LEFT_OUT_HEADER: ",".join(left_out(type(event.data))),
                    **headers_of([event.type]),
                    **trace_headers(),
                },
            )
        except (NatsError, OSError) as error:
            raise RetryableError(f"no answer from the feed ({type(error).__name__})") from error
        if "error" in (said := json.loads(answer.data)):
            raise RetryableError(f"feed: {said['error'].get('description')}")


def public_form(event: Recorded) -> bytes:
    """An event as the feed carries it, without what `clic_contracts.feed` hides."""
    return event.model_dump_json(by_alias=True, exclude_none=True, exclude=_HIDDEN).encode()


def _audible(events: tuple[Recorded, ...]) -> bool:
    first = events[0].data if events else None
    if isinstance(first, RequestReceived):
        return not first.confidential and first.origin is Origin.LIVE
    if isinstance(first, InteractionRecorded):
        return first.about is None and first.origin is Origin.LIVE
    return first is not None
