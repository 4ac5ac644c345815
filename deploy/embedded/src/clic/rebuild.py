"""`clic rebuild`: reporting's tables again from the log, beside the live ones, then in their place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import typer
from rich.console import Console
from rich.markup import escape

from clic_chassis.error import ClicError, RetryableError
from clic_chassis.log_tail import GapError
from clic_chassis.projector import CannotFoldError
from clic_reporting.rebuild import Progress
from clic_reporting.rebuild import rebuild as rebuild_tables
from clic_reporting.store import DEFINITION

from .connection import Connection, database_url, nats_connection
from .progress import publishing

USER = "reporting"
MENDS: dict[type[ClicError], str] = {
    CannotFoldError: "A newer CLIC may have written it: rebuild with that version. The live tables are as they were.",
    GapError: "The log has lost a message: restore it, see its backup. The live tables are as they were.",
    RetryableError: "Run it again once `clic status` says that everything is up.",
}


def rebuild() -> None:
    """Make reporting's tables again from the log. The service may run meanwhile, and readers notice nothing."""
    console = Console()
    try:
        done = asyncio.run(_rebuilt())
    except ClicError as error:
        mend = next((mend for kind, mend in MENDS.items() if isinstance(error, kind)), "")
        Console(stderr=True).print(escape(f"{error}. {mend}" if mend else str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped. The live tables are as they were.")
        raise typer.Exit(130) from None
    console.print(
        f"Rebuilt under definition {DEFINITION}: {done.commits:,} commits with {done.events:,} facts "
        f"in {done.seconds:.1f} s, {done.events_per_s:,.0f} facts/s.",
        highlight=False,
        soft_wrap=True,
    )


async def _rebuilt() -> Progress:
    with publishing(Console(stderr=True)) as bar:
        folding = bar.add_task("commits folded", total=None, rate="")

        def told(progress: Progress) -> None:
            bar.update(
                folding, completed=progress.commits, total=progress.last_sequence, rate=rate_and_time_left(progress)
            )

        return await rebuilt(nats_connection(USER), database_url(USER), told)


async def rebuilt(nats: Connection, postgres_url: str, told: Callable[[Progress], None]) -> Progress:
    """Make the tables again, as reporting. Raises as `clic_reporting.rebuild.rebuild`."""
    client = await nats.connect("clic rebuild")
    try:
        return await rebuild_tables(
            nats=client,
            nats_url=nats.nats_url,
            nats_user=nats.user,
            nats_password=nats.password,
            postgres_url=postgres_url,
            told=told,
        )
    finally:
        await client.close()


def rate_and_time_left(progress: Progress) -> str:
    """`84,210 facts/s, 3 s left`, by the pace so far."""
    left_s = (progress.last_sequence - progress.commits) * progress.seconds / max(progress.commits, 1)
    return f"{progress.events_per_s:,.0f} facts/s, {left_s:.0f} s left"
