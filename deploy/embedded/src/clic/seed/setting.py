"""The town in which invented stories are set: what its people say, and by which of its rules they are answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from clic_contracts.event import RequestReceived, SubmissionRef
from clic_contracts.submission import RequestSubmission
from clic_contracts.town import Town
from clic_contracts.vocabulary import Language, RequesterPresence, TermCode
from clic_deadlines.core.standard import Rules
from clic_intake.core.term import term_picker

from .opening import Opening
from .situation import Situations

SOURCE = "/exemple-synthetique"
"""CloudEvents `source` of every seeded submission, before the publisher's code."""


@dataclass(frozen=True)
class Setting:
    """The town in which the stories are set, and what its people say."""

    town: Town
    situations: Situations

    @cached_property
    def rules(self) -> Rules:
        """The delays that the town has set itself."""
        return Rules(self.town)

    @cached_property
    def opening(self) -> Opening:
        """The desk's hours."""
        return Opening(self.town.calendar)

    @cached_property
    def pick_terms(self) -> Callable[[str], tuple[TermCode, ...]]:
        """Finds the town's terms in a text, as the desk does."""
        return term_picker(self.town)

    def marked(self, text: str, language: Language = Language.FR) -> str:
        """A text that says that it is no real person's."""
        return f"{self.situations.mark[language]} {text}"


def source_of(publisher: str) -> str:
    """The source under which a publisher's seeded submissions go."""
    return f"{SOURCE}/{publisher}"


def received_as(said: RequestSubmission, setting: Setting) -> RequestReceived:
    """A submission as the desk will register it, as far as rules of routing and delays look at it."""
    return RequestReceived(
        reference="0000-000000",
        kind=said.kind,
        channel=said.channel,
        language=said.language,
        subject=said.subject,
        terms=setting.pick_terms(said.text),
        requester=RequesterPresence.IDENTIFIED,
        submission=SubmissionRef(source=SOURCE, id="draft"),
        publisher="draft",
        content_digest="",
    )
