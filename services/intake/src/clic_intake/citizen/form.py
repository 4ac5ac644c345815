"""The public form `/demande`: what it is about, what already answers it, the rest, and the request's own page."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import FastAPI, HTTPException
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from clic_chassis.clock import Clock
from clic_chassis.error import RefusedError
from clic_chassis.identity import checked_form, form_key
from clic_chassis.log import EventLog
from clic_contracts.envelope import request_id_for
from clic_contracts.event import RequestReceived
from clic_contracts.submission import Receipt, Submission, encode_submission
from clic_contracts.town import Town
from clic_contracts.vocabulary import Channel, Kind, Reference, RequestId, Service
from clic_intake.desk import Desk
from clic_intake.knowledge import FirstLine, Knowledge
from clic_intake.personal.attachments import Attachments
from clic_intake.personal.tracking import Tracking
from clic_intake.web import Filled, Words, page, words_of

from .entry import FIRST_STEP, Topic, first_faults, is_form_id, offered, second_faults, submission_of, topic_of
from .label import CRITERIA, KINDS, SECTORS, readable
from .page import SEND_PATH, Gate, as_page, filled_of

PATH = "/demande"
PUBLISHER = "portail_web"
"""As whom the form submits: the town's file of publishers must have it."""
ACTOR = "citizen:form"
ARTICLES_SHOWN = 3
"""Articles that are offered at most: more than that is a search, not an answer."""


class Registered(NamedTuple):
    """A request that a form made, now or when it was sent before."""

    request_id: RequestId
    reference: Reference


class NotTakenError(RefusedError):
    """The desk did not take a form that was checked: a defect, or the town's configuration changed meanwhile."""

    code = "form_not_taken"


class Form:
    """Takes citizens' requests."""

    def __init__(
        self,
        desk: Desk,
        log: EventLog,
        knowledge: Knowledge,
        first_line: FirstLine,
        attachments: Attachments,
        tracking: Tracking,
        *,
        town: Town,
        clock: Clock,
        gate: Gate,
        new_id: Callable[[], str],
    ) -> None:
        self._desk = desk
        self._log = log
        self._knowledge = knowledge
        self._first_line = first_line
        self._attachments = attachments
        self._tracking = tracking
        self._town = town
        self._clock = clock
        self._gate = gate
        self._new_id = new_id

    def add(self, api: FastAPI) -> None:
        """Add the routes. Of an address that only takes forms, the page itself leads to the beginning."""
        for path, handler in (
            (f"{PATH}/sujet", self._first),
            (f"{PATH}/reponse", self._answered),
            (f"{PATH}/suite", self._second),
            (SEND_PATH, self._send),
        ):
            api.add_route(path, as_page(handler), methods=["POST"], include_in_schema=False)
            api.add_route(path, _to_start, methods=["GET"], include_in_schema=False)
        api.add_route("/", _to_start, methods=["GET"], include_in_schema=False)
        api.add_route(PATH, as_page(self._start), methods=["GET"], include_in_schema=False)
        api.add_route(f"{PATH}/merci", as_page(self._thanks), methods=["GET"], include_in_schema=False)

    # -- pages ------------------------------------------------------------------------------------------------------

    async def _start(self, request: Request) -> Response:
        chosen = {
            name: [value] for name, key in (("kind", "nature"), ("subject", "sujet"))
            if (value := request.query_params.get(key))
        }  # fmt: skip
        return self._first_page(request, Filled({**chosen, "form_id": [self._new_id()]}))

    async def _first(self, request: Request) -> Response:
        """What the town already says about it, else the rest of the form."""
        filled, topic = await self._begun(request)
        if isinstance(topic, Response):
            return topic
        subject = topic.subject.code if topic.subject else None
        articles = await self._knowledge.search(
            filled.value("text"), words_of(request).language, subject=subject, limit=ARTICLES_SHOWN
        )
        if not articles and (topic.subject is None or topic.subject.turn_to is None):
            return self._second_page(request, filled, topic)
        body = self._town.body_by_code.get(topic.subject.turn_to or "") if topic.subject else None
        return self._page(
            request, "articles", filled=filled, topic=topic, articles=articles, body=body, kept=filled.kept(FIRST_STEP)
        )

    async def _answered(self, request: Request) -> Response:
        """An article answered: one contact of the first line, and nothing else is kept (POL-16, POL-34)."""
        filled, topic = await self._begun(request)
        if isinstance(topic, Response):
            return topic
        articles = self._knowledge.articles(filled.all("article"))
        if not articles:
            raise HTTPException(400, "the form names no article")
        self._gate.send(request)
        await self._first_line.answered(
            [each.code for each in articles],
            channel=Channel.WEB_FORM,
            language=words_of(request).language,
            subject=topic.subject.code if topic.subject else None,
            about=None,
            cause_id=f"{ACTOR}\n{filled.value('form_id')}",
            actor=ACTOR,
        )
        return RedirectResponse(f"{PATH}/merci", HTTPStatus.SEE_OTHER)

    async def _thanks(self, request: Request) -> Response:
        return self._page(request, "thanks")

    async def _second(self, request: Request) -> Response:
        filled, topic = await self._begun(request)
        return topic if isinstance(topic, Response) else self._second_page(request, filled, topic)

    async def _send(self, request: Request) -> Response:
        form = await checked_form(request)
        filled, topic = self._judged(request, Filled.of(form))
        if isinstance(topic, Response):
            return topic
        if filled.value("website"):  # No person sees this field, and what fills it in is no person.
            return RedirectResponse(f"{PATH}/merci", HTTPStatus.SEE_OTHER)
        faults = second_faults(filled, topic, self._town, words_of(request))
        if faults:
            return self._second_page(request, filled.with_faults(faults), topic)
        self._gate.send(request)
        made = await self.submit(filled.value("form_id"), submission_of(filled, topic, self._town))
        refused = await self.attach(made.request_id, filled.value("form_id"), form)
        secret = await self._tracking.secret(made.request_id)
        said = "fichier" if refused else "recue"
        return RedirectResponse(f"/suivi/{made.reference}/{secret}?dit={said}", HTTPStatus.SEE_OTHER)

    # -- what is made of it -----------------------------------------------------------------------------------------

    async def submit(self, form_id: str, said: Submission) -> Registered:
        """Hand a form to the desk. The same form again (a double click, a reload) is the same request.

        What was sent first stands, whatever was changed on the page since.

        Raises:
            NotTakenError: the desk refused it.
            RetryableError: something is away; the same may be sent again.
        """
        request_id = request_id_for(PATH, form_id)
        receipt: Receipt | None = None
        for _ in range(2):  # The other one, of a double click, may be recorded between our look and our try.
            known = (await self._log.load(Service.INTAKE, request_id, fresh=True)).events
            if known and isinstance(received := known[0].data, RequestReceived):
                return Registered(request_id, received.reference)
            body = encode_submission(said, source=PATH, event_id=form_id, occurred_at=self._clock.now())
            receipt = await self._desk.submit(PUBLISHER, body)
            if receipt.reference is not None:
                return Registered(request_id, receipt.reference)
        assert receipt is not None
        assert receipt.problem is not None
        raise NotTakenError(receipt.problem.detail)

    async def attach(self, request_id: RequestId, form_id: str, form: FormData) -> bool:
        """Attach a form's files; True where one was not taken. Its request stands all the same."""
        refused = False
        for n, each in enumerate(form.getlist("files")):
            if not isinstance(each, UploadFile) or not each.size:
                continue
            try:
                await self._attachments.add(
                    request_id,
                    each.filename or "",
                    await each.read(),
                    actor=ACTOR,
                    cause_id=f"{PATH}\n{form_id}\n{n}",
                    at=self._clock.now(),
                )
            except RefusedError:
                refused = True  # The page that follows says so, and takes another file.
        return refused

    # -- inside -----------------------------------------------------------------------------------------------------

    async def _begun(self, request: Request) -> tuple[Filled, Topic | Response]:
        return self._judged(request, await filled_of(request))

    def _judged(self, request: Request, filled: Filled) -> tuple[Filled, Topic | Response]:
        """The first step, without faults; else the page that tells them."""
        if not is_form_id(filled.value("form_id")):
            raise HTTPException(400, "the form has no id of ours")
        faults = first_faults(filled, self._town, words_of(request))
        if faults:
            return filled, self._first_page(request, filled.with_faults(faults))
        return filled, topic_of(filled, self._town)

    def _first_page(self, request: Request, filled: Filled) -> Response:
        t = words_of(request)
        kinds = [(kind.value, t(*named), t(*example)) for kind, (named, example) in KINDS.items()]
        return self._page(request, "start", filled=filled, kinds=kinds, subjects=_by_department(self._town, t))

    def _second_page(self, request: Request, filled: Filled, topic: Topic) -> Response:
        t = words_of(request)
        sectors = [(each, t(*SECTORS.get(each, readable(each)))) for each in self._town.sectors]
        criteria = [(each, t(*CRITERIA.get(each, readable(each))), "") for each in self._town.complaint_criteria]
        return self._page(
            request,
            "details",
            filled=filled,
            topic=topic,
            kept=filled.kept(FIRST_STEP),
            sectors=[("", sectors)],
            criteria=criteria if topic.kind is Kind.COMPLAINT else [],
            is_access=topic.kind is Kind.ACCESS_TO_INFORMATION,
            questions=topic.subject.questions if topic.subject else (),
            choices_of=lambda question: [(each.code, t.name(each.name), "") for each in question.values],
            labels=_labels(topic, t),
            kind_name=t(*KINDS[topic.kind][0]),
        )

    def _page(self, request: Request, template: str, **context: Any) -> Response:
        status = 422 if context.get("filled") and context["filled"].faults else 200
        return page(
            request,
            f"citizen/templates/{template}.html",
            status=status,
            other_at=lambda other: f"{PATH}?lang={other}",
            form_key=form_key(request),
            **context,
        )


def _labels(topic: Topic, t: Words) -> dict[str, str]:
    """What the fields of the second step are called where faults are listed."""
    asked = topic.subject.questions if topic.subject else ()
    return {
        "name": t("Votre nom", "Your name"),
        "email": t("Courriel", "E-mail"),
        "phone": t("Téléphone", "Telephone"),
        "address": t("Adresse ou intersection", "Address or intersection"),
        "sector": t("Secteur", "Area"),
        **{f"q_{each.code}": t.name(each.text) for each in asked},
    }


async def _to_start(_: Request) -> Response:
    return RedirectResponse(PATH, HTTPStatus.SEE_OTHER)


def _by_department(town: Town, t: Words) -> list[tuple[str, list[tuple[str, str]]]]:
    """Subjects as the form lists them: by who answers, and those that others answer at the end; each by its name."""
    groups: dict[str | None, list[tuple[str, str]]] = {}
    for each in offered(town):
        groups.setdefault(each.department, []).append((each.code, t.name(each.name)))
    elsewhere = groups.pop(None, [])
    named = [
        (t.name(town.department_by_code[code].name), sorted(found, key=_second))
        for code, found in groups.items()
        if code
    ]
    last = t("Ne relève pas de la Ville : nous vous dirigerons", "Not the town's: we will tell you whom to ask")
    return [*named, (last, sorted(elsewhere, key=_second))] if elsewhere else named


def _second(pair: tuple[str, str]) -> str:
    return pair[1].casefold()
