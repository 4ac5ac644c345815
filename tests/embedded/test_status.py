"""`clic status`: every line in good and in bad times, on eighty columns."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from clic import status
from clic.commands import app
from clic.nats_config import SERVICES
from clic.scrape import Sample, Told
from clic.status import Standing, as_data, shown, standing_of
from clic_chassis.embedded import free_port

NOW = dt.datetime(2026, 11, 26, 6, tzinfo=dt.UTC)
CONSUMERS = ("intake", "relay", "letters", "duplicates", "routing", "deadlines")

Metrics = Mapping[str, Sequence[tuple[Mapping[str, str], float]]]

WELL: Metrics = {
    "clic_stream_last_sequence": [({"stream": "CLIC_LOG"}, 1_234_567)],
    "clic_log_sync_always": [({"server": f"nats-{n}"}, 1) for n in range(3)],
    "clic_consumer_lag_messages": [({"consumer": each}, 0) for each in CONSUMERS],
    "clic_consumer_oldest_seconds": [({"consumer": each}, 0) for each in CONSUMERS],
    "clic_projection_stopped": [({"projection": each}, 0) for each in ("desk", "docket", "reporting")],
    "clic_projection_lag_messages": [({"projection": each}, 0) for each in ("desk", "docket", "reporting")],
    "clic_quarantined": [({"service": each}, 0) for each in ("intake", "routing", "deadlines")],
    "clic_letters": [({"state": "waiting"}, 2), ({"state": "doubtful"}, 0), ({"state": "failed"}, 0)],
    "clic_letter_oldest_seconds": [({}, 40)],
    "clic_letter_relay_set": [({}, 1)],
    "clic_measured_timestamp_seconds": [({"measurement": "standings"}, 1.0)],
    "clic_obligations_open": [
        ({"obligation": "answer", "department": "travaux_publics", "state": "running"}, 310),
        ({"obligation": "answer", "department": "greffe", "state": "at_risk"}, 7),
    ],
    "clic_obligations_due_24h": [({"obligation": "answer"}, 4)],
    "clic_stream_bytes": [({"stream": "CLIC_LOG"}, 2.4e9), ({"stream": "CLIC_INBOX"}, 0)],
    "clic_database_bytes": [({"service": "intake"}, 812e6), ({"service": "reporting"}, 1.1e9)],
    "clic_backup_age_seconds": [({"part": "log"}, 4 * 3600), ({"part": "keys"}, 4 * 3600)],
}
BAD: dict[str, tuple[str, Metrics, str]] = {
    "not synced": ("log", {"clic_log_sync_always": [({"server": "nats-1"}, 0)]}, "NOT synced on nats-1"),
    "no leader": ("log", {"clic_stream_last_sequence": []}, "no leader, synced on nats-0, nats-1, nats-2"),
    "lag": (
        "→ routing",
        {
            "clic_consumer_lag_messages": [({"consumer": "routing"}, 4321)],
            "clic_consumer_oldest_seconds": [({"consumer": "routing"}, 1500)],
        },
        "4\u00a0321 messages, the oldest 25 min",
    ),
    "stopped": ("projections", {"clic_projection_stopped": [({"projection": "desk"}, 1)]}, "desk stands still"),
    "quarantine": ("quarantine", {"clic_quarantined": [({"service": "routing"}, 3)]}, "3 at routing"),
    "old letter": ("letters", {"clic_letter_oldest_seconds": [({}, 3 * 3600)]}, "2 wait, the oldest 3 h"),
    "doubtful": (
        "letters",
        {"clic_letters": [({"state": "waiting"}, 0), ({"state": "doubtful"}, 1)]},
        "0 wait, 1 doubtful",
    ),
    "no relay": ("letters", {"clic_letter_relay_set": [({}, 0)]}, "2 wait, the oldest 40 s, no mail server is set"),
    "late": (
        "due",
        {"clic_obligations_open": [({"obligation": "answer", "department": "greffe", "state": "missed"}, 9)]},
        "9 late, 4 within 24 h, 0 open",
    ),
    "old backup": (
        "backup",
        {"clic_backup_age_seconds": [({"part": "log"}, 3600), ({"part": "keys"}, 3 * 86400)]},
        "keys 3 d ago, log 60 min ago",
    ),
    "no backup": ("backup", {"clic_backup_age_seconds": []}, "none is known"),
}


def standing(metrics: Metrics = WELL, *, away: str = "") -> Standing:
    """A town whose intake tells all of these, and whose other services tell nothing."""
    samples = tuple(Sample(name, labels, value) for name, these in metrics.items() for labels, value in these)
    build = Sample("clic_build_info", {"version": "0.1.0", "town": "46be6f6acf57"}, 1)
    told = [
        Told(
            service,
            f"http://127.0.0.1:{8000 + n}",
            answers=service != away,
            ready=service != away,
            samples=(build, *samples) if service == "intake" else (build,),
        )
        for n, service in enumerate(SERVICES)
    ]
    return standing_of(told, NOW, folder=Path("/"), supervision="/srv/clic: watched over by process 4711")


def screen(of: Standing, width: int = 80) -> str:
    """The screen as a terminal of this width shows it."""
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(shown(of))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_all_is_well_and_fits_on_one_screen_of_eighty_columns() -> None:
    of = standing()
    assert [line for line in of.lines if not line.is_well and line.name != "disk"] == []
    text = screen(of)
    assert max(map(len, text.splitlines())) <= 80
    assert len(text.splitlines()) <= 24
    assert "position 1\u00a0234\u00a0567, synced on nats-0, nats-1, nats-2" in text
    assert "0 late, 4 within 24 h, 317 open" in text
    assert "log 2.4 GB" in text


@pytest.mark.parametrize("case", BAD)
def test_what_somebody_should_look_at_stands_out(case: str) -> None:
    name, changed, says = BAD[case]
    found = {line.name: line for line in standing({**WELL, **changed}).lines}
    assert (found[name].says, found[name].is_well) == (says, False) or found[name].says.endswith(says)
    assert not found[name].is_well
    assert "←" in screen(standing({**WELL, **changed}), 200)


def test_what_nobody_tells_is_not_called_well() -> None:
    lines = {line.name: line for line in standing({}).lines}
    for name in ("log", "waiting", "letters", "due", "backup"):
        assert not lines[name].is_well, name


def test_a_service_that_is_away_stands_in_its_line_and_in_the_data() -> None:
    of = standing(away="routing")
    assert not of.is_ready
    assert "does not answer" in next(line for line in screen(of).splitlines() if line.startswith("routing"))
    data = json.loads(json.dumps(as_data(of)))
    assert data["ready"] is False
    assert data["services"]["routing"]["ready"] is False
    assert data["services"]["intake"] == {
        "url": "http://127.0.0.1:8000",
        "ready": True,
        "why": {},
        "version": "0.1.0",
        "town": "46be6f6acf57",
    }
    assert data["lines"]["quarantine"] == {"says": "empty", "is_well": True}


def test_watching_ends_by_itself_and_its_exit_code_is_the_last_look_s(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    monkeypatch.setattr(status, "WATCH_MAX_S", 3 * status.WATCH_EVERY_S)
    monkeypatch.setattr(status, "sleep", looks.append)
    service = f"intake=http://127.0.0.1:{free_port()}"
    result = CliRunner().invoke(app, ["status", "--watch", "--service", service], env={"COLUMNS": "80"})
    assert result.exit_code == 1, "nobody answers there"
    assert looks == [status.WATCH_EVERY_S] * 3
    assert CliRunner().invoke(app, ["status", "--watch", "--json", "--service", service]).exit_code == 1
