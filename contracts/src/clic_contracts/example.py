"""Whole messages to look at and to send: a valid one of each type, and invalid ones that each break one rule.

Each invalid one is the valid one, changed in one place; `by` says whether the published schema refuses it too, or the
desk alone, because JSON Schema cannot say the rule or need not check it (RFC 3339 formats).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .feed import FEED_EVENTS
from .problem import Problem, Wording
from .schema import EXAMPLE_RECEIPT, example_heard, example_submission, to_bytes
from .submission import (
    SUBMISSIONS,
    AcknowledgementSubmission,
    CompletionSubmission,
    InteractionSubmission,
    OutcomeSubmission,
    ProgressSubmission,
    RequestSubmission,
    Submission,
    SubmissionRefusedError,
    parse_submission,
)
from .vocabulary import Language

REMOVED = object()
"""In place of a value: the field is not there."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """A submission that is refused, and the rule that it breaks."""

    submission: type[Submission]
    name: str
    breaks: Wording
    changes: Mapping[str, Any] = field(repr=False)
    """By JSON pointer into the event."""
    by: Literal["schema", "desk"] = "schema"

    @property
    def path(self) -> str:
        """The file, under `examples/`."""
        return f"{self.submission.TYPE}/invalid/{self.name}.json"

    def event(self) -> dict[str, Any]:
        """The event as a publisher would send it."""
        made: dict[str, Any] = json.loads(example_submission(self.submission))
        for pointer, value in self.changes.items():
            *way, last = pointer.removeprefix("/").split("/")
            place = made
            for part in way:
                place = place.setdefault(part, {})
            if value is REMOVED:
                del place[last]
            else:
                place[last] = value
        return made

    def answer(self, language: Language) -> Problem:
        """What the desk says to it.

        Raises:
            ValueError: it is taken.
        """
        try:
            parse_submission(json.dumps(self.event()).encode(), language)
        except SubmissionRefusedError as error:
            return error.problem
        raise ValueError(f"{self.path} is no invalid example: it would be judged")


INVALID: tuple[Invalid, ...] = (
    Invalid(
        RequestSubmission,
        "unknown-type",
        Wording(fr="Une version qui n’existe pas", en="A version that there is not"),
        {"/type": "submission.request.v2"},
    ),
    Invalid(
        RequestSubmission,
        "no-id",
        Wording(fr="Sans `id`, rien ne distingue un renvoi d’un nouvel envoi", en="Without `id` a retry is a new one"),
        {"/id": REMOVED},
    ),
    Invalid(
        RequestSubmission,
        "time-without-offset",
        Wording(fr="Un instant sans décalage de l’UTC", en="An instant without its offset from UTC"),
        {"/time": "2026-05-15T09:30:00"},
        by="desk",
    ),
    Invalid(
        RequestSubmission,
        "unknown-kind",
        Wording(fr="Une valeur hors de la liste", en="A value that is not in the list"),
        {"/data/kind": "rumour"},
    ),
    Invalid(
        RequestSubmission,
        "misspelt-field",
        Wording(fr="Un champ mal orthographié : rien ne se perd en silence", en="A misspelt field: none is dropped"),
        {"/data/txt": "Un nid-de-poule.", "/data/text": REMOVED},
    ),
    Invalid(
        RequestSubmission,
        "no-channel",
        Wording(fr="Un champ obligatoire absent", en="A required field that is missing"),
        {"/data/channel": REMOVED},
    ),
    Invalid(
        RequestSubmission,
        "latitude-too-large",
        Wording(fr="Une latitude hors du globe", en="A latitude off the globe"),
        {"/data/place/latitude": 145.56, "/data/place/longitude": -73.19},
    ),
    Invalid(
        RequestSubmission,
        "email-without-at",
        Wording(fr="Un courriel sans arobase", en="An e-mail address without an at sign"),
        {"/data/requester/email": "camille.exemple.invalid"},
    ),
    Invalid(
        RequestSubmission,
        "subject-in-words",
        Wording(fr="Un libellé au lieu d’un code", en="A label in place of a code"),
        {"/data/subject": "Nid-de-poule"},
    ),
    Invalid(
        InteractionSubmission,
        "answered-as-text",
        Wording(fr="Un booléen écrit en mots", en="A boolean in words"),
        {"/data/answered": "oui"},
    ),
    Invalid(
        InteractionSubmission,
        "articles-not-a-list",
        Wording(fr="Une valeur seule au lieu d’une liste", en="One value in place of a list"),
        {"/data/articles": "library_hours"},
    ),
    Invalid(
        AcknowledgementSubmission,
        "about-two-ways",
        Wording(fr="La demande nommée de deux façons", en="The request named in two ways"),
        {"/data/about/source": "/telephonie", "/data/about/id": "appel-17"},
        by="desk",
    ),
    Invalid(
        AcknowledgementSubmission,
        "about-nothing",
        Wording(fr="La demande n’est pas nommée", en="The request is not named"),
        {"/data/about/reference": REMOVED},
        by="desk",
    ),
    Invalid(
        CompletionSubmission,
        "reference-without-year",
        Wording(fr="Un numéro sans son année", en="A reference without its year"),
        {"/data/about/reference": "004217"},
    ),
    Invalid(
        CompletionSubmission,
        "phone-in-words",
        Wording(fr="Un téléphone en mots", en="A telephone number in words"),
        {"/data/requester/phone": "à la maison"},
    ),
    Invalid(
        ProgressSubmission,
        "day-that-is-not",
        Wording(fr="Une date que le calendrier n’a pas", en="A date that the calendar does not have"),
        {"/data/promised_on": "2026-02-30"},
        by="desk",
    ),
    Invalid(
        ProgressSubmission,
        "day-as-number",
        Wording(fr="Une date en nombre", en="A date as a number"),
        {"/data/promised_on": 20260519},
    ),
    Invalid(
        OutcomeSubmission,
        "unknown-outcome",
        Wording(fr="Une issue hors de la liste", en="An outcome that is not in the list"),
        {"/data/outcome": "done"},
    ),
    Invalid(
        OutcomeSubmission,
        "text-too-long",
        Wording(fr="Un texte de plus de 10 000 caractères", en="A text of more than 10,000 characters"),
        {"/data/text": "Réparé. " * 1_251},
    ),
)

RECEIPTS: dict[str, dict[str, Any]] = {
    "accepted": EXAMPLE_RECEIPT,
    "known": {**EXAMPLE_RECEIPT, "status": "known"},
    "refused": {
        "status": "refused",
        "source": EXAMPLE_RECEIPT["source"],
        "id": EXAMPLE_RECEIPT["id"],
        "problem": next(each for each in INVALID if each.name == "unknown-kind")
        .answer(Language.FR)
        .model_dump(mode="json"),
        "at": EXAMPLE_RECEIPT["at"],
    },
    "quarantined": {
        "status": "quarantined",
        "source": EXAMPLE_RECEIPT["source"],
        "id": EXAMPLE_RECEIPT["id"],
        "problem": {
            "type": "urn:clic:problem:quarantined",
            "title": "L’envoi est conservé et n’a pas encore pu être traité",
            "status": 500,
            "detail": "C’est une erreur du bureau, pas de l’envoi. Quelqu’un s’en occupe, et ce reçu sera remplacé une "
            "fois l’envoi traité. Ne le renvoyez pas.",
            "errors": [],
        },
        "at": EXAMPLE_RECEIPT["at"],
    },
}


def examples() -> dict[str, bytes]:
    """Every example by its path under `contracts/examples/`, as it travels but for its line breaks."""
    made = {f"{each.TYPE}/valid.json": to_bytes(json.loads(example_submission(each))) for each in SUBMISSIONS}
    made |= {each.path: to_bytes(each.event()) for each in INVALID}
    made |= {f"receipt.v1/{name}.json": to_bytes(each) for name, each in RECEIPTS.items()}
    return made | {f"feed.{each.TYPE}/valid.json": to_bytes(example_heard(each)) for each in FEED_EVENTS}
