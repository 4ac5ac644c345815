"""When a request waited for its citizen, told from history and never from a counter. Source: POL-06, POL-21."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from .calendar import Pause


class Waits:
    """Gathers when the citizen was asked, and what ended the waiting; facts may come in any order."""

    def __init__(self) -> None:
        self._marks: list[tuple[dt.datetime, bool]] = []
        self._was_asked = False

    def __bool__(self) -> bool:
        """Whether the citizen was ever asked."""
        return self._was_asked

    def ask(self, at: dt.datetime) -> None:
        """The citizen was asked for what is missing."""
        self._marks.append((at, True))
        self._was_asked = True

    def end(self, at: dt.datetime) -> None:
        """It was given, or nobody waits for it any more."""
        self._marks.append((at, False))

    def ended_after(self, at: dt.datetime) -> dt.datetime | None:
        """When the first waiting ended that did so at an instant or later, as far as is known."""
        return min((ended for ended, asks in self._marks if not asks and ended >= at), default=None)

    def spans(self) -> Iterator[Pause]:
        """When it waited, in order; the last may last."""
        since: dt.datetime | None = None
        for at, asks in sorted(self._marks, key=lambda mark: mark[0]):
            if asks:
                since = since or at
            elif since is not None:
                if since < at:
                    yield Pause(since, at)
                since = None
        if since is not None:
            yield Pause(since, None)
