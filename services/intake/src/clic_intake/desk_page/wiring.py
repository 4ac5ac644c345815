"""The agents' desk put together: worklists and commands over HTTP, and the pages that stand on both."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from clic_chassis.identity import current
from clic_chassis.service import Runtime
from clic_intake.api.commanding import Commands, add_commands
from clic_intake.api.staff import staff_of
from clic_intake.api.story import Stories
from clic_intake.api.worklist import add_worklists
from clic_intake.desk import Desk
from clic_intake.register import Register
from clic_intake.scan import Scanner
from clic_intake.worklist.query import Worklists

from .page import DeskPages
from .route import add_agents_entrance, add_pages


def add_agents_desk(api: FastAPI, runtime: Runtime[Any], desk: Desk, register: Register, scanner: Scanner) -> None:
    """Add what agents work with to intake's application."""
    stories = Stories(runtime.log, runtime.town)
    lists = Worklists(runtime.pool, runtime.town, runtime.clock)
    commands = Commands(desk, stories, scanner, runtime.town, runtime.clock)
    add_worklists(api, lists, staff_of(runtime.town))
    add_commands(api, commands, current)
    add_pages(api, DeskPages(lists, stories, commands, register, runtime.town, runtime.clock))
    add_agents_entrance(api, api.state.identity)
