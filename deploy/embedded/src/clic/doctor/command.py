"""The command: every check, each by itself, told with what to do."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated

import asyncpg
import typer
from nats.errors import Error as NatsError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clic.told import told
from clic_chassis.error import ClicError

from . import on_machine, on_nats, on_postgres, on_services
from .finding import Check, Finding, Severity, told_by, unknown
from .place import Place, named_addresses, place_of

CHECK_MAX_S = 30.0
CHECKS: Sequence[Check] = (
    Check("nats", "NATS answers and is new enough", on_nats.reachable),
    Check("sync", "what NATS acknowledges is on disk", on_nats.synced),
    Check("storage", "JetStream has room", on_nats.storage),
    Check("streams", "the streams are as this version makes them", on_nats.streams),
    Check("consumers", "consumers are there and move", on_nats.consumers),
    Check("permissions", "each service may do what is its own", on_nats.permissions),
    Check("quarantine", "nothing is in quarantine", on_nats.quarantine),
    Check("postgres", "PostgreSQL answers and keeps what it commits", on_postgres.reachable),
    Check("migrations", "tables are this version's", on_postgres.migrations),
    Check("projections", "projections are of this log and this version", on_postgres.projections),
    Check("keys", "the deployment's key opens what is sealed", on_postgres.keys),
    Check("clock", "clocks agree", on_postgres.clock),
    Check("services", "services are ready", on_services.ready),
    Check("versions", "services are of one version", on_services.versions),
    Check("town", "services decide by the same rules", on_services.town),
    Check("mail", "letters leave", on_services.mail),
    Check("smtp", "the mail server answers", on_machine.smtp),
    Check("secrets", "secrets are secret", on_machine.secrets),
    Check("disk", "the disk has room", on_machine.disk),
    Check("certificates", "certificates are good for a while", on_machine.certificates),
    Check("backup", "backups are new", on_machine.backup),
)
_MARKS = {
    Severity.WELL: ("✓", "green"),
    Severity.UNKNOWN: ("?", "dim"),
    Severity.WARNING: ("!", "yellow"),
    Severity.WRONG: ("✗", "bold red"),
}
WRONG_EXIT = 1
NAME_CHARACTERS = 14


async def examine(place: Place, checks: Sequence[Check] = CHECKS) -> dict[str, list[Finding]]:
    """What each check finds. One that cannot be done says so, and is no reason to leave out the others."""
    await place.told()  # Shared by several: asked before they begin together.
    await place.standing()
    found = await asyncio.gather(*(_look(place, each) for each in checks))
    return {check.name: findings for check, findings in zip(checks, found, strict=True)}


async def _look(place: Place, check: Check) -> list[Finding]:
    try:
        async with asyncio.timeout(CHECK_MAX_S):
            return await check.look(place)
    except TimeoutError:
        return [
            unknown(f"whether {check.about}: no answer within {CHECK_MAX_S:.0f} s", "mend what else is found first")
        ]
    except (ClicError, NatsError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return [unknown(f"whether {check.about}: {told_by(error)}", "mend what else is found first")]


def doctor(
    services: Annotated[
        list[str] | None,
        typer.Option("--service", envvar="CLIC_SERVICES", help="SERVICE=http://host:port, once for each."),
    ] = None,
    databases: Annotated[
        list[str] | None,
        typer.Option("--database", envvar="CLIC_DATABASES", help="SERVICE=postgresql://…, once for each."),
    ] = None,
    only: Annotated[list[str] | None, typer.Option("--only", help="Only this check; once for each.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: every finding.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Also what is well.")] = False,
) -> None:
    """Find what is wrong with an installation, why it matters, and what to do. Exit code 1 where something is wrong.

    Finds an installation of `clic up` by CLIC_DIR; elsewhere NATS by CLIC_NATS_URL and the files of ops' key, its
    monitoring pages by CLIC_NATS_MONITORING_URL. Changes nothing.
    """
    chosen = [each for each in CHECKS if only is None or not only or each.name in only]
    with told():
        if unheard := set(only or ()) - {each.name for each in CHECKS}:
            raise ClicError(f"no check {', '.join(sorted(unheard))}; there are {', '.join(c.name for c in CHECKS)}")
        place = place_of(
            dt.datetime.now(dt.UTC),
            named_addresses("--service", services or ()),
            named_addresses("--database", databases or ()),
        )
        found = asyncio.run(examine(place, chosen))
    if as_json:
        typer.echo(json.dumps({name: [asdict(each) for each in these] for name, these in found.items()}, indent=2))
    else:
        _show(found, every=every)
    if any(each.severity is Severity.WRONG for these in found.values() for each in these):
        raise typer.Exit(WRONG_EXIT)


def _show(found: Mapping[str, Sequence[Finding]], *, every: bool) -> None:
    console = Console(highlight=False)
    worst = (Severity.WRONG, Severity.WARNING, Severity.UNKNOWN, *((Severity.WELL,) if every else ()))
    for severity in worst:
        mark, style = _MARKS[severity]
        for name, findings in found.items():
            for each in (one for one in findings if one.severity is severity):
                grid = Table.grid(padding=(0, 1))
                grid.add_column(width=NAME_CHARACTERS)
                grid.add_row(Text(f"{mark} {name}", style=style), Text(each.what))
                for word, text in (("why", each.why), ("mend", each.mend)):
                    if text:
                        grid.add_row(Text(f"  {word}", style="dim"), Text(text))
                console.print(grid)
    counts = {s: sum(each.severity is s for these in found.values() for each in these) for s in Severity}
    console.print(
        f"{counts[Severity.WRONG]} wrong, {counts[Severity.WARNING]} to look after, "
        f"{counts[Severity.UNKNOWN]} not known from here, {counts[Severity.WELL]} well"
    )
