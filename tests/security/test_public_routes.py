"""Whatever the web can reach without a token has a bound: how often, how much, for how long."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI, Request
from pydantic import SecretStr
from starlette.routing import BaseRoute
from tests.intake.service.office import KEY
from tests.place import TOWN_DIR

from clic_chassis import http as chassis_http
from clic_chassis.clock import ManualClock
from clic_chassis.http import add_error_handlers, new_api
from clic_chassis.identity.protection import PROBES, READS, WRITES
from clic_chassis.service import add_probes, open_runtime
from clic_chassis.settings import Settings
from clic_chassis.testing import wait_until
from clic_deadlines.app import wire as wire_deadlines
from clic_deadlines.settings import Settings as DeadlinesSettings
from clic_intake.api.attachment import LARGER_BODIES
from clic_intake.api.submission import MAX_BATCH_BYTES
from clic_intake.app import wire as wire_intake
from clic_intake.citizen.page import LARGER_FORMS
from clic_intake.settings import IntakeSettings
from clic_reporting.app import wire as wire_reporting
from clic_reporting.settings import Settings as ReportingSettings
from clic_routing.app import wire as wire_routing

LARGEST = max(*LARGER_BODIES.values(), *LARGER_FORMS.values(), MAX_BATCH_BYTES, chassis_http.BODY_BYTES_MAX)
CHUNK = 1 << 20
AT = dt.datetime(2026, 3, 2, 14, tzinfo=dt.UTC)
ANSWERED_S = 30.0
DOCUMENTATION = {"GET /docs", "GET /openapi.json", "GET /static-offline-docs/x"}
PUBLIC = {
    "intake": {
        "GET /", "GET /demande", "GET /demande/envoyer", "GET /demande/merci", "GET /demande/reponse",
        "GET /demande/suite", "GET /demande/sujet", "GET /login", "GET /open311/x", "GET /static/x", "GET /suivi/x/x",
        "POST /demande/envoyer", "POST /demande/reponse", "POST /demande/suite", "POST /demande/sujet", "POST /login",
        "POST /suivi/ajouter", "POST /suivi/x/x/completer", "POST /suivi/x/x/evaluer", "POST /suivi/x/x/oublier",
        "POST /suivi/x/x/retirer", "POST /suivi/x/x/rouvrir",
    },
    "routing": set[str](),
    "deadlines": {"GET /departments/x/due.ics"},  # By a secret address, which calendar programs can be given.
    "reporting": {
        "GET /", "GET /dashboard/static/x", "GET /login", "GET /reports/x", "GET /reports/x.json", "GET /reports/x.x",
        "POST /login",
    },
}  # fmt: skip


class Route(NamedTuple):
    """A path that the application answers, with values for its parts."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def routes_of(api: FastAPI) -> list[Route]:
    """Every route with each of its methods; mounted applications by a path below them."""
    return sorted(set(_walk(api.routes)))


def _walk(routes: list[BaseRoute]) -> Iterator[Route]:
    for each in routes:
        path = re.sub(r"{[^}]*}", "x", getattr(each, "path", ""))
        methods = getattr(each, "methods", None)
        if methods is None:
            yield Route("GET", f"{path}/x")
        else:
            for method in methods - {"HEAD", "OPTIONS"}:
                yield Route(method, path)


SETTINGS: dict[str, type[Settings]] = {
    "intake": IntakeSettings, "routing": Settings, "deadlines": DeadlinesSettings, "reporting": ReportingSettings,
}  # fmt: skip
WIRE: dict[str, Any] = {
    "intake": wire_intake, "routing": wire_routing, "deadlines": wire_deadlines, "reporting": wire_reporting,
}  # fmt: skip
MIGRATIONS = {"intake": "clic_intake", "deadlines": "clic_deadlines"}


@pytest_asyncio.fixture(params=list(WIRE))
async def api(
    request: pytest.FixtureRequest, nats_url: str, postgres_url: str, tmp_path: Path
) -> AsyncIterator[FastAPI]:
    """Each service's application as it is wired."""
    name: str = request.param
    (tmp_path / "agents.json").write_text("{}", "utf-8")
    (tmp_path / "master.key").write_text(base64.b64encode(KEY).decode(), "ascii")
    extra: dict[str, Any] = {"master_key_file": tmp_path / "master.key"} if name == "intake" else {}
    if name != "routing":
        extra["postgres_url"] = SecretStr(postgres_url)
    settings = SETTINGS[name](nats_url=nats_url, town_dir=TOWN_DIR, agents_file=tmp_path / "agents.json", **extra)
    # The clock stands still: a bucket that leaks while a slow machine fills it is never full.
    clock = ManualClock(AT)
    async with open_runtime(name, settings, migrations=MIGRATIONS.get(name), clock=clock) as runtime:
        wiring = await WIRE[name](runtime)
        assert wiring.http is not None
        add_probes(wiring.http, runtime, wiring)
        yield wiring.http


@pytest.fixture
def public(request: pytest.FixtureRequest) -> set[str]:
    """What of the service at hand is for everybody, as `METHOD path`."""
    name = request.node.callspec.params["api"]
    return PUBLIC[name] | DOCUMENTATION


@contextlib.asynccontextmanager
async def visitor(api: FastAPI, address: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody from the web, through a proxy that is believed."""
    transport = httpx.ASGITransport(app=api, client=(address, 1), raise_app_exceptions=False)
    headers = {"X-Forwarded-For": address}
    async with httpx.AsyncClient(transport=transport, base_url="http://clic.invalid", headers=headers) as client:
        yield client


async def test_what_is_public_is_listed_and_nothing_of_it_can_be_asked_too_often(
    api: FastAPI, public: set[str]
) -> None:
    """A new route is for who is known, or is added to the list here; beyond its address's rate it answers 429."""
    first: dict[Route, httpx.Response] = {}
    for number, route in enumerate(routes_of(api)):
        async with visitor(api, f"203.0.113.{number}") as client:
            first[route] = await client.request(route.method, route.path)
    async with visitor(api, "192.0.2.1") as client:
        for _ in range(READS.burst):
            await client.get("/nowhere")
        for _ in range(WRITES.burst):
            await client.post("/nowhere")
        later = {route: await client.request(route.method, route.path) for route in routes_of(api)}
    async with visitor(api, "192.0.2.2") as other:
        probes = {(await other.get(path)).status_code for path in PROBES}
        elsewhere = await other.get("/nowhere")

    assert {str(route) for route, answer in first.items() if not _turned_away(answer)} == public
    assert {
        str(route) for route, answer in later.items() if answer.status_code != 429 and route.path not in PROBES
    } == set()
    assert all(int(answer.headers["Retry-After"]) > 0 for route, answer in later.items() if route.path not in PROBES)
    assert probes == {404}  # From outside there are none.
    assert elsewhere.status_code == 404  # One address's rate is not another's.


def _turned_away(answer: httpx.Response) -> bool:
    if answer.status_code == 303:
        return answer.headers["Location"].startswith("/login")
    return answer.status_code in {401, 403} or (answer.status_code == 404 and answer.request.url.path in PROBES)


async def test_of_a_body_no_more_is_read_than_its_bound_and_no_longer(
    api: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body without an end, and one that stops in the middle: each route that takes one answers all the same."""
    monkeypatch.setattr(chassis_http, "BODY_S_MAX", 0.02)
    sending = [route for route in routes_of(api) if route.method == "POST"]
    for number, route in enumerate(sending):
        for kind in ("multipart/form-data; boundary=x", "application/json"):
            async with asyncio.timeout(ANSWERED_S), visitor(api, f"198.51.100.{number}") as client:
                flood = _Flood()
                flooded = await client.post(route.path, content=flood.chunks(), headers={"Content-Type": kind})
                stopped = await client.post(route.path, content=_stopping(), headers={"Content-Type": kind})

            assert flooded.status_code >= 303, route
            assert flood.sent <= LARGEST + CHUNK, route
            assert stopped.status_code >= 303, route


class _Flood:
    """A body without an end, that counts what was taken of it."""

    sent = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            self.sent += CHUNK
            yield b"x" * CHUNK


async def _stopping() -> AsyncIterator[bytes]:
    yield b"x"
    await asyncio.Event().wait()


async def test_without_the_bounds_a_flood_and_a_trickle_would_go_on() -> None:
    """The proof that the checks above can fail: a route that reads, without what stands around a service's."""
    bare = FastAPI()

    @bare.post("/taken")
    async def taken(request: Request) -> int:
        return sum([len(each) async for each in request.stream()])

    flood = _Flood()
    async with visitor(bare, "192.0.2.1") as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await client.post("/taken", content=_stopping())
        flooding = asyncio.create_task(client.post("/taken", content=_slowly(flood)))
        await wait_until(lambda: flood.sent > LARGEST + CHUNK or flooding.done(), ANSWERED_S, what="more is taken")
        goes_on = flooding.cancel()
        await asyncio.wait([flooding])
        often = {(await client.get("/taken")).status_code for _ in range(READS.burst + 1)}

    assert goes_on
    assert flood.sent > LARGEST + CHUNK
    assert often == {405}


async def _slowly(flood: _Flood) -> AsyncIterator[bytes]:
    async for chunk in flood.chunks():
        await asyncio.sleep(0)  # Else nothing else gets its turn, not even the clock.
        yield chunk


async def test_a_body_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """408 in both languages (RFC 9110, 15.5.9); what came whole may be worked on for longer."""
    monkeypatch.setattr(chassis_http, "BODY_S_MAX", 0.05)
    api = new_api()
    add_error_handlers(api)

    @api.post("/taken")
    async def taken(request: Request) -> int:
        found = len(await request.body())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                await request.receive()  # As a stream of events waits for its reader to leave.
                return -1
        return found

    async with visitor(api, "192.0.2.1") as client:
        late = await client.post("/taken", content=_stopping(), headers={"Accept-Language": "fr"})
        whole = await client.post("/taken", content=b"whole")

    assert late.status_code == 408
    assert late.headers["Connection"] == "close"
    assert late.json()["title"] == "Contenu reçu trop lentement"
    assert whole.json() == 5
