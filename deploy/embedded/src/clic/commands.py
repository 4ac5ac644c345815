"""The commands of `clic`: an installation on this machine, and everything that its operators do."""

from __future__ import annotations

import typer

from . import (
    access,
    calendar_command,
    keys,
    knowledge,
    learning,
    letter,
    log_export,
    open_data,
    personal,
    publication,
    publisher,
    quarantine,
    streams,
    town,
    up,
)
from .analyst import analyst
from .calendar_feed import calendar_feed
from .digest import show as digest
from .due import due
from .importing import command as importing
from .rebuild import rebuild
from .report import report
from .seed.command import seed
from .what_if import what_if

app = typer.Typer(
    help="CLIC, the citizen-request desk of a town. Every command finds its installation by CLIC_DIR, or .clic here.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # They hold passwords and what citizens wrote.
    add_completion=False,
)
app.command()(up.up)
app.command()(up.down)
app.command()(up.status)
app.command()(seed)
app.command()(report)
app.command()(rebuild)
app.command()(analyst)
app.command()(calendar_feed)
app.command("digest")(digest)
app.command()(due)
app.command()(what_if)
app.command()(personal.erase)
app.add_typer(access.app, name="access")
app.add_typer(calendar_command.app, name="calendar")
app.add_typer(importing.app, name="import")
app.add_typer(keys.app, name="keys")
app.add_typer(knowledge.app, name="knowledge")
app.add_typer(learning.app, name="learning")
app.add_typer(log_export.app, name="log")
app.add_typer(open_data.app, name="open-data")
app.add_typer(personal.person, name="person")
app.add_typer(personal.retention, name="retention")
app.add_typer(publication.app, name="publication")
app.add_typer(publisher.app, name="publisher")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(streams.app, name="streams")
town.app.command()(letter.letter)
app.add_typer(town.app, name="town")
