"""What is wrong with something that was sent, as its sender reads it: where, what, and how to mend it (RFC 9457).

In French or English. pydantic finds what does not fit a schema and says it in English; what it says is translated
here by the error's type, and each type has a mend.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from .vocabulary import Language

MAX_PROBLEM_ERRORS = 20
"""Errors that one problem lists at most; the detail says how many there are."""

MAX_POINTER_PART_CHARS = 100
"""A field's name in a pointer is cut after this, so that a receipt stays small whatever was sent."""


class ProblemError(BaseModel):
    """One thing that is wrong, where, and how to mend it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pointer: str = Field(description="JSON pointer (RFC 6901) into the submission.")
    detail: str
    mend: str


class Problem(BaseModel):
    """What is wrong with a submission: RFC 9457, with one entry per error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str = Field(description="A URI reference that identifies the kind of problem.")
    title: str
    status: int = Field(description="The HTTP status that goes with it.")
    detail: str
    errors: tuple[ProblemError, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """A text that is read in either language."""

    fr: str
    en: str

    def read_in(self, language: Language) -> str:
        """In the language that is asked for."""
        return self.en if language is Language.EN else self.fr

    def __str__(self) -> str:
        """In English, as whatever has no French yet."""
        return self.en


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, before somebody reads it."""

    pointer: str
    detail: Wording
    mend: Wording

    def read_in(self, language: Language) -> ProblemError:
        """As an entry of a problem."""
        return ProblemError(
            pointer=self.pointer, detail=self.detail.read_in(language), mend=self.mend.read_in(language)
        )


def problem(
    slug: str,
    title: Wording,
    status: int,
    detail: Wording | str,
    *,
    language: Language,
    errors: tuple[ProblemError, ...] = (),
) -> Problem:
    """A problem of ours; `slug` is the end of its type."""
    return Problem(
        type=f"urn:clic:problem:{slug}",
        title=title.read_in(language),
        status=status,
        detail=detail if isinstance(detail, str) else detail.read_in(language),
        errors=errors,
    )


def problem_with(slug: str, title: Wording, found: Sequence[Finding], language: Language) -> Problem:
    """A problem of what was found wrong, at least one thing."""
    errors = tuple(each.read_in(language) for each in found)
    return problem(
        slug,
        title,
        422,
        summary(len(found), errors[0], language),
        language=language,
        errors=errors[:MAX_PROBLEM_ERRORS],
    )


def summary(count: int, first: ProblemError, language: Language) -> str:
    """A sentence on how much is wrong, and what comes first."""
    where = first.pointer or "/"
    said = Wording(
        fr=f"{count} erreur{'s' if count > 1 else ''} ; la première, à {where} : {first.detail}",
        en=f"{count} error(s); the first, at {where}: {first.detail}",
    )
    return said.read_in(language)


# -- what pydantic finds ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kind:
    """A type of pydantic's errors: what is wrong, in French with its context's values, and how to mend it."""

    fr: str
    mend: Wording


_INSTANT = Wording(
    fr="Écrivez un instant selon la RFC 3339 : 2026-05-15T09:30:00-04:00.",
    en="Write an RFC 3339 instant: 2026-05-15T09:30:00-04:00.",
)
_DAY = Wording(fr="Écrivez une date du calendrier : 2026-05-15.", en="Write a date that the calendar has: 2026-05-15.")
_OBJECT = Wording(fr="Mettez ici un objet JSON.", en="Send a JSON object here.")
_LISTED = Wording(fr="Utilisez l’une des valeurs énumérées.", en="Use one of the listed values.")
_BOOLEAN = Wording(fr="Envoyez true ou false, sans guillemets.", en="Send true or false, without quotation marks.")
_NUMBER = Wording(fr="Envoyez un nombre.", en="Send a number.")
_ABOVE = Wording(
    fr="Corrigez la valeur : elle dépasse ce que le schéma permet.",
    en="Correct the value: it is above what the schema allows.",
)
_BELOW = Wording(
    fr="Corrigez la valeur : elle est en deçà de ce que le schéma permet.",
    en="Correct the value: it is below what the schema allows.",
)

ERROR_KINDS: Mapping[str, _Kind] = {
    "missing": _Kind("ce champ est obligatoire", Wording(fr="Ajoutez le champ.", en="Add the field.")),
    "extra_forbidden": _Kind(
        "ce champ n’existe pas",
        Wording(
            fr="Retirez le champ, ou corrigez son nom : le schéma n’en a pas de tel.",
            en="Remove the field, or correct its name: the schema has no such field.",
        ),
    ),
    "model_type": _Kind("un objet JSON est attendu", _OBJECT),
    "model_attributes_type": _Kind("un objet JSON est attendu", _OBJECT),
    "dict_type": _Kind("un objet JSON est attendu", _OBJECT),
    "tuple_type": _Kind(
        "un tableau JSON est attendu",
        Wording(
            fr="Mettez ici un tableau JSON, même pour une seule valeur.",
            en="Send a JSON array here, even of one value.",
        ),
    ),
    "string_type": _Kind(
        "une chaîne de caractères est attendue",
        Wording(
            fr="Mettez ici une chaîne JSON, entre guillemets.", en="Send a JSON string here, between quotation marks."
        ),
    ),
    "string_too_short": _Kind(
        "le texte doit compter au moins {min_length} caractère(s)",
        Wording(
            fr="Remplissez le champ, ou omettez-le s’il est facultatif.",
            en="Fill the field in, or leave it out where it is optional.",
        ),
    ),
    "string_too_long": _Kind(
        "le texte doit compter au plus {max_length} caractères",
        Wording(
            fr="Abrégez le texte, ou envoyez le reste dans une note.",
            en="Shorten the text, or send the rest as a note.",
        ),
    ),
    "string_pattern_mismatch": _Kind(
        "la valeur ne correspond pas au motif « {pattern} »",
        Wording(
            fr="Écrivez la valeur selon le motif du schéma ; les caractères de commande ne sont pas acceptés.",
            en="Write the value as the pattern in the schema says; control characters are not taken.",
        ),
    ),
    "too_long": _Kind(
        "au plus {max_length} valeurs sont acceptées", Wording(fr="Envoyez moins de valeurs.", en="Send fewer entries.")
    ),
    "enum": _Kind("la valeur doit être {expected}", _LISTED),
    "literal_error": _Kind("la valeur doit être {expected}", _LISTED),
    "bool_parsing": _Kind("true ou false est attendu", _BOOLEAN),
    "bool_type": _Kind("true ou false est attendu", _BOOLEAN),
    "float_parsing": _Kind("un nombre est attendu", _NUMBER),
    "float_type": _Kind("un nombre est attendu", _NUMBER),
    "greater_than_equal": _Kind("la valeur doit être d’au moins {ge}", _BELOW),
    "less_than_equal": _Kind("la valeur doit être d’au plus {le}", _ABOVE),
    "instant": _Kind("un instant de la RFC 3339, avec son décalage de l’UTC, est attendu", _INSTANT),
    "instant_range": _Kind(
        "l’année doit être entre 1900 et 2199", Wording(fr="Corrigez l’année.", en="Correct the year.")
    ),
    "timezone_aware": _Kind(
        "l’instant ne donne pas son décalage de l’UTC",
        Wording(
            fr="Donnez le décalage de l’UTC : 2026-05-15T09:30:00-04:00.",
            en="Give the offset from UTC: 2026-05-15T09:30:00-04:00.",
        ),
    ),
    "datetime_parsing": _Kind("cet instant n’existe pas, ou n’est pas écrit selon la RFC 3339", _INSTANT),
    "datetime_from_date_parsing": _Kind("cet instant n’existe pas, ou n’est pas écrit selon la RFC 3339", _INSTANT),
    "day": _Kind(
        "une date, année-mois-jour, est attendue",
        Wording(fr="Écrivez une date : 2026-05-15.", en="Write a date: 2026-05-15."),
    ),
    "date_parsing": _Kind("cette date n’existe pas", _DAY),
    "date_from_datetime_parsing": _Kind("cette date n’existe pas", _DAY),
    "request_pointer": _Kind(
        "nommez la demande soit par `reference`, soit par `source` et `id` de ce qui l’a déposée",
        Wording(
            fr="Gardez `reference` seule, ou `source` et `id` ensemble.",
            en="Keep `reference` alone, or `source` and `id` together.",
        ),
    ),
}
"""Every type of error that a submission can have. Of another type the text is English, and the mend general."""

_GENERAL = Wording(
    fr="Corrigez la valeur ; le schéma dit ce qu’elle peut être.",
    en="Correct the value; the schema says what it may be.",
)


def problem_from(error: ValidationError, prefix: str = "", *, language: Language = Language.EN) -> Problem:
    """A validation error as a problem, with a JSON pointer and a mend for each thing that is wrong."""
    found = error.errors(include_url=False, include_input=False)
    detail, errors = errors_from(found, prefix, language=language)
    return problem("invalid-submission", DOES_NOT_FIT_SCHEMA, 422, detail, language=language, errors=errors)


DOES_NOT_FIT_SCHEMA = Wording(fr="L’envoi n’est pas conforme à son schéma", en="The submission does not fit its schema")


def errors_from(
    found: Sequence[ErrorDetails], prefix: str = "", *, language: Language = Language.EN
) -> tuple[str, tuple[ProblemError, ...]]:
    """What pydantic found wrong, at least one thing: a sentence on the first, and each with its mend."""
    errors = tuple(
        ProblemError(pointer=prefix + _pointer(each["loc"]), detail=_detail(each, language), mend=_mend(each, language))
        for each in found[:MAX_PROBLEM_ERRORS]
    )
    return summary(len(found), errors[0], language), errors


def _detail(found: ErrorDetails, language: Language) -> str:
    english = found["msg"].removeprefix("Value error, ")
    kind = ERROR_KINDS.get(found["type"])
    if language is Language.EN or kind is None:
        return english
    return kind.fr.format_map(_French(found.get("ctx", {})))


def _mend(found: ErrorDetails, language: Language) -> str:
    kind = ERROR_KINDS.get(found["type"])
    return (kind.mend if kind is not None else _GENERAL).read_in(language)


class _French(dict[str, Any]):
    """An error's context; pydantic puts `or` before the last of the values that it lists."""

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        return re.sub(r"' or '(?=[^']*'$)", "' ou '", value) if name == "expected" else value


def _pointer(loc: tuple[int | str, ...]) -> str:
    parts = (str(part)[:MAX_POINTER_PART_CHARS].replace("~", "~0").replace("/", "~1") for part in loc)
    return "".join(f"/{part}" for part in parts)
