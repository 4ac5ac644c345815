"""`clic town letter`: previews a letter of the town with invented values."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from clic_chassis.error import ClicError
from clic_chassis.town_file import read_town
from clic_contracts.town import Town
from clic_contracts.vocabulary import Language, LetterKind
from clic_intake.core.content import SAMPLE_DAY, samples
from clic_intake.letter.render import Envelope, email_of, html_of
from clic_intake.letter.template import Filled, Templates

from .town import town_dir

SAMPLE_ID = "00000000-0000-4000-8000-000000000000"
SAMPLE_ADDRESS = "camille@exemple.invalid"


def letter(
    kind: Annotated[LetterKind, typer.Argument(help="Which letter.")],
    folder: Annotated[Path | None, typer.Argument(help="The town's folder.", show_default=False)] = None,
    language: Annotated[Language, typer.Option(help="In which language.")] = Language.FR,
    variant: Annotated[int, typer.Option(min=1, help="Another case: 1 is the most usual.")] = 1,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="A folder: the letter as e-mail (.eml) and page (.html).", show_default=False),
    ] = None,
) -> None:
    """Preview a letter with invented values: in the terminal, or with --to as e-mail and page."""
    try:
        town = read_town(folder or town_dir())
        contents = samples(kind, language, town)
        filled = Templates(town).fill(kind, language, contents[(variant - 1) % len(contents)])
        written = _written(to, kind, language, town, filled) if to is not None else ()
    except (ClicError, OSError) as error:
        Console(stderr=True).print(escape(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    console = Console()
    console.print(f"[bold]{escape(filled.subject)}[/]\n", soft_wrap=True, highlight=False)
    console.print(escape(filled.text), soft_wrap=True, highlight=False)
    console.print(f"\n[dim]case {(variant - 1) % len(contents) + 1} of {len(contents)}; another with --variant[/]")
    for each in written:
        console.print(f"[dim]written: {escape(str(each))}[/]", soft_wrap=True, highlight=False)


def _written(folder: Path, kind: LetterKind, language: Language, town: Town, filled: Filled) -> tuple[Path, Path]:
    """The letter as a mail client and a browser read it."""
    sender = town.correspondence.sender
    envelope = Envelope(
        SAMPLE_ID,
        SAMPLE_ID,
        sender.en if language is Language.EN else sender.fr,
        town.correspondence.address,
        language,
        dt.datetime.combine(SAMPLE_DAY, dt.time(16), dt.UTC),
    )
    page = html_of(filled.subject, filled.text, language)
    message = email_of(envelope, SAMPLE_ADDRESS, filled.subject, filled.text, page)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{kind.value}.{language.value}"
    mail, html = folder / f"{name}.eml", folder / f"{name}.html"
    mail.write_bytes(message.as_bytes())
    html.write_text(page, encoding="utf-8")
    return mail, html
