"""What happens to a request, from its reception to the erasure of its personal data."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from clic_contracts.town_time import Delay

from .day import DAY_S, Due
from .fact import delivery, obligation_lifted, obligation_met, obligation_passed, obligation_set, within
from .telling import SOURCE, Fact, Teller, Telling
from .town import Matter

INCOMPLETE, ELSEWHERE, AT_ONCE, CAME_TWICE, UNFORESEEN = 0.04, 0.04, 0.6, 0.02, 0.02
"""Shares of requests: how they come in. At once: acknowledged by the publisher in the same submission."""
NOTED, CALLED_AGAIN, TRANSFERRED, PROMISED, EXTENDED = 0.22, 0.14, 0.04, 0.07, 0.15
"""What happens meanwhile."""
NEVER_ENDS, WITHDRAWN, VOIDED, MERGED, REFUSED = 0.02, 0.015, 0.01, 0.01, 0.04
"""How they end; all others are answered."""
TOLD_LATE, RATED, REOPENED, ERASED = 0.03, 0.1, 0.03, 0.05
"""What is told of an end, and what comes after. Told late: recorded days after it was, perhaps after its limit."""
REOPENINGS_MAX = 2
ACCESS = "access_to_information"
_TWO_HOURS = 7_200


class Owed:
    """An obligation that is neither kept nor lifted."""

    __slots__ = ("due", "missed", "obligation_id", "rule", "starts", "warn", "warn_s", "warned", "within")

    def __init__(self, teller: Teller, obligation_id: str, starts_s: int, due: Due, rule: str, within: str) -> None:
        self.obligation_id, self.due, self.rule, self.within = obligation_id, due, rule, within
        self.starts = teller.days.text(starts_s)
        begins = teller.days.utc_s(starts_s)
        self.warn_s = begins + int((due.at_s - begins) * teller.town.deadlines.warn_at_share)
        self.warn = teller.days.text(teller.days.local_s(self.warn_s))
        self.warned = self.missed = False

    def set(self, at: str, calendar: str) -> Fact:
        """That it is owed."""
        data = obligation_set(
            self.obligation_id, self.starts, self.due, self.warn, self.rule, calendar, length=self.within
        )
        return "obligation.set.v1", at, data

    def met(self, at: str, utc_s: int) -> Fact:
        """That it was kept at an instant."""
        return "obligation.met.v1", at, obligation_met(self.obligation_id, at, in_time=utc_s < self.due.at_s)

    def lifted(self, at: str, reason: str) -> Fact:
        """That it binds no more."""
        return "obligation.lifted.v1", at, obligation_lifted(self.obligation_id, reason)


class RequestTelling(Telling):
    """Tells one request. Instants are seconds on the wall's clock, see `Days`."""

    def __init__(self, teller: Teller, local_s: int) -> None:
        people, chance = teller.people, teller.chance
        self.channel, publisher = people.channel()
        super().__init__(teller, publisher)
        self.received_s = local_s
        self.kind = people.kind()
        self.access = self.kind == ACCESS
        self.matter: Matter = people.matter()
        self.elsewhere = not self.access and chance() < ELSEWHERE
        self.unforeseen = not self.access and not self.elsewhere and chance() < UNFORESEEN
        self.incomplete = not self.elsewhere and chance() < INCOMPLETE
        self.at_once = not self.incomplete and chance() < AT_ONCE
        self.number = teller.number(local_s)
        self.calendar = teller.town.calendar.version
        self.acknowledge: Owed | None = None
        self.answer: Owed | None = None
        self.answers = 0

    def tell(self) -> None:
        """The whole story."""
        chance, teller = self.chance, self.teller
        self._receive()
        self._route()
        self._owe()
        since = self.received_s
        if self.acknowledge is not None and not self.elsewhere:
            since = teller.at_work(since) + int((chance() ** 4) * DAY_S)
            self._acknowledge(since := teller.at_work(since))
        ends = chance() >= NEVER_ENDS
        if (promised := self._promise(since)) is not None:
            since = promised
        until = self._done_after(since)
        for at_s, happens in sorted(self._meanwhile(since, until), key=lambda pair: pair[0]):
            self._alarms(at_s)
            happens(at_s)
        if ends:
            self._end(until)
        else:
            self._alarms(until + 400 * DAY_S)

    # -- how it comes in ----------------------------------------------------------------------------------------------

    def _receive(self) -> None:
        at = self.days.text(self.received_s)
        facts: list[Fact] = [("request.received.v1", at, self._reception())]
        if self.chance() < CAME_TWICE:
            twice = self.interaction(self.writer.uuid(), self.number, self.request_id)
            facts.append(("interaction.recorded.v1", at, twice))
        if self.incomplete:
            facts.append(("request.incomplete.v1", at, '{"missing":["contact"]}'))
        if self.at_once:
            told = self.days.text_us(self.received_s + 20, int(self.chance() * 1e6))
            facts.append(("request.acknowledged.v1", told, f'{{"delivery":{delivery(self.channel)}}}'))
        if self.elsewhere:
            subject, turn_to = self.teller.people.elsewhere[int(self.chance() * len(self.teller.people.elsewhere))]
            data = f'{{"criterion":"out_of_competence","rule":{{"code":"{subject}"}},"turn_to":"{turn_to}"}}'
            facts.append(("request.refused.v1", at, data))
        self.desk(self.received_s, self.number, *facts)

    def _reception(self) -> str:
        is_named = not (self.unforeseen or self.access)
        subject = f'"subject":"{self.matter.subject}",' if is_named else ""
        urgent = "true" if is_named and self.matter.urgent else "false"
        presence = "partial" if self.incomplete else "identified"
        written = '"written":true,' if self.access else ""
        criteria = '["about_town","repeated"]' if self.kind == "complaint" and self.chance() < 0.5 else "[]"  # noqa: PLR2004 - one of two
        length = 200 + int(self.chance() * 400)
        return (
            f'{{"reference":"{self.number}","kind":"{self.kind}","channel":"{self.channel}","language":"fr",'
            f'{subject}"terms":[],"sector":"{self.teller.people.sector()}","requester":"{presence}",'
            f'"submission":{{"source":"{SOURCE}/{self.publisher}","id":"{self.number}"}},'
            f'"publisher":"{self.publisher}","content_digest":"{self.writer.digest()}",'
            f'"sealed":{self.writer.sealed(length)},{written}'
            f'"confidential":{"true" if self.access else "false"},"complaint_criteria":{criteria},"origin":"live",'
            f'"urgent":{urgent}}}'
        )

    def _route(self) -> None:
        people, matter = self.teller.people, self.matter
        if self.access:
            department, first_line, rule = "greffe", False, "by_kind"
        elif self.unforeseen:
            department, first_line, rule = people.first_line, True, "unforeseen"
        elif self.kind == "complaint" and self.chance() < 0.2:  # noqa: PLR2004 - one of five
            department, first_line, rule = "direction_generale", False, "complaints"
        else:
            department, first_line, rule = matter.department, matter.first_line, "by_subject"
        self._routing(self.days.text(self.received_s), department, rule, first_line=first_line)

    def _routing(self, at: str, department: str, rule: str, *, first_line: bool) -> None:
        data = (
            f'{{"department":"{department}","rule":{{"code":"{rule}"}},'
            f'"first_line":{"true" if first_line else "false"},"unusual":{"true" if self.unforeseen else "false"}}}'
        )
        self.rule("routing", f"rule:{self.teller.town.version}", ("request.routed.v1", at, data))

    def _owe(self) -> None:
        """The acknowledgement and the answer; what the submission told already is met at once."""
        at, deadlines = self.days.text(self.received_s), self.teller.town.deadlines
        facts: list[Fact] = []
        owed = Owed(
            self.teller, "acknowledge-1", self.received_s,
            self._due(self.received_s, deadlines.acknowledge_within), "acknowledge",
            within(deadlines.acknowledge_within, stops=False),
        )  # fmt: skip
        facts.append(owed.set(at, self.calendar))
        if self.at_once:
            told_s = self.received_s + 20
            facts.append(owed.met(self.days.text(told_s), self.days.utc_s(told_s)))
        else:
            self.acknowledge = owed
        self.answer = self._answer(self.received_s)
        facts.append(self.answer.set(at, self.calendar))
        if self.elsewhere:
            facts.append(self.answer.lifted(at, "refused"))
            self.answer = None
        self.rule("deadlines", "rule:deadlines", *facts)

    def _answer(self, local_s: int) -> Owed:
        self.answers += 1
        if self.access:
            delay, kind, rule = self.teller.town.deadlines.decide_access_within, "decide_access", "access_law"
        else:
            delay, kind, rule = self.matter.answer_within, "answer", self.matter.rule
        length = within(delay, stops=not self.access and self.matter.stops)
        return Owed(self.teller, f"{kind}-{self.answers}", local_s, self._due(local_s, delay), rule, length)

    def _due(self, local_s: int, delay: Delay) -> Due:
        return self.days.hours(local_s, delay.hours) if delay.hours else self.days.due(local_s // DAY_S, delay)

    # -- what happens meanwhile ---------------------------------------------------------------------------------------

    def _alarms(self, local_s: int) -> None:
        """The timers that go off before an instant."""
        utc_s = self.days.utc_s(local_s)
        for owed in (self.acknowledge, self.answer):
            if owed is None:
                continue
            passed = obligation_passed(owed.obligation_id, owed.due.text)
            if not owed.warned and owed.warn_s < min(utc_s, owed.due.at_s):
                owed.warned = True
                self._alarm(
                    owed.warn_s, f"timer/{owed.obligation_id}/warn", ("obligation.warned.v1", owed.warn, passed)
                )
            if not owed.missed and owed.due.at_s < utc_s:
                owed.missed = True
                fact = ("obligation.missed.v1", owed.due.text, passed)
                self._alarm(owed.due.at_s, f"timer/{owed.obligation_id}/miss", fact)

    def _alarm(self, utc_s: int, cause: str, fact: Fact) -> None:
        self.record(
            "deadlines", utc_s * 1_000_000 + 150_000 + int(self.chance() * 2e6), cause, "clock:deadlines", (fact,)
        )

    def _acknowledge(self, local_s: int) -> None:
        self._alarms(local_s)
        at = self.days.text(local_s)
        data = f'{{"delivery":{delivery(self.channel, "agent")}}}'
        self.desk(local_s, f"{self.number}#accuse", ("request.acknowledged.v1", at, data))
        if self.acknowledge is not None:
            self.rule("deadlines", "rule:deadlines", self.acknowledge.met(at, self.days.utc_s(local_s)))
            self.acknowledge = None

    def _promise(self, since: int) -> int | None:
        """A date agreed with the citizen, or the extension of an access request; gives when, where it happened."""
        if self.answer is None or self.chance() >= (EXTENDED if self.access else PROMISED):
            return None
        left = self.answer.due.at_s - self.days.utc_s(since)
        local_s = self.teller.at_work(since + int(max(left, _TWO_HOURS) * (0.2 + 0.5 * self.chance())))
        if self.days.utc_s(local_s) >= self.answer.due.at_s:
            return None  # Too late: what is late stays late (POL-19, POL-23).
        self._alarms(local_s)
        at, day = self.days.text(local_s), local_s // DAY_S
        lifted = self.answer.lifted(at, "replaced")
        if self.access:
            self.answers += 1
            data = f'{{"days":10,"notice":{delivery(self.channel, "agent")}}}'
            extended = Delay(calendar_days=30)
            last = self.days.due(self.received_s // DAY_S, extended)
            self.answer = Owed(
                self.teller, f"decide_access-{self.answers}", self.received_s, last, "access_extended",
                within(extended, stops=False),
            )  # fmt: skip
            self.desk(local_s, f"{self.number}#avis", ("request.extended.v1", at, data))
        else:
            due_day = self.days.next_open(day + 5 + int(self.chance() * 40))
            data = f'{{"due_on":"{self.days.iso[due_day]}"}}'
            until, length = self.days.until(day, due_day), within(None, stops=False)
            self.answer = Owed(self.teller, "promise-1", local_s, until, "promised", length)
            self.desk(local_s, f"{self.number}#promesse", ("request.promised.v1", at, data))
        self.rule("deadlines", "rule:deadlines", lifted, self.answer.set(at, self.calendar))
        return local_s

    def _meanwhile(self, since: int, until: int) -> Iterator[tuple[int, Callable[[int], None]]]:
        chance, span = self.chance, until - since
        if span < _TWO_HOURS:
            return
        if chance() < NOTED:
            yield since + int(span * chance()), self._note
        if chance() < CALLED_AGAIN:
            yield since + int(span * chance()), self._follow_up
        if chance() < TRANSFERRED and not self.access:
            yield since + int(span * chance()), self._transfer
        if self.incomplete and not self.elsewhere:
            yield since + int(span * chance()), self._complete

    def _note(self, local_s: int) -> None:
        data = f'{{"sealed":{self.writer.sealed(160)}}}'
        self.desk(local_s, f"{self.number}#note", ("request.noted.v1", self.days.text(local_s), data))

    def _follow_up(self, local_s: int) -> None:
        submission = f"{self.number}#suivi"
        data = self.interaction(self.writer.uuid(), submission, self.request_id, sealed=120)
        self.desk(local_s, submission, ("interaction.recorded.v1", self.days.text(local_s), data))

    def _transfer(self, local_s: int) -> None:
        departments = self.teller.people.departments
        department = departments[int(self.chance() * len(departments))]
        first_line = department == self.teller.people.first_line
        self._routing(self.days.text(local_s), department, "by_hand", first_line=first_line)

    def _complete(self, local_s: int) -> None:
        data = f'{{"given":["contact"],"sealed":{self.writer.sealed(72)}}}'
        self.desk(local_s, f"{self.number}#ajout", ("request.completed.v1", self.days.text(local_s), data))

    # -- how it ends --------------------------------------------------------------------------------------------------

    def _done_after(self, since: int) -> int:
        """When the departments are done: most in time, some far too late."""
        ends = self.answer.due.at_s if self.answer is not None else self.days.utc_s(since) + 3 * DAY_S
        span = max(ends - self.days.utc_s(since), _TWO_HOURS)
        done = since + 900 + int(span * min(self.teller.lognormal(-0.75, 0.65), 6.0))
        return done if span < DAY_S else self.teller.at_work(done)

    def _end(self, local_s: int) -> None:
        self._alarms(local_s)
        chance = self.chance()
        for share, end in ((WITHDRAWN, self._withdraw), (VOIDED, self._void), (MERGED, self._merge)):
            if chance < share and not self.elsewhere:
                end(local_s)
                return
            chance -= share
        if chance < REFUSED or self.elsewhere:
            self._refuse(local_s)
        else:
            self._done(local_s)
        self._after(local_s, 1)

    def _done(self, local_s: int) -> None:
        """Answered and closed; some are told days after."""
        happened = local_s
        if self.chance() < TOLD_LATE:
            happened = max(self.received_s + 3_600, local_s - int(4 * DAY_S * self.chance()))
        at = self.days.text(happened)
        access = '"access_outcome":"granted",' if self.access else ""
        data = (
            f'{{"delivery":{delivery(self.channel)},"answered_by":"{self.matter.department}",{access}'
            f'"provisions":[],"sealed":{self.writer.sealed(160)}}}'
        )
        closed = ("request.closed.v1", at, '{"reason":"answered"}')
        self.desk(local_s, f"{self.number}#suite", ("request.answered.v1", at, data), closed)
        self._kept(at, happened)

    def _kept(self, at: str, local_s: int) -> None:
        open_ones = [each for each in (self.acknowledge, self.answer) if each is not None]
        self.acknowledge = self.answer = None
        if open_ones:
            utc_s = self.days.utc_s(local_s)
            self.rule("deadlines", "rule:deadlines", *(each.met(at, utc_s) for each in open_ones))

    def _refuse(self, local_s: int) -> None:
        at = self.days.text(local_s)
        criterion = "out_of_competence" if self.elsewhere else "unfounded"
        data = f'{{"criterion":"{criterion}","sent":{delivery(self.channel)},"sealed":{self.writer.sealed(220)}}}'
        closed = ("request.closed.v1", at, '{"reason":"refused"}')
        self.desk(local_s, f"{self.number}#suite", ("request.refused.v1", at, data), closed)
        if self.acknowledge is not None:
            self.rule("deadlines", "rule:deadlines", self.acknowledge.met(at, self.days.utc_s(local_s)))
            self.acknowledge = None
        self._lift(at, "refused")

    def _withdraw(self, local_s: int) -> None:
        at = self.days.text(local_s)
        self.desk(local_s, f"{self.number}#retrait", ("request.closed.v1", at, '{"reason":"withdrawn"}'))
        self._lift(at, "withdrawn")

    def _void(self, local_s: int) -> None:
        at = self.days.text(local_s)
        self.desk(local_s, f"{self.number}#erreur", ("request.voided.v1", at, '{"reason":"entered_in_error"}'))
        self._lift(at, "voided")

    def _merge(self, local_s: int) -> None:
        at = self.days.text(local_s)
        merged = ("request.merged.v1", at, f'{{"into":"{self.writer.uuid()}"}}')
        self.desk(local_s, f"{self.number}#double", merged, ("request.closed.v1", at, '{"reason":"merged"}'))
        self._lift(at, "merged")

    def _lift(self, at: str, reason: str) -> None:
        if self.answer is not None:
            self.rule("deadlines", "rule:deadlines", self.answer.lifted(at, reason))
            self.answer = None

    def _after(self, local_s: int, times: int) -> None:
        """What comes after the end: a rating, a reopening, and years later the erasure."""
        chance = self.chance
        if chance() < RATED:
            local_s += int((0.2 + 6 * chance()) * DAY_S)
            data = f'{{"score":{5 - int(5 * chance() * chance())}}}'
            self.desk(local_s, f"{self.number}#avis-{times}", ("request.rated.v1", self.days.text(local_s), data))
        if times <= REOPENINGS_MAX and chance() < REOPENED:
            local_s = self.teller.at_work(local_s + int((1 + 25 * chance()) * DAY_S))
            at = self.days.text(local_s)
            reopened = ("request.reopened.v1", at, '{"reason":"not_satisfied"}')
            self.desk(local_s, f"{self.number}#retour-{times}", reopened)
            self.answer = self._answer(local_s)
            self.rule("deadlines", "rule:deadlines", self.answer.set(at, self.calendar))
            until = self._done_after(local_s)
            self._alarms(until)
            self._done(until)
            self._after(until, times + 1)
        elif chance() < ERASED:
            local_s = self.teller.at_work(local_s + (400 + int(60 * chance())) * DAY_S)
            at = self.days.text(local_s)
            self.desk(local_s, f"{self.number}#calendrier", ("request.erased.v1", at, '{"ground":"retention"}'))
