"""Puts the first line together: the knowledge base for agents, and the citizens' pages."""

from __future__ import annotations

import uuid

from fastapi import FastAPI

from clic_chassis.decision import Decisions
from clic_chassis.service import Runtime
from clic_chassis.settings import SettingsError
from clic_intake.api.knowledge import add_knowledge
from clic_intake.api.story import Stories
from clic_intake.desk import Desk
from clic_intake.knowledge import ArticleDrafts, FirstLine, Knowledge
from clic_intake.personal.attachments import Attachments
from clic_intake.personal.tracking import Tracking
from clic_intake.register import Register
from clic_intake.scan import Scanner
from clic_intake.settings import IntakeSettings

from .follow import Follow
from .form import PUBLISHER, Form
from .page import Gate


async def add_first_line(
    api: FastAPI,
    runtime: Runtime[IntakeSettings],
    decisions: Decisions,
    desk: Desk,
    register: Register,
    scanner: Scanner,
) -> None:
    """Add what the first line answers with, once the articles can be searched.

    Raises:
        SettingsError: the town has no publisher for the form.
        RetryableError: the database is away.
    """
    town, clock, pool = runtime.town, runtime.clock, runtime.pool
    if PUBLISHER not in town.publisher_by_code:
        raise SettingsError(f"publishers.yaml: the form submits as {PUBLISHER}, which the town does not have: add it")
    knowledge = Knowledge(pool, town, clock)
    await knowledge.prepare()
    first_line = FirstLine(decisions, town, clock)
    drafts = ArticleDrafts(pool, desk, register, scanner, town=town, clock=clock)
    add_knowledge(
        api,
        knowledge,
        first_line,
        drafts,
        stories=Stories(runtime.log, town),
        town=town,
        clock=clock,
    )
    gate, tracking = Gate(clock), Tracking(register)
    form = Form(
        desk,
        runtime.log,
        knowledge,
        first_line,
        Attachments(runtime.nats, register, decisions, runtime.log),
        tracking,
        town=town,
        clock=clock,
        gate=gate,
        new_id=_new_id,
    )
    form.add(api)
    Follow(desk, register, runtime.log, tracking, form, town=town, clock=clock, gate=gate, new_id=_new_id).add(api)


def _new_id() -> str:
    """Of a form, so that it is the same however often it is sent."""
    return str(uuid.uuid4())
