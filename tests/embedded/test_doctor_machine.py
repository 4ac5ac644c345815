"""The doctor on services and this machine: well where all is well, and a fault that was planted is found."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from tests.embedded.examined import NOW, a_place, all_well, built, labelled, said, telling, told, wrong
from tests.place import TOWN_DIR

from clic.doctor import on_machine, on_services
from clic.doctor.finding import Severity
from clic.doctor.place import Place
from clic_chassis.embedded import free_port
from clic_chassis.town_file import read_town


async def test_a_service_that_is_not_there_or_not_ready_is_found() -> None:
    away = a_place(services={"routing": f"http://127.0.0.1:{free_port()}"})
    assert "routing does not answer" in wrong(await on_services.ready(away))
    waits = telling(told(why={"projector-desk": "not started"}))
    assert wrong(await on_services.ready(waits)) == "intake is not ready: projector-desk: not started"
    assert all_well(await on_services.ready(telling(told())))


async def test_versions_and_rules_that_differ_are_found() -> None:
    town = read_town(TOWN_DIR).version
    same = telling(built("intake", "0.1.0", town), built("routing", "0.1.0", town), town_dir=TOWN_DIR)
    assert all_well(await on_services.versions(same))
    assert all_well(await on_services.town(same))
    other = telling(built("intake", "0.1.0", town), built("routing", "0.2.0", "another"), town_dir=TOWN_DIR)
    assert "intake 0.1.0, routing 0.2.0" in said(await on_services.versions(other), Severity.WARNING)
    assert "services decide by different rules" in wrong(await on_services.town(other))
    older = telling(built("intake", "0.1.0", "another"), town_dir=TOWN_DIR)
    assert "the services decide by another" in said(await on_services.town(older), Severity.WARNING)


async def test_a_town_s_folder_with_an_error_is_found(tmp_path: Path) -> None:
    shutil.copytree(TOWN_DIR, tmp_path / "town")
    (tmp_path / "town" / "departments.yaml").write_text("departments: [", encoding="utf-8")
    assert "the town's folder cannot be used" in wrong(await on_services.town(a_place(town_dir=tmp_path / "town")))


async def test_letters_that_do_not_leave_are_found() -> None:
    leaving = telling(told(clic_letter_relay_set=1, clic_letter_oldest_seconds=5))
    assert all_well(await on_services.mail(leaving))
    stuck = telling(told(clic_letter_relay_set=1, clic_letter_oldest_seconds=7200))
    assert "has waited 2.0 h" in wrong(await on_services.mail(stuck))
    waiting = ("clic_letters", {"state": "waiting"}, 3.0)
    unset = telling(labelled("intake", ("clic_letter_relay_set", {}, 0), waiting))
    assert "no mail server is set, and 3 letters wait" in wrong(await on_services.mail(unset))
    doubtful = ("clic_letters", {"state": "doubtful"}, 1.0)
    in_doubt = telling(labelled("intake", ("clic_letter_relay_set", {}, 1), doubtful))
    assert "1 letters are in doubt" in said(await on_services.mail(in_doubt), Severity.WARNING)


async def test_a_mail_server_that_is_away_is_found() -> None:
    controller = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        assert all_well(await on_machine.smtp(a_place(smtp_url=f"smtp://127.0.0.1:{controller.port}")))
    finally:
        controller.stop()
    assert "does not answer" in wrong(await on_machine.smtp(a_place(smtp_url=f"smtp://127.0.0.1:{free_port()}")))


async def test_a_secret_that_others_may_read_or_that_is_gone_is_found(tmp_path: Path) -> None:
    secret = tmp_path / "master.key"
    secret.touch(mode=0o600)
    assert all_well(await on_machine.secrets(a_place(secrets=[secret])))
    secret.chmod(0o644)
    assert f"{secret} can be read by others" in wrong(await on_machine.secrets(a_place(secrets=[secret])))
    assert "cannot be read" in wrong(await on_machine.secrets(a_place(secrets=[tmp_path / "none"])))


async def test_a_disk_without_room_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No disk is filled for this: what the system says of it is."""
    usage = type(shutil.disk_usage(tmp_path))
    for free, severity in ((50, Severity.WELL), (5, Severity.WARNING), (0.1, Severity.WRONG)):
        told_usage = usage(100 * 1024**3, 0, int(free * 1024**3))
        monkeypatch.setattr("shutil.disk_usage", lambda _, told_usage=told_usage: told_usage)
        [found] = await on_machine.disk(a_place(folder=tmp_path))
        assert found.severity is severity


async def test_a_certificate_that_ends_soon_is_found(tmp_path: Path) -> None:
    authority = trustme.CA()

    def lasting(days: float) -> Path:
        path = tmp_path / f"{days}.pem"
        authority.issue_cert("localhost", not_after=NOW + dt.timedelta(days=days)).cert_chain_pems[0].write_to_path(
            path
        )
        return path

    def place(days: float) -> Place:
        return a_place(certificates={"http": lasting(days)})

    assert all_well(await on_machine.certificates(place(90)))
    assert "the certificate http ends on" in said(await on_machine.certificates(place(10)), Severity.WARNING)
    assert "the certificate http ends on" in wrong(await on_machine.certificates(place(1)))
    assert "http ended on" in wrong(await on_machine.certificates(place(-1)))
    (tmp_path / "none.pem").write_text("no certificate", encoding="ascii")
    broken = a_place(certificates={"http": tmp_path / "none.pem"})
    assert "holds no certificate" in wrong(await on_machine.certificates(broken))
    at = (NOW + dt.timedelta(days=2)).timestamp()
    elsewhere = telling(labelled("intake", ("clic_certificate_expiry_timestamp_seconds", {"certificate": "http"}, at)))
    assert "http of intake ends on" in wrong(await on_machine.certificates(elsewhere))


async def test_backups_that_are_old_or_missing_are_found() -> None:
    hours = 3600.0

    def aged(log_hours: float, keys_hours: float) -> Place:
        ages = (("log", log_hours), ("keys", keys_hours))
        return telling(
            labelled("intake", *(("clic_backup_age_seconds", {"part": part}, age * hours) for part, age in ages))
        )

    assert all_well(await on_machine.backup(aged(3, 3)))
    assert "of the keys is 30 h old" in said(await on_machine.backup(aged(3, 30)), Severity.WARNING)
    assert "of the log is 80 h old" in wrong(await on_machine.backup(aged(80, 3)))
    never = telling(built("intake", "0.1.0", "x"))
    assert "no service knows of a backup" in said(await on_machine.backup(never), Severity.WARNING)
