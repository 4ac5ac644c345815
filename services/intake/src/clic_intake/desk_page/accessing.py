"""The greffe's own pages: access requests with their limits by law, and the yearly register (POL-20, POL-26)."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, FastAPI, Query
from starlette.requests import Request
from starlette.responses import Response

from clic_chassis.agents import Agent
from clic_chassis.identity import signed_in
from clic_chassis.log import EventLog, load_whole
from clic_contracts.vocabulary import Phase, RequestId
from clic_intake.access_register.document import Form, written
from clic_intake.access_register.reading import FIRST_YEAR, AccessRegisters
from clic_intake.access_register.table import told
from clic_intake.api.access_register import PATH as FILES
from clic_intake.api.access_register import must_be_greffe
from clic_intake.core.access_path import AccessPath, path_of
from clic_intake.core.state import AWAITING_ANSWER
from clic_intake.web import Words, words_of
from clic_intake.worklist.access import LISTED_MAX, AccessLists

from . import label
from .frame import HOME, Frame
from .label import said
from .route import Shown

PATH: Final = f"{HOME}/access"
YEARS_OFFERED: Final = 6
"""Of registers: an older one is read by its address."""
AT_ONCE: Final = 20
"""Stories that are read at the same time."""

_Who = Annotated[Agent, Depends(signed_in)]


@dataclass(frozen=True, slots=True)
class Entry:
    """An access request in the list."""

    request_id: RequestId
    reference: str
    received_at: dt.datetime
    nature: str
    phase: str
    strict_on: dt.date | None
    prudent_on: dt.date | None
    due_at: dt.datetime | None
    """While it is to be decided."""
    marks: tuple[tuple[str, str], ...]
    """How each is drawn, and the word."""


class AccessPages:
    """Draws what is the greffe's alone."""

    def __init__(self, frame: Frame, lists: AccessLists, registers: AccessRegisters, log: EventLog) -> None:
        self._frame = frame
        self._lists = lists
        self._registers = registers
        self._log = log

    async def listing(self, request: Request, agent: Agent, *, done: bool) -> Response:
        """Those at work, what is due first first; or those done with, the newest first."""
        must_be_greffe(agent)
        t, now = words_of(request), self._frame.clock.now()
        found = await (self._lists.done(agent) if done else self._lists.pending(agent))
        entries: list[Entry] = []
        for begin in range(0, min(len(found), LISTED_MAX), AT_ONCE):
            group = found[begin : min(begin + AT_ONCE, LISTED_MAX)]
            stories = await asyncio.gather(*(load_whole(self._log, each) for each in group))
            paths = zip(group, (path_of(each.events) for each in stories), strict=True)
            entries += [_entry(t, which, path, now) for which, path in paths if path.received is not None]
        return self._frame.page(
            request,
            agent,
            "access.html",
            entries=entries,
            is_done=done,
            more=len(found) > LISTED_MAX,
            most=LISTED_MAX,
            path=PATH,
        )

    async def register(self, request: Request, agent: Agent, year: int | None) -> Response:
        """A year's register and account, and its files."""
        must_be_greffe(agent)
        t = words_of(request)
        this_year = self._registers.this_year
        shown = min(max(year or this_year, FIRST_YEAR), this_year)
        document = told(await self._registers.of_year(shown), self._frame.town, t)
        offered = sorted({*range(this_year, this_year - YEARS_OFFERED, -1), shown}, reverse=True)
        return self._frame.page(
            request,
            agent,
            "access_register.html",
            doc=document,
            year=shown,
            years=offered,
            files=[(each, f"{FILES}?year={shown}&format={each}&language={t.language.value}") for each in Form],
            written=lambda cell: written(cell, t),
            path=PATH,
        )


def _entry(t: Words, request_id: RequestId, path: AccessPath, now: dt.datetime) -> Entry:
    limit, request = path.decide, path.request
    open_ = request.phase in AWAITING_ANSWER
    assert path.received is not None
    assert request.received_at is not None
    return Entry(
        request_id=request_id,
        reference=path.received.reference,
        received_at=request.received_at,
        nature=said(t, label.NATURES[path.nature]) if path.nature else t("Nature à préciser", "Nature not given yet"),
        phase="" if request.phase is Phase.RECEIVED else said(t, label.PHASES[request.phase]),
        strict_on=limit.due_strict_on if limit else None,
        prudent_on=limit.due_prudent_on if limit else None,
        due_at=limit.due_at if limit and open_ else None,
        marks=tuple(_marks(t, path, now)),
    )


def _marks(t: Words, path: AccessPath, now: dt.datetime) -> list[tuple[str, str]]:
    """What has to be seen of it at once."""
    open_ = path.request.phase in AWAITING_ANSWER
    limit, window, decision = path.decide, path.review_window, path.decision
    late = limit is not None and open_ and limit.due_at <= now
    oral = path.received is not None and path.received.written is False
    deemed = path.deemed_refused_at is not None
    found: list[tuple[str, str, bool]] = [
        ("grave", t("Réputée refusée", "Deemed refused"), deemed and open_),
        ("grave", t("En retard", "Late"), late and not deemed),
        (
            "",
            t("Réputée refusée à l'échéance", "Deemed refused at the limit"),
            bool(path.deemed_refused_at) and not open_,
        ),
        ("", t("Prolongée", "Extended"), path.extended_at is not None),
        ("", t("Tiers", "Third party"), bool(path.third_parties)),
        ("", t("En attente de précisions", "Waiting for details"), bool(path.request.missing) and open_),
        ("", t("De vive voix", "Oral"), oral),
        ("", said(t, label.OUTCOMES[decision.outcome]) if decision and decision.outcome else "", decision is not None),
        ("", t("Révision demandée", "Review requested"), path.review_requested_on is not None),
    ]
    if window is not None and window.is_open and not path.request.path.is_contested:
        until = t.day(max(window.due_strict_on, window.due_prudent_on))
        found.append(("", t(f"Révision possible jusqu'au {until}", f"Review possible until {until}"), True))
    return [(look, word) for look, word, holds in found if holds and word]


def add_access_pages(api: FastAPI, pages: AccessPages, shown: Shown) -> None:
    """Add the pages."""

    @api.get(PATH, include_in_schema=False)
    async def listing(request: Request, agent: _Who, *, done: Annotated[bool, Query()] = False) -> Response:
        return await shown(request, agent, lambda: pages.listing(request, agent, done=done))

    @api.get(f"{PATH}/register", include_in_schema=False)
    async def register(
        request: Request, agent: _Who, year: Annotated[int | None, Query(ge=1, le=9999)] = None
    ) -> Response:
        return await shown(request, agent, lambda: pages.register(request, agent, year))
