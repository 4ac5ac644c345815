"""The desk's HTTP API: submissions as CloudEvents, agents' commands, a request's story, and learnings."""

from collections.abc import Callable

from fastapi import FastAPI

from clic_chassis.clock import Clock
from clic_chassis.http import add_error_handlers, new_api
from clic_chassis.identity import Identity, current, protect
from clic_chassis.log import EventLog
from clic_contracts.town import Town
from clic_intake.citizen.page import LARGER_FORMS
from clic_intake.core.learning import REVIEWER
from clic_intake.desk import Desk
from clic_intake.learning import Learnings
from clic_intake.publication import Publications
from clic_intake.publisher_admission import Quotas
from clic_intake.publisher_key import PublisherKeys
from clic_intake.register import Register
from clic_intake.rehearsal import Rehearsal
from clic_intake.web import add_web

from .attachment import LARGER_BODIES
from .draft import add_drafts
from .learning import add_learnings
from .publisher import publisher_dependency
from .staff import staff_of
from .story import Stories, add_stories
from .submission import EVENTS_PATH, MAX_BATCH_BYTES, add_submissions


def make_api(  # noqa: PLR0913 - what the API is made of
    desk: Desk,
    register: Register,
    learnings: Learnings,
    publications: Publications,
    *,
    log: EventLog,
    town: Town,
    clock: Clock,
    identity: Identity,
    keys: PublisherKeys,
    quotas: Quotas,
    rehearse: Callable[[], Rehearsal],
) -> FastAPI:
    """The FastAPI application; its OpenAPI pages are at /docs."""
    api = new_api(
        title="CLIC – intake",
        version="1",
        summary=f"The citizen-request desk of {town.name.en}.",
        description="Errors are problems (RFC 9457). Commands take an `Idempotency-Key`: said twice, done once.",
    )
    add_error_handlers(api, larger_bodies={EVENTS_PATH: MAX_BATCH_BYTES, **LARGER_BODIES, **LARGER_FORMS})
    add_web(api, town)
    protect(api, identity)
    stories = Stories(log, town)
    add_submissions(api, desk, rehearse, publisher_dependency(keys), quotas)
    add_stories(api, stories, register, clock, current)
    add_learnings(api, learnings, stories, town, clock, staff_of(town, REVIEWER))
    add_drafts(api, publications, current)
    return api
