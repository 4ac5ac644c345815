"""What a period amounts to in a few English sentences; see `highlight`."""

from __future__ import annotations

from collections.abc import Iterator

from .english import counted, decimal, listed, number, share
from .figure import NONE
from .highlight import FEW, STEADY_PERCENT, Known
from .label import Labels
from .period import Quarter


def sentences(known: Known, labels: Labels) -> Iterator[str]:
    """The sentences, in the order of the French ones."""
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
    """How much more or less: “12.5% more than”, “3 fewer than”, “as many as”."""
    difference = now - before
    if difference == 0:
        return "as many as"
    if min(now, before) < FEW:
        return f"{number(abs(difference))} {'more' if difference > 0 else 'fewer'} than"
    if abs(100 * difference / before) < STEADY_PERCENT:
        return "about as many as"
    return f"{share(abs(difference), before)} {'more' if difference > 0 else 'fewer'} than"


def _requests(count: int) -> str:
    return counted(count, "request", "requests")


def _received(known: Known) -> Iterator[str]:
    received = known.count("requests.received")
    if received is None:
        return
    told = f"The town received {_requests(received) if received else 'no requests'}"
    compared = _compared(known, received) if known.complete and received else []
    yield f"{told}, {listed(compared)}." if compared else f"{told}."


def _compared(known: Known, received: int) -> list[str]:
    period = known.period
    than = {period.previous: "the quarter before", period.year_before: f"the same quarter of {period.year - 1}"}
    if not isinstance(period, Quarter):
        than = {period.previous: "the year before"}
    found = ((known.count("requests.received", other), told) for other, told in than.items())
    return [
        f"{change(received, earlier)} in {told} ({number(earlier)})" for earlier, told in found if earlier is not None
    ]


def _balance(known: Known) -> Iterator[str]:
    found = known.counts("requests.treated", "requests.pending_at_start", "requests.pending_at_end")
    if found is None:
        return
    treated, before, now = found
    of_it = "quarter" if isinstance(known.period, Quarter) else "year"
    told = f"{_requests(now) if now else 'no request'} {'was' if now < 2 else 'were'} pending at the end of the {of_it}"  # noqa: PLR2004 - plural
    at_start = "as at its start" if before == now else f"{number(before) if before else 'none'} at its start"
    if treated < 0:
        yield f"More requests were reopened than treated (difference: {number(-treated)}); {told}, {at_start}."
    else:
        yield f"It treated {number(treated) if treated else 'none'}; {told}, {at_start}."


def _interactions(known: Known) -> Iterator[str]:
    if not (total := known.count("interactions.total")):
        return
    told = f"It had {counted(total, 'interaction', 'interactions')} with citizens"
    if follow_ups := known.count("interactions.follow_ups"):
        told += f", of which {counted(follow_ups, 'was a follow-up', 'were follow-ups')} or gave information"
    yield f"{told}."


def _subject(known: Known, labels: Labels) -> Iterator[str]:
    if not (received := known.count("requests.received")):
        return
    if top := known.top_subject():
        code, count = top
        told = f"{_requests(count)} ({share(count, received)} of all)"
        yield f"The most frequent subject: {labels.subject(code)}, {told}."
    elif known.count(f"requests.by_subject.{NONE}") == received:
        yield f"All requests are marked “{labels.no_subject}”."


def _first_line(known: Known) -> Iterator[str]:
    found = known.counts("requests.first_line", "requests.received")
    follow_ups = known.counts("interactions.follow_ups_first_line", "interactions.follow_ups") or (0, 0)
    if found is None or not (found[1] or follow_ups[1]):
        return
    first_line, received = found
    told = f"CLIC itself took care of {_requests(first_line) if first_line else 'none of the requests received'}"
    if first_line:
        told += f" ({share(first_line, received)} of those received)"
    if follow_ups[1]:
        answered, every = map(number, follow_ups)
        told += f"; follow-ups that it answered on the spot: {answered} of {every}"
    yield f"{told}."


def _on_time(known: Known) -> Iterator[str]:
    found = known.counts("due.kept", "due.kept_late", "due.missed")
    if found is not None and any(found):
        kept, late, missed = found
        missed += known.count("due.overdue") or 0
        measured = kept + late + missed
        unkept = f"; past their limit and not kept: {number(missed)}" if missed else ""
        told = f"{number(kept)} of {number(measured)} ({share(kept, measured)})"
        yield f"Obligations due and kept in time: {told}{unkept}."
    if assumed := known.count("due.kept_assumed"):
        told = counted(assumed, "obligation", "obligations")
        yield f"For {told} nobody recorded when it was kept: it was, but there is no saying how fast."


def _delays(known: Known) -> Iterator[str]:
    found = known.counts("delays.by_measure.treated.median_days", "delays.by_measure.treated.p90_days")
    if found is None:
        return
    median, most = (counted(each, "business day", "business days") for each in found)
    if found[0] == found[1]:
        yield f"Nine out of ten requests treated took {most} or less."
    else:
        yield f"Half of the requests treated took {median} or less, nine out of ten {most} or less."


def _old(known: Known) -> Iterator[str]:
    if old := known.count("requests.pending_by_age.m12"):
        yield f"Of those pending, {number(old)} had been received twelve months earlier or more."


def _complaints(known: Known) -> Iterator[str]:
    count = known.count("requests.to_direction_generale")
    if count is not None:
        told = counted(count, "complaint was", "complaints were") if count else "No complaint was"
        yield f"{told} directed to the Direction générale."


def _unusual(known: Known) -> Iterator[str]:
    count = known.count("requests.unusual")
    if count == 0:
        yield "No request was unusual."
    elif count is not None:
        yield f"{counted(count, 'request was', 'requests were')} unusual: no rule and no subject foresaw them."


def _satisfaction(known: Known) -> Iterator[str]:
    mean, total = known.mean_rating(), known.count("satisfaction.total")
    if mean is not None and total:
        yield f"{counted(total, 'person', 'people')} gave a rating from 1 to 5: {decimal(mean)} on average."
