"""A request's pages: its whole story, what was sealed of it, and a form for each command."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import HTTPException
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from clic_chassis.agents import Agent
from clic_chassis.error import NotFoundError, RefusedError
from clic_chassis.identity import checked_form
from clic_contracts.envelope import Commit
from clic_contracts.permission import may_treat
from clic_contracts.vocabulary import Kind, Language, RequestId, Service
from clic_intake.api.attachment import saved
from clic_intake.api.command import Extend
from clic_intake.api.commanding import row_of
from clic_intake.api.story import Stories, open_commits
from clic_intake.core.access import EXTENSION_DAYS_MAX, Path, ThirdParty
from clic_intake.core.access_path import path_of
from clic_intake.core.due import dues_of
from clic_intake.core.judgement import judgement_of
from clic_intake.core.meanwhile import MovedError
from clic_intake.core.media import ALLOWED
from clic_intake.core.near import said as reason_said
from clic_intake.core.state import state_of
from clic_intake.core.worklist import Row
from clic_intake.duplicate.index import Duplicates, Near
from clic_intake.personal.attachments import Attachments
from clic_intake.register import Register
from clic_intake.seal import KeyLostError
from clic_intake.web import NOTHING_FILLED, Filled, words_of
from clic_intake.worklist.query import Worklists

from . import access_catalogue
from .access_step import steps_of
from .acting import Acts
from .catalogue import FORM_BY_PATH
from .error import SAY_WHY, is_reason, why
from .filling import meant
from .form import Field, Form, fields_of
from .frame import HOME, Frame
from .judging import judged
from .label import FILE_ADDED, said
from .offering import choices_of, offered
from .telling import Teller

FILES = "files"
"""Beneath a request's address, where files are."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What was opened of a request: by the fact's id, or why nothing was."""

    content: Mapping[str, Mapping[str, Any]]
    fault: str = ""
    reason: str = ""
    file_fault: str = ""
    """Why a file was not added."""


NOTHING_OPENED = Opened({})


@dataclass(frozen=True, slots=True)
class _Shown:
    """A command's form on its page."""

    row: Row
    form: Form
    filled: Filled
    seen: int
    """Position of the log up to which the page tells what happened."""
    key: str
    """Of what the form commands, however often it is sent."""
    parties: tuple[ThirdParty, ...] = ()
    """The request's third parties."""


class RequestPages:
    """Draws a request's pages."""

    def __init__(
        self,
        frame: Frame,
        *,
        lists: Worklists,
        stories: Stories,
        acts: Acts,
        duplicates: Duplicates,
        attachments: Attachments,
        register: Register,
    ) -> None:
        self._frame = frame
        self._lists = lists
        self._stories = stories
        self._acts = acts
        self._duplicates = duplicates
        self._attachments = attachments
        self._register = register
        self._town = frame.town
        self._clock = frame.clock

    # -- a request ---------------------------------------------------------------------------------------------------

    async def story(
        self, request: Request, agent: Agent, request_id: RequestId, opened: Opened = NOTHING_OPENED, status: int = 200
    ) -> Response:
        """A request's whole story, what is next, and what may be done."""
        row, commits = await self._read(request_id, agent)
        t = words_of(request)
        teller = Teller(t, self._town)
        treats = may_treat(agent.roles, row.confidential_to, row.department)
        lines = teller.story(commits, opened.content)
        parent = await self._lists.by_id(agent, [row.merged_into]) if row.merged_into else ()
        done = request.query_params.get("done", "")
        form = FORM_BY_PATH.get(done)
        own = (each for commit in commits if commit.service is Service.INTAKE for each in commit.events)
        facts = [each for commit in commits for each in commit.events]
        path, is_access = path_of(facts), row.kind == Kind.ACCESS_TO_INFORMATION
        return self._frame.page(
            request,
            agent,
            "request.html",
            status=status,
            row=row,
            lines=lines,
            has_sealed=any(each.sealed for each in lines),
            opened=opened,
            owed=sorted(row.owed, key=lambda each: each.due_at),
            forms=offered(row, agent.actor, path.request) if treats else (),
            path=steps_of(t, self._town, path, self._clock.now()) if treats and is_access else (),
            reply_on=dues_of(facts).reply_on,
            treats=treats,
            position=commits[-1].sequence,
            parent=parent[0] if parent else None,
            done=said(t, form.title) if form else said(t, FILE_ADDED) if done == FILES else None,
            judgement=judged(t, teller, judgement_of(own, self._town)),
            bodies=self._town.bodies,
            accept=",".join(ALLOWED),
            files_filled=NOTHING_FILLED.with_faults({"file": opened.file_fault} if opened.file_fault else {}),
            key=str(uuid.uuid4()),
            here=f"{HOME}/requests/{request_id}",
            other_at=lambda other: f"{HOME}/requests/{request_id}?lang={other}",
        )

    async def open(self, request: Request, agent: Agent, request_id: RequestId) -> Response:
        """The story with what is sealed, opened for a reason that is recorded first (POL-30)."""
        filled = Filled.of(await checked_form(request))
        t, reason = words_of(request), filled.value("reason")
        if not is_reason(reason):
            fault = said(t, SAY_WHY)
            return await self.story(request, agent, request_id, Opened({}, fault), HTTPStatus.UNPROCESSABLE_ENTITY)
        commits = await self._stories.treated(request_id, agent)
        try:
            sealed = await open_commits(self._register, request_id, commits, agent, reason, self._clock.now())
        except KeyLostError as error:
            return await self.story(request, agent, request_id, Opened({}, why(t, error)), HTTPStatus.CONFLICT)
        if sealed is None:
            gone = t("Il n'y a rien à ouvrir : tout a été effacé.", "There is nothing to open: it was erased.")
            return await self.story(request, agent, request_id, Opened({}, gone), HTTPStatus.GONE)
        content = {each.event_id: said for each, said in sealed}
        return await self.story(request, agent, request_id, Opened(content, reason=reason))

    async def file(self, request: Request, agent: Agent, request_id: RequestId, attachment_id: RequestId) -> Response:
        """A file, for a reason that is recorded first (POL-30)."""
        reason = Filled.of(await checked_form(request)).value("reason")
        if not is_reason(reason):
            raise HTTPException(422, "say why, in a few words")
        await self._stories.treated(request_id, agent)
        await self._register.record_opening(self._clock.now(), agent.agent, request_id, reason)
        return saved(await self._attachments.read(request_id, attachment_id))

    async def add_file(self, request: Request, agent: Agent, request_id: RequestId) -> Response:
        """Add a file to a request, once for each form (POL-28)."""
        t = words_of(request)
        try:
            form = await checked_form(request)
            filled, file = Filled.of(form), form.get("file")
            await self._stories.treated(request_id, agent)
            content = await file.read() if isinstance(file, UploadFile) else b""
            name = (file.filename if isinstance(file, UploadFile) else None) or ""
            await self._attachments.add(
                request_id,
                name,
                content,
                actor=agent.actor,
                cause_id=f"{agent.actor}\n{filled.value('key') or uuid.uuid4()}",
                at=self._clock.now(),
            )
        except NotFoundError:
            raise
        except RefusedError as error:
            refused = Opened({}, file_fault=why(t, error))
            return await self.story(request, agent, request_id, refused, HTTPStatus.CONFLICT)
        finally:
            await request.close()
        return RedirectResponse(f"{HOME}/requests/{request_id}?{urlencode({'done': FILES})}", HTTPStatus.SEE_OTHER)

    async def _read(self, request_id: RequestId, agent: Agent) -> tuple[Row, list[Commit]]:
        _, commits = await self._stories.whole(request_id, agent)
        row = row_of(commits, self._town)
        assert row is not None  # `whole` knows it to begin with its reception.
        return row, commits

    # -- commands ----------------------------------------------------------------------------------------------------

    async def form(self, request: Request, agent: Agent, request_id: RequestId, path: str) -> Response:
        """The empty form of a command, on what is known now."""
        await self._stories.treated(request_id, agent)
        row, commits = await self._read(request_id, agent)
        request_path = state_of(each for commit in commits for each in commit.events).path
        filled = _filled(path, row, request_path)
        key, parties = str(uuid.uuid4()), request_path.third_parties
        shown = _Shown(row, _form_of(path), filled, commits[-1].sequence, key, parties)
        near = await self._duplicates.near(request_id, self._lists.realms_of(agent)) if path == "merge" else ()
        return self._form(request, agent, shown, near=near)

    async def settle(
        self, request: Request, agent: Agent, request_id: RequestId, letter_id: str, what: str
    ) -> Response:
        """Say what is to become of a letter that may not have arrived."""
        filled = Filled.of(await checked_form(request))
        await self._acts.settle(request_id, letter_id, what, agent, key=filled.value("key"))
        return RedirectResponse(f"{HOME}/requests/{request_id}", HTTPStatus.SEE_OTHER)

    async def send(self, request: Request, agent: Agent, request_id: RequestId, path: str) -> Response:
        """Do what a filled form means; or show it again with what is wrong, or what happened meanwhile."""
        form = _form_of(path)
        filled = Filled.of(await checked_form(request))
        row, commits = await self._read(request_id, agent)
        fields = fields_of(form, row.kind)
        t, key = words_of(request), filled.value("key")
        references = await self._references(agent, fields, filled)
        means = meant(form, fields, filled, t.zone, references)
        parties = state_of(each for commit in commits for each in commit.events).path.third_parties
        shown = _Shown(row, form, filled, _seen(filled), key, parties)
        if means.command is None:
            told = {name: said(t, both) for name, both in means.faults.items()}
            return self._form(request, agent, replace(shown, filled=filled.with_faults(told)), status=422)
        try:
            await self._acts.do(request_id, means.command, agent, key=key, seen=shown.seen)
        except MovedError as error:
            shown = replace(shown, seen=commits[-1].sequence)
            return self._form(request, agent, shown, status=409, moved=error)
        except NotFoundError:
            raise
        except RefusedError as error:
            return self._form(request, agent, shown, status=409, refused=why(t, error))
        except HTTPException as error:
            if error.status_code != HTTPStatus.UNPROCESSABLE_ENTITY:
                raise
            refused = t(
                "Cela ne convient pas : vérifiez ce que vous avez rempli.", f"This does not fit: {error.detail}"
            )
            return self._form(request, agent, shown, status=422, refused=refused)
        return RedirectResponse(f"{HOME}/requests/{request_id}?{urlencode({'done': path})}", HTTPStatus.SEE_OTHER)

    def _form(
        self,
        request: Request,
        agent: Agent,
        shown: _Shown,
        *,
        status: int = 200,
        moved: MovedError | None = None,
        refused: str = "",
        near: Sequence[Near] = (),
    ) -> Response:
        row, form = shown.row, shown.form
        t = words_of(request)
        fields = fields_of(form, row.kind)
        teller = Teller(t, self._town)
        return self._frame.page(
            request,
            agent,
            "command.html",
            status=status,
            row=row,
            form=form,
            fields=fields,
            filled=shown.filled,
            labels={each.name: said(t, each.label) for each in fields},
            choices={each.name: choices_of(each.choices, t, self._town, shown.parties) for each in fields},
            seen=shown.seen,
            key=shown.key,
            refused=refused,
            near=[
                (each, ", ".join(reason_said(reason, each.apart, t.language) for reason in each.reasons))
                for each in near
            ],
            meanwhile=[teller.line(position, each, {}) for position, each in moved.meanwhile] if moved else [],
            theirs={"public_text": row.public_text, "public_notes": row.public_notes} if moved else {},
            here=f"{HOME}/requests/{row.request_id}",
            other_at=lambda other: f"{HOME}/requests/{row.request_id}/do/{form.path}?lang={other}",
        )

    async def _references(self, agent: Agent, fields: tuple[Field, ...], filled: Filled) -> dict[str, str]:
        """The ids of the requests that a form names and that the agent may see."""
        found: dict[str, str] = {}
        for each in fields:
            if each.kind == "reference" and (asked := filled.value(each.name)):
                entry = await self._lists.by_reference(agent, self._frame.reference(asked))
                if entry is not None:
                    found[asked] = entry.request_id
        return found


def _form_of(path: str) -> Form:
    form = FORM_BY_PATH.get(path)
    if form is None:
        raise HTTPException(404, "no such command")
    return form


def _filled(path: str, row: Row, known: Path) -> Filled:
    """What a form begins with: what is published now, what an access request was said to be for, the usual."""
    match path:
        case "describe":
            return Filled({"public_text": [row.public_text], "public_notes": [row.public_notes]})
        case "classify" if known.nature is not None:
            return Filled({"nature": [known.nature]})
        case access_catalogue.EXTEND_BY_LETTER | Extend.PATH if row.kind == Kind.ACCESS_TO_INFORMATION:
            return Filled({"days": [str(EXTENSION_DAYS_MAX)]})
        case access_catalogue.NOTIFY_BY_LETTER:
            return Filled({"language": [Language.FR]})
        case _:
            return NOTHING_FILLED


def _seen(filled: Filled) -> int:
    """The position that a form was shown at; 0, so that everything is news, where it says none."""
    value = filled.value("seen")
    return int(value) if value.isascii() and value.isdigit() else 0
