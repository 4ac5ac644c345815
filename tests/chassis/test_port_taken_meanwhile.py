"""A port that was free when it was chosen may be taken when PostgreSQL binds it."""

from __future__ import annotations

import socket

import pytest

from clic_chassis.embedded import free_port, postgres, standby, start_postgres
from clic_chassis.embedded.standby import start_standby
from clic_chassis.testing import open_folder


@pytest.mark.slow
def test_a_port_that_somebody_took_meanwhile_is_left_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a primary and of a standby; nobody asked for that one."""
    with open_folder() as folder, socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        for module in (postgres, standby):
            monkeypatch.setattr(module, "free_port", iter([taken, free_port(), free_port()]).__next__)
        primary = start_postgres(folder / "one")
        try:
            follower = start_standby(primary, folder / "two")
            follower.stop()
            assert taken not in (primary.port, follower.port)
        finally:
            primary.kill()
