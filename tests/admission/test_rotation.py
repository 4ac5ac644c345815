"""What opens doors over HTTP and to databases is replaced while everything goes on."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from clic_chassis.agents import read_agents
from clic_chassis.nats_credential import CredentialError
from clic_chassis.postgres_credential import connect as connect_by_file
from clic_chassis.postgres_credential import open_pool, passwords_of
from clic_chassis.testing import wait_until


async def test_a_roles_password_is_replaced_under_load(postgres_url: str, tmp_path: Path) -> None:
    """The file holds both while it is under way; no query fails, and the old one opens nothing in the end."""
    file = tmp_path / "password"
    file.write_text("ancien\n", encoding="utf-8")
    answered: list[int] = []
    async with _role(postgres_url) as (admin, role, url):
        async with await open_pool(url, password_file=file, min_size=0, max_size=2) as pool:

            async def load() -> None:
                while True:
                    async with pool.acquire() as connection:
                        answered.append(await connection.fetchval("SELECT 1"))
                    await pool.expire_connections()  # So that each is made anew, by the file as it is.

            loading = asyncio.create_task(load())
            file.write_text("nouveau\nancien\n", encoding="utf-8")
            await _more(answered, loading)
            await admin.execute(f"ALTER ROLE {role} PASSWORD 'nouveau'")
            await _more(answered, loading)
            file.write_text("nouveau\n", encoding="utf-8")
            await _more(answered, loading)
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(url, password="ancien")


async def test_a_password_that_is_replaced_between_two_attempts_is_tried_again(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new one was tried too early, and the old one too late."""
    file = tmp_path / "password"
    file.write_text("nouveau\nancien\n", encoding="utf-8")
    async with _role(postgres_url) as (admin, role, url):
        directly, tried = asyncpg.connect, list[str]()

        async def connect(dsn: str, *, password: str) -> asyncpg.Connection:
            tried.append(password)
            try:
                return await directly(dsn, password=password)
            finally:
                await admin.execute(f"ALTER ROLE {role} PASSWORD 'nouveau'")

        monkeypatch.setattr(asyncpg, "connect", connect)
        await (await connect_by_file(url, password_file=file)).close()
        file.write_text("ancien\n", encoding="utf-8")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await connect_by_file(url, password_file=file)

    assert tried == ["nouveau", "ancien", "nouveau", "ancien"], "where nothing changed nothing is tried again"


@contextlib.asynccontextmanager
async def _role(postgres_url: str) -> AsyncIterator[tuple[asyncpg.Connection, str, str]]:
    """Who may change it, a role of this test whose password is `ancien`, and the database's URL for it."""
    admin = await asyncpg.connect(postgres_url)
    parts = urlsplit(postgres_url)
    role = f"role_{parts.path.strip('/')}"[:60]
    await admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'ancien'")
    try:
        yield admin, role, parts._replace(netloc=f"{role}@{parts.hostname}:{parts.port}").geturl()
    finally:
        await admin.execute(f"DROP ROLE {role}")
        await admin.close()


async def _more(answered: list[int], loading: asyncio.Task[None]) -> None:
    count = len(answered)
    await wait_until(lambda: len(answered) > count + 3 or loading.done(), what="the load goes on")
    assert not loading.done(), loading


def test_a_file_of_passwords_that_says_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    with pytest.raises(CredentialError, match=r"CLIC_POSTGRES_PASSWORD_FILE: .*empty holds no password"):
        passwords_of(tmp_path / "empty")
    with pytest.raises(CredentialError, match="cannot be read"):
        passwords_of(tmp_path / "missing")


def test_agents_tokens_are_taken_from_a_file_that_changed_and_kept_while_it_is_broken(tmp_path: Path) -> None:
    """An operator's slip of the pen locks nobody out."""
    file = tmp_path / "agents.json"
    old, new = (hashlib.sha256(each).hexdigest() for each in (b"ancien", b"nouveau"))
    file.write_text(json.dumps({old: {"agent": "alex.exemple"}}), encoding="utf-8")
    agents = read_agents(file)
    file.write_text(json.dumps({key: {"agent": "alex.exemple"} for key in (old, new)}), encoding="utf-8")
    both = [each in agents for each in (old, new)]
    file.write_text("{", encoding="utf-8")
    kept = [each in agents for each in (old, new)]
    file.write_text(json.dumps({new: {"agent": "alex.exemple"}}), encoding="utf-8")

    assert (both, kept, [each in agents for each in (old, new)]) == ([True, True], [True, True], [False, True])
