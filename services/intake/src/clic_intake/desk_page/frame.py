"""What every page of the agents has around it and at hand."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.identity import form_key
from clic_contracts.permission import ACCESS_ROLE
from clic_contracts.town import Town
from clic_intake.web import page, words_of

from . import label
from .label import said
from .mark import away, marks
from .telling import Teller

TEMPLATES = "desk_page/templates"
HOME = "/desk"
REFERENCE_DIGITS = 6
"""Of a reference's number at least: `4217` is short for that of this year."""


class Frame:
    """Draws a page for the agent who looks at it."""

    def __init__(self, town: Town, clock: Clock) -> None:
        self.town = town
        self.clock = clock

    def trouble(self, request: Request, agent: Agent, status: int, text: str) -> Response:
        """What went wrong, as a page."""
        return self.page(request, agent, "trouble.html", status=status, text=text)

    def page(
        self,
        request: Request,
        agent: Agent,
        template: str,
        *,
        status: int = 200,
        other_at: Any = None,
        **context: Any,
    ) -> Response:
        """A page by its template, with what all of them need. `other_at` as `clic_intake.web.page` takes it."""
        t = words_of(request)
        teller = Teller(t, self.town)
        now = self.clock.now()
        return page(
            request,
            f"{TEMPLATES}/{template}",
            status=status,
            other_at=other_at,
            agent=agent,
            is_greffe=ACCESS_ROLE in agent.roles,
            form_key=form_key(request),
            teller=teller,
            label=label,
            said=lambda both: said(t, both),
            now=now,
            away=lambda due: away(t, due, now),
            marks=lambda row: marks(t, row, now),
            **context,
        )

    def reference(self, asked: str) -> str:
        """`4217` is this year's."""
        if asked.isascii() and asked.isdigit():
            return f"{self.clock.now().year}-{asked.zfill(REFERENCE_DIGITS)}"
        return asked
