"""What the benchmark of the rebuild stands on: a town that grows by steps, a rebuild that is watched from outside."""

from __future__ import annotations

import asyncio
import shutil

import pytest
from bench.large_town import NoRoomError, open_large_town
from bench.reading import bare_read_s
from bench.rebuild_run import RebuildFailedError, run_rebuild
from bench.rebuilding import SIZES, label, sizes


@pytest.mark.slow
def test_a_town_grows_by_steps_and_is_rebuilt_at_each() -> None:
    """A step goes on where the one before ended; servers and folder are gone at the end."""
    with open_large_town(3_000) as town:
        for events in (1_000, 3_000):
            asyncio.run(town.grow(events))
            run = run_rebuild(town.nats.url, asyncio.run(town.database("reporting")), town.pids)

            assert events <= town.source.events == run.progress.events < events + 10
            assert town.source.commits == asyncio.run(town.commits()) == run.progress.commits
            assert run.peak_mb > 10
            assert {"rebuild", "nats", "postgres"} == run.cpu_s.keys()
            assert {"read", "decode", "fold", "write"} <= run.progress.parts.keys()
        assert asyncio.run(bare_read_s(town.nats.url, town.source.commits)) > 0
        with pytest.raises(RebuildFailedError, match="PostgreSQL"):
            run_rebuild(town.nats.url, town.postgres.url_of("nowhere"), {})
    assert not town.folder.exists()
    assert not town.nats.running
    assert not town.postgres.running


def test_a_disk_that_is_too_full_is_told_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 99, 1))

    with pytest.raises(NoRoomError, match=r"10,000,000 facts need up to 16 GB.*TMPDIR"), open_large_town(10_000_000):
        pass


def test_sizes_come_from_the_environment_and_have_short_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BENCH_EVENTS", raising=False)
    assert sizes() == SIZES
    monkeypatch.setenv("BENCH_EVENTS", "500_000,200000")
    assert sizes() == (200_000, 500_000)
    assert [label(each) for each in (200_000, 10_000_000, 1_500)] == ["200k", "10m", "1500"]
    monkeypatch.setenv("BENCH_EVENTS", "0")
    with pytest.raises(ValueError, match="positive"):
        sizes()
