"""Who lives in the generated town: arrivals over days and hours, and what people come with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import NamedTuple, TypeVar

from clic_contracts.town import Town
from clic_contracts.town_time import Delay

T = TypeVar("T")

BUSY = {1: 1.35, 2: 1.15, 3: 1.1, 4: 1.1, 5: 0.95, 6: 0.75, 7: 0.6}
"""Arrivals by weekday, of the mean: people also write on Sundays. They add up to 7."""
HOURS = (0, 0, 0, 0, 0, 0, 1, 3, 9, 11, 11, 9, 7, 9, 10, 9, 7, 4, 3, 3, 2, 1, 1, 0)
"""Arrivals by hour of the day."""
KINDS = {
    "report": 52, "request": 28, "complaint": 8, "comment": 6, "suggestion": 4, "access_to_information": 2,
}  # fmt: skip
CHANNELS: dict[tuple[str, str], int] = {
    ("phone", "telephonie"): 34, ("web_form", "portail_web"): 22, ("email", "courriel"): 18,
    ("mobile_app", "portail_web"): 12, ("counter", "comptoir"): 5, ("voicemail", "telephonie"): 4,
    ("messenger", "courriel"): 3, ("letter", "comptoir"): 1, ("elected_official", "courriel"): 1,
}  # fmt: skip
"""Channel and publisher of a contact."""
STEPS = 4_096


class Matter(NamedTuple):
    """What a request can be about, and whose it is."""

    subject: str
    department: str
    first_line: bool
    answer_within: Delay
    rule: str
    urgent: bool
    stops: bool
    """Whether its answer stands still while the citizen is waited for."""


class People:
    """Draws what people come with; every choice is one look into a table."""

    def __init__(self, town: Town, chance: Random) -> None:
        self._chance = chance.random
        self.first_line = next(each.code for each in town.departments if each.first_line)
        standard = town.deadlines.answer_within
        matters = [
            Matter(
                each.code,
                each.department,
                each.department == self.first_line,
                each.answer_within or standard,
                f"subject_{each.code}" if each.answer_within else "answer",
                each.urgent,
                not each.urgent and not each.legal_delay,
            )
            for each in town.subjects
            if each.department is not None and not each.confidential
        ]
        # Like words: a few subjects make up most of what is asked, in an order of the seed's.
        chance.shuffle(matters)
        self._matters = _table(matters, [1 / (2 + rank) for rank in range(len(matters))])
        self._kinds = _table(list(KINDS), list(KINDS.values()))
        self._channels = _table(list(CHANNELS), list(CHANNELS.values()))
        self._hours = _table(range(24), list(HOURS))
        self._sectors = town.sectors
        self.elsewhere = [(each.code, each.turn_to) for each in town.subjects if each.department is None]
        self.departments = [each.code for each in town.departments]

    def matter(self) -> Matter:
        """What it is about."""
        return self._matters[int(self._chance() * STEPS)]

    def kind(self) -> str:
        """Which kind of request."""
        return self._kinds[int(self._chance() * STEPS)]

    def channel(self) -> tuple[str, str]:
        """By which channel, and which publisher tells of it."""
        return self._channels[int(self._chance() * STEPS)]

    def sector(self) -> str:
        """Where."""
        return self._sectors[int(self._chance() * len(self._sectors))]

    def second(self) -> int:
        """At which second of its day somebody comes."""
        return self._hours[int(self._chance() * STEPS)] * 3600 + int(self._chance() * 3600)


def _table(values: Sequence[T], weights: Sequence[float]) -> list[T]:
    """Each value as often among `STEPS` as its weight says."""
    total = sum(weights)
    table: list[T] = []
    for value, until in zip(values, accumulate(weights), strict=True):
        table += [value] * (round(STEPS * until / total) - len(table))
    return table
