"""French as it is set in type."""

from __future__ import annotations

import datetime as dt

import pytest

from clic_reporting.core.french import apostrophes, capital, counted, day, listed, number, share, shortened


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0"), (999, "999"), (1234, "1\u202f234"), (1234567, "1\u202f234\u202f567"), (-12, "\u221212")],
)
def test_numbers_have_thin_spaces_that_do_not_break(value: int, told: str) -> None:
    assert told == number(value)


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (1, 3, "33,3\u00a0%"),
        (0, 7, "0\u00a0%"),
        (7, 7, "100,0\u00a0%"),
        (1, 100_000, "<\u00a00,1\u00a0%"),
        (99_999, 100_000, ">\u00a099,9\u00a0%"),
        (0, 0, "–"),
    ],
)
def test_a_share_never_rounds_something_to_nothing_nor_a_part_to_the_whole(part: int, whole: int, told: str) -> None:
    assert told == share(part, whole)


def test_the_first_of_a_month_is_an_ordinal() -> None:
    assert (day(dt.date(2022, 4, 1)), day(dt.date(2022, 12, 31))) == (
        "1er\u00a0avril\u00a02022",
        "31\u00a0décembre\u00a02022",
    )


def test_a_noun_is_singular_below_two() -> None:
    assert [counted(each, "demande", "demandes") for each in (0, 1, 2)] == [
        "0\u00a0demande",
        "1\u00a0demande",
        "2\u00a0demandes",
    ]


def test_small_words() -> None:
    assert [listed(each) for each in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a et b", "a, b et c"]
    assert (capital("élan vital"), capital("")) == ("Élan vital", "")
    assert (shortened("Chaussée et pavage", 9), shortened("Graffiti", 9)) == ("Chaussée…", "Graffiti")
    assert apostrophes("Salubrité d'un logement") == "Salubrité d’un logement"
