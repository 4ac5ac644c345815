"""The AsyncAPI 3.0.0 document of the ways in, the receipts, the feed and the log, made from the code.

Payloads are whole CloudEvents. The subset of JSON Schema in use is the one that AsyncAPI's own schema object shares
with 2020-12; the self-contained 2020-12 schemas are in `schemas/`.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, create_model
from pydantic.json_schema import models_json_schema

from .deprecation import marked
from .envelope import BATCH_CONTENT_TYPE, EVENT_CONTENT_TYPE, RECORDED, TYPES_HEADER
from .event import EVENTS, Event
from .feed import (
    FEED_EVENTS,
    HIDDEN_ATTRIBUTES,
    HIDDEN_FIELDS,
    LEFT_OUT_HEADER,
    NOT_TOLD,
    left_out,
    never_told,
)
from .schema import EXAMPLE_RECEIPT, example_commit, example_heard, example_submission, leaving_out, prose, told_whole
from .subject import (
    FEED_DOMAIN,
    FEED_PREFIX,
    INBOX_PREFIX,
    LOG_PREFIX,
    RECEIPT_PREFIX,
    feed_subject,
)
from .submission import MAX_BATCH, SUBMISSIONS, Receipt, Submission, SubmissionEvent

VERSION = "0.1.0"
"""Of the contracts as a whole; kept with the distribution's by a test."""

EVENTS_PATH = "/events"

_Document = dict[str, Any]
_DRY_RUN: _Document = {
    "type": "object",
    "properties": {
        "dry_run": {"type": "string", "enum": ["1"], "description": "Judge without storing: nothing is registered."}
    },
}


def _submitted(submission: type[Submission]) -> type[BaseModel]:
    """The envelope of one submission type, for its schema alone."""
    return create_model(
        f"{submission.__name__}Event",
        __base__=SubmissionEvent,
        __doc__=submission.__doc__,
        type=(Literal[submission.TYPE], ...),  # type: ignore[arg-type]  # A Literal made at run time.
        data=(submission, ...),
    )


def _ref(*parts: str) -> dict[str, str]:
    return {"$ref": "#/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)}


def _one_paragraph(text: str | None) -> str:
    return prose(text).split("\n\n")[0]


def _without_siblings(node: Any) -> Any:
    """AsyncAPI's schema object ignores what stands beside a `$ref`: put the reference into an `allOf`."""
    if isinstance(node, list):
        return [_without_siblings(each) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: _without_siblings(value) for key, value in node.items()}
    if isinstance(made.get("$ref"), str) and len(made) > 1:
        made = {"allOf": [{"$ref": made.pop("$ref")}], **made}
    if isinstance(made.get("description"), str):
        made["description"] = prose(made["description"])
    return made


def _schemas() -> dict[str, Any]:
    """Every schema that the messages name, by the name of its model; `…Heard` are those of the feed."""
    models: list[type[BaseModel]] = [*(_submitted(each) for each in SUBMISSIONS), Receipt, *RECORDED.values()]
    _, made = models_json_schema(
        [(model, "validation") for model in models], by_alias=True, ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, Any] = _without_siblings(made["$defs"])
    for submission in SUBMISSIONS:
        name = f"{submission.__name__}Event"
        schemas[name] = marked(schemas[name], submission.TYPE)
    for event in FEED_EVENTS:
        schemas |= _heard(event, schemas)
    return dict(sorted(schemas.items()))


def _heard(event: type[Event], schemas: dict[str, Any]) -> dict[str, Any]:
    """The event as the feed carries it: without what `HIDDEN_FIELDS` and `HIDDEN_ATTRIBUTES` name."""
    envelope = told_whole(leaving_out(schemas[f"{event.__name__}Recorded"], HIDDEN_ATTRIBUTES))
    data = told_whole(leaving_out(schemas[event.__name__], HIDDEN_FIELDS))
    data["title"], envelope["title"] = f"{event.__name__}HeardData", f"{event.__name__}Heard"
    envelope["properties"]["data"] = _ref("components", "schemas", data["title"])
    return {data["title"]: data, envelope["title"]: marked(envelope, event.TYPE)}


def _message(name: str, title: str, summary: str, *, payload: dict[str, Any], example: Any, content: str) -> _Document:
    return {
        "name": name,
        "title": title,
        "summary": summary,
        "contentType": content,
        "payload": payload,
        "examples": [{"name": "example", "payload": example}],
    }


def _messages() -> tuple[dict[str, _Document], dict[str, list[str]]]:
    """Every message by its key, and the keys of each channel."""
    messages: dict[str, _Document] = {}
    channels: dict[str, list[str]] = {
        "inbox": [],
        "events": [],
        "answer": ["receipt.v1"],
        "receipt": ["receipt.v1"],
        "feed": [],
        "log": [],
    }
    for submission in SUBMISSIONS:
        channels["inbox"].append(submission.TYPE)
        channels["events"].append(submission.TYPE)
        messages[submission.TYPE] = _message(
            submission.TYPE,
            submission.__name__,
            _one_paragraph(submission.__doc__),
            payload=_ref("components", "schemas", f"{submission.__name__}Event"),
            example=json.loads(example_submission(submission)),
            content=EVENT_CONTENT_TYPE,
        )
    channels["events"].append("submission.batch.v1")
    messages["submission.batch.v1"] = _batch()
    messages["receipt.v1"] = _message(
        "receipt.v1",
        "Receipt",
        _one_paragraph(Receipt.__doc__),
        payload=_ref("components", "schemas", "Receipt"),
        example=EXAMPLE_RECEIPT,
        content="application/json",
    )
    for event in EVENTS:
        channels["log"].append(f"log.{event.TYPE}")
        commit = json.loads(example_commit(event))
        summary = _one_paragraph(event.__doc__)
        messages[f"log.{event.TYPE}"] = _message(
            f"commit with {event.TYPE}",
            f"{event.__name__}, in a commit",
            summary,
            payload={
                "type": "array",
                "minItems": 1,
                "items": _ref("components", "schemas", f"{event.__name__}Recorded"),
            },
            example=commit,
            content=BATCH_CONTENT_TYPE,
        )
        messages[f"log.{event.TYPE}"]["headers"] = _headers(
            {TYPES_HEADER: "Wire types of the commit, separated by commas."}
        )
    for event in FEED_EVENTS:
        channels["feed"].append(f"feed.{event.TYPE}")
        messages[f"feed.{event.TYPE}"] = _message(
            event.TYPE,
            event.__name__,
            _one_paragraph(event.__doc__),
            payload=_ref("components", "schemas", f"{event.__name__}Heard"),
            example=example_heard(event),
            content=EVENT_CONTENT_TYPE,
        )
        messages[f"feed.{event.TYPE}"]["headers"] = _headers(
            {
                "Nats-Msg-Id": "The event's `id`: the same fact told twice has the same.",
                LEFT_OUT_HEADER: "What messages of this type never carry, as JSON pointers, separated by commas: "
                f"`{','.join(left_out(event))}`.",
            }
        )
    return messages, channels


def _headers(headers: dict[str, str]) -> _Document:
    described = {name: {"type": "string", "description": text} for name, text in headers.items()}
    return {"type": "object", "properties": described}


def _batch() -> _Document:
    """Several submissions in one HTTP request; each is judged by itself."""
    kinds = [_ref("components", "schemas", f"{each.__name__}Event") for each in SUBMISSIONS]
    return _message(
        "submission.batch.v1",
        "Batch",
        f"Up to {MAX_BATCH} submissions in one request over HTTP; the answer has one receipt for each, in order.",
        payload={"type": "array", "minItems": 1, "maxItems": MAX_BATCH, "items": {"anyOf": kinds}},
        example=[json.loads(example_submission(each)) for each in SUBMISSIONS[:2]],
        content=BATCH_CONTENT_TYPE,
    )


def _channel(
    address: str | None,
    title: str,
    description: str,
    parameters: dict[str, str],
    keys: list[str],
    server: str = "nats",
) -> _Document:
    return {
        "address": address,
        "title": title,
        "description": description,
        "servers": [_ref("servers", server)],
        "parameters": {name: {"description": text} for name, text in parameters.items()},
        "messages": {key: _ref("components", "messages", key) for key in keys},
    }


def _channels(keys: dict[str, list[str]]) -> dict[str, _Document]:
    publisher = "The publisher's code, as the town's configuration names it."
    request = "The request's id, a UUID; or the id of whatever else has a story of its own."
    heard = sorted({feed_subject(event.TYPE, "x").split(".")[2] for event in FEED_EVENTS})
    return {
        "inbox": _channel(
            f"{INBOX_PREFIX}.{{publisher}}.{{type}}",
            "Inbox",
            "Where publishers put submissions over NATS. Each ends in exactly one receipt.",
            {"publisher": publisher, "type": "The submission's wire type, dots included."},
            keys["inbox"],
        ),
        "events": _channel(
            EVENTS_PATH,
            "The way in by HTTP",
            "The same submissions as CloudEvents over HTTP: structured, binary (the attributes in `ce-` headers, "
            "`data` as the body), or a batch. The answer is the receipt; its status is 201 where it was accepted, 200 "
            "where it was known, and the problem's where it was refused.",
            {},
            keys["events"],
            server="http",
        ),
        "answer": _channel(
            None, "The answer by HTTP", "The receipt, or the receipts of a batch.", {}, keys["answer"], server="http"
        ),
        "receipt": _channel(
            f"{RECEIPT_PREFIX}.{{publisher}}.{{eventId}}",
            "Receipts",
            "The one answer to a submission; the last one is kept for thirty days and can be got directly.",
            {
                "publisher": publisher,
                "eventId": "The submission's `id` as one subject token: what is not a letter, a digit, `-` or `_` "
                "is written as `=XX`, the hexadecimal value of each UTF-8 byte.",
            },
            keys["receipt"],
        ),
        "feed": {
            **_channel(
                f"{FEED_PREFIX}.{{event}}.{{requestId}}",
                "Feed",
                "What the outside may hear of requests, at least once each: no sealed part, no confidential request, "
                "no obligation, nothing of an older system's backlog. Positions are the stream's, without gaps. "
                f"Subscribers ask under JetStream's domain `{FEED_DOMAIN}`.",
                {"event": f"Which fact: {', '.join(heard)}.", "requestId": request},
                keys["feed"],
            ),
            "x-left-out": {"what": list(NOT_TOLD), "events": sorted(each.TYPE for each in never_told())},
        },
        "log": {
            **_channel(
                f"{LOG_PREFIX}.{{service}}.{{requestId}}",
                "Log (internal)",
                "The record. Internal: nobody outside CLIC's services may read or write it. One message is one "
                "decision, a JSON array of CloudEvents.",
                {"service": "The deciding service.", "requestId": request},
                keys["log"],
            ),
            "tags": [{"name": "internal"}],
            "x-internal": True,
        },
    }


def _servers() -> dict[str, _Document]:
    """The two doors; where they stand is the town's to say."""
    host = {"default": "localhost", "description": "Where the town runs CLIC."}
    return {
        "nats": {
            "host": "{host}:4222",
            "protocol": "nats",
            "title": "NATS with JetStream",
            "description": "TLS in every installation but one that a developer runs alone.",
            "variables": {"host": host},
            "security": [_ref("components", "securitySchemes", "nkey")],
        },
        "http": {
            "host": "{host}",
            "protocol": "https",
            "title": "The desk's HTTP",
            "variables": {"host": host},
            "security": [_ref("components", "securitySchemes", "publisherKey")],
        },
    }


def _security() -> dict[str, _Document]:
    return {
        "nkey": {
            "type": "asymmetricEncryption",
            "description": "A NATS nkey (Ed25519): the server sends a nonce, the client signs it with its seed. The "
            "town knows the public key alone, and what its user may do.",
        },
        "publisherKey": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "clic_…",
            "description": "A publisher's key: `Authorization: Bearer clic_…`. It publishes as that publisher alone.",
        },
    }


def _operation(action: str, channel: str, title: str, keys: list[str], *, internal: bool = False) -> _Document:
    made: _Document = {
        "action": action,
        "channel": _ref("channels", channel),
        "title": title,
        "messages": [_ref("channels", channel, "messages", key) for key in keys],
    }
    return {**made, "tags": [{"name": "internal"}]} if internal else made


def asyncapi() -> _Document:
    """The whole document, from CLIC's side: it receives what publishers send, and sends receipts and the feed."""
    messages, keys = _messages()
    return {
        "asyncapi": "3.0.0",
        "id": "urn:clic:asyncapi",
        "info": {
            "title": "CLIC",
            "version": VERSION,
            "description": "The citizen-request desk of a Québec town: what publishers send, the receipt that each "
            "submission gets, and what subscribers hear. Payloads are CloudEvents 1.0 in JSON, structured mode.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": EVENT_CONTENT_TYPE,
        "servers": _servers(),
        "channels": _channels(keys),
        "operations": {
            "takeSubmission": {
                **_operation("receive", "inbox", "A submission is taken and judged", keys["inbox"]),
                "reply": {"channel": _ref("channels", "receipt")},
            },
            "takeEvents": {
                **_operation("receive", "events", "Submissions are taken over HTTP and judged", keys["events"]),
                "bindings": {"http": {"method": "POST", "query": _DRY_RUN, "bindingVersion": "0.3.0"}},
                "reply": {
                    "channel": _ref("channels", "answer"),
                    "messages": [_ref("channels", "answer", "messages", key) for key in keys["answer"]],
                },
            },
            "giveReceipt": _operation("send", "receipt", "A submission is answered", keys["receipt"]),
            "tellFeed": _operation("send", "feed", "Subscribers hear of a fact", keys["feed"]),
            "appendToLog": _operation("send", "log", "A decision is recorded", keys["log"], internal=True),
            "readLog": _operation("receive", "log", "A service reads the record", keys["log"], internal=True),
        },
        "components": {"messages": messages, "schemas": _schemas(), "securitySchemes": _security()},
    }
