"""What the people of an invented town come with, and by which ways: read from `situation.yaml`, held against a town."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from clic_chassis.error import ClicError
from clic_contracts.town import Town
from clic_contracts.vocabulary import AccessOutcome, Channel, Code, Kind, Language, SubjectCode
from clic_intake.core.admission import ONLINE

Weight = Annotated[float, Field(ge=0)]


class SituationError(ClicError):
    """The situations cannot be played in this town; the message says which, and how to mend it."""


class Hours(StrEnum):
    """When people come by a way."""

    OPEN = "open"  # while the desk is open
    CLOSED = "closed"  # while it is not: the voice mail
    ANY = "any"  # by day and in the evening, less at weekends
    EVENING = "evening"
    MAIL = "mail"  # with the morning's letters
    COUNCIL = "council"  # at the council's monthly sitting


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WayIn(_Written):
    """A channel, who publishes it, and its habits."""

    channel: Channel
    publisher: Code
    weight: Weight
    """Requests by this way, in proportion."""
    contacts: Weight = 0
    """Contacts that the first line answers on the spot, in proportion."""
    hours: Hours
    told: Literal["at_once", "later"]
    """Whether the citizen is told at once that the request is registered."""
    reply: Channel


class Situation(_Written):
    """Something that people write to the town about."""

    subject: SubjectCode | None
    kind: Kind
    language: Language = Language.FR
    weight: Weight
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = ()
    """Months of its season; () is all year."""
    channels: tuple[Channel, ...] = ()
    """Ways by which it comes; () is any."""
    texts: tuple[str, ...] = Field(min_length=1)
    answer: str | None = None


class Contact(_Written):
    """Something that the first line answers on the spot. Source: POL-16."""

    subject: SubjectCode
    weight: Weight
    text: str


class AccessDecision(_Written):
    """How an access request ends; without outcome it is never decided (A-2.1 art. 52)."""

    outcome: AccessOutcome | None
    text: str = ""
    provisions: tuple[str, ...] = ()
    turn_to: Code | None = None
    """Which other body holds the document better (A-2.1 art. 48)."""


class Situations(_Written):
    """`situation.yaml`."""

    mark: dict[Language, str]
    """Begins every text: nobody may take it for a real person's."""
    ways_in: tuple[WayIn, ...] = Field(min_length=1)
    treated_by: Code
    """Publisher of what departments do."""
    situations: tuple[Situation, ...] = Field(min_length=1)
    contacts: tuple[Contact, ...] = Field(min_length=1)
    access: tuple[AccessDecision, ...] = Field(min_length=1)
    """Taken in turn."""
    promises: tuple[str, ...] = Field(min_length=1)
    answers: dict[Kind, tuple[str, ...]]
    reopenings: tuple[str, ...] = Field(min_length=1)
    follow_ups: tuple[str, ...] = Field(min_length=1)
    progress: tuple[str, ...] = Field(min_length=1)
    incomplete: str
    outside: str
    streets: tuple[str, ...] = Field(min_length=1)
    parks: tuple[str, ...] = Field(min_length=1)
    spans: tuple[str, ...] = Field(min_length=1)
    first_names: tuple[str, ...] = Field(min_length=1)
    last_names: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if lacking := [lang.value for lang in Language if not self.mark.get(lang, "").strip()]:
            raise ValueError(f"mark: nothing marks a text in {', '.join(lacking)}")
        for each in self.situations:
            if each.kind is not Kind.ACCESS_TO_INFORMATION and each.answer is None and not self.answers.get(each.kind):
                raise ValueError(f"answers: nothing answers a {each.kind.value} ({each.subject})")
            if not self.ways_to(each):
                raise ValueError(
                    f"situations: {each.subject} comes by none of the ways in ({', '.join(each.channels)})"
                )
        return self

    def ways_to(self, situation: Situation) -> tuple[WayIn, ...]:
        """The ways by which a situation comes."""
        return tuple(w for w in self.ways_in if not situation.channels or w.channel in situation.channels)

    @property
    def publishers(self) -> tuple[Code, ...]:
        """Everybody who publishes something, once each."""
        return tuple(dict.fromkeys([*(way.publisher for way in self.ways_in), self.treated_by]))


def read_situations(town: Town, path: Path | None = None) -> Situations:
    """The situations of a file, by default of the one that CLIC brings, all of them possible in the town.

    Raises:
        SituationError: it cannot be read, or names subjects or publishers that the town does not have.
    """
    name = str(path) if path else "situation.yaml"
    try:
        text = (path or resources.files(__package__) / "situation.yaml").read_text(encoding="utf-8")
        situations = Situations.model_validate(yaml.safe_load(text))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SituationError(f"{name}: cannot be read: {error}") from error
    except ValidationError as error:
        wrong = [
            (".".join(map(str, each["loc"])), each["msg"].removeprefix("Value error, ")) for each in error.errors()
        ]
        raise SituationError("\n".join(": ".join(filter(None, (name, *each))) for each in wrong)) from error
    if wrong_here := sorted(set(_impossible(situations, town))):
        raise SituationError(
            "\n".join(f"{name}: {what}" for what in wrong_here)
            + f"\n{town.name.fr} cannot be seeded with these situations: mend them, or its folder; or start "
            "without a seed (`clic up --no-seed`)."
        )
    return situations


def _said(name: str, error: ErrorDetails) -> str:
    where = ".".join(map(str, error["loc"]))
    return ": ".join(filter(None, (name, where, error["msg"].removeprefix("Value error, "))))


def _impossible(situations: Situations, town: Town) -> Iterator[str]:
    subjects = [each.subject for each in situations.situations] + [each.subject for each in situations.contacts]
    for code in subjects:
        if code is not None and code not in town.subject_by_code:
            yield f"the town has no subject {code} (subjects.yaml)"
    for each in situations.situations:
        subject = town.subject_by_code.get(each.subject or "")
        online = [way.channel.value for way in situations.ways_to(each) if way.channel in ONLINE]
        if subject is not None and subject.turn_to is not None and online:
            # The desk's receipt tells the citizen, and a receipt is of today: a refusal of last quarter would be late.
            yield f"{each.subject}: outside the town's competence, it may not come by {', '.join(online)}"
    for publisher in situations.publishers:
        if publisher not in town.publisher_by_code:
            yield f"the town has no publisher {publisher} (publishers.yaml)"
