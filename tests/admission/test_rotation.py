"""What opens doors over HTTP and to databases is replaced while everything goes on."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
import uvicorn
from tests.chassis.identity.shop import HOME, enter, key_in, shop

from clic_chassis.agents import read_agents
from clic_chassis.clock import SystemClock
from clic_chassis.embedded import free_port
from clic_chassis.nats_credential import CredentialError
from clic_chassis.postgres_credential import connect as connect_by_file
from clic_chassis.postgres_credential import open_pool, passwords_of
from clic_chassis.testing import wait_until

ANSWER_S = 30.0


async def test_a_roles_password_is_replaced_under_load(postgres_url: str, tmp_path: Path) -> None:
    """The file holds both while it is under way; no query fails, and the old one opens nothing in the end."""
    file = tmp_path / "password"
    file.write_text("ancien\n", encoding="utf-8")
    answered: list[int] = []
    async with _role(postgres_url) as (admin, role, url):
        async with await open_pool(url, password_file=file, min_size=0, max_size=2) as pool:
            stop = asyncio.Event()

            async def load() -> None:
                while not stop.is_set():
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
            stop.set()
            await loading
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
    await wait_until(lambda: len(answered) > count + 3 or loading.done(), ANSWER_S, what="the load goes on")
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


CAMILLE = {"camille": {"agent": "camille.exemple", "roles": ["agent"]}}
SACHA = {"sacha": {"agent": "sacha.exemple", "roles": ["agent"]}}


@pytest.mark.parametrize(
    "left",
    [
        {},
        {"camille": {"agent": "camille.exemple", "roles": ["publisher:portail_web"]}},
        {"camille": {"agent": "dominique.exemple", "roles": ["agent"]}},
    ],
    ids=["the token is taken out", "no role enters here any more", "the token is another's"],
)
async def test_a_session_ends_with_the_token_that_opened_it(tmp_path: Path, left: Mapping[str, Any]) -> None:
    """At the next request, whatever it asks; a neighbour's goes on, with the roles that the file gives now."""
    file = tmp_path / "agents.json"
    _write(file, CAMILLE | SACHA)
    async with (
        _served(file) as url,
        httpx.AsyncClient(base_url=url, timeout=ANSWER_S, trust_env=False) as browser,
        httpx.AsyncClient(base_url=url, timeout=ANSWER_S, trust_env=False) as neighbour,
    ):
        await enter(browser, "camille")
        await enter(neighbour, "sacha")
        form_key = {"X-Form-Key": key_in(await browser.get(HOME))}
        commanded = [await browser.post("/things", json={"name": "trottoir"}, headers=form_key)]
        _write(file, {**left, "sacha": {"agent": "sacha.exemple", "roles": ["agent", "desk"]}})
        commanded.append(await browser.post("/things", json={"name": "trottoir"}, headers=form_key))
        page = await browser.get(HOME)
        roles = (await neighbour.get("/roles")).json()
        _write(file, CAMILLE | SACHA)
        again = await browser.get(HOME)

    assert [each.status_code for each in commanded] == [200, 401]
    assert page.headers["location"].startswith("/login")
    assert roles == ["agent", "desk"]
    assert again.status_code == 303, "a token that comes back opens no session of before"


def _write(file: Path, agents: Mapping[str, Any]) -> None:
    """In one step, as a volume does."""
    new = file.with_suffix(".new")
    digests = {hashlib.sha256(token.encode()).hexdigest(): agent for token, agent in agents.items()}
    new.write_text(json.dumps(digests), encoding="utf-8")
    new.replace(file)


@contextlib.asynccontextmanager
async def _served(agents: Path) -> AsyncIterator[str]:
    """A service of ours with an entrance, on a port."""
    port = free_port()
    api = shop(SystemClock(), agents=read_agents(agents))
    server = uvicorn.Server(uvicorn.Config(api, host="127.0.0.1", port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    try:
        await wait_until(lambda: server.started, what="the server listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving
