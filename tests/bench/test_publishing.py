"""The benchmark of publishing runs, at small size: each figure is there, and is one."""

from __future__ import annotations

import pytest
from bench.publishing import Size, measure


@pytest.mark.slow
def test_it_measures_each_way_in_and_fairness() -> None:
    found = {each.name: each.value for each in measure(Size(publishers=(1, 2), seconds=0.3, flood=200, beside=4))}
    for way in ("nats", "http"):
        for count in (1, 2):
            assert found[f"publish.{way}_{count}_per_s"] > 0
            assert 0 < found[f"publish.{way}_{count}_p50"] <= found[f"publish.{way}_{count}_p99"]
    assert 0 < found["fairness.alone_p50"] <= found["fairness.alone_p99"]
    assert 0 < found["fairness.beside_flood_p50"] <= found["fairness.beside_flood_p99"]
    assert found["fairness.flood_left"] >= 0
