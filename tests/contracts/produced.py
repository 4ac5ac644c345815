"""A day at a desk that works, so that it tells its feed and its publishers all kinds of things; and what it told.

Nothing here is an example written by hand: intake judges and registers, routing routes, and the relay tells.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.intake.service.office import SOURCE, Office
from tests.place import TOWN_DIR

from clic_chassis.service import open_runtime
from clic_chassis.settings import Settings
from clic_chassis.testing import at_work, left_to_do, wait_until
from clic_contracts.envelope import request_id_for
from clic_contracts.subject import FEED_STREAM, LOG_STREAM, RECEIPT_STREAM
from clic_contracts.submission import SUBMISSION_BY_TYPE, RequestSubmission
from clic_routing.app import wire as wire_routing

WAIT_S = 30.0
MINIMUM = 9
"""Requests that the day brings at least, so that nothing is looked at before it began."""
DAY: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("appel-1", "submission.request.v1", {}),
    ("appel-1-avis", "submission.acknowledgement.v1", {"channel": "phone"}),
    ("appel-1-suivi", "submission.progress.v1", {"text": "Mardi.", "promised_on": "2030-05-19"}),
    ("appel-1-fin", "submission.outcome.v1", {"outcome": "closed", "channel": "phone", "text": "Réparé."}),
    ("appel-1-encore", "submission.outcome.v1", {"outcome": "reopened", "reopening": "not_satisfied"}),
    ("appel-2", "submission.request.v1", {"requester": {"name": "Camille Exemple"}}),
    ("appel-2-suite", "submission.completion.v1", {"requester": {"email": "camille@exemple.invalid"}}),
    ("appel-2-fin", "submission.outcome.v1", {"outcome": "withdrawn", "channel": "phone"}),
    ("appel-3", "submission.request.v1", {"kind": "comment", "subject": None, "text": "Un merci inventé."}),
    ("appel-3-fin", "submission.outcome.v1", {"outcome": "voided", "voiding": "entered_twice"}),
    ("appel-4", "submission.request.v1", {"kind": "access_to_information", "subject": None, "written": True}),
    ("appel-5", "submission.request.v1", {"text": "Une branche inventée."}),
    ("appel-6", "submission.request.v1", {"text": "Un autre trou inventé."}),
    ("appel-7", "submission.request.v1", {"text": "Deux choses inventées."}),
    ("contact-1", "submission.interaction.v1", {"channel": "phone", "subject": "library", "answered": True}),
)
"""What a publisher sends, by its id: `appel-1-avis` is about `appel-1`."""


SUBMITTED = {event_id: kind for event_id, kind, _ in DAY} | dict.fromkeys(("appel-8", "appel-10"), DAY[0][1])


@dataclass(frozen=True)
class Told:
    """One message that CLIC sent out."""

    kind: str
    """Of the feed, the event's wire type; of a receipt, that of the submission it answers."""
    is_feed: bool
    body: dict[str, Any]
    content_type: str


async def a_day(office: Office) -> list[Told]:
    """Let it happen; gives all messages of the feed, then all receipts."""
    async with _routing(office):
        for event_id, kind, changes in DAY:
            await _send(office, event_id, kind, changes)
        await _again(office)
        await _by_agents(office)
        await _everything_told(office)
    return [*await _told(office, FEED_STREAM), *await _told(office, RECEIPT_STREAM)]


@asynccontextmanager
async def _routing(office: Office) -> AsyncIterator[None]:
    settings = Settings(nats_url=office.runtime.settings.nats_url, town_dir=TOWN_DIR)
    async with open_runtime("routing", settings) as runtime:
        wiring = await wire_routing(runtime)
        async with at_work(*wiring.components):
            yield


async def _send(office: Office, event_id: str, kind: str, changes: dict[str, Any]) -> None:
    submission = SUBMISSION_BY_TYPE[kind]
    said = dict(RequestSubmission.EXAMPLE) if submission is RequestSubmission else {}
    if kind not in ("submission.request.v1", "submission.interaction.v1"):
        said["about"] = {"source": SOURCE, "id": event_id.rsplit("-", 1)[0]}
    receipt = await office.submit(submission.model_validate({**said, **changes}), event_id)
    assert receipt.status == "accepted", receipt


async def _again(office: Office) -> None:
    """What is known already, and what is refused: no CloudEvent of ours, and what does not fit the town."""
    example, at = RequestSubmission.model_validate(RequestSubmission.EXAMPLE), office.runtime.clock.now()
    assert (await office.submit(example, "appel-8", at=at)).status == "accepted"
    assert (await office.submit(example, "appel-8", at=at)).status == "known"
    await office.publish(b'{"specversion": "1.0", "id": "appel-9", "source": "/essai/imaginaire"}')
    await office.receipt("appel-9", status="refused")
    strange = RequestSubmission.model_validate({**RequestSubmission.EXAMPLE, "subject": "unheard_of"})
    assert (await office.submit(strange, "appel-10")).status == "refused"


COMMANDS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("appel-5", "desk", "describe", {"public_text": "Une branche tombée."}),
    ("appel-5", "desk", "hand-over", {"to": "hydro_quebec"}),
    ("appel-5", "desk", "hand-back", {"done": True}),
    ("appel-6", "desk", "merge", {"into": "appel-5"}),
    ("appel-7", "desk", "split", {"parts": [{"kind": "report", "text": "Une lampe.", "subject": "street_light"}]}),
    ("appel-8", "desk", "refuse", {"criterion": "unfounded", "channel": "phone", "text": "Une rumeur inventée."}),
    ("appel-1", "desk", "answer", {"channel": "phone", "text": "Réparé pour de bon."}),
    ("appel-1", "desk", "close", {}),
    ("appel-1", "desk", "rate", {"score": 4}),
    ("appel-1", "greffe", "erase", {"ground": "person_asked"}),
)
"""What agents do, by whose token."""


async def _by_agents(office: Office) -> None:
    for event_id, token, name, said in COMMANDS:
        body = {**said, "into": request_id_for(SOURCE, said["into"])} if "into" in said else said
        request_id = request_id_for(SOURCE, event_id)
        answer = await office.ask(f"/requests/{request_id}/{name}", body, token=token)
        assert answer.is_success, f"{name}: {answer.text}"


async def _everything_told(office: Office) -> None:
    """Routing has routed what was received, and the relay has nothing left."""

    async def routed() -> bool:
        seen = [event.type async for commit in office.runtime.log.read() for event in commit.events]
        return seen.count("request.routed.v1") == seen.count("request.received.v1") >= MINIMUM

    async def relayed() -> bool:
        return not await left_to_do(office.nats, LOG_STREAM, "relay")

    await wait_until(routed, WAIT_S, what="every request to be routed")
    await wait_until(relayed, WAIT_S, what="the relay to have told everything")


async def _told(office: Office, stream: str) -> list[Told]:
    state = (await office.nats.jetstream().stream_info(stream)).state
    found: list[Told] = []
    for sequence in range(state.first_seq, state.last_seq + 1):
        question = json.dumps({"seq": sequence}).encode()
        answer = await office.nats.request(f"$JS.API.DIRECT.GET.{stream}", question, timeout=5)
        headers = answer.headers or {}
        if not headers.get("Status"):  # One receipt replaces another of its submission.
            content_type = headers.get("Content-Type", "application/json")
            body = json.loads(answer.data)
            kind = SUBMITTED.get(body["id"], "") if stream == RECEIPT_STREAM else body["type"]
            found.append(Told(kind, stream == FEED_STREAM, body, content_type))
    return found
