"""A register as tables of words and numbers: what every format shows, and the page."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from clic_contracts.town import Town
from clic_contracts.vocabulary import AccessNature
from clic_intake.core.access_register import Account, DelayClass, Line, Nature, Outcome
from clic_intake.core.provision import order
from clic_intake.web import Words

from . import label
from .reading import AccessRegister

Cell = str | int | dt.date
Key = TypeVar("Key")
_NATURES: tuple[Nature, ...] = (*AccessNature, None)
_BY_PROVISION = (Outcome.REFUSED, Outcome.PARTIAL)
"""The outcomes that a provision is relied on for; what else cites one is counted together."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the first column names what its row is about."""

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    has_total: bool = False
    """The last row adds up the others."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A register in one language."""

    title: str
    town: str
    lead: str
    """When it was made and up to where it knows."""
    warning: str
    """Why it may not be whole; "" where it is."""
    account: tuple[Table, ...]
    requests: Table
    notes: tuple[str, ...]


def told(register: AccessRegister, town: Town, t: Words) -> Told:
    """A register in the language of its words."""
    account = register.account
    return Told(
        title=t(
            f"Demandes d'accès à l'information, {register.year}", f"Access to information requests, {register.year}"
        ),
        town=t.name(town.name),
        lead=t(
            f"Établi le {t.clock(register.made_at)}, d'après le journal jusqu'à la position {register.position}.",
            f"Made on {t.clock(register.made_at)}, from the log up to position {register.position}.",
        ),
        warning=t(
            f"Le registre est en retard de {register.behind} inscriptions au journal : refaites-le dans un instant.",
            f"The register is {register.behind} entries behind the log: make it again in a moment.",
        )
        if register.behind
        else "",
        account=(
            _received(account, t),
            _delays(account, t),
            _outcomes(account, t),
            _provisions(account, t),
            _reviews(account, t),
            _besides(account, t),
        ),
        requests=_requests(register.lines, t),
        notes=(
            t(
                "Le délai compte les jours civils depuis la réception, qui est le jour 0, jusqu'à la première décision "
                "(A-2.1, art. 47). Le résultat est celui de la dernière décision.",
                "The delay counts calendar days from the reception, which is day 0, to the first decision (A-2.1, "
                "s. 47). The outcome is that of the newest decision.",
            ),
            t(
                "Les mesures d'accommodement raisonnable (art. 10) ne sont pas consignées par le système : ajoutez-en "
                "le nombre au bilan.",
                "Reasonable accommodation measures (s. 10) are not recorded by the system: add their number to the "
                "account.",
            ),
            t(
                "Ni les saisies annulées ni les demandes réunies à une autre n'y figurent.",
                "Neither voided entries nor requests that were joined to another are in it.",
            ),
        ),
    )


def _received(account: Account, t: Words) -> Table:
    rows = [(_nature(each, t), account.received[each]) for each in _shown(account)]
    return Table(
        "received",
        t("Demandes reçues, selon leur nature", "Requests received, by nature"),
        (t("Nature", "Nature"), t("Nombre", "Number")),
        (*rows, (t("Total", "Total"), account.received.total())),
        has_total=True,
    )


def _delays(account: Account, t: Words) -> Table:
    rows = [_by_nature(t(*label.DELAYS[each]), each, account.delays, account) for each in DelayClass]
    return Table(
        "delays",
        t("Demandes décidées, selon le délai et la nature", "Requests decided, by delay and nature"),
        _columns(t("Délai", "Delay"), account, t),
        tuple(_with_total(rows, t)),
        has_total=True,
    )


def _outcomes(account: Account, t: Words) -> Table:
    rows = [_by_nature(t(*label.OUTCOMES[each]), each, account.outcomes, account) for each in Outcome]
    return Table(
        "decisions",
        t("Demandes selon la décision et la nature", "Requests by decision and nature"),
        _columns(t("Décision", "Decision"), account, t),
        tuple(_with_total(rows, t)),
        has_total=True,
    )


def _provisions(account: Account, t: Words) -> Table:
    cited = dict.fromkeys(provision for _, provision in account.provisions)
    rows = list[tuple[Cell, ...]]()
    for each in sorted(cited, key=order):
        by_outcome = [account.provisions[outcome, each] for outcome in _BY_PROVISION]
        every = sum(count for (_, provision), count in account.provisions.items() if provision == each)
        rows.append((each or t(*label.UNREADABLE_PROVISION), *by_outcome, every - sum(by_outcome), every))
    return Table(
        "provisions",
        t("Dispositions invoquées", "Provisions relied on"),
        (
            t("Disposition", "Provision"),
            *(t(*label.OUTCOMES[each]) for each in _BY_PROVISION),
            t("Autre résultat", "Other outcome"),
            t("Total", "Total"),
        ),
        tuple(rows),
        note="" if rows else t("Aucune disposition n'a été invoquée.", "No provision was relied on."),
    )


def _reviews(account: Account, t: Words) -> Table:
    outcomes = [(t(*both), account.review_outcomes[each]) for each, both in label.REVIEWS.items()]
    pending = (t(*label.REVIEW_PENDING), account.review_outcomes[None])
    return Table(
        "reviews",
        t("Demandes de révision à la Commission", "Reviews asked of the Commission"),
        (t("Issue", "Outcome"), t("Nombre", "Number")),
        (*outcomes, pending, (t("Total", "Total"), account.reviews)),
        has_total=True,
    )


def _besides(account: Account, t: Words) -> Table:
    return Table(
        "besides",
        t("Autres renseignements", "Further figures"),
        (t("Demandes", "Requests"), t("Nombre", "Number")),
        (
            (t("Faites par écrit", "Made in writing"), account.written),
            (t("Faites de vive voix", "Made orally"), account.oral),
            (t("Dont le délai a été prolongé (art. 47)", "Whose delay was extended (s. 47)"), account.extended),
            (
                t("Pour lesquelles un tiers était visé (art. 25)", "That concern a third party (s. 25)"),
                account.third_party,
            ),
            (t("Décidées après l'échéance", "Decided after the limit"), account.late),
            (
                t("Réputées refusées à l'échéance (art. 52)", "Deemed refused at the limit (s. 52)"),
                account.deemed_refused,
            ),
        ),
    )


def _requests(lines: Iterable[Line], t: Words) -> Table:
    return Table(
        "requests",
        t("Registre des demandes", "Register of requests"),
        (
            t("Numéro", "Number"),
            t("Reçue le", "Received on"),
            t("Forme", "Form"),
            t("Nature", "Nature"),
            t("Décidée le", "Decided on"),
            t("Délai (jours)", "Delay (days)"),
            t("Classe de délai", "Class of delay"),
            t("Prolongée", "Extended"),
            t("Tiers", "Third party"),
            t("Résultat", "Outcome"),
            t("Réputée refusée", "Deemed refused"),
            t("Dans le délai", "In time"),
            t("Dispositions", "Provisions"),
            t("Révision demandée", "Review requested"),
            t("Issue de la révision", "Outcome of the review"),
        ),
        tuple(_request(each, t) for each in lines),
    )


def _request(line: Line, t: Words) -> tuple[Cell, ...]:
    def yes(value: bool | None) -> str:  # noqa: FBT001 - a cell's value
        return "" if value is None else t("oui", "yes") if value else t("non", "no")

    form = {True: t("écrite", "written"), False: t("orale", "oral"), None: ""}[line.written]
    review = t(*label.REVIEWS[line.review_outcome]) if line.review_outcome else ""
    return (
        line.number,
        line.received_on,
        form,
        _nature(line.nature, t) if line.nature else "",
        line.decided_on or "",
        "" if line.delay_days is None else line.delay_days,
        t(*label.DELAYS[line.delay]) if line.delay else "",
        yes(line.extended),
        yes(line.third_party),
        t(*label.OUTCOMES[line.outcome]),
        yes(line.deemed_refused),
        yes(line.in_time),
        " ; ".join(each or t(*label.UNREADABLE_PROVISION) for each in line.provisions),
        yes(line.review_requested),
        review or (t(*label.REVIEW_PENDING) if line.review_requested else ""),
    )


def _nature(nature: Nature, t: Words) -> str:
    return t(*(label.NATURES[nature] if nature is not None else label.NO_NATURE))


def _shown(account: Account) -> tuple[Nature, ...]:
    """The natures that the law tells apart; what nobody classified yet stands there while there is some."""
    return tuple(each for each in _NATURES if each is not None or account.received[None])


def _columns(heading: str, account: Account, t: Words) -> tuple[str, ...]:
    return (heading, *(_nature(each, t) for each in _shown(account)), t("Total", "Total"))


def _by_nature(title: str, what: Key, counts: Counter[tuple[Key, Nature]], account: Account) -> tuple[Cell, ...]:
    found = [counts[what, each] for each in _shown(account)]
    return (title, *found, sum(found))


def _with_total(rows: list[tuple[Cell, ...]], t: Words) -> Iterator[tuple[Cell, ...]]:
    yield from rows
    columns = zip(*(row[1:] for row in rows), strict=True)
    yield (t("Total", "Total"), *(sum(each for each in column if isinstance(each, int)) for column in columns))
