"""Routing as it is wired, on a real server: each request is given to a department once; people may choose over it."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.place import TOWN_DIR

from clic_chassis.scenario import recorded
from clic_chassis.service import Runtime, Wiring, open_runtime
from clic_chassis.settings import Settings
from clic_chassis.testing import at_work, left_to_do, wait_until
from clic_contracts.envelope import Recorded, derive_id
from clic_contracts.event import Event, RequestNoted, RequestReceived, RequestRefused, RequestRouted
from clic_contracts.subject import LOG_STREAM
from clic_contracts.vocabulary import Service
from clic_routing.app import DURABLE, wire

WAIT_S = 40.0
TOKEN = "jeton-d-essai"
ACTOR = "agent:alex.exemple"


@pytest.fixture
def settings(nats_url: str, tmp_path: Path) -> Settings:
    """Of a routing with one agent."""
    agents = tmp_path / "agents.json"
    agents.write_text(
        json.dumps({hashlib.sha256(TOKEN.encode()).hexdigest(): {"agent": "alex.exemple", "roles": ["agent"]}})
    )
    return Settings(nats_url=nats_url, town_dir=TOWN_DIR, agents_file=agents)


@pytest_asyncio.fixture
async def runtime(settings: Settings) -> AsyncIterator[Runtime[Settings]]:
    """What the chassis gives routing."""
    async with open_runtime("routing", settings) as opened:
        yield opened


@contextlib.asynccontextmanager
async def working(runtime: Runtime[Settings]) -> AsyncIterator[Wiring]:
    wiring = await wire(runtime)
    async with at_work(*wiring.components):
        yield wiring


def request(name: str) -> str:
    return derive_id("test", name)


async def append(runtime: Runtime[Settings], name: str, event: Event, cause_id: str = "given") -> Recorded:
    """Intake decides."""
    story = await runtime.log.load(Service.INTAKE, request(name), fresh=True)
    fact = recorded(event, request_id=request(name), cause_id=f"{name}/{cause_id}")
    await runtime.log.append(Service.INTAKE, request(name), [fact], expected=story.last_sequence)
    return fact


def received(**changes: Any) -> RequestReceived:
    return RequestReceived.model_validate({**RequestReceived.EXAMPLE, **changes})


async def routed(runtime: Runtime[Settings], name: str) -> list[Recorded]:
    return list((await runtime.log.load(Service.ROUTING, request(name), fresh=True)).events)


async def idle(runtime: Runtime[Settings]) -> None:
    async def nothing_left() -> bool:
        return not await left_to_do(runtime.nats, LOG_STREAM, DURABLE)

    await wait_until(nothing_left, WAIT_S, what="routing to have nothing left")


async def test_each_request_that_is_received_is_routed_once_and_says_why(runtime: Runtime[Settings]) -> None:
    """POL-10, POL-16: with the rule, the town's version and the cause; nothing else of intake is answered."""
    async with working(runtime):
        facts = [await append(runtime, f"r{number}", received(subject="pothole")) for number in range(20)]
        await append(runtime, "r1", RequestNoted(), "note")
        await wait_until(lambda: routed(runtime, "r19"), WAIT_S, what="the last one")
        await idle(runtime)
    for number, fact in enumerate(facts):
        (decision,) = await routed(runtime, f"r{number}")
        assert isinstance(decision.data, RequestRouted)
        assert (decision.data.department, decision.cause_id) == ("travaux_publics_voirie", fact.event_id)
        assert (decision.town, decision.actor) == (runtime.town.version, f"rule:{runtime.town.version}")
        assert decision.occurred_at == fact.occurred_at


async def test_a_reception_that_is_delivered_again_is_routed_once(runtime: Runtime[Settings]) -> None:
    """The consumer is made anew and begins at the beginning of the log; two instances share it."""
    async with working(runtime):
        for number in range(10):
            await append(runtime, f"r{number}", received())
        await wait_until(lambda: routed(runtime, "r9"), WAIT_S, what="the last one")
        await idle(runtime)
    await runtime.nats.jetstream().delete_consumer(LOG_STREAM, DURABLE)
    async with working(runtime), working(runtime):
        await append(runtime, "r10", received())
        await wait_until(lambda: routed(runtime, "r10"), WAIT_S, what="the new one")
        await idle(runtime)
    assert [len(await routed(runtime, f"r{number}")) for number in range(11)] == [1] * 11


@contextlib.asynccontextmanager
async def asking(wiring: Wiring, token: str | None = TOKEN) -> AsyncIterator[httpx.AsyncClient]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    assert wiring.http is not None
    transport = httpx.ASGITransport(app=wiring.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://routing", headers=headers) as client:
        yield client


async def test_a_person_chooses_over_the_rules_and_it_is_known_who(runtime: Runtime[Settings]) -> None:
    """POL-16; the same command with the same key is done once."""
    await append(runtime, "one", received(subject="pothole"))
    path = f"/requests/{request('one')}"
    async with working(runtime) as wiring, asking(wiring) as client:
        await wait_until(lambda: routed(runtime, "one"), WAIT_S, what="the rules")
        key = {"Idempotency-Key": "abc"}
        first = await client.post(f"{path}/route", json={"department": "ingenierie"}, headers=key)
        back = await client.post(f"{path}/route", json={"department": "clic"})
        again = await client.post(f"{path}/route", json={"department": "ingenierie"}, headers=key)
        assigned = await client.get(f"{path}/assignment")
    assert (first.status_code, first.json()["department"], first.json()["known"]) == (200, "ingenierie", False)
    assert (back.json()["department"], again.json()["known"]) == ("clic", True)
    assert assigned.json() == {"request_id": request("one"), "department": "clic", "known": True}
    rules, chosen, returned = await routed(runtime, "one")
    assert (chosen.actor, returned.actor) == (ACTOR, ACTOR)
    assert isinstance(chosen.data, RequestRouted)
    assert (chosen.data.rule, chosen.data.first_line, rules.actor) == (None, False, f"rule:{runtime.town.version}")


async def test_a_person_may_be_faster_than_the_rules(runtime: Runtime[Settings]) -> None:
    """Then the rules have nothing to say."""
    await append(runtime, "one", received(subject="pothole"))
    async with asking(await wire(runtime)) as client:
        answer = await client.post(f"/requests/{request('one')}/route", json={"department": "loisirs"})
    assert answer.status_code == 200
    async with working(runtime):
        await idle_once_made(runtime)
    assert [each.data.department for each in await routed(runtime, "one") if isinstance(each.data, RequestRouted)] == [
        "loisirs"
    ]


async def idle_once_made(runtime: Runtime[Settings]) -> None:
    async def made() -> bool:
        names = [each.name for each in await runtime.nats.jetstream().consumers_info(LOG_STREAM)]
        return DURABLE in names

    await wait_until(made, WAIT_S, what="the consumer")
    await idle(runtime)


@pytest.mark.parametrize(
    ("name", "body", "status", "says"),
    [
        ("one", {"department": "ministere"}, 409, "travaux_publics_voirie"),
        ("two", {"department": "clic"}, 404, "no such request"),
        ("one", {"department": "clic", "why": "no"}, 422, "why"),
        ("one", {}, 422, "department"),
    ],
)
async def test_a_command_that_cannot_be_done_is_a_problem_that_says_what_to_mend(
    runtime: Runtime[Settings], name: str, body: dict[str, str], status: int, says: str
) -> None:
    """RFC 9457; nothing is recorded."""
    await append(runtime, "one", received())
    async with asking(await wire(runtime)) as client:
        answer = await client.post(f"/requests/{request(name)}/route", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert says in answer.text
    assert answer.json()["status"] == status
    assert await routed(runtime, name) == []


@pytest.mark.parametrize("token", [None, "", "another"])
async def test_only_an_agent_commands_and_looks(runtime: Runtime[Settings], token: str | None) -> None:
    """Every command is attributable to a person."""
    await append(runtime, "one", received())
    async with asking(await wire(runtime), token) as client:
        answers = [
            await client.post(f"/requests/{request('one')}/route", json={"department": "clic"}),
            await client.get(f"/requests/{request('one')}/assignment"),
        ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert {answer.headers["WWW-Authenticate"].split()[0] for answer in answers} == {"Bearer"}
    assert await routed(runtime, "one") == []


async def test_what_a_person_judged_to_be_before_the_courts_is_passed_on(runtime: Runtime[Settings]) -> None:
    """POL-09: another refusal stays where it is."""
    refused = RequestRefused.EXAMPLE
    async with working(runtime):
        for name, criterion in (("tribunaux", "before_courts"), ("rumeur", "unfounded")):
            await append(runtime, name, received(subject="pothole"))
            await append(runtime, name, RequestRefused.model_validate({**refused, "criterion": criterion}), "judged")
        await append(runtime, "dernier", received())

        async def all_routed() -> bool:
            return [len(await routed(runtime, each)) for each in ("tribunaux", "rumeur", "dernier")] == [2, 1, 1]

        await wait_until(all_routed, WAIT_S, what="what is before the courts to be passed on")
    last = (await routed(runtime, "tribunaux"))[-1].data
    assert isinstance(last, RequestRouted)
    assert last.department == "greffe"


async def test_what_is_confidential_is_not_there_for_others(runtime: Runtime[Settings]) -> None:
    """POL-26: neither routed nor shown, and answered as what is not there."""
    await append(runtime, "one", received(kind="access_to_information", subject=None, confidential=True))
    async with asking(await wire(runtime)) as client:
        for method, path, body in (("POST", "route", {"department": "clic"}), ("GET", "assignment", None)):
            answers = [
                await client.request(method, f"/requests/{request(name)}/{path}", json=body) for name in ("one", "two")
            ]
            assert [each.status_code for each in answers] == [404, 404]
            assert answers[0].content == answers[1].content
    assert await routed(runtime, "one") == []
