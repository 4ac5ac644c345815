"""The JSON Schemas (2020-12) of what is stored, of what publishers send and of what the outside hears, from the code.

One file per event type and version, per submission type, and per envelope. The same code always gives the same
bytes, so that a comparison of files tells whether code and schemas agree.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import re
from typing import Any

from pydantic import BaseModel

from .deprecation import marked
from .envelope import RECORDED, Recorded, encode_commit
from .event import EVENTS, Event
from .feed import FEED_EVENTS, HIDDEN_ATTRIBUTES, HIDDEN_FIELDS
from .submission import SUBMISSIONS, Receipt, Submission, SubmissionEvent, encode_submission
from .vocabulary import RequestId

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID_PREFIX = "urn:clic:schema:"

EXAMPLE_REQUEST_ID: RequestId = "0b5f8d5e-6c1a-5c7e-9d3f-2a4b6c8d0e1f"
EXAMPLE_AT = dt.datetime(2026, 5, 15, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=-4)))
EXAMPLE_RECORDED_AT = dt.datetime(2026, 5, 15, 13, 30, 2, tzinfo=dt.UTC)
EXAMPLE_SOURCE = "/telephonie"
EXAMPLE_EVENT_ID = "appel-17"
EXAMPLE_RECEIPT: dict[str, Any] = {
    "status": "accepted",
    "source": EXAMPLE_SOURCE,
    "id": EXAMPLE_EVENT_ID,
    "request_id": EXAMPLE_REQUEST_ID,
    "reference": "2026-004217",
    "acknowledgement": "Votre demande est enregistrée sous le numéro 2026-004217.",
    "at": "2026-05-15T13:30:02Z",
}


def to_bytes(document: Any) -> bytes:
    """A document as it is committed: indented by two, keys in the order they were made, a newline at the end."""
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def example_recorded(event: type[Event]) -> Recorded:
    """The example of an event in its envelope, the same every time."""
    return RECORDED[event].model_validate(
        {
            "id": "5d0c7a52-1f7e-5a8e-8a51-7f5f6f9b1c2d",
            "source": f"/clic/{event.BY}",
            "type": event.TYPE,
            "subject": EXAMPLE_REQUEST_ID,
            "time": EXAMPLE_AT,
            "recordedat": EXAMPLE_RECORDED_AT,
            "causeid": f"{EXAMPLE_SOURCE} {EXAMPLE_EVENT_ID}",
            "actor": "publisher:telephonie",
            "town": "sha256:4f1d",
            "data": event.EXAMPLE,
        }
    )


def example_commit(event: type[Event]) -> bytes:
    """The example of an event as the log stores it: a commit of one."""
    return encode_commit([example_recorded(event)])


def example_heard(event: type[Event]) -> dict[str, Any]:
    """The example of an event as the feed tells it."""
    recorded: dict[str, Any] = json.loads(example_commit(event))[0]
    made = {name: value for name, value in recorded.items() if name not in HIDDEN_ATTRIBUTES}
    made["data"] = {name: value for name, value in recorded["data"].items() if name not in HIDDEN_FIELDS}
    return made


def example_submission(submission: type[Submission]) -> bytes:
    """The example of a submission as a publisher sends it."""
    return encode_submission(
        submission.model_validate(submission.EXAMPLE),
        source=EXAMPLE_SOURCE,
        event_id=EXAMPLE_EVENT_ID,
        occurred_at=EXAMPLE_AT,
    )


def schema_of(model: type[BaseModel], name: str, examples: list[Any]) -> dict[str, Any]:
    """One self-contained schema: what a reader of `model` takes. `name` is the wire name, with its version."""
    made = model.model_json_schema(by_alias=True, mode="validation")
    head = {"$schema": DIALECT, "$id": ID_PREFIX + name, "title": name, "description": prose(made.get("description"))}
    body = {key: value for key, value in made.items() if key not in head and key != "$defs"}
    defs = {"$defs": made["$defs"]} if "$defs" in made else {}
    return {**head, **body, "examples": examples, **defs}


def prose(text: str | None) -> str:
    """A docstring as one paragraph per paragraph, its lines joined."""
    return "\n\n".join(re.sub(r"\s+", " ", part).strip() for part in (text or "").split("\n\n")).strip()


def event_schema(event: type[Event]) -> dict[str, Any]:
    """The schema of an event's `data`."""
    return schema_of(event, event.TYPE, [event.EXAMPLE])


def submission_schema(submission: type[Submission]) -> dict[str, Any]:
    """The schema of a submission's `data`."""
    return marked(schema_of(submission, submission.TYPE, [submission.EXAMPLE]), submission.TYPE)


def feed_schema(event: type[Event]) -> dict[str, Any]:
    """The schema of a whole message of the feed: the envelope, and `data` without what the feed leaves out."""
    made = leaving_out(schema_of(RECORDED[event], f"feed.{event.TYPE}", [example_heard(event)]), HIDDEN_ATTRIBUTES)
    defs = made.pop("$defs")
    defs[event.__name__] = leaving_out(defs[event.__name__], HIDDEN_FIELDS)
    named = _named(made, defs)
    made = marked(made, event.TYPE)
    return {**told_whole(made), "$defs": {name: told_whole(each) for name, each in defs.items() if name in named}}


def told_whole(schema: dict[str, Any]) -> dict[str, Any]:
    """A field that has a default is always told, but for None, which is left out."""
    if "properties" not in schema:
        return schema
    always = [
        name
        for name, each in schema["properties"].items()
        if name in schema.get("required", ()) or each.get("default") is not None
    ]
    return {**schema, "required": always}


def leaving_out(schema: dict[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    """An object's schema without these fields."""
    made = copy.deepcopy(schema)
    made["properties"] = {name: each for name, each in made["properties"].items() if name not in fields}
    if "required" in made:
        made["required"] = [name for name in made["required"] if name not in fields]
    return made


def _named(schema: Any, defs: dict[str, Any]) -> set[str]:
    """The definitions that a schema refers to, and those that these refer to."""
    found: set[str] = set()
    todo = [schema]
    while todo:
        for name in re.findall(r'"#/\$defs/([^"]+)"', json.dumps(todo.pop())):
            if name not in found:
                found.add(name)
                todo.append(defs[name])
    return found


def schemas() -> dict[str, dict[str, Any]]:
    """Every schema by its path under `contracts/schemas/`."""
    made = {f"events/{event.TYPE}.json": event_schema(event) for event in EVENTS}
    made |= {f"submissions/{each.TYPE}.json": submission_schema(each) for each in SUBMISSIONS}
    made |= {f"feed/{event.TYPE}.json": feed_schema(event) for event in FEED_EVENTS}
    made["envelopes/recorded.v1.json"] = _envelope(
        Recorded, "envelope.recorded.v1", json.loads(example_commit(EVENTS[0]))[0], "An event, as `type` says."
    )
    made["envelopes/submission.v1.json"] = _envelope(
        SubmissionEvent,
        "envelope.submission.v1",
        json.loads(example_submission(SUBMISSIONS[0])),
        "A submission, as `type` says.",
    )
    made["receipts/receipt.v1.json"] = schema_of(Receipt, "receipt.v1", [EXAMPLE_RECEIPT])
    return made


def _envelope(model: type[BaseModel], name: str, example: Any, data: str) -> dict[str, Any]:
    """An envelope whose `data` is left open: the types' own schemas say what it is."""
    made = schema_of(model, name, [example])
    made["properties"]["data"] = {"description": data, "type": "object"}
    return {key: value for key, value in made.items() if key != "$defs"}


def corpus() -> dict[str, bytes]:
    """Today's example of every event (a stored commit) and submission, by its folder under `schemas/corpus/`."""
    made = {f"events/{event.TYPE}": example_commit(event) for event in EVENTS}
    return made | {f"submissions/{each.TYPE}": example_submission(each) for each in SUBMISSIONS}
