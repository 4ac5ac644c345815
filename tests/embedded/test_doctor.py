"""`clic doctor`: every check by itself, what is not known told with what would let it look, an exit code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tests.embedded.examined import a_place, said, wrong
from typer.testing import CliRunner

from clic.commands import app
from clic.connection import Connection
from clic.doctor.command import CHECKS, examine
from clic.doctor.finding import Severity
from clic_chassis.embedded import free_port
from clic_chassis.testing import MonitoredServer


async def test_what_is_not_known_is_told_with_what_would_let_us_look() -> None:
    found = await examine(a_place())
    assert found.keys() == {each.name for each in CHECKS}
    for name, findings in found.items():
        assert {each.severity for each in findings} == {Severity.UNKNOWN}, name
        assert all(each.mend for each in findings), name


async def test_one_check_that_cannot_be_done_is_no_reason_to_leave_out_the_others(tmp_path: Path) -> None:
    away = a_place(
        ops=Connection(f"nats://127.0.0.1:{free_port()}"), databases={"intake": "postgresql://127.0.0.1:1/x"}
    )
    secret = tmp_path / "agent.token"
    secret.touch(mode=0o644)
    found = await examine(replace(away, secrets=[secret]), [each for each in CHECKS if each.name != "permissions"])
    assert wrong(found["nats"])
    assert wrong(found["postgres"])
    assert said(found["streams"], Severity.UNKNOWN).startswith("whether the streams are as this version makes them")
    assert said(found["migrations"], Severity.UNKNOWN)
    assert wrong(found["secrets"])


def command(environment: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    """`clic doctor`, its exit code and what it says."""
    result = CliRunner().invoke(app, ["doctor", *arguments], env={**environment, "COLUMNS": "80"})
    return result.exit_code, result.output


def test_it_finds_a_cluster_by_the_environment_and_its_exit_code_says_whether_something_is_wrong(
    nats_url: str, nats_server: MonitoredServer
) -> None:
    environment = {
        "CLIC_NATS_URL": nats_url,
        "CLIC_NATS_MONITORING_URL": nats_server.monitoring_url,
    }
    code, text = command(environment, "--only", "sync", "--only", "streams", "--all")
    assert code == 0, text
    assert "✓ sync" in text
    code, text = command(environment, "--only", "services", "--service", f"intake=http://127.0.0.1:{free_port()}")
    assert code == 1
    assert "✗ services" in text
    assert "why" in text
    assert "mend" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    named = {"CLIC_SERVICES": " ".join(f"{each}=http://127.0.0.1:{free_port()}" for each in ("intake", "routing"))}
    code, text = command({**environment, **named}, "--only", "services", "--json")
    assert [each["what"].split()[0] for each in json.loads(text)["services"]] == ["intake", "routing"]
    code, text = command(environment, "--only", "sync", "--json")
    assert json.loads(text)["sync"][0]["severity"] == "well"
    assert command(environment, "--only", "health")[0] == 1, "there is no such check"
    assert command(environment, "--service", "nobody=http://x")[0] == 1, "there is no such service"


def test_each_check_has_a_fault_planted_here_or_on_a_house_that_runs() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_doctor*.py"))
    calls = {each.name: f"{each.look.__module__.rpartition('.')[2]}.{each.look.__name__}(" for each in CHECKS}
    assert [name for name, call in calls.items() if call not in text] == []
