"""A report as tables for a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from clic_reporting.core.document import Document, written
from clic_reporting.core.language import Words, words
from clic_reporting.core.table import Table, Unit

CROWDED_COLUMNS = 6
"""From so many on, columns are as narrow as their longest word: in 80 characters the first is what needs the room."""


def as_text(document: Document, *, width: int | None = None) -> str:
    """A report in its own language; plain where it goes to a file (`width` given, in characters)."""
    console = Console(width=width, no_color=True) if width else Console()
    say = words(document.language)
    with console.capture() as captured:
        console.print(f"[bold]{escape(document.title)}[/] – {escape(document.town)}", highlight=False)
        console.print(escape(f"{document.edition_told}. {document.known}."), highlight=False)
        for note in document.notes:
            console.print(escape(note), highlight=False)
        for sentence in document.highlights:
            console.print(f"• {escape(sentence)}", highlight=False)
        for section in document.sections:
            for text in section.texts:
                console.print(f"{escape(section.title)}{say.colon} {escape(text)}", highlight=False)
            for table in section.tables:
                console.print(_table(table, say))
        for told in document.assumed:
            console.print(escape(told), highlight=False)
        console.print(
            "\n".join(f"{escape(each.label)}{say.colon} {escape(each.value)}" for each in document.origin),
            highlight=False,
            soft_wrap=True,
        )
    return captured.get().rstrip("\n")


def _table(table: Table, say: Words) -> RichTable:
    rich = RichTable(title=escape(table.title), title_justify="left", title_style="bold")
    rich.add_column(escape(table.heading), overflow="fold")
    for column in table.columns:
        rich.add_column(escape(column.title), justify="left" if column.unit is Unit.TEXT else "right", overflow="fold")
    for row in table.rows:
        cells = (written(cell, column.unit, say) for column, cell in zip(table.columns, row.cells, strict=True))
        rich.add_row(escape(row.title), *map(escape, cells), style="bold" if row.total else None)
    if len(table.columns) >= CROWDED_COLUMNS:
        for narrow in rich.columns[1:]:
            spoken = [word for cell in (narrow.header, *narrow.cells) for word in str(cell).split(" ")]
            narrow.width = max(map(len, spoken))
    return rich
