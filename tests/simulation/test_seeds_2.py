"""The second quarter of a thousand simulated years; a file of its own, so that workers share them."""

from __future__ import annotations

import pytest
from tests.simulation.run import assert_well


@pytest.mark.parametrize("first", range(250, 500, 50))
def test_every_obligation_ends_as_the_oracle_says(first: int) -> None:
    """Through outages of every part, two instances, late facts and repeated deliveries (POL-13 to POL-29)."""
    assert_well(range(first, first + 50))
