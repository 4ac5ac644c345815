"""The tracking page `/suivi/REFERENCE/SECRET`: the steps of a request, and what its citizen may still do with it.

The secret comes from the request's key: nobody can guess it, and erasing the request ends the link. A wrong secret and
an unknown reference have the same answer in the same time. Source: POL-18, POL-30, POL-39.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fastapi import FastAPI, HTTPException
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from clic_chassis.clock import Clock
from clic_chassis.error import NotFoundError
from clic_chassis.identity import checked_form, form_key
from clic_chassis.log import EventLog, load_whole
from clic_contracts.envelope import derive_id
from clic_contracts.event import (
    InteractionRecorded,
    RequestCompleted,
    RequestRated,
    RequestReopened,
    SubmissionRef,
)
from clic_contracts.submission import CompletionSubmission, RequestPointer, RequestSubmission
from clic_contracts.town import Town
from clic_contracts.vocabulary import (
    Channel,
    ClosingReason,
    Kind,
    Missing,
    ReopeningReason,
    RequestId,
)
from clic_intake.core.admission import given_by, shows_claims
from clic_intake.core.request import Close, Record, Statement
from clic_intake.core.rule import Rules, last_day_to_reopen
from clic_intake.core.submitted import personal
from clic_intake.core.tracking import Act, Stage, Tracked, allowed, steps, tracked
from clic_intake.desk import Desk
from clic_intake.personal.tracking import Tracking
from clic_intake.register import Register
from clic_intake.web import NOTHING_FILLED, Filled, page, words_of

from .entry import contact_faults, is_form_id, length_faults, requester_of
from .form import PUBLISHER, Form
from .label import CHANNELS, DONE, KIND_NAMES, LETTERS, MISSING, SCORES, STAGES
from .page import ADD_PATH, Gate, Handler, as_page

ACTOR = "citizen:tracking"
PATH = "/suivi"
REFUSED_AFTER_S = 0.5
"""A link that is none is answered at this moment, whatever was looked at until then."""
FORGETTING_SUBJECT = "personal_data"
"""What a request to be forgotten is about, where the town has such a subject."""

_REFERENCE = re.compile(r"[0-9]{4}-[0-9]{6,12}")
_NOBODY = str(uuid.UUID(int=0))
"""The id of no request: its secret is asked for where a reference is unknown."""


class _Found(NamedTuple):
    """A request whose link is right."""

    request_id: RequestId
    reference: str
    secret: str
    seen: Tracked
    acts: frozenset[Act]
    causes: frozenset[str]
    """Of everything that was recorded of it."""


_Act = Callable[[Request, _Found, Filled], Awaitable[Response]]


class Follow:
    """Shows a request to its citizen, and does what they ask."""

    def __init__(
        self,
        desk: Desk,
        register: Register,
        log: EventLog,
        tracking: Tracking,
        form: Form,
        *,
        town: Town,
        clock: Clock,
        gate: Gate,
        new_id: Callable[[], str],
    ) -> None:
        self._desk = desk
        self._register = register
        self._log = log
        self._tracking = tracking
        self._form = form
        self._town = town
        self._clock = clock
        self._gate = gate
        self._new_id = new_id
        self._zone = ZoneInfo(town.calendar.timezone)
        self._rules = Rules.of(town)

    def add(self, api: FastAPI) -> None:
        """Add the routes."""
        link = f"{PATH}/{{reference}}/{{secret}}"
        api.add_route(link, as_page(self._show), methods=["GET"], include_in_schema=False)
        api.add_route(ADD_PATH, as_page(self._add), methods=["POST"], include_in_schema=False)
        acts: dict[str, _Act] = {
            "completer": self._complete,
            "retirer": self._withdraw,
            "rouvrir": self._reopen,
            "evaluer": self._rate,
            "oublier": self._forget,
        }
        for name, act in acts.items():
            api.add_route(f"{link}/{name}", as_page(self._acting(name, act)), methods=["POST"], include_in_schema=False)

    # -- whose link is it -------------------------------------------------------------------------------------------

    async def _found(self, request: Request, reference: str, secret: str) -> _Found:
        """The request of a link.

        Raises:
            HTTPException: 404, it is none; 429, too many from this address were none.
            RetryableError: something is away.
        """
        self._gate.may_try(request)
        loop = asyncio.get_running_loop()
        answer_at = loop.time() + REFUSED_AFTER_S
        request_id = await self._of_reference(reference)
        if not await self._tracking.is_right(request_id or _NOBODY, secret) or request_id is None:
            self._gate.wrong(request)
            await asyncio.sleep(max(0.0, answer_at - loop.time()))
            raise HTTPException(404, "no such link")
        events = (await load_whole(self._log, request_id)).events
        seen = tracked(events)
        if seen.received is None or seen.request.erased:
            raise HTTPException(404, "no such link")
        today = self._clock.now().astimezone(self._zone).date()
        return _Found(
            request_id,
            reference,
            secret,
            seen,
            allowed(seen, self._rules, today),
            frozenset(each.cause_id for each in events),
        )

    async def _of_reference(self, reference: str) -> RequestId | None:
        """The request of a reference; None: there is none, or it is no reference at all."""
        if _REFERENCE.fullmatch(reference) is None:
            return None
        try:
            return await self._register.find(reference)
        except NotFoundError:
            return None

    def _acting(self, name: str, act: _Act) -> Handler:
        """A route that does something: its form is ours, its link right, and it is not sent too often."""

        async def do(request: Request) -> Response:
            filled = _judged(await checked_form(request))
            found = await self._found(request, request.path_params["reference"], request.path_params["secret"])
            self._gate.send(request)
            if faults := length_faults(filled, words_of(request), ("name", "words")):
                return self._page(request, found, filled.with_faults(faults), name)
            return await act(request, found, filled)

        return do

    # -- the page ---------------------------------------------------------------------------------------------------

    async def _show(self, request: Request) -> Response:
        return self._page(
            request, await self._found(request, request.path_params["reference"], request.path_params["secret"])
        )

    def _page(self, request: Request, found: _Found, filled: Filled = NOTHING_FILLED, act: str = "") -> Response:
        """`act` is whose form has the faults, and is shown open."""
        t, seen = words_of(request), found.seen
        received = seen.received
        assert received is not None
        town, closed_at = self._town, seen.request.closed_at
        department = town.department_by_code.get(seen.department or "")
        subject = town.subject_by_code.get(received.subject or "")
        said = request.query_params.get("dit", "")
        return page(
            request,
            "citizen/templates/follow.html",
            status=422 if filled.faults else 200,
            other_at=lambda other: f"{PATH}/{found.reference}/{found.secret}?lang={other}",
            form_key=form_key(request),
            form_id=self._new_id(),
            link=f"{PATH}/{found.reference}/{found.secret}",
            add_path=ADD_PATH,
            found=found,
            seen=seen,
            received=received,
            steps=steps(seen),
            may=lambda act: act in found.acts,
            stage=lambda each: t(*STAGES[each]),
            stages=Stage,
            kind=t(*KIND_NAMES[received.kind]),
            subject=t.name(subject.name) if subject is not None else "",
            department=t.name(department.name) if department is not None else "",
            body=town.body_by_code.get(seen.turn_to or ""),
            missing=[t(*MISSING[each]) for each in seen.request.missing],
            lacks={each.value for each in seen.request.missing},
            letters=[
                (t(*LETTERS[each.letter]), t(*CHANNELS.get(each.channel, ("", ""))), each.at) for each in seen.letters
            ],
            claims=shows_claims(received.terms, town),
            is_access=received.kind is Kind.ACCESS_TO_INFORMATION,
            reopen_until=last_day_to_reopen(self._rules, closed_at) if closed_at is not None else None,
            scores=[(value, t(*named), "") for value, named in SCORES],
            said=t(*DONE[said]) if said in DONE else "",
            is_new=said in ("recue", "fichier"),
            filled=filled,
            nothing=NOTHING_FILLED,
            act=act,
        )

    # -- what the citizen does --------------------------------------------------------------------------------------

    async def _add(self, request: Request) -> Response:
        """Words and files: another contact on the same request (POL-10, POL-31)."""
        form = await checked_form(request)
        filled = _judged(form)
        found = await self._found(request, filled.value("reference"), filled.value("secret"))
        has_files = any(getattr(each, "size", 0) for each in form.getlist("files"))
        if faults := length_faults(filled, words_of(request), ("name", "words")):
            return self._page(request, found, filled.with_faults(faults), "ajouter")
        if not filled.value("words") and not has_files:
            t = words_of(request)
            fault = t("Écrivez quelques mots, ou joignez un fichier.", "Write a few words, or add a file.")
            return self._page(request, found, filled.with_faults({"words": fault}), "ajouter")
        _must(found, filled, Act.ADD)
        self._gate.send(request)
        if filled.value("words"):
            await self._note(request, found, filled)
        refused = has_files and await self._form.attach(found.request_id, filled.value("form_id"), form)
        return _done(found, "refuse" if refused else "ajoutee")

    async def _complete(self, request: Request, found: _Found, filled: Filled) -> Response:
        """What was missing is given (POL-06, POL-21)."""
        _must(found, filled, Act.COMPLETE)
        t, lacks = words_of(request), found.seen.request.missing
        faults = contact_faults(filled, t, is_needed=Missing.CONTACT in lacks)
        if Missing.NAME in lacks and not filled.value("name"):
            faults["name"] = t("Écrivez votre nom.", "Write your name.")
        if Missing.PRECISION in lacks and not filled.value("words"):
            faults["words"] = t("Donnez les précisions demandées.", "Give the details that were asked for.")
        if faults:
            return self._page(request, found, filled.with_faults(faults), "completer")
        said = CompletionSubmission(
            about=RequestPointer(reference=found.reference),
            requester=requester_of(filled),
            text=filled.value("words"),
        )
        sealed = await self._desk.seal(found.request_id, personal(said))
        event = RequestCompleted(given=given_by(said.requester, said.text), sealed=sealed)
        await self._do(found, filled, Record(event, self._clock.now()))
        return _done(found, "completee")

    async def _withdraw(self, request: Request, found: _Found, filled: Filled) -> Response:
        """The citizen no longer wants it (POL-27)."""
        del request
        _must(found, filled, Act.WITHDRAW)
        await self._do(found, filled, Close(ClosingReason.WITHDRAWN, self._clock.now()))
        return _done(found, "retiree")

    async def _reopen(self, request: Request, found: _Found, filled: Filled) -> Response:
        """It goes on; the citizen says why (POL-39)."""
        _must(found, filled, Act.REOPEN)
        if not filled.value("words"):
            t = words_of(request)
            fault = t("Dites-nous ce qui ne va pas encore.", "Tell us what is not right yet.")
            return self._page(request, found, filled.with_faults({"words": fault}), "rouvrir")
        is_new = filled.value("why") == ReopeningReason.NEW_FACTS
        reason = ReopeningReason.NEW_FACTS if is_new else ReopeningReason.NOT_SATISFIED
        await self._do(found, filled, Record(RequestReopened(reason=reason), self._clock.now()))
        await self._note(request, found, filled)
        return _done(found, "rouverte")

    async def _rate(self, request: Request, found: _Found, filled: Filled) -> Response:
        """How satisfied the citizen is (POL-39)."""
        _must(found, filled, Act.RATE)
        score = filled.value("score")
        if score not in dict(SCORES):
            fault = words_of(request)("Choisissez une réponse.", "Choose an answer.")
            return self._page(request, found, filled.with_faults({"score": fault}), "evaluer")
        await self._do(found, filled, Record(RequestRated(score=int(score)), self._clock.now()))
        return _done(found, "evaluee")

    async def _forget(self, request: Request, found: _Found, filled: Filled) -> Response:
        """To be forgotten is a request of its own, to whoever is responsible for personal data (A-2.1 art. 73, 83)."""
        t = words_of(request)
        faults = contact_faults(filled, t, is_needed=True)
        if not filled.value("name"):
            faults["name"] = t("Écrivez votre nom.", "Write your name.")
        if faults:
            return self._page(request, found, filled.with_faults(faults), "oublier")
        subject = FORGETTING_SUBJECT if FORGETTING_SUBJECT in self._town.subject_by_code else None
        said = RequestSubmission(
            kind=Kind.REQUEST,
            channel=Channel.WEB_FORM,
            subject=subject,
            text=(
                f"La personne qui a fait la demande {found.reference} demande, depuis sa page de suivi, que ses "
                "renseignements personnels soient effacés."
            ),
            requester=requester_of(filled),
            language=t.language if found.seen.received is None else found.seen.received.language,
            language_ground=None if found.seen.received is None else found.seen.received.language_ground,
        )
        made = await self._form.submit(filled.value("form_id"), said)
        secret = await self._tracking.secret(made.request_id)
        return RedirectResponse(f"{PATH}/{made.reference}/{secret}?dit=recue", HTTPStatus.SEE_OTHER)

    async def _note(self, request: Request, found: _Found, filled: Filled) -> None:
        """A contact that follows the request up, its words sealed."""
        form_id, words = filled.value("form_id"), filled.value("words")
        sealed = await self._desk.seal(found.request_id, {"text": words})
        digest = (await self._register.entry(found.request_id)).digest
        if sealed is None or digest is None:
            raise HTTPException(404, "no such link")
        event = InteractionRecorded(
            interaction_id=derive_id("interaction", PATH, form_id),
            channel=Channel.WEB_FORM,
            language=words_of(request).language,
            about=found.request_id,
            submission=SubmissionRef(source=PATH, id=form_id),
            publisher=PUBLISHER,
            content_digest=digest(words.encode()),
            sealed=sealed,
        )
        await self._do(found, filled, Record(event, self._clock.now()), part="words")

    async def _do(self, found: _Found, filled: Filled, statement: Statement, *, part: str = "act") -> None:
        """The same form again does nothing again."""
        await self._desk.command(found.request_id, statement, cause_id=_cause(filled, part), actor=ACTOR, timed=False)


def _cause(filled: Filled, part: str = "act") -> str:
    return f"{ACTOR}\n{filled.value('form_id')}\n{part}"


def _judged(form: FormData) -> Filled:
    filled = Filled.of(form)
    if not is_form_id(filled.value("form_id")):
        raise HTTPException(400, "the form has no id of ours")
    return filled


def _must(found: _Found, filled: Filled, act: Act) -> None:
    """What the page did not offer is not done; what this very form has done already may be said again.

    Raises:
        HTTPException: 409, it may not be done now.
    """
    if act not in found.acts and found.causes.isdisjoint({_cause(filled), _cause(filled, "words")}):
        raise HTTPException(409, f"the request does not allow {act} now")


def _done(found: _Found, said: str) -> Response:
    """Back to the page, where a reload does nothing again."""
    return RedirectResponse(f"{PATH}/{found.reference}/{found.secret}?dit={said}", HTTPStatus.SEE_OTHER)
