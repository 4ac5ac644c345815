"""Letters over HTTP: an answer by e-mail, those that need a person, and what is to become of each."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, HTTPException, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from clic_chassis.agents import Agent
from clic_chassis.decision import Decided
from clic_chassis.http import problems
from clic_contracts.event import LetterWritten
from clic_contracts.submission import ShortText, Text
from clic_contracts.town import Town
from clic_contracts.vocabulary import (
    AccessOutcome,
    BodyCode,
    DepartmentCode,
    Language,
    LetterFailure,
    LetterKind,
    RequestId,
)
from clic_intake.letter.command import Answer, Extension, LetterCommands, ThirdPartyNotice
from clic_intake.letter.queue import LetterQueue, State

from .learning import IdempotencyKey
from .staff import must_be_staff
from .story import RequestPath, Stories

LetterPath = Annotated[RequestId, Path(description="The letter's id.")]


class AnswerByLetter(BaseModel):
    """An answer by e-mail. The citizen is answered once the town's mail server has taken it (POL-27).

    An access request needs its outcome; a refusal, also in part, its provisions, whose wording and explanation stand
    in the text (A-2.1 art. 50, 51); the outcome `other_body` names the body (art. 48).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[Text, Field(min_length=1, description="In the citizen's language; the town's letter is around it.")]
    answered_by: DepartmentCode | None = Field(default=None, description="Not given: the department in charge.")
    access_outcome: AccessOutcome | None = None
    provisions: tuple[ShortText, ...] = Field(default=(), max_length=50)
    body: BodyCode | None = Field(default=None, description="Of the outcome `other_body`: which one.")
    closes: bool = Field(default=False, description="The request is closed once the answer has gone out.")


class ExtendByLetter(BaseModel):
    """A notice of extension by e-mail. The delay is extended once the mail server has taken it, in time (POL-23)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: Annotated[int, Field(ge=1, le=10, description="Calendar days; of a complaint, business days.")] = 10
    text: Text = Field(default="", description="The reason, in the citizen's language; a complaint needs one.")


class NotifyByLetter(BaseModel):
    """A notice to a third party by e-mail. They are notified once the mail server has taken it (A-2.1 art. 25, 49)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    third_party_id: RequestId
    text: Text = Field(default="", description="Which document; it must not tell who asks for it.")
    language: Language = Field(default=Language.FR, description="French, unless the third party wishes otherwise.")


class LetterDone(BaseModel):
    """What came of a command about a letter."""

    request_id: RequestId
    letter_id: RequestId
    known: bool = Field(description="It was said before.")
    position: int = Field(description="The log's position after it.")
    events: list[str] = Field(description="Types of the facts that it made.")


class LetterOnItsWay(BaseModel):
    """A letter that waits, did not arrive, or may have gone out."""

    letter_id: RequestId
    request_id: RequestId
    letter: LetterKind
    state: State
    reason: LetterFailure | None = Field(description="Why it failed.")
    status: str | None = Field(description="Enhanced status code (RFC 3463), where known.")
    position: int = Field(description="Of the newest fact about it, in the log: give the last as `after` for more.")
    written_at: AwareDatetime
    tries: int = Field(description="How often it was tried in vain.")
    try_at: AwareDatetime = Field(description="When it is tried next, while it waits.")


def add_letter_routes(
    api: FastAPI,
    commands: LetterCommands,
    queue: LetterQueue,
    stories: Stories,
    town: Town,
    current: Callable[..., Agent | Awaitable[Agent]],
) -> None:
    """Add the routes."""
    who = Annotated[Agent, Depends(current)]

    def cause(agent: Agent, key: str | None) -> str:
        return f"{agent.actor}\n{key or uuid.uuid4()}"

    @api.post(
        "/requests/{request_id}/letters",
        tags=["letters"],
        summary="Answer by e-mail",
        status_code=202,
        responses=problems(401, 403, 404, 409, 422, 503),
    )
    async def answer(
        request_id: RequestPath, body: AnswerByLetter, agent: who, idempotency_key: IdempotencyKey = None
    ) -> LetterDone:
        """Have an answer go out. Once it has gone out the request is answered, and closed where `closes` says so."""
        if body.answered_by is not None and body.answered_by not in town.department_by_code:
            known = ", ".join(town.department_by_code)
            raise HTTPException(422, f"answered_by: {body.answered_by!r} is no department of this town; use: {known}")
        if body.body is not None and body.body not in town.body_by_code:
            known = ", ".join(town.body_by_code)
            raise HTTPException(422, f"body: {body.body!r} is no body that this town points to; use one of: {known}")
        await stories.treated(request_id, agent)
        decided = await commands.answer(
            request_id,
            Answer(**body.model_dump()),
            cause_id=cause(agent, idempotency_key),
            actor=agent.actor,
        )
        return _done(request_id, decided)

    @api.post(
        "/requests/{request_id}/letters/extension",
        tags=["letters"],
        summary="Extend by e-mail",
        status_code=202,
        responses=problems(401, 403, 404, 409, 422, 503),
    )
    async def extend(
        request_id: RequestPath, body: ExtendByLetter, agent: who, idempotency_key: IdempotencyKey = None
    ) -> LetterDone:
        """Have a notice of extension go out. One that cannot go out before the delay ends is not sent."""
        await stories.treated(request_id, agent)
        decided = await commands.extend(
            request_id,
            Extension(**body.model_dump()),
            cause_id=cause(agent, idempotency_key),
            actor=agent.actor,
        )
        return _done(request_id, decided)

    @api.post(
        "/requests/{request_id}/letters/third-party",
        tags=["letters"],
        summary="Notify a third party by e-mail",
        status_code=202,
        responses=problems(401, 403, 404, 409, 422, 503),
    )
    async def notify(
        request_id: RequestPath, body: NotifyByLetter, agent: who, idempotency_key: IdempotencyKey = None
    ) -> LetterDone:
        """Have a notice to a third party go out, in the town's words, with by when they are heard."""
        await stories.treated(request_id, agent)
        decided = await commands.notify(
            request_id,
            ThirdPartyNotice(**body.model_dump()),
            cause_id=cause(agent, idempotency_key),
            actor=agent.actor,
        )
        return _done(request_id, decided)

    @api.get("/letters", tags=["letters"], summary="List letters", responses=problems(401, 403, 422, 503))
    async def letters(
        agent: who,
        state: Annotated[
            Literal[State.DOUBTFUL, State.FAILED, State.WAITING], Query(description="Which ones.")
        ] = State.DOUBTFUL,
        after: Annotated[int, Query(ge=0, description="The position of the last one that was seen.")] = 0,
    ) -> list[LetterOnItsWay]:
        """Letters in doubt, failed or waiting that the agent may see (POL-26), in the order of the log, 200 at most."""
        must_be_staff(agent, town)
        found = await queue.list(state, agent.roles, after)
        return [LetterOnItsWay.model_validate(each, from_attributes=True) for each in found]

    def add(path: str, summary: str, do: Callable[..., Awaitable[Decided]], what: str) -> None:
        async def endpoint(
            request_id: RequestPath, letter_id: LetterPath, agent: who, idempotency_key: IdempotencyKey = None
        ) -> LetterDone:
            await stories.treated(request_id, agent)
            decided = await do(request_id, letter_id, cause_id=cause(agent, idempotency_key), actor=agent.actor)
            return _done(request_id, decided, letter_id)

        api.post(
            f"/requests/{{request_id}}/letters/{{letter_id}}/{path}",
            tags=["letters"],
            operation_id=f"letter_{path.replace('-', '_')}",
            summary=summary,
            description=what,
            responses=problems(401, 403, 404, 409, 422, 503),
        )(endpoint)

    add(
        "again",
        "Send a letter again",
        commands.again,
        "A letter in doubt goes out again as it is, under the same Message-ID; one that certainly did not arrive is "
        "written anew, to the address that is known today.",
    )
    add(
        "went-out",
        "Say that a letter went out",
        commands.went_out,
        "The agent found out (from the mail server's log, or from the citizen) that a letter in doubt went out.",
    )


def _done(request_id: RequestId, decided: Decided, letter_id: RequestId | None = None) -> LetterDone:
    written = (each.data.letter_id for each in decided.events if isinstance(each.data, LetterWritten))
    return LetterDone(
        request_id=request_id,
        letter_id=next(written, letter_id or ""),
        known=decided.known,
        position=decided.story.last_sequence,
        events=[each.type for each in decided.events],
    )
