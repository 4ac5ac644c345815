"""Submissions over HTTP, as CloudEvents: structured, binary, or a batch (CloudEvents 1.0, HTTP protocol binding)."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import from_json, to_json

from clic_chassis.http import answer_of, language_of, problems
from clic_chassis.telemetry import METRICS
from clic_contracts.deprecation import headers_for
from clic_contracts.envelope import BATCH_CONTENT_TYPE
from clic_contracts.submission import (
    MAX_BATCH,
    MAX_SUBMISSION_BYTES,
    Receipt,
    SubmissionEvent,
    SubmissionRefusedError,
    split_batch,
)
from clic_intake.desk import Desk
from clic_intake.publisher_admission import Quotas
from clic_intake.quota import RateMeter, too_large, too_often
from clic_intake.rehearsal import Rehearsal

EVENTS_PATH = "/events"
MAX_BATCH_BYTES = MAX_BATCH * MAX_SUBMISSION_BYTES
_BODY = {
    "required": True,
    "content": {
        "application/cloudevents+json": {"schema": SubmissionEvent.model_json_schema()},
        BATCH_CONTENT_TYPE: {"schema": {"type": "array", "maxItems": MAX_BATCH, "items": {"type": "object"}}},
        "application/json": {"schema": {"type": "object", "description": "`data`, with the rest in `ce-` headers."}},
    },
}


class Manner(BaseModel):
    """How a submission is to be taken. A parameter that nobody knows is refused: a slip in `dry_run` would store."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(
        default=False, description="Judge without storing: the receipt that it would have now, without a reference."
    )


def add_submissions(
    api: FastAPI, desk: Desk, rehearse: Callable[[], Rehearsal], publishing: Callable[..., Any], quotas: Quotas
) -> None:
    """Add the publishers' way in by HTTP; `publishing` is the dependency that gives a publisher's code."""
    who = Annotated[str, Depends(publishing)]
    meter = RateMeter(quotas)

    def count(publisher: str, messages: int) -> None:
        if wait_s := meter.wait_s(publisher, messages):
            raise HTTPException(429, too_often(wait_s), headers={"Retry-After": str(wait_s)})

    @api.post(
        EVENTS_PATH,
        tags=["submissions"],
        summary="Submit",
        response_model=Receipt | list[Receipt],
        response_model_exclude_none=True,
        responses={
            200: {"description": "Known already, or a dry run; or the receipts of a batch, one for each in order."},
            201: {"description": "Accepted.", "model": Receipt},
            **problems(400, 401, 403, 413, 429, 503),
            422: {
                "description": "Refused; the receipt's problem says why. Its status is the answer's.",
                "model": Receipt,
            },
        },
        openapi_extra={"requestBody": _BODY},
    )
    async def submit(
        request: Request, publisher: who, response: Response, manner: Annotated[Manner, Query()]
    ) -> Receipt | list[Receipt] | Response:
        """A submission as a CloudEvent, structured (`application/cloudevents+json`) or binary (`ce-` headers).

        Or up to 100 as a batch (`application/cloudevents-batch+json`). The publisher's key says who publishes.
        The answer is the receipt; of a batch, one for each, each judged by itself. Problems are in the language that
        `Accept-Language` asks for, else in that which the town has for the publisher.
        """
        request.state.language = desk.language_of(publisher)
        language = language_of(request)
        body = await request.body()
        rehearsal = rehearse() if manner.dry_run else None

        async def judged(each: bytes) -> Receipt:
            bytes_max = quotas.of(publisher).bytes_max
            if bytes_max < len(each) <= MAX_SUBMISSION_BYTES:  # What is larger, nobody may send: the desk says so.
                receipt = desk.refused(too_large(len(each), bytes_max, language))
            else:
                receipt = await (rehearsal or desk).submit(publisher, each, language=language)
            return receipt if manner.dry_run else _counted(publisher, receipt)

        if _media_type(request) == BATCH_CONTENT_TYPE:
            try:
                parts = split_batch(body, language)
            except SubmissionRefusedError as error:
                return answer_of(error.problem)
            count(publisher, len(parts))
            response.headers.update(headers_for(parts))
            return [await judged(each) for each in parts]
        count(publisher, 1)
        event = _structured(request.headers, body)
        response.headers.update(headers_for([event]))
        receipt = await judged(event)
        response.status_code = _status_of(receipt, dry_run=manner.dry_run)
        return receipt


def _status_of(receipt: Receipt, *, dry_run: bool) -> int:
    if receipt.problem is not None:
        return receipt.problem.status
    return 201 if receipt.status == "accepted" and not dry_run else 200


def _counted(publisher: str, receipt: Receipt) -> Receipt:
    METRICS.receipts.labels(publisher, receipt.status).inc()
    return receipt


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _structured(headers: Mapping[str, str], body: bytes) -> bytes:
    """A binary CloudEvent as a structured one; what is none is left as it is, for the receipt to say so."""
    if "ce-specversion" not in headers:
        return body
    attributes = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
    data: Any
    try:
        data = from_json(body)
    except ValueError:
        return body
    return to_json({**attributes, "datacontenttype": "application/json", "data": data})
