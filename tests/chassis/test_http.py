"""Errors over HTTP: every one is a problem (RFC 9457) that says whose fault it is, and none quotes a citizen."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from structlog.testing import capture_logs

from clic_chassis.error import NotFoundError, RefusedError, RetryableError
from clic_chassis.http import BODY_BYTES_MAX, PROBLEM_TYPE, add_error_handlers, problem_of, problems

PERSONAL = "Camille Exemple, 450 555-0199"


class ClosedError(RefusedError):
    """A refusal with a code of its own."""

    code = "request_closed"


ERRORS: dict[str, Exception] = {
    "refused": ClosedError("the request is closed; reopen it first"),
    "missing": NotFoundError("no such request"),
    "away": RetryableError("clic.log.intake.x: no answer"),
    "forbidden": HTTPException(403, "the role greffe is needed"),
    "defect": KeyError(PERSONAL),
}


class Body(BaseModel):
    """What is sent."""

    number: int
    text: str = ""


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Of an API that fails as told."""
    api = FastAPI()
    add_error_handlers(api, larger_bodies={"/large": 2 * BODY_BYTES_MAX})

    @api.get("/{name}", responses=problems(409))
    async def fail(name: str) -> None:
        raise ERRORS[name]

    @api.post("/small")
    @api.post("/large")
    async def take(body: Body) -> int:
        return body.number

    transport = httpx.ASGITransport(app=api)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


@pytest.mark.parametrize(
    ("name", "status", "kind", "detail"),
    [
        ("refused", 409, "urn:clic:problem:request-closed", "the request is closed; reopen it first"),
        ("missing", 404, "urn:clic:problem:not-found", "no such request"),
        ("away", 503, "urn:clic:problem:try-again", "nothing is lost if you send the same again"),
        ("forbidden", 403, "urn:clic:problem:forbidden", "the role greffe is needed"),
        ("defect", 500, "urn:clic:problem:internal-server-error", "in the service's log"),
    ],
)
async def test_an_error_is_a_problem_by_what_is_to_be_done_about_it(
    client: httpx.AsyncClient, name: str, status: int, kind: str, detail: str
) -> None:
    """Refuse, try again, or a defect of ours."""
    answer = await client.get(f"/{name}")
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM_TYPE)
    assert (problem["status"], problem["type"]) == (status, kind)
    assert detail in problem["detail"]
    assert ("Retry-After" in answer.headers) is (status == 503)


async def test_a_defect_is_logged_by_its_place_and_without_its_text(client: httpx.AsyncClient) -> None:
    """POL-30: neither the log nor the caller hears what it quotes."""
    with capture_logs() as logged:
        answer = await client.get("/defect")
    (line,) = logged
    assert (line["event"], line["error"]) == ("http_failed", "KeyError")
    assert "fail" in line["where"]
    assert PERSONAL not in f"{answer.text} {logged}"


async def test_what_does_not_fit_the_schema_is_told_with_its_place_and_not_repeated(client: httpx.AsyncClient) -> None:
    """One entry per error, as a JSON pointer."""
    answer = await client.post("/small", json={"number": PERSONAL, "text": 7})
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM_TYPE)
    assert [error["pointer"] for error in problem["errors"]] == ["/number", "/text"]
    assert PERSONAL not in answer.text


@pytest.mark.parametrize(("path", "taken"), [("/small", False), ("/large", True)])
async def test_a_body_is_bounded_by_its_path(client: httpx.AsyncClient, path: str, *, taken: bool) -> None:
    """Before it is read whole."""
    answer = await client.post(path, json={"number": 1, "text": "x" * BODY_BYTES_MAX})
    assert answer.status_code == (200 if taken else 413)
    assert taken or answer.headers["content-type"] == PROBLEM_TYPE


async def test_the_documentation_says_that_errors_are_problems(client: httpx.AsyncClient) -> None:
    """As OpenAPI tells clients."""
    document = (await client.get("/openapi.json")).json()
    responses = document["paths"]["/{name}"]["get"]["responses"]
    assert list(responses["409"]["content"]) == [PROBLEM_TYPE]
    assert list(responses["200"]["content"]) == ["application/json"]


def test_a_refusal_over_the_inbox_is_the_same_problem() -> None:
    """Receipts and HTTP say the same."""
    problem = problem_of(ClosedError("the request is closed"))
    assert (problem.type, problem.status) == ("urn:clic:problem:request-closed", 409)
