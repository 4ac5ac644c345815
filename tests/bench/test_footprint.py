"""The benchmark of what a house takes runs, at small size: each figure is there, and is one."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.footprint import compressed_bytes, measure

NAMES = ("intake", "routing", "deadlines", "reporting", "nats", "postgres")


@pytest.mark.slow
def test_it_measures_the_memory_of_each_and_the_weight_of_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "routing").mkdir()
    (tmp_path / "routing" / "file").write_bytes(bytes(2_000_000))
    monkeypatch.setenv("BENCH_IMAGES", str(tmp_path))

    found = {each.name: each.value for each in measure(load_s=2)}

    for name in NAMES:
        assert found[f"footprint.{name}_at_rest_mb"] > 1
        assert 1 < found[f"footprint.{name}_loaded_max_mb"] < 4000
    assert 2 <= found["footprint.image_routing_mb"] < 2.1
    assert 0 < found["footprint.image_routing_compressed_mb"] < 0.1
    assert compressed_bytes(tmp_path / "routing") < 100_000
