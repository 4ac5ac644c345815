"""English as it is set in type."""

from __future__ import annotations

import datetime as dt

import pytest

from clic_reporting.core.english import clock, counted, day, decimal, listed, number, share


@pytest.mark.parametrize(("value", "told"), [(0, "0"), (1234567, "1,234,567"), (-12, "\u221212")])
def test_numbers_have_commas(value: int, told: str) -> None:
    assert told == number(value)


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [(1, 3, "33.3%"), (0, 7, "0%"), (7, 7, "100.0%"), (1, 100_000, "<0.1%"), (99_999, 100_000, ">99.9%"), (0, 0, "–")],
)
def test_a_share_never_rounds_something_to_nothing_nor_a_part_to_the_whole(part: int, whole: int, told: str) -> None:
    assert told == share(part, whole)


def test_dates_and_words() -> None:
    at = dt.datetime(2026, 4, 1, 9, 5, tzinfo=dt.UTC)

    assert (day(at.date()), clock(at)) == ("April\u00a01, 2026", "April\u00a01, 2026, at 9:05")
    assert [counted(each, "request", "requests") for each in (0, 1, 2)] == [
        "0\u00a0requests", "1\u00a0request", "2\u00a0requests",
    ]  # fmt: skip
    assert [listed(each) for each in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b and c"]
    assert decimal(3.25) == "3.2"
