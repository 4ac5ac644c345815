"""The sentences on a period, in English; see `telling` for what is told."""

from __future__ import annotations

from collections.abc import Iterator

from .english import counted, decimal, listed, number, share
from .label import Labels
from .telling import Balance, Change, Delays, FirstLine, Kept, Rating, Telling, TopSubject, change


def sentences(told: Telling, labels: Labels) -> Iterator[str]:
    """The sentences, in the order of the French ones."""
    if told.received is not None:
        yield _received(told, told.received)
    if told.balance is not None:
        yield _balance(told.balance, "quarter" if told.is_quarter else "year")
    if told.contacts is not None:
        which = counted(told.contacts.follow_ups, "was a follow-up", "were follow-ups")
        of_which = f", of which {which} or gave information" if told.contacts.follow_ups else ""
        yield f"It had {counted(told.contacts.total, 'interaction', 'interactions')} with citizens{of_which}."
    if told.subject is not None:
        yield _subject(told.subject, labels)
    if told.first_line is not None:
        yield _first_line(told.first_line)
    yield from _on_time(told.kept, told.kept_assumed)
    if told.delays is not None:
        yield _delays(told.delays)
    if told.waiting_a_year:
        yield f"Of those pending, {number(told.waiting_a_year)} had been received twelve months earlier or more."
    if told.complaints is not None:
        who = counted(told.complaints, "complaint was", "complaints were") if told.complaints else "No complaint was"
        yield f"{who} directed to the Direction générale."
    if told.unusual is not None:
        yield _unusual(told.unusual)
    if told.rating is not None:
        yield _rating(told.rating)


def changed(now: int, before: int) -> str:
    """How much more or less: “12.5% more than”, “3 fewer than”, “as many as”."""
    more = "more" if now > before else "fewer"
    match change(now, before):
        case Change.NONE:
            return "as many as"
        case Change.ABOUT_NONE:
            return "about as many as"
        case Change.BY_NUMBER:
            return f"{number(abs(now - before))} {more} than"
        case Change.BY_SHARE:
            return f"{share(abs(now - before), before)} {more} than"


def _requests(count: int) -> str:
    return counted(count, "request", "requests")


def _received(told: Telling, received: int) -> str:
    said = f"The town received {_requests(received) if received else 'no requests'}"
    than = {
        False: "the quarter before" if told.is_quarter else "the year before",
        True: f"the same quarter of {told.year - 1}",
    }
    compared = [
        f"{changed(received, each.received)} in {than[each.a_year_before]} ({number(each.received)})"
        for each in told.earlier
    ]
    return f"{said}, {listed(compared)}." if compared else f"{said}."


def _balance(balance: Balance, of_it: str) -> str:
    now, before = balance.now, balance.before
    told = f"{_requests(now) if now else 'no request'} {'was' if now < 2 else 'were'} pending at the end of the {of_it}"  # noqa: PLR2004 - plural
    at_start = "as at its start" if before == now else f"{number(before) if before else 'none'} at its start"
    if balance.treated < 0:
        return f"More requests were reopened than treated (difference: {number(-balance.treated)}); {told}, {at_start}."
    return f"It treated {number(balance.treated) if balance.treated else 'none'}; {told}, {at_start}."


def _subject(subject: TopSubject, labels: Labels) -> str:
    if subject.code is None:
        return f"All requests are marked “{labels.no_subject}”."
    told = f"{_requests(subject.requests)} ({share(subject.requests, subject.of)} of all)"
    return f"The most frequent subject: {labels.subject(subject.code)}, {told}."


def _first_line(first: FirstLine) -> str:
    told = (
        f"CLIC itself took care of {_requests(first.requests) if first.requests else 'none of the requests received'}"
    )
    if first.requests:
        told += f" ({share(first.requests, first.of)} of those received)"
    if first.follow_ups:
        answered, every = number(first.follow_ups_answered), number(first.follow_ups)
        told += f"; follow-ups that it answered on the spot: {answered} of {every}"
    return f"{told}."


def _on_time(kept: Kept | None, assumed: int) -> Iterator[str]:
    if kept is not None:
        unkept = f"; past their limit and not kept: {number(kept.missed)}" if kept.missed else ""
        told = f"{number(kept.in_time)} of {number(kept.measured)} ({share(kept.in_time, kept.measured)})"
        yield f"Obligations due and kept in time: {told}{unkept}."
    if assumed:
        told = counted(assumed, "obligation", "obligations")
        yield f"For {told} nobody recorded when it was kept: it was, but there is no saying how fast."


def _delays(delays: Delays) -> str:
    median, most = (counted(each, "business day", "business days") for each in (delays.median, delays.p90))
    if delays.median == delays.p90:
        return f"Nine out of ten requests treated took {most} or less."
    return f"Half of the requests treated took {median} or less, nine out of ten {most} or less."


def _unusual(count: int) -> str:
    if not count:
        return "No request was unusual."
    return f"{counted(count, 'request was', 'requests were')} unusual: no rule and no subject foresaw them."


def _rating(rating: Rating) -> str:
    people = counted(rating.people, "person", "people")
    return f"{people} gave a rating from 1 to 5: {decimal(rating.mean)} on average."
