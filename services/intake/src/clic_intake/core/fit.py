"""Whether what was submitted fits this town and this instant: what its schema alone cannot say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from clic_contracts.problem import Finding, Problem, Wording, problem, problem_with
from clic_contracts.submission import (
    CompletionSubmission,
    InteractionSubmission,
    OutcomeSubmission,
    ProgressSubmission,
    RequestSubmission,
    Submission,
)
from clic_contracts.town import Publisher, Town
from clic_contracts.vocabulary import Channel, Language

from .admission import given_by, language_ground
from .rule import CLOCK_SKEW

_DOES_NOT_FIT = Wording(fr="L’envoi ne convient pas à la Ville", en="The submission does not fit the town")


def fits_town(
    submission: Submission,
    occurred_at: dt.datetime,
    publisher: Publisher | None,
    town: Town,
    now: dt.datetime,
    *,
    language: Language = Language.EN,
) -> Problem | None:
    """What about a submission does not fit this town or this instant, as a problem; None: nothing."""
    if publisher is None:
        return problem(
            "unknown-publisher",
            Wording(fr="Éditeur inconnu", en="Unknown publisher"),
            403,
            Wording(
                fr="La Ville ne connaît pas cet éditeur. Demandez à son administrateur de l’ajouter à publishers.yaml.",
                en="The town knows no such publisher. Ask its administrator to add it to publishers.yaml.",
            ),
            language=language,
        )
    found = list(_found(submission, occurred_at, publisher, town, now))
    return problem_with("does-not-fit-town", _DOES_NOT_FIT, found, language) if found else None


def _found(
    submission: Submission, occurred_at: dt.datetime, publisher: Publisher, town: Town, now: dt.datetime
) -> Iterable[Finding]:
    if (future := in_the_future("/time", occurred_at, now)) is not None:
        yield future
    yield from _subject(submission, town)
    match submission:
        case RequestSubmission():
            yield from _origin(submission, publisher)
            yield from _request(submission, publisher, town)
            yield from _language(submission, town)
            yield from _acknowledged(submission, occurred_at, now)
        case InteractionSubmission():
            yield from _origin(submission, publisher)
        case OutcomeSubmission():
            yield from _outcome(submission, town)
        case CompletionSubmission(requester=who, text=text) if not given_by(who, text):
            yield Finding(
                "/data",
                Wording(
                    fr="le complément n’apporte rien de ce qui peut manquer à une demande",
                    en="the completion gives nothing that a request can lack",
                ),
                Wording(
                    fr="Ajoutez un nom, une adresse courriel, un numéro de téléphone ou un texte.",
                    en="Add a name, an e-mail address, a telephone number or a text.",
                ),
            )
        case ProgressSubmission(text="", promised_on=None):
            yield Finding(
                "/data",
                Wording(fr="l’avancement ne dit rien", en="the progress says nothing"),
                Wording(fr="Ajoutez un texte ou une date, promised_on.", en="Add a text or a date, promised_on."),
            )
        case _:
            pass


def in_the_future(pointer: str, at: dt.datetime, now: dt.datetime) -> Finding | None:
    """That an instant has not come yet, as far as clocks may differ."""
    if at <= now + CLOCK_SKEW:
        return None
    then, here = at.isoformat(), now.isoformat(timespec="seconds")
    return Finding(
        pointer,
        Wording(fr=f"{then} est dans le futur (il est {here})", en=f"{then} is in the future (it is {here})"),
        Wording(
            fr="Donnez l’instant où c’est arrivé ; vérifiez l’horloge et le décalage de l’UTC.",
            en="Give the instant when it happened, and check the clock and the offset from UTC.",
        ),
    )


def _subject(submission: Submission, town: Town) -> Iterable[Finding]:
    subject = getattr(submission, "subject", None)
    if subject is not None and subject not in town.subject_by_code:
        yield Finding(
            "/data/subject",
            Wording(fr=f"{subject!r} n’est pas un sujet de cette ville", en=f"{subject!r} is no subject of this town"),
            Wording(
                fr="Utilisez un code de subjects.yaml de la ville, ou omettez-le : le bureau en choisit un.",
                en="Use a code of the town's subjects.yaml, or leave it out: the desk then picks one.",
            ),
        )


def _origin(submission: RequestSubmission | InteractionSubmission, publisher: Publisher) -> Iterable[Finding]:
    """What comes out of older records may say less, for publishers that the town lets hand such records in."""
    if submission.backlog and not publisher.may_backlog:
        yield Finding(
            "/data/backlog",
            Wording(
                fr="cet éditeur ne peut pas déposer d’anciens dossiers",
                en="this publisher may not submit older records",
            ),
            Wording(
                fr="Omettez backlog, ou demandez à l’administrateur may_backlog dans publishers.yaml.",
                en="Leave backlog out, or ask the administrator for may_backlog in publishers.yaml.",
            ),
        )
    elif not submission.backlog and submission.channel is Channel.UNKNOWN:
        yield Finding(
            "/data/channel",
            Wording(
                fr="seuls d’anciens dossiers peuvent venir par un canal inconnu (POL-05)",
                en="only older records may come by an unknown channel (POL-05)",
            ),
            Wording(
                fr="Nommez le canal par lequel on s’est adressé à la Ville.",
                en="Name the channel by which the town was addressed.",
            ),
        )


def _acknowledged(submission: RequestSubmission, occurred_at: dt.datetime, now: dt.datetime) -> Iterable[Finding]:
    """The citizen is told of a request after it came in; older records are taken with the dates that they have."""
    if submission.acknowledged is None:
        return
    at, pointer = submission.acknowledged.at, "/data/acknowledged/at"
    if at < occurred_at - CLOCK_SKEW and not submission.backlog:
        told, came = at.isoformat(), occurred_at.isoformat()
        yield Finding(
            pointer,
            Wording(
                fr=f"{told} est avant l’arrivée de la demande, {came}",
                en=f"{told} is before the request came in, {came}",
            ),
            Wording(
                fr="Corrigez-le, ou `time` : on prévient la personne après l’arrivée de la demande.",
                en="Correct it, or `time`: the citizen is told after the request came in.",
            ),
        )
    elif (future := in_the_future(pointer, at, now)) is not None:
        yield future


def _request(submission: RequestSubmission, publisher: Publisher, town: Town) -> Iterable[Finding]:
    sector = submission.place.sector if submission.place else None
    if sector is not None and sector not in town.sectors:
        listed = ", ".join(town.sectors)
        yield Finding(
            "/data/place/sector",
            Wording(fr=f"{sector!r} n’est pas un secteur de cette ville", en=f"{sector!r} is no sector of this town"),
            Wording(fr=f"Utilisez l’un de : {listed} ; ou omettez-le.", en=f"Use one of: {listed}; or leave it out."),
        )
    if submission.requester_withheld and not publisher.may_withhold_requester:
        yield Finding(
            "/data/requester_withheld",
            Wording(
                fr="cet éditeur ne peut pas garder pour lui qui fait la demande",
                en="this publisher may not withhold the requester",
            ),
            Wording(
                fr="Envoyez nom et coordonnées (POL-06), ou demandez à l’administrateur may_withhold_requester.",
                en="Send name and contact (POL-06), or ask the administrator for may_withhold_requester.",
            ),
        )
    listed = ", ".join(town.complaint_criteria)
    for index, criterion in enumerate(submission.complaint_criteria):
        if criterion not in town.complaint_criteria:
            yield Finding(
                f"/data/complaint_criteria/{index}",
                Wording(
                    fr=f"{criterion!r} n’est pas un critère du formulaire de la Direction générale",
                    en=f"{criterion!r} is no criterion of the Direction générale's form",
                ),
                Wording(fr=f"Utilisez de ceux-ci : {listed}.", en=f"Use some of: {listed}."),
            )


def _language(submission: RequestSubmission, town: Town) -> Iterable[Finding]:
    """French, unless on a ground that the town knows (Charter of the French language, C-11)."""
    ground, pointer = language_ground(submission), "/data/language_ground"
    if ground is None or submission.backlog:
        return
    grounds = town.correspondence.language_grounds
    if submission.language is Language.FR:
        yield Finding(
            pointer,
            Wording(fr="le français ne demande pas de motif", en="French needs no ground"),
            Wording(fr="Omettez-le, ou nommez l’autre langue.", en="Leave it out, or name the other language."),
        )
    elif ground not in grounds:
        listed = ", ".join(grounds)
        yield Finding(
            pointer,
            Wording(
                fr=f"{ground!r} n’est pas un motif pour lequel cette ville écrit dans une autre langue que le français",
                en=f"{ground!r} is no ground on which this town writes in another language than French",
            ),
            Wording(fr=f"Utilisez l’un de : {listed}.", en=f"Use one of: {listed}."),
        )


def _outcome(submission: OutcomeSubmission, town: Town) -> Iterable[Finding]:
    if submission.answered_by is not None and submission.answered_by not in town.department_by_code:
        code, listed = submission.answered_by, ", ".join(town.department_by_code)
        yield Finding(
            "/data/answered_by",
            Wording(fr=f"{code!r} n’est pas un service de cette ville", en=f"{code!r} is no department of this town"),
            Wording(fr=f"Utilisez l’un de : {listed}.", en=f"Use one of: {listed}."),
        )
    if submission.turn_to is not None and submission.turn_to not in town.body_by_code:
        code, listed = submission.turn_to, ", ".join(town.body_by_code)
        yield Finding(
            "/data/turn_to",
            Wording(
                fr=f"{code!r} n’est pas un organisme vers lequel cette ville dirige",
                en=f"{code!r} is no body that this town points to",
            ),
            Wording(fr=f"Utilisez l’un de : {listed}.", en=f"Use one of: {listed}."),
        )
