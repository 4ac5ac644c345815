"""The files: the same figures in each of them, readable by the programs that people have."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from functools import cache
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reporting.counted import KNOWN_AT, comparison, counted, internal
from tests.reporting.projected import town

from clic_contracts.vocabulary import Language
from clic_reporting.core.document import WITHHELD, Document, document, written
from clic_reporting.core.figure import Report
from clic_reporting.core.label import Labels
from clic_reporting.core.language import words
from clic_reporting.core.public_table import Protection
from clic_reporting.core.table import Table, Unit
from clic_reporting.document import Format, rendered, tables
from clic_reporting.document.workbook import SHEET_NAME_MAX, sheet_name

QUARTER, YEAR = comparison("2026-Q2", counted()), comparison("2025", counted())
FRENCH, ENGLISH, ANNUAL = internal(QUARTER), internal(QUARTER, Language.EN), internal(YEAR)
HIDDEN = frozenset({"2026-Q2/requests.by_kind.suggestion", "2026-Q2/requests.by_kind.comment"})
PUBLIC = document(QUARTER, Labels(town(), Language.FR), words(Language.FR), protection=Protection(hidden=HIDDEN))
"""A public edition in which two counts are withheld; which ones have to be is another matter (core.suppression)."""


def files(of: Document, form: Format) -> dict[str, bytes]:
    """The files of an archive."""
    with zipfile.ZipFile(io.BytesIO(rendered(of, QUARTER.report, form))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def values(table: Table) -> list[list[Any]]:
    """The values of a table."""
    return [[cell.value for cell in row.cells] for row in table.rows]


@pytest.mark.parametrize("of", [FRENCH, ANNUAL, PUBLIC], ids=["quarter", "year", "public"])
def test_csv_holds_every_table_and_excel_reads_its_accents(of: Document) -> None:
    """UTF-8 with a byte order mark; withheld counts are empty, and named in a column (POL-38)."""
    found = files(of, Format.CSV)

    assert set(found) == {*(f"{table.key}.csv" for table in of.tables), "origin.csv"}
    for table in of.tables:
        text = found[f"{table.key}.csv"]
        assert text.startswith(b"\xef\xbb\xbf")
        header, *rows = csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""))
        assert header == ["code", "name", "total", *(column.key for column in table.columns), "withheld"]
        assert [row[:2] for row in rows] == [[row.key, row.title] for row in table.rows]
        assert [row[3:-1] for row in rows] == [
            ["" if value is None else str(value) for value in line] for line in values(table)
        ]
    origin = dict(csv.reader(io.StringIO(found["origin.csv"].decode("utf-8-sig"), newline="")))
    assert origin["Somme de contrôle des chiffres (SHA-256)"] == of.checksum


def test_parquet_holds_every_table_with_types() -> None:
    """Counts are whole numbers and shares are not text: an engine reads them as they are."""
    for name, content in files(FRENCH, Format.PARQUET).items():
        read = pq.read_table(io.BytesIO(content))
        table = next((each for each in FRENCH.tables if f"{each.key}.parquet" == name), None)
        if table is None:
            assert name == "origin.parquet"
            continue
        assert [[row[column.key] for column in table.columns] for row in read.to_pylist()] == values(table)
        for column in table.columns:
            expected = {Unit.COUNT: "int64", Unit.BUSINESS_DAYS: "int64", Unit.SHARE: "double", Unit.TEXT: "string"}
            assert str(read.schema.field(column.key).type) == expected[column.unit]


@pytest.mark.parametrize("of", [FRENCH, ENGLISH, ANNUAL, PUBLIC], ids=["french", "english", "year", "public"])
def test_a_workbook_has_a_sheet_that_says_what_it_is_and_one_for_each_table(of: Document) -> None:
    """Numbers are numbers; what is withheld is a dash."""
    book = openpyxl.load_workbook(io.BytesIO(rendered(of, QUARTER.report, Format.XLSX)))
    about, *sheets = book.worksheets

    told = "\n".join(str(cell.value) for row in about.iter_rows() for cell in row if cell.value is not None)
    for part in (of.title, of.edition_told, of.known, of.checksum, *of.highlights):
        assert part in told
    assert len(sheets) == len(of.tables)
    for sheet, table in zip(sheets, of.tables, strict=True):
        assert sheet.cell(1, 1).value == table.title
        for line, row in enumerate(table.rows, 4):
            assert sheet.cell(line, 1).value == row.title
            for index, cell in enumerate(row.cells, 2):
                found = sheet.cell(line, index).value
                expected = WITHHELD if cell.withheld else cell.value
                assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)
    assert book.properties.created == KNOWN_AT.replace(tzinfo=None)


@given(st.lists(st.text(min_size=1, max_size=60), max_size=12))
def test_names_of_sheets_are_short_and_told_apart(titles: list[str]) -> None:
    """A workbook whose sheets are named otherwise does not open."""
    taken: set[str] = set()
    found = [sheet_name(f"T{title}", taken) for title in titles]

    assert all(0 < len(each) <= SHEET_NAME_MAX for each in found)
    assert len({each.lower() for each in found}) == len(found)
    assert not any(set(each) & set("[]:*?/\\'") for each in found)


@pytest.mark.parametrize(("of", "language"), [(FRENCH, "fr-CA"), (ENGLISH, "en-CA"), (ANNUAL, "fr-CA")])
def test_a_pdf_is_tagged_in_its_language_and_carries_its_fonts(of: Document, language: str) -> None:
    """PDF/UA-1: read aloud, it is what it is on paper. Source: SGQRI 008."""
    reader = pypdf.PdfReader(io.BytesIO(_pdf(of.period, of.language)))
    root: Any = reader.trailer["/Root"]

    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == language
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert of.title in str(reader.metadata and reader.metadata.title)
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    kinds, alternatives = _structure(root["/StructTreeRoot"])
    assert {"/Table", "/TH", "/TD", "/H1", "/H2", "/L", "/Figure"} <= kinds
    assert len(alternatives) == sum(table.chart is not None for table in of.tables)
    assert all(len(each) > 30 for each in alternatives)
    for page in reader.pages:
        resources: Any = page["/Resources"]
        for font in resources.get("/Font", {}).values():
            described = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(described)


def _structure(node: Any, kinds: set[str] | None = None, alternatives: list[str] | None = None) -> Any:
    """The kinds of elements below one, and the words that stand for pictures."""
    kinds, alternatives = set() if kinds is None else kinds, [] if alternatives is None else alternatives
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for each in node:
            _structure(each, kinds, alternatives)
    elif isinstance(node, dict):
        if "/S" in node:
            kinds.add(str(node["/S"]))
        if "/Alt" in node:
            alternatives.append(str(node["/Alt"]))
        _structure(node.get("/K"), kinds, alternatives)
    return kinds, alternatives


def test_a_pdf_says_the_figures_of_its_tables() -> None:
    """One definition."""
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(_pdf("2026-Q2", Language.FR))).pages)
    flat = "".join(text.split())
    for table in FRENCH.tables:
        for row in table.rows:
            cells = [
                written(cell, column.unit, words(Language.FR))
                for column, cell in zip(table.columns, row.cells, strict=True)
            ]
            assert "".join("".join(cells).split()) in flat, (table.key, row.key)


@cache
def _pdf(period: str, language: Language) -> bytes:
    return rendered(internal(comparison(period, counted()), language), QUARTER.report, Format.PDF)


def test_json_of_the_internal_edition_is_the_report_and_its_tables() -> None:
    """What machines read stays as it was, and grows."""
    found = json.loads(rendered(FRENCH, QUARTER.report, Format.JSON))

    assert Report.model_validate({key: found[key] for key in Report.model_fields}) == QUARTER.report
    assert found["checksum"] == FRENCH.checksum
    assert [each["key"] for each in found["tables"]] == [each.key for each in FRENCH.tables]


def test_json_of_the_public_edition_tells_no_figure_that_its_tables_do_not() -> None:
    """POL-38: null, in the same shape."""
    found = json.loads(rendered(PUBLIC, QUARTER.report, Format.JSON))

    kinds = found["requests"]["by_kind"]
    assert (kinds["suggestion"], kinds["comment"]) == (None, None)
    assert kinds["complaint"] == QUARTER.report.requests.by_kind["complaint"]
    assert found["assumed"] == dict.fromkeys(("outcomes", "treatments", "obligations"))
    assert set(found) >= set(Report.model_fields)
    suggestions = next(
        row
        for table in found["tables"]
        if table["key"] == "by_kind"
        for row in table["rows"]
        if row["key"] == "suggestion"
    )
    assert suggestions["cells"][0] == {
        "value": None, "name": "2026-Q2/requests.by_kind.suggestion", "withheld": True,
    }  # fmt: skip


@pytest.mark.parametrize("form", [*Format])
def test_what_is_withheld_is_in_no_file(form: Format) -> None:
    """POL-38: a count that stands nowhere else is looked for in the bytes of each format."""
    secret = 918_273
    by_kind = {**QUARTER.report.requests.by_kind, "suggestion": secret}
    report = QUARTER.report.model_copy(
        update={"requests": QUARTER.report.requests.model_copy(update={"by_kind": by_kind})}
    )
    of = QUARTER.model_copy(update={"report": report})
    labels = Labels(town(), Language.FR)
    public = document(of, labels, words(Language.FR), protection=Protection(hidden=HIDDEN))

    assert str(secret) not in _readable(rendered(public, report, form), form)
    assert str(secret) in _readable(rendered(internal(of), report, form), form)


def _readable(content: bytes, form: Format) -> str:
    """All that a program can read in a file, without the spaces in numbers."""
    if form is Format.PDF:
        text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
        return text.replace("\u202f", "")
    if form is Format.PARQUET:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "".join(
                str(pq.read_table(io.BytesIO(archive.read(each))).to_pylist()) for each in archive.namelist()
            )
    if form in (Format.XLSX, Format.CSV):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "".join(archive.read(each).decode() for each in archive.namelist()).replace("\u202f", "")
    return content.decode()


def test_tables_are_files_of_their_own_in_a_folder() -> None:
    """What an archive holds, without one."""
    for form in (Format.CSV, Format.PARQUET):
        assert tables(FRENCH, form) == files(FRENCH, form)
