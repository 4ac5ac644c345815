"""Open data: what we import we can publish, and what we publish betrays nobody; on a real database."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from tests.place import TOWN_DIR
from tests.reporting.history import fact
from tests.reporting.open_data.importing import commits_of_file, recorded
from tests.reporting.open_data.reports import report
from tests.reporting.projected import Projected
from tests.reporting.town import on
from tests.system.plateau import read_rows, write_slice

from clic.importing.category import plain, read_categories, readable
from clic_chassis.town_file import read_town
from clic_contracts.envelope import Commit, Recorded, derive_id
from clic_contracts.event import InteractionRecorded, RequestClosed, RequestReceived
from clic_contracts.vocabulary import Service
from clic_reporting.open_data.layout import COUNTS, HEADER, OTHER
from clic_reporting.open_data.package import categories
from clic_reporting.open_data.publication import Asked, Publication, PublicationError, publish
from clic_reporting.report import AsOfError

TOWN = read_town(TOWN_DIR)
OPEN = {"Transmise pour traitement", "Acceptée", "Urgente"}
"""Statuses that mean to us what « Prise en charge » means."""
ROWS = 500


@pytest_asyncio.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Reporting's database, empty."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A part of the Plateau's file."""
    return write_slice(tmp_path_factory.mktemp("source"), ROWS)


async def project(connection: asyncpg.Connection, commits: list[Commit], schema: str = "reporting") -> None:
    """Make the tables of a schema of facts."""
    projected = Projected(connection, schema)
    await projected.prepare()
    await projected.begin()
    await projected.fold(commits, at_a_time=500)


async def published(
    connection: asyncpg.Connection, schema: str = "reporting", **asked: Any
) -> tuple[Publication, str, list[dict[str, str]]]:
    """A publication, its text, its rows."""
    pieces = [each async for each in publish(connection, TOWN, Asked(**asked), schema=schema)]
    text = "".join(piece for _, piece in pieces)
    return pieces[-1][0], text, list(csv.DictReader(io.StringIO(text)))


def without_id(row: dict[str, str]) -> tuple[str, ...]:
    """Everything that somebody could be recognised by."""
    return tuple(value for name, value in row.items() if name != "ID_UNIQUE")


async def figures(connection: asyncpg.Connection, schema: str) -> tuple[list[Any], list[Any]]:
    """Every quarter's requests and interactions (POL-31, POL-32)."""
    requests = await connection.fetch(
        f"SELECT to_char(month, 'YYYY-Q') AS quarter, kind, status, first_channel, subject, sum(requests) "
        f"FROM {schema}.request_count GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
    )
    interactions = await connection.fetch(
        f"SELECT to_char(month, 'YYYY-Q') AS quarter, channel, first_contact, sum(interactions) "
        f"FROM {schema}.interaction_count GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    return [tuple(row) for row in requests], [tuple(row) for row in interactions]


async def test_what_was_imported_can_be_published_and_imported_again(
    connection: asyncpg.Connection, source: Path, tmp_path: Path
) -> None:
    """POL-31, POL-32: the columns that are kept are the source's, and so are the figures of every quarter."""
    subjects = read_categories(TOWN)
    await project(connection, commits_of_file(source, subjects))

    def kept(row: dict[str, str], category: str) -> tuple[str, ...]:
        status = "Prise en charge" if row["DERNIER_STATUT"] in OPEN else row["DERNIER_STATUT"]
        counts = [row[name] or "0" for name in COUNTS]
        return (row["DDS_DATE_CREATION"][:7], row["NATURE"], category, row["PROVENANCE_ORIGINALE"], *counts, status)

    def category(row: dict[str, str]) -> str:
        subject = TOWN.subject_by_code.get(subjects.get(plain(readable(row["ACTI_NOM"])), ""))
        return subject.name.fr if subject else OTHER

    account, text, rows = await published(connection, k=1)
    again = tmp_path / "published.csv"
    again.write_text(text, encoding="utf-8")
    table = tmp_path / "categories.yaml"
    table.write_text(categories(TOWN), encoding="utf-8")
    await project(connection, commits_of_file(again, read_categories(TOWN, table)), schema="again")

    assert tuple(rows[0]) == HEADER
    assert Counter(kept(row, row["ACTI_NOM"]) for row in rows) == Counter(
        kept(row, category(row)) for row in read_rows(source)
    )
    assert (account.left_out, account.generalised) == (0, {})
    assert await figures(connection, "again") == await figures(connection, "reporting")


async def test_nobody_stands_alone_in_a_publication(connection: asyncpg.Connection, tmp_path: Path) -> None:
    """POL-38: each row is like four others at least but for its id; what is too rare is left out."""
    source = tmp_path / "quarter.csv"
    every_row = read_rows(write_slice(tmp_path, 12 * ROWS))
    of_quarter = [row for row in every_row if "2023-04" <= row["DDS_DATE_CREATION"][:7] <= "2023-06"]
    with source.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(of_quarter)
    await project(connection, commits_of_file(source, read_categories(TOWN)))
    await report(connection, "2023-Q2")
    every = len(of_quarter)
    quarter = {"first": "2023-04", "last": "2023-06"}

    account, text, rows = await published(connection, **quarter)
    seen = Counter(map(without_id, rows))

    assert min(seen.values()) >= 5
    assert len(rows) + account.left_out == every
    assert account.rows.total() == len(rows) > every / 2
    for row in rows:
        assert row["DDS_DATE_CREATION"].endswith("-01")
        for name in ("RUE", "LIN_CODE_POSTAL", "LOC_LAT", "LOC_LONG", "DATE_DERNIER_STATUT"):
            assert row[name] == ""
    ids = [row["ID_UNIQUE"] for row in rows]
    assert len(set(ids)) == len(ids)
    assert [row["DDS_DATE_CREATION"] for row in rows] == sorted(row["DDS_DATE_CREATION"] for row in rows)
    assert (await published(connection, **quarter))[1] == text


def _request(name: str, **said: Any) -> Recorded:
    return fact(RequestReceived, derive_id("open", name), on(3, 5), **said)


async def test_confidential_requests_and_what_is_about_them_are_not_in_it(connection: asyncpg.Connection) -> None:
    """POL-26: they are counted in the town's own account alone."""
    access = derive_id("open", "access")
    about, other = derive_id("open", "about"), derive_id("open", "other")
    facts = [
        _request("access", kind="access_to_information", confidential=True, channel="letter"),
        fact(InteractionRecorded, about, on(3, 6), interaction_id=about, about=access, channel="email"),
        fact(InteractionRecorded, other, on(3, 6), interaction_id=other, about=None, channel="phone", subject=None),
        _request("plain", kind="suggestion", channel="voicemail", subject="library", sector="gare"),
    ]
    await project(connection, recorded(facts))

    account, text, (plain_one, contact) = await published(connection, k=1)
    told = {"NATURE": "Information", "ACTI_NOM": "Autre", "PROVENANCE_ORIGINALE": "Téléphone", "ID_UNIQUE": ""}

    assert (account.confidential, account.rows) == (1, {"Information": 1, "Commentaire": 1})
    assert told.items() <= contact.items()
    assert (plain_one["ID_UNIQUE"], plain_one["ARRONDISSEMENT_GEO"]) == ("4-000001", "gare")
    assert "Courrier" not in text.replace("PROVENANCE_COURRIER", "")


async def test_a_publication_as_of_a_day_says_what_was_known_then(connection: asyncpg.Connection) -> None:
    """POL-31: a publication of last year can be made again."""
    facts = [
        _request("one").model_copy(update={"recorded_at": on(3, 5)}),
        fact(RequestClosed, derive_id("open", "one"), on(4, 9)).model_copy(update={"recorded_at": on(4, 9)}),
    ]
    await project(connection, [Commit(n, Service.INTAKE, each.request_id, (each,)) for n, each in enumerate(facts, 1)])

    _, _, (then,) = await published(connection, k=1, as_of="2024-03-31")
    _, _, (now,) = await published(connection, k=1)

    assert (then["DERNIER_STATUT"], now["DERNIER_STATUT"]) == ("Prise en charge", "Terminée")
    assert (then["DDS_DATE_CREATION"], now["DDS_DATE_CREATION"]) == ("2024-03-01", "2024-03-01")


async def test_what_cannot_be_published_is_refused_in_words(connection: asyncpg.Connection) -> None:
    """The message says how to write it; a month that is not over would tell later what came since."""
    facts = [_request("one"), fact(RequestReceived, derive_id("open", "two"), on(6, 1))]
    await project(connection, [Commit(n, Service.INTAKE, each.request_id, (each,)) for n, each in enumerate(facts, 1)])

    for asked, told in (
        ({"first": "2024"}, "as in 2026-05"),
        ({"last": "2024-13"}, "as in 2026-05"),
        ({"last": "2024-06"}, "2024-06 was not over"),
        ({"first": "2024-06"}, "no whole month"),
    ):
        with pytest.raises(PublicationError, match=told):
            await published(connection, **asked)
    with pytest.raises(AsOfError):
        await published(connection, as_of="hier")
