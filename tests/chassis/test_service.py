"""A service's life: its components run side by side, one that ends takes the others with it, all within a bound."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from time import monotonic
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from clic_chassis.error import ClicError
from clic_chassis.http import new_api
from clic_chassis.service import Runtime, Wiring, _run_until, _Server, add_probes
from clic_chassis.settings import Settings


class Part:
    """A component that does as it is told."""

    def __init__(self, name: str, work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
        self.name = name
        self._work = work
        self.ended = False

    async def run(self, stop: asyncio.Event) -> None:
        """Work, and notice the end."""
        try:
            await self._work(stop)
        finally:
            self.ended = True

    def not_ready(self) -> str | None:
        """Always ready."""
        return None


async def until_told(stop: asyncio.Event) -> None:
    await stop.wait()


async def at_once(_: asyncio.Event) -> None:
    return


async def failing(_: asyncio.Event) -> None:
    raise KeyError("a defect")


async def failing_at_the_end(stop: asyncio.Event) -> None:
    await stop.wait()
    raise KeyError("while it stops")


async def deaf(_: asyncio.Event) -> None:
    await asyncio.Event().wait()


async def life(stop: asyncio.Event, *parts: Part, bound_s: float = 2.0) -> None:
    server = _Server(uvicorn.Config(FastAPI(), log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    listener = socket.create_server(("127.0.0.1", 0))
    await asyncio.wait_for(_run_until(stop, list(parts), server, listener, bound_s), 20)


def stopping_after(seconds: float) -> asyncio.Event:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stop.set)
    return stop


async def test_a_stop_ends_every_component_and_is_no_error() -> None:
    """HTTP as well."""
    parts = [Part("one", until_told), Part("other", until_told)]
    await life(stopping_after(0.1), *parts)
    assert [part.ended for part in parts] == [True, True]


@pytest.mark.parametrize(
    ("work", "error", "says"), [(failing, KeyError, "a defect"), (at_once, ClicError, "broken ended by itself")]
)
async def test_a_component_that_ends_unasked_ends_the_service_with_an_error(
    work: Callable[[asyncio.Event], Awaitable[None]], error: type[Exception], says: str
) -> None:
    """A service that goes on without one of its parts would look alive; the others are stopped gracefully."""
    other = Part("other", until_told)
    with pytest.raises(error, match=says):
        await life(asyncio.Event(), Part("broken", work), other)
    assert other.ended


async def test_an_error_while_stopping_is_told() -> None:
    """It may mean that something was not finished."""
    with pytest.raises(KeyError, match="while it stops"):
        await life(stopping_after(0.1), Part("one", until_told), Part("broken", failing_at_the_end))


async def test_a_component_that_does_not_hear_is_cut_off_at_the_bound() -> None:
    """What it had under way comes again."""
    part = Part("deaf", deaf)
    began = monotonic()
    await life(stopping_after(0.1), part, bound_s=0.5)
    assert part.ended
    assert monotonic() - began >= 0.5  # And less than the 20 s of `life`, or it would have raised.


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
async def test_what_a_proxy_brings_finds_no_probes_and_no_metrics(path: str) -> None:
    """An ingress leads every path to a service: how it stands is not for whoever has its address."""
    api = new_api(title="CLIC")
    bare = SimpleNamespace(nats=SimpleNamespace(is_connected=True), database=None)
    add_probes(api, cast("Runtime[Settings]", bare), Wiring(components=[]))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://desk") as client:
        assert (await client.get(path)).status_code == 200
        assert (await client.get(path, headers={"X-Forwarded-For": "203.0.113.7"})).status_code == 404
