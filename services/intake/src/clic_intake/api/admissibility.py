"""Whether a request is admissible, over HTTP: what an agent reads before they judge (POL-05 to POL-09)."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from pydantic import AwareDatetime, BaseModel, Field

from clic_chassis.agents import Agent
from clic_chassis.http import problems
from clic_contracts.town import Body, Town
from clic_contracts.vocabulary import BodyCode, Channel, Code, Criterion, Language, Missing, RequestId
from clic_intake.core.judgement import Finding, Judged, judgement_of, sentence

from .story import RequestPath, Stories


class Elsewhere(BaseModel):
    """A body that can help instead, and how to reach it (POL-07)."""

    body: BodyCode
    name: str
    contact: str


class CriterionFound(BaseModel):
    """What was found on one criterion of the policy."""

    criterion: Criterion
    clause: str = Field(description="Of the policy; empty for an older record that does not say.")
    finding: Finding
    sentence: str = Field(description="The same in words, in the language that was asked for.")
    by: str = Field(description="`agent:…`, `publisher:…`, or a rule of the town, `rule:…`.")
    at: AwareDatetime
    missing: list[Missing]
    turn_to: Elsewhere | None
    is_explained: bool = Field(description="A sealed explanation stands in the story.")
    is_told: bool = Field(description="The citizen was told.")


class Admissibility(BaseModel):
    """The judgement of a request."""

    request_id: RequestId
    is_admissible: bool = Field(description="Refused on nothing, and waiting for nothing.")
    urgent: bool = Field(description="A safety report: acted on also without a name or contact (POL-06).")
    channel: Channel = Field(description="By which the town was addressed (POL-05).")
    language: Language
    language_ground: Code | None
    claims: str | None = Field(description="The notice about claims, where the words tell of damage (C-19 art. 585).")
    criteria: list[CriterionFound]
    elsewhere: list[Elsewhere] = Field(description="Every body that the town can point to.")


def add_admissibility(api: FastAPI, stories: Stories, town: Town, current: Callable[..., Any]) -> None:
    """Add the route."""
    who = Annotated[Agent, Depends(current)]

    @api.get(
        "/requests/{request_id}/admissibility",
        tags=["requests"],
        summary="Read how a request was judged",
        responses=problems(401, 403, 404, 503),
    )
    async def admissibility(request_id: RequestPath, agent: who, lang: Language = Language.FR) -> Admissibility:
        """Each criterion: what was found, on what ground, by whom or which rule, and where to turn instead.

        Nothing sealed is opened.
        """
        commits = await stories.own(request_id, agent)
        judgement = judgement_of((event for commit in commits for event in commit.events), town)
        received = judgement.received
        return Admissibility(
            request_id=request_id,
            is_admissible=judgement.is_admissible,
            urgent=received.urgent,
            channel=received.channel,
            language=received.language,
            language_ground=received.language_ground,
            claims=judgement.claims,
            criteria=[_found(each, lang) for each in judgement.criteria],
            elsewhere=[_elsewhere(each, lang) for each in town.bodies],
        )


def _found(judged: Judged, language: Language) -> CriterionFound:
    return CriterionFound(
        criterion=judged.criterion,
        clause=judged.clause,
        finding=judged.finding,
        sentence=sentence(judged, language),
        by=judged.by,
        at=judged.at,
        missing=list(judged.missing),
        turn_to=_elsewhere(judged.turn_to, language) if judged.turn_to else None,
        is_explained=judged.is_explained,
        is_told=judged.is_told,
    )


def _elsewhere(body: Body, language: Language) -> Elsewhere:
    in_english = language is Language.EN
    return Elsewhere(
        body=body.code,
        name=body.name.en if in_english else body.name.fr,
        contact=body.contact.en if in_english else body.contact.fr,
    )
