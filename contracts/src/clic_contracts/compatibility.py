"""Whether a change of schemas would break a stored event or a publisher.

Three promises, each a `Promise` below; what stands in `schemas/baseline/` was published and is held to them.

`STORED` — readers must read every event that was ever written (events and their envelope):
    no type removed (unless an upcaster lifts it); no field removed or renamed; no change of a field's type; no new
    required field; no optional field made required; no enum value removed; no bound, length or pattern narrowed;
    no default changed (an absent field would say something else); unknown fields stay tolerated.
    New optional fields, new enum values and wider bounds are fine, and noted.

`SUBMITTED` — a publisher that worked yesterday works today (submissions and their envelope):
    the same list. A removed field breaks here because submissions are strict: what was a field becomes an unknown
    one, and unknown ones are refused. A removed type breaks always: nobody lifts a publisher.

`TOLD` — a subscriber or publisher that read yesterday's messages reads today's (the feed, receipts): the same list,
    and what was always there stays there: no required field made optional, no value that may be of another type.

The checker knows the part of JSON Schema 2020-12 that pydantic emits. A keyword that it does not know is reported
as a break, so that nothing passes unseen. `$ref` is followed into `$defs`; titles, descriptions and examples are
free to change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Schema = Mapping[str, Any]

MAX_DEPTH = 40
"""Nested values that are compared at most; no schema of ours comes near, a recursive one would."""

_FREE = {"$schema", "$id", "$defs", "title", "description", "examples", "deprecated"}
LOWER = {"minimum": "bounds", "exclusiveMinimum": "bounds", "minLength": "length", "minItems": "length"}
UPPER = {"maximum": "bounds", "exclusiveMaximum": "bounds", "maxLength": "length", "maxItems": "length"}
EXACT = {"pattern": "pattern", "format": "format"}
_COMPARED = {"type", "properties", "required", "additionalProperties", "items", "enum", "const", "default", "anyOf"}
_KNOWN = _FREE | _COMPARED | set(LOWER) | set(UPPER) | set(EXACT) | {"$ref"}
_UNSET = object()


class Promise(StrEnum):
    """Who must go on working."""

    STORED = "stored"
    SUBMITTED = "submitted"
    TOLD = "told"


class Rule(StrEnum):
    """Every difference that the checker tells apart; the tests plant each of them."""

    NO_BASELINE = "no_baseline"
    TYPE_REMOVED = "type_removed"
    TYPE_LIFTED = "type_lifted"
    TYPE_RETIRED = "type_retired"
    TYPE_ADDED = "type_added"
    TOO_DEEP = "too_deep"
    UNKNOWN_KEYWORD = "unknown_keyword"
    DEFAULT_CHANGED = "default_changed"
    TYPE_CHANGED = "type_changed"
    TYPE_WIDENED = "type_widened"
    MAY_BE_OTHER = "may_be_other"
    FIELD_REMOVED = "field_removed"
    FIELD_ADDED = "field_added"
    REQUIRED_ADDED = "required_added"
    MADE_REQUIRED = "made_required"
    MADE_OPTIONAL = "made_optional"
    MAY_BE_ABSENT = "may_be_absent"
    UNKNOWN_REFUSED = "unknown_refused"
    UNKNOWN_TOLERATED = "unknown_tolerated"
    UNKNOWN_NARROWED = "unknown_narrowed"
    ENUM_REMOVED = "enum_removed"
    ENUM_ADDED = "enum_added"
    ENUM_CLOSED = "enum_closed"
    ENUM_OPENED = "enum_opened"
    BOUNDS_NARROWED = "bounds_narrowed"
    BOUNDS_WIDENED = "bounds_widened"
    LENGTH_NARROWED = "length_narrowed"
    LENGTH_WIDENED = "length_widened"
    PATTERN_NARROWED = "pattern_narrowed"
    PATTERN_WIDENED = "pattern_widened"
    FORMAT_NARROWED = "format_narrowed"
    FORMAT_WIDENED = "format_widened"
    CORPUS_UNREAD = "corpus_unread"
    CORPUS_MISSING = "corpus_missing"
    CORPUS_CHANGED = "corpus_changed"
    DEPRECATION_WRONG = "deprecation_wrong"

    @property
    def breaks(self) -> bool:
        """Whether such a change breaks a promise; growing is only noted."""
        return self not in _GROWTH


_GROWTH = {
    Rule.TYPE_LIFTED,
    Rule.TYPE_RETIRED,
    Rule.TYPE_ADDED,
    Rule.TYPE_WIDENED,
    Rule.FIELD_ADDED,
    Rule.MADE_OPTIONAL,
    Rule.UNKNOWN_TOLERATED,
    Rule.ENUM_ADDED,
    Rule.ENUM_OPENED,
    Rule.BOUNDS_WIDENED,
    Rule.LENGTH_WIDENED,
    Rule.PATTERN_WIDENED,
    Rule.FORMAT_WIDENED,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference, and where it is."""

    where: str
    """The schema's path, then the field: `events/request.received.v1.json#/sealed/nonce`."""
    rule: Rule
    says: str

    @property
    def breaks(self) -> bool:
        """Whether it breaks the promise."""
        return self.rule.breaks

    def __str__(self) -> str:
        return f"{'BREAKS' if self.breaks else 'note'}  {self.where}: {self.says}"


def promise_of(path: str) -> Promise:
    """Which promise the schema at this path (under `schemas/`) is held to."""
    if path.startswith("submissions/") or "/submission." in path:
        return Promise.SUBMITTED
    return Promise.TOLD if path.startswith(("feed/", "receipts/")) else Promise.STORED


def wire_type_of(path: str) -> str:
    """The type that the schema at this path (under `schemas/`) describes."""
    return path.rpartition("/")[2].removesuffix(".json")


def compare_all(
    baseline: Mapping[str, Schema],
    current: Mapping[str, Schema],
    lifted: Collection[str] = (),
    retired: Collection[str] = (),
) -> list[Finding]:
    """Every difference between what was published and what stands now, by path under `schemas/`.

    `lifted` are the old wire types that an upcaster reads; they may leave the catalogue of stored events.
    `retired` are those whose notice is over; they may leave what is submitted and what is told.
    """
    found: list[Finding] = []
    for path, old in sorted(baseline.items()):
        new = current.get(path)
        if new is not None:
            found += compare(old, new, where=path, promise=promise_of(path))
        elif promise_of(path) is Promise.STORED and wire_type_of(path) in lifted:
            found.append(Finding(path, Rule.TYPE_LIFTED, "left the catalogue; an upcaster lifts it"))
        elif promise_of(path) is not Promise.STORED and wire_type_of(path) in retired:
            found.append(Finding(path, Rule.TYPE_RETIRED, "went when its notice was over"))
        else:
            says = "the type was removed; keep it, or add an upcaster for a stored event"
            found.append(Finding(path, Rule.TYPE_REMOVED, says))
    found += [
        Finding(path, Rule.TYPE_ADDED, "a new type, not published yet") for path in sorted(set(current) - set(baseline))
    ]
    return found


def compare(old: Schema, new: Schema, *, where: str, promise: Promise) -> list[Finding]:
    """The differences between two versions of one schema, `old` the published one."""
    return list(_Comparison(old, new, promise).value(old, new, f"{where}#", 0))


_LOST = {
    Promise.STORED: "old events would lose it",
    Promise.SUBMITTED: "publishers that send it would be refused",
    Promise.TOLD: "whoever reads it would miss it",
}


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Two whole schemas, to follow references in each."""

    old: Schema
    new: Schema
    promise: Promise

    def value(self, old: Schema, new: Schema, where: str, depth: int) -> Iterator[Finding]:
        """What differs between two places: defaults, then each way in which the old value could be written."""
        if depth > MAX_DEPTH:
            yield Finding(where, Rule.TOO_DEEP, f"nested deeper than {MAX_DEPTH}: cannot be compared")
            return
        if old.get("default", _UNSET) != new.get("default", _UNSET) and "default" in old:
            now = new.get("default", "none")
            yield Finding(where, Rule.DEFAULT_CHANGED, f"the default was {old['default']!r}, is {now!r}")
        news = _ways(new, self.new)
        olds = _ways(old, self.old)
        for way in olds:
            yield from self._best(way, news, where, depth)
        for kind in sorted({_kind(way) for way in news} - {_kind(way) for way in olds}):
            told = self.promise is Promise.TOLD
            yield Finding(where, Rule.MAY_BE_OTHER if told else Rule.TYPE_WIDENED, f"may now also be {kind}")

    def _best(self, old: Schema, news: list[Schema], where: str, depth: int) -> Iterator[Finding]:
        """An old way of writing against the new way that fits it best."""
        tried = [list(self._way(old, new, where, depth)) for new in news if _kind(new) == _kind(old)]
        if not tried:
            kinds = " or ".join(sorted({_kind(new) for new in news}))
            yield Finding(where, Rule.TYPE_CHANGED, f"was {_kind(old)}, is {kinds}")
            return
        yield from min(tried, key=lambda found: (sum(each.breaks for each in found), len(found)))

    def _way(self, old: Schema, new: Schema, where: str, depth: int) -> Iterator[Finding]:
        for keyword in sorted((set(old) | set(new)) - _KNOWN):
            if old.get(keyword, _UNSET) != new.get(keyword, _UNSET):
                says = f"`{keyword}` is not known to this checker; teach it before using it"
                yield Finding(where, Rule.UNKNOWN_KEYWORD, says)
        yield from _values(old, new, where)
        yield from _limits(old, new, where)
        if _kind(old) == "array":
            yield from self.value(old.get("items", {}), new.get("items", {}), f"{where}/*", depth + 1)
        if _kind(old) == "object":
            yield from self._fields(old, new, where, depth)

    def _fields(self, old: Schema, new: Schema, where: str, depth: int) -> Iterator[Finding]:
        olds: Mapping[str, Schema] = old.get("properties", {})
        news: Mapping[str, Schema] = new.get("properties", {})
        was_required, is_required = set(old.get("required", ())), set(new.get("required", ()))
        why = _LOST[self.promise]
        for name in sorted(set(olds) - set(news)):
            yield Finding(f"{where}/{name}", Rule.FIELD_REMOVED, f"the field was removed or renamed; {why}")
        for name in sorted(set(news) - set(olds)):
            if name in is_required:
                says = "a new field is required; give it a default"
                yield Finding(f"{where}/{name}", Rule.REQUIRED_ADDED, says)
            else:
                yield Finding(f"{where}/{name}", Rule.FIELD_ADDED, "a new optional field")
        for name in sorted(set(olds) & set(news)):
            if name in is_required - was_required:
                says = "was optional, is required; give it its default back"
                yield Finding(f"{where}/{name}", Rule.MADE_REQUIRED, says)
            elif name in was_required - is_required:
                told = self.promise is Promise.TOLD
                rule = Rule.MAY_BE_ABSENT if told else Rule.MADE_OPTIONAL
                yield Finding(f"{where}/{name}", rule, "was required, is optional")
            yield from self.value(olds[name], news[name], f"{where}/{name}", depth + 1)
        yield from self._unknown_fields(old, new, where, depth)

    def _unknown_fields(self, old: Schema, new: Schema, where: str, depth: int) -> Iterator[Finding]:
        before, after = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if before is not False and after is False:
            yield Finding(where, Rule.UNKNOWN_REFUSED, "unknown fields were tolerated, are refused")
        elif before is False and after is not False:
            yield Finding(where, Rule.UNKNOWN_TOLERATED, "unknown fields were refused, are tolerated")
        elif isinstance(before, Mapping) and isinstance(after, Mapping):  # A map: its values have a schema.
            yield from self.value(before, after, f"{where}/*", depth + 1)
        elif before is True and isinstance(after, Mapping):
            yield Finding(where, Rule.UNKNOWN_NARROWED, "values of unknown fields must now fit a schema")


def _ways(schema: Schema, root: Schema) -> list[Schema]:
    """The alternatives of a value, references followed: `anyOf` and lists of types become one schema each."""
    for _ in range(MAX_DEPTH):
        if "$ref" not in schema:
            break
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        target: Any = root
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        schema = {**target, **rest}
    if "anyOf" in schema:
        return [way for each in schema["anyOf"] for way in _ways(each, root)]
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": each} for each in schema["type"]]
    return [schema]


def _kind(schema: Schema) -> str:
    return str(schema.get("type", "anything"))


def _allowed(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values = schema.get("enum")
    return list(values) if values is not None else None


def _values(old: Schema, new: Schema, where: str) -> Iterator[Finding]:
    """Closed lists of values, `const` being a list of one."""
    before, after = _allowed(old), _allowed(new)
    if after is None:
        if before is not None:
            yield Finding(where, Rule.ENUM_OPENED, "was a closed list, is open")
        return
    if before is None:
        yield Finding(where, Rule.ENUM_CLOSED, f"was open, takes only {after}")
        return
    gone = [value for value in before if value not in after]
    come = [value for value in after if value not in before]
    if gone:
        yield Finding(where, Rule.ENUM_REMOVED, f"no longer takes {gone}")
    if come:
        yield Finding(where, Rule.ENUM_ADDED, f"now also takes {come}: older readers do not know it")


def _limits(old: Schema, new: Schema, where: str) -> Iterator[Finding]:
    """Bounds, lengths, patterns and formats: a limit that came or tightened breaks, one that loosened does not."""
    for keywords, tighter in ((LOWER, 1), (UPPER, -1)):
        for keyword, rule in keywords.items():
            before, after = old.get(keyword), new.get(keyword)
            if before == after:
                continue
            narrowed = after is not None and (before is None or (after - before) * tighter > 0)
            says = f"`{keyword}` was {before}, is {after}"
            yield Finding(where, Rule(f"{rule}_narrowed" if narrowed else f"{rule}_widened"), says)
    for keyword, rule in EXACT.items():
        before, after = old.get(keyword), new.get(keyword)
        if before != after:
            # Whether one pattern takes all that another takes cannot be told in general: any change counts.
            says = f"`{keyword}` was {before!r}, is {after!r}"
            narrowed = after is not None
            yield Finding(where, Rule(f"{rule}_narrowed" if narrowed else f"{rule}_widened"), says)
