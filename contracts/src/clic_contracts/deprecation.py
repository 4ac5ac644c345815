"""Which types of the contract will go, when, and what to use instead; how whoever uses one is told.

Published types go only after a notice of a year (docs/publishers/contract.md). Over HTTP the answer says it by
`Deprecation` (RFC 9745) and `Sunset` (RFC 8594), over NATS the receipt and the feed's message by headers of the same
names; schemas, the AsyncAPI document, the types for TypeScript and the reference mark it as deprecated.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any

from pydantic_core import from_json

from .problem import Wording

NOTICE_DAYS_MIN = 365
"""Between the day on which a type is deprecated and the day on which it goes."""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """One type that will go."""

    since: dt.date
    sunset: dt.date
    """From this day on it is refused, or told no more."""
    instead: str
    """The wire type to use."""
    why: Wording

    def __str__(self) -> str:
        return f"Deprecated since {self.since}, goes on {self.sunset}: use `{self.instead}`. {self.why.en}"


DEPRECATED: dict[str, Deprecation] = {}
"""By the wire type of a submission, or of an event of the feed. What has gone stays here: it tells when and why."""


def headers_of(types: Iterable[str]) -> dict[str, str]:
    """What an answer about these types, or a message of one, says of their deprecation; nothing where none is.

    Of several the one that goes first.
    """
    found = sorted((DEPRECATED[each] for each in types if each in DEPRECATED), key=lambda each: each.sunset)
    if not found:
        return {}
    since, sunset = (dt.datetime.combine(day, dt.time(), dt.UTC) for day in (found[0].since, found[0].sunset))
    return {"Deprecation": f"@{int(since.timestamp())}", "Sunset": format_datetime(sunset, usegmt=True)}


def headers_for(bodies: Iterable[bytes]) -> dict[str, str]:
    """The same for submissions as they came in, whatever they are."""
    if not DEPRECATED:  # As a rule: nothing is read twice for nothing.
        return {}
    return headers_of(wire_type for body in bodies if (wire_type := _type_of(body)) is not None)


def _type_of(body: bytes) -> str | None:
    try:
        raw = from_json(body)
    except ValueError:
        return None
    found = raw.get("type") if isinstance(raw, dict) else None
    return found if isinstance(found, str) else None


def marked(schema: dict[str, Any], wire_type: str) -> dict[str, Any]:
    """A type's schema, marked where the type is deprecated."""
    if wire_type not in DEPRECATED:
        return schema
    told = f"{DEPRECATED[wire_type]} {schema.get('description', '')}".strip()
    return {**schema, "description": told, "deprecated": True}


def retired(on: dt.date) -> frozenset[str]:
    """The types that have gone by this day."""
    return frozenset(name for name, each in DEPRECATED.items() if each.sunset <= on)


def wrong(
    published: Collection[str], deprecated: Mapping[str, Deprecation], changelog: str
) -> Iterator[tuple[str, str]]:
    """What of the deprecations breaks the policy: the type, and what is wrong."""
    for name, each in deprecated.items():
        if (each.sunset - each.since).days < NOTICE_DAYS_MIN:
            yield name, f"a notice of {(each.sunset - each.since).days} days; give {NOTICE_DAYS_MIN} at least"
        if each.instead not in published:
            yield name, f"`{each.instead}`, to be used instead, is not published"
        elif each.instead in deprecated:
            yield name, f"`{each.instead}`, to be used instead, is deprecated itself"
        if f"`{name}`" not in changelog or str(each.sunset) not in changelog:
            yield name, f"the changelog does not tell that `{name}` goes on {each.sunset}"
