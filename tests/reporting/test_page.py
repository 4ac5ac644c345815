"""The pages: whole, French, accessible, and with the numbers of the report."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from html.parser import HTMLParser
from typing import NamedTuple

import pytest
from tests.reporting.counted import KNOWN_AT, LEARNINGS, VERSIONS, comparison, counted, internal
from tests.reporting.projected import town

from clic_contracts.vocabulary import Language
from clic_reporting.core.counting import Counted, balances
from clic_reporting.core.document import Document, written
from clic_reporting.core.figure import Assumed, Overview
from clic_reporting.core.language import FRENCH as WORDS
from clic_reporting.page import POLICY, STYLE, Pages, links_of

PAGES = Pages(town())
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


FRENCH, ANNUAL, ENGLISH = (
    internal(comparison("2026-Q2", counted())),
    internal(comparison("2025", counted())),
    internal(comparison("2026-Q2", counted()), Language.EN),
)


@pytest.mark.parametrize("document", [FRENCH, ANNUAL, ENGLISH], ids=["quarter", "year", "english"])
def test_every_chart_has_a_title_a_description_and_a_table_with_its_numbers(document: Document) -> None:
    """POL-31, POL-35: who does not see the chart reads the same in words, and in a table."""
    page = Page(PAGES.report(document))

    assert page.open == []
    assert len(page.figures) == sum(table.chart is not None for table in document.tables) >= 9
    for figure in page.figures:
        assert figure.title
        assert len(figure.description) > 30
        labelled = figure.chart["aria-labelledby"].split()
        assert [
            values["id"] for tag, values in page.tags if tag in ("title", "desc") and values.get("id") in labelled
        ] == labelled
        cells = {cell for row in figure.rows for cell in row}
        numbers = {value for value in figure.values if re.fullmatch("[0-9\u202f,]+", value)}
        if figure.chart["aria-labelledby"] != "quarters-t quarters-d":  # Its numbers are the scale's.
            others = numbers - cells  # Those drawn together stand in several rows.
            assert len(others) <= 1
        assert len(figure.rows) > 1
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("document", [FRENCH, ANNUAL], ids=["quarter", "year"])
def test_every_table_of_the_report_is_in_the_page(document: Document) -> None:
    """POL-31 to POL-39: one definition; the page leaves nothing out."""
    page = Page(PAGES.report(document))

    for table in document.tables:
        rows = [
            [
                row.title,
                *(written(cell, column.unit, WORDS) for column, cell in zip(table.columns, row.cells, strict=True)),
            ]
            for row in table.rows
        ]
        assert [[table.heading, *(column.title for column in table.columns)], *rows] in page.tables, table.key
    for sentence in document.highlights:
        assert sentence in page.text
    assert LEARNINGS[0]["text"] in page.text or document is ANNUAL


def test_the_annual_report_has_its_quarters_beside_each_other() -> None:
    """POL-31."""
    received = next(table for table in ANNUAL.tables if table.key == "by_kind")

    assert [column.title.replace("\u00a0", " ") for column in received.columns] == [
        "T1 2025", "T2 2025", "T3 2025", "T4 2025", "2025", "Part", "2024",
    ]  # fmt: skip
    for row in received.rows:
        first, second, third, fourth, year, *_ = (cell.value for cell in row.cells)
        assert year == sum(int(each or 0) for each in (first, second, third, fourth))


def test_pages_are_french_unless_asked_and_load_nothing() -> None:
    """They are read without a network, without scripts, and from a file."""
    links = links_of(comparison("2026-Q2", counted()), Language.FR, {})
    overview = Overview(quarters=balances(counted()), position=1, updated_at=KNOWN_AT, versions=VERSIONS)
    front = PAGES.front(overview, today=LATER, links={"Réception": "http://127.0.0.1:8081/docs"})
    for html, lang, outside in (
        (PAGES.report(FRENCH, links=links), "fr-CA", []),
        (PAGES.report(ENGLISH, links=links), "en-CA", []),
        (front, "fr-CA", ["http://127.0.0.1:8081/docs"]),
        (PAGES.missing("2026-Q3"), "fr-CA", []),
    ):
        page = Page(html)
        assert page.open == []
        assert ("html", {"lang": lang}) in page.tags
        assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
        assert page.attributes("src", "style", "onclick") == []
        assert [each for each in page.attributes("href") if "//" in each] == outside
        assert "url(" not in STYLE
        assert "@import" not in STYLE


def test_the_policy_allows_the_style_of_the_page_and_nothing_else() -> None:
    """The digest is that of the style as it stands in the page."""
    html = PAGES.report(FRENCH)
    style = html.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert POLICY.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert [values["content"] for tag, values in Page(html).tags if values.get("http-equiv")] == [POLICY]


def test_names_are_the_towns_and_an_unknown_code_stands_for_itself() -> None:
    """POL-35: names and no codes; a subject that the town removed is still counted."""
    sample = comparison("2026-Q2", counted())
    requests = sample.report.requests.model_copy(
        update={"by_subject": {"retired_subject": 30_000, "pothole": 20_000, "(none)": 10_000}}
    )
    report = sample.report.model_copy(update={"requests": requests})
    subjects = next(t for t in internal(sample.model_copy(update={"report": report})).tables if t.key == "by_subject")

    assert [row.title for row in subjects.rows][:3] == ["retired_subject", "Nid-de-poule", "Sujet non prévu"]


def test_a_period_that_the_log_has_not_gone_past_is_called_provisional() -> None:
    """POL-32: and it is compared with nothing. Told by the log and not by the clock, so that it can be told again."""
    known = {"known_at": dt.datetime(2026, 5, 2, 16, tzinfo=dt.UTC)}
    sample = comparison("2026-Q2", counted())
    during = internal(sample.model_copy(update={"report": sample.report.model_copy(update=known)}))
    before = internal(comparison("2027-Q1", counted()))

    assert during.notes == (
        "Trimestre en cours\u00a0: les chiffres sont provisoires et vont jusqu’au 2\u00a0mai\u00a02026.",
    )
    assert before.notes == ("Ce trimestre n’a pas encore commencé.",)
    assert FRENCH.notes == ()
    assert ("trimestre précédent" in during.highlights[0], "trimestre précédent" in FRENCH.highlights[0]) == (
        False,
        True,
    )


def test_a_page_says_what_it_was_made_from_and_how_to_make_it_again() -> None:
    """Position, versions, checksum, and the two commands."""
    page = Page(PAGES.report(FRENCH))

    for part in (
        "48\u202f213", VERSIONS.definition, VERSIONS.indicators, VERSIONS.log, "0123456789ab", FRENCH.checksum,
        "clic rebuild", "clic report 2026-Q2 --edition internal --as-of 48213", "Édition interne – chiffres exacts",
    ):  # fmt: skip
        assert part in page.text
    assert PAGES.report(FRENCH) == PAGES.report(FRENCH)


def test_the_checksum_is_of_the_figures_and_the_same_in_both_languages() -> None:
    """Whoever holds two files can tell whether they say the same."""
    sample = comparison("2026-Q2", counted())
    one_more = sample.report.requests.model_copy(update={"transfers": sample.report.requests.transfers + 1})
    other = sample.model_copy(update={"report": sample.report.model_copy(update={"requests": one_more})})

    assert FRENCH.checksum == ENGLISH.checksum
    assert internal(other).checksum != FRENCH.checksum
    assert ANNUAL.checksum != FRENCH.checksum


def test_what_is_assumed_is_said() -> None:
    """POL-32: older records without a date of their last status."""
    sample = comparison("2024-Q1", counted())
    assumed = sample.report.model_copy(update={"assumed": Assumed(outcomes=3, treatments=2, obligations=1)})

    told = " ".join(internal(sample.model_copy(update={"report": assumed})).assumed)

    assert "aucun dossier ne dit de quand date l’état actuel" in told
    assert "reprises des dossiers d’un système antérieur" in told
    assert "1\u00a0obligation de ces demandes est comptée comme tenue" in told


def test_an_empty_log_has_pages_too() -> None:
    """A report of zeros, and a front page that points to the quarter of today."""
    empty = Counted(movements=[], interactions=[])
    document = internal(comparison("2022-Q1", empty).model_copy(update={"before": None, "year_before": None}))
    overview = Overview(quarters=(), position=0, updated_at=KNOWN_AT, versions=VERSIONS)

    page = Page(PAGES.report(document, standing="reporting stands at 0: <boom>"))
    front = Page(PAGES.front(overview, today=dt.date(2026, 5, 4), links={}))

    assert page.figures == []
    assert "La Ville n’a reçu aucune demande." in page.text
    assert "Les chiffres ne sont pas mis à jour en ce moment" in page.text
    assert "<boom>" in page.text
    assert "reports/2026-Q2" in front.attributes("href")


def test_a_page_points_to_the_others_by_relative_addresses_and_in_a_file_nowhere() -> None:
    """What it was asked by goes along."""
    sample = comparison("2026-Q2", counted())
    links = [each.href for each in links_of(sample, Language.FR, {"as_of": "2026-07-15"})]
    public = [each.href for each in links_of(sample, Language.EN, {}, only={"2026-Q1", "2026-Q2"})]

    assert [each for each in Page(PAGES.report(FRENCH)).attributes("href") if not each.startswith("#")] == []
    assert links == [
        "../", "2026-Q1?as_of=2026-07-15", "2026-Q3?as_of=2026-07-15", "2026?as_of=2026-07-15",
        *(f"2026-Q2.{each}?as_of=2026-07-15" for each in ("pdf", "xlsx", "csv", "parquet", "json")),
        "2026-Q2?as_of=2026-07-15&language=en",
    ]  # fmt: skip
    assert public[:2] == ["../", "2026-Q1"]
    assert "2026-Q3" not in public


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
    for bar in ("first", "second", "met", "late", "assumed", "missed", "overdue", "open"):
        assert contrast(colours[bar], colours["paper"]) >= 3, bar
