"""Nothing personal leaves the desk but under seal: not by logs, metrics, streams, receipts or quarantine."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from prometheus_client import generate_latest
from tests.intake.service.office import SOURCE, Office, now

from clic_chassis import failure
from clic_chassis.logging import start_logging
from clic_chassis.testing import wait_until
from clic_contracts.envelope import request_id_for
from clic_contracts.subject import FEED_STREAM, INBOX_STREAM, LOG_STREAM, QUARANTINE_STREAM, RECEIPT_STREAM
from clic_contracts.submission import (
    CompletionSubmission,
    InteractionSubmission,
    OutcomeSubmission,
    ProgressSubmission,
    RequestPointer,
    RequestSubmission,
    Submission,
    encode_submission,
)
from clic_intake.core import submitted
from clic_intake.seal import RequestKey

NAME, EMAIL, PHONE = "Zzyxwine Exemple", "zzyxwine@exemple.invalid", "450 555-0177"
ADDRESS, WORDS, ANSWER = "77, rue Zzyxwinoise", "Le chien zzyxwinois aboie.", "Le zzyxwinisme est un droit."
SECRETS = (b"zzyx", b"Zzyx", PHONE.encode(), b"45.123456", b"-73.654321")
ABOUT = RequestPointer(source=SOURCE, id="appel-1")
REQUEST = RequestSubmission(
    kind="report",
    channel="phone",
    text=WORDS,
    requester={"name": NAME, "email": EMAIL, "phone": PHONE, "address": ADDRESS},
    place={"address": ADDRESS, "latitude": 45.123456, "longitude": -73.654321, "sector": "centre"},
)
SAID: dict[str, Submission] = {
    "appel-1": REQUEST,
    "suite-1": InteractionSubmission(channel="phone", about=ABOUT, text=WORDS),
    "suite-2": InteractionSubmission(channel="phone", text=WORDS),
    "suite-3": CompletionSubmission(about=ABOUT, requester={"email": EMAIL}, text=WORDS),
    "suite-4": ProgressSubmission(about=ABOUT, text=WORDS),
    "fin-1": OutcomeSubmission(about=ABOUT, outcome="closed", channel="phone", text=ANSWER),
    "fin-2": OutcomeSubmission(about=ABOUT, outcome="refused", criterion="unfounded", text=ANSWER),
}


def assert_silent(where: str, text: bytes) -> None:
    found = [secret for secret in SECRETS if secret in text]
    assert not found, f"{where} tells {found}: …{text[max(0, text.find(found[0]) - 200) :][:400]!r}"


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged, as in operation, at the level that says most."""
    kept, root, configure = io.StringIO(), logging.getLogger(), structlog.configure
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()  # Else they are closed.
    # A cached logger would write to this test's output for the rest of the run.
    monkeypatch.setattr(structlog, "configure", lambda **more: configure(**more | {"cache_logger_on_first_use": False}))
    with contextlib.redirect_stdout(kept):
        start_logging("intake", "debug")
    root.setLevel(logging.DEBUG)
    yield kept
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


async def test_personal_data_stands_nowhere_in_clear_once_it_was_judged(
    office: Office, monkeypatch: pytest.MonkeyPatch, logs: io.StringIO
) -> None:
    """POL-30, POL-38: taken, refused, malformed, met by a defect, over the inbox and over HTTP."""
    monkeypatch.setattr(failure, "BACKOFF_FIRST_S", 0.01)
    for event_id, submission in SAID.items():
        assert (await office.submit(submission, event_id)).status in {"accepted", "refused"}
    good = encode_submission(REQUEST, source=SOURCE, event_id="appel-2", occurred_at=now())
    for broken in (
        good[:-40],
        good.replace(b'"kind"', b'"knid"'),
        good.replace(WORDS.encode(), b"\xff" + WORDS.encode()),
    ):
        await office.publish(broken)
    await office.inbox_is_done()
    request_id = request_id_for(SOURCE, "appel-1")
    for path, body in (
        (f"/requests/{request_id}/note", {"text": WORDS}),
        (f"/requests/{request_id}/note", {"txet": WORDS}),
        (f"/requests/{request_id}/reopen", {"reason": WORDS}),
    ):
        assert_silent(path, (await office.ask(path, body)).content)

    def defect(said: Any) -> dict[str, Any]:
        raise ValueError(f"{said!r} {WORDS}")

    monkeypatch.setattr(submitted, "personal", defect)
    assert (await office.submit(REQUEST, "appel-3")).status == "quarantined"
    answer = await office.ask("/events", content=good, token="portal")
    assert answer.status_code == 500
    assert_silent("a defect over HTTP", answer.content)

    for stream in (LOG_STREAM, RECEIPT_STREAM, FEED_STREAM, QUARANTINE_STREAM):
        assert_silent(stream, b"\n".join(await office.everything(stream)))

    async def only_what_is_quarantined() -> bool:
        return [b"appel-3" in each for each in await office.everything(INBOX_STREAM)] == [True]

    await wait_until(only_what_is_quarantined, 30, what="the inbox to hold what is in quarantine alone")
    assert_silent("metrics", generate_latest())
    told = logs.getvalue()
    assert "message_quarantined" in told
    assert "http_failed" in told
    assert_silent("logs", told.encode())


async def test_what_is_sealed_can_be_opened_so_that_silence_is_not_loss(office: Office) -> None:
    """The counterpart: everything that was said is there, under the key."""
    for event_id, submission in SAID.items():
        await office.submit(submission, event_id)
    answer = await office.ask(f"/requests/{request_id_for(SOURCE, 'appel-1')}/open", {"reason": "Essai imaginaire."})
    said = [each for each in answer.json()["opened"] if not each["type"].startswith("letter.")]
    opened = [each["content"] for each in said]
    assert opened[0]["requester"]["name"] == NAME
    assert opened[0]["place"] == {"address": ADDRESS, "latitude": 45.123456, "longitude": -73.654321}
    assert [each.get("text") for each in opened] == [WORDS, WORDS, WORDS, WORDS, ANSWER]


def test_a_key_does_not_show_itself() -> None:
    """In a traceback's locals, say."""
    assert "\\x01" not in repr(RequestKey("imaginaire", bytes(range(32))))
