"""Personal data that is other than was recorded: the newest word wins wherever a requester is read (A-2.1 art. 89)."""

from __future__ import annotations

import datetime as dt

from clic_chassis.decider import Fact
from clic_chassis.decision import Decided, Decisions
from clic_chassis.error import NotFoundError
from clic_chassis.log import Story
from clic_contracts.event import PersonalDataCorrected, RequestReceived
from clic_contracts.submission import Requester
from clic_contracts.vocabulary import Code, RequestId
from clic_intake.core.rule import UnknownRequestError
from clic_intake.desk import OtherContentError
from clic_intake.register import Register

from .attachments import ErasedError


class Corrections:
    """Corrects requesters. What was recorded before stays in the log, sealed, until the request is erased."""

    def __init__(self, register: Register, decisions: Decisions) -> None:
        self._register = register
        self._decisions = decisions

    async def correct(
        self,
        request_id: RequestId,
        requester: Requester,
        ground: Code,
        *,
        actor: str,
        cause_id: str,
        at: dt.datetime,
    ) -> Decided:
        """Put a requester, whole, in the place of what was known of them; said twice, done once.

        Raises:
            UnknownRequestError: there is no such request.
            ErasedError: the request was erased.
            OtherContentError: something else was said with this cause.
            RetryableError: something is away; the same may be said again.
        """
        try:
            key = (await self._register.entry(request_id, with_key=True)).key
        except NotFoundError as error:
            raise UnknownRequestError(str(error)) from error
        if key is None:
            raise ErasedError("the personal data of this request was erased: there is nothing to correct")
        content = {"requester": requester.model_dump(exclude_none=True)}
        corrected = PersonalDataCorrected(ground=ground, sealed=key.seal(content))

        def decide(story: Story) -> tuple[Fact, ...]:
            if not any(isinstance(each.data, RequestReceived) for each in story.events):
                raise UnknownRequestError("no such request: send its submission first, or correct the id")
            return (Fact(corrected, at),)

        decided = await self._decisions.decide(request_id, decide, cause_id=cause_id, actor=actor)
        said = decided.events[0].data
        if (
            not isinstance(said, PersonalDataCorrected)
            or said.ground != ground
            or said.sealed is None
            or key.open(said.sealed) != content
        ):
            raise OtherContentError("something else was said with this cause: use a new one for each correction")
        # After the fact: what is cut off here is done when the same is said again.
        await self._register.add_person(request_id, content["requester"], instead=True)
        return decided
