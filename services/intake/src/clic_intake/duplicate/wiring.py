"""Duplicates put together: their routes, and the process that follows merges and splits."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from clic_chassis.delivery import Delivery
from clic_chassis.identity import current
from clic_chassis.process import Process
from clic_chassis.service import Runtime
from clic_contracts.envelope import Commit
from clic_contracts.event import RequestClosed, RequestMerged, RequestSplit, RequestVoided
from clic_contracts.subject import log_subject
from clic_contracts.vocabulary import Service
from clic_intake.api.admissibility import add_admissibility
from clic_intake.api.duplicate import add_duplicates
from clic_intake.api.story import Stories
from clic_intake.desk import Desk
from clic_intake.register import Register
from clic_intake.worklist.query import Worklists

from .index import Duplicates
from .orphan import Orphans
from .splitting import Splits

DURABLE = "duplicates"


def add_judging(api: FastAPI, runtime: Runtime[Any], desk: Desk, register: Register, duplicates: Duplicates) -> Process:
    """Add the routes by which agents judge, and give the process that follows what was merged and split."""
    stories = Stories(runtime.log, runtime.town)
    splits = Splits(desk, register, runtime.log, runtime.town, runtime.clock)
    orphans = Orphans(desk, duplicates)
    lists = Worklists(runtime.pool, runtime.town, runtime.clock)
    add_admissibility(api, stories, runtime.town, current)
    add_duplicates(api, stories, duplicates, splits, lists=lists, clock=runtime.clock, current=current)

    async def follow(commit: Commit) -> None:
        await splits.handle(commit)
        await orphans.handle(commit)

    return Process(
        runtime, durable=DURABLE, filters=[log_subject(Service.INTAKE, "*")], handle=follow, skip=_nothing_to_follow
    )


def _nothing_to_follow(delivery: Delivery) -> bool:
    """Whether a commit neither merges, nor splits, nor ends a request, and need not be decoded."""
    return not delivery.may_hold([RequestMerged, RequestSplit, RequestClosed, RequestVoided])
