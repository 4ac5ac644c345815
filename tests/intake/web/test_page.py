"""What pages are made of: in which language, with which dates, and what of a text becomes markup."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from starlette.datastructures import FormData

from clic_chassis.language import preferred
from clic_contracts.vocabulary import Language
from clic_intake.web import Filled, Words
from clic_intake.web.page import paragraphs

ZONE = ZoneInfo("America/Toronto")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", Language.FR),
        ("de,es;q=0.5", Language.FR),
        ("en-CA", Language.EN),
        ("en-CA,fr-CA;q=0.9", Language.EN),
        ("fr-CA,fr;q=0.9,en;q=0.8", Language.FR),
        ("en;q=0.5, fr;q=0.5", Language.FR),
        ("en;q=x", Language.FR),
        ("*", Language.FR),
    ],
)
def test_french_comes_first_unless_the_browser_prefers_english(header: str, expected: Language) -> None:
    assert preferred(header) is expected


def test_dates_are_those_of_the_town_and_set_as_the_language_sets_them() -> None:
    late = dt.datetime(2026, 4, 2, 3, 5, tzinfo=dt.UTC)  # 23 h 05 of the day before, in the town

    assert Words(Language.FR, ZONE).clock(late) == "1er\u00a0avril\u00a02026 à 23\u00a0h\u00a005"
    assert Words(Language.EN, ZONE).clock(late) == "April\u00a01, 2026, at 23:05"


def test_a_count_is_singular_below_two_in_french_and_at_one_in_english() -> None:
    said = [Words(each, ZONE).counted(n, "jour", "jours") for each in (Language.FR, Language.EN) for n in (0, 1, 2)]

    assert said == [
        f"{n}\u00a0{word}"
        for n, word in zip([0, 1, 2] * 2, ["jour", "jour", "jours", "jours", "jour", "jours"], strict=True)
    ]


def test_a_text_becomes_paragraphs_and_lists_and_nothing_else_of_it_is_markup() -> None:
    assert paragraphs("Un <b>mot</b>\nou deux :\n- l'un\n- l'autre\n\nFin.") == (
        "<p>Un &lt;b&gt;mot&lt;/b&gt; ou deux :</p>\n<ul><li>l&#39;un</li><li>l&#39;autre</li></ul>\n<p>Fin.</p>"
    )


def test_what_was_filled_in_is_kept_with_plain_line_ends_and_files_are_not() -> None:
    filled = Filled.of(FormData([("text", "a\r\nb"), ("many", "x"), ("many", "y")]))

    assert filled.value("text") == "a\nb"
    assert filled.all("many") == ("x", "y")
    assert list(filled.kept(["many", "none"])) == [("many", "x"), ("many", "y")]


def test_what_was_typed_is_set_as_type() -> None:
    """An apostrophe, and the spaces that French does not break; what stands well already stays."""
    said = Words(Language.FR, ZONE)("L'eau : « bonne », à 20 % ?", "")

    assert said == "L’eau\u00a0: «\u00a0bonne\u00a0», à 20\u00a0%\u00a0?"
    assert Words(Language.FR, ZONE)(said, "") == said
