"""Who asks, as it is known now: the newest word wins wherever a requester is read. Source: POL-06, A-2.1 art. 89."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from clic_contracts.envelope import Recorded
from clic_contracts.event import PersonalDataCorrected, Sealed

Requester = Mapping[str, Any]
"""`name`, `email`, `phone`, `address`: those that are known."""
Open = Callable[[Sealed], Mapping[str, Any]]
"""Opens a seal of the request; who opens it has recorded why."""


def current(events: Iterable[Recorded], open_seal: Open) -> Requester:
    """The requester now: what was given later adds to what was known; a correction stands in the place of all of it."""
    found: dict[str, Any] = {}
    for each, requester in _said(events, open_seal):
        found = dict(requester) if isinstance(each.data, PersonalDataCorrected) else {**found, **requester}
    return found


def named(events: Iterable[Recorded], open_seal: Open) -> tuple[Requester, ...]:
    """Under whom a request is found: every name that was given for it, and the contacts that hold now."""
    said = list(_said(events, open_seal))
    now = current((each for each, _ in said), open_seal)
    before = tuple({"name": requester["name"]} for _, requester in said if requester.get("name"))
    return (*before, now) if now else before


def _said(events: Iterable[Recorded], open_seal: Open) -> Iterable[tuple[Recorded, Requester]]:
    for each in events:
        seal = getattr(each.data, "sealed", None)
        if seal is not None and (requester := open_seal(seal).get("requester")):
            yield each, requester
