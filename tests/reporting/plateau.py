"""The quarters of a real borough as figures to publish: Montréal's open data « Requêtes 311 », Le Plateau."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from clic_reporting.core.suppression import Figures, Link

COLUMNS = {"kind": "NATURE", "status": "DERNIER_STATUT", "channel": "PROVENANCE_ORIGINALE", "subject": "ACTI_NOM"}


@cache
def _counts(path: Path) -> dict[str, dict[str, Counter[str]]]:
    """By quarter, then by column of the report: how many of each code; `kind+channel` is a table of two dimensions."""
    found: dict[str, dict[str, Counter[str]]] = {}
    with gzip.open(path) as packed:
        for row in csv.DictReader(io.TextIOWrapper(packed, encoding="utf-8")):
            at = row["DDS_DATE_CREATION"]
            quarter = found.setdefault(f"{at[:4]}-Q{(int(at[5:7]) + 2) // 3}", {})
            for key, column in COLUMNS.items():
                quarter.setdefault(key, Counter())[row[column] or "none"] += 1
    return found


def quarter(path: Path, period: str) -> Figures:
    """Requests received by kind, status, first channel and subject, with their total."""
    return _figures(period, _counts(path)[period])


def year(path: Path, period: str) -> Figures:
    """A year with its quarters beside it."""
    parts = [f"{period}-Q{number}" for number in range(1, 5)]
    counts = [_counts(path)[part] for part in parts]
    whole = {key: sum((each[key] for each in counts), Counter()) for key in COLUMNS}
    every = [_figures(period, whole), *(_figures(part, each) for part, each in zip(parts, counts, strict=True))]
    values = {name: value for each in every for name, value in each.values.items()}
    links = [link for each in every for link in each.links]
    return Figures(values, (*links, *_across(every[0], parts, values)))


def _across(whole: Figures, parts: Sequence[str], values: dict[str, int]) -> Iterator[Link]:
    for name in whole.values:
        _, _, path = name.partition("/")
        yield Link((name,), tuple(f"{part}/{path}" for part in parts if f"{part}/{path}" in values))


def _figures(period: str, counts: dict[str, Counter[str]]) -> Figures:
    total = f"{period}/received"
    values = {total: sum(counts["kind"].values())}
    links = []
    for key, by in counts.items():
        names = {f"{period}/by_{key}.{code}": count for code, count in sorted(by.items())}
        values |= names
        links.append(Link((total,), tuple(names), group=True))
    return Figures(values, tuple(links))
