"""`clic up`, `down` and `status` as a person runs them: real processes, real servers, one folder."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg
import httpx
import psutil
import pytest

from clic.admission import admit
from clic.connection import checked_nats_url, read_installation
from clic.folder import Folder, FolderError, Running, RunningError
from clic.nats_config import SERVICES, users
from clic.servers import database_url, without_clic
from clic_chassis.testing import MonitoredServer, Server, open_folder
from clic_intake.publisher_admission import Admitted, read_admission

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

UP_TIMEOUT_S = 150


def clic(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a folder."""
    return subprocess.run(
        [sys.executable, "-m", "clic", *arguments],
        env={**without_clic(os.environ), "CLIC_DIR": str(folder), "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=UP_TIMEOUT_S,
        check=False,
    )


def supervisor(folder: Path) -> psutil.Process:
    """The process that watches."""
    running = Folder(folder).running()
    assert running is not None
    process = running.process()
    assert process is not None
    return process


def pids(folder: Path) -> dict[str, int]:
    """Servers and services by name, as they are recorded; without one that is just being started again."""
    recorded = {}
    for path in folder.glob("*/process.json"):
        with suppress(FileNotFoundError):  # Its record is removed with it, between the listing and the reading.
            recorded[path.parent.name] = json.loads(path.read_text())["pid"]
    return recorded


def alive(folder: Path) -> list[str]:
    """Which of them live."""
    return sorted(name for name, pid in pids(folder).items() if psutil.pid_exists(pid))


def submit(folder: Path, event_id: str) -> Any:
    """Hand in a submission over HTTP as the portal; the receipt."""
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": "/essai/up",
        "type": "submission.request.v1",
        "time": "2026-05-15T09:30:00-04:00",
        "data": {
            "kind": "report",
            "channel": "web_form",
            "subject": "pothole",
            "text": "Nid-de-poule imaginaire.",
            "requester": {"name": "Camille Exemple", "email": "camille@exemple.invalid"},
        },
    }
    token = (folder / "agent.token").read_text().strip()
    url = f"{read_installation(folder).services['intake']}/events"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
    return httpx.post(url, json=event, headers=headers, timeout=20, trust_env=False).json()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of an installation, stopped and removed at the end."""
    with open_folder() as path:
        place = path / "clic d’été [/]"  # As people name folders, and as a terminal's markup would be misread.
        yield place
        if place.exists():
            assert clic(place, "down").returncode == 0


def test_it_starts_says_so_when_started_twice_survives_a_kill_and_stops(folder: Path) -> None:
    started = clic(folder, "up", "--detach", "--no-seed")
    assert started.returncode == 0, started.stdout + started.stderr
    [url] = re.findall(r"http://\S+", started.stdout)
    assert f"export CLIC_DIR={shlex.quote(str(folder.resolve()))}\n" in started.stdout, "commands find it by that"
    assert httpx.get(url, timeout=20, trust_env=False).is_success
    assert alive(folder) == sorted(["nats", "postgres", *SERVICES])
    tokens = {"agent.token", "reviewer.token", "administrator.token"}
    private = {"master.key", "secrets.json", "connection.json", "agents.json", "nkeys", "nkeys/intake.nk"} | tokens
    assert {name: (folder / name).stat().st_mode & 0o077 for name in private} == dict.fromkeys(private, 0)

    again = clic(folder, "up", "--detach", "--no-seed")
    assert again.returncode == 1
    assert "already" in again.stderr
    assert url in again.stderr

    status = clic(folder, "status")
    assert status.returncode == 0
    assert status.stdout.count("ready") == len(SERVICES)

    first = submit(folder, "avant")
    assert first["status"] == "accepted"

    # As when the machine's memory runs out: the supervisor is gone, what it started is not.
    supervisor(folder).kill()
    assert "nobody watches" in clic(folder, "status").stdout
    restarted = clic(folder, "up", "--detach", "--no-seed")
    assert restarted.returncode == 0, restarted.stdout + restarted.stderr
    assert url in restarted.stdout, "the address stays the same"
    assert submit(folder, "avant")["status"] == "known"
    assert submit(folder, "apres")["reference"] > first["reference"]

    stopped = clic(folder, "down")
    assert stopped.returncode == 0, stopped.stderr
    assert alive(folder) == []
    assert clic(folder, "status").returncode == 1


def test_ctrl_c_stops_what_has_started_and_twice_does_not_leave_half_of_it(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "clic", "up", "--no-seed"],
        env={**without_clic(os.environ), "CLIC_DIR": str(folder), "COLUMNS": "160"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "services start" in line:
            break
    process.send_signal(signal.SIGINT)
    for line in process.stdout:
        if "stopping" in line:
            break
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=UP_TIMEOUT_S)
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert "everything is kept in" in rest
    assert alive(folder) == []


def test_status_during_a_first_start_says_how_far_it_is(tmp_path: Path) -> None:
    folder, own = Folder(tmp_path), psutil.Process()
    folder.hold()
    folder.say(
        Running(pid=own.pid, created_at=own.create_time(), state="starting", message="quarter", done=3, total=10)
    )
    told = clic(tmp_path, "status")
    assert (told.returncode, told.stdout) == (1, "")
    assert f"process {own.pid} is at work: quarter (3 of 10)" in told.stderr
    folder.release()


def test_who_let_go_of_a_folder_says_nothing_in_it_any_more(tmp_path: Path) -> None:
    """It may be somebody else's by then."""
    folder, own = Folder(tmp_path), psutil.Process()
    folder.hold()
    folder.release()
    folder.say(Running(pid=own.pid, created_at=own.create_time(), state="starting"))
    assert folder.running() is None


def test_ctrl_c_while_the_command_is_loaded_shows_no_traceback() -> None:
    """Loading takes a second, and people are faster."""
    interrupted = """
import sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "clic.commands":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
from clic.cli import main
main()
"""
    told = subprocess.run([sys.executable, "-c", interrupted], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout, told.stderr) == (130, "", "")


def test_a_service_that_is_killed_is_started_again(folder: Path) -> None:
    started = clic(folder, "up", "--detach", "--no-seed")
    assert started.returncode == 0, started.stdout + started.stderr
    before = pids(folder)
    for name in ("routing", "nats"):
        psutil.Process(before[name]).kill()

    def back() -> bool:
        return (
            all(pids(folder).get(name, before[name]) != before[name] for name in ("routing", "nats"))
            and not clic(folder, "status").returncode
        )

    deadline = monotonic() + UP_TIMEOUT_S
    while not back():
        assert monotonic() < deadline, (folder / "up.log").read_text()
    assert "routing ended and is started again" in (folder / "up.log").read_text()


def test_servers_of_somebody_else_are_used_by_their_urls(
    folder: Path, own_nats: MonitoredServer, own_postgres: Server
) -> None:
    started = clic(
        folder, "up", "--detach", "--no-seed", "--nats-url", own_nats.url, "--postgres-url", own_postgres.url
    )
    assert started.returncode == 0, started.stdout + started.stderr
    assert alive(folder) == sorted(SERVICES)
    assert submit(folder, "ailleurs")["status"] == "accepted"
    assert clic(folder, "down").returncode == 0


def test_what_does_not_start_says_why_and_leaves_nothing_running(folder: Path) -> None:
    failed = clic(folder, "up", "--detach", "--no-seed", "--nats-url", "nats://secret:pw@127.0.0.1:1")
    assert failed.returncode == 1
    assert "127.0.0.1:1" in failed.stderr
    assert "pw@" not in failed.stdout + failed.stderr
    assert alive(folder) == []


@pytest.mark.parametrize(
    "said",
    [
        ("--nats-url", "nats://secret:pw@127.0.0.1:port"),
        ("--nats-url", "http://127.0.0.1:4222"),
        ("--postgres-url", "postgresql://secret:pw@127.0.0.1:port/x"),
        ("--postgres-url", "secret:pw@127.0.0.1/x"),
        ("--postgres-url", "postgresql://[secret:pw@127.0.0.1/x"),
    ],
)
def test_what_is_no_address_is_told_before_anything_starts(said: tuple[str, str], tmp_path: Path) -> None:
    told = clic(tmp_path / "clic", "up", "--no-seed", *said)
    assert (told.returncode, told.stdout) == (1, "")
    assert f"{said[0]} is no address such as" in told.stderr
    assert "pw@" not in told.stderr
    assert not (tmp_path / "clic").exists()


@pytest.mark.parametrize("url", ["127.0.0.1:4222", "nats://a:4222,nats://b:4222", "tls://user:pw@connect.example"])
def test_every_form_of_address_that_nats_takes_is_let_through(url: str) -> None:
    assert checked_nats_url("--nats-url", url) == url


def test_without_the_key_that_wraps_the_register_nothing_starts(tmp_path: Path) -> None:
    """A new key would make every sealed text unreadable, and look well."""
    (tmp_path / "postgres").mkdir()
    with pytest.raises(FolderError, match="Restore it from a backup"):
        Folder(tmp_path).make_keys()


def test_a_folder_is_held_by_one_and_ports_stay(tmp_path: Path) -> None:
    one, other = Folder(tmp_path), Folder(tmp_path)
    one.hold()
    with pytest.raises(RunningError):
        other.hold()
    ports = one.ports(["nats", "intake"])
    assert one.ports(["nats", "intake", "routing"]).items() >= ports.items()
    assert len({*one.ports(["nats", "intake", "routing"]).values()}) == 3
    one.release()
    other.hold()
    other.release()


def test_passwords_are_made_once(tmp_path: Path) -> None:
    first = Folder(tmp_path).secrets(["intake"])
    second = Folder(tmp_path).secrets(["intake", "reporting"])
    assert second.databases["intake"] == first.databases["intake"]
    assert second.databases["reporting"] != first.databases["intake"]


def test_a_key_is_made_once_and_none_again_for_who_was_removed(tmp_path: Path) -> None:
    """Who was shown the door stays outside, also after the next start."""
    folder = Folder(tmp_path)
    first = admit(folder, users(["portail_web"]))
    removed = read_admission(folder.admission).with_publisher("portail_web", Admitted())
    folder.write(folder.admission.name, removed.to_json())
    folder.seed_file("publisher-portail_web").unlink()
    second = admit(folder, users(["portail_web", "comptoir"]))

    assert set(first) - set(second) == {"publisher-portail_web"}
    assert set(second) - set(first) == {"publisher-comptoir"}
    assert second["ops"].read_text(encoding="utf-8") == first["ops"].read_text(encoding="utf-8")
    assert all(each.stat().st_mode & 0o077 == 0 for each in second.values())


@pytest.mark.parametrize(
    ("admin", "expected"),
    [
        ("postgresql://a:b@db:5432/postgres", "postgresql://clic_intake:c@db:5432/clic_intake"),
        ("postgresql://db/postgres?sslmode=require", "postgresql://clic_intake:c@db/clic_intake?sslmode=require"),
    ],
)
def test_a_database_has_its_own_url(admin: str, expected: str) -> None:
    assert database_url(admin, "clic_intake", user="clic_intake", password="c") == expected


def test_a_version_that_means_something_else_by_its_tables_makes_them_again(folder: Path) -> None:
    """Otherwise reporting would wait for a rebuild, and nothing would run that could do it."""
    assert clic(folder, "up", "--detach", "--no-seed").returncode == 0
    submit(folder, "avant")
    assert clic(folder, "report", "2026-Q2", "--wait").returncode == 0
    url = read_installation(folder).databases["reporting"]

    async def as_of_another_version() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute("UPDATE reporting.checkpoint SET definition = 'another'")
        await connection.close()

    asyncio.run(as_of_another_version())
    assert clic(folder, "down").returncode == 0
    started = clic(folder, "up", "--detach", "--no-seed")
    assert started.returncode == 0, started.stderr
    assert "made again from the log" in (folder / "up.log").read_text()
    report = clic(folder, "report", "2026-Q2", "--format", "json")
    assert json.loads(report.stdout)["requests"]["received"] == 1
