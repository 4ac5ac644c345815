"""`clic status`: what a person on call wants to know, on one screen."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import sleep
from typing import Annotated, Any

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from clic_chassis.error import ClicError

from .connection import clic_dir, read_installation
from .doctor.place import named_addresses
from .folder import Folder, Running
from .nats_config import DURABLES
from .scrape import Told, ask_services, largest
from .told import told

WATCH_EVERY_S = 2.0
WATCH_MAX_S = 8 * 3600.0
"""A terminal that somebody forgot stops asking at the end of a working day."""
OLDEST_MAX_S = 300.0
LETTER_OLDEST_MAX_S = 3600.0
BACKUP_AGE_MAX_S = 26 * 3600.0
FREE_SHARE_MIN = 0.10

Dir = Annotated[
    Path | None, typer.Option("--dir", help="Where everything is kept: CLIC_DIR, or .clic.", show_default=False)
]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the screen: a name, what is so, and whether somebody should look."""

    name: str
    says: str
    is_well: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """How an installation stands."""

    at: dt.datetime
    supervision: str | None
    services: Sequence[Told]
    lines: Sequence[Line]

    @property
    def is_ready(self) -> bool:
        """Whether every service is ready; other lines tell what to look at, and are no reason for an exit code."""
        return all(each.ready for each in self.services)


def standing_of(
    services: Sequence[Told], at: dt.datetime, *, folder: Path | None = None, supervision: str | None = None
) -> Standing:
    """The lines that services' metrics make."""
    lines = [
        _log(services),
        *_waiting(services),
        _projections(services),
        _quarantine(services),
        _letters(services),
        _due(services),
        *_streams(services),
        *([_disk(folder)] if folder is not None else []),
        _backup(services),
    ]
    return Standing(at, supervision, services, lines)


def _log(services: Sequence[Told]) -> Line:
    last = largest(services, "clic_stream_last_sequence", stream="CLIC_LOG")
    synced = {s.labels["server"]: s.value for one in services for s in one.values("clic_log_sync_always")}
    if last is None and not synced:
        return Line("log", "not known: no service tells of NATS", is_well=False)
    loose = sorted(name for name, value in synced.items() if not value)
    position = "no leader" if last is None else f"position {_count(last)}"
    how = f"NOT synced on {', '.join(loose)}" if loose else f"synced on {', '.join(sorted(synced))}" if synced else ""
    return Line("log", f"{position}, {how}".rstrip(", "), is_well=last is not None and not loose)


def _waiting(services: Sequence[Told]) -> list[Line]:
    waits: dict[str, tuple[float, float]] = {}
    for _, durable in (pair for pairs in DURABLES.values() for pair in pairs):
        lag = largest(services, "clic_consumer_lag_messages", consumer=durable)
        if lag is not None:
            waits[durable] = lag, largest(services, "clic_consumer_oldest_seconds", consumer=durable) or 0.0
    if not waits:
        return [Line("waiting", "not known", is_well=False)]
    behind = {name: each for name, each in waits.items() if each[0]}
    if not behind:
        return [Line("waiting", f"nothing before {', '.join(waits)}")]
    return [
        Line(f"→ {name}", f"{_count(lag)} messages, the oldest {_span(oldest)}", is_well=oldest <= OLDEST_MAX_S)
        for name, (lag, oldest) in behind.items()
    ]


def _projections(services: Sequence[Told]) -> Line:
    stopped = {s.labels["projection"] for one in services for s in one.values("clic_projection_stopped") if s.value}
    lags = {s.labels["projection"]: s.value for one in services for s in one.values("clic_projection_lag_messages")}
    if stopped:
        return Line("projections", f"{', '.join(sorted(stopped))} stands still", is_well=False)
    behind = [f"{name} {_count(lag)} behind" for name, lag in sorted(lags.items()) if lag]
    return Line("projections", ", ".join(behind) or f"{', '.join(sorted(lags)) or 'none'} up to date")


def _quarantine(services: Sequence[Told]) -> Line:
    held = {s.labels["service"]: s.value for one in services for s in one.values("clic_quarantined") if s.value}
    told_of = ", ".join(f"{_count(count)} at {name}" for name, count in sorted(held.items()))
    return Line("quarantine", told_of or "empty", is_well=not held)


def _letters(services: Sequence[Told]) -> Line:
    waiting = largest(services, "clic_letters", state="waiting")
    if waiting is None:
        return Line("letters", "not known", is_well=False)
    oldest = largest(services, "clic_letter_oldest_seconds") or 0.0
    parts = [f"{_count(waiting)} wait" + (f", the oldest {_span(oldest)}" if waiting else "")]
    held = {state: largest(services, "clic_letters", state=state) for state in ("doubtful", "failed")}
    parts += [f"{_count(count)} {state}" for state, count in held.items() if count]
    if not (relay := largest(services, "clic_letter_relay_set")):
        parts.append("no mail server is set")
    return Line("letters", ", ".join(parts), is_well=len(parts) == 1 and bool(relay) and oldest <= LETTER_OLDEST_MAX_S)


def _due(services: Sequence[Told]) -> Line:
    states: dict[str, float] = {}
    for sample in (s for one in services for s in one.values("clic_obligations_open")):
        states[sample.labels["state"]] = states.get(sample.labels["state"], 0) + sample.value
    due = sum(s.value for one in services for s in one.values("clic_obligations_due_24h"))
    if not any(one.values("clic_measured_timestamp_seconds", measurement="standings") for one in services):
        return Line("due", "not known", is_well=False)
    late = states.get("missed", 0)
    running = sum(states.get(each, 0) for each in ("running", "at_risk"))
    return Line("due", f"{_count(late)} late, {_count(due)} within 24 h, {_count(running)} open", is_well=not late)


def _streams(services: Sequence[Told]) -> list[Line]:
    sizes = {s.labels["stream"]: s.value for one in services for s in one.values("clic_stream_bytes")}
    if not sizes:
        return []
    told_of = ", ".join(f"{n.removeprefix('CLIC_').lower()} {_size(size)}" for n, size in sorted(sizes.items()))
    databases = {s.labels["service"]: s.value for one in services for s in one.values("clic_database_bytes")}
    tables = ", ".join(f"{name} {_size(size)}" for name, size in sorted(databases.items()))
    return [Line("streams", told_of), *([Line("databases", tables)] if tables else [])]


def _disk(folder: Path) -> Line:
    usage = shutil.disk_usage(folder)
    free = usage.free / usage.total
    return Line("disk", f"{_size(usage.free)} of {_size(usage.total)} free", is_well=free > FREE_SHARE_MIN)


def _backup(services: Sequence[Told]) -> Line:
    ages = {s.labels["part"]: s.value for one in services for s in one.values("clic_backup_age_seconds")}
    if not ages:
        return Line("backup", "none is known", is_well=False)
    said = ", ".join(f"{part} {_span(age)} ago" for part, age in sorted(ages.items()))
    return Line("backup", said, is_well=max(ages.values()) <= BACKUP_AGE_MAX_S)


def _count(number: float) -> str:
    return f"{number:,.0f}".replace(",", "\u00a0")


def _span(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:  # noqa: PLR2004 - as disks are sold
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


# -- shown --------------------------------------------------------------------------------------------------------


def shown(standing: Standing) -> RenderableType:
    """The screen."""
    table = Table("service", "state", "version", "address", box=None, pad_edge=False, header_style="dim")
    for each in standing.services:
        why = "; ".join(f"{name}: {reason}" for name, reason in each.why.items())
        state = "ready" if each.ready else why if each.answers else "does not answer"
        style = "" if each.ready else "bold red"
        table.add_row(each.service, escape(state), each.version or "", each.url, style=style)
    lines = Table(box=None, pad_edge=False, show_header=False)
    for line in standing.lines:
        style = "" if line.is_well else "yellow"
        lines.add_row(Text(line.name, style="dim"), Text(line.says + ("" if line.is_well else "  ←"), style=style))
    heading = [Text(standing.supervision, overflow="fold")] if standing.supervision else []
    return Group(*heading, table, Text(), lines)


def as_data(standing: Standing) -> dict[str, Any]:
    """The same for programs."""
    return {
        "at": standing.at.isoformat(timespec="seconds"),
        "ready": standing.is_ready,
        "services": {
            each.service: {
                "url": each.url,
                "ready": each.ready,
                "why": dict(each.why),
                "version": each.version,
                "town": each.town,
            }
            for each in standing.services
        },
        "lines": {each.name: {k: v for k, v in asdict(each).items() if k != "name"} for each in standing.lines},
    }


# -- the command --------------------------------------------------------------------------------------------------


def status(
    folder: Dir = None,
    services: Annotated[
        list[str] | None,
        typer.Option("--service", envvar="CLIC_SERVICES", help="Elsewhere: SERVICE=http://host:port, once for each."),
    ] = None,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Again every two seconds, eight hours at most.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what runs and how far it is. Exit code 1 where a service is not ready."""
    console, place = Console(highlight=False), Folder(folder or clic_dir())
    with told():
        if watch and as_json:
            raise ClicError("--json is said once: leave out --watch")
        urls = named_addresses("--service", services or ()) or _urls(place)
    own = None if services else place
    if watch:
        standing = _watched(console, urls, own)
    else:
        standing = _standing(urls, own)
        if as_json:
            typer.echo(json.dumps(as_data(standing), indent=2, ensure_ascii=False))
        else:
            console.print(shown(standing))
    if not standing.is_ready:
        raise typer.Exit(1)


def _urls(place: Folder) -> Mapping[str, str]:
    """Raises ClicError: nothing runs from there yet."""
    running = place.running()
    try:
        return read_installation(place.path).services
    except ClicError as error:
        first_start = running is not None and running.process() is not None  # It has told nothing to commands yet.
        raise ClicError(supervision(running) if first_start else str(error)) from error


def _standing(urls: Mapping[str, str], place: Folder | None) -> Standing:
    services = asyncio.run(ask_services(urls))
    at = dt.datetime.now(dt.UTC)
    if place is None:
        return standing_of(services, at)
    return standing_of(services, at, folder=place.path, supervision=f"{place.path}: {supervision(place.running())}")


def _watched(console: Console, urls: Mapping[str, str], place: Folder | None) -> Standing:
    standing = _standing(urls, place)
    with Live(shown(standing), console=console, auto_refresh=False) as live:
        try:
            for _ in range(int(WATCH_MAX_S / WATCH_EVERY_S)):
                sleep(WATCH_EVERY_S)
                standing = _standing(urls, place)
                live.update(shown(standing), refresh=True)
        except KeyboardInterrupt:
            pass  # Seen enough.
    return standing


def supervision(running: Running | None) -> str:
    """Who watches over an installation of `clic up`."""
    if running is None or running.process() is None:
        return "nobody watches over it. `clic up` starts what does not run, and takes over what does."
    if running.state == "ready":
        return f"watched over by process {running.pid}"
    how_far = f" ({running.done} of {running.total})" if running.total else ""
    return f"process {running.pid} is at work: {running.message}{how_far}"
