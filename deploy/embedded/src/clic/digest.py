"""`clic digest`: the daily digest on the terminal, and what became of those that went out. POL-29."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from clic_chassis.clock import ManualClock
from clic_chassis.error import ClicError
from clic_chassis.town_file import read_town
from clic_contracts.town import Town
from clic_contracts.vocabulary import DepartmentCode
from clic_deadlines.core.calendar import Calendars
from clic_deadlines.core.digest import Digest, Notice, Topic, digest
from clic_deadlines.core.digest_text import write
from clic_deadlines.core.moment import Moment
from clic_deadlines.digest.sender import ROWS_MAX, addresses
from clic_deadlines.digest.table import DigestTable, Sent
from clic_deadlines.docket import Docket
from clic_deadlines.settings import DIGEST_AT

from .database import with_pool
from .told import told
from .town import town_dir

SERVICE = "deadlines"
HOUR_VARIABLE = "CLIC_DIGEST_AT"
_COUNTED = (Topic.LATE, Topic.DUE, Topic.AT_RISK)
_STYLES = {"sent": "green", "refused": "red", "given_up": "red", "waiting": "yellow"}


class DigestError(ClicError):
    """There is no such digest; the message says which there are."""


def show(
    department: Annotated[
        str | None, typer.Option(help="One department's, in full; without it an overview of all.", show_default=False)
    ] = None,
    *,
    notice: Annotated[Notice, typer.Option(help="To whom of it.")] = Notice.DEPARTMENT,
    day: Annotated[
        dt.datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="As of what is open now, on that day: today or later.", show_default=False
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write it there as the page that a mail shows.", show_default=False)
    ] = None,
    sent: Annotated[bool, typer.Option("--sent", help="What became of the newest digests that went out.")] = False,
) -> None:
    """Print the daily digest of a department, as it would go out; or of all, how much each has before it."""
    with told():
        town = read_town(town_dir())
        if sent:
            _print_sent(asyncio.run(with_pool(SERVICE, _newest)))
            return
        wanted = _wanted(town, department, notice)
        made = asyncio.run(with_pool(SERVICE, lambda pool: _made(pool, town, wanted, day.date() if day else None)))
        if department is None:
            _print_all(town, made)
        else:
            _print_one(town, made[0], html)


def _wanted(town: Town, department: str | None, notice: Notice) -> list[tuple[Notice, DepartmentCode]]:
    management = town.deadlines.general_management
    if department is None:
        every = [(each, one.code) for one in town.departments for each in (Notice.DEPARTMENT, Notice.HEAD)]
        return [*every, *([(Notice.GENERAL_MANAGEMENT, management)] if management is not None else [])]
    if department not in town.department_by_code:
        raise DigestError(f"no department {department}; there are {', '.join(sorted(town.department_by_code))}")
    if notice is Notice.GENERAL_MANAGEMENT and department != management:
        raise DigestError(f"{department} is not the general management: deadlines.yaml names {management}")
    return [(notice, department)]


async def _made(
    pool: asyncpg.Pool, town: Town, wanted: list[tuple[Notice, DepartmentCode]], day: dt.date | None
) -> list[Digest]:
    calendars, hour = Calendars(town.calendars), _hour()
    now = dt.datetime.now(dt.UTC)
    today = calendars.current.day_of(now)
    if day is not None and day < today:
        raise DigestError(
            f"{day} is past: what is open now does not tell what was open then. Name a day from {today} on"
        )
    if day is not None and day > today:
        now = calendars.current.end_of(day - dt.timedelta(days=1)) + dt.timedelta(hours=hour.hour, minutes=hour.minute)
    moment = Moment.of(calendars.on(day or today), now, hour)
    rows = await Docket(pool, ManualClock(now.astimezone(dt.UTC))).open_of(None, ROWS_MAX)
    return [digest(notice, code, rows, town, moment) for notice, code in wanted]


def _hour() -> dt.time:
    """The town's hour, as the service reads it."""
    try:
        hour = dt.time.fromisoformat(os.environ.get(HOUR_VARIABLE) or DIGEST_AT.isoformat())
    except ValueError as error:
        raise DigestError(f"{HOUR_VARIABLE}: write an hour such as 07:30") from error
    return hour.replace(tzinfo=None)


async def _newest(pool: asyncpg.Pool) -> list[Sent]:
    return await DigestTable(pool).newest(dt.date.max)


# -- printing -------------------------------------------------------------------------------------------------------


def _print_one(town: Town, made: Digest, html: Path | None) -> None:
    console = Console()
    written = write(made)
    to = addresses(town).get((made.notice, made.department))
    console.print(f"[bold]{escape(written.subject)}[/]", soft_wrap=True, highlight=False)
    where = f"to {to}" if to else "to nobody: departments.yaml gives no address"
    empty = "; nothing to tell, so none is sent" if made.is_empty else ""
    console.print(f"[dim]{escape(where)}{empty}[/]\n", soft_wrap=True, highlight=False)
    console.print(escape(written.text), soft_wrap=True, highlight=False, end="")
    if html is not None:
        try:
            html.write_text(written.html, encoding="utf-8")
        except OSError as error:
            raise DigestError(f"{html} cannot be written: {error.strerror}") from error
        console.print(f"[dim]written: {escape(str(html))}[/]", soft_wrap=True, highlight=False)


def _print_all(town: Town, made: list[Digest]) -> None:
    """Counts alone: what a digest says in full, its own department reads (POL-26)."""
    console = Console()
    to = addresses(town)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("department", no_wrap=True)
    table.add_column("notice", overflow="fold")
    for topic in _COUNTED:
        table.add_column(topic.replace("_", " "), justify="right")
    table.add_column("to", overflow="fold")
    for each in made:
        if not each.is_empty:
            address = to.get((each.notice, each.department))
            counts = [str(each.count(topic) or "") for topic in _COUNTED]
            table.add_row(each.department, each.notice, *counts, escape(address) if address else "[yellow]nobody[/]")
    if table.row_count:
        console.print(table)
        console.print("[dim]One in full: clic digest --department CODE[/]")
    else:
        console.print("Nobody has anything to be told.")


def _print_sent(found: list[Sent]) -> None:
    console = Console()
    if not found:
        console.print("No digest has gone out yet: it needs CLIC_SMTP_URL, and an `email` of departments.")
        return
    table = Table(title=f"Digests of {found[0].day}", title_justify="left", box=None, pad_edge=False)
    for column in ("department", "notice", "state", "tries", "why"):
        table.add_column(column, overflow="fold")
    for each in found:
        style = _STYLES.get(each.outcome, "dim")
        state = f"[{style}]{each.outcome}[/]"
        table.add_row(each.department, each.notice, state, str(each.tries), escape(each.why or ""))
    console.print(table)
