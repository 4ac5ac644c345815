"""The inbox process on real servers: every submission ends in exactly one receipt."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import asyncpg
import pytest
from tests.intake.service.office import SOURCE, Office, now, year

from clic_chassis import failure
from clic_chassis.testing import wait_until
from clic_contracts.envelope import request_id_for
from clic_contracts.event import RequestReceived
from clic_contracts.subject import INBOX_STREAM, RECEIPT_STREAM
from clic_contracts.submission import (
    AcknowledgementSubmission,
    CompletionSubmission,
    InteractionSubmission,
    OutcomeSubmission,
    ProgressSubmission,
    Receipt,
    RequestPointer,
    RequestSubmission,
    Submission,
    encode_submission,
)
from clic_contracts.vocabulary import Channel, Kind, Phase, Service
from clic_intake import inbox
from clic_intake.core.state import state_of
from clic_intake.desk import Desk

REPORT = RequestSubmission.model_validate(RequestSubmission.EXAMPLE)
ONLINE = REPORT.model_copy(update={"channel": Channel.WEB_FORM})
ABOUT = RequestPointer(source=SOURCE, id="appel-1")
CLOSED = OutcomeSubmission(about=ABOUT, outcome="closed", channel="phone", text="Réparé, imaginairement.")
OLD = RequestSubmission(kind="report", channel="phone", subject="pothole", requester_withheld=True, backlog=True)
"""Holds nothing personal."""


def changed(request: RequestSubmission, **changes: Any) -> RequestSubmission:
    """A request that says something else."""
    return RequestSubmission.model_validate({**request.model_dump(), **changes})


async def types(office: Office, event_id: str = "appel-1") -> list[str]:
    """What intake recorded of a request."""
    story = await office.runtime.log.load(Service.INTAKE, request_id_for(SOURCE, event_id))
    return [each.type.removeprefix("request.").removesuffix(".v1") for each in story.events]


def slug(receipt: Receipt) -> str:
    """What kind of problem it was refused for."""
    assert receipt.status == "refused"
    assert receipt.problem is not None
    return receipt.problem.type.removeprefix("urn:clic:problem:")


async def test_a_submission_becomes_a_request_with_a_reference(office: Office) -> None:
    """POL-10."""
    receipt = await office.submit(REPORT, "appel-1")
    assert receipt.status == "accepted"
    assert receipt.reference == f"{year()}-000001"
    assert receipt.request_id == request_id_for(SOURCE, "appel-1")
    assert receipt.acknowledgement is None  # By telephone the citizen is told by whoever picked up.
    assert await types(office) == ["received"]


async def test_each_is_registered_as_what_it_is(office: Office) -> None:
    """POL-01, POL-02, POL-03, POL-04."""
    for kind in Kind:
        assert (await office.submit(changed(REPORT, kind=kind), kind.value)).status == "accepted"
        story = await office.runtime.log.load(Service.INTAKE, request_id_for(SOURCE, kind.value))
        assert [each.data.kind for each in story.events if isinstance(each.data, RequestReceived)] == [kind]


async def test_who_writes_by_the_portal_is_acknowledged_by_the_receipt(office: Office) -> None:
    """POL-14, POL-18."""
    receipt = await office.submit(ONLINE, "formulaire-1", publisher="portail_web")
    assert receipt.acknowledgement is not None
    assert str(receipt.reference) in receipt.acknowledgement
    assert await types(office, "formulaire-1") == ["received", "acknowledged"]


async def test_what_is_outside_the_towns_competence_is_refused_told_and_closed(office: Office) -> None:
    """POL-07, POL-27."""
    online = RequestSubmission.model_validate(
        {**REPORT.model_dump(), "channel": "web_form", "subject": "provincial_road"}
    )
    receipt = await office.submit(online, "formulaire-1", publisher="portail_web")
    assert await types(office, "formulaire-1") == ["received", "refused", "closed"]
    assert receipt.acknowledgement is not None
    assert "ne relève pas de la Ville" in receipt.acknowledgement
    await office.submit(changed(REPORT, subject="provincial_road"), "appel-1")
    assert await types(office) == ["received", "refused"]  # Somebody has to tell the citizen.


async def test_every_channel_by_which_it_was_asked_again_is_an_interaction(office: Office) -> None:
    """POL-10, POL-31; as many as the schema takes fit into one decision."""
    again = changed(REPORT, also_by=["email"] * 20)
    assert (await office.submit(again, "appel-1")).status == "accepted"
    assert (await types(office)).count("interaction.recorded") == 20


async def test_the_same_again_is_known_and_has_the_same_receipt(office: Office) -> None:
    at = now()
    first = await office.submit(ONLINE, "formulaire-1", publisher="portail_web", at=at)
    again = await office.submit(ONLINE, "formulaire-1", publisher="portail_web", at=at)
    assert again.status == "known"
    assert again == first.model_copy(update={"status": "known", "at": again.at})
    assert await types(office, "formulaire-1") == ["received", "acknowledged"]


async def test_the_same_id_with_other_content_is_refused(office: Office) -> None:
    """Whatever differs: the text alone, or the instant."""
    at = now()
    await office.submit(REPORT, "appel-1", at=at)
    other = REPORT.model_copy(update={"text": "Un autre trou imaginaire."})
    assert slug(await office.submit(other, "appel-1", at=at)) == "other-content"
    assert slug(await office.submit(REPORT, "appel-1", at=at - dt.timedelta(minutes=1))) == "other-content"
    assert slug(await office.submit(REPORT, "appel-1", at=at, publisher="courriel")) == "other-content"
    assert (await office.submit(REPORT, "appel-1", at=at)).status == "known"


async def test_a_request_that_gets_its_key_later_is_still_known(office: Office) -> None:
    """At first nothing of it was sealed; then an outcome had a text."""
    at = now() - dt.timedelta(days=400)
    await office.submit(OLD, "appel-1", publisher="montreal_311", at=at)
    await office.submit(CLOSED, "fin-1", publisher="montreal_311")
    assert (await office.submit(OLD, "appel-1", publisher="montreal_311", at=at)).status == "known"
    more = OLD.model_copy(update={"text": "Un texte imaginaire."})
    assert slug(await office.submit(more, "appel-1", publisher="montreal_311", at=at)) == "other-content"


async def test_an_erased_request_is_known_whatever_is_said_of_it_again(office: Office) -> None:
    """POL-30: with the key went what could tell."""
    at = now()
    await office.submit(REPORT, "appel-1", at=at)
    await office.runtime.pool.execute("UPDATE request SET wrapped_key = NULL, erased_at = now()")
    assert (await office.submit(REPORT, "appel-1", at=at)).status == "known"
    assert (await office.submit(CLOSED, "fin-1")).status == "accepted"
    [row] = await office.runtime.pool.fetch("SELECT wrapped_key FROM request")
    assert row["wrapped_key"] is None  # No new key for what was erased.


@pytest.mark.parametrize(
    ("said", "other"),
    [
        (CLOSED, CLOSED.model_copy(update={"text": "Autre chose."})),
        (CLOSED, CLOSED.model_copy(update={"text": ""})),
        (CLOSED, CLOSED.model_copy(update={"outcome": "withdrawn", "text": ""})),
        (
            ProgressSubmission(about=ABOUT, text="Équipe prévue."),
            ProgressSubmission(about=ABOUT, text="Équipe imprévue."),
        ),
        (ProgressSubmission(about=ABOUT, text="Équipe prévue."), CLOSED),
        (
            AcknowledgementSubmission(about=ABOUT, channel="phone"),
            AcknowledgementSubmission(about=ABOUT, channel="email"),
        ),
        (
            CompletionSubmission(about=ABOUT, text="La maison imaginaire."),
            CompletionSubmission(about=ABOUT, text="L’autre maison."),
        ),
        (
            InteractionSubmission(about=ABOUT, channel="phone", text="Où en est-ce?"),
            InteractionSubmission(about=ABOUT, channel="phone", text=""),
        ),
        (InteractionSubmission(channel="phone"), InteractionSubmission(channel="phone", text="Un texte.")),
        (InteractionSubmission(channel="phone", text="Un texte."), InteractionSubmission(channel="phone")),
    ],
)
async def test_whatever_is_said_twice_is_known_and_with_other_content_refused(
    office: Office, said: Submission, other: Submission
) -> None:
    at = now()
    await office.submit(REPORT, "appel-1", at=at)
    assert (await office.submit(said, "suite-1", at=at)).status == "accepted"
    before = await types(office)
    assert (await office.submit(said, "suite-1", at=at)).status == "known"
    assert slug(await office.submit(other, "suite-1", at=at)) == "other-content"
    assert await types(office) == before


async def test_the_id_of_the_request_itself_is_no_id_for_what_is_said_about_it(office: Office) -> None:
    await office.submit(REPORT, "appel-1")
    assert slug(await office.submit(CLOSED, "appel-1")) == "other-content"


async def test_publishers_tell_of_a_request_by_its_reference_too(office: Office) -> None:
    """POL-19, POL-27, POL-28."""
    reference = (await office.submit(REPORT, "appel-1")).reference
    about = RequestPointer(reference=reference)
    day = (now() + dt.timedelta(days=3)).date()
    progress = ProgressSubmission(about=about, text="Équipe prévue.", promised_on=day)
    assert (await office.submit(progress, "suite-1", publisher="bons_de_travail")).status == "accepted"
    withdrawn = OutcomeSubmission(about=about, outcome="withdrawn", text="La personne s’est ravisée.")
    assert (await office.submit(withdrawn, "fin-1", publisher="bons_de_travail")).status == "accepted"
    assert await types(office) == ["received", "noted", "promised", "closed", "noted"]


async def test_what_a_rule_forbids_is_refused_with_the_rule(office: Office) -> None:
    """POL-27, POL-19."""
    await office.submit(REPORT, "appel-1")
    await office.submit(CLOSED, "fin-1")
    assert slug(await office.submit(AcknowledgementSubmission(about=ABOUT, channel="phone"), "suite-1")) == "not-now"
    yesterday = (now() - dt.timedelta(days=2)).date()
    promise = ProgressSubmission(about=ABOUT, promised_on=yesterday)
    assert slug(await office.submit(promise, "suite-2")) == "promise"


async def test_an_outcome_that_overtook_its_request_waits_for_it(office: Office) -> None:
    """Also where both stand in one lane of the process: the outcome lets the request pass."""
    await office.publish(
        encode_submission(CLOSED, source=SOURCE, event_id="fin-1", occurred_at=now()), kind=CLOSED.TYPE
    )
    await office.publish(encode_submission(REPORT, source=SOURCE, event_id="appel-1", occurred_at=now()))
    assert (await office.receipt("appel-1")).status == "accepted"
    assert (await office.receipt("fin-1")).status == "accepted"
    story = await office.runtime.log.load(Service.INTAKE, request_id_for(SOURCE, "appel-1"))
    assert state_of(story.events).phase is Phase.CLOSED


@pytest.mark.parametrize("about", [ABOUT, RequestPointer(reference="1999-000001")])
async def test_what_is_about_no_request_is_refused_in_the_end(
    office: Office, monkeypatch: pytest.MonkeyPatch, about: RequestPointer
) -> None:
    monkeypatch.setattr(inbox, "WAIT_FOR_REQUEST_S", 0.5)
    receipt = await office.submit(CLOSED.model_copy(update={"about": about}), "fin-1")
    assert slug(receipt) == "unknown-request"
    assert receipt.problem is not None
    assert receipt.problem.status == 404
    assert receipt.id == "fin-1"


async def test_a_submission_without_a_readable_id_has_its_receipt_under_its_place_in_the_inbox(office: Office) -> None:
    position = await office.publish("Bonjour, il y a un trou imaginaire.".encode("utf-16"))
    assert slug(await office.receipt(f"inbox-{position}")) == "not-json"


async def test_the_longest_id_has_a_receipt(office: Office) -> None:
    """200 characters of four bytes each, which subjects write in twelve."""
    assert (await office.submit(REPORT, "🏡" * 200)).status == "accepted"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"[" * 100_000, {}),
        (b"{", {"content-type": "application/json"}),
        (b"\xff", {"content-type": "text/plain"}),
        (b"", {"content-type": "application/json", "correlation-id": "\u00e9"}),
    ],
)
async def test_a_body_that_breaks_a_decoder_holds_up_nobody(
    office: Office, body: bytes, headers: dict[str, str]
) -> None:
    """Whatever its headers promise; those that came with it are judged at once."""
    first = office.publish(encode_submission(REPORT, source=SOURCE, event_id="appel-1", occurred_at=now()))
    positions = await asyncio.gather(first, *(office.publish(body, headers=headers) for _ in range(3)))
    assert (await office.receipt("appel-1")).status == "accepted"
    for position in positions[1:]:
        assert slug(await office.receipt(f"inbox-{position}")) == "not-json"
    info = await office.jetstream.consumer_info(INBOX_STREAM, "intake")
    assert not info.num_redelivered


async def test_a_key_that_is_no_text_breaks_nothing(office: Office) -> None:
    """`about.reference` may be anything in what is malformed."""
    positions = [
        await office.publish(body)
        for body in (
            b'{"data": {"about": {"reference": ["a"]}}}',
            b'{"data": {"about": {"reference": {}}}}',
            b'{"data": {"about": ["reference"]}}',
            b'{"data": {"about": {"reference": "' + b"x" * 300_000 + b'"}}}',
            b'{"source": 1, "id": [], "data": {}}',
            b"[]",
        )
    ]
    for position in positions:
        assert (await office.receipt(f"inbox-{position}")).status == "refused"


# -- quarantine -------------------------------------------------------------------------------------------------------


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failure, "BACKOFF_FIRST_S", 0.01)


class Broken:
    """A desk with a defect, until it is mended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
        self.whole = False
        self._submit, self._fails = Desk.submit, fails
        broken = self

        async def submit(desk: Desk, publisher: str, body: bytes, *, may_wait: bool = False) -> Receipt:
            if not broken.whole and broken._fails.encode() in body:
                raise ZeroDivisionError("Camille Exemple")
            return await broken._submit(desk, publisher, body, may_wait=may_wait)

        monkeypatch.setattr(Desk, "submit", submit)


@pytest.mark.usefixtures("_quick")
async def test_what_cannot_be_handled_has_a_receipt_that_says_so_and_a_true_one_once_it_is(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept, told, mended, handled: nothing is lost and nothing is said twice."""
    desk = Broken(monkeypatch, "appel-1")
    receipt = await office.submit(REPORT, "appel-1")
    assert receipt.status == "quarantined"
    assert receipt.source == SOURCE
    assert receipt.problem is not None
    assert receipt.problem.status == 500
    assert "Ne le renvoyez pas" in receipt.problem.detail
    assert "Camille" not in receipt.model_dump_json()
    [entry] = await office.quarantined()
    assert (await office.submit(REPORT, "appel-2")).status == "accepted"

    desk.whole = True
    await office.runtime.quarantine.retry(entry.entry_id, by="essai", now=now())

    await office.receipt("appel-1", status="accepted")

    async def settled() -> bool:
        return await office.quarantined() == []

    await wait_until(settled, 30, what="the entry to be settled")

    async def erased() -> bool:
        return await office.stored(INBOX_STREAM, entry.sequence) is None

    await wait_until(erased, 30, what="the inbox to be erased (POL-30)")


@pytest.mark.usefixtures("_quick")
async def test_an_outcome_of_a_request_that_was_discarded_is_refused(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waited behind the request in quarantine; then there is no request that it could be about."""
    Broken(monkeypatch, '"text":"Un nid')
    monkeypatch.setattr(inbox, "WAIT_FOR_REQUEST_S", 0.0)
    await office.submit(REPORT, "appel-1")
    await office.publish(
        encode_submission(CLOSED, source=SOURCE, event_id="fin-1", occurred_at=now()), kind=CLOSED.TYPE
    )
    await office.inbox_is_done()
    [request, outcome] = await office.quarantined()
    assert (request.state, outcome.state) == ("failed", "waiting")
    assert (await office.receipt("fin-1")).status == "quarantined"
    await office.runtime.quarantine.discard(request.entry_id, by="essai", reason="essai", now=now())
    assert slug(await office.receipt("fin-1", status="refused")) == "unknown-request"


async def test_a_database_that_is_away_is_waited_for(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is quarantined for it, and nothing is registered twice."""
    monkeypatch.setattr(failure, "BACKOFF_FIRST_S", 0.01)
    acquire, failures = asyncpg.pool.Pool.acquire, [asyncpg.ConnectionDoesNotExistError("gone")] * 10

    def broken(pool: asyncpg.Pool, **more: Any) -> Any:
        if failures:
            raise failures.pop()
        return acquire(pool, **more)

    monkeypatch.setattr(asyncpg.pool.Pool, "acquire", broken)
    receipts = await asyncio.gather(*(office.submit(REPORT, f"appel-{n}") for n in range(5)))
    assert {each.status for each in receipts} == {"accepted"}
    assert len({each.reference for each in receipts}) == 5
    assert await office.quarantined() == []


async def test_references_have_no_gaps_however_many_come_at_once(office: Office) -> None:
    """POL-10."""
    receipts = await asyncio.gather(*(office.submit(REPORT, f"appel-{n}") for n in range(100)))
    numbers = sorted(int(str(each.reference).partition("-")[2]) for each in receipts)
    assert numbers == list(range(1, 101))
    assert len(await office.everything(RECEIPT_STREAM)) == 100


async def test_the_year_of_a_reference_is_that_of_the_reception_in_the_town(office: Office) -> None:
    new_years_eve = dt.datetime(2026, 1, 1, 3, 0, tzinfo=dt.UTC)  # 22:00 on 31 December
    receipt = await office.submit(OLD, "appel-1", publisher="montreal_311", at=new_years_eve)
    assert receipt.reference == "2025-000001"
    story = await office.runtime.log.load(Service.INTAKE, request_id_for(SOURCE, "appel-1"))
    assert isinstance(story.events[0].data, RequestReceived)
    assert story.events[0].occurred_at == new_years_eve
