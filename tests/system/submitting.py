"""The two ways in, as a publisher uses them: the inbox and HTTP."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Mapping
from typing import Any

from tests.system.house import House

from clic.nats_config import inbox_prefix, publisher_user
from clic_contracts.client import Publisher
from clic_contracts.submission import SUBMISSION_BY_TYPE, Receipt, Submission, encode_submission
from clic_reporting.report import period_report

SOURCE = "/essai-imaginaire"
RECEIPT_TIMEOUT_S = 30.0
CITIZEN = {"name": "Dominique Fictif", "email": "dominique@exemple.invalid", "phone": "450 555-0199"}


def request(**fields: Any) -> Submission:
    """A report of a pothole by the portal's form, changed in parts."""
    return submission(
        "submission.request.v1",
        {"kind": "report", "channel": "web_form", "subject": "pothole", "requester": CITIZEN} | fields,
    )


def submission(wire_type: str, fields: Mapping[str, Any]) -> Submission:
    """A submission of a wire type."""
    return SUBMISSION_BY_TYPE[wire_type].model_validate(fields)


@contextlib.asynccontextmanager
async def publisher(house: House, code: str) -> AsyncIterator[Publisher]:
    """A publisher's connection."""
    user = publisher_user(code)
    async with await Publisher.connect(
        house.nats.url, code, nkey_seed_file=house.servers.users[user], inbox_prefix=inbox_prefix(user)
    ) as connected:
        yield connected


async def by_inbox(
    house: House, said: Submission, event_id: str, *, code: str = "courriel", at: dt.datetime | None = None
) -> Receipt:
    """Publish a submission on the inbox and wait for its receipt."""
    async with publisher(house, code) as connected:
        await connected.publish(said, source=SOURCE, event_id=event_id, occurred_at=at or now())
        await connected.flush()
        return await connected.receipt(event_id, RECEIPT_TIMEOUT_S)


async def by_http(house: House, said: Submission, event_id: str, *, at: dt.datetime | None = None) -> Receipt:
    """Post a submission as the portal; the answer is its receipt."""
    body = encode_submission(said, source=SOURCE, event_id=event_id, occurred_at=at or now())
    async with house.http("intake") as client:
        answer = await client.post("/events", content=body)
        return Receipt.model_validate(answer.json())


async def story(house: House, request_id: str) -> dict[str, Any]:
    """The whole story of a request, as an agent reads it."""
    async with house.http("intake") as client:
        found: dict[str, Any] = (await client.get(f"/requests/{request_id}")).raise_for_status().json()
        return found


async def types(house: House, request_id: str) -> list[str]:
    """The wire types of a request's facts, in the log's order."""
    return [each["type"] for each in (await story(house, request_id))["events"]]


async def report(house: House, period: str) -> dict[str, Any]:
    """The exact figures of a period as JSON; over HTTP they are for readers with a token."""
    async with house.database("reporting") as connection:
        return (await period_report(connection, period)).model_dump(mode="json")


def now() -> dt.datetime:
    """This instant, in UTC."""
    return dt.datetime.now(dt.UTC)
