"""What stands around every answer: headers, rates, and the proxies that are believed."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import pytest
from fastapi import FastAPI
from tests.chassis.identity.shop import browser_of, enter, shop
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from clic_chassis.clock import ManualClock
from clic_chassis.identity.protection import KNOWN, READS, WRITES, Rates
from clic_chassis.identity.rate import Rate
from clic_chassis.safe_headers import HEADERS

AT = dt.datetime(2026, 3, 2, 14, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(AT)


@pytest.fixture
def api(clock: ManualClock) -> FastAPI:
    return shop(clock, rates=Rates(reads=Rate(6, MINUTE), writes=Rate(3, MINUTE), known=Rate(9, MINUTE)))


@pytest.mark.parametrize("path", ["/demande", "/login", "/docs", "/openapi.json", "/nowhere", "/defect", "/things"])
async def test_every_answer_has_safe_headers(clock: ManualClock, path: str) -> None:
    """Pages, data, problems and defects; HSTS where TLS is, and there alone."""
    async with browser_of(shop(clock)) as browser, browser_of(shop(clock), "http://127.0.0.1:8080") as plain:
        answer, bare = await browser.get(path), await plain.get(path)

    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in bare.headers


async def test_beyond_the_rate_an_address_waits(api: FastAPI, clock: ManualClock) -> None:
    """Reading and sending are counted apart; a made-up token counts as none."""
    made_up = {"Authorization": "Bearer x"}
    async with browser_of(api) as browser, browser_of(api, client="192.0.2.2") as elsewhere:
        reads = [await browser.get("/demande") for _ in range(7)]
        writes = [await browser.post("/demande", headers=made_up) for _ in range(4)]
        other = await elsewhere.get("/demande")
        clock.set(AT + MINUTE / 6)
        again = await browser.get("/demande")

    assert [each.status_code for each in reads] == [200] * 6 + [429]
    assert [each.status_code for each in writes][-1] == 429
    assert (reads[-1].headers["retry-after"], reads[-1].headers["content-type"]) == ("10", "application/problem+json")
    assert reads[-1].json()["type"] == "urn:clic:problem:too-many-requests"
    assert reads[-1].headers["X-Content-Type-Options"] == "nosniff"
    assert (other.status_code, again.status_code) == (200, 200)


async def test_who_is_known_is_counted_by_themselves(api: FastAPI) -> None:
    """A portal and a visitor behind one address do not slow each other down; nobody is without a bound."""
    headers = {"Authorization": "Bearer camille"}
    async with browser_of(api) as browser:
        known = [await browser.post("/things", json={"name": "x"}, headers=headers) for _ in range(11)]
        visitor = await browser.get("/demande")
        session = [await enter(browser, "sacha"), *[await browser.get("/guichet") for _ in range(10)]]

    assert [each.status_code for each in known] == [200] * 10 + [429]
    assert visitor.status_code == 200
    assert [each.status_code for each in session] == [303] + [200] * 9 + [429]


async def test_probes_are_never_too_many(api: FastAPI) -> None:
    @api.get("/livez")
    async def livez() -> str:
        return "alive"

    async with browser_of(api) as browser:
        assert {(await browser.get("/livez")).status_code for _ in range(20)} == {200}


def test_the_rates_are_those_that_are_stated() -> None:
    """As docs/access.md says."""
    assert (Rate(600, MINUTE), Rate(60, MINUTE), Rate(60_000, MINUTE)) == (READS, WRITES, KNOWN)


@pytest.mark.parametrize(
    ("trusted", "counted"), [("192.0.2.0/24", "203.0.113.9"), ("198.51.100.1", "192.0.2.1"), ("", "192.0.2.1")]
)
async def test_a_proxy_is_believed_where_it_is_named(clock: ManualClock, trusted: str, counted: str) -> None:
    """CLIC_TRUSTED_PROXIES, as the service gives it to uvicorn: otherwise anybody could be anybody."""
    api = shop(clock)
    believed = ProxyHeadersMiddleware(cast("Any", api), trusted_hosts=trusted)  # uvicorn types ASGI its own way
    headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "Authorization": "Bearer wrong"}
    async with browser_of(believed, "http://127.0.0.1:8080") as browser:
        answer = await browser.post("/things", json={"name": "x"}, headers=headers)

    assert list(api.state.identity.tries._empty_at) == [counted]
    assert ("Strict-Transport-Security" in answer.headers) == (counted == "203.0.113.9")
