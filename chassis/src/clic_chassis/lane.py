"""Lanes: the messages of one key one after the other, those of different keys side by side, within bounds."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from .delivery import Delivery

log = structlog.get_logger()

HELD_BYTES_MAX = 64 * 1024 * 1024
"""Bodies under way at most, one message more; a submission has at most about a megabyte."""


@dataclass(eq=False, slots=True)
class Carried:
    """A message under way."""

    delivery: Delivery
    message: Msg
    touched_at: float = field(default_factory=monotonic)
    """When the server last heard that it is under way, by our own monotonic clock."""


@dataclass(eq=False, slots=True)
class _Lane:
    carried: deque[Carried] = field(default_factory=deque)
    stalled: bool = False
    """Its first message waits to be tried again."""


class Lanes:
    """Carries messages to `settle`, which gives whether one is settled (and acknowledged) or the process stops.

    A lane's messages are in order of their sequences, unless one lets the others pass; one that was delivered again
    while it is under way is known.
    """

    def __init__(
        self, settle: Callable[[str, Carried], Awaitable[bool]], *, ready_max: int, touch_every_s: float
    ) -> None:
        """Take no more when `ready_max` messages wait that could be handled now; stalled lanes hold up nobody.

        A message is touched when the server did not hear of it for `touch_every_s`.
        """
        self._settle = settle
        self._ready_max = ready_max
        self._touch_every_s = touch_every_s
        self._lanes: dict[str, _Lane] = {}
        self._under_way: dict[int, Carried] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stalled = 0
        self._bytes = 0
        self._changed = asyncio.Event()
        self.closing = asyncio.Event()
        """Set when the process stops: what is begun is finished, the rest is given back."""

    def __len__(self) -> int:
        return len(self._under_way)

    def put(self, key: str, carried: Carried) -> None:
        """Add a message to its key's lane."""
        if (known := self._under_way.get(carried.delivery.sequence)) is not None:
            known.message, known.touched_at = carried.message, carried.touched_at
            return
        self._under_way[carried.delivery.sequence] = carried
        self._bytes += len(carried.delivery.body)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(deque([carried]))
            task = asyncio.create_task(self._walk(key, lane), name=f"lane-{key}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        self._stalled += lane.stalled
        _insert(lane.carried, carried)

    def holds(self, key: str) -> bool:
        """Whether a message of a key is under way."""
        return key in self._lanes

    async def room(self) -> None:
        """Wait until there is room for more, or the process stops."""
        while not self.closing.is_set() and (
            len(self._under_way) - self._stalled >= self._ready_max or self._bytes >= HELD_BYTES_MAX
        ):
            self._changed.clear()
            await self._changed.wait()

    async def stall(self, key: str, seconds: float) -> None:
        """Let a lane's first message wait before it is tried again; ends early when the process stops."""
        lane = self._lanes[key]
        lane.stalled = True
        self._stalled += len(lane.carried)
        self._changed.set()
        try:
            async with asyncio.timeout(seconds):
                await self.closing.wait()
        except TimeoutError:
            pass  # The usual end.
        finally:
            lane.stalled = False
            self._stalled -= len(lane.carried)

    def let_pass(self, key: str) -> bool:
        """Put a lane's first message behind the others; False: there are none. `settle` then returns without it."""
        lane = self._lanes[key]
        lane.carried.rotate(-1)
        return len(lane.carried) > 1

    async def touch(self) -> None:
        """Tell the server of messages that it did not hear of for long that they are under way."""
        before = monotonic() - self._touch_every_s
        for each in [each for each in self._under_way.values() if each.touched_at < before]:
            each.touched_at = monotonic()
            await say(each.message.in_progress)

    async def close(self, bound_s: float) -> None:
        """Finish what is begun, give back the rest; what is not finished within the bound is cut off and given back."""
        self.closing.set()
        self._changed.set()
        end = monotonic() + bound_s
        while self._tasks and (left_s := end - monotonic()) > 0:
            await asyncio.wait(set(self._tasks), timeout=min(self._touch_every_s, left_s))
            await self.touch()
        late = set(self._tasks)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _walk(self, key: str, lane: _Lane) -> None:
        try:
            while lane.carried:
                carried = lane.carried[0]
                settled = not self.closing.is_set() and await self._settle(key, carried)
                if lane.carried[0] is not carried:
                    continue  # It let the others pass.
                await say(carried.message.ack if settled else carried.message.nak)
                self._drop(lane.carried.popleft())
        finally:
            del self._lanes[key]
            for left in lane.carried:  # Cut off, or a defect of ours: it comes again.
                self._drop(left)
                await say(left.message.nak)

    def _drop(self, carried: Carried) -> None:
        del self._under_way[carried.delivery.sequence]
        self._bytes -= len(carried.delivery.body)
        self._changed.set()


def _insert(carried: deque[Carried], new: Carried) -> None:
    """In order of the sequences, but never before the first, which is under way."""
    index = len(carried)
    while index > 1 and carried[index - 1].delivery.sequence > new.delivery.sequence:
        index -= 1
    carried.insert(index, new)


async def say(what: Callable[[], Awaitable[None]]) -> None:
    """Acknowledge, give back or touch; where the connection is gone the message comes again."""
    try:
        await what()
    except (NatsError, OSError) as error:
        log.warning("message_not_acknowledged", error=type(error).__name__)
