"""The report as a PDF that is tagged for screen readers (PDF/UA-1), set by Typst from `report.typ`."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any, Final

import typst

from clic_chassis.error import ClicError
from clic_reporting.core.chart import bar_chart, column_chart, stack_chart
from clic_reporting.core.document import Document, written
from clic_reporting.core.language import Words
from clic_reporting.core.table import ChartForm, Table, Unit

BESIDE_COLUMNS_MAX = 4
"""A table of more columns stands below its chart; the one that is drawn is set in bold."""
STANDARD: Final = "ua-1"
"""ISO 14289-1: a picture without words for it is refused. Source: SGQRI 008."""


class TypesettingError(ClicError):
    """The page could not be set: a fault of ours, told with Typst's own words."""


def pdf(document: Document, words: Words) -> bytes:
    """The PDF's bytes. Only fonts that come with Typst are used, so that every machine gives the same."""
    data = json.dumps(_data(document, words), ensure_ascii=False, sort_keys=True)
    try:
        made = _compiler().compile(
            input=_template(),
            format="pdf",
            pdf_standards=[STANDARD],
            sys_inputs={"document": data},
            timestamp=_at(document),
        )
    except typst.TypstError as error:
        raise TypesettingError(f"{document.period} could not be set as a PDF: {error.diagnostic}") from error
    assert isinstance(made, bytes)
    return made


@functools.cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=True))


@functools.cache
def _template() -> bytes:
    return resources.files("clic_reporting").joinpath("document/report.typ").read_bytes()


def _at(document: Document) -> int:
    return int(document.known_at.timestamp())


def _data(document: Document, words: Words) -> dict[str, Any]:
    """What the template sets: words and lengths, nothing to compute."""
    told = document.model_dump(
        mode="json",
        include={"language", "town", "desk", "genre", "title", "span", "known", "edition_told", "notes", "tiles",
                 "highlights", "assumed", "origin_lead", "origin", "checksum"},
    )  # fmt: skip
    return {
        **told,
        "region": document.locale[-2:],
        "words": {
            "highlights": words("Faits saillants", "Highlights"),
            "origin": words("D’où viennent ces chiffres", "Where these figures come from"),
            "page": words("page", "page"),
            "of": words("de", "of"),
        },
        "sections": [
            {
                "title": section.title,
                "lead": section.lead or "",
                "texts": section.texts,
                "tables": [_table(table, words) for table in section.tables],
            }
            for section in document.sections
        ],
    }


def _table(table: Table, words: Words) -> dict[str, Any]:
    return {
        "title": table.title,
        "heading": table.heading,
        "columns": [
            {
                "title": column.title,
                "text": column.unit is Unit.TEXT,
                "strong": column.drawn and len(table.columns) > BESIDE_COLUMNS_MAX and table.chart is ChartForm.BARS,
            }
            for column in table.columns
        ],
        "rows": [
            {
                "title": row.title,
                "total": row.total,
                "cells": [
                    written(cell, column.unit, words) for column, cell in zip(table.columns, row.cells, strict=True)
                ],
            }
            for row in table.rows
        ],
        "notes": table.notes,
        "chart": _chart(table, words),
    }


def _chart(table: Table, words: Words) -> dict[str, Any] | None:
    match table.chart:
        case ChartForm.BARS:
            bars = bar_chart(table, words)
            return {
                "form": table.chart,
                "alt": bars.description,
                "bars": [
                    {
                        "label": bar.label,
                        "value": "–" if bar.value is None else words.number(bar.value),
                        "percent": bar.percent,
                        "rest": bar.rest,
                    }
                    for bar in bars.bars
                ],
            }
        case ChartForm.STACKS:
            stacks = stack_chart(table, words)
            return {
                "form": table.chart,
                "alt": stacks.description,
                "legend": stacks.legend,
                "rows": [
                    {
                        "label": each.label,
                        "segments": [[part.state, part.start, part.percent] for part in each.segments],
                    }
                    for each in stacks.stacks
                ],
            }
        case ChartForm.COLUMNS:
            columns = column_chart(table, words)
            return {
                "form": table.chart,
                "alt": columns.description,
                "legend": columns.legend,
                "ticks": [{"value": words.number(tick.value), "height": tick.height} for tick in columns.ticks],
                "groups": [{"label": each.label, "heights": each.heights} for each in columns.groups],
            }
        case None:
            return None
