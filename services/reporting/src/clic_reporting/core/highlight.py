"""What a period amounts to in a few French sentences, each of them computed from figures that its tables show too.

They are told of the tables' figures and not of the report's: a sentence never says what a table withholds (POL-38).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clic_contracts.vocabulary import Language

from .figure import NONE, Comparison, Satisfaction
from .french import NBSP, capital, counted, decimal, listed, number, share
from .label import Labels
from .period import Period, Quarter, parse_period

STEADY_PERCENT = 1.0
"""A change of less than this is told as none to speak of."""
FEW = 20
"""Below so many, a change is told in numbers: a percentage of few says more than there is."""

Figures = Mapping[str, int | float | str | None]
"""By name, as `table.figures` gives them; None: withheld."""


@dataclass(frozen=True, slots=True)
class Known:
    """The figures that may be told."""

    comparison: Comparison
    figures: Figures
    complete: bool
    """The period is over. One that is not is compared with nothing: a part of it would be with a whole."""

    @property
    def period(self) -> Period:
        """The report's."""
        return parse_period(self.comparison.report.period)

    def count(self, path: str, period: Period | None = None) -> int | None:
        """A count of the report's period or another; None: withheld, or in no table."""
        value = self.figures.get(f"{period or self.period}/{path}")
        return value if isinstance(value, int) else None

    def counts(self, *paths: str) -> tuple[int, ...] | None:
        """Several of them; None where one is not to be told."""
        found = [self.count(path) for path in paths]
        return tuple(each for each in found if each is not None) if None not in found else None

    def top_subject(self) -> tuple[str, int] | None:
        """The most frequent subject of the town's, and how many."""
        codes = [code for code in self.comparison.report.requests.by_subject if code != NONE]
        found = self.count(f"requests.by_subject.{codes[0]}") if codes else None
        return None if found is None else (codes[0], found)

    def mean_rating(self) -> float | None:
        """The mean of the ratings, if all of them may be told."""
        ratings = list(self.comparison.report.satisfaction.by_rating)
        told = self.counts(*(f"satisfaction.by_rating.{rating}" for rating in ratings))
        return Satisfaction(by_rating=dict(zip(ratings, told, strict=True))).mean if told else None


def highlights(comparison: Comparison, figures: Figures, labels: Labels, *, complete: bool = True) -> tuple[str, ...]:
    """The sentences in the language of the labels, most important first. Source: POL-29, POL-31 to POL-36, POL-39."""
    from . import highlight_english  # noqa: PLC0415 - it is made of this module's figures

    known = Known(comparison, figures, complete)
    if labels.language is Language.EN:
        return tuple(highlight_english.sentences(known, labels))
    return tuple(sentences(known, labels))


def sentences(known: Known, labels: Labels) -> Iterator[str]:
    """The sentences in French."""
    yield from _received(known)
    yield from _balance(known)
    yield from _interactions(known)
    yield from _subject(known, labels)
    yield from _first_line(known)
    yield from _on_time(known)
    yield from _delays(known)
    yield from _old(known)
    yield from _complaints(known)
    yield from _unusual(known)
    yield from _satisfaction(known)


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


def _of_it(period: Period) -> str:
    return "du trimestre" if isinstance(period, Quarter) else "de l’année"


def _received(known: Known) -> Iterator[str]:
    received = known.count("requests.received")
    if received is None:
        return
    told = f"La Ville a reçu {_requests(received)}" if received else "La Ville n’a reçu aucune demande"
    compared = _compared(known, received) if known.complete and received else []
    yield f"{told}, {listed(compared)}." if compared else f"{told}."


def _compared(known: Known, received: int) -> list[str]:
    period = known.period
    than = {
        period.previous: "qu’au trimestre précédent",
        period.year_before: f"qu’au même trimestre de {period.year - 1}",
    }
    if not isinstance(period, Quarter):
        than = {period.previous: "que l’année précédente"}
    found = ((known.count("requests.received", other), told) for other, told in than.items())
    return [f"{change(received, earlier)} {told} ({number(earlier)})" for earlier, told in found if earlier is not None]


def _requests(count: int) -> str:
    return counted(count, "demande", "demandes")


def _balance(known: Known) -> Iterator[str]:
    found = known.counts("requests.treated", "requests.pending_at_start", "requests.pending_at_end")
    if found is None:
        return
    treated, before, now = found
    pending = _pending(before, now, _of_it(known.period))
    if treated < 0:
        yield f"Plus de demandes ont été rouvertes que traitées (écart{NBSP}: {number(-treated)}). {capital(pending)}."
        return
    what = f"Elle en a traité {number(treated)}" if treated else "Elle n’en a traité aucune"
    yield f"{what}; {pending}."


def _pending(before: int, now: int, of_it: str) -> str:
    if not now:
        told = f"aucune demande n’était en attente à la fin {of_it}"
    else:
        told = f"{_requests(now)} {'étaient' if now > 1 else 'était'} en attente à la fin {of_it}"
    if before == now:
        return f"{told}, autant qu’à son début" if now else f"{told}, ni à son début"
    return f"{told}, {number(before) if before else 'aucune'} à son début"


def _interactions(known: Known) -> Iterator[str]:
    total = known.count("interactions.total")
    if not total:
        return
    told = f"Elle a eu {counted(total, 'interaction', 'interactions')} avec les citoyennes et citoyens"
    if follow_ups := known.count("interactions.follow_ups"):
        told += f", dont {counted(follow_ups, 'suivi ou renseignement', 'suivis ou renseignements')}"
    yield f"{told}."


def _subject(known: Known, labels: Labels) -> Iterator[str]:
    received = known.count("requests.received")
    if not received:
        return
    if top := known.top_subject():
        code, count = top
        yield (
            f"Le sujet le plus fréquent{NBSP}: {labels.subject(code)}, "
            f"{_requests(count)} ({share(count, received)} du total)."
        )
    elif known.count(f"requests.by_subject.{NONE}") == received:
        yield f"Toutes les demandes portent la mention «{NBSP}{labels.no_subject}{NBSP}»."


def _first_line(known: Known) -> Iterator[str]:
    found = known.counts("requests.first_line", "requests.received")
    follow_ups = known.counts("interactions.follow_ups_first_line", "interactions.follow_ups") or (0, 0)
    if found is None or not (found[1] or follow_ups[1]):
        return
    first_line, received = found
    told = (
        f"Le CLIC s’est chargé lui-même de {_requests(first_line)}"
        f" ({share(first_line, received)} de celles qui ont été reçues)"
        if first_line
        else "Le CLIC ne s’est chargé lui-même d’aucune demande reçue"
    )
    if follow_ups[1]:
        answered, every = map(number, follow_ups)
        told += f"; suivis auxquels il a répondu sur-le-champ{NBSP}: {answered} sur {every}"
    yield f"{told}."


def _on_time(known: Known) -> Iterator[str]:
    found = known.counts("due.kept", "due.kept_late", "due.missed")
    if found is not None and any(found):
        kept, late, missed = found
        missed += known.count("due.overdue") or 0
        measured = kept + late + missed
        told = f"Obligations échues et tenues à temps{NBSP}: {number(kept)} sur {number(measured)}"
        unkept = f"; échues sans être tenues{NBSP}: {number(missed)}" if missed else ""
        yield f"{told} ({share(kept, measured)}){unkept}."
    if assumed := known.count("due.kept_assumed"):
        yield (
            f"Pour {counted(assumed, 'obligation', 'obligations')}, la date de l’issue n’a pas été consignée{NBSP}: "
            "on sait que la suite a été donnée, mais pas en combien de temps."
        )


def _delays(known: Known) -> Iterator[str]:
    found = known.counts("delays.by_measure.treated.median_days", "delays.by_measure.treated.p90_days")
    if found is None:
        return
    median, most = (f"{counted(each, 'jour ouvrable', 'jours ouvrables')}" for each in found)
    if found[0] == found[1]:
        yield f"Neuf demandes traitées sur dix l’ont été en {most} ou moins."
    else:
        yield f"La moitié des demandes traitées l’a été en {median} ou moins, neuf sur dix en {most} ou moins."


def _old(known: Known) -> Iterator[str]:
    if old := known.count("requests.pending_by_age.m12"):
        were = "avaient été reçues" if old > 1 else "avait été reçue"
        yield f"De celles en attente, {number(old)} {were} douze mois plus tôt ou davantage."


def _complaints(known: Known) -> Iterator[str]:
    count = known.count("requests.to_direction_generale")
    if count == 0:
        yield "Aucune plainte n’a été dirigée vers la Direction générale."
    elif count is not None:
        were = "ont été dirigées" if count > 1 else "a été dirigée"
        yield f"{counted(count, 'plainte', 'plaintes')} {were} vers la Direction générale."


def _unusual(known: Known) -> Iterator[str]:
    count = known.count("requests.unusual")
    if count == 0:
        yield "Aucune demande n’était inusitée."
    elif count is not None:
        what = "étaient inusitées" if count > 1 else "était inusitée"
        them = "les avait prévues" if count > 1 else "l’avait prévue"
        yield f"{_requests(count)} {what}{NBSP}: aucune règle ni aucun sujet ne {them}."


def _satisfaction(known: Known) -> Iterator[str]:
    mean, total = known.mean_rating(), known.count("satisfaction.total")
    if mean is not None and total:
        people = counted(total, "personne a donné", "personnes ont donné")
        yield f"{people} une note, de 1 à 5{NBSP}: {decimal(mean)} en moyenne."
