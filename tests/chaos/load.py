"""A steady load by both ways in: each submission is said again, under the same id, until there is a receipt."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from itertools import count, cycle, pairwise
from time import monotonic
from typing import Any

import httpx
from tests.chaos.town import Town
from tests.system.submitting import now, request

from clic.folder import Folder
from clic.nats_config import inbox_prefix, publisher_user
from clic_chassis.testing import wait_until
from clic_contracts.client import ClientError, Publisher
from clic_contracts.submission import Receipt, encode_submission

SOURCE = "/essai-de-pertes"
PUBLISHERS = ("courriel", "comptoir", "telephonie")
HTTP = "http"
EVERY_S = 0.5
"""Between two submissions of one publisher."""
UNDER_WAY_MAX = 200
RECEIPT_WAIT_S = 3.0
AGAIN_S = 0.2
SILENCE_S = 5.0
PATIENCE_S = 90.0
"""After the last submission, until every one has its receipt."""


@dataclass
class Load:
    """What was handed over, and what was answered."""

    town: Town
    handed_over: dict[str, float] = field(default_factory=dict)
    """When, by id."""
    receipts: dict[str, Receipt] = field(default_factory=dict)
    answered_at: list[tuple[float, str]] = field(default_factory=list)
    """When an answer came, and to whom, in order."""
    _numbers: count[int] = field(default_factory=lambda: count(1))
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(UNDER_WAY_MAX))

    @contextlib.asynccontextmanager
    async def running(self, every_s: float = EVERY_S) -> AsyncIterator[None]:
        """Submit steadily; at the end wait until every submission has its receipt.

        Raises:
            AssertionError: one got none within `PATIENCE_S`.
        """
        stop = asyncio.Event()
        async with contextlib.AsyncExitStack() as stack:
            waves = [asyncio.create_task(self._by_http(stack, stop, every_s))]
            waves += [asyncio.create_task(self._by_nats(each, stack, stop, every_s)) for each in PUBLISHERS]
            try:
                yield
                stop.set()
                await asyncio.gather(*waves)
                if self._under_way:
                    await asyncio.wait(self._under_way, timeout=PATIENCE_S)
            finally:
                left = [*waves, *self._under_way]
                for each in left:
                    each.cancel()
                await asyncio.gather(*left, return_exceptions=True)
        unanswered = sorted(set(self.handed_over) - set(self.receipts))
        assert not unanswered, f"{len(unanswered)} submissions got no receipt: {unanswered[:5]}"

    async def _by_nats(self, code: str, stack: contextlib.AsyncExitStack, stop: asyncio.Event, every_s: float) -> None:
        user = publisher_user(code)
        publisher = await Publisher.connect(
            self.town.cluster.url, code, nkey_seed_file=self.town.seeds[user], inbox_prefix=inbox_prefix(user)
        )
        stack.push_async_callback(publisher.close)

        async def submit(event_id: str) -> None:
            said, at = request(channel="email"), now()
            for again in count():
                try:
                    await publisher.publish(said, source=SOURCE, event_id=event_id, occurred_at=at, again=again)
                    self._answered(code, event_id, await publisher.receipt(event_id, RECEIPT_WAIT_S))
                    return  # noqa: TRY300 - the loop's only way out
                except ClientError:
                    await asyncio.sleep(AGAIN_S)

        await self._wave(code, submit, stop, every_s)

    async def _by_http(self, stack: contextlib.AsyncExitStack, stop: asyncio.Event, every_s: float) -> None:
        token = Folder(self.town.folder).agent_token.read_text(encoding="utf-8").strip()
        client = await stack.enter_async_context(
            httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=5, trust_env=False)
        )
        desks = cycle([self.town.url(each) for each in self.town.instances if each[0] == "intake"])

        async def submit(event_id: str) -> None:
            body = encode_submission(request(), source=SOURCE, event_id=event_id, occurred_at=now())
            while True:
                try:
                    answer = await client.post(f"{next(desks)}/events", content=body)
                except httpx.HTTPError:
                    await asyncio.sleep(AGAIN_S)
                    continue
                if answer.status_code < 500 and answer.status_code != 429:
                    self._answered(HTTP, event_id, Receipt.model_validate(answer.json()))
                    return
                await asyncio.sleep(AGAIN_S)

        await self._wave(HTTP, submit, stop, every_s)

    async def _wave(
        self, who: str, submit: Callable[[str], Coroutine[Any, Any, None]], stop: asyncio.Event, every_s: float
    ) -> None:
        while not stop.is_set():
            await self._slots.acquire()
            event_id = f"{who}-{next(self._numbers)}"
            self.handed_over[event_id] = monotonic()
            task = asyncio.create_task(submit(event_id))
            self._under_way.add(task)
            task.add_done_callback(self._over)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every_s)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._slots.release()

    def _answered(self, who: str, event_id: str, receipt: Receipt) -> None:
        self.receipts[event_id] = receipt
        self.answered_at.append((monotonic(), who))

    async def flows(self, timeout_s: float, what: str) -> float:
        """Wait until every publisher and HTTP were answered since this call; gives the seconds that it took.

        Raises:
            AssertionError: not in time.
        """
        since = monotonic()

        def answered() -> set[str]:
            return {who for at, who in self.answered_at if at >= since}

        await wait_until(lambda: answered() == {HTTP, *PUBLISHERS}, timeout_s, what=what)
        return monotonic() - since

    async def goes_on(self, timeout_s: float, what: str, *, silent: bool) -> None:
        """Wait as `flows`; where nobody can be answered, until nobody was for `SILENCE_S`. Raises as that."""
        if not silent:
            await self.flows(timeout_s, what)
            return
        since = monotonic()
        await wait_until(
            lambda: monotonic() - max([since, *(at for at, _ in self.answered_at[-1:])]) > SILENCE_S,
            timeout_s, what=f"no {what}",
        )  # fmt: skip

    def gap_s(self, since: float, until: float, who: str | None = None) -> float:
        """The longest time within these instants in which nobody was answered, or one publisher was not."""
        told = (at for at, each in self.answered_at if who in (None, each) and since <= at <= until)
        return max(after - before for before, after in pairwise([since, *told, until]))
