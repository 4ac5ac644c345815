"""`clic town values`: a town's folder as values of the chart, which makes a ConfigMap of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import yaml

from clic_chassis.error import ClicError
from clic_chassis.town_file import paths_of

from .told import told
from .town import checked, town_dir

BYTES_MAX = 900 * 1024
"""Kubernetes takes a ConfigMap of 1 MiB with its names; Helm keeps it twice, compressed, in a Secret of as much."""


class _Text(yaml.SafeDumper):
    """Texts of several lines as they are read: somebody compares two versions of a town."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Text.add_representer(str, _represent)


def values(
    folder: Annotated[Path | None, typer.Argument(help="The town's folder.", show_default=False)] = None,
) -> None:
    """Print a town's folder, once it is checked, as values of the Helm chart: `helm upgrade … --values FILE`."""
    with told():
        typer.echo(town_values(folder or town_dir()), nl=False)


def town_values(folder: Path) -> str:
    """A town's folder as a file of values.

    Raises:
        TownFileError: something of it is missing or wrong.
        ClicError: it is larger than a ConfigMap can be.
    """
    town = checked(folder)
    files = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths_of(folder)}
    if (size := sum(len(text.encode()) for text in files.values())) > BYTES_MAX:
        raise ClicError(f"{folder} has {size:,} bytes, and a ConfigMap takes {BYTES_MAX:,}: shorten its articles")
    body = yaml.dump({"town": {"files": files}}, Dumper=_Text, allow_unicode=True, sort_keys=True, width=2**30)
    return f"# {town.name.fr}, version {town.version}: made by `clic town values`.\n{body}"
