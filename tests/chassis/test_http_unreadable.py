"""What this version cannot read is no defect: it is tried again, at another instance perhaps."""

from __future__ import annotations

import httpx

from clic_chassis.error import UnreadableError
from clic_chassis.http import add_error_handlers, new_api


async def test_a_fact_of_a_later_version_is_a_reason_to_try_again() -> None:
    """Old and new code stand side by side during an upgrade."""
    api = new_api(title="essai")
    add_error_handlers(api)

    @api.get("/requests/1")
    async def story() -> None:
        raise UnreadableError("clic.log.intake.1 at 7: a type that nobody knows")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://essai") as client:
        answer = await client.get("/requests/1")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "clic.log" not in answer.text
