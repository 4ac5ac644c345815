"""Puts Open311 together and under the desk's HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import uuid4

from fastapi import FastAPI

from clic_chassis.agents import Agent
from clic_chassis.identity.session import digest
from clic_chassis.service import Runtime
from clic_chassis.settings import SettingsError
from clic_intake.api.publisher import publisher_code
from clic_intake.desk import Desk
from clic_intake.publisher_key import PublisherKeys
from clic_intake.settings import IntakeSettings

from .endpoint import Options, make_endpoint
from .listing import PostgresListing
from .submitting import Submitter

PATH: Final = "/open311"


def add_open311(
    api: FastAPI, runtime: Runtime[IntakeSettings], desk: Desk, keys: PublisherKeys, agents: Mapping[str, Agent]
) -> None:
    """Serve Open311. An `api_key` is a publisher's key, or its token in the agents' file.

    Raises:
        SettingsError: the town has no such publisher as posts without a key are to be taken as.
    """
    keyless = runtime.settings.open311_keyless_publisher
    if keyless is not None and keyless not in runtime.town.publisher_by_code:
        known = ", ".join(runtime.town.publisher_by_code)
        raise SettingsError(f"CLIC_OPEN311_KEYLESS_PUBLISHER: the town has no publisher {keyless!r}; it has {known}")

    async def publisher_of(api_key: str) -> str | None:
        if (code := await keys.publisher_of(api_key)) is not None:
            return code
        agent = agents.get(digest(api_key))
        return publisher_code(agent) if agent is not None else None

    settings, clock = runtime.settings, runtime.clock
    endpoint = make_endpoint(
        runtime.town,
        PostgresListing(runtime.pool, runtime.town),
        Submitter(desk, runtime.log, clock, lambda: str(uuid4())),
        publisher_of,
        clock=clock,
        options=Options(
            jurisdiction_id=settings.open311_jurisdiction,
            keyless_publisher=keyless,
            url=settings.open311_url,
            since=clock.now(),
        ),
    )
    api.mount(PATH, endpoint)
