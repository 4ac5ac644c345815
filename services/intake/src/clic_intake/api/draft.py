"""Drafts of learnings over HTTP: edited, scanned, confirmed, signed off and published by reviewers (POL-37)."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from clic_chassis.agents import Agent
from clic_chassis.http import PROBLEM_TYPE, problem_of, problems
from clic_contracts.problem import MAX_PROBLEM_ERRORS, Problem, ProblemError
from clic_contracts.vocabulary import RequestId
from clic_intake.core.learning import REVIEWER, FindingError, unsettled
from clic_intake.core.pattern import Kind
from clic_intake.core.scan import Finding
from clic_intake.publication import Publications, Published, Reviewed

from .learning import IdempotencyKey, LearningText, Period, Reason, needs_role

LEARNINGS_MAX = 100
"""Learnings that one draft combines at most."""

_SAID: dict[Kind, tuple[str, str]] = {
    Kind.EMAIL: ("adresse courriel", "Retirez-la du texte."),
    Kind.PHONE: ("numéro de téléphone", "Retirez-le du texte."),
    Kind.ADDRESS: ("adresse civique", "Nommez plutôt le secteur."),
    Kind.POSTAL_CODE: ("code postal", "Nommez plutôt le secteur."),
    Kind.REFERENCE: ("numéro d’une demande", "Retirez-le du texte."),
    Kind.NAME: ("nom d’une personne qui a fait une demande", "Décrivez la situation sans nommer personne."),
    Kind.NAME_PART: ("peut-être le nom d’une personne qui a fait une demande", "Décrivez la situation sans la nommer."),
}
"""What a finding is, and what to do, as officials read it."""
_OR_CONFIRM = " Sinon, confirmez que ce passage n’identifie personne, en disant pourquoi."


class NewDraft(BaseModel):
    """A text for the report of a quarter, made from learnings or written afresh."""

    model_config = ConfigDict(extra="forbid")

    period: Period
    text: LearningText
    learnings: tuple[RequestId, ...] = Field(
        default=(), max_length=LEARNINGS_MAX, description="Those that it was made from: erased, they take it along."
    )


class EditDraft(BaseModel):
    """Another text in the place of the one that was read."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, description="Of the draft as it was read; another one is refused.")
    text: LearningText
    learnings: tuple[RequestId, ...] | None = Field(
        default=None, max_length=LEARNINGS_MAX, description="As they were, if left out."
    )


class ConfirmFinding(BaseModel):
    """Why a finding tells nothing of anybody."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1)
    finding_id: str = Field(min_length=1, max_length=40)
    reason: Reason


class DraftVersion(BaseModel):
    """The version of a draft that was read."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1)


class FoundPassage(BaseModel):
    """A passage that may tell who somebody is."""

    finding_id: str
    kind: Kind
    start: int = Field(description="In characters of the text, from 0.")
    end: int = Field(description="Behind the last one.")
    excerpt: str
    is_confirmable: bool = Field(description="Whether it may be confirmed as harmless; else it leaves the text.")
    confirmed: str | None = Field(description="Why it is harmless, where somebody said so.")
    label: str = Field(description="What it is, in French.")
    mend: str = Field(description="What to do, in French.")


class DraftSummary(BaseModel):
    """A draft without its text."""

    draft_id: RequestId
    period: Period
    learnings: list[RequestId]
    version: int
    edited_by: str
    edited_at: AwareDatetime
    signed_by: str | None
    signed_at: AwareDatetime | None


class ReviewedDraft(DraftSummary):
    """A draft and what the scan finds in it now."""

    text: str
    findings: list[FoundPassage]
    is_clean: bool = Field(description="Nothing is left that would keep it from being signed off.")


class PublishedText(BaseModel):
    """A text is in the log, and with it in the reports of its quarter."""

    publication_id: RequestId
    period: Period
    text: str
    signed_off_by: str | None
    known: bool = Field(description="It was so before.")
    position: int
    is_withdrawn: bool = Field(description="It is shown in no report any more.")


class WithdrawText(BaseModel):
    """Why a published text is shown no more."""

    model_config = ConfigDict(extra="forbid")

    ground: Literal["error", "personal_data", "outdated"]


DraftPath = Annotated[RequestId, Path(description="The draft's id.")]


def add_drafts(api: FastAPI, publications: Publications, current: Callable[..., Any]) -> None:
    """Add the routes; all need the role `reviewer`."""

    def reviewer(agent: Annotated[Agent, Depends(current)]) -> Agent:
        needs_role(agent, REVIEWER)
        return agent

    who = Annotated[Agent, Depends(reviewer)]
    anything = problems(401, 403, 404, 409, 422, 503)

    @api.exception_handler(FindingError)
    async def found(_: Request, error: FindingError) -> JSONResponse:
        problem = _problem(error)
        return JSONResponse(problem.model_dump(mode="json"), problem.status, media_type=PROBLEM_TYPE)

    @api.post("/learnings/drafts", tags=["learnings"], summary="Begin a draft", responses=anything)
    async def begin(body: NewDraft, agent: who, idempotency_key: IdempotencyKey = None) -> ReviewedDraft:
        """Begin a text for a quarter; the answer shows what the scan finds in it."""
        return _shown(
            await publications.begin(agent.agent, body.period, body.text, body.learnings, key=idempotency_key)
        )

    @api.get("/learnings/drafts", tags=["learnings"], summary="List drafts", responses=problems(401, 403, 422, 503))
    async def listed(_: who, period: Annotated[Period | None, Query()] = None) -> list[DraftSummary]:
        """The drafts of a quarter, or of all, without their texts."""
        return [
            DraftSummary.model_validate(
                {**each, "draft_id": str(each["draft_id"]), "learnings": list(map(str, each["learnings"]))}  # type: ignore[call-overload]  # The driver gives a list.
            )
            for each in await publications.drafts(period)
        ]

    @api.get("/learnings/drafts/{draft_id}", tags=["learnings"], summary="Read and scan a draft", responses=anything)
    async def read(draft_id: DraftPath, agent: who) -> ReviewedDraft:
        """A draft, and what the scan finds in it now. That it was read is recorded (POL-30)."""
        return _shown(await publications.read(agent.agent, draft_id))

    @api.post("/learnings/drafts/{draft_id}/edit", tags=["learnings"], summary="Edit a draft", responses=anything)
    async def edit(draft_id: DraftPath, body: EditDraft, agent: who) -> ReviewedDraft:
        """Put another text in the place of the one that was read; it takes back that it was signed off."""
        return _shown(await publications.edit(agent.agent, draft_id, body.version, body.text, body.learnings))

    @api.post("/learnings/drafts/{draft_id}/confirm", tags=["learnings"], summary="Confirm", responses=anything)
    async def confirm(draft_id: DraftPath, body: ConfirmFinding, agent: who) -> ReviewedDraft:
        """Say why a finding is harmless. E-mail addresses, full telephone numbers, references and whole names of
        requesters cannot be confirmed: they leave the text."""  # noqa: D205, D209 - one paragraph of the API's page
        return _shown(await publications.confirm(agent.agent, draft_id, body.version, body.finding_id, body.reason))

    @api.post("/learnings/drafts/{draft_id}/sign-off", tags=["learnings"], summary="Sign off", responses=anything)
    async def sign_off(draft_id: DraftPath, body: DraftVersion, agent: who) -> ReviewedDraft:
        """Sign this version off: another person than who changed it last, where the town has another reviewer.

        Refused with each finding that is neither gone nor confirmed.
        """
        return _shown(await publications.sign_off(agent.agent, draft_id, body.version))

    @api.post("/learnings/drafts/{draft_id}/publish", tags=["learnings"], summary="Publish", responses=anything)
    async def publish(draft_id: DraftPath, agent: who) -> PublishedText:
        """Put the text into the log as it was signed off, and let the draft go. It is scanned once more."""
        return _told(await publications.publish(agent.actor, draft_id))

    @api.get("/learnings/publications", tags=["learnings"], summary="List what was published", responses=anything)
    async def published(_: who, period: Annotated[Period, Query()]) -> list[PublishedText]:
        """The texts that were published for a quarter, in the log's order, those withdrawn included."""
        return [_told(each) for each in await publications.published(period)]

    @api.post(
        "/learnings/publications/{publication_id}/withdraw",
        tags=["learnings"],
        summary="Withdraw what was published",
        responses=anything,
    )
    async def withdraw(
        publication_id: Annotated[RequestId, Path(description="The publication's id: its draft's.")],
        body: WithdrawText,
        agent: who,
    ) -> PublishedText:
        """Show a published text in no report any more, of whatever position; the log keeps it."""
        return _told(await publications.withdraw(agent.actor, publication_id, body.ground))

    @api.post(
        "/learnings/drafts/{draft_id}/discard",
        tags=["learnings"],
        summary="Discard a draft",
        status_code=204,
        responses=anything,
    )
    async def discard(draft_id: DraftPath, body: DraftVersion, _: who) -> None:
        """Let a draft go that nobody publishes."""
        await publications.discard(draft_id, body.version)


def _told(done: Published) -> PublishedText:
    return PublishedText(
        publication_id=done.publication_id,
        period=done.published.period,
        text=done.published.text,
        signed_off_by=done.published.signed_off_by,
        known=done.known,
        position=done.position,
        is_withdrawn=done.is_withdrawn,
    )


def _shown(reviewed: Reviewed) -> ReviewedDraft:
    draft = reviewed.draft
    return ReviewedDraft(
        draft_id=draft.draft_id,
        period=draft.period,
        learnings=list(draft.learnings),
        version=draft.version,
        edited_by=draft.edited_by,
        edited_at=draft.edited_at,
        signed_by=draft.signed_by,
        signed_at=draft.signed_at,
        text=draft.text,
        findings=[_passage(each, draft.confirmed.get(each.finding_id)) for each in reviewed.findings],
        is_clean=not unsettled(draft, reviewed.findings),
    )


def _passage(finding: Finding, confirmed: str | None) -> FoundPassage:
    label, mend = _SAID[finding.kind]
    return FoundPassage(
        finding_id=finding.finding_id,
        kind=finding.kind,
        start=finding.start,
        end=finding.end,
        excerpt=finding.excerpt,
        is_confirmable=finding.confirmable,
        confirmed=confirmed if finding.confirmable else None,
        label=label,
        mend=mend + (_OR_CONFIRM if finding.confirmable else ""),
    )


def _problem(error: FindingError) -> Problem:
    """The refusal with each finding, where it stands and what to do, in French."""
    passages = [_passage(each, None) for each in error.findings[:MAX_PROBLEM_ERRORS]]
    errors = tuple(
        ProblemError(
            pointer="/text",
            detail=f"«\u00a0{each.excerpt}\u00a0» ({each.label}, caractères {each.start + 1} à {each.end})",
            mend=each.mend,
        )
        for each in passages
    )
    count = len(error.findings)
    said = (
        "1 passage de ce texte peut identifier quelqu’un"
        if count == 1
        else f"{count} passages de ce texte peuvent identifier quelqu’un"
    )
    detail = f"{said}\u00a0: modifiez-le, ou confirmez avec un motif, là où c’est permis, ce qui n’identifie personne."
    return problem_of(error).model_copy(update={"detail": detail, "errors": errors})
