"""Expectations that other teams hand in, as Pact files, held against messages that CLIC really sent."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pact import Verifier
from tests.contracts.produced import Told

PROVIDER = "clic"
FEED, ANSWERED = "the feed tells", "a submission is answered"
KIND = "Asynchronous/Messages"


def broken(file: Path, told: Sequence[Told], folder: Path) -> list[str]:
    """What of a team's file does not hold for these messages, a line each with team, expectation and field."""
    pact = json.loads(file.read_text(encoding="utf-8"))
    team = file.parent.name
    wrong = [f"{team}: {each}" for each in _malformed(pact, team)]
    if wrong:
        return wrong
    expanded, bodies = copy.deepcopy(pact), dict[str, Told]()
    expanded["interactions"] = []
    for interaction in pact["interactions"]:
        fitting = [each for each in told if _fits(each, interaction)]
        if not fitting:
            said = json.dumps(interaction["providerStates"], ensure_ascii=False)
            wrong.append(f"{team}: {_name(interaction)}: no message that was sent is meant by {said}")
        for number, each in enumerate(fitting, start=1):
            description = f"{interaction['description']} [{number}]"
            expanded["interactions"].append({**interaction, "description": description})
            bodies[description] = each
    names = {each["description"]: _name(each) for each in pact["interactions"]}
    return wrong + [f"{team}: {each}" for each in _verified(expanded, bodies, names, folder)] if bodies else wrong


def _malformed(pact: dict[str, Any], team: str) -> Iterator[str]:
    version = pact.get("metadata", {}).get("pactSpecification", {}).get("version", "none")
    if not version.startswith("4"):
        yield f"the file is Pact {version}; write version 4"
    if pact.get("consumer", {}).get("name") != team:
        yield f"the file is of the consumer {pact.get('consumer', {}).get('name')!r}, in the folder of {team!r}"
    if pact.get("provider", {}).get("name") != PROVIDER:
        yield f"the provider is {pact.get('provider', {}).get('name')!r}; write {PROVIDER!r}"
    if not pact.get("interactions"):
        yield "the file expects nothing"
    for each in pact.get("interactions", ()):
        if each["type"] != KIND:
            yield f"{each['description']!r} is {each['type']}; only messages are kept"
        elif [state["name"] for state in each.get("providerStates", ())] not in ([FEED], [ANSWERED]):
            yield f"{each['description']!r} is given neither {FEED!r} nor {ANSWERED!r}"


def _parameters(interaction: dict[str, Any]) -> dict[str, Any]:
    (state,) = interaction["providerStates"]
    found: dict[str, Any] = state.get("params", {})
    return found


def _name(interaction: dict[str, Any]) -> str:
    kind = _parameters(interaction).get("type", "any type")
    return f'"{interaction["description"]}", {kind}'


def _fits(told: Told, interaction: dict[str, Any]) -> bool:
    parameters = dict(_parameters(interaction))
    is_feed = interaction["providerStates"][0]["name"] == FEED
    if told.is_feed is not is_feed or told.kind != parameters.pop("type", None):
        return False
    return all(_at(told.body, path) == value for path, value in parameters.items())


def _at(body: Any, path: str) -> Any:
    for part in path.split("."):
        body = body.get(part) if isinstance(body, dict) else None
    return body


def _verified(pact: dict[str, Any], bodies: dict[str, Told], names: dict[str, str], folder: Path) -> Iterator[str]:
    """Pact's own verifier on each message; what it found, by expectation and field."""
    file = folder / "expanded.json"
    file.write_text(json.dumps(pact), encoding="utf-8")

    def message(name: str, metadata: dict[str, Any] | None = None) -> Any:
        told = bodies[name]
        return {"contents": json.dumps(told.body).encode(), "metadata": {}, "content_type": told.content_type}

    def ready(state: str, action: str, parameters: dict[str, Any] | None = None) -> None:
        """The messages are there already."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "PACT_DO_NOT_TRACK", "true")
        verifier = Verifier(PROVIDER).message_handler(message).state_handler(ready, teardown=False).add_source(file)
        try:
            verifier.verify()
        except RuntimeError:
            if not verifier.results["errors"]:
                raise
    for result in verifier.results["interactionResults"]:
        name = names[result["description"].rpartition(" [")[0]]
        mismatches = (result.get("mismatch") or {}).get("mismatches", [])
        for each in mismatches:
            yield f"{name}: {each.get('path', '$')}: {each.get('mismatch', each)}"
        if result["result"] != "OK" and not mismatches:
            yield f"{name}: {result}"
