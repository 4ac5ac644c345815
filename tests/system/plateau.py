"""A file in the layout of Montréal's « Requêtes 311 », and what its rows amount to, counted with the csv module alone.

The rows are those of the plateau file in `../shared/data` beside the checkout; where that is absent, rows that we make
up in the same layout, so that whatever uses them always runs.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

PLATEAU = Path(__file__).resolve().parents[3] / "shared" / "data" / "plateau-311-2022-2024.csv.gz"

COUNTS = (
    "PROVENANCE_TELEPHONE", "PROVENANCE_COURRIEL", "PROVENANCE_PERSONNE", "PROVENANCE_COURRIER",
    "PROVENANCE_TELECOPIEUR", "PROVENANCE_INSTANCE", "PROVENANCE_MOBILE", "PROVENANCE_MEDIASOCIAUX",
    "PROVENANCE_SITEINTERNET",
)  # fmt: skip
HEADER = (
    "ID_UNIQUE", "NATURE", "ACTI_NOM", "TYPE_LIEU_INTERV", "RUE", "RUE_INTERSECTION1", "RUE_INTERSECTION2",
    "LOC_ERREUR_GDT", "ARRONDISSEMENT", "ARRONDISSEMENT_GEO", "LIN_CODE_POSTAL", "DDS_DATE_CREATION",
    "PROVENANCE_ORIGINALE", *COUNTS, "UNITE_RESP_PARENT", "LOC_LONG", "LOC_LAT", "LOC_X", "LOC_Y", "DERNIER_STATUT",
    "DATE_DERNIER_STATUT",
)  # fmt: skip

KINDS = {"Requete": "request", "Plainte": "complaint", "Commentaire": "comment"}
STATUSES = {
    "Terminée": "closed",
    "Refusée": "refused",
    "Annulée": "withdrawn",
    "Supprimée": "voided",
    "Réactivée": "reopened",
    "Prise en charge": "open",
    "Transmise pour traitement": "open",
    "Acceptée": "open",
    "Urgente": "open",
}
CHANNELS = {
    "Téléphone": "phone",
    "Courriel": "email",
    "En personne": "counter",
    "Courrier": "letter",
    "Mobile": "mobile_app",
    "Médias sociaux": "social_media",
    "Site internet": "web_form",
    "": "unknown",
}
RARE = ("Réactivée", "Supprimée", "Acceptée")
"""Statuses of few rows: a slice takes all of them that are in its part."""
PARTS = 4
"""Ways to cut the file into rows that have nothing in common."""
Row = dict[str, str]
Figures = dict[str, Any]


def write_slice(folder: Path, rows: int, part: int = 0) -> Path:
    """A plain CSV with about so many rows, spread over the twelve quarters of 2022 to 2024.

    Slices with another `part` (0 to 3) hold other rows.
    """
    path = folder / f"requetes-{rows}-{part}.csv"
    source = _plateau(rows, part) if PLATEAU.exists() else _synthetic(rows, part)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(source)
    return path


def read_rows(path: Path) -> list[Row]:
    """The rows of a file, as text."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def figures_of(rows: list[Row]) -> dict[str, Figures]:
    """What a report must say of each quarter: received, by kind, by status, by first channel."""
    found: dict[str, dict[str, Counter[str]]] = {}
    for row in rows:
        created = dt.datetime.fromisoformat(row["DDS_DATE_CREATION"])
        quarter = found.setdefault(
            f"{created.year}-Q{(created.month + 2) // 3}",
            {"by_kind": Counter(), "by_status": Counter(), "by_first_channel": Counter()},
        )
        quarter["by_kind"][KINDS[row["NATURE"]]] += 1
        quarter["by_status"][STATUSES[row["DERNIER_STATUT"]]] += 1
        quarter["by_first_channel"][CHANNELS[row["PROVENANCE_ORIGINALE"]]] += 1
    return {
        period: {"received": counts["by_kind"].total(), **{name: dict(each) for name, each in counts.items()}}
        for period, counts in sorted(found.items())
    }


def contacts_of(rows: list[Row]) -> int:
    """How many interactions the rows tell: the first contact of each, and each further one."""
    return sum(max(1, sum(int(row[column] or 0) for column in COUNTS)) for row in rows)


def _plateau(rows: int, part: int) -> Iterator[Row]:
    with gzip.open(PLATEAU, "rt", encoding="utf-8-sig", newline="") as file:
        every = list(csv.DictReader(file))
    own = every[part::PARTS]
    step = max(1, len(own) // rows)
    for number, row in enumerate(own):
        if number % step == 0 or row["DERNIER_STATUT"] in RARE:
            yield row


def _synthetic(rows: int, part: int) -> Iterator[Row]:
    chance = Random(f"{rows} {part}")
    first = dt.datetime(2022, 1, 3)  # noqa: DTZ001 - the file's dates are local, without a zone
    origins = [name for name in CHANNELS if name]
    columns = dict(zip(origins, (COUNTS[n] for n in (0, 1, 2, 3, 6, 7, 8)), strict=True))
    for number in range(rows):
        origin = chance.choice([*origins, "Téléphone", "Téléphone", ""])
        row = dict.fromkeys(HEADER, "") | dict.fromkeys(COUNTS, "0")
        row |= {
            "ID_UNIQUE": f"S{part}-{number:06d}",
            "NATURE": chance.choice(["Requete"] * 18 + ["Plainte", "Commentaire"]),
            "ACTI_NOM": chance.choice(["Opération déneigement", "Nid-de-poule", "Propreté", "Catégorie inventée"]),
            "ARRONDISSEMENT": "Arrondissement imaginaire",
            "DDS_DATE_CREATION": f"{first + dt.timedelta(minutes=chance.randrange(3 * 364 * 1440)):%Y-%m-%dT%H:%M:%S}",
            "PROVENANCE_ORIGINALE": origin,
            "DERNIER_STATUT": chance.choice(["Terminée"] * 20 + list(STATUSES)),
        }
        if origin:
            row[columns[origin]] = chance.choice(["1"] * 9 + ["2"])
        yield row
