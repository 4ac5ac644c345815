"""How a story becomes commits: each fact with its envelope, each commit recorded after the one before."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from clic_contracts.town import Town

from .day import DAY_S, Days
from .fact import Writer
from .town import People

SOURCE = "/ville-imaginaire"
OPENS_S, CLOSES_S = 30_600, 59_400
"""The departments' hours, 8:30 to 16:30."""
_PUBLISHED = 0.5


class Stored(NamedTuple):
    """A commit as the log takes it."""

    subject: str
    types: str
    """Value of the types header."""
    body: str
    events: int


Put = Callable[[int, Stored], None]
"""Takes a commit that is recorded at a microsecond in UTC, see `Days`."""
Fact = tuple[str, str, str]
"""Wire type, `time`, and `data` as JSON."""


class Teller:
    """What all stories of a town share."""

    def __init__(self, town: Town, days: Days, people: People, chance: Random, put: Put) -> None:
        self.town, self.days, self.people, self.chance, self.put = town, days, people, chance.random, put
        self.lognormal = chance.lognormvariate
        self.writer = Writer(chance)
        self._numbers: dict[int, int] = {}

    def number(self, local_s: int) -> str:
        """Year and number of what comes in."""
        year = self.days.year[local_s // DAY_S]
        number = self._numbers[year] = self._numbers.get(year, 0) + 1
        return f"{year}-{number:06}"

    def at_work(self, local_s: int) -> int:
        """The instant itself in the departments' hours, else one after they open next."""
        day, second = divmod(local_s, DAY_S)
        if self.days.open[day] and OPENS_S <= second < CLOSES_S:
            return local_s
        day = self.days.next_open(day if second < OPENS_S else day + 1)
        return day * DAY_S + OPENS_S + int(self.chance() * self.chance() * (CLOSES_S - OPENS_S))


class Telling:
    """Writes the commits of one story."""

    def __init__(self, teller: Teller, publisher: str) -> None:
        self.teller, self.days, self.writer, self.chance = teller, teller.days, teller.writer, teller.chance
        self.request_id = teller.writer.uuid()
        self.publisher = publisher
        self.cause = ""
        """What came in last: a submission, or the event that it made."""
        self._recorded_us = 0

    def desk(self, local_s: int, submission: str, *facts: Fact) -> None:
        """Intake records what a publisher told at an instant."""
        utc_us = self.days.utc_s(local_s) * 1_000_000 + 20_000 + int(self.chance() * 400_000)
        cause = f"{SOURCE}/{self.publisher}\\n{submission}"
        self.cause = self.record("intake", utc_us, cause, f"publisher:{self.publisher}", facts)

    def rule(self, by: str, actor: str, *facts: Fact) -> None:
        """Routing or deadlines decide on what came in, some milliseconds later."""
        self.record(by, self._recorded_us + 8_000 + int(self.chance() * 70_000), self.cause, actor, facts)

    def record(self, by: str, utc_us: int, cause: str, actor: str, facts: tuple[Fact, ...]) -> str:
        """Put a commit; gives the id of its last fact."""
        self._recorded_us = utc_us = max(utc_us, self._recorded_us + 3_000)
        head, of = '{"specversion":"1.0","id":"', f'"subject":"{self.request_id}","time":"'
        rest = (
            f'","timeassumed":false,"recordedat":"{self.days.recorded(utc_us)}","causeid":"{cause}","actor":"{actor}",'
            f'"town":"{self.teller.town.version}","datacontenttype":"application/json","data":'
        )
        event_id, texts = "", []
        for wire_type, at, data in facts:
            event_id = self.writer.uuid()
            texts.append(f'{head}{event_id}","source":"/clic/{by}","type":"{wire_type}",{of}{at}{rest}{data}}}')
        types = ",".join([each[0] for each in facts])
        subject = f"clic.log.{by}.{self.request_id}"
        self.teller.put(utc_us, Stored(subject, types, f"[{','.join(texts)}]", len(facts)))
        return event_id

    def interaction(self, interaction_id: str, submission: str, about: str = "", *, sealed: int = 0) -> str:
        """The data of `interaction.recorded.v1`."""
        channel, _ = self.teller.people.channel()
        follows = f'"about":"{about}","answered_first_line":false' if about else '"answered_first_line":true'
        text = f'"sealed":{self.writer.sealed(sealed)},' if sealed else ""
        return (
            f'{{"interaction_id":"{interaction_id}","channel":"{channel}","language":"fr",'
            f'"subject":"{self.teller.people.matter().subject}",{follows},"articles":[],'
            f'"submission":{{"source":"{SOURCE}/{self.publisher}","id":"{submission}"}},"publisher":"{self.publisher}",'
            f'"content_digest":"{self.writer.digest()}",{text}"origin":"live"}}'
        )


def tell_contact(teller: Teller, local_s: int) -> None:
    """A contact that opens no request."""
    telling = Telling(teller, teller.people.channel()[1])
    submission = f"c-{telling.request_id[:13]}"
    data = telling.interaction(telling.request_id, submission, sealed=120)
    telling.desk(local_s, submission, ("interaction.recorded.v1", teller.days.text(local_s), data))


def tell_learning(teller: Teller, local_s: int) -> None:
    """What an exchange taught, and perhaps its publication after the quarter (POL-37)."""
    telling = Telling(teller, "comptoir")
    subject, days = teller.people.matter().subject, teller.days
    data = f'{{"subject":"{subject}","sealed":{telling.writer.sealed(200)}}}'
    telling.desk(local_s, f"a-{telling.request_id[:13]}", ("learning.recorded.v1", days.text(local_s), data))
    if teller.chance() < _PUBLISHED:
        later = teller.at_work(local_s + int((15 + 60 * teller.chance()) * DAY_S))
        year, month = days.iso[local_s // DAY_S][:4], int(days.iso[local_s // DAY_S][5:7])
        text = f"Apprentissage inventé, sujet {subject}, relu par une personne imaginaire."
        data = f'{{"text":"{text}","period":"{year}-Q{(month + 2) // 3}","signed_off_by":"agent:exemple"}}'
        telling.desk(later, f"p-{telling.request_id[:13]}", ("learning.published.v1", days.text(later), data))
