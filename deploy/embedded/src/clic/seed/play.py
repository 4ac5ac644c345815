"""Plays seeded stories through the public inbox, as their publishers would."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from clic.connection import Connection
from clic.outbox import Outbox, Outgoing, Tally
from clic_chassis.error import ClicError

WAVE = 32
"""Submissions that are published together: a few stories, so that their ends follow their beginnings at once."""


class SeedError(ClicError):
    """CLIC did not take all of the seed; the message says what it refused."""


class Played(NamedTuple):
    """How far it came, in submissions."""

    published: int
    answered: int
    total: int


async def play(
    connections: Mapping[str, Connection],
    submissions: Sequence[Outgoing],
    on_progress: Callable[[Played], None] = lambda _: None,
) -> Tally:
    """Publish everything and wait for every receipt. Doing it again, or after being killed, adds nothing twice.

    `connections` are by publisher's code. A story's submissions go close together, so that what its end has kept is
    not taken for missed in between.

    Raises:
        OutboxError: CLIC cannot be reached, or does not answer.
        SeedError: it refused something.
    """
    total = len(submissions)
    async with Outbox(connections) as outbox:
        remaining = iter(submissions)
        while wave := list(itertools.islice(remaining, WAVE)):
            await outbox.send(wave)
            on_progress(Played(outbox.tally.published, outbox.tally.answered, total))
        await outbox.settle(lambda left: on_progress(Played(total, total - left, total)))
        tally = outbox.tally
    if wrong := tally.by_status["refused"] + tally.by_status["quarantined"]:
        raise SeedError(
            f"the desk did not take {wrong} of {total} seeded submissions, the first: "
            f"{(tally.examples or ['see `clic quarantine list`'])[0]}. If this seed was played before by another "
            "version or for another town, take another number with --seed."
        )
    return tally
