"""The watcher goes on watching, whatever happens to what it watches."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import monotonic

import psutil
import pytest
from tests.place import TOWN_DIR

from clic.folder import Folder
from clic.supervisor import RESTART_MAX_S, Supervisor, _Watched
from clic_chassis.embedded.server_process import ServerProcess
from clic_chassis.town_file import read_town


@pytest.fixture
def ended() -> ServerProcess:
    """A process that was."""
    popen = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    process = psutil.Process(popen.pid)
    popen.communicate()
    return ServerProcess(popen.pid, process, popen)


@pytest.fixture
def said() -> list[str]:
    """What the supervisor tells."""
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Supervisor:
    """One that has started nothing yet."""
    return Supervisor(Folder(tmp_path), read_town(TOWN_DIR), TOWN_DIR, said.append)


def test_a_service_that_ends_again_and_again_for_days_is_still_started_again(
    supervisor: Supervisor, ended: ServerProcess
) -> None:
    watched = _Watched(ended, monotonic(), endings=100_000)
    supervisor._look_after("routing", watched)
    assert watched.restart_at is not None
    assert 0 < watched.restart_at - monotonic() <= RESTART_MAX_S


def test_what_cannot_be_started_now_is_told_and_does_not_end_the_watching(
    supervisor: Supervisor, ended: ServerProcess, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the machine has no room for another process."""
    looks: list[str] = []

    def launch(service: str) -> ServerProcess:
        looks.append(service)
        if len(looks) > 1:
            supervisor._stopping.set()
        raise BlockingIOError(11, "no room for another process")

    monkeypatch.setattr(supervisor, "_launch", launch)
    monkeypatch.setattr("clic.supervisor.WATCH_EVERY_S", 0.001)
    supervisor._watched["routing"] = _Watched(ended, monotonic(), endings=1, restart_at=monotonic())
    supervisor._watch()
    assert looks == ["routing", "routing"]
    assert any("no room for another process" in each for each in said)
