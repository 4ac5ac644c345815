"""Composes letters: fills a template in, and seals what is to go out. What stands in a letter is settled then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from clic_chassis.log import Whole
from clic_contracts.event import LetterWritten, RequestAnswered, RequestReceived, RequestRefused
from clic_contracts.town import Town
from clic_contracts.vocabulary import Channel, LetterKind, RequestId
from clic_intake.core.content import Content, content_of, language_of, published
from clic_intake.core.owed import Owed

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
    """Of an answer: what a person wrote of it."""

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
        written = self._written(letter.letter_id, LetterKind.ANSWER, whole, content, to, answer=text)
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
    ) -> LetterWritten:
        language = language_of(_reception(whole), self._town)
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
