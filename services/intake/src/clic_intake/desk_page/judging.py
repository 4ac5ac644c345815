"""The judgement of a request as its page shows it, criterion by criterion (POL-05 to POL-09)."""

from __future__ import annotations

from dataclasses import dataclass

from clic_contracts.vocabulary import Language
from clic_intake.core.judgement import Finding, Judged, Judgement, sentence
from clic_intake.web import Words

from .telling import Teller

_RULE = "rule:"


@dataclass(frozen=True, slots=True)
class CriterionLine:
    """What was found on one criterion."""

    sentence: str
    clause: str
    who: str
    judged: Judged
    is_grave: bool
    """It keeps the request from being treated, or may."""


@dataclass(frozen=True, slots=True)
class JudgementShown:
    """The judgement in words."""

    outcome: str
    lines: tuple[CriterionLine, ...]
    claims: str | None
    """The notice about claims that the citizen is shown, in their language."""


def judged(t: Words, teller: Teller, judgement: Judgement) -> JudgementShown:
    """A judgement in the language of the page."""
    lines = tuple(_line(t, teller, each) for each in judgement.criteria)
    return JudgementShown(_outcome(t, judgement), lines, judgement.claims)


def _line(t: Words, teller: Teller, one: Judged) -> CriterionLine:
    found = t(sentence(one, Language.FR), sentence(one, Language.EN))
    return CriterionLine(found, one.clause, _who(teller, one.by), one, one.finding is not Finding.MET)


def _outcome(t: Words, judgement: Judgement) -> str:
    findings = {each.finding for each in judgement.criteria}
    if Finding.FAILED in findings:
        return t("Non recevable", "Not admissible")
    if Finding.ASKED in findings:
        return t("Pas encore recevable", "Not admissible yet")
    return t("Recevable", "Admissible")


def _who(teller: Teller, by: str) -> str:
    """Who found it; a rule by its code too, as the town's files name it."""
    code = by.removeprefix(_RULE)
    return f"{teller.person(by)} ({code})" if by.startswith(_RULE) else teller.person(by)
