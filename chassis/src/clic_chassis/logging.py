"""Logs: JSON lines on standard output, with ids and codes as fields and never personal data.

What an exception says is logged where it is one of ours; of any other only its type and where it was raised, since
libraries quote what they were given, and that may be what a citizen wrote.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from .error import ClicError
from .telemetry import trace_id

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
FRAMES_MAX = 20
CAUSES_MAX = 5
FOREIGN_CHARACTERS_MAX = 300


def start_logging(service: str, level: str = "info") -> None:
    """Configure structlog and the standard library's logging for this process."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_trace,
        structlog.processors.ExceptionRenderer(exception_told),
    ]
    json_lines = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, json_lines],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=logging.WARNING, stream=sys.stdout, format="%(message)s", force=True)
    logging.getLogger().handlers[0].setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, json_lines],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, _first_line, *shared],
        )
    )
    logging.captureWarnings(capture=True)


@contextlib.contextmanager
def bound(**values: object) -> Iterator[None]:
    """Lines that are written within say these values too.

    structlog's own `bound_contextvars` reads every variable of the context first, which each message would pay for.
    """
    before = structlog.contextvars.bind_contextvars(**values)
    try:
        yield
    finally:
        structlog.contextvars.reset_contextvars(**before)


def exception_told(exc_info: ExcInfo) -> list[dict[str, Any]]:
    """An exception and what caused it, outermost first: type, frames without values, and the text where it is ours."""
    told: list[dict[str, Any]] = []
    error: BaseException | None = exc_info[1]
    while error is not None and len(told) < CAUSES_MAX:
        frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
        each: dict[str, Any] = {
            "type": type(error).__name__,
            "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        }
        if isinstance(error, ClicError):
            each["text"] = str(error)
        told.append(each)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return told


def _with_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if (current := trace_id()) is not None:
        event["trace_id"] = current
    return event


def _first_line(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Of another library's message its first line: asyncio writes the exception with its text into the second."""
    event["event"] = str(event["event"]).partition("\n")[0][:FOREIGN_CHARACTERS_MAX]
    return event
