"""An explanation's English, addressed to the citizen."""

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

from .english import clock, counted, full_day, weekday
from .french import NBSP
from .standard import ACCESS_DAYS

_PROMISES: Mapping[ObligationKind, str] = {
    ObligationKind.ACKNOWLEDGE: "The town {must} confirm that it received your request, by {by} at the latest.",
    ObligationKind.ANSWER: "The town {must} answer you by {by} at the latest.",
    ObligationKind.PROMISE: "The town {must} answer you by {by} at the latest, as agreed with you.",
    ObligationKind.DECIDE_ACCESS: "The town {must} decide on your access request by {by} at the latest.",
    ObligationKind.JUDGE: "The town {must} tell you whether your request is admissible, by {by} at the latest.",
    ObligationKind.OUTSIDE_WORK: "The town {must} check, by {by} at the latest, on the work given to another body.",
    ObligationKind.NOTIFY_THIRD_PARTY: "The town {must} notify, by {by} at the latest, the person whom the documents "
    "concern.",
    ObligationKind.THIRD_PARTY_RESPONSE: "The person whom the documents concern {may} take a position by {by} at the "
    "latest; silence is consent.",
    ObligationKind.REVIEW_WINDOW: "You {may} ask the Commission d’accès à l’information to review the decision, by "
    "{by} at the latest.",
    ObligationKind.CITIZEN_REPLY: "You {may} give what your request lacks, by {by} at the latest.",
}
_RULES: Mapping[ObligationKind, str] = {
    ObligationKind.ACKNOWLEDGE: "the town’s standard for confirming a reception",
    ObligationKind.JUDGE: "the town’s standard for saying whether a request is admissible",
    ObligationKind.OUTSIDE_WORK: "the town’s standard for following work that was given to another body",
    ObligationKind.NOTIFY_THIRD_PARTY: f"the Act respecting access (CQLR, c.{NBSP}A-2.1, s.{NBSP}25 and{NBSP}49)",
    ObligationKind.THIRD_PARTY_RESPONSE: f"the Act respecting access (CQLR, c.{NBSP}A-2.1, s.{NBSP}25 and{NBSP}49)",
    ObligationKind.REVIEW_WINDOW: f"the Act respecting access (CQLR, c.{NBSP}A-2.1, s.{NBSP}135)",
    ObligationKind.CITIZEN_REPLY: "the time that the town leaves for completing a request",
}
_KINDS: Mapping[Kind, str] = {
    Kind.REQUEST: "requests",
    Kind.REPORT: "reports",
    Kind.COMPLAINT: "complaints",
    Kind.COMMENT: "comments",
    Kind.SUGGESTION: "suggestions",
    Kind.ACCESS_TO_INFORMATION: "access requests",
}
_UNITS: Mapping[DelayUnit, tuple[str, str]] = {
    DelayUnit.BUSINESS_DAYS: ("business day", "business days"),
    DelayUnit.CALENDAR_DAYS: ("day", "days"),
    DelayUnit.HOURS: ("hour", "hours"),
    DelayUnit.BUSINESS_HOURS: ("opening hour", "opening hours"),
}
_REASONS: Mapping[str, str] = {
    "weekend": "weekend",
    "holiday": "public holiday",
    "town_closing": "the town is closed",
    "start": "day of the start",
    "paused": "the town was waiting for your reply",
    "closed": "outside opening hours",
}
_DONE: Mapping[ObligationKind, str] = {
    ObligationKind.ACKNOWLEDGE: "the town confirmed that it received your request",
    ObligationKind.ANSWER: "the town answered you",
    ObligationKind.PROMISE: "the town answered you",
    ObligationKind.DECIDE_ACCESS: "the town gave its decision",
    ObligationKind.JUDGE: "the town said whether your request is admissible",
    ObligationKind.OUTSIDE_WORK: "the work that was given away ended",
    ObligationKind.NOTIFY_THIRD_PARTY: "the person concerned was notified",
    ObligationKind.THIRD_PARTY_RESPONSE: "the person concerned took a position",
    ObligationKind.REVIEW_WINDOW: "you asked for a review",
    ObligationKind.CITIZEN_REPLY: "you gave what was missing",
}
_LAPSED: Mapping[ObligationKind, str] = {
    ObligationKind.THIRD_PARTY_RESPONSE: "The time ended without a word of the person concerned, which is consent.",
    ObligationKind.REVIEW_WINDOW: "The time ended and no review was asked for.",
    ObligationKind.CITIZEN_REPLY: "The time ended and the town did not receive what was missing.",
}
_LIFTED: Mapping[LiftReason, str] = {
    LiftReason.REFUSED: "your request was not admissible",
    LiftReason.WITHDRAWN: "you withdrew your request",
    LiftReason.MERGED: "your request is handled together with another",
    LiftReason.VOIDED: "the entry was a mistake",
    LiftReason.REPLACED: "a new limit takes its place",
}
_STANDINGS: Mapping[str, str] = {
    "running": "The time is running.",
    "at_risk": "The time is running and ends soon.",
    "missed": "The limit has passed. The town is late and must still do it.",
    "deemed_refused": "The limit has passed. The law takes this silence for a refusal; the town must still give its "
    "decision.",
    "met": "It is done, in time.",
    "met_late": "It is done, but late.",
    "lifted": "This limit no longer holds.",
    "lapsed": "This time has ended.",
}


class EnglishWords:
    """English."""

    starts_with: Mapping[type[Event], str] = {
        RequestReceived: "when the town received your request",
        RequestReopened: "when your request was opened again",
        RequestPromised: "when the date was agreed with you",
        RequestIncomplete: "when the town asked you for what was missing",
        RequestHandedOver: "when the work was given to another body",
        RequestAnswered: "on the date of the decision",
        ThirdPartyIdentified: "when the town knew that the documents concern somebody else",
        ThirdPartyNotified: "when the person concerned was notified",
    }
    first_day = "That day does not count."
    agreed = "The date was agreed: no day is counted."
    round_the_clock = "Hours follow each other, by day and by night, weekends and holidays included."
    paused_hours = "The time in which the town was waiting for your reply does not count."
    no_limit_then = f"; no limit falls on such a day (Interpretation Act, s.{NBSP}52)"

    def name(self, names: Names) -> str:
        """A name of the town's configuration."""
        return names.en

    def title(self, reference: str, subject: str | None) -> str:
        """Which request it is about."""
        return f"Request {reference}" + (f" – {subject}" if subject else "")

    def full_day(self, value: dt.date) -> str:
        """“Monday, June 1, 2026”."""
        return full_day(value)

    def instant(self, value: dt.datetime) -> str:
        """“Monday, June 1, 2026, at 16:30”; a day begins without an hour."""
        return full_day(value) if value.time() == dt.time() else f"{full_day(value)}, at{NBSP}{clock(value.timetz())}"

    def promise(self, kind: ObligationKind, by: str, *, ended: bool) -> str:
        """What is owed, or was."""
        must, may = ("had to", "could") if ended else ("has to", "may")
        return _PROMISES[kind].format(must=must, may=may, by=by)

    def rule(self, terms: ObligationSet, subject: Subject | None, kind: Kind) -> str:
        """By which standard or article, and how long."""
        within = terms.within
        length = f": {counted(within.amount, *_UNITS[within.unit])}" if within else ""
        return f"The rule is {_rule(terms, subject, kind)}{length}."

    def start(self, at: dt.datetime, because: str | None) -> str:
        """From when it is counted."""
        return f"The time starts on {self.instant(at)}" + (f", {because}." if because else ".")

    def run(self, first_on: dt.date, last_on: dt.date, year: int) -> str:
        """“Tuesday, May 19 to Friday, May 22”; the year where it is another."""
        last = weekday(last_on) if last_on.year == year else full_day(last_on)
        if first_on == last_on:
            return last
        return f"{weekday(first_on) if first_on.year == year else full_day(first_on)} to {last}"

    def reason(self, code: str) -> str:
        """Why days do not count."""
        return _REASONS.get(code, code)

    def counted_days(self, run: str, days: int, why: str, sum_so_far: int, total: int | None) -> str:
        """Days that count, and how many have by then."""
        unit = _UNITS[DelayUnit.BUSINESS_DAYS if why == "business_day" else DelayUnit.CALENDAR_DAYS]
        so_far = f" ({sum_so_far} of {total})" if total else ""
        return f"{run}: {counted(days, *unit)}{so_far}"

    def counted_minutes(self, run: str, minutes: int) -> str:
        """Opening hours that count."""
        hours, left = divmod(minutes, 60)
        parts = ([f"{hours}{NBSP}h"] if hours else []) + ([f"{left}{NBSP}min"] if left or not hours else [])
        return f"{run}: {' '.join(parts)} of opening hours"

    def not_counted(self, run: str, why: str, days: int) -> str:
        """Days that do not count, and why."""
        return f"{run}: {'do' if days > 1 else 'does'} not count – {why}"

    def last_hour(self, due_at: dt.datetime) -> str:
        """A limit within a day."""
        return f"The limit is {self.instant(due_at)}; what is done before is done in time."

    def last_day(self, strict_on: dt.date) -> str:
        """A limit at a day's end."""
        return f"The last day is {full_day(strict_on)}: what is done before midnight that evening is done in time."

    def earlier(self, strict_on: dt.date, prudent_on: dt.date) -> str:
        """The town works to an earlier day than the rule's."""
        return (
            f"The last day by the rule is {full_day(strict_on)}. As that is no business day, the town works to "
            f"{full_day(prudent_on)}."
        )

    def later(self, strict_on: dt.date, prudent_on: dt.date) -> str:
        """A recourse that may be taken a little later."""
        return (
            f"The last day by the letter of the law is {full_day(strict_on)}. Read most generously it is "
            f"{full_day(prudent_on)}; it is safer not to wait for that."
        )

    def calendar(self, version: str) -> str:
        """By which calendar."""
        return f"It is counted by calendar {version} of the town."

    def paused(self, at: dt.datetime) -> str:
        """The clock stood still."""
        return (
            f"On {self.instant(at)}, the town asked you for what was missing: the time stood still while it waited for "
            "your reply."
        )

    def recounted(self, at: dt.datetime, because: RecountReason, before: str, after: str) -> str:
        """Another limit."""
        moved = f"the limit moves from {before} to {after}" if before != after else f"the limit stays {after}"
        match because:
            case RecountReason.RESUMED:
                return f"On {self.instant(at)}, your reply came and the time went on: {moved}."
            case RecountReason.CALENDAR:
                return f"On {self.instant(at)}, the town’s calendar changed: {moved}."
            case RecountReason.LATER_KNOWN:
                return f"The town learned later what had happened before: {moved}."

    def warned(self, at: dt.datetime) -> str:
        """Who works on it was told that the end comes near."""
        return f"On {self.instant(at)}, the department in charge was told that the limit came near."

    def missed(self, due: str) -> str:
        """The limit passed."""
        return f"The limit of {due} was not kept."

    def escalated(self, at: dt.datetime, to: Escalation) -> str:
        """Somebody further up was told."""
        told = {
            Escalation.PERSON: "the person in charge",
            Escalation.HEAD: "the head of the department",
            Escalation.GENERAL_MANAGEMENT: "the general management",
        }
        return f"On {self.instant(at)}, the delay was escalated to {told[to]}."

    def met(self, at: dt.datetime, kind: ObligationKind, *, in_time: bool, assumed: bool) -> str:
        """It was done."""
        when = "in time" if in_time else "late"
        doubt = ", as older files lead to assume" if assumed else ""
        return f"On {self.instant(at)}, {when}, {_DONE[kind]}{doubt}."

    def lifted(self, at: dt.datetime, reason: LiftReason, successor: str | None) -> str:
        """It binds no longer."""
        then = f", {successor}" if successor else ""
        return f"On {self.instant(at)}, this limit was lifted: {_LIFTED[reason]}{then}."

    def lapsed(self, kind: ObligationKind) -> str:
        """Somebody else's time ended."""
        return _LAPSED.get(kind, "The time has ended.")

    def standing(self, state: str, since: dt.datetime | None = None) -> str:
        """How it stands."""
        if state == "paused" and since is not None:
            return (
                f"The time has stood still since {self.instant(since)}. It goes on with your reply, and the limit is "
                "then computed anew."
            )
        return _STANDINGS[state]


def _rule(terms: ObligationSet, subject: Subject | None, kind: Kind) -> str:
    law = f"the Act respecting access (CQLR, c.{NBSP}A-2.1, s.{NBSP}"
    match terms.rule.code:
        case "access_law" if terms.within is not None and terms.within.amount < ACCESS_DAYS:
            return f"the town’s standard, shorter than the {ACCESS_DAYS}{NBSP}days of {law}47)"
        case "access_law":
            return f"{law}47), which counts days from the reception"
        case "access_extended":
            return f"{law}47), which allows one extension, of 10{NBSP}days at most, announced in time"
        case "access_third_party":
            return f"{law}49), which leaves time to hear the person whom the documents concern"
        case "complaint_extended":
            return "the town’s standard for complaints, extended once and with its reason"
        case "outside_work_agreed":
            return "the date agreed with that body"
        case "review_after_expiry":
            return f"{law}135), which counts days from the end of the time in which no decision came"
        case "review_after_decision":
            return f"{law}135), which counts days from the decision"
        case "promised":
            return "the date agreed with you, which takes the place of the standard"
        case code if code.startswith("subject_") and subject is not None:
            said = "the time that the law sets" if subject.legal_delay else "the town’s standard"
            return f"{said} for “{subject.name.en}”"
        case code if code.startswith("kind_"):
            return f"the town’s standard for {_KINDS[kind]}"
        case _:
            return _RULES.get(terms.obligation, "the town’s general standard")
