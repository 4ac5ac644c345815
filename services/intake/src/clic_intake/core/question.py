"""What a citizen answers to the town's questions about a subject. Source: GeoReport v2, service definition."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from clic_contracts.town import Question

VALUE_CHARS_MAX = 1_000
"""Of an answer, as submissions take it."""

_NUMBER = re.compile(r"-?\d{1,30}([.,]\d{1,30})?")
_MANY_DATATYPE = "multivaluelist"


class Told(NamedTuple):
    """What is wrong and how to mend it, to whoever fills in, French first."""

    fr: str
    en: str


def answers(
    questions: Sequence[Question], given: Mapping[str, Sequence[str]]
) -> tuple[dict[str, str], tuple[Told, ...]]:
    """What was answered, by the question's code, and what is wrong with it; an empty answer is none.

    Several choices of a `multivaluelist` become one text, their codes separated by commas, in the town's order.
    """
    asked = {each.code: each for each in questions}
    wrong = [
        Told(
            fr=f"attribute[{code[:60]}]\u00a0: ce service ne pose pas cette question.",
            en=f"attribute[{code[:60]}]: this service asks no such question.",
        )
        for code in given
        if code not in asked
    ]
    found: dict[str, str] = {}
    for code, question in asked.items():
        values = [value for each in given.get(code, ()) if (value := each.strip())]
        fault = _fault(question, values)
        if fault is not None:
            wrong.append(_about(question, fault))
        elif values:
            found[code] = _joined(question, values)
    return found, tuple(wrong)


def _joined(question: Question, values: Sequence[str]) -> str:
    if question.datatype == _MANY_DATATYPE:
        return ",".join(each.code for each in question.values if each.code in values)
    return values[0]


def _about(question: Question, fault: Told) -> Told:
    """A fault with the question that it is about."""
    return Told(
        fr=f"attribute[{question.code}] – {question.text.fr[:80]} {fault.fr}",
        en=f"attribute[{question.code}] – {question.text.en[:80]} {fault.en}",
    )


def _fault(question: Question, values: Sequence[str]) -> Told | None:
    """What is wrong with an answer; None: nothing."""
    if not values:
        return Told(fr="Une réponse est requise.", en="An answer is required.") if question.required else None
    if question.datatype != _MANY_DATATYPE and len(values) > 1:
        return Told(fr="Donnez une seule réponse.", en="Give one answer.")
    if any(len(each) > VALUE_CHARS_MAX or "\0" in each for each in values):
        return Told(
            fr=f"Écrivez au plus {VALUE_CHARS_MAX} caractères, sans caractère nul.",
            en=f"Write at most {VALUE_CHARS_MAX} characters, and no NUL.",
        )
    choices = [each.code for each in question.values]
    if choices and not set(values) <= set(choices):
        listed = ", ".join(choices)[:120]
        return Told(fr=f"Choisissez parmi\u00a0: {listed}.", en=f"Choose from: {listed}.")
    match question.datatype:
        case "number" if not _NUMBER.fullmatch(values[0]):
            return Told(fr="Écrivez un nombre.", en="Write a number.")
        case "datetime" if not _is_datetime(values[0]):
            return Told(fr="Écrivez une date ISO 8601, p. ex. 2026-05-15.", en="Write an ISO 8601 date: 2026-05-15.")
        case "string" if len(values[0].splitlines()) > 1:
            return Told(fr="Écrivez une seule ligne.", en="Write one line.")
        case _:
            return None


def _is_datetime(value: str) -> bool:
    """Whether it is a date, or an instant, of ISO 8601."""
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
