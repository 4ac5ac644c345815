"""The commands of `clic`: an installation on this machine, and everything that its operators do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

COMMANDS: dict[str, str] = {
    "up": "up:up",
    "down": "up:down",
    "status": "status:status",
    "doctor": "doctor:doctor",
    "seed": "seed.command:seed",
    "report": "report:report",
    "rebuild": "rebuild:rebuild",
    "analyst": "analyst:analyst",
    "calendar-feed": "calendar_feed:calendar_feed",
    "digest": "digest:show",
    "due": "due:due",
    "what-if": "what_if:what_if",
    "erase": "personal:erase",
    "access": "access:app",
    "backup": "keeping.command:app",
    "calendar": "calendar_command:app",
    "import": "importing.command:app",
    "keys": "keys:app",
    "knowledge": "knowledge:app",
    "learning": "learning:app",
    "nats-users": "admission:nats_users",
    "nkey": "admission:nkey",
    "nkey-end": "admission:nkey_end",
    "log": "log_export:app",
    "open-data": "open_data:app",
    "person": "personal:person",
    "restore": "keeping.restore_command:restore",
    "retention": "personal:retention",
    "publication": "publication:app",
    "publisher": "publisher:app",
    "quarantine": "quarantine:app",
    "streams": "streams:app",
    "subscriber": "subscriber:app",
    "town": "town_command:app",
}
"""Module of this package, and the function or the Typer application in it, by name, in the order of the help."""


class _Imported(Mapping[str, Any]):
    """Commands that are imported when they are asked for: all together take more than a second."""

    def __getitem__(self, name: str) -> Any:
        return _made(name, COMMANDS[name])

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


@cache
def _made(name: str, place: str) -> Any:
    """A command as Typer makes it in a group."""
    module, _, attribute = place.partition(":")
    found = getattr(import_module(f".{module}", __package__), attribute)
    holder = typer.Typer()
    holder.callback()(_nothing)
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=name)
    else:
        holder.command(name)(found)
    return get_group(holder).commands[name]


class _Group(TyperGroup):
    """`clic` itself."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Imported()  # type: ignore[assignment]  # Nobody adds to it.


def _nothing() -> None:
    """Makes a group of what holds one command."""


app = typer.Typer(
    cls=_Group,
    help="CLIC, the citizen-request desk of a town. Every command finds its installation by CLIC_DIR, or .clic here.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # They hold passwords and what citizens wrote.
    add_completion=False,
)
app.callback()(_nothing)
