"""Histories for tests: any that the lifecycle table allows, from a source of chance; and facts one by one."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from random import Random
from typing import Any

from nats.aio.client import Client

from clic_contracts.envelope import RECORDED, Commit, Recorded, derive_id, encode_commit
from clic_contracts.event import (
    AccessClassified,
    AccessDeemedRefused,
    Event,
    InteractionRecorded,
    LearningPublished,
    LearningRecorded,
    ObligationEscalated,
    ObligationLapsed,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
    ObligationWarned,
    PersonalDataErased,
    RequestAcknowledged,
    RequestAnswered,
    RequestNoted,
    RequestReceived,
    RequestRouted,
    ReviewDecided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_contracts.lifecycle import LIFECYCLE
from clic_contracts.subject import log_subject
from clic_contracts.vocabulary import (
    WINDOWS,
    AccessNature,
    AccessOutcome,
    Channel,
    ClosingReason,
    Escalation,
    Kind,
    LiftReason,
    ObligationKind,
    Phase,
    RecountReason,
    ReviewOutcome,
    Service,
    ThirdPartyPosition,
)

TOWN = "0123456789ab"
FIRST_AT = dt.datetime(2024, 1, 1, 5, tzinfo=dt.UTC)
SPAN_H = 24 * 640
"""Twenty-one months: every history crosses quarters and both changes of the clock."""


def record(event: Event, request_id: str, occurred_at: dt.datetime, *, assumed: bool = False, n: int = 0) -> Recorded:
    """A fact as the log holds it."""
    return RECORDED[type(event)](
        type=event.TYPE,
        event_id=derive_id("event", event.TYPE, request_id, str(n)),
        source=f"/clic/{event.BY}",
        request_id=request_id,
        occurred_at=occurred_at,
        time_assumed=assumed,
        recorded_at=occurred_at + dt.timedelta(minutes=5),
        cause_id=f"cause-{n}",
        actor="agent:test",
        town=TOWN,
        data=event,
    )


def example(kind: type[Event], /, **changes: Any) -> Event:
    """The contract's example of an event, changed in parts."""
    return kind.model_validate({**kind.EXAMPLE, **changes})


AGAIN: tuple[type[Event], ...] = (RequestAcknowledged, RequestAnswered, PersonalDataErased)

Step = tuple[Service, tuple[Recorded, ...]]


def _story(chance: Random, index: int) -> list[Step]:
    """The decisions about one request, or about one contact that opened none."""
    story_id = derive_id("request", "/essai", str(index))
    at = FIRST_AT + dt.timedelta(minutes=chance.randrange(SPAN_H * 60))
    if chance.random() < 0.15:
        contact = example(
            InteractionRecorded,
            interaction_id=story_id,
            about=None,
            channel=chance.choice(list(Channel)),
            answered_first_line=chance.random() < 0.5,
        )
        return [(Service.INTAKE, (record(contact, story_id, at),)), *_own_story(chance, story_id, at)]
    if chance.random() < 0.05:
        return [
            (Service.INTAKE, (record(example(LearningRecorded), story_id, at),)),
            (Service.INTAKE, (record(example(LearningPublished, period="2024-Q2"), story_id, at),)),
            *_own_story(chance, story_id, at),
        ]
    received = example(
        RequestReceived,
        reference=f"{at.year}-{index:06d}",
        kind=chance.choice(list(Kind)),
        channel=chance.choice(list(Channel)),
        subject=chance.choice(["pothole", "library", None]),
        origin=chance.choice(["live", "backlog"]),
    )
    steps: list[Step] = [(Service.INTAKE, (record(received, story_id, at),))]
    is_access = received.kind is Kind.ACCESS_TO_INFORMATION  # type: ignore[attr-defined]  # Of a reception.
    beside = _routing(chance, story_id, at) + _obligations(chance, story_id, at)
    for kind_of_it in chance.sample(list(ObligationKind), chance.randrange(3)):
        beside += _life(chance, story_id, at, kind_of_it)
    if is_access:
        beside += _access(chance, story_id, at)
    phase = Phase.RECEIVED
    for n in range(chance.randrange(7)):
        then = at + dt.timedelta(hours=chance.randrange(-200, 6000))  # Older records say things before the reception.
        if not LIFECYCLE[phase]:
            break
        kind = chance.choice(sorted(LIFECYCLE[phase], key=lambda each: each.TYPE))
        changes: dict[str, Any] = {}
        if kind.TYPE == "request.closed.v1":
            changes = {"reason": chance.choice(list(ClosingReason)).value}
        elif kind is RequestAnswered and is_access:
            changes = _decision(chance)
        fact = record(example(kind, **changes), story_id, then, assumed=chance.random() < 0.3, n=n)
        phase = LIFECYCLE[phase][kind]
        steps.append((Service.INTAKE, (fact,)))
        while beside and chance.random() < 0.4:
            steps.append(beside.pop(0))
        if chance.random() < 0.1:  # Said twice, or erased: by people who do not look, at any time.
            again = example(chance.choice(AGAIN))
            steps.append((Service.INTAKE, (record(again, story_id, then, n=n + 100),)))
        if chance.random() < 0.2:
            about = example(
                InteractionRecorded,
                interaction_id=derive_id(story_id, str(n)),
                about=story_id,
                channel=chance.choice(list(Channel)),
            )
            noted = record(example(RequestNoted), story_id, then)
            steps.append((Service.INTAKE, (record(about, story_id, then, n=n), noted)))
    return steps + beside


def _own_story(chance: Random, story_id: str, at: dt.datetime) -> list[Step]:
    """What is no request can be erased as well."""
    erased = record(example(PersonalDataErased), story_id, at + dt.timedelta(days=400))
    return [(Service.INTAKE, (erased,))] if chance.random() < 0.2 else []


def _routing(chance: Random, request_id: str, at: dt.datetime) -> list[Step]:
    return [
        (
            Service.ROUTING,
            (
                record(
                    example(
                        RequestRouted, department=chance.choice(["clic", "greffe", "direction_generale"]),
                        first_line=chance.random() < 0.3, unusual=chance.random() < 0.2,
                    ),
                    request_id, at + dt.timedelta(minutes=chance.randrange(-60, 600)), n=n,
                ),
            ),
        )
        for n in range(chance.randrange(3))
    ]  # fmt: skip


def _obligations(chance: Random, request_id: str, at: dt.datetime) -> list[Step]:
    due_at = at + dt.timedelta(days=chance.randrange(1, 30))
    names = {"obligation_id": "answer-1", "obligation": "answer"}
    owed = record(example(ObligationSet, **names, starts_at=at, due_at=due_at, warn_at=at), request_id, at)

    def kept(**said: bool) -> Event:
        met_at = at + dt.timedelta(days=chance.randrange(60))
        return example(ObligationMet, **names, met_at=met_at, in_time=met_at < due_at, **said)

    later: list[Event] = [
        example(ObligationWarned, **names, due_at=due_at),
        example(ObligationMissed, **names, due_at=due_at),
        kept(assumed=chance.random() < 0.3),
        example(ObligationLifted, **names, reason=chance.choice(list(LiftReason))),
        kept(),
        example(ObligationMissed, **names, due_at=due_at),
    ]
    chosen = chance.sample(later, chance.randrange(len(later)))
    return [
        (Service.DEADLINES, (owed,)),
        *((Service.DEADLINES, (record(each, request_id, at, n=n),)) for n, each in enumerate(chosen, 1)),
    ]


def _life(chance: Random, request_id: str, at: dt.datetime, kind: ObligationKind) -> list[Step]:
    """One obligation, or time of others, from its beginning to an end or not so far, by what may follow on what."""
    names = {"obligation_id": f"{kind}-2", "obligation": kind}
    due_at = at + dt.timedelta(days=chance.randrange(1, 30))
    owed = example(ObligationSet, **names, starts_at=at, due_at=due_at, warn_at=at)
    steps: list[Step] = [(Service.DEADLINES, (record(owed, request_id, at, n=50),))]
    may, then, kept_at, step = "running", at, at, 0
    for n in range(51, 51 + chance.randrange(8)):
        then += dt.timedelta(hours=chance.randrange(1, 400))
        now = chance.choice(_MAY_FOLLOW[may])
        limit = {**names, "due_at": due_at}
        event: Event
        if now == "miss":
            then = max(then, due_at)
        match now:
            case "pause":
                event, may = example(ObligationPaused, **names), "paused"
            case "resume" | "recount":
                because = RecountReason.CALENDAR if now == "recount" else chance.choice(_GOES_ON)
                due_at += dt.timedelta(days=chance.choice([0, 0, 3, 3, -3, 40]))
                event = example(ObligationRecounted, **names, because=because, due_at=due_at)
                may = may if now == "recount" else "running"
            case "warn":
                event = example(ObligationWarned, **limit)
            case "miss":
                event, may = (example(ObligationLapsed, **limit), "lapsed") if kind in WINDOWS else (
                    example(ObligationMissed, **limit), "missed"
                )  # fmt: skip
            case "escalate":
                step += 1
                event = example(ObligationEscalated, **limit, step=step, to=chance.choice(list(Escalation)))
            case "keep":
                event, may = example(ObligationMet, **names, met_at=then, in_time=then < due_at), "kept"
                kept_at = then
            case "correct":  # It had stood still: its limit was another, and so is whether it was kept in time.
                due_at += dt.timedelta(days=chance.choice([-9, 9]))
                moved = example(ObligationRecounted, **names, because=RecountReason.LATER_KNOWN, due_at=due_at)
                steps.append((Service.DEADLINES, (record(moved, request_id, then, n=n),)))
                event = example(ObligationMet, **names, met_at=kept_at, in_time=kept_at < due_at)
            case _:
                event, may = example(ObligationLifted, **names, reason=chance.choice(list(LiftReason))), "lifted"
        steps.append((Service.DEADLINES, (record(event, request_id, then, n=n),)))
    return _some_together(chance, steps)


_GOES_ON = (RecountReason.RESUMED, RecountReason.LATER_KNOWN)
_MAY_FOLLOW = {
    "running": ("pause", "recount", "warn", "miss", "keep", "lift", "resume"),  # What was a pause may become known.
    "paused": ("resume", "resume", "recount", "keep", "lift"),
    "missed": ("escalate", "escalate", "pause", "resume", "keep", "lift"),  # The citizen was asked before it, too.
    "kept": ("keep", "correct"),
    "lapsed": ("keep",),
    "lifted": ("lift",),
}
"""What has become of an obligation → what may happen to it next."""


def _some_together(chance: Random, steps: list[Step]) -> list[Step]:
    """Some facts are one decision: missed and escalated, recounted and met."""
    found = steps[:1]
    for service, facts in steps[1:]:
        if chance.random() < 0.3:
            found[-1] = (service, (*found[-1][1], *facts))
        else:
            found.append((service, facts))
    return found


def _decision(chance: Random) -> dict[str, Any]:
    """How an access request is decided; an older record does not say."""
    outcome = chance.choice([None, *AccessOutcome])
    return {"access_outcome": outcome, "provisions": ["art. 53"] * chance.randrange(3)}


def _access(chance: Random, request_id: str, at: dt.datetime) -> list[Step]:
    """An access request's way: what it is for, third parties, silence, review."""
    limit = {"obligation_id": "decide_access-1", "obligation": "decide_access", "due_at": at + dt.timedelta(20)}
    days = chance.randrange(40)
    kept_then = {"met_at": at + dt.timedelta(days), "in_time": days < 20}
    told: list[tuple[Service, Event]] = [
        (Service.DEADLINES, example(ObligationSet, **limit, starts_at=at, warn_at=at)),
        (Service.INTAKE, example(AccessClassified, nature=chance.choice(list(AccessNature)))),
        (Service.INTAKE, example(ThirdPartyIdentified)),
        (Service.INTAKE, example(ThirdPartyNotified)),
        (Service.INTAKE, example(ThirdPartyAnswered, position=chance.choice(list(ThirdPartyPosition)))),
        (Service.DEADLINES, example(ObligationMissed, **limit)),
        (Service.DEADLINES, example(AccessDeemedRefused, **limit)),
        (Service.INTAKE, example(AccessClassified, nature=chance.choice(list(AccessNature)))),
        (Service.INTAKE, example(ReviewRequested)),
        (Service.DEADLINES, example(ObligationMet, **limit, **kept_then)),
        (Service.INTAKE, example(ReviewDecided, outcome=chance.choice(list(ReviewOutcome)))),
        (Service.DEADLINES, example(ObligationLifted, **limit, reason=chance.choice(list(LiftReason)))),
    ]
    kept = [told[0], *(each for each in told[1:] if chance.random() < 0.7)]
    return [(service, (record(event, request_id, at, n=n),)) for n, (service, event) in enumerate(kept, 70)]


def history(chance: Random, stories: int) -> list[Commit]:
    """So many stories, as commits in the log's order."""
    waiting = [_story(chance, index) for index in range(stories)]
    commits: list[Commit] = []
    while waiting:
        story = chance.choice(waiting[:40])
        service, events = story.pop(0)
        commits.append(Commit(len(commits) + 1, service, events[0].request_id, events))
        if not story:
            waiting.remove(story)
    return commits


OLD = "request.received.v0"
"""An old version that never was: what is `channel` now was called `medium`, and nobody said where it came from."""


def lift_old(event: dict[str, Any]) -> dict[str, Any]:
    """The upcaster of `OLD`, for a test to register."""
    data = dict(event["data"])
    return {**event, "type": RequestReceived.TYPE, "data": {**data, "channel": data.pop("medium"), "origin": "backlog"}}


def stored(chance: Random, commits: Sequence[Commit]) -> list[tuple[int, str, bytes]]:
    """Commits as bytes of a log that has seen other versions: some facts are of an old one, some of a newer one."""
    return [
        (
            each.sequence,
            each.request_id,
            json.dumps([_of_a_version(chance, event) for event in json.loads(encode_commit(each.events))]).encode(),
        )
        for each in commits
    ]


def _of_a_version(chance: Random, event: dict[str, Any]) -> dict[str, Any]:
    if event["type"] == RequestReceived.TYPE and chance.random() < 0.3:
        data = {name: value for name, value in event["data"].items() if name not in ("channel", "origin")}
        return {**event, "type": OLD, "data": {**data, "medium": event["data"]["channel"]}}
    if chance.random() < 0.2:
        return {**event, "later": [1], "data": {**event["data"], "added_in_a_later_version": {"deep": None}}}
    return event


async def append(nats: Client, commits: Sequence[Commit]) -> None:
    """Put commits into the log as they are."""
    futures = []
    stream = nats.jetstream()
    for commit in commits:
        headers = {"Clic-Event-Types": ",".join(event.type for event in commit.events)}
        futures.append(
            await stream.publish_async(
                log_subject(commit.service, commit.request_id), encode_commit(commit.events), headers=headers
            )
        )
    for future in futures:
        await future


def fact(
    kind: type[Event], request_id: str, at: dt.datetime, /, *, assumed: bool = False, n: int = 0, **changes: Any
) -> Recorded:
    """A recorded fact from an event's class, its request, its instant and what differs from the contract's example."""
    return record(example(kind, **changes), request_id, at, assumed=assumed, n=n)
