"""Intake's story of a request, as the nearest replica has it; as the leader has it where that one may lag."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from clic_chassis.decider import Fact
from clic_chassis.error import RetryableError
from clic_chassis.log import EventLog, Story
from clic_contracts.event import RequestReceived
from clic_contracts.vocabulary import RequestId, Service

from .core.correction import corrects
from .core.obligation import DECIDER, Command

Outcome = TypeVar("Outcome")


class LaggingError(RetryableError):
    """A replica of the log has not all of intake's story yet."""


class IntakeStory:
    """What was loaded, and whether it may lag."""

    def __init__(self, story: Story, *, fresh: bool) -> None:
        self.events = story.events
        self.last_sequence = story.last_sequence
        self._fresh = fresh

    def decide(self, command: Command, own: Story) -> tuple[Fact, ...]:
        """The facts that a command on this story makes. What an older story says is mostly recorded already.

        Raises:
            LaggingError: the story has no beginning, or takes back what was recorded: a newer one may not.
        """
        state = DECIDER.fold(own.events)
        facts = DECIDER.decide(command, state)
        if not self._fresh and (not self._begins or corrects(facts, state)):
            raise LaggingError("intake's story may lag behind what was decided on")
        return facts

    @property
    def _begins(self) -> bool:
        return any(isinstance(each.data, RequestReceived) for each in self.events)


async def on_intake(
    log: EventLog, request_id: RequestId, decide: Callable[[IntakeStory], Awaitable[Outcome]]
) -> Outcome:
    """Decide on intake's story as the nearest replica has it; where that lags, as the stream's leader has it.

    Raises:
        RetryableError: a server is away; also whatever `decide` raises.
    """
    try:
        return await decide(IntakeStory(await log.load(Service.INTAKE, request_id), fresh=False))
    except LaggingError:
        return await decide(IntakeStory(await log.load(Service.INTAKE, request_id, fresh=True), fresh=True))
