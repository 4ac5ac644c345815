"""A published learning that was withdrawn is told by no view, as of no position (POL-37)."""

from __future__ import annotations

import datetime as dt

import asyncpg
from tests.reporting.history import example, record
from tests.reporting.projected import Projected

from clic_contracts.envelope import Commit, derive_id
from clic_contracts.event import Event, LearningPublished, LearningWithdrawn
from clic_contracts.vocabulary import Service

AT = dt.datetime(2026, 5, 15, 16, tzinfo=dt.UTC)


def commit(sequence: int, story: str, event: Event) -> Commit:
    request_id = derive_id("essai", story)
    return Commit(sequence, Service.INTAKE, request_id, (record(event, request_id, AT, n=sequence),))


async def test_a_withdrawn_learning_is_told_as_of_no_position_and_the_others_are(postgres_url: str) -> None:
    """A mistake is not told again, whatever day is asked about; a mended text is a publication of its own."""
    connection = await asyncpg.connect(postgres_url)
    projected = Projected(connection)
    await projected.prepare()
    await projected.begin()
    await projected.fold(
        [
            commit(1, "un", example(LearningPublished, text="Une erreur.")),
            commit(2, "deux", example(LearningPublished, text="Autre chose.")),
            commit(3, "un", example(LearningWithdrawn)),
            commit(4, "trois", example(LearningPublished, text="Sans erreur.")),
        ]
    )
    told = {}
    for position in ("1", "2", ""):
        await connection.execute("SELECT set_config('clic.as_of', $1, false)", position)
        told[position] = [row["text"] for row in await connection.fetch("SELECT * FROM reporting.learning")]
    assert told == {"1": [], "2": ["Autre chose."], "": ["Autre chose.", "Sans erreur."]}
    await connection.close()
