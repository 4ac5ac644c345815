"""Killed at random points: the same rows at the end. `python -m tests.reporting.soak` does it for longer."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.reporting.soak import VICTIMS, soak


@pytest.mark.slow
async def test_the_rows_are_the_same_however_often_what_makes_them_is_killed(tmp_path: Path) -> None:
    """The service, NATS, PostgreSQL and a rebuild, while the log is written."""
    killed = await soak(tmp_path, kills=6, seed=7)

    assert killed.total() == 6
    assert set(killed) == set(VICTIMS)
