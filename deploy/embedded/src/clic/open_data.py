"""`clic open-data`: the town's open data, in the layout of Montréal's 311 file, anonymised, with what describes it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.markup import escape

from clic_chassis.error import ClicError
from clic_chassis.town_file import read_town
from clic_contracts.town import Town
from clic_reporting.open_data.package import categories, data_package
from clic_reporting.open_data.publication import Asked, K, Publication, publish

from .database import with_connection
from .town import town_dir

DATABASE = "reporting"

app = typer.Typer(help="The town's open data.", no_args_is_help=True)


@app.callback()
def _open_data() -> None:
    """The town's open data."""


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="The CSV to write.", show_default=False)],
    first: Annotated[str | None, typer.Option("--from", help="First month: 2026-01.", show_default=False)] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last month; it must be over.", show_default=False)] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="Exact rows (--k 1) as known at the end of this day: 2026-04-15.", show_default=False),
    ] = None,
    k: Annotated[int, typer.Option("--k", min=1, help="Rows that must be alike; fewer than 5 is not to publish.")] = K,
    town: Annotated[Path | None, typer.Option(help="The town's folder.", show_default=False)] = None,
) -> None:
    """Write requests and contacts as Montréal does, anonymised (POL-38), with a data package and a table of categories.

    The public report of each quarter comes first (clic report 2026-Q1 --edition public --publish-by NAME): the rows are
    as of its position in the log, and leave unsaid what it hides. With --k 1 rows are exact, and not to be published.

    Beside FILE.csv stand FILE.datapackage.json, which says what each column holds and what was generalised, and
    FILE.categories.yaml, with which `clic import montreal-311 --categories` reads the file into another CLIC.
    """
    console, errors = Console(), Console(stderr=True)
    try:
        publication = asyncio.run(_exported(file, read_town(town or town_dir()), Asked(first, last, as_of, k)))
    except ClicError as error:
        errors.print(escape(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    except OSError as error:
        errors.print(escape(f"{file} cannot be written: {error.strerror}"), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    _tell(console, publication, file)
    if k < K:
        errors.print(f"Not to be published: whoever stands alone in a row can be recognised (k={k}).", style="yellow")


def _tell(console: Console, publication: Publication, file: Path) -> None:
    rows = ", ".join(f"{count:,} {nature}" for nature, count in sorted(publication.rows.items()))
    told = (
        f"Written: {escape(str(file))}, {publication.months}, {publication.rows.total():,} rows ({rows or 'none'}), "
        f"as of position {publication.position:,}, k={publication.k}."
    )
    if publication.public:
        _tell_public(console, told, publication)
        return
    steps = [f"  {count:,} rows: {step}" for step, count in publication.generalised.items()]
    left = f"  {publication.left_out:,} rows left out as too rare, {publication.confidential:,} as confidential"
    console.print("\n".join([told, *steps, left]), highlight=False, soft_wrap=True)


def _tell_public(console: Console, told: str, publication: Publication) -> None:
    """Without numbers of what is not in the file: who knows them can work out what the reports hide."""
    lines = [
        f"  {part.report.period} as of publication {part.report.number}, position {part.position:,}"
        for part in publication.parts
        if part.report is not None
    ]
    left = "  what these reports hide is left unsaid; rare and confidential rows, and a few more, are left out"
    console.print("\n".join([told, *lines, left]), highlight=False, soft_wrap=True)


async def _exported(file: Path, town: Town, asked: Asked) -> Publication:
    return await with_connection(DATABASE, lambda connection: _written(connection, file, town, asked))


async def _written(connection: asyncpg.Connection, file: Path, town: Town, asked: Asked) -> Publication:
    """Write the three files; the CSV gets its name once it is whole."""
    new, digest, size = file.with_name(f"{file.name}.new"), hashlib.sha256(), 0
    publication: Publication | None = None
    try:
        with new.open("wb") as out:
            async with contextlib.aclosing(publish(connection, town, asked)) as pieces:
                async for account, piece in pieces:
                    publication, data = account, piece.encode()
                    digest.update(data)
                    size += out.write(data)
        assert publication is not None
        package = data_package(town, publication, path=file.name, size=size, sha256=digest.hexdigest())
        said = json.dumps(package, ensure_ascii=False, indent=2)
        file.with_suffix(".datapackage.json").write_text(f"{said}\n", encoding="utf-8")
        file.with_suffix(".categories.yaml").write_text(categories(town), encoding="utf-8")
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
    return publication
