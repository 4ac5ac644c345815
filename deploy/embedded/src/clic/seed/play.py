"""Plays seeded stories through the public inbox, as their publishers would."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from clic.connection import Connection
from clic.desk_api import DeskApi, DeskError
from clic.outbox import Outbox, Outgoing, Tally
from clic_chassis.error import ClicError
from clic_contracts.submission import OutcomeSubmission

from .access import Plan, Step

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


async def play_whole(
    connections: Mapping[str, Connection],
    submissions: Sequence[Outgoing],
    plan: Plan,
    desk: DeskApi,
    on_progress: Callable[[Played], None] = lambda _: None,
) -> tuple[Tally, str]:
    """Publish everything as `play` does, and say through the desk what is planned; the last is why not all was taken.

    What is said before a decision is said between the two, at once, so that no limit passes meanwhile.

    Raises:
        OutboxError, SeedError: as `play`.
    """
    whole, refusals = Tally(), list[str]()

    async def publish(parts: Sequence[Outgoing]) -> None:
        before = whole.answered

        def show(played: Played) -> None:
            on_progress(Played(before + played.published, before + played.answered, len(submissions)))

        tally = await play(connections, parts, show)
        whole.published += tally.published
        whole.by_status += tally.by_status

    async def say(steps: Sequence[Step]) -> None:
        for each in steps:
            path = f"/requests/{each.request_id}/{each.command}"
            try:
                await asyncio.to_thread(desk.ask, path, each.body, key=each.key)
            except DeskError as error:
                refusals.append(str(error))

    await publish([each for each in submissions if each.story not in plan.held])
    for story, steps in plan.held.items():
        parts = [each for each in submissions if each.story == story]
        ends = next((n for n, each in enumerate(parts) if isinstance(each.submission, OutcomeSubmission)), len(parts))
        await publish(parts[:ends])
        await say(steps)
        await publish(parts[ends:])
    await say(plan.after)
    return whole, refusals[0] if refusals else ""
