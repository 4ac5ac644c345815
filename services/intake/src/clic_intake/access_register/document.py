"""A register as a file: CSV, XLSX, JSON, HTML, or a PDF that is tagged for screen readers (PDF/UA-1).

As reporting makes its documents (`clic_reporting.document`): services share no code, and here is little of it.
"""

from __future__ import annotations

import csv
import datetime as dt
import functools
import io
import json
from enum import StrEnum
from typing import Any, Final

import typst
import xlsxwriter
from jinja2 import Environment, PackageLoader, StrictUndefined
from xlsxwriter.worksheet import Worksheet

from clic_contracts.town import Town
from clic_intake.typesetting import TypesettingError, typeset
from clic_intake.web import Words
from clic_intake.web.words import NBSP

from .reading import AccessRegister
from .table import Cell, Table, Told, told

BOM: Final = "\ufeff"
"""Tells Excel that the file is UTF-8."""
WIDE, NARROW = 46, 16
"""Widths of columns, in characters."""


class Form(StrEnum):
    """How a register is given as a file."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    HTML = "html"
    PDF = "pdf"


MEDIA_TYPES: Final[dict[Form, str]] = {
    Form.JSON: "application/json",
    Form.CSV: "text/csv; charset=utf-8",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.HTML: "text/html; charset=utf-8",
    Form.PDF: "application/pdf",
}


def rendered(register: AccessRegister, town: Town, t: Words, form: Form) -> bytes:
    """A register as a file. CSV holds the requests alone, one a line; the others hold the account, too."""
    document = told(register, town, t)
    match form:
        case Form.JSON:
            return _json(register, document, t)
        case Form.CSV:
            return _csv(document.requests)
        case Form.XLSX:
            return _workbook(register, document, t)
        case Form.HTML:
            return _html(document, t)
        case Form.PDF:
            return _pdf(register, document, t)


def written(cell: Cell, t: Words) -> str:
    """A cell as it is read: an article and its number stay together."""
    return t.day(cell) if isinstance(cell, dt.date) else str(cell).replace("art. ", f"art.{NBSP}")


def _json(register: AccessRegister, document: Told, t: Words) -> bytes:
    """Codes for machines, and the account's tables in words."""
    whole = {
        "year": register.year,
        "town": document.town,
        "language": t.language.value,
        "made_at": register.made_at.isoformat(),
        "position": register.position,
        "behind": register.behind,
        "warning": document.warning,
        "requests": [machine(each) for each in register.lines],
        "account": [
            {"key": each.key, "title": each.title, "columns": each.columns, "rows": each.rows}
            for each in document.account
        ],
        "notes": document.notes,
    }
    return (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode()


def machine(line: Any) -> dict[str, Any]:
    """A line by its fields' names."""
    return {
        "number": line.number,
        "received_on": line.received_on.isoformat(),
        "written": line.written,
        "nature": line.nature,
        "decided_on": line.decided_on.isoformat() if line.decided_on else None,
        "delay_days": line.delay_days,
        "delay_class": line.delay,
        "extended": line.extended,
        "third_party": line.third_party,
        "outcome": line.outcome,
        "deemed_refused": line.deemed_refused,
        "in_time": line.in_time,
        "provisions": line.provisions,
        "review_requested": line.review_requested,
        "review_outcome": line.review_outcome,
    }


def _csv(table: Table) -> bytes:
    """RFC 4180, UTF-8 with a byte order mark; dates as ISO 8601."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return f"{BOM}{text.getvalue()}".encode()


def _workbook(register: AccessRegister, document: Told, t: Words) -> bytes:
    """The account on one sheet, the requests on another; the date is that of the register."""
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True})
    created = register.made_at.replace(tzinfo=None, microsecond=0)
    book.set_properties({"title": document.title, "author": document.town, "created": created})
    looks = {
        "title": book.add_format({"bold": True, "font_size": 16}),
        "name": book.add_format({"bold": True, "font_size": 12}),
        "head": book.add_format({"bold": True, "font_color": "#FFFFFF", "bg_color": "#14507E", "text_wrap": True}),
        "plain": book.add_format({"bottom": 1, "bottom_color": "#D4DBE2", "text_wrap": True, "valign": "top"}),
        "day": book.add_format({"bottom": 1, "bottom_color": "#D4DBE2", "valign": "top", "num_format": "yyyy-mm-dd"}),
        "total": book.add_format({"bold": True, "top": 2}),
        "wrapped": book.add_format({"text_wrap": True, "valign": "top"}),
    }
    account = book.add_worksheet(t("Bilan annuel", "Annual account"))
    account.hide_gridlines(2)
    account.set_column(0, 0, WIDE)
    account.set_column(1, 6, NARROW)
    account.write_string(0, 0, document.title, looks["title"])
    row = 1
    for text in filter(None, (document.town, document.lead, document.warning)):
        account.write_string(row, 0, text)
        row += 1
    for table in document.account:
        account.write_string(row + 1, 0, table.title, looks["name"])
        row = _sheet_table(account, row + 2, table, looks)
    for note in document.notes:
        row += 1
        account.merge_range(row, 0, row, 5, note, looks["wrapped"])
        account.set_row(row, 32)
    sheet = book.add_worksheet(t("Registre", "Register"))
    sheet.set_column(0, len(document.requests.columns) - 1, NARROW)
    sheet.freeze_panes(1, 1)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    _sheet_table(sheet, 0, document.requests, looks)
    book.close()
    return sink.getvalue()


def _sheet_table(sheet: Worksheet, row: int, table: Table, looks: dict[str, Any]) -> int:
    """Write a table; gives the first row behind it."""
    for column, title in enumerate(table.columns):
        sheet.write_string(row, column, title, looks["head"])
    for number, cells in enumerate(table.rows, 1):
        look = looks["total"] if table.has_total and number == len(table.rows) else looks["plain"]
        for column, cell in enumerate(cells):
            match cell:
                case dt.date():
                    sheet.write_datetime(row + number, column, dt.datetime.combine(cell, dt.time()), looks["day"])
                case int():
                    sheet.write_number(row + number, column, cell, look)
                case _:
                    sheet.write_string(row + number, column, cell, look)
    if table.note:
        sheet.write_string(row + 1 + len(table.rows), 0, table.note)
    return row + 1 + len(table.rows) + bool(table.note)


def _html(document: Told, t: Words) -> bytes:
    """One page that needs nothing else."""
    template = _environment().get_template("register.html")
    return template.render(doc=document, t=t, written=lambda cell: written(cell, t)).encode()


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("clic_intake", "access_register"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _pdf(register: AccessRegister, document: Told, t: Words) -> bytes:
    def set_table(table: Table) -> dict[str, Any]:
        return {
            "title": table.title,
            "columns": table.columns,
            "rows": [[written(cell, t) for cell in row] for row in table.rows],
            "total": table.has_total,
            "note": table.note,
        }

    data = {
        "language": t.language.value,
        "title": document.title,
        "town": document.town,
        "lead": document.lead,
        "warning": document.warning,
        "account": [set_table(each) for each in document.account],
        "requests": set_table(document.requests),
        "notes": document.notes,
        "words": {"page": t("page", "page"), "of": t("de", "of"), "notes": t("Notes", "Notes")},
    }
    try:
        return typeset("access_register/register.typ", "register", data, register.made_at)
    except typst.TypstError as error:
        raise TypesettingError(f"the register of {register.year} could not be set: {error.diagnostic}") from error
