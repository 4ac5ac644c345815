"""Errors over HTTP: problems (RFC 9457) by what is to be done about them."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from clic_contracts.submission import Problem

from .error import NotFoundError, RefusedError, RetryableError

PROBLEM_TYPE = "application/problem+json"


def problem_of(error: RefusedError) -> Problem:
    """A refusal as a problem."""
    return Problem(
        type=f"urn:clic:problem:{error.code.replace('_', '-')}",
        title="The town's rules do not allow it",
        status=404 if isinstance(error, NotFoundError) else 409,
        detail=str(error),
    )


def add_error_handlers(api: FastAPI) -> None:
    """Answer our errors as problems: refused 409, not found 404, try again 503."""

    @api.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> JSONResponse:
        problem = problem_of(error)
        return JSONResponse(problem.model_dump(mode="json"), problem.status, media_type=PROBLEM_TYPE)

    @api.exception_handler(RetryableError)
    async def retryable(_: Request, __: RetryableError) -> JSONResponse:
        problem = Problem(
            type="urn:clic:problem:try-again",
            title="Try again",
            status=503,
            detail="The log or the database did not answer; nothing is lost if you send the same again.",
        )
        return JSONResponse(problem.model_dump(mode="json"), 503, media_type=PROBLEM_TYPE, headers={"Retry-After": "2"})
