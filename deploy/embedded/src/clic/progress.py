"""The progress bars of commands that publish."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

REFRESH_PER_S = 4
"""Each refresh costs a millisecond of a processor that the services need."""


def publishing(console: Console) -> Progress:
    """Bars of counts; each task has a field `rate`, a few words behind the bar."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[rate]}"),
        console=console,
        refresh_per_second=REFRESH_PER_S,
    )
