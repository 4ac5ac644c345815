"""The report as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from clic_reporting.core.document import Document, Edition
from clic_reporting.core.figure import Report
from clic_reporting.core.table import figures

TOLD = {"period", "learnings", "position", "known_at", "as_of", "versions"}
"""What of a report is no figure of requests, and is the same in every edition."""


def machine_json(document: Document, report: Report) -> bytes:
    """The figures by name, then the document's words and tables, as indented JSON.

    The public edition has the same shape; every figure that its tables do not tell is null (POL-38).
    """
    told = report.model_dump(mode="json")
    if document.edition is Edition.PUBLIC:
        known = figures(document.tables)
        told = {
            key: value if key in TOLD else _told(value, f"{report.period}/{key}", known) for key, value in told.items()
        }
    whole = {
        **told,
        "edition": document.edition,
        "language": document.language,
        "checksum": document.checksum,
        "title": document.title,
        "highlights": document.highlights,
        "notes": document.notes,
        "tables": [table.model_dump(mode="json", exclude_defaults=True) for table in document.tables],
    }
    return (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode()


def _told(value: Any, name: str, known: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _told(each, f"{name}.{key}", known) for key, each in value.items()}
    return known.get(name)
