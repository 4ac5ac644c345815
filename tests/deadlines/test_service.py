"""The service as it is wired, on a real NATS and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from pydantic import SecretStr
from tests.place import TOWN_DIR

from clic_chassis.clock import ManualClock
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.log import LogIdentity
from clic_chassis.service import Runtime, open_runtime
from clic_chassis.settings import SettingsError
from clic_chassis.testing import at_work, wait_until
from clic_contracts.envelope import Recorded, request_id_for
from clic_contracts.event import Event, RequestAnswered, RequestClosed, RequestReceived, RequestRouted
from clic_contracts.subject import LOG_STREAM
from clic_contracts.vocabulary import Service
from clic_deadlines import progress as progress_module
from clic_deadlines.app import DURABLE, wire
from clic_deadlines.progress import Progress
from clic_deadlines.settings import Settings
from clic_deadlines.timer import Timers

Tell = Callable[..., tuple[Recorded, ...]]
RECEIVED_AT = dt.datetime(2026, 5, 15, 20, 20, tzinfo=dt.UTC)
PAST = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)


@pytest_asyncio.fixture
async def runtime(nats_url: str, postgres_url: str) -> AsyncIterator[Runtime[Settings]]:
    """What the chassis gives the service, with a clock that is told."""
    settings = Settings(nats_url=nats_url, postgres_url=SecretStr(postgres_url), town_dir=TOWN_DIR)
    async with open_runtime(
        "deadlines", settings, migrations="clic_deadlines", clock=ManualClock(RECEIVED_AT)
    ) as runtime:
        yield runtime


async def intake(runtime: Runtime[Settings], tell: Tell, request_id: str, *facts: tuple[Event, str]) -> None:
    """Intake decides."""
    before = (await runtime.log.load(Service.INTAKE, request_id)).last_sequence
    events = tuple(
        each.model_copy(update={"event_id": f"{request_id}-{before}-{index}"})
        for index, each in enumerate(tell(*facts, request_id=request_id))
    )
    await runtime.log.append(Service.INTAKE, request_id, events, expected=before)


async def types(log: JetStreamLog, request_id: str) -> list[str]:
    """What deadlines recorded of a request."""
    return [event.type for event in (await log.load(Service.DEADLINES, request_id)).events]


def received(**changes: object) -> tuple[Event, str]:
    """A reception."""
    return (RequestReceived.model_validate({**RequestReceived.EXAMPLE, **changes}), "2026-05-15T16:20")


ANSWERED = (RequestAnswered.model_validate(RequestAnswered.EXAMPLE), "2026-05-19T09:00")
CLOSED = (RequestClosed.model_validate(RequestClosed.EXAMPLE), "2026-05-19T09:00")


async def test_a_request_gets_its_obligations_and_they_are_met(runtime: Runtime[Settings], tell: Tell) -> None:
    """POL-13, POL-29: from intake's commits to the log and the timers."""
    wiring = await wire(runtime)
    requests = [request_id_for("/telephonie", f"appel-imaginaire-{n}") for n in range(20)]
    async with at_work(wiring.components[0]):
        for request_id in requests:
            await intake(runtime, tell, request_id, received())
        for request_id in requests:
            await intake(runtime, tell, request_id, ANSWERED, CLOSED)

        async def all_met() -> bool:
            return {4} == {len(await types(runtime.log, each)) for each in requests}

        await wait_until(all_met, 60)
        expected = ["obligation.met.v1", "obligation.met.v1", "obligation.set.v1", "obligation.set.v1"]
        for request_id in requests:
            assert expected == sorted(await types(runtime.log, request_id))
        await wait_until(Progress(runtime.nats, runtime.log, DURABLE).caught_up, 30)
    assert await runtime.pool.fetchval("SELECT count(*) FROM timer") == 0


async def test_what_was_answered_during_an_outage_is_never_called_missed(
    runtime: Runtime[Settings], tell: Tell
) -> None:
    """The limits pass while the process is down; the timers wait until it has caught up."""
    process, timers, *_ = (await wire(runtime)).components
    assert isinstance(timers, Timers)
    assert isinstance(runtime.clock, ManualClock)
    answered, forgotten = (request_id_for("/telephonie", each) for each in ("imaginaire-1", "imaginaire-2"))
    async with at_work(process):
        await intake(runtime, tell, answered, received())
        await intake(runtime, tell, forgotten, received())

        async def timers_stand() -> bool:
            return bool(await runtime.pool.fetchval("SELECT count(*) FROM timer") == 4)

        await wait_until(timers_stand, 30)
    await intake(runtime, tell, answered, ANSWERED, CLOSED)
    runtime.clock.set(PAST)
    assert await timers.fire_due() == 0
    assert await types(runtime.log, forgotten) == ["obligation.set.v1"] * 2

    process, timers, *_ = (await wire(runtime)).components
    async with at_work(process), at_work(timers):

        async def missed() -> bool:
            return "obligation.missed.v1" in await types(runtime.log, forgotten)

        await wait_until(missed, 30)
    assert "obligation.missed.v1" not in await types(runtime.log, answered)
    assert (await types(runtime.log, answered)).count("obligation.met.v1") == 2


async def test_a_service_without_its_consumer_has_not_caught_up(nats: Client) -> None:
    """Before the first start nothing was handled."""
    with pytest.raises(NotFoundError):
        await nats.jetstream().consumer_info(LOG_STREAM, DURABLE)
    assert not await Progress(nats, JetStreamLog(nats), DURABLE).caught_up()


async def test_under_a_steady_load_the_acknowledgements_passing_the_end_are_enough(
    runtime: Runtime[Settings], tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is always something under way; a later message does not hold up what was due before it."""
    consumer = await runtime.nats.jetstream().pull_subscribe("clic.log.intake.*", durable=DURABLE, stream=LOG_STREAM)
    progress = Progress(runtime.nats, runtime.log, DURABLE)
    await intake(runtime, tell, request_id_for("/telephonie", "imaginaire-1"), received())
    assert not await progress.caught_up()
    [message] = await consumer.fetch(1, timeout=30)
    assert not await progress.caught_up()  # taken, not acknowledged
    monkeypatch.setattr(progress_module, "LOOKS_MAX", 100)  # A second may be over before the acknowledgement is heard.
    asked = asyncio.Event()
    identity = runtime.log.identity

    async def seen() -> LogIdentity:
        found = await identity()
        asked.set()
        return found

    monkeypatch.setattr(runtime.log, "identity", seen)
    looking = asyncio.create_task(progress.caught_up())
    await asked.wait()
    await message.ack_sync(timeout=30)
    await intake(runtime, tell, request_id_for("/telephonie", "imaginaire-2"), received())
    assert await looking


def test_the_service_says_that_it_needs_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error names the variable."""
    monkeypatch.setenv("CLIC_TOWN_DIR", str(TOWN_DIR))
    monkeypatch.delenv("CLIC_POSTGRES_URL", raising=False)
    with pytest.raises(SettingsError, match="CLIC_POSTGRES_URL"):
        Settings.from_environment()


async def test_the_docket_follows_the_log_and_knows_what_was_said_before_it_was_there(
    runtime: Runtime[Settings], tell: Tell
) -> None:
    """An upgrade: a department that routing named long ago, whose commit no consumer delivers again (POL-29)."""
    request = request_id_for("/telephonie", "imaginaire-1")
    await intake(runtime, tell, request, received())
    routed = RequestRouted.model_validate(RequestRouted.EXAMPLE)
    await runtime.log.append(
        Service.ROUTING, request, tell((routed, "2026-05-15T16:21"), request_id=request), expected=0
    )

    async def found() -> bool:
        query = "SELECT count(*) FROM docket.obligation WHERE department = 'travaux_publics_voirie'"
        return bool(await runtime.pool.fetchval(query) == 2)

    process, _, docket, *_ = (await wire(runtime)).components
    async with at_work(process, docket):
        await wait_until(docket_is_made(runtime), 30, what="the docket's tables")
        await wait_until(found, 30, what="both obligations with their department")


def docket_is_made(runtime: Runtime[Settings]) -> Callable[[], Awaitable[bool]]:
    """Whether its tables stand."""

    async def made() -> bool:
        return bool(await runtime.pool.fetchval("SELECT to_regclass('docket.obligation') IS NOT NULL"))

    return made
