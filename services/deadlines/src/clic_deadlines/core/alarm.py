"""At which instants somebody has to look at the obligations of a request."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from .obligation import Obligations

What = Literal["warn", "miss"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """One instant, and what is to be decided then. `done_at`: it was decided already."""

    obligation_id: str
    what: What
    due_at: dt.datetime
    done_at: dt.datetime | None = None


def alarms(state: Obligations, *, warns: bool) -> tuple[Alarm, ...]:
    """The alarms of what is still open; () for what is met or lifted. `warns` is False for a backlog request."""
    found: list[Alarm] = []
    for obligation_id, each in state.by_id.items():
        if not each.is_open:
            continue
        if warns and each.terms.warn_at < each.terms.due_at:
            found.append(Alarm(obligation_id, "warn", each.terms.warn_at, each.warned_at or each.missed_at))
        found.append(Alarm(obligation_id, "miss", each.terms.due_at, each.missed_at))
    return tuple(found)
