"""The AsyncAPI document: AsyncAPI's own parser reads it; its structure, its references, and its examples."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from tests.node.installed import FOLDER, Node
from tests.place import ROOT

from clic_chassis.relay import public_form
from clic_contracts.artifact import ASYNCAPI
from clic_contracts.asyncapi import EVENTS_PATH, VERSION, asyncapi
from clic_contracts.event import EVENTS
from clic_contracts.feed import FEED_EVENTS, HIDDEN_FIELDS
from clic_contracts.schema import example_recorded
from clic_contracts.submission import SUBMISSIONS
from clic_intake.api import submission

DOCUMENT = asyncapi()

STRUCTURE: dict[str, Any] = {
    "type": "object",
    "required": ["asyncapi", "info", "channels", "operations", "components"],
    "properties": {
        "asyncapi": {"const": "3.0.0"},
        "info": {"type": "object", "required": ["title", "version"]},
        "channels": {
            "type": "object",
            "required": ["inbox", "events", "receipt", "feed", "log"],
            "additionalProperties": {
                "type": "object",
                "required": ["address", "messages", "parameters"],
                "properties": {
                    "address": {
                        "type": ["string", "null"],
                        "pattern": r"^(/events|clic\.[a-z]+\.\{[A-Za-z]+\}\.\{[A-Za-z]+\})$",
                    },
                    "messages": {
                        "type": "object",
                        "minProperties": 1,
                        "propertyNames": {"pattern": r"^[A-Za-z0-9._-]+$"},
                        "additionalProperties": {"$ref": "#/$defs/reference"},
                    },
                },
            },
        },
        "operations": {
            "type": "object",
            "minProperties": 4,
            "additionalProperties": {
                "type": "object",
                "required": ["action", "channel", "messages"],
                "properties": {
                    "action": {"enum": ["send", "receive"]},
                    "channel": {"$ref": "#/$defs/reference"},
                    "messages": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/reference"}},
                },
            },
        },
        "components": {
            "type": "object",
            "required": ["messages", "schemas"],
            "properties": {
                "messages": {
                    "additionalProperties": {
                        "type": "object",
                        "required": ["name", "title", "summary", "contentType", "payload", "examples"],
                    }
                }
            },
        },
    },
    "$defs": {"reference": {"type": "object", "required": ["$ref"], "maxProperties": 1}},
}


def _references(node: Any) -> Iterator[tuple[str, int]]:
    """Every reference in the document, with the number of keys that stand beside it."""
    if isinstance(node, list):
        for each in node:
            yield from _references(each)
    elif isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"], len(node) - 1
        for each in node.values():
            yield from _references(each)


def _resolve(reference: str) -> Any:
    node: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def _payload_validator(message: dict[str, Any]) -> Draft7Validator:
    """AsyncAPI's schema object is a superset of draft 7."""
    return Draft7Validator({**message["payload"], "components": DOCUMENT["components"]})


ACCEPTED = {"asyncapi-latest-version"}
"""Remarks of the parser that are answered: 3.1.0 adds bindings that are not ours, and readers of 3.0.0 are many."""


def read_by_parser(node: Node, file: Path) -> dict[str, Any]:
    """What AsyncAPI's own parser says of a file."""
    ran = node.run(str(FOLDER / "asyncapi.mjs"), str(file), cwd=FOLDER)
    assert ran.returncode == 0, ran.stderr
    said: dict[str, Any] = json.loads(ran.stdout)
    return said


def test_asyncapis_own_parser_reads_the_document_without_a_remark(node: Node) -> None:
    """Issue 6: the document is accepted by the AsyncAPI parser."""
    said = read_by_parser(node, ROOT / ASYNCAPI)

    assert [each for each in said["diagnostics"] if each["code"] not in ACCEPTED] == []
    assert set(DOCUMENT["channels"]) == set(said["channels"])
    assert set(DOCUMENT["operations"]) == set(said["operations"])


def test_the_parser_refuses_a_planted_mistake(node: Node, tmp_path: Path) -> None:
    """The check above can fail."""
    broken = copy.deepcopy(DOCUMENT)
    broken["operations"]["tellFeed"]["action"] = "shout"
    broken["channels"]["feed"]["messages"]["lost"] = {"$ref": "#/components/messages/nowhere"}
    file = tmp_path / "asyncapi.json"
    file.write_text(json.dumps(broken), encoding="utf-8")

    errors = {each["path"] for each in read_by_parser(node, file)["diagnostics"] if each["severity"] == "error"}
    assert {"operations/tellFeed/action", "channels/feed/messages/lost/$ref"} <= errors


def test_the_document_has_the_structure_of_asyncapi_3() -> None:
    """Issue 2, contracts: one AsyncAPI 3 document generated from the code."""
    assert [
        f"{list(error.absolute_path)}: {error.message}"
        for error in Draft202012Validator(STRUCTURE).iter_errors(DOCUMENT)
    ] == []


def test_every_reference_leads_somewhere_and_stands_alone() -> None:
    """A tool that reads draft 7 ignores what stands beside a reference."""
    references = list(_references(DOCUMENT))

    assert references
    for reference, beside in references:
        assert _resolve(reference) is not None
        assert beside == 0, reference


def test_every_parameter_of_an_address_is_described() -> None:
    """AsyncAPI 3: an address's parameters are those of its channel."""
    for channel in DOCUMENT["channels"].values():
        named = {part.strip("{}") for part in (channel["address"] or "").split(".") if part.startswith("{")}

        assert named == set(channel["parameters"])


def test_every_operation_names_messages_of_its_own_channel() -> None:
    """AsyncAPI 3: an operation's messages are references into its channel."""
    for operation in DOCUMENT["operations"].values():
        for message in operation["messages"]:
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")


@pytest.mark.parametrize("name", DOCUMENT["components"]["messages"])
def test_every_example_fits_its_payload(name: str) -> None:
    """A publisher copies the example first."""
    message = DOCUMENT["components"]["messages"][name]

    assert message["examples"]
    for example in message["examples"]:
        assert [error.message for error in _payload_validator(message).iter_errors(example["payload"])] == []


def test_every_submission_event_and_heard_event_is_a_message() -> None:
    """The catalogue, whole: the inbox's, the log's and the feed's."""
    messages = set(DOCUMENT["components"]["messages"])
    expected = {each.TYPE for each in SUBMISSIONS} | {f"log.{each.TYPE}" for each in EVENTS}
    expected |= {f"feed.{each.TYPE}" for each in FEED_EVENTS} | {"receipt.v1", "submission.batch.v1"}

    assert expected == messages


def test_only_the_log_is_marked_internal() -> None:
    """Nobody outside reads the log; everybody may read about it."""
    internal = {name for name, channel in DOCUMENT["channels"].items() if channel.get("x-internal")}

    assert internal == {"log"}


@pytest.mark.parametrize("event", FEED_EVENTS, ids=lambda event: event.TYPE)
def test_what_the_relay_tells_is_what_the_document_says(event: Any) -> None:
    """POL-30: nothing sealed is heard; the document and the relay leave out the same."""
    told = json.loads(public_form(example_recorded(event)))
    message = DOCUMENT["components"]["messages"][f"feed.{event.TYPE}"]

    assert [error.message for error in _payload_validator(message).iter_errors(told)] == []
    assert message["examples"][0]["payload"] == told
    assert not HIDDEN_FIELDS & set(told["data"])


def test_the_document_has_the_version_of_the_distribution() -> None:
    """A subscriber sees which contracts it reads."""
    assert metadata.version("clic-contracts") == VERSION


def test_the_way_in_by_http_is_intakes() -> None:
    """A path that two places say is one."""
    assert submission.EVENTS_PATH == EVENTS_PATH


def test_every_server_says_how_one_signs_in() -> None:
    """Issue 6: no door without a key."""
    for server in DOCUMENT["servers"].values():
        assert [_resolve(each["$ref"])["type"] for each in server["security"]]


def test_what_is_never_told_is_said_in_the_feeds_channel() -> None:
    """Issue 6: subscribers are told what was left out; each event of the catalogue is told or named."""
    said = DOCUMENT["channels"]["feed"]["x-left-out"]

    assert {each.TYPE for each in EVENTS} - {each.TYPE for each in FEED_EVENTS} == set(said["events"])
    assert said["what"]
