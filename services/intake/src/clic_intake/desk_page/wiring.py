"""The agents' desk put together: worklists and commands over HTTP, and the pages that stand on both."""

from __future__ import annotations

from fastapi import FastAPI

from clic_chassis.decision import Decisions
from clic_chassis.identity import current
from clic_chassis.service import Runtime
from clic_intake.access_register.reading import AccessRegisters
from clic_intake.api.access_register import add_access_register
from clic_intake.api.commanding import Commands, add_commands
from clic_intake.api.staff import staff_of
from clic_intake.api.story import Stories
from clic_intake.api.worklist import add_worklists
from clic_intake.desk import Desk
from clic_intake.duplicate.index import Duplicates
from clic_intake.duplicate.splitting import Splits
from clic_intake.letter.wiring import make_letters
from clic_intake.personal.attachments import Attachments
from clic_intake.personal.person import Persons
from clic_intake.register import Register
from clic_intake.scan import Scanner
from clic_intake.seal import MasterKey
from clic_intake.settings import IntakeSettings
from clic_intake.worklist.access import AccessLists
from clic_intake.worklist.query import Worklists

from .accessing import AccessPages, add_access_pages
from .acting import Acts
from .frame import Frame
from .listing import ListPages
from .page import RequestPages
from .route import Shown, add_agents_entrance, add_list_pages, add_request_pages


def add_agents_desk(
    api: FastAPI,
    runtime: Runtime[IntakeSettings],
    decisions: Decisions,
    desk: Desk,
    *,
    master: MasterKey,
    register: Register,
    duplicates: Duplicates,
    scanner: Scanner,
) -> None:
    """Add what agents work with to intake's application."""
    town, clock = runtime.town, runtime.clock
    stories = Stories(runtime.log, town)
    lists = Worklists(runtime.pool, town, clock)
    commands = Commands(desk, stories, scanner, town, clock)
    splits = Splits(desk, register, runtime.log, town, clock)
    acts = Acts(commands, make_letters(runtime, decisions, register).commands, splits, clock)
    add_worklists(api, lists, staff_of(town))
    add_commands(api, commands, current)
    access_lists = AccessLists(lists)
    registers = AccessRegisters(access_lists, runtime.log, town, clock)
    add_access_register(api, registers, town, current)
    frame = Frame(town, clock)
    shown = Shown(frame)
    add_list_pages(api, ListPages(frame, lists, Persons(runtime.pool, master), runtime.log), shown)
    add_access_pages(api, AccessPages(frame, access_lists, registers, runtime.log), shown)
    requests = RequestPages(
        frame,
        lists=lists,
        stories=stories,
        acts=acts,
        duplicates=duplicates,
        attachments=Attachments(runtime.nats, register, decisions, runtime.log),
        register=register,
    )
    add_request_pages(api, requests, shown)
    add_agents_entrance(api, api.state.identity)
