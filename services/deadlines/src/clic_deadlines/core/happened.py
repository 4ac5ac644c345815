"""A fact as far as what is owed depends on it: what happened, and when."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from clic_contracts.event import Event


class Happened(Protocol):
    """`Recorded` of the log is one; who folds a whole log reads no more of each fact than this."""

    @property
    def occurred_at(self) -> dt.datetime:
        """When it happened in the town."""
        ...

    @property
    def time_assumed(self) -> bool:
        """No record says when."""
        ...

    @property
    def data(self) -> Event:
        """What happened."""
        ...
