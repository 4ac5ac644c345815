"""`python -m bench.generated_town --events N --dir FOLDER`: leaves a NATS folder with the log of a generated town."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .generate import FIRST_ON, SEED
from .load import LoadError, fill

TOWN_DIR = Path(__file__).resolve().parents[2] / "deploy" / "towns" / "mont-saint-hilaire"


def main(
    folder: Annotated[
        Path, typer.Option("--dir", help="An empty folder; `clic_chassis.embedded.start_nats` opens it.")
    ],
    events: Annotated[int, typer.Option(min=1, help="Facts at least.")] = 1_000_000,
    seed: Annotated[int, typer.Option(min=0, help="Another number is another town.")] = SEED,
    first_on: Annotated[dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="First day.")] = dt.datetime.combine(  # noqa: B008 - typer's way
        FIRST_ON, dt.time()
    ),
    town: Annotated[Path, typer.Option(help="The town's configuration.")] = TOWN_DIR,
) -> None:
    """Load a generated town into a NATS folder."""
    console = Console(stderr=True)
    began = perf_counter()
    columns = (TextColumn("facts stored"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=events)
        try:
            commits = asyncio.run(
                fill(
                    folder.resolve(), town, events, seed, first_on.date(), lambda told: bar.update(task, completed=told)
                )
            )
        except LoadError as error:
            raise typer.BadParameter(str(error), param_hint="--dir") from error
    seconds = perf_counter() - began
    console.print(f"{commits:,} commits in {folder}, {seconds:.0f} s ({events / seconds:,.0f} facts/s)")


if __name__ == "__main__":
    typer.run(main)
