"""The knowledge base over HTTP: asked by agents, recorded where it answered, enriched by what it lacked."""

import uuid
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.error import NotFoundError
from clic_chassis.http import problems
from clic_contracts.town import Town
from clic_contracts.town_text import Article, Label, Names, Paragraphs
from clic_contracts.vocabulary import Channel, Code, Language, RequestId, SubjectCode
from clic_intake.core.knowledge import ASKED_CHARS_MAX, may_become_article
from clic_intake.core.rule import UnknownRequestError
from clic_intake.knowledge import NO_SUCH_DRAFT, ArticleDrafts, FirstLine, Knowledge

from .learning import IdempotencyKey, Reason
from .staff import staff_of
from .story import RequestPath, Stories

WORDS_MAX = 40
SUBJECTS_MAX = 20

Excerpt = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class FoundArticle(BaseModel):
    """An article in the language that was asked for."""

    code: Code
    title: str
    text: str
    subjects: tuple[SubjectCode, ...]


class AnsweredOnTheSpot(BaseModel):
    """Which articles answered somebody."""

    model_config = ConfigDict(extra="forbid")

    articles: tuple[Code, ...] = Field(min_length=1, max_length=20)
    channel: Channel
    language: Language = Language.FR
    subject: SubjectCode | None = None
    about: RequestId | None = Field(default=None, description="The request that it followed up; it stays open.")


class RecordedContact(BaseModel):
    """A contact is in the log."""

    interaction_id: RequestId
    known: bool = Field(description="It was said before.")
    position: int


class NewArticle(BaseModel):
    """An article that an answered unusual request taught, in the words of an agent."""

    model_config = ConfigDict(extra="forbid")

    code: Code
    title: Names
    text: Paragraphs
    subjects: tuple[SubjectCode, ...] = Field(default=(), max_length=SUBJECTS_MAX)
    words: tuple[Label, ...] = Field(default=(), max_length=WORDS_MAX)
    harmless: dict[Excerpt, Reason] = Field(
        default_factory=dict, max_length=20, description="Passages that the scan finds, and why they tell nothing."
    )


class WrittenDraft(BaseModel):
    """A draft is kept until it is exported for the town's folder."""

    draft_id: RequestId


class ArticleDraft(BaseModel):
    """A draft without its text."""

    draft_id: RequestId
    request_id: RequestId
    code: Code
    written_by: str
    written_at: AwareDatetime
    exported_by: str | None
    exported_at: AwareDatetime | None


def add_knowledge(
    api: FastAPI,
    knowledge: Knowledge,
    first_line: FirstLine,
    drafts: ArticleDrafts,
    *,
    stories: Stories,
    town: Town,
    clock: Clock,
) -> None:
    """Add the routes; every agent may use them."""
    who = Annotated[Agent, Depends(staff_of(town))]
    anything = problems(401, 403, 404, 409, 422, 503)

    @api.get("/knowledge", tags=["knowledge"], summary="Ask the knowledge base", responses=problems(401, 422, 503))
    async def ask(
        _: who,
        q: Annotated[str, Query(min_length=1, max_length=ASKED_CHARS_MAX)],
        lang: Language = Language.FR,
        subject: SubjectCode | None = None,
    ) -> list[FoundArticle]:
        """Articles that may answer, the likeliest first; accents, case and plurals do not count (POL-16)."""
        english = lang is Language.EN
        return [
            FoundArticle(
                code=each.code,
                title=each.title.en if english else each.title.fr,
                text=each.text.en if english else each.text.fr,
                subjects=each.subjects,
            )
            for each in await knowledge.search(q, lang, subject=subject)
        ]

    @api.post("/knowledge/answers", tags=["knowledge"], summary="Record an answer", responses=anything)
    async def answered(body: AnsweredOnTheSpot, agent: who, idempotency_key: IdempotencyKey = None) -> RecordedContact:
        """Articles answered somebody on the spot: one contact, answered at first line (POL-16, POL-31, POL-34).

        A request that it was about stays open until it is answered by its own command (POL-17).
        """
        if body.subject is not None and body.subject not in town.subject_by_code:
            raise HTTPException(422, f"subject: the town has no subject {body.subject}; its subjects.yaml lists them")
        if body.about is not None:
            await stories.own(body.about, agent)
        decided = await first_line.answered(
            body.articles,
            channel=body.channel,
            language=body.language,
            subject=body.subject,
            about=body.about,
            cause_id=f"{agent.actor}\n{idempotency_key or uuid.uuid4()}",
            actor=agent.actor,
        )
        recorded = decided.events[0]
        return RecordedContact(
            interaction_id=getattr(recorded.data, "interaction_id", ""),
            known=decided.known,
            position=decided.story.last_sequence,
        )

    @api.post("/requests/{request_id}/article", tags=["knowledge"], summary="Draft an article", responses=anything)
    async def draft(request_id: RequestPath, body: NewArticle, agent: who) -> WrittenDraft:
        """An answered unusual request becomes the draft of an article; said again, it changes the draft (POL-40).

        Refused with each passage that may tell who somebody is (POL-38).
        """
        for subject in body.subjects:
            if subject not in town.subject_by_code:
                raise HTTPException(422, f"subjects: the town has no subject {subject}; its subjects.yaml lists them")
        await stories.treated(request_id, agent)
        request, commits = await stories.whole(request_id, agent)
        may_become_article(request, (event for commit in commits for event in commit.events))
        article = Article(
            code=body.code,
            title=body.title,
            text=body.text,
            subjects=body.subjects,
            words=body.words,
            reviewed_on=clock.now().date(),
        )
        return WrittenDraft(draft_id=await drafts.write(request_id, article, body.harmless, agent=agent.agent))

    @api.get("/knowledge/drafts", tags=["knowledge"], summary="List drafts", responses=problems(401, 503))
    async def listed(agent: who) -> list[ArticleDraft]:
        """Drafts of articles, oldest first, without their texts; of what the caller may not see, none (POL-26)."""
        heads = await drafts.heads()
        seen = {each for each in {head.request_id for head in heads} if await stories.sees(each, agent)}
        return [ArticleDraft.model_validate(each, from_attributes=True) for each in heads if each.request_id in seen]

    @api.post("/knowledge/drafts/{draft_id}/export", tags=["knowledge"], summary="Export a draft", responses=anything)
    async def export(draft_id: Annotated[RequestId, Path(description="The draft's id.")], agent: who) -> Article:
        """A draft as an article of the town's folder, `knowledge/CODE.yaml`; its opening is recorded (POL-30)."""
        try:
            await stories.treated(await drafts.request_of(draft_id), agent)
        except UnknownRequestError as error:  # One answer for what is not there and what is not theirs (POL-26).
            raise NotFoundError(NO_SUCH_DRAFT) from error
        return await drafts.export(draft_id, agent=agent.agent)
