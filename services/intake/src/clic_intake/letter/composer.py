"""Composes letters: fills a template in, and seals what is to go out. What stands in a letter is settled then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from clic_chassis.log import Whole
from clic_contracts.event import LetterWritten, RequestAnswered, RequestReceived, RequestRefused
from clic_contracts.town import Town
from clic_contracts.vocabulary import Channel, Language, LetterKind, RequestId
from clic_intake.core.content import (
    Content,
    content_of,
    for_reminder,
    for_third_party,
    language_of,
    published,
    with_body,
    with_due,
)
from clic_intake.core.extension import extended_on
from clic_intake.core.owed import Owed
from clic_intake.core.rule import Rules
from clic_intake.core.state import state_of

from .render import html_of
from .story import Addressee
from .template import Templates

Follow = Callable[[RequestId, str], Awaitable[str]]
"""The address of a request's tracking page by id and reference; "" where the town has none."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it is sealed."""

    to: str
    subject: str
    text: str
    html: str
    answer: str = ""
    """Of an answer, or of a notice that a person has sent: what they wrote of it."""

    def sealed(self) -> dict[str, str]:
        """As it stands under the seal; what is empty is left out."""
        content = {"to": self.to, "subject": self.subject, "text": self.text, "html": self.html, "answer": self.answer}
        return {name: value for name, value in content.items() if value}


class Composer:
    """Writes letters of one town."""

    def __init__(self, templates: Templates, town: Town, follow: Follow) -> None:
        self._templates = templates
        self._town = town
        self._zone = ZoneInfo(town.calendar.timezone)
        self._rules = Rules.of(town)
        self._follow = follow

    async def owed(
        self, request_id: RequestId, owed: Owed, whole: Whole, to: Addressee, other: Whole | None
    ) -> LetterWritten:
        """A letter that is owed; `other` is the story of the request that this one was joined to, once it is answered.

        Raises:
            RetryableError: the database is away.
            SealError: the explanation of a refusal does not open.
        """
        content = await self._content(request_id, whole, to)
        match owed.because.data:
            case RequestRefused(sealed=sealed) if sealed is not None:
                content = replace(content, text=to.key.open(sealed).get("text", ""))
            case RequestAnswered() if other is not None:
                content = replace(content, text=published(other.events))
            case _ if owed.letter is LetterKind.REMINDER:
                content = for_reminder(content, whole.events, self._town)
            case _:
                pass
        return self._written(owed.letter_id, owed.letter, whole, content, to)

    async def answer(
        self, letter: LetterWritten, request_id: RequestId, whole: Whole, to: Addressee, text: str
    ) -> LetterWritten:
        """An answer in a person's words; `letter` says what else is known of it."""
        content = await self._content(request_id, whole, to)
        department = self._town.department_by_code.get(letter.answered_by or "")
        language = language_of(_reception(whole), self._town)
        content = replace(
            content,
            text=text,
            outcome=letter.access_outcome.value if letter.access_outcome else "",
            provisions=letter.provisions,
            closes=letter.closes,
            department=getattr(department.name, language.value) if department is not None else content.department,
        )
        content = with_body(content, letter.body, language, self._town)
        return self._filled(letter, whole, content, to, text)

    async def extension(
        self, letter: LetterWritten, request_id: RequestId, whole: Whole, to: Addressee, text: str
    ) -> LetterWritten:
        """A notice of extension with the new limit (A-2.1 art. 47), and a person's reason."""
        assert letter.days is not None
        due_on = extended_on(whole.events, state_of(whole.events), letter.days, self._rules, self._town)
        language = language_of(_reception(whole), self._town)
        content = with_due(await self._content(request_id, whole, to), due_on, language, self._town)
        return self._filled(letter, whole, replace(content, text=text), to, text)

    def third_party(
        self, letter: LetterWritten, whole: Whole, to: Addressee, text: str, at: dt.datetime
    ) -> LetterWritten:
        """A notice to a third party (A-2.1 art. 25, 49); it tells nothing of who asks. `at` is when it is written."""
        content = for_third_party(
            _reception(whole), self._town, letter.language, self._rules.day_of(at), name=to.name, text=text
        )
        return self._filled(letter, whole, content, to, text, letter.language)

    def _filled(
        self,
        letter: LetterWritten,
        whole: Whole,
        content: Content,
        to: Addressee,
        said: str,
        language: Language | None = None,
    ) -> LetterWritten:
        """The same letter, its text sealed; `said` is what a person wrote of it."""
        written = self._written(letter.letter_id, letter.letter, whole, content, to, answer=said, language=language)
        return letter.model_copy(update={"language": written.language, "sealed": written.sealed})

    async def _content(self, request_id: RequestId, whole: Whole, to: Addressee) -> Content:
        follow = await self._follow(request_id, _reception(whole).reference)
        return content_of(whole.events, self._town, self._zone, name=to.name, follow=follow)

    def _written(
        self,
        letter_id: RequestId,
        kind: LetterKind,
        whole: Whole,
        content: Content,
        to: Addressee,
        *,
        answer: str = "",
        language: Language | None = None,
    ) -> LetterWritten:
        language = language or language_of(_reception(whole), self._town)
        subject, text = self._templates.fill(kind, language, content)
        letter = Letter(to.email, subject, text, html_of(subject, text, language), answer)
        return LetterWritten(
            letter_id=letter_id,
            letter=kind,
            channel=Channel.EMAIL,
            language=language,
            sealed=to.key.seal(letter.sealed()),
        )


def _reception(whole: Whole) -> RequestReceived:
    received = whole.received
    assert received is not None
    return received
