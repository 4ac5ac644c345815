"""What a filled form means: a command, or what is wrong with which field."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from clic_intake.web import Filled

from .form import Field, Form
from .label import Both

LINES_MAX = 50
"""Of a field that takes a thing a line."""


@dataclass(frozen=True, slots=True)
class Meant:
    """What a filled form means: the command, or what is wrong with which field."""

    command: BaseModel | None
    faults: Mapping[str, Both] = field(default_factory=dict)


def meant(form: Form, fields: Sequence[Field], filled: Filled, zone: dt.tzinfo, references: Mapping[str, str]) -> Meant:
    """The command of a filled form; instants are the town's. `references` gives the ids of requests that were named."""
    values: dict[str, Any] = {}
    faults: dict[str, Both] = {}
    for each in fields:
        value = _value(each, filled, zone, references)
        if value is None:
            faults[each.name] = _UNKNOWN[each.kind]
        elif value not in ("", ()):
            _put(values, each.name, value)
        elif each.required:
            faults[each.name] = _EMPTY.get(each.kind, _EMPTY["text"])
    if faults:
        return Meant(None, faults)
    try:
        return Meant(form.command.model_validate(values))
    except ValidationError as error:
        return Meant(None, dict(_faults(error.errors(include_url=False), fields)))


_UNKNOWN: dict[str, Both] = {
    "reference": (
        "Aucune demande n’a ce numéro : vérifiez-le.",
        "No request has this reference: check it.",
    ),
    "instant": (
        "Donnez une date et une heure, comme 2026-05-15T09:30.",
        "Give a date and an hour, such as 2026-05-15T09:30.",
    ),
}
_EMPTY: dict[str, Both] = {
    "text": ("Remplissez ce champ.", "Fill this in."),
    "area": ("Écrivez quelques mots.", "Write a few words."),
    "select": ("Choisissez dans la liste.", "Choose from the list."),
    "radio": ("Choisissez une réponse.", "Choose one."),
    "checks": ("Cochez au moins une case.", "Tick at least one."),
    "date": ("Donnez une date.", "Give a date."),
    "reference": ("Donnez un numéro de demande.", "Give a reference."),
}


def _value(each: Field, filled: Filled, zone: dt.tzinfo, references: Mapping[str, str]) -> Any:
    """A field's value as the command takes it; "" or () where it is empty, None where it cannot be one."""
    match each.kind:
        case "checks":
            return filled.all(each.name)
        case "tick":
            return bool(filled.value(each.name)) or ""
        case "instant" if filled.value(each.name):
            try:
                return dt.datetime.fromisoformat(filled.value(each.name)).replace(tzinfo=zone).isoformat()
            except ValueError:
                return None
        case "reference" if filled.value(each.name):
            return references.get(filled.value(each.name))
        case _ if each.lines:
            return tuple(line.strip() for line in filled.value(each.name).splitlines()[:LINES_MAX] if line.strip())
        case _:
            return filled.value(each.name)


def _put(values: dict[str, Any], name: str, value: Any) -> None:
    """`requester.name` is the name of the requester."""
    outer, _, inner = name.partition(".")
    if inner:
        values.setdefault(outer, {})[inner] = value
    else:
        values[name] = value


def _faults(errors: Iterable[ErrorDetails], fields: Sequence[Field]) -> Iterable[tuple[str, Both]]:
    names = {each.name for each in fields}
    for each in errors:
        parts = [str(part) for part in each["loc"] if not isinstance(part, int)]
        name = next((n for n in (".".join(parts), *parts) if n in names), fields[0].name if fields else "")
        yield name, _fault(each)


def _fault(error: ErrorDetails) -> Both:
    match error["type"]:
        case "string_too_long":
            most = error.get("ctx", {}).get("max_length", "")
            return (f"Raccourcissez\u00a0: {most} caractères au plus.", f"Shorten it: {most} characters at most.")
        case "string_too_short":
            return ("Écrivez quelques mots de plus.", "Write a few words more.")
        case "enum" | "literal_error":
            return ("Choisissez une des réponses offertes.", "Choose one of those offered.")
        case "day" | "date_parsing":
            return ("Donnez une date, comme 2026-05-15.", "Give a date, such as 2026-05-15.")
        case "less_than_equal" | "greater_than_equal" | "int_parsing":
            return ("Donnez un nombre permis.", "Give a number that is allowed.")
        case _:
            return ("Vérifiez ce champ : sa forme n’est pas la bonne.", "Check this: it is not of the right form.")
