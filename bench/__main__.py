"""`python -m bench [--only NAME]`: runs the benchmarks, prints a table, writes `bench/results.json`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from . import importing, rebuilding, submitting, visibility
from .measure import Measure

BENCHES: dict[str, Callable[[], list[Measure]]] = {
    "submit": submitting.measure,
    "visible": visibility.measure,
    "rebuild": rebuilding.measure,
    "import": importing.measure,
}
"""Name before the dot → benchmark. Each starts a house of its own and removes it."""
RESULTS = Path(__file__).parent / "results.json"


def main(
    only: Annotated[str | None, typer.Option(help=f"One of {', '.join(BENCHES)}.", show_default=False)] = None,
) -> None:
    """Measure, one benchmark after the other."""
    if only is not None and only not in BENCHES:
        raise typer.BadParameter(f"{only!r} is no benchmark; there are {', '.join(BENCHES)}", param_hint="--only")
    console = Console()
    results: list[Measure] = []
    for name in [only] if only is not None else BENCHES:
        began, load = monotonic(), os.getloadavg()[0]
        with console.status(f"{name}: {BENCHES[name].__doc__ or ''}"):
            found = BENCHES[name]()
        results += found
        console.print(_table(name, found, monotonic() - began, load))
    RESULTS.write_text(json.dumps([each.as_json() for each in results], indent=2) + "\n", encoding="utf-8")
    console.print(f"Written to {RESULTS}")


def _table(name: str, found: list[Measure], seconds: float, load: float) -> Table:
    # What others do on the machine meanwhile counts against us: ratios matter more than figures.
    table = Table(title=name, caption=f"{seconds:.0f} s; load before: {load:.1f} on {os.cpu_count()} cores")
    for column, justify in (("name", "left"), ("value", "right"), ("unit", "left"), ("aim", "left")):
        table.add_column(column, justify="right" if justify == "right" else "left")
    for each in found:
        table.add_row(each.name, f"{each.value:,.2f}", each.unit, each.aim)
    return table


if __name__ == "__main__":
    typer.run(main)
