"""What a form is made of: what its page says, its fields, and what each is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Said

from clic_contracts.event import Event
from clic_contracts.submission import Text
from clic_contracts.vocabulary import Kind, SubjectCode

from .label import Both

Kinds = Literal["text", "area", "select", "radio", "checks", "tick", "date", "instant", "reference"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `choices` names what it offers, see `choice.py`."""

    name: str
    kind: Kinds
    label: Both
    hint: Both = ("", "")
    required: bool = True
    choices: str = ""
    most: int = 10_000
    """Characters at most."""
    kinds: tuple[str, ...] = ()
    """Kinds of request that have it; (): all."""
    lines: bool = False
    """Each line is a value."""


ACCESS = (Kind.ACCESS_TO_INFORMATION.value,)
CHANNEL = Field("channel", "select", ("Par quel canal", "By which channel"), choices="channel")
WHEN = Field(
    "occurred_at",
    "instant",
    ("Quand", "When"),
    ("Laissez vide si c’est maintenant.", "Leave empty if it is now."),
    required=False,
)


class SplitOff(BaseModel):
    """One contact is two requests: what the other one is about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    subject: SubjectCode | None = None
    text: Annotated[Text, Said(min_length=1)]


@dataclass(frozen=True, slots=True)
class Form:
    """What a command's page says and asks."""

    command: type[BaseModel]
    """What a filled form is read as."""
    event: type[Event]
    """What it records: whether the phase allows it is looked up by that."""
    title: Both
    lead: Both
    group: Literal["answer", "follow", "who", "end", "access"]
    fields: tuple[Field, ...] = ()
    grave: bool = False
    """It ends something, or cannot be taken back."""

    own_path: str = ""

    @property
    def path(self) -> str:
        """Of its page; of a command of the API, that command's."""
        return self.own_path or str(getattr(self.command, "PATH", ""))


def fields_of(form: Form, kind: str) -> tuple[Field, ...]:
    """The fields of a form for a request of this kind."""
    return tuple(each for each in form.fields if not each.kinds or kind in each.kinds)
