"""The agents' lists, and what a search finds."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from clic_chassis.agents import Agent
from clic_chassis.identity import checked_form
from clic_chassis.log import EventLog
from clic_contracts.permission import ACCESS_ROLE, DESK
from clic_contracts.vocabulary import Kind, Phase
from clic_intake.personal.person import Persons
from clic_intake.web import NOTHING_FILLED, Filled, Words, words_of
from clic_intake.worklist.query import COUNTED_MAX, CursorError, Filters, ListName, Worklists

from . import label
from .frame import HOME, Frame
from .label import said

BEHIND_MAX = 200
"""Commits that lists may be behind the log before a page says so: a second's, at most."""


class ListPages:
    """Draws lists and searches."""

    def __init__(self, frame: Frame, lists: Worklists, persons: Persons, log: EventLog) -> None:
        self._frame = frame
        self._lists = lists
        self._persons = persons
        self._log = log
        self._town = frame.town

    async def listing(self, request: Request, agent: Agent, name: ListName) -> Response:
        """A page of a list."""
        query = request.query_params
        filters = self._filters(query)
        try:
            found = await self._lists.page(agent, name, filters, query.get("after"))
        except CursorError:
            return RedirectResponse(self._at(name, filters), HTTPStatus.SEE_OTHER)
        t = words_of(request)
        return self._frame.page(
            request,
            agent,
            "list.html",
            list=name,
            names=[(each, said(t, both)) for each, both in label.LISTS.items()],
            lead=said(t, label.LEADS[name]),
            counts=await self._lists.counts(agent),
            counted_max=COUNTED_MAX,
            entries=found.entries,
            filters=filters,
            filled=Filled({each: [query[each]] for each in query}),
            fields=self._filter_fields(t, name),
            first=self._at(name, filters) if query.get("after") else None,
            next=self._at(name, filters, found.after) if found.after else None,
            own=self._lists.departments_of(agent),
            behind=await self._behind(),
            sorts_mail=DESK in agent.roles or ACCESS_ROLE in agent.roles,
        )

    async def _behind(self) -> int | None:
        """Commits that the lists do not hold yet; None where they are as good as up to date."""
        behind = (await self._log.identity()).last_sequence - await self._lists.position()
        return behind if behind > BEHIND_MAX else None

    async def search(self, request: Request, agent: Agent) -> Response:
        """The request of a reference; a page that says so where there is none, or none that is the agent's to see."""
        asked = request.query_params.get("q", "")[:40].strip()
        found = await self._lists.by_reference(agent, self._frame.reference(asked)) if asked else None
        if found is not None:
            return RedirectResponse(f"{HOME}/requests/{found.request_id}", HTTPStatus.SEE_OTHER)
        return self._frame.page(
            request, agent, "nothing.html", status=404 if asked else 200, asked=asked, filled=NOTHING_FILLED, found=None
        )

    async def person(self, request: Request, agent: Agent) -> Response:
        """The requests of a person that the agent may see, by what the person gives; the keyed index knows no more."""
        filled = Filled.of(await checked_form(request))
        asked = {name: filled.value(name) or None for name in ("name", "email", "phone")}
        if not any(asked.values()):
            return self._frame.page(request, agent, "nothing.html", status=422, asked="", filled=filled, found=None)
        found = await self._persons.find(**asked)
        entries = await self._lists.by_id(agent, [each.request_id for each in found])
        return self._frame.page(request, agent, "nothing.html", asked="", filled=filled, found=entries)

    def _filters(self, query: QueryParams) -> Filters:
        """What of an address is a filter; what it cannot be is left out."""
        known = {
            "department": {each.code for each in self._town.departments},
            "subject": {each.code for each in self._town.subjects},
            "kind": {each.value for each in Kind},
            "sector": set(self._town.sectors),
            "phase": {each.value for each in Phase},
        }
        return Filters(**{name: query[name] for name, values in known.items() if query.get(name) in values})

    def _filter_fields(self, t: Words, name: ListName) -> list[tuple[str, str, list[tuple[str, str]]]]:
        """Name, label and choices of each filter."""
        subjects = sorted(((each.code, t.name(each.name)) for each in self._town.subjects), key=_name)
        sectors = [(each, said(t, label.SECTORS.get(each, (each, each)))) for each in self._town.sectors]
        found = [
            ("department", t("Service", "Department"), [(d.code, t.name(d.name)) for d in self._town.departments]),
            ("subject", t("Sujet", "Subject"), subjects),
            ("kind", t("Nature", "Kind"), [(k.value, said(t, both)) for k, both in label.KIND_NAMES.items()]),
            ("sector", t("Secteur", "Sector"), sectors),
            ("phase", t("État", "State"), [(p.value, said(t, label.PHASES[p])) for p in Phase if p is not Phase.NEW]),
        ]  # fmt: skip
        return [each for each in found if not (name is ListName.DEPARTMENT and each[0] == "department")]

    def _at(self, name: ListName, filters: Filters, after: str | None = None) -> str:
        """The address of a list."""
        named = zip(("department", "subject", "kind", "sector", "phase"), filters.values, strict=True)
        query = {**{key: value for key, value in named if value}, **({"after": after} if after else {})}
        return f"{HOME}/lists/{name}" + (f"?{urlencode(query)}" if query else "")


def _name(pair: tuple[str, str]) -> str:
    return pair[1].casefold()
