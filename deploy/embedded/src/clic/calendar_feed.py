"""`clic calendar-feed`: the address by which calendar programs subscribe to a department's limits. POL-26, POL-29."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated
from urllib.parse import urlencode, urlsplit

import typer

from clic_chassis.error import ClicError
from clic_chassis.town_file import read_town
from clic_deadlines.due_feed import FeedTokens

from .connection import read_installation
from .database import with_pool
from .told import told
from .town import town_dir

SERVICE = "deadlines"


class FeedError(ClicError):
    """There can be no such address; the message says why."""


def calendar_feed(
    department: Annotated[str, typer.Argument(help="Whose limits: a code of departments.yaml.", show_default=False)],
    *,
    url: Annotated[
        str | None,
        typer.Option(help="Of the deadlines service as calendar programs reach it.", show_default=False),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the address back: nobody reads it any more.")] = False,
) -> None:
    """Make a department's calendar address and print it, this once; the one before leads nowhere any more."""
    with told():
        known = read_town(town_dir()).department_by_code
        if department not in known:
            raise FeedError(f"no department {department}; there are {', '.join(sorted(known))}")
        if remove:
            removed = asyncio.run(with_pool(SERVICE, lambda pool: FeedTokens(pool).remove(department)))
            typer.echo("Removed." if removed else "There was none.", err=True)
            return
        base = _base(url)
        now = dt.datetime.now(dt.UTC)
        made = asyncio.run(with_pool(SERVICE, lambda pool: FeedTokens(pool).make(department, now)))
    typer.echo(f"{base}/departments/{department}/due.ics?{urlencode({'token': made.token})}")
    before = " The address before leads nowhere any more." if made.replaces else ""
    typer.echo(f"Whoever has this address reads the calendar; it is shown now and never again.{before}", err=True)


def _base(url: str | None) -> str:
    """Where the service is, as said or as this installation knows it.

    Raises:
        FeedError: it is no address.
        ConnectionUnknownError: nothing says where.
    """
    base = url or read_installation().services.get(SERVICE)
    if base is None:
        raise FeedError("nothing says where the deadlines service is: name it with --url, or run `clic up` again")
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise FeedError(f"{base} is no address such as https://echeances.exemple.ca")
    return base.rstrip("/")
