"""What the first line answered by itself: a recorded contact that names the articles that answered (POL-16, POL-34)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from clic_chassis.clock import Clock
from clic_chassis.decider import Fact
from clic_chassis.decision import Decided, Decisions
from clic_chassis.error import NotFoundError
from clic_chassis.log import Story
from clic_contracts.envelope import derive_id
from clic_contracts.event import InteractionRecorded, SubmissionRef
from clic_contracts.town import Town
from clic_contracts.vocabulary import Channel, Code, Language, RequestId, SubjectCode
from clic_intake.core.rule import UnknownRequestError
from clic_intake.core.state import state_of
from clic_intake.desk import OtherContentError

SOURCE = "/connaissances"


class UnknownArticleError(NotFoundError):
    """The town has no such article."""

    code = "unknown_article"


class FirstLine:
    """Records contacts that the knowledge base answered. A request that one is about stays open (POL-17, POL-27)."""

    def __init__(self, decisions: Decisions, town: Town, clock: Clock) -> None:
        self._decisions = decisions
        self._town = town
        self._clock = clock
        self._desk: Code = next(each.code for each in town.departments if each.first_line)

    async def answered(
        self,
        articles: Sequence[Code],
        *,
        channel: Channel,
        language: Language,
        subject: SubjectCode | None,
        about: RequestId | None,
        cause_id: str,
        actor: str,
    ) -> Decided:
        """Record that these articles answered somebody on the spot. Nothing personal is kept of it.

        Raises:
            UnknownArticleError: the town has no such article.
            UnknownRequestError: there is no such request.
            OtherContentError: something else was recorded with this cause.
            RetryableError: the log is away.
        """
        for code in articles:
            if code not in self._town.article_by_code:
                raise UnknownArticleError(f"the town has no article {code}: `GET /knowledge?q=` finds those it has")
        interaction_id = derive_id("interaction", SOURCE, cause_id)
        said = {
            "channel": channel,
            "language": language,
            "subject": subject,
            "about": about,
            "articles": list(articles),
        }
        fact = InteractionRecorded(
            interaction_id=interaction_id,
            channel=channel,
            language=language,
            subject=subject,
            about=about,
            answered_first_line=True,
            articles=tuple(articles),
            submission=SubmissionRef(source=SOURCE, id=interaction_id),
            publisher=self._desk,
            content_digest="sha256:" + hashlib.sha256(json.dumps(said).encode()).hexdigest(),
        )

        def decide(story: Story) -> tuple[Fact, ...]:
            if about is not None and not state_of(story.events).reference:
                raise UnknownRequestError("there is no such request: correct its id, or leave it out")
            return (Fact(fact, self._clock.now()),)

        decided = await self._decisions.decide(
            about or interaction_id, decide, cause_id=cause_id, actor=actor, expect_new=about is None
        )
        if not decided.events or decided.events[0].data != fact:
            raise OtherContentError("something else was recorded with this key: use a new one for each contact")
        return decided
