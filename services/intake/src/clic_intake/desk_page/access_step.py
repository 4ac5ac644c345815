"""An access request's path as its page shows it: where each step stands, what can be done now, and why not.

What can be done is asked of the rules that judge it when it is done: `core/access_rule.py`, `core/extension.py`.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from clic_chassis.error import RefusedError
from clic_contracts.event import (
    AccessClassified,
    Delivery,
    RequestAcknowledged,
    RequestAnswered,
    RequestExtended,
    RequestIncomplete,
    ReviewDecided,
    ReviewRequested,
    Sealed,
    ThirdPartyIdentified,
)
from clic_contracts.lifecycle import may_happen
from clic_contracts.town import Town
from clic_contracts.vocabulary import (
    AccessNature,
    Channel,
    DeliveryProof,
    Missing,
    Phase,
    ReviewOutcome,
    ThirdPartyPosition,
)
from clic_intake.api.access_command import (
    Classify,
    IdentifyThirdParty,
    NotifyThirdParty,
    ReportReviewDecided,
    ReportReviewRequested,
    TakeThirdPartyAnswer,
)
from clic_intake.api.command import Acknowledge, Answer, Ask, Complete, Extend
from clic_intake.core.access import ThirdParty, extension_limit_on, third_party_limit_on
from clic_intake.core.access_path import AccessPath, Limit
from clic_intake.core.access_rule import Step as Fact
from clic_intake.core.access_rule import may_step
from clic_intake.core.extension import may_extend
from clic_intake.core.rule import Rules
from clic_intake.core.state import AWAITING_ANSWER
from clic_intake.web import Words

from . import label
from .access_catalogue import EXTEND_BY_LETTER, NOTIFY_BY_LETTER
from .access_limit import limit_lines
from .access_telling import body
from .catalogue import FORM_BY_PATH
from .form import Form
from .label import Both, said

When = Literal["past", "now", "to-come"]
ANSWER_BY_LETTER = "letter"
_TOLD = Delivery(channel=Channel.EMAIL, proof=DeliveryProof.AGENT)
_SEALED = Sealed(nonce="", ciphertext="")
"""Of a step whose words are not written yet: whether it is possible does not hang on them."""
_NOBODY = str(uuid.UUID(int=0))
"""Of a third party who has no id yet."""
SHOWN_ON_PATH: frozenset[str] = frozenset(
    {
        Acknowledge.PATH,
        Ask.PATH,
        Complete.PATH,
        Answer.PATH,
        ANSWER_BY_LETTER,
        Extend.PATH,
        EXTEND_BY_LETTER,
    }
)
"""Forms that an access request has on its path, and not among the others."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step."""

    title: str
    when: When
    lines: tuple[str, ...]
    """Where it stands."""
    forms: tuple[Form, ...] = ()
    """What can be done now."""
    reason: str = ""
    """Why nothing can be, or not all."""
    grave: bool = False


def steps_of(t: Words, town: Town, path: AccessPath, now: dt.datetime) -> tuple[Step, ...]:
    """The path's steps, in the law's order."""
    shown = _Shown(t, town, path, Rules.of(town), now)
    return (
        shown.receipt(),
        shown.nature(),
        shown.precision(),
        shown.third_parties(),
        shown.extension(),
        shown.decision(),
        shown.review(),
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    t: Words
    town: Town
    path: AccessPath
    rules: Rules
    now: dt.datetime

    # -- before the decision ------------------------------------------------------------------------------------------

    def receipt(self) -> Step:
        """Source: A-2.1 art. 45, 46."""
        t, path = self.t, self.path
        oral = path.received is not None and path.received.written is False
        form = t(
            "Faite de vive voix : la personne doit savoir que seule une demande écrite peut être révisée (art. 45)",
            "Made orally: the citizen is to know that only a written request can be reviewed (s. 45)",
        )
        written = t("Faite par écrit", "Made in writing")
        if path.acknowledged_at is not None:
            sent = t("Avis donné le", "Notice given on") + f" {t.date(path.acknowledged_at)}"
            return Step(self._title("receipt"), "past", (sent, form if oral else written))
        due = t("À donner par écrit dès la réception (art. 46)", "To be given in writing on reception (s. 46)")
        can = may_happen(path.request.phase, RequestAcknowledged)
        return Step(
            self._title("receipt"), "now", (due, form if oral else written), _forms(Acknowledge.PATH) if can else ()
        )

    def nature(self) -> Step:
        """What the yearly account tells apart."""
        t, nature = self.t, self.path.nature
        line = (
            said(t, label.NATURES[nature]) if nature else t("À préciser, pour le bilan", "To be given, for the account")
        )
        refused = self._refused(AccessClassified(nature=nature or AccessNature.ADMINISTRATIVE_DOCUMENTS))
        return Step(
            self._title("nature"),
            "past" if nature else "now",
            (line,),
            () if refused else _forms(Classify.PATH),
            refused,
        )

    def precision(self) -> Step:
        """The law's clock runs on while the citizen is asked. Source: POL-21, A-2.1 art. 42."""
        t, path = self.t, self.path
        phase, lacks = path.request.phase, Missing.PRECISION in path.request.missing
        asked, given = path.precision_asked_at, path.precision_given_at
        lines = [t("Demandées le", "Asked for on") + f" {t.date(asked)}"] if asked else []
        if given:
            lines.append(t("Données le", "Given on") + f" {t.date(given)}")
        elif asked and lacks:
            lines.append(t("En attente : le délai de la loi court toujours", "Waiting: the law's clock runs on"))
        elif not asked:
            lines.append(t("Aucune n'a été demandée", "None was asked for"))
        forms = _forms(Complete.PATH) if lacks and phase in AWAITING_ANSWER else ()
        if may_happen(phase, RequestIncomplete):
            forms = (*forms, *_forms(Ask.PATH))
        when: When = "now" if lacks and phase in AWAITING_ANSWER else "past" if given else "to-come"
        return Step(self._title("precision"), when, tuple(lines), forms)

    def third_parties(self) -> Step:
        """Source: A-2.1 art. 23 to 25, 49."""
        t, parties = self.t, self.path.third_parties
        none = t("Aucun tiers n'est visé, jusqu'ici", "No third party is concerned, so far")
        lines = tuple(f"{party_name(t, number)}{t.colon} {self._party(each)}" for number, each in enumerate(parties, 1))
        refused = self._refused(ThirdPartyIdentified(third_party_id=_NOBODY, sealed=_SEALED))
        if refused:
            late = t("Les tiers sont entendus avant la décision", "Third parties are heard before the decision")
            return Step(self._title("third_parties"), "past" if parties else "to-come", lines or (none,), (), late)
        forms = _forms(IdentifyThirdParty.PATH)
        if any(to_notify(each) for each in parties):
            forms += _forms(NOTIFY_BY_LETTER, NotifyThirdParty.PATH)
        if any(to_answer(each) and not self._is_silent(each) for each in parties):
            forms += _forms(TakeThirdPartyAnswer.PATH)
        open_ = any(each.answered_at is None and not self._is_silent(each) for each in parties)
        when: When = "now" if open_ else "past" if parties else "to-come"
        return Step(self._title("third_parties"), when, lines or (none,), forms)

    def _party(self, party: ThirdParty) -> str:
        t = self.t
        if party.answered_at is not None and party.position is not None:
            consents = party.position is ThirdPartyPosition.CONSENTS
            answer = t("consent à la communication", "consents") if consents else t("s'y oppose", "objects")
            return f"{answer} ({t.date(party.answered_at)})"
        if party.notified_at is None:
            by = self.path.notify
            last = t("au plus tard le", "by") + f" {t.day(by.due_prudent_on)}" if by else ""
            return t("à aviser", "to be notified") + (f" {last}" if last else "")
        last_on = third_party_limit_on(self.rules.day_of(party.notified_at))
        notified = t("avisé le", "notified on") + f" {t.date(party.notified_at)}"
        if self._is_silent(party):
            silent = t("n'a rien dit : réputé consentir depuis le", "said nothing: deemed to consent since")
            return f"{notified}, {silent} {t.day(last_on)}"
        return f"{notified}, {t('entendu jusqu’au', 'heard until')} {t.day(last_on)}"

    def _is_silent(self, party: ThirdParty) -> bool:
        if party.notified_at is None or party.answered_at is not None:
            return False
        return self.rules.day_of(self.now) > third_party_limit_on(self.rules.day_of(party.notified_at))

    def extension(self) -> Step:
        """Source: POL-23, A-2.1 art. 47."""
        t, path = self.t, self.path
        if path.extended_at is not None:
            days = t.counted(path.extended_days, t("jour", "day"), t("jours", "days"))
            line = t(f"De {days}, le", f"By {days}, on") + f" {t.date(path.extended_at)}"
            once = t("La loi n'en permet qu'une (art. 47)", "The law knows only one (s. 47)")
            return Step(self._title("extension"), "past", (line,), (), once)
        assert path.request.received_at is not None
        last_on = extension_limit_on(self.rules.day_of(path.request.received_at))
        try:
            may_extend(self.rules, RequestExtended(days=1, notice=_TOLD, sealed=_SEALED), path.request, self.now, None)
        except RefusedError:
            late = self.rules.day_of(self.now) > last_on
            ended = t(
                f"Les vingt premiers jours ont pris fin le {t.day(last_on)} (art. 47)",
                f"The first twenty days ended on {t.day(last_on)} (s. 47)",
            )
            not_now = t("Sans objet : la demande n'attend plus de décision", "Not needed: no decision is waited for")
            awaits = path.request.phase in AWAITING_ANSWER
            none = t("Le délai n'a pas été prolongé", "The delay was not extended")
            return Step(self._title("extension"), "to-come", (none,), (), ended if late and awaits else not_now)
        possible = t(
            f"Possible jusqu'au {t.day(last_on)}, de dix jours au plus",
            f"Possible until {t.day(last_on)}, by ten days at most",
        )
        return Step(self._title("extension"), "to-come", (possible,), _forms(EXTEND_BY_LETTER, Extend.PATH))

    # -- the decision, and after --------------------------------------------------------------------------------------

    def decision(self) -> Step:
        """Source: POL-22, A-2.1 art. 47 to 52."""
        t, path = self.t, self.path
        lines = list(limit_lines(t, path.decide, path.extended_days))
        deemed = path.deemed_refused_at is not None
        if deemed:
            lines.append(
                t(
                    "L'échéance est passée en silence : la demande est réputée refusée, et la Ville doit encore "
                    "répondre (art. 52)",
                    "The limit passed in silence: the request is deemed refused, and the Town must still answer "
                    "(s. 52)",
                )
            )
        if (decision := path.decision) is not None:
            outcome = said(t, label.OUTCOMES[decision.outcome]) if decision.outcome else t("Réponse donnée", "Answered")
            told = [f"{outcome}, {t.date(decision.at)}", ", ".join(decision.provisions)]
            # How the limit was moved matters as long as there is something to decide.
            lines = [*told, body(t, self.town, decision.body) if decision.body else "", lines[0]]
        can = may_happen(path.request.phase, RequestAnswered)
        open_ = path.request.phase in AWAITING_ANSWER
        forms = _forms(ANSWER_BY_LETTER, Answer.PATH) if can and open_ else _forms(Answer.PATH) if can else ()
        return Step(
            self._title("decision"),
            "now" if open_ else "past",
            tuple(filter(None, lines)),
            forms,
            grave=deemed and open_,
        )

    def review(self) -> Step:
        """Source: POL-24, A-2.1 art. 135."""
        t, path = self.t, self.path
        lines = [self._window(window)] if (window := path.review_window) is not None else []
        if path.review_requested_on is not None:
            lines.append(t("Demandée le", "Asked for on") + f" {t.day(path.review_requested_on)}")
        if path.review_outcome is not None and not path.request.path.reviews_open:
            lines.append(said(t, label.REVIEWS[path.review_outcome]))
        under_way = path.request.path.reviews_open > 0
        refused = self._refused(ReviewRequested(requested_on=self.rules.day_of(self.now)))
        forms = () if refused else _forms(ReportReviewRequested.PATH)
        if not self._refused(ReviewDecided(outcome=ReviewOutcome.UPHELD)):
            forms += _forms(ReportReviewDecided.PATH)
        when: When = "now" if under_way else "past" if path.review_requested_on else "to-come"
        reason = self._no_review() if refused and not under_way else ""
        return Step(self._title("review"), when, tuple(lines), forms, reason)

    def _window(self, window: Limit) -> str:
        t = self.t
        last_on = max(window.due_strict_on, window.due_prudent_on)
        if window.lapsed:
            return t(
                f"Délai écoulé le {t.day(last_on)}, sans demande", f"Time ended on {t.day(last_on)}, not asked for"
            )
        if window.met or self.path.request.path.is_contested:
            return t(f"Délai : jusqu'au {t.day(last_on)}", f"Time: until {t.day(last_on)}")
        return t(
            f"La personne peut s'adresser à la Commission jusqu'au {t.day(last_on)} (art. 135)",
            f"The citizen may turn to the Commission until {t.day(last_on)} (s. 135)",
        )

    def _no_review(self) -> str:
        t, path = self.t, self.path
        if path.received is not None and path.received.written is False:
            return t(
                "Une demande faite de vive voix ne peut pas être révisée (art. 45 et 135)",
                "A request that was made orally cannot be reviewed (s. 45 and 135)",
            )
        if path.request.phase in AWAITING_ANSWER:
            return t(
                "Rien à réviser avant une décision, ou la fin du délai (art. 52 et 135)",
                "Nothing to review before a decision, or the end of the delay (s. 52 and 135)",
            )
        if path.request.path.is_contested:
            return t("Une révision a déjà eu lieu", "A review has taken place")
        return t("Tout a été donné : rien à réviser", "All was given: nothing to review")

    # -- helpers ------------------------------------------------------------------------------------------------------

    def _refused(self, step: Fact) -> str:
        """Why a step is not possible now; "" where it is."""
        try:
            may_step(self.rules, step, self.path.request, self.now)
        except RefusedError:
            if self.path.request.phase is Phase.VOIDED:
                return self.t("La saisie a été annulée", "The record was voided")
            return self.t("Ce n'est pas possible maintenant", "This is not possible now")
        return ""

    def _title(self, name: str) -> str:
        return said(self.t, _TITLES[name])


_TITLES: dict[str, Both] = {
    "receipt": ("Avis de réception", "Notice of receipt"),
    "nature": ("Nature", "Nature"),
    "precision": ("Précisions", "Precision"),
    "third_parties": ("Tiers", "Third parties"),
    "extension": ("Prolongation", "Extension"),
    "decision": ("Décision", "Decision"),
    "review": ("Révision par la Commission", "Review by the Commission"),
}


def party_name(t: Words, number: int) -> str:
    """Third parties are told apart by a number: who they are is sealed."""
    return t(f"Tiers {number}", f"Third party {number}")


def to_notify(party: ThirdParty) -> bool:
    """Whether they wait for a notice."""
    return party.notified_at is None


def to_answer(party: ThirdParty) -> bool:
    """Whether they were notified and said nothing yet."""
    return party.notified_at is not None and party.answered_at is None


def party_choices(
    t: Words, parties: Sequence[ThirdParty], fits: Callable[[ThirdParty], bool]
) -> tuple[tuple[str, str], ...]:
    """Third parties to choose from."""
    return tuple((each.third_party_id, party_name(t, n)) for n, each in enumerate(parties, 1) if fits(each))


def _forms(*paths: str) -> tuple[Form, ...]:
    return tuple(FORM_BY_PATH[each] for each in paths)
