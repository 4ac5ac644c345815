"""`clic rebuild`: reporting's tables again from the log, beside the live ones, then in their place."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from clic_chassis.error import ClicError, RetryableError
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.log_tail import GapError
from clic_chassis.projector import CannotFoldError
from clic_chassis.town_file import read_town
from clic_contracts.town import Town
from clic_reporting.rebuild import Progress, drop_old, go_back
from clic_reporting.rebuild import rebuild as rebuild_tables
from clic_reporting.store import DEFINITION

from .connection import Connection, database_url, nats_connection
from .progress import publishing
from .town import town_dir

USER = "reporting"
PLAIN_EVERY_S = 5.0
"""Between two lines of progress where nobody sees a bar: a log file needs no more."""
MENDS: dict[type[ClicError], str] = {
    CannotFoldError: "A newer CLIC may have written it: rebuild with that version. The live tables are as they were.",
    GapError: "The log has lost a message: restore it, see its backup. The live tables are as they were.",
    RetryableError: "Run it again once `clic status` says that everything is up.",
}


def rebuild(
    *,
    accept_differences: Annotated[
        bool, typer.Option("--accept-differences", help="Swap even if rows differ from the live tables'.")
    ] = False,
    back: Annotated[
        bool, typer.Option("--back", help="Put the tables that the last rebuild replaced in their place again.")
    ] = False,
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Drop the tables that the last rebuild replaced, and no more.")
    ] = False,
) -> None:
    """Make reporting's tables again from the log. The service may run meanwhile, and readers notice nothing."""
    try:
        if back and drop_old:
            raise ClicError("--back and --drop-old contradict each other: what is dropped cannot come back")  # noqa: TRY301 - told below
        if back or drop_old:
            said = asyncio.run(_back() if back else _dropped())
        else:
            said = _told(asyncio.run(_rebuilt(accept_differences=accept_differences)))
    except ClicError as error:
        mend = next((mend for kind, mend in MENDS.items() if isinstance(error, kind)), "")
        Console(stderr=True).print(escape(f"{error}. {mend}" if mend else str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped. The live tables are as they were.")
        raise typer.Exit(130) from None
    Console().print(escape(said), highlight=False, soft_wrap=True)


def _told(done: Progress) -> str:
    """What a rebuild did, and what it proved before the swap."""
    made = (
        f"Rebuilt under definition {DEFINITION}: {done.commits:,} commits with {done.events:,} facts "
        f"in {done.seconds:.1f} s, {done.events_per_s:,.0f} facts/s."
    )
    kept = "The tables that were replaced are kept: `clic rebuild --back` puts them back, `--drop-old` drops them."
    return "\n".join([made, *(f"Verified: {each}." for each in done.verified), kept])


async def _rebuilt(*, accept_differences: bool) -> Progress:
    town = read_town(town_dir())
    with _showing() as told:
        return await rebuilt(
            nats_connection(USER), database_url(USER), told, town, accept_differences=accept_differences
        )


async def rebuilt(
    nats: Connection,
    postgres_url: str,
    told: Callable[[Progress], None],
    town: Town | None = None,
    *,
    accept_differences: bool = False,
) -> Progress:
    """Make the tables again, as reporting. Raises as `clic_reporting.rebuild.rebuild`."""
    client = await nats.connect("clic rebuild")
    try:
        return await rebuild_tables(
            nats=client,
            nats_url=nats.nats_url,
            credential=nats.credential,
            postgres_url=postgres_url,
            told=told,
            town=town,
            accept_differences=accept_differences,
        )
    finally:
        await client.close()


async def _back() -> str:
    client = await nats_connection(USER).connect("clic rebuild")
    try:
        position = await go_back(database_url(USER), await JetStreamLog(client).identity())
    finally:
        await client.close()
    return f"The tables of before are live again, from position {position:,} on; the service folds what came since."


async def _dropped() -> str:
    there = await drop_old(database_url(USER))
    return "The tables of before are dropped." if there else "There were no tables of before."


@contextlib.contextmanager
def _showing() -> Iterator[Callable[[Progress], None]]:
    """A bar on a terminal, a line now and then elsewhere; on standard error, so that the outcome can be piped."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(console)
        return
    with publishing(console) as bar:
        folding = bar.add_task("commits folded", total=None, rate="")

        def told(progress: Progress) -> None:
            what = "commits folded" if progress.doing == "folding" else progress.doing
            bar.update(
                folding,
                description=what,
                completed=progress.commits,
                total=progress.last_sequence,
                rate=rate_and_time_left(progress),
            )

        yield told


class _Lines:
    """Progress as plain lines: one at each step, and every few seconds within one."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._doing = ""
        self._next_s = 0.0

    def __call__(self, progress: Progress) -> None:
        """Say how far it is, where that is due."""
        if progress.doing == self._doing and progress.seconds < self._next_s:
            return
        self._doing, self._next_s = progress.doing, progress.seconds + PLAIN_EVERY_S
        line = f"{progress.doing}: {progress.commits:,} of {progress.last_sequence:,} commits"
        if progress.doing == "folding" and progress.commits:
            line = f"{line}, {rate_and_time_left(progress)}"
        self._console.print(line, highlight=False, soft_wrap=True)


def rate_and_time_left(progress: Progress) -> str:
    """`84,210 facts/s, 3 s left`, by the pace so far."""
    left_s = (progress.last_sequence - progress.commits) * progress.seconds / max(progress.commits, 1)
    return f"{progress.events_per_s:,.0f} facts/s, {left_s:.0f} s left"
