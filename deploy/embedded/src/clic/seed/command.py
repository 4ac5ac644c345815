"""`clic seed`: plays a plausible quarter of a town, synthetic and marked as such."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape

from clic.connection import Connection, ConnectionUnknownError, publisher_connection
from clic.desk_api import DeskApi
from clic.outbox import Outgoing, Tally
from clic.progress import publishing
from clic.town import town_dir
from clic_chassis.error import ClicError
from clic_chassis.town_file import read_town
from clic_contracts.town import Town

from .access import Plan, access_plan
from .play import Played, play, play_whole
from .quarter import SIZE, SIZE_MAX, seed_stories
from .setting import Setting
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
        plan = prepare_access(the_town, submissions, situations)
        tally, lacking = asyncio.run(_play(connections, submissions, plan, _desk()))
    except ClicError as error:
        Console(stderr=True).print(escape(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped. Run the same command again: it adds nothing twice.")
        raise typer.Exit(130) from None
    console.print(summary(submissions, tally) + lacking)


def prepare(town: Town, number: int = SEED, size: int = SIZE, situations: Path | None = None) -> list[Outgoing]:
    """The seed's submissions for today, in the town's time.

    Raises:
        SituationError: the situations do not fit the town.
    """
    return seed_stories(town, read_situations(town, situations), number, _today(town), size)


def prepare_access(town: Town, submissions: Sequence[Outgoing], situations: Path | None = None) -> Plan:
    """What the greffe said of the seed's access requests, up to today. Raises as `prepare`."""
    setting = Setting(town, read_situations(town, situations))
    return access_plan(setting, submissions, setting.opening.at(_today(town), dt.time()))


def not_said(why: str) -> str:
    """That the path of the access requests lacks something; "" where it is whole."""
    return f" The path of the access requests is not whole: {why}" if why else ""


def _today(town: Town) -> dt.date:
    return dt.datetime.now(ZoneInfo(town.calendar.timezone)).date()


def _desk() -> DeskApi | None:
    """The desk as the sample agent; None: where to find one is not known here."""
    if os.environ.get("CLIC_NATS_URL"):  # Another house than the folder's.
        return None
    try:
        return DeskApi.of_folder("agent")
    except ConnectionUnknownError:
        return None


def summary(submissions: Sequence[Outgoing], tally: Tally) -> str:
    """What was played, in a line."""
    if not submissions:
        return "Nothing to play: the seed is too small."
    first, last = (pick(each.occurred_at for each in submissions).date() for pick in (min, max))
    known = tally.by_status["known"]
    before = f", {known} of them known from before" if known else ""
    return f"{len(submissions)} synthetic submissions from {first} to {last} are in CLIC{before}."


async def _play(
    connections: dict[str, Connection], submissions: Sequence[Outgoing], plan: Plan, desk: DeskApi | None
) -> tuple[Tally, str]:
    with publishing(Console(stderr=True)) as bar:
        sending = bar.add_task("submissions published", total=len(submissions), rate="")
        judging = bar.add_task("receipts of the desk", total=len(submissions), rate="")

        def show(played: Played) -> None:
            bar.update(sending, completed=played.published)
            bar.update(judging, completed=played.answered)

        if desk is None:
            return await play(connections, submissions, show), not_said("no desk is known here that knows an agent.")
        tally, why = await play_whole(connections, submissions, plan, desk, show)
        return tally, not_said(why)
