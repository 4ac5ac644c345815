"""The log of the town, commit by commit, in the order in which it took them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from random import Random

from clic_contracts.town import Town

from .day import DAY_S, Days
from .request import RequestTelling
from .telling import Stored, Teller, tell_contact, tell_learning
from .town import BUSY, People

SEED = 1
FIRST_ON = dt.date(2018, 1, 1)
STORIES_A_DAY = 600
"""Requests and contacts that begin on a mean day: a city of some 250,000. An eighth of ten million facts is a year."""
REQUESTS, LEARNINGS = 0.45, 0.004
"""Shares of stories; the others are contacts that open no request."""
SPAN_DAYS = 30 * 365
"""Days that can be told at most: some 38 million facts."""


def generate(town: Town, *, seed: int = SEED, first_on: dt.date = FIRST_ON) -> Iterator[Stored]:
    """Commits without end (`SPAN_DAYS` at most); the same seed, first day and town give the same ones."""
    chance = Random(seed)
    waiting: list[tuple[int, int, Stored]] = []
    number = count()

    def put(utc_us: int, stored: Stored) -> None:
        heappush(waiting, (utc_us, next(number), stored))

    days = Days(town, first_on, SPAN_DAYS)
    people = People(town, chance)
    teller = Teller(town, days, people, chance, put)
    for day in range(SPAN_DAYS):
        arrivals = round(STORIES_A_DAY * BUSY[days.weekday[day]])
        for second in sorted(people.second() for _ in range(arrivals)):
            local_s = day * DAY_S + second
            now_us = days.utc_s(local_s) * 1_000_000
            while waiting and waiting[0][0] < now_us:
                yield heappop(waiting)[2]
            story = chance.random()
            if story < REQUESTS:
                RequestTelling(teller, local_s).tell()
            elif story < REQUESTS + LEARNINGS:
                tell_learning(teller, local_s)
            else:
                tell_contact(teller, local_s)


def until(town: Town, events: int, *, seed: int = SEED, first_on: dt.date = FIRST_ON) -> Iterator[Stored]:
    """The commits of the first so many facts; the last commit may hold a few more."""
    told = 0
    for stored in generate(town, seed=seed, first_on=first_on):
        yield stored
        told += stored.events
        if told >= events:
            return
