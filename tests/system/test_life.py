"""The life of a request from end to end over four services, and the one trace that follows it."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.system.house import House
from tests.system.submitting import by_http, by_inbox, now, report, request, story, types

from clic_chassis.testing import wait_until
from clic_contracts.submission import Receipt

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

SERVICES = ("intake", "routing", "deadlines", "reporting")
TRACED_TIMEOUT_S = 60.0


def quarter() -> str:
    """The quarter of today in the town."""
    today = dt.datetime.now(ZoneInfo("America/Toronto"))
    return f"{today.year}-Q{(today.month + 2) // 3}"


async def command(house: House, request_id: str, what: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """An agent's command: status and answer."""
    async with house.http("intake") as client:
        answer = await client.post(f"/requests/{request_id}/{what}", json=body)
        said: dict[str, Any] = answer.json()
        return answer.status_code, said


async def submit(house: House, way: str) -> Receipt:
    """A pothole, by a way in."""
    if way == "http":
        return await by_http(house, request(), "formulaire-1")
    return await by_inbox(house, request(channel="email"), "courriel-1")


@pytest.mark.parametrize("way", ["http", "inbox"])
async def test_a_request_lives_its_whole_life_over_four_services(house: House, way: str) -> None:
    """POL-10, POL-14, POL-16, POL-18, POL-27, POL-29, POL-32, POL-39."""
    await house.settled()
    before = (await report(house, quarter()))["requests"]

    receipt = await submit(house, way)
    assert receipt.status == "accepted"
    assert receipt.reference is not None
    assert receipt.reference.startswith(f"{now().astimezone(ZoneInfo('America/Toronto')).year}-")
    assert receipt.request_id is not None
    request_id = receipt.request_id
    if way == "http":  # The portal shows the receipt at once; an e-mail is acknowledged by an agent.
        assert receipt.acknowledgement is not None
        assert receipt.reference in receipt.acknowledgement
    else:
        assert receipt.acknowledgement is None
        assert (await command(house, request_id, "acknowledge", {"channel": "email"}))[0] == 200

    await house.settled()
    received = await story(house, request_id)
    facts = {each["type"]: each["data"] for each in received["events"]}
    assert received["reference"] == receipt.reference
    assert facts["request.routed.v1"]["department"] == "travaux_publics_voirie"
    assert facts["request.routed.v1"]["rule"]["code"] == "by_subject"
    assert [each["type"] for each in received["events"]].count("request.acknowledged.v1") == 1
    assert await owed(house, request_id) == {"acknowledge-1": "met", "answer-1": "running"}

    status, problem = await command(house, request_id, "close", {})
    assert status == 409
    assert problem["type"].startswith("urn:clic:problem:")

    assert (await command(house, request_id, "answer", {"channel": "phone", "text": "Réparé, essai."}))[0] == 200
    assert (await command(house, request_id, "close", {}))[0] == 200
    assert (await command(house, request_id, "reopen", {"reason": "not_satisfied"}))[0] == 200
    assert (await command(house, request_id, "close", {}))[0] == 409
    assert (await command(house, request_id, "answer", {"channel": "phone"}))[0] == 200
    status, done = await command(house, request_id, "close", {})
    assert (status, done["phase"]) == (200, "closed")

    await house.settled()
    assert await owed(house, request_id) == {"acknowledge-1": "met", "answer-1": "met", "answer-2": "met"}
    whole = await report(house, quarter())
    after = whole["requests"]
    changed = {name: after[name] - before[name] for name in ("received", "treated", "reopenings", "pending_at_end")}
    assert changed == {"received": 1, "treated": 1, "reopenings": 1, "pending_at_end": 0}
    assert after["pending_at_start"] + after["received"] - after["treated"] == after["pending_at_end"]
    assert after["by_status"]["closed"] - before["by_status"]["closed"] == 1
    channel = "web_form" if way == "http" else "email"
    assert after["by_first_channel"].get(channel, 0) - before["by_first_channel"].get(channel, 0) == 1
    assert whole["position"] == await house.settled()
    async with house.database("reporting") as facts_database:
        row = await facts_database.fetchrow("SELECT * FROM reporting.fact_request WHERE request_id = $1", request_id)
        balance = await facts_database.fetchrow(
            "SELECT * FROM reporting.indicator_pol32_balance WHERE period = $1", quarter()
        )
    assert (row["reference"], row["status"], row["subject"]) == (receipt.reference, "closed", "pothole")
    assert {name: balance[name] for name in ("received", "treated")} == {
        name: after[name] for name in ("received", "treated")
    }


async def owed(house: House, request_id: str) -> dict[str, str]:
    """The obligations of a request and how they stand, as deadlines tells."""
    async with house.http("deadlines") as client:
        answer = (await client.get(f"/requests/{request_id}/obligations")).raise_for_status().json()
    return {each["terms"]["obligation_id"]: each["state"] for each in answer["obligations"]}


async def test_the_same_submission_by_either_way_is_registered_once(house: House) -> None:
    """POL-10: one register, whatever the way in."""
    said, at = request(), now()
    first = await by_http(house, said, "deux-portes", at=at)
    again = await by_inbox(house, said, "deux-portes", code="portail_web", at=at)
    other = await by_http(house, request(subject="street_light"), "deux-portes", at=at)
    assert (first.status, again.status, other.status) == ("accepted", "known", "refused")
    assert first.reference == again.reference
    assert other.problem is not None
    assert "other-content" in other.problem.type


async def test_each_service_documents_its_http(house: House) -> None:
    """OpenAPI: what an agent can command, and what everybody can read."""
    paths: dict[str, set[str]] = {}
    for service in SERVICES:
        async with house.http(service) as client:
            page = (await client.get("/docs")).raise_for_status()
            assert "swagger" in page.text.lower()
            paths[service] = set((await client.get("/openapi.json")).raise_for_status().json()["paths"])
    assert {"/events", "/requests/{request_id}/answer", "/requests/{request_id}/close"} <= paths["intake"]
    assert any("{request_id}" in each for each in paths["routing"])
    assert "/requests/{request_id}/obligations" in paths["deadlines"]
    assert "/reports/{period}.json" in paths["reporting"]


@pytest.mark.parametrize("way", ["http", "inbox"])
async def test_one_trace_follows_a_request_across_all_four_services(house: House, way: str) -> None:
    """Headers of NATS messages carry it from the way in to the tables."""
    said = request(subject="sidewalk")
    receipt = await (by_http if way == "http" else by_inbox)(house, said, f"suivi-{way}")
    await house.settled()
    assert receipt.request_id is not None
    [trace] = {  # The letter that intake decides on later, too.
        span["context"]["trace_id"] for span in await decided(house, "intake", receipt.request_id)
    }

    def everywhere() -> bool:
        return all(any(s["context"]["trace_id"] == trace for s in house.spans(each)) for each in SERVICES)

    await wait_until(everywhere, TRACED_TIMEOUT_S, what=f"spans of trace {trace} in {SERVICES}")
    assert {"request.routed.v1", "obligation.set.v1"} <= set(await types(house, receipt.request_id))


async def decided(house: House, service: str, request_id: str) -> list[dict[str, Any]]:
    """The spans of a service's decisions about a request, once there are some: they are written in several loads."""

    def written() -> list[dict[str, Any]]:
        about = [s for s in house.spans(service) if s["attributes"].get("clic.request_id") == request_id]
        return [each for each in about if each["name"] == "decide"]

    return await wait_until(written, TRACED_TIMEOUT_S, what=f"decisions of {service} about {request_id}")
