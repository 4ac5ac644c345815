"""A small town as of now, and its dashboard: few facts, and every figure of them counted by hand."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import re
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any, NamedTuple

import asyncpg
import httpx
import uvicorn
from fastapi import FastAPI
from tests.reporting.history import fact
from tests.reporting.projected import town
from tests.reporting.town import settle

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.service import _Server as Server
from clic_contracts.envelope import Recorded, derive_id
from clic_contracts.event import (
    ObligationMissed,
    ObligationPaused,
    ObligationSet,
    RequestClosed,
    RequestReceived,
    RequestRouted,
)
from clic_reporting.access import Access
from clic_reporting.api import connected, make_api
from clic_reporting.dashboard.live import Changes
from clic_reporting.dashboard.route import Dashboard, add_dashboard
from clic_reporting.page import Pages

ROLES: dict[str, tuple[str, ...]] = {
    "desk": ("agent", "desk"),
    "direction": ("direction",),
    "greffe": ("greffe",),
    "voirie": ("travaux_publics_voirie",),
    "both": ("desk", "greffe"),
    "publisher": ("publisher:portail_web",),
}
"""Roles by token: the token of whoever is called `desk` is `desk`."""
PAGES = ("/dashboard", "/dashboard/departments/travaux_publics_voirie", "/dashboard/requests?show=late")
FILES = "https://guichet.example/dossiers/{reference}"
REFERENCES = {
    "late": "2026-000001",
    "new": "2026-000002",
    "done": "2026-000003",
    "access": "2026-000004",
    "waits": "2026-000005",
}


def agents() -> dict[str, Agent]:
    """Agents by the digest of their token."""
    return {
        hashlib.sha256(name.encode()).hexdigest(): Agent(agent=f"{name}.exemple", roles=roles)
        for name, roles in ROLES.items()
    }


def bearer(name: str) -> dict[str, str]:
    """Headers of a machine that holds a token."""
    return {"Authorization": f"Bearer {name}"}


def received(name: str, at: dt.datetime, department: str | None, **said: Any) -> list[Recorded]:
    """A request, and its routing where there is a department."""
    request_id = derive_id("board", name)
    told = {"subject": "pothole", "origin": "live", "kind": "report", "reference": REFERENCES.get(name, f"2026-{name}")}
    facts = [fact(RequestReceived, request_id, at, **{**told, **said})]
    if department is not None:
        facts.append(fact(RequestRouted, request_id, at, department=department, first_line=False, unusual=False))
    return facts


def owed(name: str, at: dt.datetime, due_at: dt.datetime, what: str = "answer") -> Recorded:
    """What is owed, or the time that somebody else has."""
    return fact(
        ObligationSet, derive_id("board", name), at,
        obligation_id=f"{what}-1", obligation=what, starts_at=at, due_at=due_at, warn_at=at,
    )  # fmt: skip


def board_town(now: dt.datetime) -> list[Recorded]:
    """`late` and `new` wait at the roads, `access`, confidential, at the greffe, `waits` nowhere; `done` is treated.

    What is owed to `waits` stands still until its citizen replies, in whose time: neither is late nor at risk. What is
    of today is of this instant: a second before could be yesterday.
    """
    day = dt.timedelta(days=1)
    long_ago = now - 40 * day
    missed: dict[str, Any] = {"obligation_id": "answer-1", "obligation": "answer", "due_at": now - 30 * day}
    return [
        *received("late", long_ago, "travaux_publics_voirie"),
        owed("late", long_ago, now - 30 * day),
        fact(ObligationMissed, derive_id("board", "late"), now - 30 * day, **missed),
        *received("waits", now - 5 * day, None, subject=None),
        *(owed("waits", now - 5 * day, now + each, what) for each, what in ((-day, "judge"), (day / 24, "answer"))),
        *(
            fact(ObligationPaused, derive_id("board", "waits"), now - 4 * day, n=n, obligation_id=f"{what}-1")
            for n, what in enumerate(("judge", "answer"))
        ),
        owed("waits", now - 5 * day, now - day, "citizen_reply"),
        owed("waits", now - 4 * day, now + day / 24, "review_window"),
        *received("done", now - 3 * day, "clic", subject="general_information", kind="request"),
        *received(
            "access", now - 2 * day, "greffe", kind="access_to_information", confidential=True, subject=None,
            channel="letter",
        ),
        owed("access", now - 2 * day, now + 18 * day),
        *received("new", now, "travaux_publics_voirie", subject="street_light"),
        owed("new", now, now + dt.timedelta(hours=1)),
        fact(RequestClosed, derive_id("board", "done"), now),
    ]  # fmt: skip


async def enter(browser: httpx.AsyncClient, token: str, then: str = "/dashboard") -> httpx.Response:
    """Give a token at the entrance; the browser keeps the cookie."""
    return await browser.post("/login", data={"token": token, "then": then, "form_key": await form_key(browser)})


async def form_key(browser: httpx.AsyncClient, path: str = "/login") -> str:
    """What the form of a page sends back."""
    page = await browser.get(path)
    return str(re.findall(r'name="form_key" value="([^"]+)"', page.text)[0])


def text_of(html: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"<[^>]+>", "", html)


class Settled(NamedTuple):
    """A database that holds the small town, and the instant that it is as of."""

    url: str
    now: dt.datetime


def settled(server_url: str) -> Iterator[Settled]:
    """The small town in a database of its own: made once for many tests, which only read it."""
    name = f"test_{secrets.token_hex(6)}"
    found = Settled(f"{server_url.rsplit('/', 1)[0]}/{name}", dt.datetime.now(dt.UTC))
    asyncio.run(_run(server_url, f"CREATE DATABASE {name}"))
    asyncio.run(_settle(found))
    yield found
    asyncio.run(_run(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def _settle(found: Settled) -> None:
    connection = await asyncpg.connect(found.url)
    await settle(connection, *board_town(found.now))
    await connection.close()


def board_api(pool: asyncpg.Pool, clock: Clock) -> tuple[FastAPI, Changes]:
    """Reporting over HTTP with its dashboard, and what keeps open pages up to date."""
    access = Access(agents(), [each.code for each in town().departments], clock)
    api = make_api(pool, Pages(town()), clock, links={}, standing=lambda: None, access=access)
    changes = Changes(pool)
    add_dashboard(api, Dashboard(partial(connected, pool), town(), clock, access, changes, lambda: None, FILES))
    return api, changes


def client_of(api: FastAPI, **headers: str) -> httpx.AsyncClient:
    """A browser that keeps cookies and follows nothing by itself."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(api), base_url="http://clic.example", headers={"Accept": "text/html", **headers}
    )


@contextlib.asynccontextmanager
async def served(api: FastAPI) -> AsyncIterator[str]:
    """An application on a port of this machine: streams need one."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(uvicorn.Config(api, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
