"""Somebody who is known, and for how long."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clic_chassis.agents import Agent


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody, and until when what they showed is good; None: as long as it is in the agents' file."""

    agent: Agent
    until: dt.datetime | None = None
