"""The formats of a report, each made of the same document: bytes that depend on nothing else."""

from __future__ import annotations

from enum import StrEnum

from clic_reporting.core.document import Document
from clic_reporting.core.figure import Report
from clic_reporting.core.language import words

from .archive import csv_archive, csv_files, parquet_archive, parquet_files
from .machine import machine_json
from .pdf import pdf
from .workbook import workbook


class Format(StrEnum):
    """How a report is given as a file."""

    PDF = "pdf"
    XLSX = "xlsx"
    CSV = "csv"
    PARQUET = "parquet"
    JSON = "json"


def rendered(document: Document, report: Report, form: Format) -> bytes:
    """A report as a file; CSV and Parquet as a ZIP archive with a file per table.

    `report` are its exact figures: the internal edition's JSON holds them too, the public one what its tables tell.
    """
    say = words(document.language)
    match form:
        case Format.PDF:
            return pdf(document, say)
        case Format.XLSX:
            return workbook(document, say)
        case Format.CSV:
            return csv_archive(document)
        case Format.PARQUET:
            return parquet_archive(document)
        case Format.JSON:
            return machine_json(document, report)


def tables(document: Document, form: Format) -> dict[str, bytes]:
    """CSV or Parquet, a file per table by its name."""
    return parquet_files(document) if form is Format.PARQUET else csv_files(document)


__all__ = ["Format", "rendered", "tables"]
