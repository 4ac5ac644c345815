"""`clic town`: checks a town's folder and says what is in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from clic_chassis.error import ClicError
from clic_chassis.town_file import TownFileError, read_town
from clic_contracts.town import Town
from clic_intake.letter.template import faults_of

from .connection import FILE, clic_dir, read_installation

DEFAULT = Path("deploy/towns/mont-saint-hilaire")
"""In a checkout, from its top."""

app = typer.Typer(help="The town's folder of rules.", no_args_is_help=True)


@app.callback()
def _town() -> None:
    """The town's folder of rules."""


def town_dir(installed: Path | None = None) -> Path:
    """The town's folder: `CLIC_TOWN_DIR`; or the one of the installation in `installed`, or of this checkout.

    Raises:
        ClicError: there is none, or it is gone.
    """
    if said := os.environ.get("CLIC_TOWN_DIR"):
        return Path(said)
    if (running := _running_town(installed or clic_dir())) is not None:
        if not running.is_dir():  # Another town's rules instead would be applied without a word.
            raise ClicError(f"{running}: the town's folder that CLIC was started with is gone. Name another: --town")
        return running
    checkout = Path(__file__).parents[3] / "towns" / DEFAULT.name
    for candidate in (DEFAULT, checkout):
        if candidate.is_dir():
            return candidate
    raise ClicError("no town: name its folder with --town, or set CLIC_TOWN_DIR")


def _running_town(installed: Path) -> Path | None:
    """The town of the installation that runs or ran there, if any."""
    return read_installation(installed).town_dir if (installed / FILE).exists() else None


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="The town's folder.", show_default=False)] = None,
) -> None:
    """Check a town's folder: every error with file, line, and how to mend it."""
    errors = Console(stderr=True)
    try:
        folder = folder or town_dir()
        town = checked(folder)
    except TownFileError as error:
        for fault in error.faults:
            errors.print(escape(str(fault)), soft_wrap=True)
        errors.print(f"{len(error.faults)} to mend in {escape(str(error.folder))}", style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    except ClicError as error:
        errors.print(escape(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    Console().print(escape(summary(town)), soft_wrap=True)


def checked(folder: Path) -> Town:
    """A town whose files are right, and whose letters can be filled in.

    Raises:
        TownFileError: something is missing or wrong.
    """
    town = read_town(folder)
    if faults := list(faults_of(town)):
        raise TownFileError(folder, faults)
    return town


def summary(town: Town) -> str:
    """A town in a few lines."""
    outside = sum(s.department is None for s in town.subjects)
    bare = sum(s.answer_within is None for s in town.subjects)
    return "\n".join(
        (
            f"{town.name.fr}: rules {town.version}, calendar {town.calendar.version}",
            f"  {len(town.departments)} departments; {len(town.bodies)} other bodies to turn to",
            f"  {len(town.subjects)} subjects: {outside} outside the town's competence, {bare} without own standard",
            f"  {len(town.routing.rules)} routing rules, in order: {', '.join(r.code for r in town.routing.rules)}",
            f"  what none foresees goes to {town.routing.unforeseen}",
            f"  {len(town.vocabulary)} terms; {len(town.publishers)} publishers",
            f"  {len(town.letters)} letters, filled in with invented values; {len(town.articles)} articles",
        )
    )
