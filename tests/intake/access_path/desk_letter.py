"""Letters of the access path as a citizen reads them: composed from facts of all services, by the real town."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from tests.intake.access_path.path import ONE, ORAL, WRITTEN, town
from tests.intake.core.story import make

from clic_chassis.log import Whole
from clic_chassis.scenario import SOMEBODY, recorded
from clic_contracts.envelope import Commit, Recorded
from clic_contracts.event import (
    Event,
    LetterWritten,
    ObligationSet,
    RequestReceived,
    RequestRouted,
    ThirdPartyIdentified,
)
from clic_contracts.town import Town
from clic_contracts.vocabulary import Channel, Language, LetterKind
from clic_intake.core.owed import owed
from clic_intake.letter.composer import Composer
from clic_intake.letter.story import Addressee
from clic_intake.letter.template import Templates
from clic_intake.seal import MasterKey, RequestKey

CAMILLE = {"name": "Camille Exemple", "email": "camille@exemple.invalid"}
DOMINIQUE = {"name": "Dominique Tiers", "email": "dominique@exemple.invalid"}
FOLLOW = "https://clic.exemple.invalid/suivi/2026-004217/secret"
RECEIVED_AT = town("2026-05-15")
ROUTED = make(RequestRouted, department="greffe")
DUE = make(
    ObligationSet,
    obligation_id="decide_access-1",
    obligation="decide_access",
    due_at="2026-06-05T00:00:00-04:00",
    due_strict_on="2026-06-04",
    due_prudent_on="2026-06-04",
)


async def _follow(request_id: str, reference: str) -> str:
    del request_id, reference
    return FOLLOW


class Clerk:
    """Writes letters of one town, and reads them."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.composer = Composer(Templates(town), town, _follow)
        master = MasterKey(bytes(range(32)))
        self.key: RequestKey = master.unwrap(SOMEBODY, master.new_wrapped(SOMEBODY))

    def received(self, language: Language, *, written: bool, **changes: Any) -> RequestReceived:
        """A request for access, of Camille."""
        ground = "citizen_wish" if language is Language.EN else None
        sealed = self.key.seal({"requester": CAMILLE, "text": "Les plans de la rue Inventée."})
        known = {"language": language, "language_ground": ground, "sealed": sealed, **changes}
        event: RequestReceived = (WRITTEN if written else ORAL).model_copy(update=known)
        return event

    def third_party(self) -> ThirdPartyIdentified:
        """Dominique, whom the documents concern."""
        return ThirdPartyIdentified(third_party_id=ONE, sealed=self.key.seal({"third_party": DOMINIQUE}))

    async def owed(self, story: Sequence[Event], kind: LetterKind, *, at: dt.datetime = RECEIVED_AT) -> str:
        """The letter of a kind that is owed after these facts, its subject first."""
        whole = whole_of(story)
        letters = owed(SOMEBODY, whole.events, at + dt.timedelta(hours=1))
        letter = next(each for each in letters if each.letter is kind)
        return self.read(await self.composer.owed(SOMEBODY, letter, whole, self._camille, None))

    async def answer(self, story: Sequence[Event], text: str, **said: Any) -> str:
        """A decision that goes out."""
        draft = draft_of(LetterKind.ANSWER, **said)
        return self.read(await self.composer.answer(draft, SOMEBODY, whole_of(story), self._camille, text))

    async def extension(self, story: Sequence[Event], days: int, text: str = "") -> str:
        """A notice of extension."""
        draft = draft_of(LetterKind.EXTENSION, days=days)
        return self.read(await self.composer.extension(draft, SOMEBODY, whole_of(story), self._camille, text))

    def notice(self, story: Sequence[Event], language: Language, text: str, at: dt.datetime) -> str:
        """A notice to Dominique."""
        draft = draft_of(LetterKind.THIRD_PARTY, third_party_id=ONE, language=language)
        to = Addressee(self.key, DOMINIQUE["email"], DOMINIQUE["name"])
        return self.read(self.composer.third_party(draft, whole_of(story), to, text, at))

    def read(self, letter: LetterWritten) -> str:
        """As it arrives."""
        assert letter.sealed is not None
        content = self.key.open(letter.sealed)
        return f"{content['subject']}\n\n{content['text']}"

    @property
    def _camille(self) -> Addressee:
        return Addressee(self.key, CAMILLE["email"], CAMILLE["name"])


def draft_of(kind: LetterKind, **said: Any) -> LetterWritten:
    """A letter before its text is known."""
    known = {"letter_id": ONE, "letter": kind, "channel": Channel.EMAIL, "language": Language.FR, **said}
    return LetterWritten.model_validate(known)


def whole_of(story: Sequence[Event]) -> Whole:
    """Facts of all services, a second after one another."""
    told: list[Recorded] = [
        recorded(each, at=RECEIVED_AT + dt.timedelta(seconds=n), cause_id=f"cause-{n}") for n, each in enumerate(story)
    ]
    return Whole(tuple(Commit(n, each.data.BY, SOMEBODY, (each,)) for n, each in enumerate(told, 1)))
