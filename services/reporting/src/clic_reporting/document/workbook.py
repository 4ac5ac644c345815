"""The report as an XLSX workbook: a sheet that tells what it is, then one for each table."""

from __future__ import annotations

import io
import re
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from clic_reporting.core.document import WITHHELD, Document
from clic_reporting.core.language import Words
from clic_reporting.core.table import Cell, Table, Unit

SHEET_NAME_MAX = 31
"""Characters of a sheet's name, by the format."""
WIDE, NARROW = 46, 14
"""Widths of columns, in characters."""
_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
_NUMBERS = {Unit.COUNT: "#,##0", Unit.BUSINESS_DAYS: "#,##0", Unit.SHARE: "0.0%", Unit.MEAN: "0.0"}


def workbook(document: Document, words: Words) -> bytes:
    """The workbook's bytes. Its date is that of its figures, so that one made again is the same."""
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True})
    book.set_properties(
        {
            "title": f"{document.title} – {document.genre}",
            "author": document.town,
            "comments": document.edition_told,
            "created": document.known_at.replace(tzinfo=None, microsecond=0),
        }
    )
    _Book(book, words).write(document)
    book.close()
    return sink.getvalue()


class _Book:
    def __init__(self, book: xlsxwriter.Workbook, words: Words) -> None:
        self.book = book
        self.words = words
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.quiet = book.add_format({"font_color": "#4D5B69", "text_wrap": True, "valign": "top"})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self.head = book.add_format(
            {"bold": True, "font_color": "#FFFFFF", "bg_color": "#14507E", "text_wrap": True, "valign": "vcenter"}
        )
        self.head_number = book.add_format(
            {
                "bold": True, "font_color": "#FFFFFF", "bg_color": "#14507E", "text_wrap": True, "align": "right",
                "valign": "vcenter",
            }
        )  # fmt: skip
        self.name = book.add_format({"bottom": 1, "bottom_color": "#D4DBE2"})
        self.name_total = book.add_format({"bold": True, "top": 2})
        self.numbers: dict[tuple[Unit, bool], Format] = {}

    def write(self, document: Document) -> None:
        """The sheets in their order."""
        self._about(document)
        taken: set[str] = set()
        for table in document.tables:
            self._table(table, sheet_name(table.title, taken))

    def _about(self, document: Document) -> None:
        words = self.words
        sheet = self.book.add_worksheet(words("À propos", "About"))
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, WIDE)
        sheet.set_column(1, 1, 2 * WIDE)
        sheet.write_string(0, 0, document.title, self.title)
        lines = [
            (document.genre, document.town),
            (document.span, document.known),
            (document.edition_told, ""),
            *((note, "") for note in document.notes),
        ]
        row = 1
        for left, right in lines:
            sheet.write_string(row, 0, left, self.wrapped)
            sheet.write_string(row, 1, right, self.wrapped)
            row += 1
        row = self._texts(sheet, row + 1, words("Faits saillants", "Highlights"), document.highlights)
        for section in document.sections:
            if section.texts:
                row = self._texts(sheet, row + 1, section.title, section.texts)
        row = self._texts(
            sheet, row + 1, words("D’où viennent ces chiffres", "Where these figures come from"), document.assumed
        )
        for each in document.origin:
            sheet.write_string(row, 0, each.label, self.quiet)
            sheet.write_string(row, 1, each.value, self.wrapped)
            row += 1

    def _texts(self, sheet: Worksheet, row: int, title: str, texts: tuple[str, ...]) -> int:
        sheet.write_string(row, 0, title, self.bold)
        for text in texts:
            row += 1
            sheet.merge_range(row, 0, row, 1, text, self.wrapped)
        return row + 1

    def _table(self, table: Table, name: str) -> None:
        sheet = self.book.add_worksheet(name)
        sheet.set_column(0, 0, WIDE)
        sheet.set_column(1, len(table.columns), NARROW)
        sheet.write_string(0, 0, table.title, self.title)
        sheet.write_string(2, 0, table.heading, self.head)
        for index, column in enumerate(table.columns, 1):
            sheet.write_string(2, index, column.title, self.head if column.unit is Unit.TEXT else self.head_number)
        sheet.freeze_panes(3, 1)
        sheet.repeat_rows(2)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        for line, row in enumerate(table.rows, 3):
            sheet.write_string(line, 0, row.title, self.name_total if row.total else self.name)
            for index, (column, cell) in enumerate(zip(table.columns, row.cells, strict=True), 1):
                self._cell(sheet, line, index, cell, column.unit, total=row.total)
        for offset, note in enumerate(table.notes):
            sheet.write_string(4 + len(table.rows) + offset, 0, note)

    def _cell(self, sheet: Worksheet, line: int, index: int, cell: Cell, unit: Unit, *, total: bool) -> None:
        look = self._look(unit, total=total)
        match cell.value:
            case None:
                if cell.withheld:
                    sheet.write_string(line, index, WITHHELD, look)
                else:
                    sheet.write_blank(line, index, None, look)
            case str(text):
                sheet.write_string(line, index, text, look)
            case value:
                sheet.write_number(line, index, value, look)

    def _look(self, unit: Unit, *, total: bool) -> Format:
        key = (unit, total)
        if key not in self.numbers:
            look: dict[str, Any] = {"bold": True, "top": 2} if total else {"bottom": 1, "bottom_color": "#D4DBE2"}
            if unit in _NUMBERS:
                look |= {"num_format": _NUMBERS[unit], "align": "right"}
            self.numbers[key] = self.book.add_format(look)
        return self.numbers[key]


def sheet_name(title: str, taken: set[str]) -> str:
    """A table's title as the name of a sheet, told apart from those `taken` (which it joins)."""
    plain = _FORBIDDEN.sub("", title.replace("\u00a0", " ")).strip()
    name = plain if len(plain) <= SHEET_NAME_MAX else f"{plain[: SHEET_NAME_MAX - 1].rstrip(' ,')}…"
    number = 1
    while name.lower() in taken:
        number += 1
        name = f"{plain[: SHEET_NAME_MAX - 3].rstrip(' ,')} {number}"
    taken.add(name.lower())
    return name
