"""The pages of a service's API load nothing from elsewhere."""

from __future__ import annotations

import re

import httpx
import pytest

from clic_chassis.http import add_error_handlers, new_api


@pytest.fixture
def client() -> httpx.AsyncClient:
    """An API as services make it."""
    api = new_api(title="Essai")
    add_error_handlers(api)
    return httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://essai")


async def test_everything_that_a_page_loads_comes_from_the_service_itself(client: httpx.AsyncClient) -> None:
    """Agents type their tokens there, and a town's network may be closed."""
    page = (await client.get("/docs")).raise_for_status().text
    loaded = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page)
    assert len(loaded) >= 3
    assert not re.search(r"""["'](https?:)?//""", page)
    for url in loaded:
        assert len((await client.get(url)).raise_for_status().content) > 500, url


async def test_what_is_described_is_openapi(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).raise_for_status().json()
    assert described["openapi"].startswith("3.")
    assert described["info"]["title"] == "Essai"
