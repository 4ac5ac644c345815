"""`clic import`: older records of other systems, through the public inbox."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import os
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from clic.connection import clic_dir, publisher_connection
from clic.outbox import UNANSWERED_MAX, Outbox, Outgoing, Tally
from clic.progress import publishing
from clic.town import town_dir
from clic_chassis.error import ClicError
from clic_chassis.town_file import read_town
from clic_contracts.town import Town

from .account import Account, account_table
from .category import read_categories
from .montreal_311 import SOURCE, Mapped
from .montreal_file import Line, check_file, map_file
from .watermark import Watermark

WAVE_ROWS = 256
"""Rows that are published together; the state is written after each wave."""
WAVES_UNSETTLED_MAX = UNANSWERED_MAX
"""Waves of which not every submission has its receipt; each has one without at least."""

app = typer.Typer(help="Import older records through the public inbox.", no_args_is_help=True)


@app.callback()
def _imports() -> None:
    """Import older records through the public inbox."""


@app.command("montreal-311")
def montreal_311(
    file: Annotated[Path, typer.Argument(help="Montréal's « Requêtes 311 »: CSV, plain or gzip.", show_default=False)],
    publisher: Annotated[str, typer.Option(help="Who brings it; the town must allow it.")] = "montreal_311",
    limit: Annotated[int | None, typer.Option(min=1, help="Read so many rows at most.", show_default=False)] = None,
    town: Annotated[Path | None, typer.Option(help="The town's folder.", show_default=False)] = None,
    categories: Annotated[Path | None, typer.Option(help="Another table of categories.", show_default=False)] = None,
    state: Annotated[Path | None, typer.Option(help="Where to keep how far it came.", show_default=False)] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Map and count; publish nothing.")] = False,
    resume: Annotated[bool, typer.Option(help="Go on where an earlier run stopped.")] = True,
) -> None:
    """Import Montréal's 311 open data. Running it again adds nothing.

    Every row is in the account at the end: mapped, or refused with a reason. Ends with 0; with 1 where something
    went wrong or the desk did not take a submission; with 130 when interrupted.
    """
    console = Console()
    account, tally = Account(), None
    try:
        the_town = read_town(town or town_dir())
        subjects = read_categories(the_town, categories)
        checked = check_file(file)
        lines = itertools.islice(map_file(file, subjects, dt.datetime.now(dt.UTC)), limit)
        total = max(0, min(checked.lines - 1, limit or checked.lines))
        with publishing(Console(stderr=True)) as bar:
            if dry_run:
                _count(lines, account, bar, total)
            else:
                _check_publisher(the_town, publisher)
                watermark = _watermark(checked.digest, publisher, state)
                after = watermark.line() if resume else 0
                if after:
                    bar.console.print(_resuming(after, checked.lines))
                tally = asyncio.run(_publish(lines, publisher, watermark, account, bar, after=after, total=total))
    except ClicError as error:
        if account.rows:
            console.print(account_table(account, tally))
        Console(stderr=True).print(escape(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped. Run the same command again: it goes on where it was.")
        raise typer.Exit(130) from None
    console.print(account_table(account, tally))
    if dry_run:
        console.print("Nothing was published: this was a dry run.")
    if tally is not None and tally.by_status["refused"] + tally.by_status["quarantined"]:
        raise typer.Exit(1)


def _check_publisher(town: Town, publisher: str) -> None:
    known = town.publisher_by_code.get(publisher)
    if known is None or not (known.may_backlog and known.may_withhold_requester):
        allowed = [p.code for p in town.publishers if p.may_backlog and p.may_withhold_requester]
        raise ClicError(
            f"the town lets no publisher {publisher} bring older records without requesters; "
            f"use --publisher with one of: {', '.join(allowed) or 'none'}, or allow it in publishers.yaml"
        )


def _watermark(digest: str, publisher: str, state: Path | None) -> Watermark:
    path = state or clic_dir() / "imports" / f"{publisher}-{digest[:12]}.json"
    return Watermark(path, digest, publisher, into=os.environ.get("CLIC_NATS_URL", ""))


def _resuming(after: int, lines: int) -> str:
    if after >= lines:
        return "An earlier run brought all of it; nothing is left (--no-resume publishes it again and adds nothing)."
    return f"An earlier run came to line {after}; going on there (--no-resume starts over)."


def _count(lines: Iterable[Line], account: Account, bar: Progress, total: int) -> None:
    reading = bar.add_task("rows", total=total, rate="")
    for line in lines:
        account.add(line.number, line.result)
        if account.rows % WAVE_ROWS == 0:
            bar.update(reading, completed=account.rows)
    bar.update(reading, completed=account.rows, total=account.rows)


async def _publish(
    lines: Iterable[Line],
    publisher: str,
    watermark: Watermark,
    account: Account,
    bar: Progress,
    *,
    after: int,
    total: int,
) -> Tally:
    clock = asyncio.get_running_loop().time
    reading = bar.add_task("rows", total=total, rate="")
    judging = bar.add_task("receipts", total=None, rate="")
    unsettled: deque[tuple[int, int]] = deque(maxlen=WAVES_UNSETTLED_MAX)
    """Of each wave its last line, and how many submissions had been sent by its end."""
    async with Outbox({publisher: publisher_connection(publisher)}) as outbox:
        start_s, tally = clock(), outbox.tally

        def show() -> None:
            answered_line = 0
            while unsettled and unsettled[0][1] <= outbox.settled:
                answered_line, _ = unsettled.popleft()
            if answered_line:
                watermark.reached(answered_line)
            bar.update(reading, completed=account.rows)
            rate = f"{tally.answered / max(clock() - start_s, 0.001):.0f}/s"
            bar.update(judging, completed=tally.answered, total=tally.published, rate=rate)

        for wave in _waves(lines):
            for line in wave:
                account.add(line.number, line.result)
            await outbox.send(list(_outgoing(wave, publisher, after)))
            if wave[-1].number > after:
                unsettled.append((wave[-1].number, tally.published))
            show()
        bar.update(reading, total=account.rows)
        await outbox.settle(lambda _: show())
        show()
        return tally


def _waves(lines: Iterable[Line]) -> Iterator[list[Line]]:
    iterator = iter(lines)
    while wave := list(itertools.islice(iterator, WAVE_ROWS)):
        yield wave


def _outgoing(wave: Iterable[Line], publisher: str, after: int) -> Iterator[Outgoing]:
    for line in wave:
        if line.number > after and isinstance(line.result, Mapped):
            for item in line.result.items:
                yield Outgoing(publisher, item.submission, SOURCE, item.event_id, item.occurred_at)
