"""Settings come from `CLIC_…` variables; what does not fit names its variable, and no secret is ever shown."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from clic_chassis.agents import Agent, read_agents
from clic_chassis.settings import Settings, SettingsError

SECRET = "mot-de-passe-d-essai"
DIGEST = "c2cd1d7e0d2f0b8a1f5b5d6e6d1d8a3d7a4d0f5b9a3c1e2f4a6b8c0d1e2f3a4b"


@pytest.fixture(autouse=True)
def _no_settings_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CLIC_")]:
        monkeypatch.delenv(name)


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """And from nowhere else; each has a bound."""
    monkeypatch.setenv("CLIC_TOWN_DIR", "towns/exemple")
    monkeypatch.setenv("CLIC_HTTP_PORT", "9001")
    monkeypatch.setenv("CLIC_NATS_USER", "routing")
    settings = Settings.from_environment()
    assert (settings.town_dir, settings.http_port) == (Path("towns/exemple"), 9001)
    assert settings.inbox_prefix == "_INBOX_routing"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLIC_HTTP_PORT", "99999"),
        ("CLIC_HTTP_PORT", "x"),
        ("CLIC_LOG_LEVEL", "verbose"),
        ("CLIC_BATCH_MESSAGES_MAX", "0"),
        ("CLIC_CONCURRENCY_MAX", "513"),
        ("CLIC_STOP_TIMEOUT_S", "0"),
    ],
)
def test_a_value_that_does_not_fit_names_its_variable_and_is_not_repeated(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The value may be a secret in the wrong place."""
    monkeypatch.setenv("CLIC_TOWN_DIR", ".")
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        Settings.from_environment()
    (line,) = str(error.value).splitlines()[1:]
    assert line.strip().startswith(f"{name}: ")


def test_every_variable_that_is_wrong_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one per start."""
    monkeypatch.setenv("CLIC_LOG_LEVEL", SECRET)
    with pytest.raises(SettingsError) as error:
        Settings.from_environment()
    assert {"CLIC_TOWN_DIR", "CLIC_LOG_LEVEL"} == {
        line.split(":")[0].strip() for line in str(error.value).splitlines()[1:]
    }
    assert SECRET not in str(error.value)


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a log, a traceback, a debugger: passwords are only given when asked for."""
    monkeypatch.setenv("CLIC_TOWN_DIR", ".")
    monkeypatch.setenv("CLIC_POSTGRES_URL", f"postgresql://routing:{SECRET}@127.0.0.1/clic")
    monkeypatch.setenv("CLIC_NATS_URL", f"nats://routing:{SECRET}@127.0.0.1:4222")
    settings = Settings.from_environment()
    assert SECRET not in f"{settings!r} {settings}"
    assert settings.postgres_url is not None
    assert SECRET in settings.postgres_url.get_secret_value()


def test_agents_are_read_by_the_digest_of_their_token(tmp_path: Path) -> None:
    """Nobody where there is no file: then nobody commands."""
    file = tmp_path / "agents.json"
    file.write_text(json.dumps({DIGEST: {"agent": "alex.exemple", "roles": ["greffe"]}}), encoding="utf-8")
    assert read_agents(file) == {DIGEST: Agent(agent="alex.exemple", roles=("greffe",))}
    assert read_agents(file)[DIGEST].actor == "agent:alex.exemple"
    assert read_agents(None) == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"digest": {}}', '{"digest": {"agent": 7}}', None])
def test_a_file_of_agents_that_cannot_be_read_is_a_setting_that_does_not_fit(text: str | None, tmp_path: Path) -> None:
    """It names the variable and the file."""
    file = tmp_path / "agents.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"CLIC_AGENTS_FILE: .*agents\.json"):
        read_agents(file)
