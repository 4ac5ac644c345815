"""What the services tell of themselves: JSON logs, metrics and readiness, and never a word of a citizen's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.system.house import House, files_below
from tests.system.submitting import SOURCE, by_http, by_inbox, now, publisher, request, submission, types

from clic.nats_config import SERVICES
from clic_chassis.testing import wait_until
from clic_contracts.subject import inbox_subject

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

NAME = "Maximilienne Reconnaissable"
PHONE = "450 555-0177"
ADDRESS = "4321, rue de la Reconnaissance-Inventée"
TEXT = "phrase inventée que personne d'autre n'écrirait"
SECRETS = (NAME, PHONE, ADDRESS, TEXT)
METRICS = (
    "clic_events_in", "clic_events_out", "clic_append_seconds", "clic_append_conflicts", "clic_retries",
    "clic_quarantined", "clic_consumer_lag_messages", "clic_projection_lag_messages",
)  # fmt: skip
CONSUMERS = {"intake": ("intake", "relay"), "routing": ("routing",), "deadlines": ("deadlines",)}
AWAY_S = 60.0


def telling(**changes: Any) -> Any:
    """A request that holds everything that must not be told."""
    fields = {
        "requester": {"name": NAME, "phone": PHONE, "address": ADDRESS},
        "place": {"address": ADDRESS, "sector": "centre"},
        "text": TEXT,
    }
    return request(**(fields | changes))


def holding(folder: Path, words: Iterable[str]) -> dict[str, list[str]]:
    """Files of the whole house that hold one of the words, in clear or as JSON escapes it."""
    wanted = {word: {word.encode(), word.encode("ascii", "backslashreplace")} for word in words}
    found: dict[str, list[str]] = {}
    for path in files_below(folder):
        try:
            body = path.read_bytes()
        except FileNotFoundError:
            continue  # A file that a server removed meanwhile tells nothing any more.
        for word, forms in wanted.items():
            if any(form in body for form in forms):
                found.setdefault(str(path.relative_to(folder)), []).append(word)
    return found


async def test_no_log_trace_metric_stream_or_table_holds_what_a_citizen_told(house: House) -> None:
    """POL-26, POL-30, POL-38: on disk after judgement, the inbox included."""
    house.stop("intake")
    async with publisher(house, "courriel") as connected:
        await connected.publish(telling(channel="email"), source=SOURCE, event_id="discret-1", occurred_at=now())
        await connected.flush()
        inbox = holding(house.folder, SECRETS)
        assert inbox, "the search finds what has not been judged yet"
        assert all("CLIC_INBOX" in path for path in inbox)
        house.start("intake")
        await house.ready()
        request_id = (await connected.receipt("discret-1", AWAY_S)).request_id
    assert request_id is not None

    assert (await by_http(house, telling(), "discret-2")).status == "accepted"
    note = {"about": {"source": SOURCE, "id": "discret-1"}, "text": TEXT}
    assert (await by_inbox(house, submission("submission.progress.v1", note), "discret-3")).status == "accepted"
    contact = {"channel": "phone", "text": f"{NAME} {TEXT}"}
    assert (await by_inbox(house, submission("submission.interaction.v1", contact), "discret-4")).status == "accepted"
    await malformed(house)
    async with house.http("intake") as client:
        answer = {"channel": "phone", "text": TEXT}
        (await client.post(f"/requests/{request_id}/answer", json=answer)).raise_for_status()
        await client.post(f"/requests/{request_id}/answer", json={"channel": NAME, "text": TEXT})
        opened = await client.post(f"/requests/{request_id}/open", json={"reason": "essai imaginaire"})
        assert NAME in opened.raise_for_status().text, "an agent reads it, for a reason"
        lesson = {"text": f"{NAME} : {TEXT}"}
        (await client.post(f"/requests/{request_id}/learnings", json=lesson)).raise_for_status()
        draft = {"period": "2026-Q2", "text": f"{NAME}, {PHONE}, {ADDRESS} : {TEXT}"}
        reviewed = (await client.post("/learnings/drafts", json=draft)).raise_for_status()
        assert len(reviewed.json()["findings"]) == 3, "a learning's draft stands sealed too (POL-37)"
    await house.settled()
    await wait_until(
        lambda: not holding(house.folder, SECRETS), AWAY_S, what="what was judged is erased from the inbox"
    )

    for service in SERVICES:
        assert house.log(service), f"{service} says what it does"
        page = await house.metrics(service)
        assert not [word for word in SECRETS if word in page]
        house.stop(service)  # What is still in its memory is written: logs and spans.
    assert holding(house.folder, [request_id]), "the search finds what is there to be found"
    assert holding(house.folder, SECRETS) == {}
    for service in SERVICES:
        house.start(service)
    await house.ready()


async def malformed(house: House) -> None:
    """Submissions that are refused, each with a citizen's words in another wrong place."""
    bodies = (
        TEXT.encode(),
        f'{{"specversion": "1.0", "id": "tordu-1", "source": "/essai", "{NAME}": "{PHONE}"}}'.encode(),
        f'{{"specversion": "1.0", "id": "tordu-2", "source": "/essai", "type": "{NAME}", '
        f'"time": "2026-01-01T00:00:00Z", "data": {{"text": "{TEXT}"}}}}'.encode(),
        f'{{"specversion": "1.0", "id": "tordu-3", "source": "/essai", "type": "submission.request.v1", '
        f'"time": "2026-01-01T00:00:00Z", "data": {{"kind": "{NAME}", "inconnu": "{ADDRESS} {TEXT}"}}}}'.encode(),
    )
    async with publisher(house, "courriel") as connected:
        stream = (await connected._connection.client(AWAY_S)).jetstream()
        stored = [await stream.publish(inbox_subject("courriel", "submission.request.v1"), body) for body in bodies]
    async with house.client() as client:

        async def judged() -> bool:
            info = await client.jetstream().consumer_info("CLIC_INBOX", "intake")
            return (info.ack_floor.stream_seq if info.ack_floor else 0) >= stored[-1].seq

        await wait_until(judged, AWAY_S)


async def test_every_line_of_every_log_is_json_and_says_which_service_and_when(house: House) -> None:
    """structlog's, and the standard library's of whatever library speaks."""
    for service in SERVICES:
        lines = house.log(service)
        assert {line["service"] for line in lines if "logger" not in line} == {service}
        assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)


async def samples(house: House, service: str) -> dict[tuple[str, str], float]:
    """A service's metrics: (name, values of its labels) → value."""
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(await house.metrics(service))
        for sample in family.samples
    }


async def test_metrics_tell_what_went_in_and_out_what_lags_and_what_went_wrong(house: House) -> None:
    """The names are an interface for dashboards and alerts."""
    at = now()
    receipt = await by_http(house, request(), "mesure-1", at=at)
    again = await by_http(house, request(), "mesure-1", at=at)  # It expects no story and finds one: a conflict.
    assert (receipt.status, again.status) == ("accepted", "known")
    assert receipt.request_id is not None
    early = {"about": {"source": SOURCE, "id": "mesure-3"}, "outcome": "closed"}
    waiting = asyncio.create_task(by_inbox(house, submission("submission.outcome.v1", early), "mesure-2"))

    async def tried_again() -> bool:
        return (await samples(house, "intake")).get(("clic_retries_total", "intake"), 0) >= 1

    await wait_until(tried_again, AWAY_S, what="an outcome waits for its request")
    assert (await by_http(house, request(), "mesure-3")).status == "accepted"
    assert (await waiting).status == "accepted"
    contact = submission("submission.interaction.v1", {"channel": "phone"})
    assert (await by_inbox(house, contact, "mesure-4")).status == "accepted"
    await house.settled()
    assert "request.routed.v1" in await types(house, receipt.request_id)

    for service in SERVICES:
        families = {each.name for each in text_string_to_metric_families(await house.metrics(service))}
        assert set(METRICS) <= families, service

        async def measured(service: str = service) -> bool:
            return (await samples(house, service)).get(("clic_log_sync_always", "clic")) == 1

        await wait_until(measured, AWAY_S, what=f"{service} has asked its NATS server")
        found = await samples(house, service)
        assert found.get(("clic_quarantined", service), 0) == 0
        for consumer in CONSUMERS.get(service, ()):
            assert found["clic_events_in_total", consumer] >= 1

            async def caught_up(service: str = service, consumer: str = consumer) -> bool:
                return (await samples(house, service))["clic_consumer_lag_messages", consumer] == 0

            await wait_until(caught_up, AWAY_S, what=f"{consumer} has no lag")
            assert found["clic_handle_seconds_count", consumer] >= 1
        if service in CONSUMERS:
            assert 0 < found["clic_append_seconds_sum", ""] < 5 * found["clic_append_seconds_count", ""]
    intake = await samples(house, "intake")
    assert intake["clic_events_out_total", "request.received.v1"] >= 1
    assert intake["clic_append_conflicts_total", "ConflictError"] >= 1
    assert intake["clic_receipts_total", "courriel,accepted"] >= 2
    assert intake["clic_receipts_total", "portail_web,known"] >= 1
    assert (await samples(house, "routing"))["clic_events_out_total", "request.routed.v1"] >= 1
    assert (await samples(house, "deadlines"))["clic_events_out_total", "obligation.set.v1"] >= 1

    async def projected() -> bool:
        return (await samples(house, "reporting"))["clic_projection_lag_messages", "reporting"] == 0

    await wait_until(projected, AWAY_S, what="reporting has no lag")
    reporting = await samples(house, "reporting")
    assert reporting["clic_events_in_total", "projector-reporting"] >= 4
    assert reporting["clic_projection_stopped", "reporting"] == 0


async def test_readiness_goes_with_nats_and_comes_back_with_it(house: House) -> None:
    """A service without its log is not ready, and alive all the same."""

    async def probe(path: str) -> dict[str, int]:
        answers: dict[str, int] = {}
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            for service in SERVICES:
                answers[service] = (await client.get(f"{house.url(service)}{path}")).status_code
        return answers

    async def all_are_ready() -> bool:
        return await probe("/readyz") == dict.fromkeys(SERVICES, 200)

    await wait_until(all_are_ready, AWAY_S, what="every service is ready")
    house.kill("nats")
    try:

        async def all_say_so() -> bool:
            return await probe("/readyz") == dict.fromkeys(SERVICES, 503)

        await wait_until(all_say_so, AWAY_S, what="no service is ready without NATS")
        assert await probe("/livez") == dict.fromkeys(SERVICES, 200)
    finally:
        house.restart("nats")

    await wait_until(all_are_ready, AWAY_S, what="every service is ready again")
    assert (await by_http(house, request(), "apres-la-panne")).status == "accepted"
    await house.settled()
