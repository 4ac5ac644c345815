"""`POST /events?dry_run=1`: the answer that a submission would have now, and nothing left of having asked."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from tests.intake.service.office import SOURCE, Office, now
from tests.intake.service.test_api import ACCESS, BATCH, REPORT, STRUCTURED, body_of
from tests.place import TOWN_DIR

from clic_chassis.telemetry import METRICS
from clic_chassis.town_file import read_town
from clic_contracts.submission import (
    AcknowledgementSubmission,
    CompletionSubmission,
    InteractionSubmission,
    OutcomeSubmission,
    ProgressSubmission,
    Receipt,
    Requester,
    RequestPointer,
    Submission,
)
from clic_contracts.vocabulary import AccessOutcome, Channel, Criterion, Language
from clic_intake.desk import Desk

DRY_RUN = "/events?dry_run=1"
ABOUT = RequestPointer(source=SOURCE, id="demande-1")
ACCESS_ABOUT = RequestPointer(source=SOURCE, id="acces-1")
YESTERDAY = now() - dt.timedelta(days=1)
OUTCOME: dict[str, Any] = {"about": ABOUT, "channel": Channel.PHONE, "text": "Réparé."}


def said(submission: Submission, event_id: str, **changes: Any) -> bytes:
    return json.dumps(body_of(submission, event_id, **changes)).encode()


TOLD: list[tuple[str, bytes]] = [
    ("accepted", said(REPORT, "demande-1")),
    ("other-content", said(REPORT.model_copy(update={"text": "Autre chose."}), "demande-1")),
    ("not-json", b"Bonjour"),
    ("not-a-cloudevent", b"[]"),
    ("unknown-type", said(REPORT, "demande-2", type="submission.request.v2")),
    ("too-large", said(REPORT, "demande-2", data={"text": "é" * 300_000})),
    ("invalid-submission", said(REPORT, "demande-2", data={"kind": "rumeur", "chanel": "phone"})),
    ("does-not-fit-town", said(REPORT.model_copy(update={"subject": "licorne"}), "demande-2")),
    ("does-not-fit-town", said(REPORT, "demande-2", time=(now() + dt.timedelta(days=1)).isoformat())),
    ("accepted", said(InteractionSubmission(channel=Channel.PHONE, text="Merci."), "contact-1")),
    ("accepted", said(InteractionSubmission(channel=Channel.PHONE, about=ABOUT), "contact-2")),
    ("accepted", said(AcknowledgementSubmission(about=ABOUT, channel=Channel.EMAIL), "accuse-1")),
    ("before-reception", said(ProgressSubmission(about=ABOUT, text="Hier."), "suivi-0", time=YESTERDAY.isoformat())),
    (
        "accepted",
        said(CompletionSubmission(about=ABOUT, requester=Requester(email="camille@exemple.invalid")), "ajout"),
    ),
    ("accepted", said(ProgressSubmission(about=ABOUT, text="Mardi.", promised_on=now().date()), "suivi-1")),
    ("promise", said(ProgressSubmission(about=ABOUT, promised_on=dt.date(2020, 1, 1)), "suivi-2")),
    ("judgement", said(OutcomeSubmission(outcome="refused", criterion=Criterion.UNFOUNDED, **OUTCOME), "fin-0")),
    ("accepted", said(OutcomeSubmission(outcome="withdrawn", **OUTCOME), "fin-1")),
    ("not-now", said(OutcomeSubmission(outcome="closed", **OUTCOME), "fin-2")),
    ("other-content", said(ProgressSubmission(about=ABOUT, text="La même clé."), "demande-1")),
    (
        "unknown-request",
        said(ProgressSubmission(about=RequestPointer(reference="2020-999999"), text="Nulle part."), "suivi-3"),
    ),
    (
        "unknown-request",
        said(ProgressSubmission(about=RequestPointer(source=SOURCE, id="nulle"), text="Nulle part."), "suivi-4"),
    ),
    ("accepted", said(ACCESS, "acces-1")),
    ("access-decision", said(OutcomeSubmission(outcome="answered", about=ACCESS_ABOUT), "acces-2")),
    (
        "access-decision",
        said(
            OutcomeSubmission(outcome="answered", about=ACCESS_ABOUT, access_outcome=AccessOutcome.REFUSED), "acces-3"
        ),
    ),
]
"""What is sent in this order, and what comes of it: a status, or the end of a problem's type."""


async def test_a_dry_run_answers_as_the_submission_is_answered_after_it_in_either_language(office: Office) -> None:
    """Accepted, known, or refused with the same problem; each refusal reads otherwise in French."""
    for expected, body in TOLD:
        what = f"{expected}: {body[:300]!r}"
        dry = {each: await _answer(office, DRY_RUN, body, each) for each in ("en", "fr")}
        real = await _answer(office, "/events", body, "en")
        again = await _answer(office, DRY_RUN, body, "en")

        assert _comparable(dry["en"]) == _comparable(real), what
        assert dry["fr"].status == real.status, what
        if real.problem is None:
            assert (real.status, again.status) == (expected, "known"), what
            assert (dry["en"].reference, dry["en"].acknowledgement) == (None, None), what
        else:
            assert real.problem.type == f"urn:clic:problem:{expected}", what
            assert _comparable(again) == _comparable(real), what
            assert dry["fr"].problem is not None
            _assert_translated(dry["en"].problem, dry["fr"].problem)


def _comparable(receipt: Receipt) -> dict[str, Any]:
    """A receipt without its instant, and without what a dry run does not give."""
    found = receipt.model_dump(exclude={"at", "reference", "acknowledgement"})
    if receipt.problem is not None and "in the future" in receipt.problem.detail:
        found["problem"] = receipt.problem.type  # It tells the instant, too.
    return found


def _assert_translated(english: Any, french: Any) -> None:
    assert (english.type, english.status) == (french.type, french.status)
    assert english.title != french.title
    assert english.detail != french.detail
    assert [each.pointer for each in english.errors] == [each.pointer for each in french.errors]
    for one, other in zip(english.errors, french.errors, strict=True):
        assert one.detail != other.detail
        assert one.mend != other.mend


async def _answer(office: Office, path: str, body: bytes, language: str) -> Receipt:
    headers = [*STRUCTURED, ("Accept-Language", language)]
    answer = await office.ask(path, content=body, token="portal", headers=headers)
    assert answer.headers["content-type"] == "application/json", answer.text
    return Receipt.model_validate_json(answer.content)


async def test_nothing_is_left_of_a_dry_run(office: Office) -> None:
    """No fact, no reference, no key, no digest, nothing in quarantine, and no receipt that is counted."""
    before = await _everything(office)
    for _, body in TOLD:
        await _answer(office, DRY_RUN, body, "fr")
    batch = json.dumps([json.loads(body) for status, body in TOLD if status == "accepted"]).encode()
    answer = await office.ask(DRY_RUN, content=batch, token="portal", headers=BATCH)
    assert answer.status_code == 200
    assert await _everything(office) == before

    first = await _answer(office, "/events", TOLD[0][1], "fr")
    assert first.reference is not None
    assert first.reference.endswith("-000001")


async def _everything(office: Office) -> dict[str, Any]:
    tables = await office.runtime.pool.fetch(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
        " AND table_schema NOT IN ('pg_catalog', 'information_schema', 'desk')"
        " AND table_name <> 'retention_run' ORDER BY 1, 2"  # The day's run of retention may end meanwhile.
    )
    rows = {
        f"{schema}.{table}": await office.runtime.pool.fetchval(f'SELECT count(*) FROM "{schema}"."{table}"')
        for schema, table in tables
    }
    counted = [
        sample.value
        for metric in METRICS.receipts.collect()
        for sample in metric.samples
        if sample.name.endswith("total")
    ]
    return {
        **rows,
        "log": (await office.runtime.log.identity()).last_sequence,
        "quarantine": await office.quarantined(),
        "counted": counted,
    }


async def test_in_a_batch_what_comes_later_sees_what_came_before(office: Office) -> None:
    """As in the batch itself: a request and what is about it may come together; one twice is known."""
    batch = [json.loads(TOLD[0][1]), json.loads(said(ProgressSubmission(about=ABOUT, text="Vu."), "suivi-1"))]
    content = json.dumps([*batch, batch[0], "Bonjour"]).encode()
    dry = (await office.ask(DRY_RUN, content=content, token="portal", headers=BATCH)).json()
    real = (await office.ask("/events", content=content, token="portal", headers=BATCH)).json()

    assert [each["status"] for each in dry] == ["accepted", "accepted", "known", "refused"]
    assert [each["status"] for each in real] == [each["status"] for each in dry]
    assert not any("reference" in each for each in dry)


async def test_a_dry_run_of_one_that_would_be_accepted_creates_nothing_and_says_so(office: Office) -> None:
    """RFC 9110, 15.3.2: 201 is for what was created."""
    answer = await office.ask(DRY_RUN, content=TOLD[0][1], token="portal", headers=STRUCTURED)
    assert (answer.status_code, answer.json()["status"]) == (200, "accepted")
    refused = await office.ask(DRY_RUN, content=b"Bonjour", token="portal", headers=STRUCTURED)
    assert (refused.status_code, refused.json()["status"]) == (400, "refused")
    unreadable = await office.ask("/events?dry_run=peut-etre", content=b"{}", token="portal", headers=STRUCTURED)
    assert unreadable.status_code == 422


def test_the_town_says_in_which_language_a_publisher_reads_problems() -> None:
    """French, where it says nothing, and to whoever it does not know (C-11 art. 16)."""
    town = read_town(TOWN_DIR)
    english = [
        each.model_copy(update={"language": Language.EN}) for each in town.publishers if each.code == "telephonie"
    ]
    others = [each for each in town.publishers if each.code != "telephonie"]
    said = town.model_copy(update={"publishers": (*english, *others)})
    nothing: Any = None
    desk = Desk(nothing, nothing, nothing, said, nothing)
    assert [desk.language_of(each) for each in ("telephonie", "courriel", "inconnu")] == ["en", "fr", "fr"]
