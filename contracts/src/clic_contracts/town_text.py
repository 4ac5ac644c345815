"""What a town says in words: letters, articles, notices, and how long it keeps what citizens said."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from .vocabulary import Code, Kind, Language, LetterKind, SubjectCode, TermCode

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]

Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


class Configured(BaseModel):
    """A part of a town's configuration: strict, so that a misspelt key is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Names(Configured):
    """What a thing is called, French first."""

    fr: Label
    en: Label


class Paragraphs(Configured):
    """A text of several lines, French first."""

    fr: Prose
    en: Prose


class Correspondence(Configured):
    """What stands in every letter, and where it comes from. Source: POL-18."""

    sender: Names
    address: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]
    further: Paragraphs = Field(description="How to complain further (POL-12, POL-18).")
    claims: Paragraphs = Field(description="The notice about claims (C-19 art. 585).")
    claim_terms: tuple[TermCode, ...] = Field(default=(), description="Terms that show the notice about claims.")
    language_grounds: tuple[Code, ...] = Field(
        default=("citizen_wish",), description="Grounds on which a citizen is written to in English."
    )


class Retention(Configured):
    """How long personal data of a kind of request is kept once it was treated. Source: A-2.1 art. 73."""

    kind: Kind
    months: Annotated[int, Field(ge=1, le=1200, description="From the day of its last outcome.")]


class Article(Configured):
    """An answer that the first line gives by itself. Source: POL-16, POL-40."""

    code: Code
    title: Names
    text: Paragraphs
    subjects: tuple[SubjectCode, ...] = ()
    words: tuple[Label, ...] = Field(default=(), description="Words that people use for it and that it lacks.")
    reviewed_on: dt.date = Field(description="When somebody last made sure that it is right.")


class Letter(Configured):
    """A template of a letter: Jinja2 in a sandbox. Its first line is the subject. Source: POL-18."""

    letter: LetterKind
    language: Language
    text: str
