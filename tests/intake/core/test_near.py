"""What makes two requests look like the same matter, and how an agent reads it."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import given as every
from hypothesis import strategies as st

from clic_contracts.vocabulary import Language
from clic_intake.core.near import (
    CELL_LATITUDE_DEGREES,
    CELL_LONGITUDE_DEGREES,
    Reason,
    address_key,
    cell_keys,
    place_keys,
    reasons,
    said,
)

TOWN = "Ville-Imaginaire"


@pytest.mark.parametrize(
    "written",
    [
        "12, rue Inventée",
        "12 rue inventee",
        "12, RUE INVENTÉE, Ville-Imaginaire",
        "12, rue Inventée, Ville Imaginaire (Québec) J0X 0X0"[:34],
        "12, rue Inventée J0X 0X0",
        "12 Inventée St.",
    ],
)
def test_an_address_has_one_key_however_it_is_written(written: str) -> None:
    assert address_key(written, TOWN) == "12 inventee"


@pytest.mark.parametrize("other", ["14, rue Inventée", "12, rue Imaginée", "Inventée"])
def test_another_address_has_another_key(other: str) -> None:
    assert address_key(other, TOWN) != "12 inventee"


@pytest.mark.parametrize("nothing", ["", "rue", TOWN, "J0X 0X0", " , "])
def test_what_names_no_place_has_no_key(nothing: str) -> None:
    """Else every such request would look like every other."""
    assert address_key(nothing, TOWN) is None
    assert not place_keys({"address": nothing}, TOWN)


NORTH = st.floats(45, 46)
WEST = st.floats(-74, -73)


@every(NORTH, WEST, st.floats(-1, 1), st.floats(-1, 1))
def test_two_points_within_a_cell_of_each_other_are_near(
    latitude: float, longitude: float, north: float, east: float
) -> None:
    own, around = cell_keys(latitude, longitude)
    other, _ = cell_keys(
        latitude + north * CELL_LATITUDE_DEGREES * 0.99, longitude + east * CELL_LONGITUDE_DEGREES * 0.99
    )
    assert other in {own, *around}
    assert len(around) == 8


@every(NORTH, WEST)
def test_a_point_three_cells_away_is_not_near(latitude: float, longitude: float) -> None:
    own, around = cell_keys(latitude, longitude)
    assert cell_keys(latitude + 3 * CELL_LATITUDE_DEGREES, longitude)[0] not in {own, *around}


def test_a_place_is_found_by_its_address_and_by_its_point() -> None:
    keys = place_keys({"address": "12, rue Inventée", "latitude": 45.56, "longitude": -73.19}, TOWN)
    assert keys.address == "12 inventee"
    assert keys.cell is not None
    assert place_keys({"latitude": 45.56}, TOWN).cell is None


def test_each_reason_is_said_in_words() -> None:
    """The nearest reason stands for the others of its sort."""
    found = reasons(same_address=True, near_place=True, same_sector=True)
    assert found == (Reason.SAME_ADDRESS, Reason.SAME_SECTOR, Reason.SAME_SUBJECT, Reason.RECENT)
    assert reasons(same_address=False, near_place=True, same_sector=False)[0] is Reason.NEAR_PLACE
    apart = dt.timedelta(days=-3)
    french = [said(each, apart, Language.FR) for each in Reason]
    assert "reçue à 3\u00a0j d’écart" in french
    assert not any(re.search(r"\d (j|m)\b", each) for each in french)
    assert said(Reason.RECENT, apart, Language.EN) == "received 3 day(s) apart"
