"""What a service is told by whoever starts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from clic.servers import Servers

SERVERS = Servers("nats://127.0.0.1:4222", None, {}, {}, {})


def environment(service: str) -> dict[str, str]:
    return SERVERS.environment(
        service, town_dir=Path("town"), http_port=8081, agents=Path("agents.json"), master_key=Path("master.key")
    )


def test_where_mail_goes_is_handed_on_and_nothing_of_another_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    """POL-14, POL-18."""
    monkeypatch.setenv("CLIC_SMTP_URL", "smtp://relais.exemple.invalid:587")
    monkeypatch.setenv("CLIC_NATS_URL", "nats://ailleurs.exemple.invalid:4222")
    monkeypatch.setenv("CLIC_POSTGRES_URL", "postgres://ailleurs.exemple.invalid/clic")

    told = environment("intake")

    assert told["CLIC_SMTP_URL"] == "smtp://relais.exemple.invalid:587"
    assert told["CLIC_NATS_URL"] == "nats://127.0.0.1:4222"
    assert "CLIC_POSTGRES_URL" not in told


def test_citizens_pages_are_on_this_machine_unless_somebody_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters name the page to follow a request (POL-18)."""
    monkeypatch.delenv("CLIC_PUBLIC_URL", raising=False)
    assert environment("intake")["CLIC_PUBLIC_URL"] == "http://127.0.0.1:8081"

    monkeypatch.setenv("CLIC_PUBLIC_URL", "https://clic.exemple.invalid")
    assert environment("intake")["CLIC_PUBLIC_URL"] == "https://clic.exemple.invalid"
