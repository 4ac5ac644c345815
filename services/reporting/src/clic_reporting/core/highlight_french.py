"""The sentences on a period, in French; see `telling` for what is told."""

from __future__ import annotations

from collections.abc import Iterator

from .french import NBSP, capital, counted, decimal, listed, number, share
from .label import Labels
from .telling import Balance, Change, Delays, FirstLine, Kept, Rating, Telling, TopSubject, change


def sentences(told: Telling, labels: Labels) -> Iterator[str]:
    """The sentences, most important first."""
    if told.received is not None:
        yield _received(told, told.received)
    if told.balance is not None:
        yield _balance(told.balance, "du trimestre" if told.is_quarter else "de l’année")
    if told.contacts is not None:
        all_of_them = counted(told.contacts.total, "interaction", "interactions")
        which = counted(told.contacts.follow_ups, "suivi ou renseignement", "suivis ou renseignements")
        of_which = f", dont {which}" if told.contacts.follow_ups else ""
        yield f"Elle a eu {all_of_them} avec les citoyennes et citoyens{of_which}."
    if told.subject is not None:
        yield _subject(told.subject, labels)
    if told.first_line is not None:
        yield _first_line(told.first_line)
    yield from _on_time(told.kept, told.kept_assumed)
    if told.delays is not None:
        yield _delays(told.delays)
    if told.waiting_a_year:
        were = "avaient été reçues" if told.waiting_a_year > 1 else "avait été reçue"
        yield f"De celles en attente, {number(told.waiting_a_year)} {were} douze mois plus tôt ou davantage."
    if told.complaints is not None:
        yield _complaints(told.complaints)
    if told.unusual is not None:
        yield _unusual(told.unusual)
    if told.rating is not None:
        yield _rating(told.rating)


def changed(now: int, before: int) -> str:
    """How much more or less: « 12,5 % de plus », « 3 de moins », « autant »."""
    more = "de plus" if now > before else "de moins"
    match change(now, before):
        case Change.NONE:
            return "autant"
        case Change.ABOUT_NONE:
            return "à peu près autant"
        case Change.BY_NUMBER:
            return f"{number(abs(now - before))} {more}"
        case Change.BY_SHARE:
            return f"{share(abs(now - before), before)} {more}"


def _requests(count: int) -> str:
    return counted(count, "demande", "demandes")


def _received(told: Telling, received: int) -> str:
    said = f"La Ville a reçu {_requests(received)}" if received else "La Ville n’a reçu aucune demande"
    than = {
        False: "qu’au trimestre précédent" if told.is_quarter else "que l’année précédente",
        True: f"qu’au même trimestre de {told.year - 1}",
    }
    compared = [
        f"{changed(received, each.received)} {than[each.a_year_before]} ({number(each.received)})"
        for each in told.earlier
    ]
    return f"{said}, {listed(compared)}." if compared else f"{said}."


def _balance(balance: Balance, of_it: str) -> str:
    pending = _pending(balance.before, balance.now, of_it)
    if balance.treated < 0:
        gap = number(-balance.treated)
        return f"Plus de demandes ont été rouvertes que traitées (écart{NBSP}: {gap}). {capital(pending)}."
    what = f"Elle en a traité {number(balance.treated)}" if balance.treated else "Elle n’en a traité aucune"
    return f"{what}; {pending}."


def _pending(before: int, now: int, of_it: str) -> str:
    if not now:
        told = f"aucune demande n’était en attente à la fin {of_it}"
    else:
        told = f"{_requests(now)} {'étaient' if now > 1 else 'était'} en attente à la fin {of_it}"
    if before == now:
        return f"{told}, autant qu’à son début" if now else f"{told}, ni à son début"
    return f"{told}, {number(before) if before else 'aucune'} à son début"


def _subject(subject: TopSubject, labels: Labels) -> str:
    if subject.code is None:
        return f"Toutes les demandes portent la mention «{NBSP}{labels.no_subject}{NBSP}»."
    what = f"{_requests(subject.requests)} ({share(subject.requests, subject.of)} du total)"
    return f"Le sujet le plus fréquent{NBSP}: {labels.subject(subject.code)}, {what}."


def _first_line(first: FirstLine) -> str:
    told = (
        f"Le CLIC s’est chargé lui-même de {_requests(first.requests)}"
        f" ({share(first.requests, first.of)} de celles qui ont été reçues)"
        if first.requests
        else "Le CLIC ne s’est chargé lui-même d’aucune demande reçue"
    )
    if first.follow_ups:
        answered, every = number(first.follow_ups_answered), number(first.follow_ups)
        told += f"; suivis auxquels il a répondu sur-le-champ{NBSP}: {answered} sur {every}"
    return f"{told}."


def _on_time(kept: Kept | None, assumed: int) -> Iterator[str]:
    if kept is not None:
        told = f"Obligations échues et tenues à temps{NBSP}: {number(kept.in_time)} sur {number(kept.measured)}"
        unkept = f"; échues sans être tenues{NBSP}: {number(kept.missed)}" if kept.missed else ""
        yield f"{told} ({share(kept.in_time, kept.measured)}){unkept}."
    if assumed:
        yield (
            f"Pour {counted(assumed, 'obligation', 'obligations')}, la date de l’issue n’a pas été consignée{NBSP}: "
            "on sait que la suite a été donnée, mais pas en combien de temps."
        )


def _delays(delays: Delays) -> str:
    median, most = (counted(each, "jour ouvrable", "jours ouvrables") for each in (delays.median, delays.p90))
    if delays.median == delays.p90:
        return f"Neuf demandes traitées sur dix l’ont été en {most} ou moins."
    return f"La moitié des demandes traitées l’a été en {median} ou moins, neuf sur dix en {most} ou moins."


def _complaints(count: int) -> str:
    if not count:
        return "Aucune plainte n’a été dirigée vers la Direction générale."
    were = "ont été dirigées" if count > 1 else "a été dirigée"
    return f"{counted(count, 'plainte', 'plaintes')} {were} vers la Direction générale."


def _unusual(count: int) -> str:
    if not count:
        return "Aucune demande n’était inusitée."
    what = "étaient inusitées" if count > 1 else "était inusitée"
    them = "les avait prévues" if count > 1 else "l’avait prévue"
    return f"{_requests(count)} {what}{NBSP}: aucune règle ni aucun sujet ne {them}."


def _rating(rating: Rating) -> str:
    people = counted(rating.people, "personne a donné", "personnes ont donné")
    return f"{people} une note, de 1 à 5{NBSP}: {decimal(rating.mean)} en moyenne."
