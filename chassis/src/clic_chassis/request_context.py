"""What is known of an HTTP request while it is answered: an id for its log lines, and the trace that it continues."""

from __future__ import annotations

import re
import uuid
from time import perf_counter

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .telemetry import METRICS, continued

REQUEST_ID_HEADER = "X-Request-Id"
PROBES = frozenset({"/livez", "/readyz", "/metrics"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestContext:
    """ASGI middleware: `http_request_id` in every log line and in the answer, the caller's where it gave a good one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_ID_HEADER, "")
        request_id = given if _GOOD_ID.fullmatch(given) else str(uuid.uuid4())

        started = perf_counter()
        status = 500  # What an error that nobody caught is answered with.

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = request_id
            await send(message)

        trace = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
        with (
            structlog.contextvars.bound_contextvars(http_request_id=request_id),
            continued(trace, "http", method=scope["method"]),
        ):
            try:
                await self._app(scope, receive, answer)
            finally:
                _observe(scope, status, perf_counter() - started)


def _observe(scope: Scope, status: int, seconds: float) -> None:
    """Count an answer by method and class of status: paths hold references. Probes are left out, they are no visit."""
    if scope["path"] in PROBES:
        return
    method = scope["method"] if scope["method"] in METHODS else "other"  # A client may write any word.
    METRICS.http_seconds.labels(method, f"{status // 100}xx").observe(seconds)
