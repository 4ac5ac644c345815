"""The yearly register of access requests over HTTP, for the greffe (POL-26, A-2.1 art. 8)."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, FastAPI, HTTPException, Query, Response

from clic_chassis.agents import Agent
from clic_chassis.http import problems
from clic_contracts.permission import ACCESS_ROLE
from clic_contracts.town import Town
from clic_contracts.vocabulary import Language
from clic_intake.access_register.document import MEDIA_TYPES, Form, rendered
from clic_intake.access_register.reading import AccessRegister, AccessRegisters
from clic_intake.web import Words

PATH = "/access-register"
GIVEN: dict[int | str, dict[str, Any]] = {200: {"content": {each.split(";")[0]: {} for each in MEDIA_TYPES.values()}}}


def must_be_greffe(agent: Agent) -> None:
    """Raises `HTTPException`: 403, somebody is not responsible for access to information."""
    if ACCESS_ROLE not in agent.roles:
        raise HTTPException(403, f"this is for who is responsible for access to information: role {ACCESS_ROLE!r}")


async def given(register: AccessRegister, town: Town, language: Language, form: Form) -> Response:
    """A register as a file to be kept. It is made in a thread: others are answered meanwhile."""
    words = Words(language, ZoneInfo(town.calendar.timezone))
    name = words("demandes-d-acces", "access-requests")
    return Response(
        await asyncio.to_thread(rendered, register, town, words, form),
        headers={
            "Content-Type": MEDIA_TYPES[form],
            "Content-Disposition": f'attachment; filename="{name}-{register.year}.{form}"',
            "Cache-Control": "no-store",
        },
    )


def add_access_register(api: FastAPI, registers: AccessRegisters, town: Town, current: Callable[..., Any]) -> None:
    """Add the route."""
    who = Annotated[Agent, Depends(current)]

    @api.get(
        PATH,
        tags=["access to information"],
        summary="Read the register of a year",
        responses={**GIVEN, **problems(401, 403, 409, 422, 503)},
        response_class=Response,
    )
    async def read(
        agent: who,
        year: Annotated[
            int | None, Query(ge=1, le=9999, description="Of reception, by the town's calendar; this one, if left out.")
        ] = None,
        form: Annotated[Form, Query(alias="format")] = Form.JSON,
        language: Language = Language.FR,
    ) -> Response:
        """Every access request of a year on a line, and the account that the Commission asks for; role `greffe`.

        It holds no personal data. CSV holds the requests alone.
        """
        must_be_greffe(agent)
        return await given(await registers.of_year(year or registers.this_year), town, language, form)
