"""A register as files: what they hold, who can read them, and that they are made again the same."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from typing import Any

import openpyxl
import pytest
from playwright.async_api import Browser
from pypdf import PdfReader
from tests.axe import violations
from tests.intake.core.story import TORONTO

from clic_contracts.town import Town
from clic_contracts.vocabulary import AccessNature, Language, ReviewOutcome
from clic_intake.access_register.document import Form, rendered
from clic_intake.access_register.reading import AccessRegister
from clic_intake.access_register.table import told
from clic_intake.core.access_register import Account, Line, Outcome
from clic_intake.web import Words

FRENCH, ENGLISH = Words(Language.FR, TORONTO), Words(Language.EN, TORONTO)
MADE_AT = dt.datetime(2026, 12, 31, 15, 0, tzinfo=dt.UTC)


def line(number: int, days: int | None = 12, **changes: Any) -> Line:
    received_on = dt.date(2026, 2, 2) + dt.timedelta(days=number)
    said: dict[str, Any] = {
        "number": f"2026-{number:06d}",
        "received_on": received_on,
        "written": True,
        "nature": AccessNature.ADMINISTRATIVE_DOCUMENTS,
        "decided_on": None if days is None else received_on + dt.timedelta(days=days),
        "delay_days": days,
        "extended": False,
        "third_party": False,
        "outcome": Outcome.GRANTED if days is not None else Outcome.PENDING,
        "deemed_refused": False,
        "in_time": None if days is None else days <= 20,
        "provisions": (),
        "review_requested": False,
        "review_outcome": None,
    }
    return Line(**{**said, **changes})


def register(*lines: Line, behind: int = 0) -> AccessRegister:
    account = Account()
    for each in lines:
        account.add(each)
    return AccessRegister(2026, MADE_AT, 4711, behind, lines, account)


YEAR = register(
    line(1),
    line(2, 25, extended=True, third_party=True, outcome=Outcome.PARTIAL,
         provisions=("A-2.1, art. 9", "A-2.1, art. 53")),
    line(3, 40, outcome=Outcome.REFUSED, deemed_refused=True, provisions=("A-2.1, art. 53", ""), review_requested=True,
         review_outcome=ReviewOutcome.UPHELD),
    line(4, 3, nature=AccessNature.PERSONAL_INFORMATION, written=False),
    line(5, None, nature=None, review_requested=True),
)  # fmt: skip


def test_the_account_is_laid_out_as_the_commission_asks_for_it(town: Town) -> None:
    """Received by nature, decided by delay and nature, decisions by nature, provisions, reviews (A-2.1, r. 2)."""
    received, delays, decisions, provisions, reviews, _ = told(YEAR, town, FRENCH).account

    assert received.rows == (
        ("Documents administratifs", 3),
        ("Renseignements personnels", 1),
        ("Rectification", 0),
        ("Nature à préciser", 1),
        ("Total", 5),
    )
    assert delays.rows == (
        ("De 0 à 20 jours", 1, 1, 0, 0, 2),
        ("De 21 à 30 jours", 1, 0, 0, 0, 1),
        ("31 jours et plus", 1, 0, 0, 0, 1),
        ("Total", 3, 1, 0, 0, 4),
    )
    assert decisions.rows[-1] == ("Total", 3, 1, 0, 1, 5)
    assert provisions.rows == (
        ("A-2.1, art. 9", 0, 1, 0, 1),
        ("A-2.1, art. 53", 1, 1, 0, 2),
        ("Autre disposition (voir le dossier)", 1, 0, 0, 1),
    )
    assert reviews.rows == (
        ("Décision de la Ville maintenue", 1),
        ("Décision de la Ville infirmée", 0),
        ("Décision infirmée en partie", 0),
        ("Entente entre les parties", 0),
        ("Demande de révision retirée", 0),
        ("Pas encore décidée", 1),
        ("Total", 2),
    )


def test_csv_has_a_line_a_request(town: Town) -> None:
    """RFC 4180; Excel reads its accents."""
    raw = rendered(YEAR, town, FRENCH, Form.CSV)
    head, *rows = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))

    assert raw.startswith("\ufeff".encode())
    assert (len(head), len(rows)) == (15, 5)
    assert rows[2] == [
        "2026-000003", "2026-02-05", "écrite", "Documents administratifs", "2026-03-17", "40", "31 jours et plus",
        "non", "non", "Refusée", "oui", "non", "A-2.1, art. 53 ; Autre disposition (voir le dossier)", "oui",
        "Décision de la Ville maintenue",
    ]  # fmt: skip


def test_a_workbook_has_the_account_and_the_register_with_days_as_days(town: Town) -> None:
    """Two sheets that a spreadsheet can count in."""
    book = openpyxl.load_workbook(io.BytesIO(rendered(YEAR, town, FRENCH, Form.XLSX)))
    sheet = book["Registre"]

    assert book.sheetnames == ["Bilan annuel", "Registre"]
    assert sheet.max_row == 6
    assert sheet["B2"].value == dt.datetime(2026, 2, 3)  # noqa: DTZ001 - a day in a spreadsheet has no zone
    assert sheet["F3"].value == 25
    told_words = [cell.value for row in book["Bilan annuel"].iter_rows() for cell in row if cell.value is not None]
    assert "Demandes reçues, selon leur nature" in told_words


def test_json_names_its_fields_and_codes(town: Town) -> None:
    """For machines: codes of closed lists, and the account's tables."""
    whole = json.loads(rendered(YEAR, town, FRENCH, Form.JSON))

    assert (whole["year"], whole["position"], len(whole["requests"])) == (2026, 4711, 5)
    assert whole["requests"][1]["outcome"] == "partial"
    assert whole["requests"][1]["delay_class"] == "21_30"
    assert [each["key"] for each in whole["account"]] == [
        "received", "delays", "decisions", "provisions", "reviews", "besides",
    ]  # fmt: skip


@pytest.mark.parametrize("words", [FRENCH, ENGLISH], ids=["fr", "en"])
def test_a_pdf_is_tagged_and_tells_every_request(town: Town, words: Words) -> None:
    """PDF/UA-1, in both languages; nothing but fonts of its own."""
    reader = PdfReader(io.BytesIO(rendered(YEAR, town, words, Form.PDF)))
    text = "\n".join(page.extract_text() for page in reader.pages)

    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).startswith(words.language.value)
    assert all(each.number in text for each in YEAR.lines)
    assert words("Demandes de révision à la Commission", "Reviews asked of the Commission") in text


@pytest.mark.parametrize("form", list(Form))
def test_a_file_that_is_made_again_is_the_same(town: Town, form: Form) -> None:
    """Nothing of a clock, a machine or chance is in it."""
    assert rendered(YEAR, town, FRENCH, form) == rendered(YEAR, town, FRENCH, form)


@pytest.mark.parametrize("form", list(Form))
def test_an_empty_year_is_a_register_too(town: Town, form: Form) -> None:
    """A town that nobody asked anything of accounts for that."""
    assert rendered(register(), town, ENGLISH, form)


def test_a_register_that_is_behind_says_so(town: Town) -> None:
    """Whoever files it has to know."""
    assert "12 inscriptions" in told(register(line(1), behind=12), town, FRENCH).warning
    assert told(YEAR, town, FRENCH).warning == ""


@pytest.mark.slow
async def test_axe_finds_nothing_on_the_html_file(browser: Browser, town: Town) -> None:
    """WCAG 2.1 AA, on a telephone too."""
    page = await browser.new_page()
    await page.set_content(rendered(YEAR, town, FRENCH, Form.HTML).decode())
    found = await violations(page)
    await page.close()

    assert found == []
