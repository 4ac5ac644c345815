"""`clic seed`: plays a plausible quarter of a town, synthetic and marked as such."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape

from clic.connection import Connection, publisher_connection
from clic.outbox import Outgoing, Tally
from clic.progress import publishing
from clic.town import town_dir
from clic_chassis.error import ClicError
from clic_chassis.town_file import read_town
from clic_contracts.town import Town

from .play import Played, play
from .quarter import SIZE, SIZE_MAX, seed_stories
from .situation import read_situations

SEED = 1


def seed(
    number: Annotated[int, typer.Option("--seed", min=0, help="Another number is another quarter.")] = SEED,
    size: Annotated[int, typer.Option(min=1, max=SIZE_MAX, help="Requests of a whole quarter.")] = SIZE,
    town: Annotated[Path | None, typer.Option(help="The town's folder.", show_default=False)] = None,
    situations: Annotated[Path | None, typer.Option(help="Another file of situations.", show_default=False)] = None,
) -> None:
    """Play the last quarter of an invented town through the inbox. Running it again adds what happened since."""
    console = Console()
    try:
        the_town = read_town(town or town_dir())
        submissions = prepare(the_town, number, size, situations)
        connections = {code: publisher_connection(code) for code in sorted({each.publisher for each in submissions})}
        tally = asyncio.run(_play(connections, submissions))
    except ClicError as error:
        Console(stderr=True).print(escape(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped. Run the same command again: it adds nothing twice.")
        raise typer.Exit(130) from None
    console.print(summary(submissions, tally))


def prepare(town: Town, number: int = SEED, size: int = SIZE, situations: Path | None = None) -> list[Outgoing]:
    """The seed's submissions for today, in the town's time.

    Raises:
        SituationError: the situations do not fit the town.
    """
    today = dt.datetime.now(ZoneInfo(town.calendar.timezone)).date()
    return seed_stories(town, read_situations(town, situations), number, today, size)


def summary(submissions: Sequence[Outgoing], tally: Tally) -> str:
    """What was played, in a line."""
    if not submissions:
        return "Nothing to play: the seed is too small."
    first, last = (pick(each.occurred_at for each in submissions).date() for pick in (min, max))
    known = tally.by_status["known"]
    before = f", {known} of them known from before" if known else ""
    return f"{len(submissions)} synthetic submissions from {first} to {last} are in CLIC{before}."


async def _play(connections: dict[str, Connection], submissions: Sequence[Outgoing]) -> Tally:
    with publishing(Console(stderr=True)) as bar:
        sending = bar.add_task("submissions published", total=len(submissions), rate="")
        judging = bar.add_task("receipts of the desk", total=len(submissions), rate="")

        def show(played: Played) -> None:
            bar.update(sending, completed=played.published)
            bar.update(judging, completed=played.answered)

        return await play(connections, submissions, show)
