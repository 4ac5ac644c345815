"""A request's story in words that a person reads: one line a fact, nothing of what is sealed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clic_contracts.envelope import Commit, Recorded
from clic_contracts.event import (
    Delivery,
    Event,
    ExchangeAbusive,
    InteractionRecorded,
    LearningRecorded,
    LetterFailed,
    LetterSent,
    LetterWritten,
    PersonalDataCorrected,
    PersonalDataErased,
    RequestAcknowledged,
    RequestAnswered,
    RequestAssigned,
    RequestAttached,
    RequestClosed,
    RequestCompleted,
    RequestDescribed,
    RequestExtended,
    RequestIncomplete,
    RequestMerged,
    RequestNoted,
    RequestPromised,
    RequestRated,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestRouted,
    RequestSplit,
    RequestVoided,
)
from clic_contracts.town import Town
from clic_contracts.vocabulary import RequestId
from clic_intake.web import Words

from . import label
from .access_telling import access_said, body
from .label import person, said
from .owed_telling import GRAVE, QUIET, owed_said

_GRAVE = (LetterFailed, PersonalDataErased, ExchangeAbusive)


@dataclass(frozen=True, slots=True)
class Line:
    """One fact."""

    position: int
    occurred_at: dt.datetime
    title: str
    who: str
    details: tuple[str, ...]
    others: tuple[RequestId, ...]
    """Requests that it names, to be linked to."""
    sealed: bool
    quiet: bool
    grave: bool
    attachment_id: RequestId | None
    """The file that was added."""
    content: tuple[tuple[str, str], ...]
    """What was sealed, opened: what it is, and what stands there; () where nothing was opened."""


class Teller:
    """Tells facts in one language, of one town."""

    def __init__(self, t: Words, town: Town) -> None:
        self._t = t
        self._town = town

    def story(
        self, commits: Iterable[Commit], opened: Mapping[str, Mapping[str, Any]] | None = None
    ) -> tuple[Line, ...]:
        """The lines of a story; `opened` holds what was sealed, by the fact's id."""
        return tuple(
            self.line(commit.sequence, each, (opened or {}).get(each.event_id, {}))
            for commit in commits
            for each in commit.events
        )

    def line(self, position: int, fact: Recorded, content: Mapping[str, Any]) -> Line:
        """One fact as a line."""
        title, *details = self._said(fact.data)
        return Line(
            position=position,
            occurred_at=fact.occurred_at,
            title=title,
            who=self.person(fact.actor),
            details=tuple(each for each in details if each),
            others=_others(fact.data),
            sealed=getattr(fact.data, "sealed", None) is not None,
            quiet=type(fact.data) in QUIET,
            grave=type(fact.data) in GRAVE or isinstance(fact.data, _GRAVE),
            attachment_id=fact.data.attachment_id if isinstance(fact.data, RequestAttached) else None,
            content=tuple(self._content(content)),
        )

    def person(self, actor: str) -> str:
        """Who did something, as an agent reads it."""
        return person(self._t, actor, self._town)

    def department(self, code: str | None) -> str:
        """A department's name; its code where the town has none of that code any more."""
        found = self._town.department_by_code.get(code or "")
        return self._t.name(found.name) if found is not None else code or self._t("aucun service", "no department")

    def subject(self, code: str | None) -> str:
        """A subject's name."""
        found = self._town.subject_by_code.get(code or "")
        return self._t.name(found.name) if found is not None else code or self._t("Sans sujet", "No subject")

    def _content(self, content: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        for name, value in content.items():
            if isinstance(value, Mapping):
                yield from self._content(value)
            elif name != "html":  # The same words as the letter's text.
                both = label.SEALED.get(name)
                yield (said(self._t, both) if both else name), str(value)

    def _said(self, event: Event) -> tuple[str, ...]:
        """A title, and what there is to say besides ("" where there is nothing)."""
        told = (
            self._of_treatment(event)
            or self._of_the_end(event)
            or self._beside(event)
            or access_said(self._t, self._town, event, self._delivered)
            or owed_said(self._t, event)
        )
        return told or (event.TYPE,)  # A fact of a newer version than this page is still shown.

    def _of_treatment(self, event: Event) -> tuple[str, ...] | None:
        t = self._t
        match event:
            case RequestReceived():
                return (
                    t("Reçue", "Received") + t.colon + " " + said(t, label.CHANNELS[event.channel]).lower(),
                    said(t, label.PRESENCES[event.requester]),
                    t("Demande faite par écrit", "Asked for in writing") if event.written else "",
                )
            case RequestIncomplete():
                return (
                    t("Il manque", "Missing") + t.colon + " " + self._missing(event.missing),
                    self._delivered(event.asked)
                    if event.asked
                    else t("Personne n’a encore pu être joint", "Nobody could be asked yet"),
                )
            case RequestCompleted():
                return (t("Complétée", "Completed") + t.colon + " " + self._missing(event.given),)
            case RequestAcknowledged():
                return (t("Réception accusée", "Acknowledged"), self._delivered(event.delivery))
            case RequestRouted():
                return (
                    t("Confiée à", "Given to") + t.colon + " " + self.department(event.department),
                    t("Aucune règle ni sujet ne la prévoyait", "No rule or subject foresaw it")
                    if event.unusual
                    else "",
                    t("Première ligne", "First line") if event.first_line else "",
                )
            case RequestAssigned():
                taker = self.person(event.to) if event.to else ""
                return (
                    t(f"Prise en charge par {taker}", f"Taken on by {taker}") if taker else t("Rendue", "Given back"),
                )
            case RequestPromised():
                return (t("Engagement pris pour le", "Promised for") + f" {t.day(event.due_on)}",)
            case RequestExtended():
                return (
                    t("Délai prolongé de", "Extended by")
                    + f" {t.counted(event.days, t('jour', 'day'), t('jours', 'days'))}",
                    self._delivered(event.notice),
                )
            case _:
                return None

    def _of_the_end(self, event: Event) -> tuple[str, ...] | None:
        t = self._t
        match event:
            case RequestRefused():
                turn_to = body(t, self._town, event.turn_to) if event.turn_to else ""
                return (
                    t("Jugée non recevable", "Judged not admissible"),
                    said(t, label.CRITERIA[event.criterion]),
                    t("À qui s’adresser", "Where to turn") + t.colon + " " + turn_to if turn_to else "",
                    self._delivered(event.sent) if event.sent else t("La personne reste à prévenir", "To be told"),
                )
            case RequestAnswered():
                return (
                    t("Réponse donnée", "Answered"),
                    said(t, label.OUTCOMES[event.access_outcome]) if event.access_outcome else "",
                    body(t, self._town, event.body) if event.body else "",
                    ", ".join(event.provisions),
                    self._delivered(event.delivery),
                )
            case RequestClosed():
                return (t("Fermée", "Closed"), said(t, label.CLOSINGS[event.reason]))
            case RequestReopened():
                return (t("Rouverte", "Reopened"), said(t, label.REOPENINGS[event.reason]))
            case RequestVoided():
                return (t("Annulée", "Voided"), said(t, label.VOIDINGS[event.reason]))
            case RequestMerged():
                return (t("Réunie à une autre demande", "Joined to another request"),)
            case RequestSplit():
                return (t("Divisée en plusieurs demandes", "Split into several requests"),)
            case RequestRated():
                return (t(f"Satisfaction\u00a0: {event.score} sur 5", f"Satisfaction: {event.score} of 5"),)
            case _:
                return None

    def _beside(self, event: Event) -> tuple[str, ...] | None:
        t = self._t
        match event:
            case RequestNoted():
                return (t("Note au dossier", "Note in the file"),)
            case RequestAttached():
                size = max(1, round(event.size_bytes / 1024))
                return (said(t, label.FILE_ADDED), f"{event.media_type}, {size}\u00a0{t('Ko', 'KB')}")
            case RequestDescribed():
                return (t("Texte publié", "Published text"), event.text or t("Rien", "Nothing"), event.status_notes)
            case InteractionRecorded():
                return (t("Autre contact", "Further contact"), said(t, label.CHANNELS[event.channel]))
            case ExchangeAbusive():
                return (t("Échange irrespectueux", "Abusive exchange"), said(t, label.CHANNELS[event.channel]))
            case LearningRecorded():
                return (t("Apprentissage noté", "Learning recorded"),)
            case PersonalDataCorrected():
                return (t("Renseignements personnels corrigés", "Personal data corrected"),)
            case PersonalDataErased():
                return (t("Renseignements personnels effacés", "Personal data erased"),)
            case LetterWritten():
                return (t("Lettre rédigée", "Letter written"), said(t, label.LETTERS[event.letter]))
            case LetterSent():
                return (
                    t("Lettre partie", "Letter sent"),
                    said(t, label.LETTERS[event.letter]),
                    self._delivered(event.delivery),
                )
            case LetterFailed():
                return (
                    t("Lettre non livrée", "Letter not delivered"),
                    said(t, label.LETTERS[event.letter]),
                    said(t, label.FAILURES[event.reason]) + (f" ({event.status})" if event.status else ""),
                )
            case _:
                return None

    def _missing(self, missing: Iterable[Any]) -> str:
        return ", ".join(said(self._t, label.MISSING[each]) for each in missing)

    def _delivered(self, delivery: Delivery) -> str:
        channel = said(self._t, label.CHANNELS[delivery.channel])
        return f"{channel} ({said(self._t, label.PROOFS[delivery.proof])})"


def _others(event: Event) -> tuple[RequestId, ...]:
    match event:
        case RequestMerged(into=into):
            return (into,)
        case RequestSplit(into=into):
            return into
        case _:
            return ()
