"""What is open, counted for metrics as people read it: by duty, department and standing."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from prometheus_client import REGISTRY
from tests.deadlines.docket.book import Book
from tests.deadlines.docket.test_query import EVERYTHING, GREFFE, filled, pages

from clic_chassis.telemetry import METRICS
from clic_deadlines.docket.standing import NO_DEPARTMENT, Standings

DAY = dt.timedelta(days=1)


def told() -> dict[tuple[str, str, str], float]:
    """The metric, without what is zero."""
    return {
        (sample.labels["obligation"], sample.labels["department"], sample.labels["state"]): sample.value
        for each in REGISTRY.collect()
        if each.name == "clic_obligations_open"
        for sample in each.samples
        if sample.value
    }


async def test_the_counts_are_those_of_the_lists_that_people_read(book: Book) -> None:
    """POL-29, POL-32: late is what has passed, whether a timer said so or not."""
    await filled(book)
    standings = Standings(book.pool, book.clock)
    for later in range(0, 40, 8):
        book.clock.set(book.clock.now() + later * DAY)
        await standings.take()
        rows = await pages(book, GREFFE, EVERYTHING)
        states = {"lapsed": "window"}
        expected = Counter(
            (row.obligation, row.department or NO_DEPARTMENT, states.get(row.state, str(row.state))) for row in rows
        )
        assert told() == {tuple(map(str, key)): count for key, count in expected.items()}
        due = sum(sample.value for sample in next(iter(METRICS.obligations_due.collect())).samples)
        soon = [row for row in rows if row.state in ("running", "at_risk") and row.due_at <= book.clock.now() + DAY]
        assert due == len(soon)
