"""The judgement of a request as an agent reads it: each criterion, what was found, on what ground, and by whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce

from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    RequestCompleted,
    RequestIncomplete,
    RequestReceived,
    RequestRefused,
    RequestReopened,
)
from clic_contracts.town import Body, Town
from clic_contracts.vocabulary import Criterion, Language, Missing, RequesterPresence

from .admission import FORMAL_NOTICE, shows_claims


class Finding(StrEnum):
    """What was found on a criterion."""

    MET = "met"
    ASKED = "asked"  # something is missing and the citizen is asked
    ACTED_ON = "acted_on"  # something is missing, and it is a safety report
    SUGGESTED = "suggested"  # its words suggest it; a person judges
    FAILED = "failed"  # it was refused on this


CLAUSES: dict[Criterion, str] = {
    Criterion.NOT_OFFICIAL: "POL-05",
    Criterion.INCOMPLETE: "POL-06",
    Criterion.OUT_OF_COMPETENCE: "POL-07",
    Criterion.UNFOUNDED: "POL-08",
    Criterion.BEFORE_COURTS: "POL-09",
}
"""The policy's criteria in its order."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One criterion."""

    criterion: Criterion
    finding: Finding
    by: str
    """The actor, or the rule of the town as `rule:<code>`."""
    at: dt.datetime
    missing: tuple[Missing, ...] = ()
    turn_to: Body | None = None
    """Who can help instead, and how to reach them."""
    is_explained: bool = False
    """A sealed explanation stands in the story."""
    is_told: bool = False
    """The citizen was told."""

    @property
    def clause(self) -> str:
        """Of the policy; empty for records that do not say on which criterion."""
        return CLAUSES.get(self.criterion, "")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What stands between a request and its treatment, or nothing."""

    received: RequestReceived
    criteria: tuple[Judged, ...]
    claims: str | None
    """The notice about claims that the citizen is shown, in their language. Source: C-19 art. 585."""

    @property
    def is_admissible(self) -> bool:
        """It is treated: it was refused on nothing, and waits for nothing."""
        return all(each.finding not in (Finding.FAILED, Finding.ASKED) for each in self.criteria)


def judgement_of(story: Iterable[Recorded], town: Town) -> Judgement:
    """The judgement that a request's own events tell, its first one being its reception. Source: POL-05 to POL-09."""
    events = iter(story)
    first = next(events)
    received = first.data
    assert isinstance(received, RequestReceived)
    by_criterion = reduce(lambda known, each: _after(known, each, received, town), events, _at_door(first, received))
    notice = town.correspondence.claims
    in_english = received.language is Language.EN
    return Judgement(
        received,
        tuple(by_criterion.values()),
        (notice.en if in_english else notice.fr) if shows_claims(received.terms, town) else None,
    )


_ByCriterion = dict[Criterion, Judged]


def _at_door(first: Recorded, received: RequestReceived) -> _ByCriterion:
    """What the reception itself says: nothing speaks against it but what its words suggest."""
    known = {each: Judged(each, Finding.MET, first.actor, first.occurred_at) for each in CLAUSES}
    if FORMAL_NOTICE in received.terms:
        courts = replace(known[Criterion.BEFORE_COURTS], finding=Finding.SUGGESTED, by=f"rule:{FORMAL_NOTICE}")
        known[Criterion.BEFORE_COURTS] = courts
    if received.urgent and received.requester is RequesterPresence.PARTIAL:
        known[Criterion.INCOMPLETE] = replace(known[Criterion.INCOMPLETE], finding=Finding.ACTED_ON)
    return known


def _after(known: _ByCriterion, recorded: Recorded, received: RequestReceived, town: Town) -> _ByCriterion:
    by, at = recorded.actor, recorded.occurred_at
    match recorded.data:
        case RequestIncomplete(missing=missing, asked=asked):
            finding = Finding.ACTED_ON if received.urgent else Finding.ASKED
            lacking = Judged(Criterion.INCOMPLETE, finding, by, at, missing=missing, is_told=asked is not None)
            return {**known, Criterion.INCOMPLETE: lacking}
        case RequestCompleted(given=given):
            before = known[Criterion.INCOMPLETE]
            left = tuple(each for each in before.missing if each not in given)
            finding = before.finding if left else Finding.MET
            return {**known, Criterion.INCOMPLETE: replace(before, finding=finding, by=by, at=at, missing=left)}
        case RequestRefused() as refused:
            failed = Judged(
                refused.criterion,
                Finding.FAILED,
                f"rule:{refused.rule.code}" if refused.rule else by,
                at,
                missing=known[Criterion.INCOMPLETE].missing if refused.criterion is Criterion.INCOMPLETE else (),
                turn_to=town.body_by_code.get(refused.turn_to or ""),
                is_explained=refused.sealed is not None,
                is_told=refused.sent is not None,
            )
            return {**known, refused.criterion: failed}
        case RequestReopened():
            return {
                criterion: replace(each, finding=Finding.MET, by=by, at=at) if each.finding is Finding.FAILED else each
                for criterion, each in known.items()
                if criterion in CLAUSES
            }
        case _:
            return known


_WHAT = {
    Missing.NAME: ("le nom", "the name"),
    Missing.CONTACT: ("une adresse courriel ou un numéro de téléphone", "an e-mail address or a telephone number"),
    Missing.PRECISION: ("des précisions", "more details"),
}

_SAID: dict[tuple[Criterion, Finding], tuple[str, str]] = {
    (Criterion.NOT_OFFICIAL, Finding.MET): ("Adressée à la Ville par une voie reconnue.", "Addressed to the town."),
    (Criterion.NOT_OFFICIAL, Finding.FAILED): (
        "N’a pas été adressée officiellement à la Ville.",
        "Was not addressed officially to the town.",
    ),
    (Criterion.INCOMPLETE, Finding.MET): ("Rien ne manque.", "Nothing is missing."),
    (Criterion.INCOMPLETE, Finding.ASKED): ("Il manque {what} ; la personne est à joindre.", "Missing: {what}."),
    (Criterion.INCOMPLETE, Finding.ACTED_ON): (
        "Signalement urgent : il est traité sans attendre ce qui manque.",
        "A safety report: it is acted on without what is missing.",
    ),
    (Criterion.INCOMPLETE, Finding.FAILED): ("Refusée : il manque {what}.", "Refused; missing: {what}."),
    (Criterion.OUT_OF_COMPETENCE, Finding.MET): ("Relève de la Ville.", "Within the town’s competence."),
    (Criterion.OUT_OF_COMPETENCE, Finding.FAILED): ("Ne relève pas de la Ville.", "Outside the town’s competence."),
    (Criterion.UNFOUNDED, Finding.MET): (
        "Personne ne l’a jugée sans fondement.",
        "Nobody judged it to be without foundation.",
    ),
    (Criterion.UNFOUNDED, Finding.FAILED): (
        "Une personne a jugé que les faits manquent.",
        "A person judged that it lacks facts.",
    ),
    (Criterion.BEFORE_COURTS, Finding.MET): (
        "Personne ne l’a jugée devant les tribunaux.",
        "Nobody judged it to be before the courts.",
    ),
    (Criterion.BEFORE_COURTS, Finding.SUGGESTED): (
        "Ses mots évoquent une mise en demeure ou les tribunaux ; une personne en juge.",
        "Its words suggest a formal notice or the courts; a person judges.",
    ),
    (Criterion.BEFORE_COURTS, Finding.FAILED): (
        "Une personne l’a jugée devant les tribunaux ; elle est transmise aux Services juridiques.",
        "A person judged it to be before the courts; it is passed to Legal Services.",
    ),
    (Criterion.UNSPECIFIED, Finding.FAILED): (
        "Refusée ; l’ancien dossier ne dit pas pourquoi.",
        "Refused; the older record does not say why.",
    ),
}


def sentence(judged: Judged, language: Language) -> str:
    """What was found, in words for an agent."""
    french, english = _SAID[judged.criterion, judged.finding]
    in_english = language is Language.EN
    what = (" and " if in_english else " et ").join(_WHAT[each][in_english] for each in judged.missing)
    return (english if in_english else french).format(what=what)
