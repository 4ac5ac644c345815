"""What a quarter amounts to in a few French sentences, each of them computed from figures that the page shows too."""

from __future__ import annotations

from collections.abc import Iterator

from .figure import NONE, Comparison, Report
from .french import NBSP, capital, counted, listed, number, share
from .label import NO_SUBJECT, Labels
from .period import Quarter

STEADY_PERCENT = 1.0
"""A change of less than this is told as none to speak of."""
FEW = 20
"""Below so many, a change is told in numbers: a percentage of few says more than there is."""


def highlights(comparison: Comparison, labels: Labels, *, complete: bool = True) -> tuple[str, ...]:
    """The sentences, most important first. Source: POL-31 to POL-36.

    `complete`: the quarter is over. One that is not is compared with nothing: a part of it would be with a whole.
    """
    report = comparison.report
    return (
        _received(comparison, complete=complete),
        _balance(report),
        *_interactions(report),
        *_subject(report, labels),
        *_first_line(report),
        *_delays(report),
        _complaints(report),
        _unusual(report),
    )


def change(now: int, before: int) -> str:
    """How much more or less: « 12,5 % de plus », « 3 de moins », « autant »."""
    difference = now - before
    if difference == 0:
        return "autant"
    more = "de plus" if difference > 0 else "de moins"
    if min(now, before) < FEW:
        return f"{number(abs(difference))} {more}"
    if abs(100 * difference / before) < STEADY_PERCENT:
        return "à peu près autant"
    return f"{share(abs(difference), before)} {more}"


def _received(comparison: Comparison, *, complete: bool) -> str:
    received = comparison.report.requests.received
    told = f"La Ville a reçu {_requests(received)}" if received else "La Ville n’a reçu aucune demande"
    compared = _compared(comparison, received) if complete else []
    return f"{told}, {listed(compared)}." if compared and received else f"{told}."


def _compared(comparison: Comparison, received: int) -> list[str]:
    quarter = Quarter.parse(comparison.report.period)
    compared = []
    if comparison.before is not None:
        earlier = comparison.before.requests.received
        compared.append(f"{change(received, earlier)} qu’au trimestre précédent ({number(earlier)})")
    year_ago = comparison.balance(str(Quarter(quarter.year - 1, quarter.number)))
    if year_ago is not None:
        earlier = year_ago.received
        compared.append(f"{change(received, earlier)} qu’au même trimestre de {quarter.year - 1} ({number(earlier)})")
    return compared


def _requests(count: int) -> str:
    return counted(count, "demande", "demandes")


def _balance(report: Report) -> str:
    treated = report.requests.treated
    pending = _pending(report)
    if treated < 0:
        return f"Plus de demandes ont été rouvertes que traitées (écart{NBSP}: {number(-treated)}). {capital(pending)}."
    what = f"Elle en a traité {number(treated)}" if treated else "Elle n’en a traité aucune"
    return f"{what}; {pending}."


def _pending(report: Report) -> str:
    before, now = report.requests.pending_at_start, report.requests.pending_at_end
    if not now:
        told = "aucune demande n’était en attente à la fin du trimestre"
    else:
        told = f"{_requests(now)} {'étaient' if now > 1 else 'était'} en attente à la fin du trimestre"
    if before == now:
        return f"{told}, autant qu’à son début" if now else f"{told}, ni à son début"
    return f"{told}, {number(before) if before else 'aucune'} à son début"


def _interactions(report: Report) -> Iterator[str]:
    interactions = report.interactions
    if not interactions.total:
        return
    told = f"Elle a eu {counted(interactions.total, 'interaction', 'interactions')} avec les citoyennes et citoyens"
    if interactions.follow_ups:
        told += f", dont {counted(interactions.follow_ups, 'suivi ou renseignement', 'suivis ou renseignements')}"
    yield f"{told}."


def _subject(report: Report, labels: Labels) -> Iterator[str]:
    requests = report.requests
    foreseen = {code: count for code, count in requests.by_subject.items() if code != NONE}
    if foreseen:
        code, count = next(iter(foreseen.items()))
        yield (
            f"Le sujet le plus fréquent{NBSP}: {labels.subject(code)}, "
            f"{_requests(count)} ({share(count, requests.received)} du total)."
        )
    elif requests.received:
        yield f"Toutes les demandes portent la mention «{NBSP}{NO_SUBJECT}{NBSP}»."


def _first_line(report: Report) -> Iterator[str]:
    requests, interactions = report.requests, report.interactions
    if not requests.received and not interactions.follow_ups:
        return
    told = (
        f"Le CLIC s’est chargé lui-même de {_requests(requests.first_line)}"
        f" ({share(requests.first_line, requests.received)} de celles qui ont été reçues)"
        if requests.first_line
        else "Le CLIC ne s’est chargé lui-même d’aucune demande reçue"
    )
    if interactions.follow_ups:
        answered, every = interactions.follow_ups_first_line, interactions.follow_ups
        told += f"; suivis auxquels il a répondu sur-le-champ{NBSP}: {number(answered)} sur {number(every)}"
    yield f"{told}."


def _delays(report: Report) -> Iterator[str]:
    counts = report.obligations
    if counts.measured:
        of = f"{number(counts.kept)} sur {number(counts.measured)}"
        told = f"Obligations tenues à temps{NBSP}: {of} dont l’issue est connue"
        late = f"; échues sans être tenues{NBSP}: {number(counts.missed)}" if counts.missed else ""
        yield f"{told} ({share(counts.kept, counts.measured)}){late}."
    if assumed := counts.met_assumed + counts.late_assumed:
        yield (
            f"Pour {counted(assumed, 'obligation', 'obligations')}, la date de l’issue n’a pas été consignée{NBSP}: "
            "on sait que la suite a été donnée, mais pas en combien de temps."
        )


def _complaints(report: Report) -> str:
    count = report.requests.to_direction_generale
    if not count:
        return "Aucune plainte n’a été dirigée vers la Direction générale."
    were = "ont été dirigées" if count > 1 else "a été dirigée"
    return f"{counted(count, 'plainte', 'plaintes')} {were} vers la Direction générale."


def _unusual(report: Report) -> str:
    count = report.requests.unusual
    if not count:
        return "Aucune demande n’était inusitée."
    what = "étaient inusitées" if count > 1 else "était inusitée"
    them = "les avait prévues" if count > 1 else "l’avait prévue"
    return f"{_requests(count)} {what}{NBSP}: aucune règle ni aucun sujet ne {them}."
