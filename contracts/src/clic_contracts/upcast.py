"""Lifting stored events of old versions to the newest one, one step per version.

An upcaster takes the whole envelope as parsed JSON and gives that of the next version. Stored
bytes are never rewritten; every reader goes through `lift`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTERS: dict[str, Upcaster] = {}
"""Old wire type → the step that lifts it to the next version. Empty while every type is at v1."""

MAX_LIFTS = 32
"""Versions of one type at most; a longer chain is a loop."""


def lift(event: dict[str, Any], upcasters: Mapping[str, Upcaster] = UPCASTERS) -> dict[str, Any]:
    """The same fact at its newest version.

    Raises:
        ValueError: the chain of upcasters does not end.
    """
    for _ in range(MAX_LIFTS):
        step = upcasters.get(str(event.get("type")))
        if step is None:
            return event
        event = step(event)
    raise ValueError(f"the upcasters of {event.get('type')} do not end: mend the chain in UPCASTERS")
