"""Puts what concerns personal data together and under the desk's HTTP."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from clic_chassis.decision import Decisions
from clic_chassis.identity import current
from clic_chassis.service import Component, Runtime
from clic_intake.api.attachment import add_attachments
from clic_intake.api.personal import Parts, add_personal_routes
from clic_intake.api.story import Stories
from clic_intake.register import Register
from clic_intake.seal import MasterKey

from .attachments import Attachments
from .correction import Corrections
from .erasure import ErasureFinisher, Erasures
from .export import Exports
from .keys import KeyRotation
from .person import Persons
from .retention import DailyRetention, Retention


def add_personal(
    api: FastAPI, runtime: Runtime[Any], master: MasterKey, register: Register, decisions: Decisions
) -> list[Component]:
    """Add the routes; gives what runs beside: rotation of the key, erasures that were cut off, retention."""
    pool, clock, town = runtime.pool, runtime.clock, runtime.town
    attachments = Attachments(runtime.nats, register, decisions, runtime.log)
    persons = Persons(pool, master)
    erasures = Erasures(pool, decisions, attachments, clock)
    retention = Retention(pool, runtime.log, erasures, town, clock)
    stories = Stories(runtime.log, town)
    parts = Parts(
        persons=persons,
        exports=Exports(register, persons, attachments, runtime.log, clock),
        corrections=Corrections(register, decisions),
        erasures=erasures,
        retention=retention,
        stories=stories,
        town=town,
        clock=clock,
    )
    add_personal_routes(api, parts, current)
    add_attachments(api, attachments, register, stories, clock, current)
    return [KeyRotation(pool, master, clock), ErasureFinisher(erasures), DailyRetention(retention)]
