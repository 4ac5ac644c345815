"""A publisher's quota is intake's alone: a command that changes it leaves NATS as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from clic.admission import AUTHORIZATION, INCLUDED, admit
from clic.commands import app
from clic.folder import Folder
from clic.nats_config import users
from clic_chassis.embedded import start_nats
from clic_chassis.embedded.port import ask
from clic_chassis.testing import open_folder
from clic_intake.publisher_admission import Admission, Admitted, read_admission

QUOTA = ["publisher", "quota", "portail_web", "--pending", "7"]


def test_a_quota_is_changed_without_a_reload_and_whoever_else_nats_knows_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server's users may be more than the admission file names: a benchmark's, a neighbour's."""
    with open_folder() as path:
        folder = Folder(path)
        ports = folder.ports(("nats", "nats_monitoring"))
        admit(folder, users(["portail_web"]))
        users_file = folder.of("nats") / AUTHORIZATION
        users_file.write_text(f"# a neighbour's\n{users_file.read_text(encoding='utf-8')}", encoding="utf-8")
        server = start_nats(
            folder.of("nats"), port=ports["nats"], monitoring_port=ports["nats_monitoring"], extra_config=INCLUDED
        )
        try:
            monkeypatch.setenv("CLIC_DIR", str(path))
            monkeypatch.delenv("CLIC_ADMISSION_FILE", raising=False)
            before = users_file.read_bytes(), ask(f"{server.monitoring_url}/varz")[1]["config_load_time"]
            changed = CliRunner().invoke(app, QUOTA)
            after = users_file.read_bytes(), ask(f"{server.monitoring_url}/varz")[1]["config_load_time"]
        finally:
            server.stop()
        admitted = read_admission(folder.admission).publishers["portail_web"]

    assert (changed.exit_code, "7 pending" in changed.stdout) == (0, True), changed.output
    assert admitted.pending == 7
    assert after == before


def test_elsewhere_nothing_is_asked_for_that_nats_would_not_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in Kubernetes: intake has the file, and NATS what was made of it."""
    file = tmp_path / "admission.json"
    file.write_text(Admission().with_publisher("portail_web", Admitted()).to_json(), encoding="utf-8")
    monkeypatch.setenv("CLIC_ADMISSION_FILE", str(file))

    changed = CliRunner().invoke(app, QUOTA)

    assert changed.exit_code == 0, changed.output
    assert changed.stdout.endswith(f"{file} is written; NATS goes on as it is.\n")
    assert read_admission(file).publishers["portail_web"].pending == 7
