"""Open311 under the desk's HTTP, on requests in memory and with a desk that only notes what reaches it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
from fastapi import FastAPI
from tests.intake.open311.georeport import spark, valid

from clic_chassis.clock import ManualClock
from clic_chassis.http import add_error_handlers
from clic_chassis.scenario import NOON
from clic_contracts.problem import Problem
from clic_contracts.submission import Receipt, RequestSubmission
from clic_contracts.town import Town
from clic_intake.core.open311 import Listed
from clic_intake.open311.endpoint import Options, make_endpoint
from clic_intake.open311.listing import MemoryListing
from clic_intake.open311.submitting import Submitter

V2 = "/open311/v2"
FORM = {"api_key": "clé", "service_code": "pothole", "address_string": "1, rue Inventée", "attribute[size]": "large"}


@dataclass
class Post:
    """What reached the desk."""

    publisher: str
    said: RequestSubmission
    key: str | None


@dataclass
class Desk:
    """Takes what is submitted, or answers with a problem."""

    problem: Problem | None = None
    error: Exception | None = None
    posts: list[Post] = field(default_factory=list)

    async def submit(self, publisher: str, said: RequestSubmission, key: str | None) -> Receipt:
        """See `Submitter.submit`."""
        if self.error is not None:
            raise self.error
        self.posts.append(Post(publisher, said, key))
        if self.problem is not None:
            return Receipt(status="refused", problem=self.problem, at=NOON)
        return Receipt(status="accepted", reference="2026-000009", acknowledgement="C’est enregistré.", at=NOON)


class Site:
    """Open311 under the desk's HTTP, as a client sees it."""

    def __init__(self, town: Town, *requests: Listed, **options: Any) -> None:
        self.desk = Desk()
        self.clock = ManualClock(NOON)
        self.listing = MemoryListing(town, requests)
        api = FastAPI()
        add_error_handlers(api)
        endpoint = make_endpoint(
            town,
            self.listing,
            cast("Submitter", self.desk),
            self._publisher_of,
            clock=self.clock,
            options=Options(since=NOON, **options),
        )
        api.mount("/open311", endpoint)
        transport = httpx.ASGITransport(api)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://ville.exemple.invalid")

    async def _publisher_of(self, api_key: str) -> str | None:
        return "portail_web" if api_key == "clé" else None

    async def get(self, path: str, **more: Any) -> httpx.Response:
        """An answer that is in one of the two formats."""
        return well_formed(await self.http.get(f"{V2}/{path}", **more))

    async def post(self, form: Mapping[str, Any], path: str = "requests.json", **more: Any) -> httpx.Response:
        """The same, to a form."""
        return well_formed(await self.http.post(f"{V2}/{path}", data=form, **more))


def well_formed(answer: httpx.Response) -> httpx.Response:
    """Every answer is GeoReport's, errors too."""
    if answer.headers["content-type"] == "text/xml; charset=utf-8":
        valid(answer.content)
    else:
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        json.loads(answer.content)
    return answer


def told(answer: httpx.Response, status: int) -> list[str]:
    """The descriptions of an error of this status."""
    assert answer.status_code == status, answer.text
    xml = answer.headers["content-type"].startswith("text/xml")
    errors = spark(valid(answer.content)) if xml else answer.json()
    assert all(set(each) == {"code", "description"} for each in errors)
    return [each["description"] for each in errors]
