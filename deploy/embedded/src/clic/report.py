"""`clic report`: a period's figures out of reporting's tables, to read, to pipe or to publish."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from time import monotonic
from typing import Annotated, NamedTuple

import asyncpg
import typer
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from rich.console import Console
from rich.markup import escape

from clic_chassis.error import ClicError
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.log import LogIdentity
from clic_chassis.remainder import left_to_do
from clic_chassis.town_file import read_town
from clic_contracts.subject import LOG_STREAM
from clic_contracts.town import Town
from clic_contracts.vocabulary import Language
from clic_reporting import document as formats
from clic_reporting.core.document import Edition
from clic_reporting.core.label import Labels
from clic_reporting.core.period import parse_period
from clic_reporting.document.edition import Made, internal, public_or_draft, publish_now
from clic_reporting.ledger import publications
from clic_reporting.page import Pages
from clic_reporting.report import overview

from .connection import nats_connection
from .database import with_connection
from .nats_config import DURABLES, OPS
from .report_text import as_text
from .town import town_dir

DATABASE = "reporting"
WAIT_MAX_S = 120.0
"""How long `--wait` waits: reporting folds some ten thousand facts in a second."""
PATIENCE_S = 10.0
"""How long a report waits by itself for what was published just now; after it, it says what is missing."""
REACTORS = tuple(durable for stream, durable in (*DURABLES["routing"], *DURABLES["deadlines"]) if stream == LOG_STREAM)
"""Consumers whose services answer to what the log holds with facts that a report counts."""
POLL_S = 0.2
FIRST_PUBLICATION = (
    "First publication; restore the ledger first if this town has published before: `clic publication restore FILE`."
)
FILE_WIDTH = 100
"""Characters of a line of text in a file."""


class Format(StrEnum):
    """How a report is given."""

    TEXT = "text"
    HTML = "html"
    PDF = "pdf"
    XLSX = "xlsx"
    CSV = "csv"
    PARQUET = "parquet"
    JSON = "json"


BINARY = {Format.PDF, Format.XLSX, Format.CSV, Format.PARQUET}
"""Not for a terminal; CSV because it comes as an archive with a file per table."""
PER_TABLE = {Format.CSV, Format.PARQUET}


class NotCaughtUpError(ClicError):
    """The figures did not come to hold the log within the bound."""


class AskError(ClicError):
    """Options that do not go together."""


class Asked(NamedTuple):
    """Which report."""

    period: str
    edition: Edition
    as_of: str | None
    since: str | None
    publish_by: str | None


def report(
    period: Annotated[str, typer.Argument(help="A quarter such as 2026-Q1, or a year such as 2026.")],
    output_format: Annotated[
        Format, typer.Option("--format", help="CSV and Parquet: a file per table, in a ZIP archive or a folder.")
    ] = Format.TEXT,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A file or a folder instead of standard output.",
            show_default=False,
        ),
    ] = None,
    *,
    language: Annotated[Language, typer.Option(help="French or English.")] = Language.FR,
    edition: Annotated[
        Edition, typer.Option(help="Exact figures, or what may be published of them (POL-38).")
    ] = Edition.INTERNAL,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="As known at the end of a day (2026-04-15), or at a position of the log.", show_default=False
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Also what was corrected since that day or position, by reference.", show_default=False),
    ] = None,
    publish_by: Annotated[
        str | None,
        typer.Option(help="Publish the public edition, in this person's name: it is remembered.", show_default=False),
    ] = None,
    town: Annotated[Path | None, typer.Option(help="The town's folder, for its names.", show_default=False)] = None,
    wait: Annotated[
        bool | None,
        typer.Option(
            "--wait/--no-wait",
            help="Wait for services and figures that lag behind the log, and fail where they do not come. Without "
            f"either it waits {PATIENCE_S:.0f} s at most and says what is missing.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """A period's report: requests, interactions, delays, and what was learned (POL-29, POL-31 to POL-38)."""
    errors = Console(stderr=True)
    asked = Asked(period, edition, as_of, since, publish_by)
    try:
        _check(asked, output_format, output)
        the_town = read_town(town or town_dir())
        made = asyncio.run(_made(asked, Labels(the_town, language), errors, wait=wait))
        if output is None:
            _print(made, output_format, the_town)
            return
        for path, content in _files(made, output_format, output, the_town).items():
            _write(path, content)
        errors.print(f"Written: {escape(str(output))}", soft_wrap=True)
    except ClicError as error:
        errors.print(escape(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error


def _check(asked: Asked, output_format: Format, output: Path | None) -> None:
    """What can be told before any server is asked.

    Raises:
        PeriodError: the period is none.
        AskError: options do not go together.
    """
    parse_period(asked.period)
    if asked.since is not None and asked.edition is Edition.PUBLIC:
        raise AskError(
            "what was corrected since is told in the internal edition alone: a difference is a small count (POL-38). "
            "Leave out --since, or --edition public"
        )
    if asked.publish_by is not None and asked.edition is not Edition.PUBLIC:
        raise AskError("only a public edition can be published: add --edition public")
    if asked.publish_by is not None and not asked.publish_by.strip():
        raise AskError("--publish-by needs the name of whoever publishes")
    if output_format in BINARY and output is None and sys.stdout.isatty():
        raise AskError(f"{output_format} is not for a terminal: name a file with --output, or pipe it on")


def _print(made: Made, output_format: Format, town: Town) -> None:
    if output_format in BINARY:
        typer.get_binary_stream("stdout").write(_content(made, output_format, town, width=None))
    else:
        typer.echo(_content(made, output_format, town, width=None).decode(), nl=False)


def _content(made: Made, output_format: Format, town: Town, *, width: int | None) -> bytes:
    document, comparison = made
    match output_format:
        case Format.TEXT:
            return f"{as_text(document, width=width)}\n".encode()
        case Format.HTML:
            return Pages(town).report(document).encode()
        case _:
            return formats.rendered(document, comparison.report, formats.Format(output_format))


def _files(made: Made, output_format: Format, output: Path, town: Town) -> Mapping[Path, bytes]:
    """What is written where: one file, or one per table in a folder."""
    if output_format in PER_TABLE and output.suffix != ".zip":
        tables = formats.tables(made[0], formats.Format(output_format))
        return {output / name: content for name, content in tables.items()}
    if output.is_dir():
        suffix = "txt" if output_format is Format.TEXT else output_format.value
        output /= f"{made[1].report.period}.{suffix}"
    return {output: _content(made, output_format, town, width=FILE_WIDTH)}


def _write(path: Path, content: bytes) -> None:
    try:
        if path.suffix in (".csv", ".parquet"):
            path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise ClicError(f"{path} cannot be written: {error.strerror}") from error


async def _made(asked: Asked, labels: Labels, errors: Console, *, wait: bool | None) -> Made:
    past = asked.as_of is not None and wait is None  # What was known then does not change by waiting.

    async def ask(connection: asyncpg.Connection) -> tuple[LogIdentity | None, Made]:
        end = None if past else await _end_of_log(connection, errors, wait=wait)
        return end, await _edition(connection, asked, labels, errors)

    end, made = await with_connection(DATABASE, ask)
    report = made[1].report
    if end is not None and asked.as_of is None:
        warning = lag_warning(report.versions.log, report.position, end)
        if warning is not None:
            errors.print(escape(warning), style="yellow", soft_wrap=True)
    return made


async def _edition(connection: asyncpg.Connection, asked: Asked, labels: Labels, errors: Console) -> Made:
    if asked.edition is Edition.INTERNAL:
        return await internal(connection, asked.period, labels, as_of=asked.as_of, since=asked.since)
    if asked.publish_by is None:
        return await public_or_draft(connection, asked.period, labels, as_of=asked.as_of)
    if not await publications(connection):
        errors.print(FIRST_PUBLICATION, style="yellow", soft_wrap=True)
    at = dt.datetime.now(dt.UTC)
    return await publish_now(connection, asked.period, labels, as_of=asked.as_of, at=at, by=asked.publish_by.strip())


async def _end_of_log(connection: asyncpg.Connection, errors: Console, *, wait: bool | None) -> LogIdentity | None:
    """Where the log ends, once everybody heard of it. Without the log there can be a report, but nothing to wait for.

    Raises:
        NotCaughtUpError: it was to be waited for, and did not come.
    """
    try:
        client = await nats_connection(OPS).connect("clic report")
    except ClicError as error:
        if wait:
            raise
        errors.print(
            f"The log cannot be asked whether the figures hold all of it: {escape(str(error))}",
            style="yellow",
            soft_wrap=True,
        )
        return None
    try:
        if wait is False:
            return await JetStreamLog(client).identity()
        try:
            return await _until(connection, client, WAIT_MAX_S if wait else PATIENCE_S)
        except NotCaughtUpError as error:
            if wait:
                raise
            errors.print(escape(str(error)), style="yellow", soft_wrap=True)
            return None
    finally:
        await client.close()


async def _until(connection: asyncpg.Connection, client: Client, bound_s: float) -> LogIdentity:
    """Wait until services and figures hold the log as it was, and what they answered to it; where it then ends.

    Raises:
        NotCaughtUpError: not within the bound.
    """
    give_up_at = monotonic() + bound_s
    event_log = JetStreamLog(client)
    first = await event_log.identity()
    for durable in REACTORS:
        while waiting := await _unheard(client, durable, first.last_sequence):
            if monotonic() > give_up_at:
                raise NotCaughtUpError(
                    f"{durable} has still {waiting} commits of the log to hear of after {bound_s:.0f} s, and its facts "
                    "are missing here. `clic status` says whether it runs and what holds it back."
                )
            await asyncio.sleep(POLL_S)
    end = await event_log.identity()
    while True:
        now = await overview(connection)
        if now.versions.log != log_name(end):
            return end  # Waiting would not mend it; the warning says what is wrong.
        if (position := now.position) >= end.last_sequence:
            return end
        if monotonic() > give_up_at:
            raise NotCaughtUpError(
                f"after {bound_s:.0f} s the figures hold the log to position {position} of {end.last_sequence}, "
                f"{end.last_sequence - position} behind. `clic status` says whether reporting runs and what holds it "
                "back."
            )
        await asyncio.sleep(POLL_S)


async def _unheard(client: Client, durable: str, end: int) -> int:
    """How many commits a service has still to handle, as far as they stand before the end; 0 where it never ran."""
    try:
        info = await client.jetstream().consumer_info(LOG_STREAM, durable)
    except NotFoundError:
        return 0
    if info.ack_floor is not None and info.ack_floor.stream_seq >= end:
        return 0
    return await left_to_do(client, LOG_STREAM, info)


def log_name(log: LogIdentity) -> str:
    """A log as `Versions.log` names it."""
    return f"{log.stream} {log.created_at.isoformat()}"


def lag_warning(made_from: str, position: int, end: LogIdentity) -> str | None:
    """What is to be said of figures that do not hold the log up to its end; None where they do."""
    log = log_name(end)
    if made_from != log:
        return f"These figures were made from another log ({made_from}) than is there now ({log}): see `clic status`."
    behind = end.last_sequence - position
    if behind <= 0:
        return None
    return (
        f"These figures hold the log to position {position} of {end.last_sequence}, {behind} behind; "
        "--wait waits for the rest."
    )
