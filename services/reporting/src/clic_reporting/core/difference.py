"""What of a period is told otherwise than before: a table of its figures, and one of its requests by reference."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from .content import Section
from .count_table import found
from .figure import Differences, Report
from .label import Labels
from .language import Words
from .table import Cell, Column, Row, Table, Unit

FIGURES = (
    ("requests.pending_at_start", "En attente au début", "Pending at the start"),
    ("requests.received", "Reçues", "Received"),
    ("requests.treated", "Traitées", "Treated"),
    ("requests.reopenings", "Réouvertures", "Reopenings"),
    ("requests.pending_at_end", "En attente à la fin", "Pending at the end"),
    ("interactions.total", "Interactions", "Interactions"),
    ("requests.first_line", "Première ligne", "First line"),
    ("requests.to_direction_generale", "Plaintes à la Direction générale", "Complaints to the Direction générale"),
    ("requests.unusual", "Inusitées", "Unusual"),
    ("due.kept", "Obligations tenues à temps", "Obligations kept in time"),
    ("due.kept_late", "Obligations tenues en retard", "Obligations kept late"),
    ("due.missed", "Obligations non tenues", "Obligations missed"),
)
"""What is set side by side: figure, French, English."""
WHAT = {
    "received": ("Réception", "Reception"),
    "status": ("État", "Status"),
    "department": ("Service", "Department"),
    "first_line": ("Première ligne", "First line"),
    "unusual": ("Inusitée", "Unusual"),
    "rated": ("Note donnée", "Rating"),
    "acknowledged": ("Accusé de réception", "Acknowledgement"),
    "answered": ("Réponse", "Answer"),
    "treated": ("Traitement", "Treatment"),
    "reopened": ("Réouverture", "Reopening"),
    "transferred": ("Transfert à", "Transfer to"),
    "obligation": ("Obligation", "Obligation"),
}
"""What can differ of a request; another name stands for itself."""


def difference_section(differences: Differences, now: Report, labels: Labels, words: Words) -> Section:
    """The section on what was corrected since. Requests are named by reference alone. Source: POL-38."""
    earlier = differences.earlier
    since = words.number(earlier.position)
    later = words.number(now.position)
    return Section(
        key="corrections",
        title=words("Corrigé depuis", "Corrected since"),
        lead=words(
            f"Ce qui a changé entre la position {since} du journal et la position {later}.",
            f"What changed between position {since} of the log and position {later}.",
        ),
        tables=tuple(_tables(differences, now, labels, words)),
        texts=()
        if differences.changes
        else (words("Aucune demande n’est décrite autrement.", "No request is told otherwise."),),
    )


def _tables(differences: Differences, now: Report, labels: Labels, words: Words) -> Iterator[Table]:
    earlier = differences.earlier
    columns = (("earlier", words("Avant", "Before")), ("later", words("Maintenant", "Now")))
    rows = [
        Row(
            key=path,
            title=words(fr, en),
            cells=(
                Cell(value=found(earlier, path) or 0),
                Cell(value=found(now, path) or 0),
                Cell(value=(found(now, path) or 0) - (found(earlier, path) or 0)),
            ),
        )
        for path, fr, en in FIGURES
    ]
    yield Table(
        key="corrected_figures",
        title=words("Les chiffres, avant et maintenant", "The figures, before and now"),
        heading=words("Chiffre", "Figure"),
        columns=(
            *(Column(key=key, title=title, unit=Unit.COUNT) for key, title in columns),
            Column(key="difference", title=words("Écart", "Difference"), unit=Unit.COUNT),
        ),
        rows=tuple(rows),
    )
    if differences.changes:
        yield Table(
            key="corrected_requests",
            title=words("Demande par demande", "Request by request"),
            heading=words("Référence", "Reference"),
            columns=(
                Column(key="what", title=words("Quoi", "What"), unit=Unit.TEXT),
                *(Column(key=key, title=title, unit=Unit.TEXT) for key, title in columns),
                Column(key="requests", title=words("Nombre", "Number"), unit=Unit.COUNT),
            ),
            rows=tuple(
                Row(
                    key=each.reference or "",
                    title=each.reference or words("confidentielle", "confidential"),
                    cells=(
                        Cell(value=words(*WHAT.get(each.what, (each.what, each.what)))),
                        Cell(value=_told(each.what, each.earlier, labels, words)),
                        Cell(value=_told(each.what, each.later, labels, words)),
                        Cell(value=each.requests),
                    ),
                )
                for each in differences.changes
            ),
            notes=(words("La liste est incomplète.", "The list is not complete."),) if differences.more else (),
        )


STATUS = {
    "closed": ("fermée", "closed"),
    "refused": ("refusée", "refused"),
    "withdrawn": ("retirée", "withdrawn"),
    "voided": ("annulée", "voided"),
    "open": ("en traitement", "in progress"),
    "reopened": ("rouverte", "reopened"),
}
"""What one request is, where labels name many."""
HOW = {
    "closed": ("fermée", "closed"),
    "merged": ("jointe à une autre", "merged"),
    "refused": ("refusée", "refused"),
    "withdrawn": ("retirée", "withdrawn"),
    "voided": ("annulée", "voided"),
    "met": ("tenue à temps", "kept in time"),
    "late": ("tenue en retard", "kept late"),
    "missed": ("non tenue", "missed"),
    "open": ("à tenir", "to be kept"),
    "lifted": ("levée", "lifted"),
    "true": ("oui", "yes"),
    "false": ("non", "no"),
}
"""What the values of the view are called."""


def _told(what: str, value: str | None, labels: Labels, words: Words) -> str:
    if value is None:
        return "–"
    match what:
        case "status":
            return words(*STATUS.get(value, (value, value)))
        case "department" | "transferred":
            return labels.department(value)
        case _:
            return " ".join(_word(part, labels, words) for part in value.split(" "))


def _word(part: str, labels: Labels, words: Words) -> str:
    if part in HOW:
        return words(*HOW[part])
    if part in labels.obligations:
        return f"{labels.obligations[part]}{words.colon}"
    try:
        return words.day(dt.date.fromisoformat(part))
    except ValueError:
        return part
