"""The compatibility gate: each rule is proved by planting the change that it forbids."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from clic_contracts.compatibility import Finding, Promise, compare, compare_all
from clic_contracts.event import LearningPublished, ObligationSet, RequestIncomplete, RequestRated, RequestReceived
from clic_contracts.schema import event_schema, schemas, submission_schema
from clic_contracts.submission import OutcomeSubmission, RequestSubmission

Schema = dict[str, Any]

RECEIVED, INCOMPLETE, RATED = event_schema(RequestReceived), event_schema(RequestIncomplete), event_schema(RequestRated)
LEARNING, OBLIGATION = event_schema(LearningPublished), event_schema(ObligationSet)
REQUEST, OUTCOME = submission_schema(RequestSubmission), submission_schema(OutcomeSubmission)


@dataclass(frozen=True)
class Plant:
    """A change to plant, the promise it is held to, and the rule that must notice it, where."""

    rule: str
    schema: Schema
    change: Callable[[Schema], Any]
    where: str
    promise: Promise = Promise.STORED


def _props(schema: Schema, definition: str = "") -> Schema:
    found: Schema = (schema["$defs"][definition] if definition else schema)["properties"]
    return found


def _requires(schema: Schema, name: str) -> None:
    schema["required"].append(name)


def _adds_required(schema: Schema, name: str) -> None:
    schema["properties"][name] = {"type": "string"}
    _requires(schema, name)


def _rename(fields: Schema, old: str, new: str) -> None:
    fields[new] = fields.pop(old)


BREAKS = [
    Plant("field_removed", RECEIVED, lambda s: _props(s).pop("sector"), "/sector"),
    Plant("field_removed", RECEIVED, lambda s: _rename(_props(s), "sector", "district"), "/sector"),
    Plant("field_removed", RECEIVED, lambda s: _props(s, "Sealed").pop("nonce"), "/sealed/nonce"),
    Plant("field_removed", OBLIGATION, lambda s: _props(s, "TraceStep").pop("why"), "/trace/*/why"),
    Plant("type_changed", RECEIVED, lambda s: _props(s)["publisher"].update(type="integer"), "/publisher"),
    Plant("type_changed", RECEIVED, lambda s: _props(s)["sector"]["anyOf"].pop(1), "/sector"),
    Plant("type_changed", RECEIVED, lambda s: _props(s)["terms"]["items"].update(type="number"), "/terms/*"),
    Plant("required_added", RECEIVED, lambda s: _adds_required(s, "new"), "/new"),
    Plant("made_required", RECEIVED, lambda s: _requires(s, "sector"), "/sector"),
    Plant("made_required", RECEIVED, lambda s: _requires(s["$defs"]["Sealed"], "algorithm"), "/sealed/algorithm"),
    Plant("enum_removed", RECEIVED, lambda s: s["$defs"]["Channel"]["enum"].remove("fax"), "/channel"),
    Plant("enum_removed", INCOMPLETE, lambda s: s["$defs"]["Missing"]["enum"].remove("name"), "/missing/*"),
    Plant("enum_closed", RECEIVED, lambda s: _props(s)["publisher"].update(enum=["telephonie"]), "/publisher"),
    Plant("enum_closed", RECEIVED, lambda s: _props(s)["publisher"].update(const="telephonie"), "/publisher"),
    Plant("bounds_narrowed", RATED, lambda s: _props(s)["score"].update(maximum=4), "/score"),
    Plant("bounds_narrowed", RATED, lambda s: _props(s)["score"].update(minimum=2), "/score"),
    Plant("bounds_narrowed", RATED, lambda s: _props(s)["score"].update(exclusiveMinimum=1), "/score"),
    Plant("length_narrowed", LEARNING, lambda s: _props(s)["text"].update(maxLength=3999), "/text"),
    Plant("length_narrowed", LEARNING, lambda s: _props(s)["text"].update(minLength=1), "/text"),
    Plant("length_narrowed", INCOMPLETE, lambda s: _props(s)["missing"].update(minItems=2), "/missing"),
    Plant("length_narrowed", INCOMPLETE, lambda s: _props(s)["missing"].update(maxItems=9), "/missing"),
    Plant("pattern_narrowed", LEARNING, lambda s: _props(s)["period"].update(pattern="^2026"), "/period"),
    Plant("pattern_narrowed", LEARNING, lambda s: _props(s)["text"].update(pattern="^[A-Z]"), "/text"),
    Plant("format_narrowed", LEARNING, lambda s: _props(s)["text"].update(format="date"), "/text"),
    Plant("default_changed", RECEIVED, lambda s: _props(s)["confidential"].update(default=True), "/confidential"),
    Plant("default_changed", RECEIVED, lambda s: _props(s)["confidential"].pop("default"), "/confidential"),
    Plant("unknown_refused", RECEIVED, lambda s: s.update(additionalProperties=False), ""),
    Plant("unknown_refused", RECEIVED, lambda s: s["$defs"]["Sealed"].update(additionalProperties=False), "/sealed"),
    Plant("unknown_narrowed", RECEIVED, lambda s: s.update(additionalProperties={"type": "string"}), ""),
    Plant("unknown_keyword", RECEIVED, lambda s: _props(s)["publisher"].update({"not": {}}), "/publisher"),
    Plant("required_added", REQUEST, lambda s: _adds_required(s, "n"), "/n", Promise.SUBMITTED),
    Plant("made_required", REQUEST, lambda s: _requires(s, "subject"), "/subject", Promise.SUBMITTED),
    Plant("field_removed", REQUEST, lambda s: _props(s).pop("also_by"), "/also_by", Promise.SUBMITTED),
    Plant("field_removed", REQUEST, lambda s: _props(s, "Place").pop("sector"), "/place/sector", Promise.SUBMITTED),
    Plant("type_changed", REQUEST, lambda s: _props(s)["text"].update(type="array"), "/text", Promise.SUBMITTED),
    Plant("enum_removed", OUTCOME, lambda s: _props(s)["outcome"]["enum"].pop(), "/outcome", Promise.SUBMITTED),
    Plant("length_narrowed", REQUEST, lambda s: _props(s)["text"].update(maxLength=9), "/text", Promise.SUBMITTED),
    Plant("pattern_narrowed", REQUEST, lambda s: _props(s)["text"].update(pattern="^a"), "/text", Promise.SUBMITTED),
    Plant(
        "bounds_narrowed",
        REQUEST,
        lambda s: _props(s, "Place")["latitude"]["anyOf"][0].update(minimum=45),
        "/place/latitude",
        Promise.SUBMITTED,
    ),
]

ALLOWED = [
    Plant("field_added", RECEIVED, lambda s: _props(s).update(new={"type": "string", "default": ""}), "/new"),
    Plant("enum_added", RECEIVED, lambda s: s["$defs"]["Channel"]["enum"].append("pigeon"), "/channel"),
    Plant("made_optional", RECEIVED, lambda s: s["required"].remove("publisher"), "/publisher"),
    Plant("bounds_widened", RATED, lambda s: _props(s)["score"].update(maximum=6), "/score"),
    Plant("length_widened", LEARNING, lambda s: _props(s)["text"].pop("maxLength"), "/text"),
    Plant("pattern_widened", LEARNING, lambda s: _props(s)["period"].pop("pattern"), "/period"),
    Plant("type_widened", LEARNING, lambda s: _props(s)["text"].update(type=["string", "null"]), "/text"),
    Plant("field_added", REQUEST, lambda s: _props(s).update(n={"default": ""}), "/n", Promise.SUBMITTED),
    Plant("unknown_tolerated", REQUEST, lambda s: s.pop("additionalProperties"), "", Promise.SUBMITTED),
]


def _found(plant: Plant) -> list[Finding]:
    changed = copy.deepcopy(plant.schema)
    plant.change(changed)
    return compare(plant.schema, changed, where="here", promise=plant.promise)


def _name(plant: Plant) -> str:
    return f"{plant.promise}-{plant.rule}-{plant.where.removeprefix('/').replace('/', '.')}"


@pytest.mark.parametrize("plant", BREAKS, ids=_name)
def test_a_planted_change_that_would_break_is_found_where_it_stands(plant: Plant) -> None:
    """Issue 2, contracts: a check fails when a change would break a stored event or a publisher."""
    breaking = {(each.rule, each.where) for each in _found(plant) if each.breaks}

    assert (plant.rule, f"here#{plant.where}") in breaking


@pytest.mark.parametrize("plant", ALLOWED, ids=_name)
def test_a_planted_change_that_only_grows_is_noted_and_breaks_nothing(plant: Plant) -> None:
    """A stored schema only ever grows; growing is free."""
    found = _found(plant)

    assert (plant.rule, f"here#{plant.where}") in {(each.rule, each.where) for each in found}
    assert [str(each) for each in found if each.breaks] == []


@pytest.mark.parametrize("path", schemas())
def test_a_schema_compared_with_itself_differs_in_nothing(path: str) -> None:
    """The untouched baseline passes."""
    untouched = {path: schemas()[path]}

    assert compare_all(untouched, copy.deepcopy(untouched)) == []


def test_a_removed_event_type_breaks_unless_an_upcaster_lifts_it() -> None:
    """Readers must read every event that was ever written."""
    path = "events/request.received.v1.json"
    kept = {name: schema for name, schema in schemas().items() if name != path}

    assert [(each.rule, each.breaks) for each in compare_all(schemas(), kept)] == [("type_removed", True)]
    lifted = compare_all(schemas(), kept, lifted={"request.received.v1"})
    assert [(each.rule, each.breaks) for each in lifted] == [("type_lifted", False)]


def test_a_removed_submission_type_breaks_whatever_is_lifted() -> None:
    """Nobody lifts a publisher."""
    path = "submissions/submission.request.v1.json"
    kept = {name: schema for name, schema in schemas().items() if name != path}
    found = compare_all(schemas(), kept, lifted={"submission.request.v1"})

    assert [("type_removed", path, True)] == [(each.rule, each.where, each.breaks) for each in found]


def test_a_new_type_is_only_noted() -> None:
    """A catalogue may grow."""
    published = {name: schema for name, schema in schemas().items() if "rated" not in name}

    assert [(each.rule, each.breaks) for each in compare_all(published, schemas())] == [("type_added", False)]


def test_texts_for_people_are_free_to_change() -> None:
    """Titles, descriptions and examples say nothing to a machine."""
    changed = copy.deepcopy(RECEIVED)
    changed.update(title="Reçue", description="Autrement dit", examples=[])
    _props(changed)["channel"]["description"] = "Autrement dit"

    assert compare(RECEIVED, changed, where="here", promise=Promise.STORED) == []


def test_a_schema_that_refers_to_itself_without_end_is_reported_and_not_followed() -> None:
    """The comparison is bounded."""
    endless = {"$ref": "#/$defs/A", "$defs": {"A": {"type": "array", "items": {"$ref": "#/$defs/A"}}}}

    assert [each.rule for each in compare(endless, endless, where="here", promise=Promise.STORED)] == ["too_deep"]
