"""The benchmark of backups runs, at a size at which its figures mean nothing."""

from __future__ import annotations

import pytest
from bench.keeping import measure


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_small_town_is_backed_up_restored_and_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every figure is there, and none of them nothing."""
    monkeypatch.setenv("BENCH_EVENTS", "1000")

    found = {each.name.removeprefix("keeping."): each.value for each in measure()}

    assert found["facts"] >= 1_000
    assert {"backup_facts_per_s", "backup_mb_per_s", "restore_facts_per_s", "restore_mb_per_s"} <= found.keys()
    assert all(value > 0 for name, value in found.items() if name != "backup_peak_more_mb")
