"""The compatibility gate: each rule is proved by planting the change that it forbids."""

from __future__ import annotations

import copy
import datetime as dt
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.place import ROOT

from clic_contracts.artifact import BASELINE, CORPUS, compatibility
from clic_contracts.compatibility import EXACT, LOWER, UPPER, Finding, Promise, Rule, compare, compare_all
from clic_contracts.deprecation import DEPRECATED, Deprecation
from clic_contracts.event import LearningPublished, ObligationSet, RequestIncomplete, RequestRated, RequestReceived
from clic_contracts.problem import Wording
from clic_contracts.schema import event_schema, feed_schema, schemas, submission_schema
from clic_contracts.submission import OutcomeSubmission, RequestSubmission

Schema = dict[str, Any]

RECEIVED, INCOMPLETE, RATED = event_schema(RequestReceived), event_schema(RequestIncomplete), event_schema(RequestRated)
LEARNING, OBLIGATION = event_schema(LearningPublished), event_schema(ObligationSet)
SCHEMAS = schemas()
HEARD = feed_schema(RequestRated)
REQUEST, OUTCOME = submission_schema(RequestSubmission), submission_schema(OutcomeSubmission)


@dataclass(frozen=True)
class Plant:
    """A change to plant, the promise it is held to, and the rule that must notice it, where."""

    rule: Rule
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


def _may_be_text(schema: Schema) -> None:
    _props(schema, "RequestRated")["score"].update(type=["integer", "string"])


BREAKS = [
    Plant(Rule.FIELD_REMOVED, RECEIVED, lambda s: _props(s).pop("sector"), "/sector"),
    Plant(Rule.FIELD_REMOVED, RECEIVED, lambda s: _rename(_props(s), "sector", "district"), "/sector"),
    Plant(Rule.FIELD_REMOVED, RECEIVED, lambda s: _props(s, "Sealed").pop("nonce"), "/sealed/nonce"),
    Plant(Rule.FIELD_REMOVED, OBLIGATION, lambda s: _props(s, "TraceStep").pop("why"), "/trace/*/why"),
    Plant(Rule.TYPE_CHANGED, RECEIVED, lambda s: _props(s)["publisher"].update(type="integer"), "/publisher"),
    Plant(Rule.TYPE_CHANGED, RECEIVED, lambda s: _props(s)["sector"]["anyOf"].pop(1), "/sector"),
    Plant(Rule.TYPE_CHANGED, RECEIVED, lambda s: _props(s)["terms"]["items"].update(type="number"), "/terms/*"),
    Plant(Rule.REQUIRED_ADDED, RECEIVED, lambda s: _adds_required(s, "new"), "/new"),
    Plant(Rule.MADE_REQUIRED, RECEIVED, lambda s: _requires(s, "sector"), "/sector"),
    Plant(Rule.MADE_REQUIRED, RECEIVED, lambda s: _requires(s["$defs"]["Sealed"], "algorithm"), "/sealed/algorithm"),
    Plant(Rule.ENUM_REMOVED, RECEIVED, lambda s: s["$defs"]["Channel"]["enum"].remove("fax"), "/channel"),
    Plant(Rule.ENUM_REMOVED, INCOMPLETE, lambda s: s["$defs"]["Missing"]["enum"].remove("name"), "/missing/*"),
    Plant(Rule.ENUM_CLOSED, RECEIVED, lambda s: _props(s)["publisher"].update(enum=["telephonie"]), "/publisher"),
    Plant(Rule.ENUM_CLOSED, RECEIVED, lambda s: _props(s)["publisher"].update(const="telephonie"), "/publisher"),
    Plant(Rule.BOUNDS_NARROWED, RATED, lambda s: _props(s)["score"].update(maximum=4), "/score"),
    Plant(Rule.BOUNDS_NARROWED, RATED, lambda s: _props(s)["score"].update(minimum=2), "/score"),
    Plant(Rule.BOUNDS_NARROWED, RATED, lambda s: _props(s)["score"].update(exclusiveMinimum=1), "/score"),
    Plant(Rule.LENGTH_NARROWED, LEARNING, lambda s: _props(s)["text"].update(maxLength=3999), "/text"),
    Plant(Rule.LENGTH_NARROWED, LEARNING, lambda s: _props(s)["text"].update(minLength=1), "/text"),
    Plant(Rule.LENGTH_NARROWED, INCOMPLETE, lambda s: _props(s)["missing"].update(minItems=2), "/missing"),
    Plant(Rule.LENGTH_NARROWED, INCOMPLETE, lambda s: _props(s)["missing"].update(maxItems=9), "/missing"),
    Plant(Rule.PATTERN_NARROWED, LEARNING, lambda s: _props(s)["period"].update(pattern="^2026"), "/period"),
    Plant(Rule.PATTERN_NARROWED, LEARNING, lambda s: _props(s)["text"].update(pattern="^[A-Z]"), "/text"),
    Plant(Rule.FORMAT_NARROWED, LEARNING, lambda s: _props(s)["text"].update(format="date"), "/text"),
    Plant(Rule.DEFAULT_CHANGED, RECEIVED, lambda s: _props(s)["confidential"].update(default=True), "/confidential"),
    Plant(Rule.DEFAULT_CHANGED, RECEIVED, lambda s: _props(s)["confidential"].pop("default"), "/confidential"),
    Plant(Rule.UNKNOWN_REFUSED, RECEIVED, lambda s: s.update(additionalProperties=False), ""),
    Plant(Rule.UNKNOWN_REFUSED, RECEIVED, lambda s: s["$defs"]["Sealed"].update(additionalProperties=False), "/sealed"),
    Plant(Rule.UNKNOWN_NARROWED, RECEIVED, lambda s: s.update(additionalProperties={"type": "string"}), ""),
    Plant(Rule.UNKNOWN_KEYWORD, RECEIVED, lambda s: _props(s)["publisher"].update({"not": {}}), "/publisher"),
    Plant(Rule.MAY_BE_ABSENT, HEARD, lambda s: s["required"].remove("recordedat"), "/recordedat", Promise.TOLD),
    Plant(Rule.MAY_BE_OTHER, HEARD, _may_be_text, "/data/score", Promise.TOLD),
    Plant(Rule.FIELD_REMOVED, HEARD, lambda s: _props(s, "RequestRated").pop("score"), "/data/score", Promise.TOLD),
    Plant(Rule.REQUIRED_ADDED, REQUEST, lambda s: _adds_required(s, "n"), "/n", Promise.SUBMITTED),
    Plant(Rule.MADE_REQUIRED, REQUEST, lambda s: _requires(s, "subject"), "/subject", Promise.SUBMITTED),
    Plant(Rule.FIELD_REMOVED, REQUEST, lambda s: _props(s).pop("also_by"), "/also_by", Promise.SUBMITTED),
    Plant(Rule.FIELD_REMOVED, REQUEST, lambda s: _props(s, "Place").pop("sector"), "/place/sector", Promise.SUBMITTED),
    Plant(Rule.TYPE_CHANGED, REQUEST, lambda s: _props(s)["text"].update(type="array"), "/text", Promise.SUBMITTED),
    Plant(Rule.ENUM_REMOVED, OUTCOME, lambda s: _props(s)["outcome"]["enum"].pop(), "/outcome", Promise.SUBMITTED),
    Plant(Rule.LENGTH_NARROWED, REQUEST, lambda s: _props(s)["text"].update(maxLength=9), "/text", Promise.SUBMITTED),
    Plant(Rule.PATTERN_NARROWED, REQUEST, lambda s: _props(s)["text"].update(pattern="^a"), "/text", Promise.SUBMITTED),
    Plant(
        Rule.BOUNDS_NARROWED,
        REQUEST,
        lambda s: _props(s, "Place")["latitude"]["anyOf"][0].update(minimum=45),
        "/place/latitude",
        Promise.SUBMITTED,
    ),
]

ALLOWED = [
    Plant(Rule.FIELD_ADDED, RECEIVED, lambda s: _props(s).update(new={"type": "string", "default": ""}), "/new"),
    Plant(Rule.ENUM_ADDED, RECEIVED, lambda s: s["$defs"]["Channel"]["enum"].append("pigeon"), "/channel"),
    Plant(Rule.MADE_OPTIONAL, RECEIVED, lambda s: s["required"].remove("publisher"), "/publisher"),
    Plant(Rule.BOUNDS_WIDENED, RATED, lambda s: _props(s)["score"].update(maximum=6), "/score"),
    Plant(Rule.LENGTH_WIDENED, LEARNING, lambda s: _props(s)["text"].pop("maxLength"), "/text"),
    Plant(Rule.PATTERN_WIDENED, LEARNING, lambda s: _props(s)["period"].pop("pattern"), "/period"),
    Plant(Rule.TYPE_WIDENED, LEARNING, lambda s: _props(s)["text"].update(type=["string", "null"]), "/text"),
    Plant(Rule.ENUM_OPENED, RECEIVED, lambda s: s["$defs"]["Channel"].pop("enum"), "/channel"),
    Plant(Rule.FORMAT_WIDENED, OBLIGATION, lambda s: _props(s)["due_at"].pop("format"), "/due_at"),
    Plant(Rule.FIELD_ADDED, REQUEST, lambda s: _props(s).update(n={"default": ""}), "/n", Promise.SUBMITTED),
    Plant(Rule.UNKNOWN_TOLERATED, REQUEST, lambda s: s.pop("additionalProperties"), "", Promise.SUBMITTED),
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


@pytest.mark.parametrize("path", SCHEMAS)
def test_a_schema_compared_with_itself_differs_in_nothing(path: str) -> None:
    """The untouched baseline passes."""
    untouched = {path: SCHEMAS[path]}

    assert compare_all(untouched, copy.deepcopy(untouched)) == []


Catalogue = dict[str, Schema]
ROUTED = "events/request.routed.v1.json"


def _without(path: str) -> Callable[[Catalogue], list[Finding]]:
    return lambda all_: compare_all(all_, {name: schema for name, schema in all_.items() if name != path})


def _endless(_: Catalogue) -> list[Finding]:
    loop = {"$ref": "#/$defs/A", "$defs": {"A": {"type": "array", "items": {"$ref": "#/$defs/A"}}}}
    return compare(loop, loop, where="here", promise=Promise.STORED)


OF_THE_CATALOGUE: dict[Rule, Callable[[Catalogue], list[Finding]]] = {
    Rule.TYPE_REMOVED: _without(ROUTED),
    Rule.TYPE_LIFTED: lambda all_: compare_all({ROUTED: all_[ROUTED]}, {}, lifted={"request.routed.v1"}),
    Rule.TYPE_ADDED: lambda all_: compare_all({}, {ROUTED: all_[ROUTED]}),
    Rule.TOO_DEEP: _endless,
}
GOES = Deprecation(dt.date(2026, 1, 1), dt.date(2027, 1, 1), "request.rated.v1", Wording(fr="Essai.", en="Trial."))


def _retired(all_: Catalogue) -> list[Finding]:
    path = "feed/request.closed.v1.json"
    return compare_all({path: all_[path]}, {}, retired={"request.closed.v1"})


def _deprecated_in_a_hurry(_: Catalogue) -> list[Finding]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DEPRECATED, "request.closed.v1", replace(GOES, sunset=dt.date(2026, 6, 1)))
        return [each for each in compatibility(ROOT) if each.where == "request.closed.v1"]


OF_THE_CATALOGUE |= {Rule.TYPE_RETIRED: _retired, Rule.DEPRECATION_WRONG: _deprecated_in_a_hurry}
OF_THE_FOLDER: dict[Rule, Callable[[Path], Any]] = {
    Rule.NO_BASELINE: lambda root: shutil.rmtree(root / BASELINE),
    Rule.CORPUS_MISSING: lambda root: shutil.rmtree(root / CORPUS / "events" / "request.routed.v1"),
    Rule.CORPUS_CHANGED: lambda root: (root / CORPUS / "events" / "request.routed.v1" / "0001.json").unlink(),
    Rule.CORPUS_UNREAD: lambda root: (root / CORPUS / "events" / "request.routed.v1" / "0001.json").write_text("[{}]"),
}


@pytest.mark.parametrize("rule", OF_THE_CATALOGUE)
def test_a_planted_change_of_the_catalogue_is_found(rule: Rule) -> None:
    """Readers must read every event that was ever written; a catalogue may grow."""
    assert {rule} == {each.rule for each in OF_THE_CATALOGUE[rule](SCHEMAS)}


@pytest.mark.parametrize("rule", OF_THE_FOLDER)
def test_a_planted_change_of_what_was_published_is_found(rule: Rule, tmp_path: Path) -> None:
    """A gate with nothing to compare is no gate, and the corpus holds every example that was ever published."""
    for folder in (BASELINE, CORPUS):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    OF_THE_FOLDER[rule](tmp_path)

    assert rule in {each.rule for each in compatibility(tmp_path) if each.breaks}


def _unplanted(rules: Iterable[Rule]) -> set[Rule]:
    planted = {plant.rule for plant in (*BREAKS, *ALLOWED)} | set(OF_THE_CATALOGUE) | set(OF_THE_FOLDER)
    return set(rules) - planted


def test_every_rule_of_the_gate_is_planted() -> None:
    """Issue 6: one mutation test for each rule; a rule that comes without one fails here."""
    assert set() == _unplanted(Rule)
    assert {"new"} == _unplanted([*Rule, "new"])  # type: ignore[list-item]  # A rule that nobody plants.


def test_rules_break_or_note_as_their_plants_say() -> None:
    """What only grows breaks nothing; everything else does."""
    assert {plant.rule for plant in BREAKS} & {plant.rule for plant in ALLOWED} == set()
    assert all(plant.rule.breaks for plant in BREAKS)
    assert not any(plant.rule.breaks for plant in ALLOWED)


@pytest.mark.parametrize("keyword", [*LOWER, *UPPER, *EXACT])
def test_every_limit_that_the_gate_knows_is_planted(keyword: str) -> None:
    """Tightened, loosened, come and gone; an exact one changed is one tightened."""
    exact = keyword in EXACT
    name = EXACT[keyword] if exact else {**LOWER, **UPPER}[keyword]
    tight, loose = ("a", "b") if exact else (6, 4) if keyword in LOWER else (4, 6)
    tried = [(loose, tight), (None, tight), *([] if exact else [(tight, loose)]), (tight, None)]
    said = []
    for before, after in tried:
        old, new = ({} if each is None else {keyword: each} for each in (before, after))
        said += [each.rule for each in compare(old, new, where="here", promise=Promise.STORED)]

    widened = [f"{name}_widened"] * (1 if exact else 2)
    assert [f"{name}_narrowed"] * 2 + widened == said


def test_a_removed_submission_type_breaks_whatever_is_lifted() -> None:
    """Nobody lifts a publisher."""
    path = "submissions/submission.request.v1.json"
    kept = {name: schema for name, schema in SCHEMAS.items() if name != path}
    found = compare_all(SCHEMAS, kept, lifted={"submission.request.v1"})

    assert [(Rule.TYPE_REMOVED, path, True)] == [(each.rule, each.where, each.breaks) for each in found]


def test_texts_for_people_are_free_to_change() -> None:
    """Titles, descriptions and examples say nothing to a machine."""
    changed = copy.deepcopy(RECEIVED)
    changed.update(title="Reçue", description="Autrement dit", examples=[])
    _props(changed)["channel"]["description"] = "Autrement dit"

    assert compare(RECEIVED, changed, where="here", promise=Promise.STORED) == []
