"""What is counted of HTTP: answers by method and class of status, and nothing that names a request or a person."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY

from clic_chassis.request_context import RequestContext

PERSONAL = "2026-000123-camille"


def counted(method: str, status: str) -> float:
    """How many answers of a class."""
    return REGISTRY.get_sample_value("clic_http_seconds_count", {"method": method, "status": status}) or 0.0


@pytest.fixture
def client() -> httpx.AsyncClient:
    """Of a service behind its context."""
    api = FastAPI()

    @api.get("/livez")
    @api.get("/suivi/{reference}")
    async def page() -> str:
        return "ok"

    @api.get("/defect")
    async def defect() -> None:
        raise KeyError(PERSONAL)

    transport = httpx.ASGITransport(app=RequestContext(api), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def test_answers_are_counted_by_class_and_probes_are_not(client: httpx.AsyncClient) -> None:
    before = {key: counted(*key) for key in (("GET", "2xx"), ("GET", "4xx"), ("GET", "5xx"), ("other", "4xx"))}
    async with client:
        await client.get(f"/suivi/{PERSONAL}")
        await client.get("/livez")
        await client.get(f"/nowhere/{PERSONAL}")
        await client.get("/defect")
        await client.request(PERSONAL.upper(), "/suivi/x")  # Any word is a method.
    assert {key: counted(*key) - count for key, count in before.items()} == dict.fromkeys(before, 1.0)
    told = {value for each in REGISTRY.collect() for sample in each.samples for value in sample.labels.values()}
    assert not [value for value in told if "camille" in value.lower()]
