"""Killed at random points: the same rows at the end. `python -m tests.reporting.soak` does it for longer."""

from __future__ import annotations

import pytest
from tests.reporting.soak import VICTIMS, soak

from clic_chassis.testing import open_folder


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_the_rows_are_the_same_however_often_what_makes_them_is_killed() -> None:
    """The service, NATS, PostgreSQL and a rebuild, while the log is written.

    Not in `tmp_path`: any other pytest that begins closes the folder above it to PostgreSQL's own user.
    """
    with open_folder() as folder:
        killed = await soak(folder, kills=6, seed=7)

    assert killed.total() == 6
    assert set(killed) == set(VICTIMS)
