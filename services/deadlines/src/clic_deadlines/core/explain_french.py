"""An explanation's French, addressed to the citizen. Typography of the Office québécois de la langue française."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from clic_contracts.event import (
    Event,
    ObligationSet,
    RequestAnswered,
    RequestHandedOver,
    RequestIncomplete,
    RequestPromised,
    RequestReceived,
    RequestReopened,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_contracts.town import Subject
from clic_contracts.town_text import Names
from clic_contracts.vocabulary import DelayUnit, Escalation, Kind, LiftReason, ObligationKind, RecountReason

from .french import NBSP, TOLD, clock, counted, full_day, weekday
from .standard import ACCESS_DAYS

_PROMISES: Mapping[ObligationKind, str] = {
    ObligationKind.ACKNOWLEDGE: "La Ville {must} vous confirmer la réception de votre demande, au plus tard le {by}.",
    ObligationKind.ANSWER: "La Ville {must} vous répondre au plus tard le {by}.",
    ObligationKind.PROMISE: "La Ville {must} vous répondre au plus tard le {by}, comme convenu avec vous.",
    ObligationKind.DECIDE_ACCESS: "La Ville {must} rendre sa décision sur votre demande d’accès au plus tard le {by}.",
    ObligationKind.JUDGE: "La Ville {must} vous dire si votre demande est recevable, au plus tard le {by}.",
    ObligationKind.OUTSIDE_WORK: "La Ville {must} vérifier, au plus tard le {by}, où en est le travail confié à un "
    "autre organisme.",
    ObligationKind.NOTIFY_THIRD_PARTY: "La Ville {must} aviser, au plus tard le {by}, la personne que concernent les "
    "documents demandés.",
    ObligationKind.THIRD_PARTY_RESPONSE: "La personne que concernent les documents demandés {may} donner sa position "
    "au plus tard le {by}; son silence vaut consentement.",
    ObligationKind.REVIEW_WINDOW: "Vous {may_you} demander à la Commission d’accès à l’information de réviser la "
    "décision, au plus tard le {by}.",
    ObligationKind.CITIZEN_REPLY: "Vous {may_you} fournir ce qui manque à votre demande, au plus tard le {by}.",
}
_RULES: Mapping[ObligationKind, str] = {
    ObligationKind.ACKNOWLEDGE: "la norme de la Ville pour accuser réception",
    ObligationKind.JUDGE: "la norme de la Ville pour dire si une demande est recevable",
    ObligationKind.OUTSIDE_WORK: "la norme de la Ville pour suivre un travail confié à un autre organisme",
    ObligationKind.NOTIFY_THIRD_PARTY: f"la Loi sur l’accès (RLRQ, c.{NBSP}A-2.1, art.{NBSP}25 et{NBSP}49)",
    ObligationKind.THIRD_PARTY_RESPONSE: f"la Loi sur l’accès (RLRQ, c.{NBSP}A-2.1, art.{NBSP}25 et{NBSP}49)",
    ObligationKind.REVIEW_WINDOW: f"la Loi sur l’accès (RLRQ, c.{NBSP}A-2.1, art.{NBSP}135)",
    ObligationKind.CITIZEN_REPLY: "le délai que la Ville laisse pour compléter une demande",
}
_KINDS: Mapping[Kind, str] = {
    Kind.REQUEST: "requêtes",
    Kind.REPORT: "signalements",
    Kind.COMPLAINT: "plaintes",
    Kind.COMMENT: "commentaires",
    Kind.SUGGESTION: "suggestions",
    Kind.ACCESS_TO_INFORMATION: "demandes d’accès",
}
_UNITS: Mapping[DelayUnit, tuple[str, str]] = {
    DelayUnit.BUSINESS_DAYS: ("jour ouvrable", "jours ouvrables"),
    DelayUnit.CALENDAR_DAYS: ("jour", "jours"),
    DelayUnit.HOURS: ("heure", "heures"),
    DelayUnit.BUSINESS_HOURS: ("heure d’ouverture", "heures d’ouverture"),
}
_REASONS: Mapping[str, str] = {
    "weekend": "fin de semaine",
    "holiday": "jour férié",
    "town_closing": "fermeture de la Ville",
    "start": "jour du départ",
    "paused": "la Ville attendait votre réponse",
    "closed": "hors des heures d’ouverture",
}
_DONE: Mapping[ObligationKind, str] = {
    ObligationKind.ACKNOWLEDGE: "la Ville vous a confirmé la réception de votre demande",
    ObligationKind.ANSWER: "la Ville vous a répondu",
    ObligationKind.PROMISE: "la Ville vous a répondu",
    ObligationKind.DECIDE_ACCESS: "la Ville a rendu sa décision",
    ObligationKind.JUDGE: "la Ville a dit si votre demande est recevable",
    ObligationKind.OUTSIDE_WORK: "le travail confié a pris fin",
    ObligationKind.NOTIFY_THIRD_PARTY: "la personne concernée a été avisée",
    ObligationKind.THIRD_PARTY_RESPONSE: "la personne concernée a donné sa position",
    ObligationKind.REVIEW_WINDOW: "vous avez demandé la révision",
    ObligationKind.CITIZEN_REPLY: "vous avez fourni ce qui manquait",
}
_LAPSED: Mapping[ObligationKind, str] = {
    ObligationKind.THIRD_PARTY_RESPONSE: "Le délai a pris fin sans réponse de la personne concernée, ce qui vaut "
    "consentement.",
    ObligationKind.REVIEW_WINDOW: "Le délai a pris fin sans demande de révision.",
    ObligationKind.CITIZEN_REPLY: "Le délai a pris fin sans que la Ville ait reçu ce qui manquait.",
}
_LIFTED: Mapping[LiftReason, str] = {
    LiftReason.REFUSED: "votre demande n’était pas recevable",
    LiftReason.WITHDRAWN: "vous avez retiré votre demande",
    LiftReason.MERGED: "votre demande est traitée avec une autre",
    LiftReason.VOIDED: "l’inscription était une erreur",
    LiftReason.REPLACED: "une nouvelle échéance la remplace",
}
_STANDINGS: Mapping[str, str] = {
    "running": "Le délai court.",
    "at_risk": "Le délai court et arrive bientôt à sa fin.",
    "missed": "L’échéance est passée. La Ville est en retard et doit encore le faire.",
    "deemed_refused": "L’échéance est passée. La loi considère ce silence comme un refus; "
    "la Ville doit encore rendre sa décision.",
    "met": "C’est fait, dans le délai.",
    "met_late": "C’est fait, mais en retard.",
    "lifted": "Cette échéance ne tient plus.",
    "lapsed": "Ce délai est terminé.",
}


class FrenchWords:
    """French."""

    starts_with: Mapping[type[Event], str] = {
        RequestReceived: "quand la Ville a reçu votre demande",
        RequestReopened: "quand votre demande a été rouverte",
        RequestPromised: "quand la date a été convenue avec vous",
        RequestIncomplete: "quand la Ville vous a demandé ce qui manquait",
        RequestHandedOver: "quand le travail a été confié à un autre organisme",
        RequestAnswered: "à la date de la décision",
        ThirdPartyIdentified: "quand la Ville a su que les documents concernent une autre personne",
        ThirdPartyNotified: "quand la personne concernée a été avisée",
    }
    first_day = "Ce jour-là ne compte pas."
    agreed = f"La date a été convenue{NBSP}: aucun jour n’est compté."
    round_the_clock = "Les heures se suivent, de jour comme de nuit, fins de semaine et jours fériés compris."
    paused_hours = "Le temps pendant lequel la Ville attendait votre réponse ne compte pas."
    no_limit_then = f"; une échéance ne tombe pas ce jour-là (Loi d’interprétation, art.{NBSP}52)"

    def name(self, names: Names) -> str:
        """A name of the town's configuration."""
        return names.fr

    def title(self, reference: str, subject: str | None) -> str:
        """Which request it is about."""
        return f"Demande {reference}" + (f" – {subject}" if subject else "")

    def full_day(self, value: dt.date) -> str:
        """« lundi 1er juin 2026 »."""
        return full_day(value)

    def instant(self, value: dt.datetime) -> str:
        """« lundi 1er juin 2026 à 16 h 30 »; a day begins without an hour."""
        return full_day(value) if value.time() == dt.time() else f"{full_day(value)} à{NBSP}{clock(value.timetz())}"

    def promise(self, kind: ObligationKind, by: str, *, ended: bool) -> str:
        """What is owed, or was."""
        must, may, may_you = ("devait", "pouvait", "pouviez") if ended else ("doit", "peut", "pouvez")
        return _PROMISES[kind].format(must=must, may=may, may_you=may_you, by=by)

    def rule(self, terms: ObligationSet, subject: Subject | None, kind: Kind) -> str:
        """By which standard or article, and how long."""
        within = terms.within
        length = f"{NBSP}: {counted(within.amount, *_UNITS[within.unit])}" if within else ""
        return f"La règle est {_rule(terms, subject, kind)}{length}."

    def start(self, at: dt.datetime, because: str | None) -> str:
        """From when it is counted."""
        return f"Le délai part du {self.instant(at)}" + (f", {because}." if because else ".")

    def run(self, first_on: dt.date, last_on: dt.date, year: int) -> str:
        """« du mardi 19 au vendredi 22 mai »; the year where it is another."""
        last = weekday(last_on) if last_on.year == year else full_day(last_on)
        if first_on == last_on:
            return last
        same = (first_on.year, first_on.month) == (last_on.year, last_on.month)
        first = weekday(first_on).rpartition(NBSP)[0] if same else weekday(first_on)
        return f"du {first if first_on.year == last_on.year else full_day(first_on)} au {last}"

    def reason(self, code: str) -> str:
        """Why days do not count."""
        return _REASONS.get(code, code)

    def counted_days(self, run: str, days: int, why: str, sum_so_far: int, total: int | None) -> str:
        """Days that count, and how many have by then."""
        unit = _UNITS[DelayUnit.BUSINESS_DAYS if why == "business_day" else DelayUnit.CALENDAR_DAYS]
        so_far = f" ({sum_so_far} sur {total})" if total else ""
        return f"{run}{NBSP}: {counted(days, *unit)}{so_far}"

    def counted_minutes(self, run: str, minutes: int) -> str:
        """Opening hours that count."""
        hours, left = divmod(minutes, 60)
        said = f"{hours}{NBSP}h" + (f"{NBSP}{left:02d}" if left else "") if hours else f"{left}{NBSP}min"
        return f"{run}{NBSP}: {said} d’ouverture"

    def not_counted(self, run: str, why: str, days: int) -> str:
        """Days that do not count, and why."""
        return f"{run}{NBSP}: ne compte{'nt' if days > 1 else ''} pas – {why}"

    def last_hour(self, due_at: dt.datetime) -> str:
        """A limit within a day."""
        return f"L’heure limite est le {self.instant(due_at)}; ce qui est fait avant est fait à temps."

    def last_day(self, strict_on: dt.date) -> str:
        """A limit at a day's end."""
        day = full_day(strict_on)
        return f"Le dernier jour est le {day}{NBSP}: ce qui est fait avant minuit ce soir-là est fait à temps."

    def earlier(self, strict_on: dt.date, prudent_on: dt.date) -> str:
        """The town works to an earlier day than the rule's."""
        return (
            f"Le dernier jour selon la règle est le {full_day(strict_on)}. Comme ce n’est pas un jour ouvrable, la "
            f"Ville vise le {full_day(prudent_on)}."
        )

    def later(self, strict_on: dt.date, prudent_on: dt.date) -> str:
        """A recourse that may be taken a little later."""
        return (
            f"Le dernier jour selon la lettre de la loi est le {full_day(strict_on)}. Selon la lecture la plus "
            f"généreuse, c’est le {full_day(prudent_on)}; il est plus sûr de ne pas attendre jusque-là."
        )

    def calendar(self, version: str) -> str:
        """By which calendar."""
        return f"Le compte est fait avec le calendrier {version} de la Ville."

    def paused(self, at: dt.datetime) -> str:
        """The clock stood still."""
        return (
            f"Le {self.instant(at)}, la Ville vous a demandé ce qui manquait{NBSP}: le délai s’est arrêté en attendant "
            "votre réponse."
        )

    def recounted(self, at: dt.datetime, because: RecountReason, before: str, after: str) -> str:
        """Another limit."""
        moved = f"l’échéance passe du {before} au {after}" if before != after else f"l’échéance reste le {after}"
        match because:
            case RecountReason.RESUMED:
                return f"Le {self.instant(at)}, votre réponse est arrivée et le délai a repris{NBSP}: {moved}."
            case RecountReason.CALENDAR:
                return f"Le {self.instant(at)}, le calendrier de la Ville a changé{NBSP}: {moved}."
            case RecountReason.LATER_KNOWN:
                return f"La Ville a su plus tard ce qui s’était passé avant{NBSP}: {moved}."

    def warned(self, at: dt.datetime) -> str:
        """Who works on it was told that the end comes near."""
        return f"Le {self.instant(at)}, le service responsable a été averti que l’échéance approchait."

    def missed(self, due: str) -> str:
        """The limit passed."""
        return f"L’échéance du {due} n’a pas été respectée."

    def escalated(self, at: dt.datetime, to: Escalation) -> str:
        """Somebody further up was told."""
        return f"Le {self.instant(at)}, le retard a été signalé à {TOLD[to]}."

    def met(self, at: dt.datetime, kind: ObligationKind, *, in_time: bool, assumed: bool) -> str:
        """It was done."""
        when = "dans le délai" if in_time else "en retard"
        doubt = ", selon ce que d’anciens dossiers laissent supposer" if assumed else ""
        return f"Le {self.instant(at)}, {when}, {_DONE[kind]}{doubt}."

    def lifted(self, at: dt.datetime, reason: LiftReason, successor: str | None) -> str:
        """It binds no longer."""
        then = f", le {successor}" if successor else ""
        return f"Le {self.instant(at)}, cette échéance a été levée{NBSP}: {_LIFTED[reason]}{then}."

    def lapsed(self, kind: ObligationKind) -> str:
        """Somebody else's time ended."""
        return _LAPSED.get(kind, "Le délai a pris fin.")

    def standing(self, state: str, since: dt.datetime | None = None) -> str:
        """How it stands."""
        if state == "paused" and since is not None:
            return (
                f"Le délai est arrêté depuis le {self.instant(since)}. Il reprendra à votre réponse, et l’échéance "
                "sera alors recalculée."
            )
        return _STANDINGS[state]


def _rule(terms: ObligationSet, subject: Subject | None, kind: Kind) -> str:
    law = f"la Loi sur l’accès (RLRQ, c.{NBSP}A-2.1, art.{NBSP}"
    match terms.rule.code:
        case "access_law" if terms.within is not None and terms.within.amount < ACCESS_DAYS:
            return f"la norme de la Ville, plus courte que les {ACCESS_DAYS}{NBSP}jours de {law}47)"
        case "access_law":
            return f"{law}47), qui compte les jours à partir de la réception"
        case "access_extended":
            return f"{law}47), qui permet une seule prolongation, d’au plus 10{NBSP}jours, annoncée à temps"
        case "access_third_party":
            return f"{law}49), qui laisse le temps d’entendre la personne que concernent les documents"
        case "complaint_extended":
            return "la norme de la Ville pour les plaintes, prolongée une seule fois et avec sa raison"
        case "outside_work_agreed":
            return "la date convenue avec cet organisme"
        case "review_after_expiry":
            return f"{law}135), qui compte les jours à partir de la fin du délai resté sans décision"
        case "review_after_decision":
            return f"{law}135), qui compte les jours à partir de la décision"
        case "promised":
            return "la date convenue avec vous, qui remplace la norme"
        case code if code.startswith("subject_") and subject is not None:
            said = "le délai que la loi fixe" if subject.legal_delay else "la norme de la Ville"
            return f"{said} pour le sujet «{NBSP}{subject.name.fr}{NBSP}»"
        case code if code.startswith("kind_"):
            return f"la norme de la Ville pour les {_KINDS[kind]}"
        case _:
            return _RULES.get(terms.obligation, "la norme générale de la Ville")
