"""Draws a plausible quarter of a town from a seed number: who comes when with what, request by request.

Pure. The whole of a quarter is drawn first and then cut at a day, so that the same seed on a later day tells the same
stories further: playing it again adds what happened since, and nothing twice.
"""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import TypeVar

from clic.outbox import Outgoing
from clic_contracts.submission import InteractionSubmission
from clic_contracts.town import Town
from clic_contracts.vocabulary import Kind
from clic_reporting.core.period import Quarter

from .setting import Setting, source_of
from .situation import Situation, Situations
from .story import Opener, Story

SIZE = 650
"""Requests of a whole quarter, by default."""
SIZE_MAX = 50_000
CONTACTS_PER_REQUEST = 1.25
"""Contacts that the first line answers on the spot, for each request."""
LIGHTER = 3
"""Of the quarter that is under way every third request is told: it is there so that something is open."""

_Weighted = TypeVar("_Weighted")


def seed_stories(town: Town, situations: Situations, seed: int, today: dt.date, size: int = SIZE) -> list[Outgoing]:
    """The last complete quarter before `today` and the one under way, up to the beginning of `today`.

    Stories are in order of their beginning and each is in order of time; `size` is the requests of a whole quarter.
    """
    setting = Setting(town, situations)
    now = Quarter(today.year, (today.month + 2) // 3)
    until = setting.opening.at(today, dt.time())
    whole = _quarter(setting, now.previous, seed, size, every=1)
    under_way = _quarter(setting, now, seed, size, every=LIGHTER)
    stories = [[part for part in story if part.occurred_at < until] for story in itertools.chain(whole, under_way)]
    return [part for story in sorted(filter(None, stories), key=lambda s: s[0].occurred_at) for part in story]


def _quarter(setting: Setting, quarter: Quarter, seed: int, size: int, *, every: int) -> Iterator[list[Outgoing]]:
    turns = itertools.count()
    for month in range(3):
        first_on = quarter.first_on.replace(month=quarter.first_on.month + month)
        name = f"{seed}-{size}-{first_on:%Y-%m}"
        days = [first_on.replace(day=d + 1) for d in range(calendar.monthrange(first_on.year, first_on.month)[1])]
        rng = Random(name)
        in_season = [each for each in setting.situations.situations if not each.months or first_on.month in each.months]
        count = size // 3 + (month < size % 3)
        for n, situation in enumerate(_spread(in_season, count, rng)):
            turn = next(turns) if situation.kind is Kind.ACCESS_TO_INFORMATION else None
            if n % every == 0:
                yield _request(setting, situation, f"{name}-{n:04d}", days, turn)
        for n in range(round(count * CONTACTS_PER_REQUEST)):
            if n % every == 0:
                yield [_contact(setting, f"{name}-c{n:04d}", days)]


def _spread(situations: Sequence[Situation], count: int, rng: Random) -> list[Situation]:
    """So many situations by their weights, in any order; evenly drawn, so that rare ones come too."""
    reach = list(itertools.accumulate(each.weight for each in situations))
    step, start = reach[-1] / max(count, 1), rng.random()
    drawn, index = [], 0
    for n in range(count):
        while reach[index] < (n + start) * step:
            index += 1
        drawn.append(situations[index])
    rng.shuffle(drawn)
    return drawn


def _request(
    setting: Setting, situation: Situation, event_id: str, days: list[dt.date], turn: int | None
) -> list[Outgoing]:
    rng = Random(event_id)
    ways = setting.situations.ways_to(situation)
    way = _choose(ways, [each.weight for each in ways], rng)
    access = None if turn is None else setting.situations.access[turn % len(setting.situations.access)]
    at = setting.opening.arrival(way.hours, days, rng)
    return Story(setting, Opener(situation, way, at, event_id, access), rng).tell()


def _contact(setting: Setting, event_id: str, days: list[dt.date]) -> Outgoing:
    rng = Random(event_id)
    ways = setting.situations.ways_in
    way = _choose(ways, [each.contacts for each in ways], rng)
    about = _choose(setting.situations.contacts, [each.weight for each in setting.situations.contacts], rng)
    at = setting.rules.calendar.local(setting.opening.arrival(way.hours, days, rng)).replace(microsecond=0)
    submission = InteractionSubmission(
        channel=way.channel, subject=about.subject, text=setting.marked(about.text), answered=True
    )
    return Outgoing(way.publisher, submission, source_of(way.publisher), event_id, at)


def _choose(these: Sequence[_Weighted], weights: Iterable[float], rng: Random) -> _Weighted:
    return rng.choices(these, list(weights))[0]
