"""No password that somebody could know stands anywhere: no default in a setting, a chart, a page or a configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.place import ROOT

from clic.admission import admit
from clic.folder import Folder
from clic.nats_config import users
from clic_chassis.embedded import NatsServer
from clic_chassis.settings import Settings
from clic_deadlines.settings import Settings as DeadlinesSettings
from clic_intake.settings import IntakeSettings
from clic_reporting.settings import Settings as ReportingSettings

SECRET_WORDS = re.compile(r"passw|secret|token|seed|master_key", re.IGNORECASE)
PLACES = ("deploy", "docs", "chassis", "services", "contracts", "README.md", "Makefile", ".ci")
KINDS = {".py", ".yaml", ".yml", ".json", ".md", ".conf", ".sh", ".toml", ".env", ".tpl", ".sql", ".txt", ""}
WRITTEN = re.compile(
    r"""(?ix) (?: password | passwd | pwd | secret | token | api_?key ) ["']? \s* (?: :(?!//) | =(?!=) ) \s*
        (?P<quote>["'])? (?P<value> [A-Za-z0-9+/_!@$-]{6,} ) (?(quote)(?P=quote))"""
)
IN_URL = re.compile(r"[a-z]+://(?P<user>[^\s/:@\"'`]+):(?P<password>[^\s/:@\"'`]+)@")
SEED = re.compile(r"\bS[UANOCX][A-Z2-7]{56}\b")
PLACEHOLDER = re.compile(r"(?x) \{ | \$ | < | … | \.\.\. | ^(user|password|pw|secret|motdepasse|xxx)")


def files() -> Iterator[Path]:
    """Everything of ours that ships or is read."""
    for place in PLACES:
        path = ROOT / place
        for each in [path] if path.is_file() else path.rglob("*"):
            if (
                each.is_file()
                and each.suffix in KINDS
                and "node_modules" not in each.parts
                and "__pycache__" not in each.parts
            ):
                yield each


def passwords_in(text: str) -> list[str]:
    """What looks like a password that is written down."""
    found = [match[0] for match in IN_URL.finditer(text) if not PLACEHOLDER.search(match["password"])]
    found += SEED.findall(text)
    for match in WRITTEN.finditer(text):
        quoted, value = match["quote"] is not None, match["value"]
        if quoted and not PLACEHOLDER.search(value) and re.search(r"[0-9]", value):
            found.append(match[0])
    return found


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ('password: "hunter22"', True),
        ("nats://clic:changeme1@nats:4222", True),
        ("SUACBE6ZC75OAIQ3GLWV5FCVBTMHTCXNM4A5Q5PR7VK7Q7U56PDJDIP7WY", True),
        ('"token": "abc123def"', True),
        ("postgresql://user:password@host:5432/postgres", False),
        ("password=settings.imap_password", False),
        ("postgresql://{user}:{password}@{place}", False),
    ],
)
def test_a_planted_password_is_seen(text: str, *, is_one: bool) -> None:
    """Else the next test could not fail."""
    assert bool(passwords_in(text)) is is_one


def test_no_password_is_written_down_in_what_ships() -> None:
    """Settings, charts, pages, scripts."""
    every = list(files())
    found = {
        str(each.relative_to(ROOT)): said
        for each in every
        if (said := passwords_in(each.read_text("utf-8", "replace")))
    }
    assert len(every) > 300
    assert found == {}


@pytest.mark.parametrize("settings", [Settings, IntakeSettings, DeadlinesSettings, ReportingSettings])
def test_no_setting_has_a_secret_by_default(settings: type[Settings]) -> None:
    """A field that holds one is not set, or required."""
    secret = {
        name: each.default
        for name, each in settings.model_fields.items()
        if not each.is_required() and (SECRET_WORDS.search(name) or "SecretStr" in str(each.annotation))
    }
    assert "postgres_password_file" in secret
    assert {name: value for name, value in secret.items() if value is not None} == {}


def test_the_embedded_server_has_no_password_and_tells_itself_to_this_machine_alone(tmp_path: Path) -> None:
    """Its own users sign in by keys that were made here; what it says of itself is for the loopback."""
    folder = Folder(tmp_path)
    admit(folder, users(["portail_web"]))
    written = (tmp_path / "nats" / "authorization.conf").read_text(encoding="utf-8")
    config = NatsServer(tmp_path, "clic", 4222, 8222).config()

    assert re.findall(r"(?i)passw|token", written) == []
    assert SEED.findall(written) == []
    assert written.count('"nkey": "U') == len(users(["portail_web"]))
    assert 'listen: "127.0.0.1:4222"' in config
    assert 'http: "127.0.0.1:8222"' in config
    assert "no_auth_user" not in config + written
