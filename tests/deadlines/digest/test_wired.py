"""The whole service on real servers: from what intake and routing recorded to the mails and the calendar. POL-29."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable

import httpx
import icalendar
import pytest
import pytest_asyncio
from pydantic import SecretStr
from tests.deadlines.digest.docket import at
from tests.intake.letter.post_office import PostOffice, part
from tests.place import TOWN_DIR

from clic_chassis.clock import ManualClock
from clic_chassis.service import Runtime, open_runtime
from clic_chassis.testing import at_work, wait_until
from clic_contracts.envelope import Recorded, request_id_for
from clic_contracts.event import Event, RequestAnswered, RequestClosed, RequestReceived, RequestRouted
from clic_contracts.vocabulary import Service
from clic_deadlines.app import wire
from clic_deadlines.digest import sender as sender_module
from clic_deadlines.due_feed import FeedTokens
from clic_deadlines.settings import Settings

Tell = Callable[..., tuple[Recorded, ...]]
RECEIVED = "2026-05-15T16:20"
SATURDAY = at("2026-05-16T12:00").astimezone(dt.UTC)
"""When the service first runs: no digest goes out on that day."""
MORNING = at("2026-06-01T07:30").astimezone(dt.UTC)
"""A Monday, past every limit of what came in on Friday 15 May."""


@pytest_asyncio.fixture
async def runtime(nats_url: str, postgres_url: str, post_office: PostOffice) -> AsyncIterator[Runtime[Settings]]:
    """What the chassis gives the service, with a clock that is told and a mail server."""
    settings = Settings(
        nats_url=nats_url,
        postgres_url=SecretStr(postgres_url),
        town_dir=TOWN_DIR,
        smtp_url=post_office.url,
        smtp_tls="none",
    )
    clock = ManualClock(SATURDAY)
    async with open_runtime("deadlines", settings, migrations="clic_deadlines", clock=clock) as runtime:
        yield runtime


async def record(runtime: Runtime[Settings], tell: Tell, service: Service, request_id: str, *facts: Event) -> None:
    """A service decides."""
    before = (await runtime.log.load(service, request_id)).last_sequence
    events = tuple(
        each.model_copy(update={"event_id": f"{service}-{request_id}-{before}-{index}"})
        for index, each in enumerate(tell(*((fact, RECEIVED) for fact in facts), request_id=request_id))
    )
    await runtime.log.append(service, request_id, events, expected=before)


async def receive(
    runtime: Runtime[Settings], tell: Tell, number: int, department: str, **changes: object
) -> tuple[str, str]:
    """A request comes in and is given to a department; its id and reference."""
    request_id = request_id_for("/telephonie", f"appel-imaginaire-{number}")
    reference = f"2026-{number:06d}"
    received = RequestReceived.model_validate({**RequestReceived.EXAMPLE, "reference": reference, **changes})
    routed = RequestRouted.model_validate({**RequestRouted.EXAMPLE, "department": department})
    await record(runtime, tell, Service.INTAKE, request_id, received)
    await record(runtime, tell, Service.ROUTING, request_id, routed)
    return request_id, reference


@pytest.mark.slow
async def test_a_morning_of_the_service(
    runtime: Runtime[Settings], tell: Tell, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POL-26, POL-29: what was answered while nobody looked is not late, and what is confidential is the greffe's."""
    monkeypatch.setattr(sender_module, "EVERY_S", 0.05)
    assert isinstance(runtime.clock, ManualClock)
    wiring = await wire(runtime)
    assert wiring.http is not None
    _, late = await receive(runtime, tell, 1, "clic", subject="general_information")
    answered_id, answered = await receive(runtime, tell, 2, "clic", subject="general_information")
    access = {"kind": "access_to_information", "subject": None, "confidential": True}
    _, secret = await receive(runtime, tell, 3, "greffe", **access)
    tokens = FeedTokens(runtime.pool)
    addresses = {
        each: f"/departments/{each}/due.ics?token={(await tokens.make(each, MORNING)).token}"
        for each in ("clic", "greffe")
    }
    transport = httpx.ASGITransport(wiring.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://deadlines.invalid") as client:

        async def told(department: str) -> set[str]:
            answer = await client.get(addresses[department])
            if answer.status_code != 200:
                return set()
            calendar = icalendar.Calendar.from_ical(answer.content)
            assert isinstance(calendar, icalendar.Calendar)
            return {str(each["SUMMARY"]).split(" – ")[1] for each in calendar.events}

        async def all_there() -> bool:
            return await told("clic") == {late, answered} and await told("greffe") == {secret}

        async with at_work(*wiring.components):
            await wait_until(all_there, 40, what="the calendars to hold what was received")
        assert post_office.messages == []

    # Nobody runs; meanwhile one is answered, and every limit passes.
    answer = RequestAnswered.model_validate(RequestAnswered.EXAMPLE)
    await record(
        runtime, tell, Service.INTAKE, answered_id, answer, RequestClosed.model_validate(RequestClosed.EXAMPLE)
    )
    runtime.clock.set(MORNING)
    wirings = [await wire(runtime), await wire(runtime)]
    async with at_work(*(each for one in wirings for each in one.components)):
        await wait_until(lambda: len(post_office.messages) >= 2, 40, what="two digests")

        async def settled() -> bool:
            waiting = await runtime.pool.fetchval("SELECT count(*) FROM digest WHERE state = 'waiting'")
            return bool(waiting == 0)

        await wait_until(settled, 30)
    mails = {to: part(mail, "plain") for [to], mail in zip(post_office.recipients, post_office.messages, strict=True)}
    assert set(mails) == {"clic@villemsh.ca", "greffe@villemsh.ca"}
    assert len(post_office.messages) == 2
    assert late in mails["clic@villemsh.ca"]
    assert answered not in mails["clic@villemsh.ca"]
    assert secret not in mails["clic@villemsh.ca"]
    assert secret in mails["greffe@villemsh.ca"]
