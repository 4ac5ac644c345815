"""The pages: whole, French, accessible, and with the numbers of the report."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from random import Random
from typing import Any, NamedTuple

import asyncpg
import pytest
import pytest_asyncio
from tests.place import TOWN_DIR
from tests.reporting.history import history
from tests.reporting.town import TOWN, settle

from clic_chassis.town_file import read_town
from clic_reporting.core.figure import Comparison
from clic_reporting.core.french import MINUS, number
from clic_reporting.page import POLICY, STYLE, Pages
from clic_reporting.projection import ReportingProjection
from clic_reporting.report import overview, quarter_comparison

PAGES = Pages(read_town(TOWN_DIR))
VOID = {"meta", "link", "br", "rect", "line", "img"}
LATER = dt.date(2030, 1, 1)


class Figure(NamedTuple):
    """A chart, and the table with it."""

    chart: dict[str, str]
    title: str
    description: str
    values: list[str]
    rows: list[list[str]]


class Page(HTMLParser):
    """A page taken apart; anything that is not closed or refers to something outside shows here."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.figures: list[Figure] = []
        self.tables: list[list[list[str]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        values = {name: value or "" for name, value in attrs}
        self.tags.append((tag, values))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "svg" and values.get("role") == "img":
            self.figures.append(Figure(values, "", "", [], []))
        if tag == "table":
            self.tables.append([])
            if "figure" in self.open:
                self.figures[-1] = self.figures[-1]._replace(rows=self.tables[-1])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        """An element ends; it must be the one that began last."""
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without content."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Text, wherever it stands."""
        if "style" in self.open:
            return
        self.text += data
        if "svg" in self.open and self.figures:
            match self.open[-1]:
                case "title":
                    self.figures[-1] = self.figures[-1]._replace(title=data)
                case "desc":
                    self.figures[-1] = self.figures[-1]._replace(description=data)
                case "text":
                    self.figures[-1].values.append(data)
        if self.open and {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data

    def attributes(self, *names: str) -> list[str]:
        """The values of attributes of these names, in the page's order."""
        return [values[name] for _, values in self.tags for name in names if name in values]


@pytest_asyncio.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """An empty database."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def small(connection: asyncpg.Connection) -> Comparison:
    """The second quarter of the small town, which has one before it."""
    await settle(connection, *TOWN)
    return await quarter_comparison(connection, "2024-Q2")


@pytest_asyncio.fixture
async def large(connection: asyncpg.Connection) -> Comparison:
    """A quarter with everything in it."""
    await settle(connection, *TOWN)
    await ReportingProjection().apply(connection, history(Random(8), 600))
    return await quarter_comparison(connection, "2024-Q3")


def page_of(comparison: Comparison, *, today: dt.date = LATER, **more: Any) -> Page:
    return Page(PAGES.quarter(comparison, today=today, **more))


async def test_every_chart_has_a_title_a_description_and_a_table_with_its_numbers(large: Comparison) -> None:
    """POL-31, POL-35: who does not see the chart reads the same in words, and in a table."""
    page = page_of(large)

    assert page.open == []
    assert len(page.figures) == 8
    for figure in page.figures:
        assert figure.title
        assert figure.description
        labelled = figure.chart["aria-labelledby"].split()
        assert [
            values["id"] for tag, values in page.tags if tag in ("title", "desc") and values.get("id") in labelled
        ] == labelled
        cells = {cell for row in figure.rows for cell in row}
        numbers = {value for value in figure.values if re.fullmatch("[0-9\u202f]+", value)}
        if figure.chart["aria-labelledby"] != "tendance-t tendance-d":  # Its numbers are the scale's.
            assert numbers <= cells
        assert len(figure.rows) > 1
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))


async def test_the_numbers_of_the_report_are_in_the_page(large: Comparison) -> None:
    """POL-31 to POL-36."""
    page = page_of(large)
    requests, interactions = large.report.requests, large.report.interactions
    rows = {row[0]: row[1:] for table in page.tables for row in table}

    assert rows["+Reçues"] == [number(requests.received)]
    assert rows[f"{MINUS}Traitées"] == [number(requests.treated)]
    assert rows["=En attente à la fin du trimestre"] == [number(requests.pending_at_end)]
    assert rows["Plaintes"][0] in {number(requests.by_kind["complaint"]), number(requests.unusual_by_kind["complaint"])}
    assert rows["Fermées"][0] == number(requests.by_status["closed"])
    assert rows["Demandes dont le CLIC se charge lui-même"][0] == number(requests.first_line)
    assert rows["Plaintes dirigées vers la Direction générale"][0] == number(requests.to_direction_generale)
    totals = [table[-1][1] for table in page.tables if table[-1][0] == "Total"]
    assert totals.count(number(requests.received)) >= 5
    assert number(interactions.total) in totals
    assert totals[-1] == number(requests.unusual)
    for row in (each for each in page.tables if each[0][0] == "Obligation"):
        counts = large.report.obligations
        assert row[-1][1:-1] == list(
            map(
                number,
                (
                    counts.met - counts.met_assumed, counts.late - counts.late_assumed,
                    counts.met_assumed + counts.late_assumed, counts.missed, counts.open, counts.lifted,
                ),
            )
        )  # fmt: skip


async def test_a_page_is_french_and_loads_nothing(small: Comparison, connection: asyncpg.Connection) -> None:
    """It is read without a network, without scripts, and from a file."""
    front = PAGES.front(await overview(connection), today=LATER, links={"Réception": "http://127.0.0.1:8081/docs"})
    for html, outside in (
        (PAGES.quarter(small, today=LATER, linked=True), []),
        (front, ["http://127.0.0.1:8081/docs"]),
    ):
        page = Page(html)
        assert ("html", {"lang": "fr-CA"}) in page.tags
        assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
        assert page.attributes("src", "style", "onclick") == []
        assert [each for each in page.attributes("href") if "//" in each] == outside
        assert "url(" not in STYLE
        assert "@import" not in STYLE


async def test_the_policy_allows_the_style_of_the_page_and_nothing_else(small: Comparison) -> None:
    """The digest is that of the style as it stands in the page."""
    html = PAGES.quarter(small, today=LATER)
    style = html.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert POLICY.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert [values["content"] for tag, values in Page(html).tags if values.get("http-equiv")] == [POLICY]


async def test_names_are_the_towns_and_an_unknown_code_stands_for_itself(small: Comparison) -> None:
    """POL-35: names and no codes; a subject that the town removed is still counted."""
    requests = small.report.requests.model_copy(
        update={"by_subject": {"retired_subject": 3, "pothole": 2, "(none)": 1}}
    )
    page = page_of(small.model_copy(update={"report": small.report.model_copy(update={"requests": requests})}))
    subjects = next(each for each in page.figures if each.title == "Demandes reçues par sujet")

    assert [row[0] for row in subjects.rows] == ["Sujet", "retired_subject", "Nid-de-poule", "Sujet non prévu", "Total"]


async def test_what_is_assumed_is_said(connection: asyncpg.Connection, small: Comparison) -> None:
    """POL-32: older records without a date of their last status."""
    first = page_of(await quarter_comparison(connection, "2024-Q1"))

    assert "aucun dossier ne dit de quand date l’état actuel" in first.text
    assert "reprise des dossiers d’un système antérieur" in first.text
    assert "ne dit de quand date" not in page_of(small).text


async def test_a_quarter_that_is_not_over_is_called_provisional(small: Comparison) -> None:
    """POL-32: and it is compared with nothing."""
    during = page_of(small, today=dt.date(2024, 5, 2)).text
    after = page_of(small).text
    before = page_of(small, today=dt.date(2024, 3, 31)).text

    assert "Trimestre en cours\u00a0: les chiffres sont provisoires et vont jusqu’au 2\u00a0mai\u00a02024." in during
    assert "Ce trimestre n’a pas encore commencé." in before
    assert "provisoires" not in after
    assert ("trimestre précédent" in during, "trimestre précédent" in after) == (False, True)


async def test_a_page_says_what_it_was_made_from_and_how_to_make_it_again(small: Comparison) -> None:
    """Position, versions, and the two commands."""
    text = page_of(small).text

    for part in (
        number(small.report.position), small.report.versions.definition, small.report.versions.log, "0123456789ab",
        "clic rebuild", "clic report 2024-Q2 --format html",
    ):  # fmt: skip
        assert part in text
    assert PAGES.quarter(small, today=LATER) == PAGES.quarter(small, today=LATER)


async def test_an_empty_log_has_pages_too(connection: asyncpg.Connection) -> None:
    """A report of zeros, and a front page that points to the quarter of today."""
    await settle(connection)

    page = page_of(await quarter_comparison(connection, "2022-Q1"), standing="reporting stands at 0: <boom>")
    front = Page(PAGES.front(await overview(connection), today=dt.date(2026, 5, 4), links={}))

    assert page.figures == []
    assert "La Ville n’a reçu aucune demande." in page.text
    assert "Les chiffres ne sont pas mis à jour en ce moment" in page.text
    assert "<boom>" in page.text
    assert "reports/2026-Q2" in front.attributes("href")


@pytest.mark.parametrize("linked", [True, False])
async def test_a_page_in_a_file_points_nowhere(small: Comparison, linked: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Served beside the others it points to them, by relative addresses; from a file it cannot."""
    found = [each for each in page_of(small, linked=linked).attributes("href") if not each.startswith("#")]

    assert found == (["../", "2024-Q1", "2024-Q2.json"] if linked else [])


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.1."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, WCAG 2.1."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_text_and_bars_stand_out_enough(scheme: int) -> None:
    """WCAG 2.1 AA: 4.5 to 1 for text, 3 to 1 for what a chart shows. Source: SGQRI 008."""
    light, *others = [
        dict(re.findall("--([a-z-]+): (#[0-9a-f]{6})", each))
        for each in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    ]
    colours = {**light, **([{}, *others][scheme])}

    for text in ("ink", "quiet", "accent"):
        for ground in ("paper", "ground", "note"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for bar in ("first", "second", "met", "late", "assumed", "missed", "open"):
        assert contrast(colours[bar], colours["paper"]) >= 3, bar
