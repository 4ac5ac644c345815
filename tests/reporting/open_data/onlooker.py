"""Somebody who counts the rows of the open data, to learn of a report's counts what the report does not tell. POL-38.

He knows how the layout's words cover our codes, that complaints of the Direction générale's are a count of the report,
that what is open is pending, and that what is not in the file cannot be more than what the report counts beside it.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from tests.reporting.attacker import FAR, Bound
from tests.reporting.projected import town

from clic_reporting.core.period import Quarter
from clic_reporting.open_data.layout import CHANNELS, COUNTS, INFORMATION, NATURES, OTHER, STATUSES

Row = Mapping[str, str]
OPEN = (STATUSES["open"], STATUSES["reopened"])


def read(text: str) -> list[dict[str, str]]:
    """The rows of a file."""
    return list(csv.DictReader(io.StringIO(text)))


def _codes(words: Mapping[str, str]) -> dict[str, list[str]]:
    codes = defaultdict(list)
    for code, word in words.items():
        codes[word].append(code)
    return codes


UNITS = {each.code: each.name.fr for each in town().departments}
COLUMNS = (
    ("NATURE", "requests.by_kind", _codes(NATURES)),
    ("ACTI_NOM", "requests.by_subject", _codes({each.code: each.name.fr for each in town().subjects})),
    ("PROVENANCE_ORIGINALE", "requests.by_first_channel", _codes({code: word for code, (word, _) in CHANNELS.items()})),
    ("UNITE_RESP_PARENT", "requests.by_department", _codes(UNITS)),
    ("DERNIER_STATUT", "requests.by_status", _codes(STATUSES)),
)


def bounds(rows: list[dict[str, str]], quarter: Quarter, values: Mapping[str, int]) -> list[Bound]:
    """All that the rows of a quarter say of its report's counts; `values` has these, of which only names are used."""
    found = [*_of_columns(rows), *_of_contacts(rows), *_of_two_columns(rows, quarter)]
    named = [
        Bound(tuple(name for path in each.names if (name := f"{quarter}/{path}") in values), each.low)
        for each in found
        if each.low
    ]
    received = values[f"{quarter}/requests.received"]
    absent = received - sum(row["NATURE"] != INFORMATION for row in rows)
    beside = [f"{quarter}/{path}" for path in ("requests.confidential", "requests.by_kind.access_to_information")]
    return [*named, *(Bound((name,), 0, absent) for name in beside if name in values)]


def _of_columns(rows: list[dict[str, str]]) -> Iterator[Bound]:
    for column, path, codes in COLUMNS:
        seen = Counter(row[column] for row in rows if row["NATURE"] != INFORMATION)
        for word, count in seen.items():
            if word and word != OTHER:
                yield Bound(tuple(f"{path}.{code}" for code in codes[word]), count)


def _of_contacts(rows: list[dict[str, str]]) -> Iterator[Bound]:
    for number, column in enumerate(COUNTS):
        codes = [code for code, (_, of) in CHANNELS.items() if of == number]
        yield Bound(
            tuple(f"interactions.by_channel.{code}" for code in codes), sum(int(row[column] or 0) for row in rows)
        )


def _of_two_columns(rows: list[dict[str, str]], quarter: Quarter) -> Iterator[Bound]:
    last = f"{quarter.months[-1]}"
    seen: Counter[str] = Counter()
    departments = {name: code for code, name in UNITS.items()}
    for row in rows:
        department = departments.get(row["UNITE_RESP_PARENT"])
        if row["NATURE"] == NATURES["complaint"] and department == "direction_generale":
            seen["requests.to_direction_generale"] += 1
        if row["DERNIER_STATUT"] in OPEN:
            seen["requests.pending_by_age." + ("m0" if row["DDS_DATE_CREATION"] == last else "m1_2")] += 1
            seen[f"requests.pending_by_department.{department}"] += bool(department)
        elif row["DERNIER_STATUT"]:
            seen[f"requests.treated_by_department.{department}"] += bool(department)
    yield from (Bound((path,), count, FAR) for path, count in seen.items())
