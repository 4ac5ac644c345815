"""Publishers over HTTP that hold their connections, half a request each, as long as they like: others are served."""

from __future__ import annotations

import asyncio

import httpx
import uvicorn
from fastapi import Request

from clic_chassis.embedded import free_port
from clic_chassis.http import add_error_handlers, new_api
from clic_chassis.testing import wait_until

HELD = 400
SERVED_WITHIN_S = 30.0
"""On any machine: whoever waited for what is held would wait twice as long (`BODY_S_MAX`), or for ever."""
HALVES = (
    b"POST /events HTTP/1.1\r\nHost: clic\r\n",
    b"POST /events HTTP/1.1\r\nHost: clic\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{",
)
"""Headers that do not end, and a body that does not."""


async def test_who_sends_half_a_request_and_waits_holds_up_nobody() -> None:
    """Each costs the service a socket and some memory; how many there may be is for the ingress to bound."""
    api = new_api(title="essai")
    add_error_handlers(api)

    @api.post("/events")
    async def events(request: Request) -> int:
        return len(await request.body())

    server = uvicorn.Server(
        uvicorn.Config(api, port=(port := free_port()), log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    )
    serving = asyncio.create_task(server.serve())
    await wait_until(lambda: server.started, what="the server listens")
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(HELD)]
    try:
        for number, (_, writer) in enumerate(held):
            writer.write(HALVES[number % 2])
        await asyncio.gather(*(writer.drain() for _, writer in held))
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=SERVED_WITHIN_S, trust_env=False
        ) as client:
            answers = await asyncio.gather(*(client.post("/events", content=b"{}") for _ in range(50)))
        assert {each.status_code for each in answers} == {200}
    finally:
        for _, writer in held:
            writer.transport.abort()
        server.should_exit = True
        await serving
