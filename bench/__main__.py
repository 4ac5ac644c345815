"""`python -m bench [--only NAME]`: runs the benchmarks, prints a table, writes `bench/results.json`."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from . import (
    failing_over,
    footprint,
    importing,
    keeping,
    obligations,
    publishing,
    rebuilding,
    sealing,
    submitting,
    visibility,
    what_if,
    worklist,
)
from .large_town import NoRoomError
from .machine import cores
from .measure import Measure

BENCHES: dict[str, Callable[[], list[Measure]]] = {
    "submit": submitting.measure,
    "publishing": publishing.measure,
    "visible": visibility.measure,
    "import": importing.measure,
    "rebuild": rebuilding.measure,
    "sealing": sealing.measure,
    "worklist": worklist.measure,
    "obligations": obligations.measure,
    "what_if": what_if.measure,
    "keeping": keeping.measure,
    "failing_over": failing_over.measure,
    "footprint": footprint.measure,
}
"""Name → benchmark. Each starts a house of its own and removes it, also when it is ended by Ctrl-C."""
WIDTH_PIPED = 120
RESULTS = Path(__file__).parent / "results.json"


def main(
    only: Annotated[str | None, typer.Option(help=f"One of {', '.join(BENCHES)}.", show_default=False)] = None,
) -> None:
    """Measure, one benchmark after the other. All of them take some half an hour on two cores, `rebuild` most of it."""
    if only is not None and only not in BENCHES:
        raise typer.BadParameter(f"{only!r} is no benchmark; there are {', '.join(BENCHES)}", param_hint="--only")
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH_PIPED)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Ends as Ctrl-C does: servers and folders are removed.
    quick = bool(os.environ.get("BENCH_EVENTS"))
    for name in [only] if only is not None else BENCHES:
        began, load = monotonic(), os.getloadavg()[0]
        with console.status(f"{name}: {BENCHES[name].__doc__ or ''}"):
            try:
                found = BENCHES[name]()
            except (NoRoomError, ValueError) as error:
                raise typer.BadParameter(str(error), param_hint="the environment") from error
        # What others do on the machine meanwhile counts against us: ratios matter more than figures.
        found.append(Measure(f"{name}.load_before", load, f"of {cores()} cores"))
        console.print(_table(name, found, monotonic() - began))
        if not quick:
            _keep(found)
    console.print("Nothing was written: BENCH_EVENTS asks for a quick look." if quick else f"Written to {RESULTS}")


def _keep(found: list[Measure]) -> None:
    """Write measures in the place of those of their names; others stay as they were measured last."""
    before: list[dict[str, Any]] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    kept = {each["name"]: each for each in before} | {each.name: each.as_json() for each in found}
    RESULTS.write_text(json.dumps([kept[name] for name in sorted(kept)], indent=2) + "\n", encoding="utf-8")


def _table(name: str, found: list[Measure], seconds: float) -> Table:
    table = Table(title=name, caption=f"{seconds:.0f} s")
    for column in ("name", "value", "unit", "aim"):
        table.add_column(column, justify="right" if column == "value" else "left", no_wrap=True)
    for each in found:
        table.add_row(each.name, f"{each.value:,.2f}", each.unit, each.aim)
    return table


if __name__ == "__main__":
    typer.run(main)
