"""Logs: JSON lines with ids, and nothing of what a citizen wrote."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from pydantic import BaseModel, ValidationError

from clic_chassis.clock import ManualClock
from clic_chassis.decider import Fact
from clic_chassis.decision import Decisions
from clic_chassis.error import UnreadableError
from clic_chassis.logging import start_logging
from clic_chassis.memory_log import MemoryLog
from clic_chassis.request_context import RequestContext
from clic_chassis.scenario import NOON, SOMEBODY
from clic_contracts.event import RequestNoted
from clic_contracts.vocabulary import Service

PERSONAL = "Camille Exemple, 450 555-0199"


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the test session's own logging as it was: a logger that is cached would outlive the test's output."""
    real = structlog.configure
    monkeypatch.setattr(structlog, "configure", lambda **how: real(**{**how, "cache_logger_on_first_use": False}))
    root, handlers, level = logging.getLogger(), list(logging.getLogger().handlers), logging.getLogger().level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


class Submission(BaseModel):
    """What a library quotes when it does not fit."""

    number: int


def quoting() -> None:
    Submission.model_validate({"number": PERSONAL})


def test_a_line_is_json_with_its_service_and_level(capsys: pytest.CaptureFixture[str]) -> None:
    """French as it is written."""
    start_logging("routing")
    structlog.get_logger().info("request_routed", department="Éclairage")
    (line,) = lines(capsys)
    assert {"event": "request_routed", "service": "routing", "level": "info", "department": "Éclairage"}.items() <= (
        line.items()
    )
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(("level", "expected"), [("debug", 3), ("info", 2), ("warning", 1), ("error", 0)])
def test_the_level_of_the_settings_holds(level: str, expected: int, capsys: pytest.CaptureFixture[str]) -> None:
    """CLIC_LOG_LEVEL."""
    start_logging("routing", level)
    log = structlog.get_logger()
    log.debug("one")
    log.info("two")
    log.warning("three")
    assert len(lines(capsys)) == expected


def test_an_exception_shows_where_and_never_what_it_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    """POL-30: pydantic, asyncpg and the like quote their input; our own errors are written to be read."""
    start_logging("intake")
    text = PERSONAL  # A local of the frame that is logged.
    try:
        try:
            quoting()
        except ValidationError as error:
            raise UnreadableError("the submission at 7") from error
    except UnreadableError:
        structlog.get_logger().exception("message_failed")
    (line,) = lines(capsys)
    ours, theirs = line["exception"]
    assert (ours["type"], ours["text"], theirs["type"]) == ("UnreadableError", "the submission at 7", "ValidationError")
    assert "quoting" in " ".join(theirs["frames"])
    assert "text" not in theirs
    assert text not in json.dumps(line, ensure_ascii=False)


def test_other_libraries_log_in_json_as_well_without_what_an_exception_quotes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """POL-30: uvicorn's and asyncio's tracebacks, and warnings."""
    start_logging("intake")
    try:
        quoting()
    except ValidationError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    logging.getLogger("some.library").warning("nothing to see at %s", "7")
    logging.getLogger("some.library").info("too quiet to be heard")
    logging.getLogger("py.warnings").warning("file.py:7: deprecated\n  quoted = %r", PERSONAL)
    failed, plain, warned = found = lines(capsys)
    assert (failed["event"], failed["logger"], failed["level"], failed["service"]) == (
        ("Exception in ASGI application", "uvicorn.error", "error", "intake")
    )
    assert failed["exception"][0]["type"] == "ValidationError"
    assert plain["event"] == "nothing to see at 7"
    assert warned["event"] == "file.py:7: deprecated"
    assert PERSONAL not in json.dumps(found, ensure_ascii=False)


def test_a_task_whose_error_nobody_took_is_told_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    """POL-30: asyncio writes the error's repr into its message."""

    async def forget() -> None:
        async def fail() -> None:
            raise ValueError(PERSONAL)

        task = asyncio.create_task(fail())
        await asyncio.wait({task})

    start_logging("intake")
    asyncio.run(forget())
    (line,) = lines(capsys)
    assert line["event"] == "Task exception was never retrieved"
    assert line["exception"][0]["type"] == "ValueError"
    assert PERSONAL not in json.dumps(line, ensure_ascii=False)


async def test_a_decision_is_logged_with_its_request_and_every_line_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    """At debug; what is logged while it is taken carries the request's id at any level."""
    start_logging("intake", "debug")

    def decide(_: object) -> tuple[Fact, ...]:
        structlog.get_logger().warning("looked_twice")
        return (Fact(RequestNoted(), NOON),)

    decisions = Decisions(MemoryLog(), Service.INTAKE, ManualClock(NOON), "town")
    await decisions.decide(SOMEBODY, decide, cause_id="a", actor="agent:exemple")
    looked, decided = lines(capsys)
    assert (looked["request_id"], decided["request_id"]) == (SOMEBODY, SOMEBODY)
    assert (decided["event"], decided["types"], decided["sequence"]) == ("decided", ["request.noted.v1"], 1)


@pytest.mark.parametrize(("given", "kept"), [("abc-1.2_3", True), ("no good: Camille", False), ("x" * 65, False)])
async def test_lines_of_an_http_request_carry_its_id_and_the_answer_says_it(
    given: str, *, kept: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The caller's, where it is one; else one of ours."""
    start_logging("routing")
    api = FastAPI()

    @api.get("/")
    async def hello() -> None:
        structlog.get_logger().info("asked")

    transport = httpx.ASGITransport(app=RequestContext(api))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/", headers={"X-Request-Id": given})
    (line,) = lines(capsys)
    assert line["http_request_id"] == answer.headers["X-Request-Id"]
    assert (answer.headers["X-Request-Id"] == given) is kept


def test_a_service_that_ends_by_an_error_says_so_in_json_and_with_1() -> None:
    """Standard output holds JSON lines and nothing else."""
    program = (
        "from clic_chassis.service import run\n"
        "from clic_chassis.settings import Settings\n"
        "run('routing', Settings, None)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={"CLIC_TOWN_DIR": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    (line,) = [json.loads(each) for each in ended.stdout.splitlines()]
    assert (ended.returncode, line["event"], ended.stderr) == (1, "service_failed", "")
    assert "there is no such folder" in line["error"]
