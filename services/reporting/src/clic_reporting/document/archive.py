"""The report's tables as CSV and Parquet: a file for each, and a ZIP archive of them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from clic_reporting.core.document import Document
from clic_reporting.core.table import Row, Table, Unit

BOM = "\ufeff"
"""Tells Excel that the file is UTF-8."""
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""The format's first day: an archive made again is the same."""
WITHHELD = "withheld"
"""The last column: which columns of a row are not published (POL-38)."""
ORIGIN = "origin"
"""The file that tells what the tables were made from."""


def csv_files(document: Document) -> dict[str, bytes]:
    """A CSV file (RFC 4180, UTF-8 with a byte order mark) per table, by name."""
    files = {
        f"{table.key}.csv": _csv(_header(table), [_line(table, row) for row in table.rows]) for table in document.tables
    }
    return {**files, f"{ORIGIN}.csv": _csv(["label", "value"], _origin(document))}


def csv_archive(document: Document) -> bytes:
    """The same in a ZIP archive."""
    return _archive(csv_files(document))


def parquet_files(document: Document) -> dict[str, bytes]:
    """A Parquet file per table, by name; counts are int64, shares double, the rest strings."""
    files = {f"{table.key}.parquet": _parquet(_arrow(table)) for table in document.tables}
    told = _origin(document)
    origin = pa.table({"label": [label for label, _ in told], "value": [value for _, value in told]})
    return {**files, f"{ORIGIN}.parquet": _parquet(origin)}


def parquet_archive(document: Document) -> bytes:
    """The same in a ZIP archive."""
    return _archive(parquet_files(document))


def _header(table: Table) -> list[str]:
    return ["code", "name", "total", *(column.key for column in table.columns), WITHHELD]


def _line(table: Table, row: Row) -> list[object]:
    return [row.key, row.title, row.total, *(cell.value for cell in row.cells), _withheld(table, row)]


def _withheld(table: Table, row: Row) -> str:
    return " ".join(column.key for column, cell in zip(table.columns, row.cells, strict=True) if cell.withheld)


def _origin(document: Document) -> list[list[object]]:
    origin: list[list[object]] = [[each.label, each.value] for each in document.origin]
    return [
        ["edition", str(document.edition)],
        ["period", document.period],
        ["known_at", document.known_at.isoformat()],
        *origin,
    ]


def _csv(header: list[str], lines: list[list[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    for line in lines:
        writer.writerow([str(value).lower() if isinstance(value, bool) else value for value in line])
    return f"{BOM}{text.getvalue()}".encode()


def _arrow(table: Table) -> pa.Table:
    types = {Unit.SHARE: pa.float64(), Unit.MEAN: pa.float64(), Unit.TEXT: pa.string()}
    fields = [
        pa.field("code", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("total", pa.bool_(), nullable=False),
        *(pa.field(column.key, types.get(column.unit, pa.int64())) for column in table.columns),
        pa.field(WITHHELD, pa.string(), nullable=False),
    ]
    lines = [_line(table, row) for row in table.rows]
    columns = [pa.array([line[index] for line in lines], field.type) for index, field in enumerate(fields)]
    return pa.table(columns, schema=pa.schema(fields))


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _archive(files: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, whatever it was made on.
            archive.writestr(entry, content)
    return sink.getvalue()
