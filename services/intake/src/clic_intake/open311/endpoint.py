"""GeoReport v2 over HTTP: discovery, services, requests and tokens, in both formats, and for browsers of any site."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clic_chassis.clock import Clock
from clic_chassis.error import NotFoundError
from clic_contracts.town import Town
from clic_contracts.vocabulary import Language
from clic_intake.core import open311
from clic_intake.core.open311_argument import ArgumentError, Arguments, Wanted, one, read_filters, read_form
from clic_intake.core.question import Told
from clic_intake.web import language_of

from .error import HANDLERS, NoKeyError, refused
from .format import Format, accepted, answer, split
from .listing import Listing
from .submitting import KEY_CHARS_MAX, Submitter

PublisherOf = Callable[[str], Awaitable[str | None]]
"""The publisher who holds an API key; None: nobody does."""

FIELDS_MAX: Final = 200
"""Of a form; one with more is refused."""
_FORM: Final = "application/x-www-form-urlencoded"
_PREFLIGHT_S: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How this town serves Open311."""

    jurisdiction_id: str | None = None
    """None: whatever is asked for is taken, as there is one jurisdiction."""
    keyless_publisher: str | None = None
    """As whom posts without a key are taken; None: a key is required."""
    url: str | None = None
    """Of the endpoint, as the outside knows it; None: as it was asked for."""
    since: dt.datetime
    """Since when it offers what it offers: the changeset."""


def make_endpoint(
    town: Town, listing: Listing, submitter: Submitter, publisher_of: PublisherOf, *, clock: Clock, options: Options
) -> Starlette:
    """The application under /open311: `discovery.xml`, `discovery.json`, and the endpoint `v2`."""
    endpoint = _Endpoint(town, listing, submitter, publisher_of, clock, options)
    return Starlette(
        routes=[
            Route("/{resource}", endpoint.discovery, methods=["GET"]),
            Route("/v2/{resource}", endpoint.collection, methods=["GET", "POST"]),
            Route("/v2/{collection}/{resource}", endpoint.resource, methods=["GET"]),
        ],
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=["*"],
                allow_methods=["GET", "POST"],
                allow_headers=["Content-Type", "Idempotency-Key"],
                max_age=_PREFLIGHT_S,
            )
        ],
        exception_handlers=HANDLERS,
    )


class _Endpoint:
    """What each address answers."""

    def __init__(
        self,
        town: Town,
        listing: Listing,
        submitter: Submitter,
        publisher_of: PublisherOf,
        clock: Clock,
        options: Options,
    ) -> None:
        self._town = town
        self._listing = listing
        self._submitter = submitter
        self._publisher_of = publisher_of
        self._clock = clock
        self._options = options

    async def discovery(self, request: Request) -> Response:
        name, form = _asked(request)
        if name != "discovery":
            raise HTTPException(404)
        here = request.url.replace(path=f"{request.url.path.rpartition('/')[0]}/v2", query="", fragment="")
        url = self._options.url or str(here)
        return answer("discovery", open311.discovery(self._town, url, self._options.since), form)

    async def collection(self, request: Request) -> Response:
        name, form = _asked(request)
        match request.method, name:
            case "POST", "requests":
                return await self._post(request, form)
            case "GET" | "HEAD", "requests":
                return await self._list(request, form)
            case "GET" | "HEAD", "services":
                self._check_jurisdiction(_query(request))
                return answer("services", open311.services(self._town, language_of(request)), form)
            case _, "requests" | "services":
                raise HTTPException(405)
            case _:
                raise HTTPException(404)

    async def resource(self, request: Request) -> Response:
        name, form = _asked(request)
        self._check_jurisdiction(_query(request))
        language = language_of(request)
        match request.path_params["collection"]:
            case "services":
                subject = open311.service_of(self._town, name)
                return answer("service_definition", open311.definition(subject, language), form)
            case "requests":
                found = await self._listing.find(Wanted(references=(name,), size=1))
                if not found:
                    raise NotFoundError("service_request_id")
                shown = open311.shown(found[0], self._town, language)
                return answer("service_requests", [shown], form)
            case "tokens":
                became = await self._listing.became(name)
                if became is None:
                    raise NotFoundError("token")
                return answer("service_requests", open311.redeemed(became, name), form)
            case _:
                raise HTTPException(404)

    async def _list(self, request: Request, form: Format) -> Response:
        arguments = _query(request)
        self._check_jurisdiction(arguments)
        found = await self._listing.find(read_filters(arguments, self._clock.now()))
        language = language_of(request)
        return answer("service_requests", [open311.shown(each, self._town, language) for each in found], form)

    async def _post(self, request: Request, form: Format) -> Response:
        arguments = await _posted(request)
        publisher = await self._publisher(one(arguments, "api_key"))
        self._check_jurisdiction(arguments)
        language = Language.EN if one(arguments, "lang") == Language.EN else Language.FR
        said = read_form(arguments, self._town, language)
        receipt = await self._submitter.submit(publisher, said, _idempotency_key(request))
        if receipt.problem is not None or receipt.reference is None:
            raise ArgumentError(refused(receipt.problem))
        return answer("service_requests", open311.created(receipt.reference, receipt.acknowledgement), form)

    async def _publisher(self, api_key: str | None) -> str:
        """Who posts. Raises `NoKeyError` where nobody does."""
        known = await self._publisher_of(api_key) if api_key is not None else self._options.keyless_publisher
        if known is None:
            raise NoKeyError("api_key")
        return known

    def _check_jurisdiction(self, arguments: Arguments) -> None:
        said = one(arguments, "jurisdiction_id")
        if said is not None and self._options.jurisdiction_id not in (None, said):
            raise NotFoundError("jurisdiction_id")


# -- what is asked ------------------------------------------------------------------------------------------------


def _asked(request: Request) -> tuple[str, Format]:
    """The resource's name, and the format that it is asked for in."""
    name, suffix = split(request.path_params["resource"])
    if suffix and suffix not in tuple(Format):
        raise ArgumentError(
            Told(
                fr="Le format demandé n’existe pas\u00a0: .xml ou .json.", en="There is no such format: .xml or .json."
            )
        )
    return name, Format(suffix) if suffix else accepted(request.headers.get("accept", ""))


def _query(request: Request) -> dict[str, list[str]]:
    return {name: request.query_params.getlist(name) for name in request.query_params}


async def _posted(request: Request) -> dict[str, list[str]]:
    """The form's arguments, then those of the address, which some clients use for the key and the jurisdiction."""
    media = request.headers.get("content-type", _FORM).partition(";")[0].strip().lower()
    if media != _FORM:
        raise ArgumentError(
            Told(
                fr=f"Envoyez le formulaire comme {_FORM}\u00a0; une image se nomme par media_url.",
                en=f"Send the form as {_FORM}; name a picture by media_url.",
            )
        )
    arguments: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(
            (await request.body()).decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"
        )
    except ValueError as error:
        raise ArgumentError(
            Told(
                fr=f"Le formulaire ne se lit pas\u00a0: UTF-8, au plus {FIELDS_MAX} champs.",
                en=f"The form cannot be read: UTF-8, at most {FIELDS_MAX} fields.",
            )
        ) from error
    for name, value in pairs:
        arguments.setdefault(name, []).append(value)
    for name, values in _query(request).items():
        arguments.setdefault(name, []).extend(values)
    return arguments


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key", "").strip()
    if len(key) > KEY_CHARS_MAX:
        raise ArgumentError(
            Told(
                fr=f"Idempotency-Key\u00a0: au plus {KEY_CHARS_MAX} caractères.",
                en=f"Idempotency-Key: at most {KEY_CHARS_MAX} characters.",
            )
        )
    return key or None
