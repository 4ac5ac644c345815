"""Letters on real servers: written from the log, handed to a mail server, recorded."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.intake.letter.bureau import CAMILLE, Bureau
from tests.intake.letter.correspondent import (
    ACKNOWLEDGED,
    ANSWERED,
    AS_MERGED,
    CLOSED,
    REFUSED_UNSENT,
    UNASKED,
    make,
)
from tests.intake.letter.post_office import PostOffice, part

from clic_chassis.clock import ManualClock
from clic_chassis.delivery import Delivery
from clic_contracts.envelope import TYPES_HEADER
from clic_contracts.event import (
    RequestAcknowledged,
    RequestClosed,
    RequestDescribed,
    RequestIncomplete,
    RequestMerged,
    RequestRefused,
)
from clic_contracts.subject import LOG_STREAM, log_subject
from clic_contracts.vocabulary import DeliveryProof, Origin, RequestId, Service
from clic_intake.core.owed import ACKNOWLEDGE_WITHOUT_AFTER, STALE_AFTER


async def test_an_acknowledgement_goes_out_and_is_recorded_as_a_fact_of_delivery(
    bureau: Bureau, post_office: PostOffice
) -> None:
    """POL-14, POL-18."""
    request_id = await bureau.received_and_ready(terms=["damage"], subject="pothole")
    await bureau.write_all()
    assert await bureau.send() == 1

    (message,) = post_office.messages
    text = part(message, "plain")
    reference = (await bureau.register.entry(request_id)).reference
    assert post_office.recipients == [["camille@exemple.invalid"]]
    assert message["Subject"] == f"Accusé de réception – dossier {reference}"
    for promise in (
        "Bonjour Camille Exemple,",
        f"Votre dossier porte le numéro {reference}.",
        "Travaux publics – voirie",
        "au plus tard le vendredi 22 mai 2026",
        f"https://clic.exemple.invalid/suivi/{reference}/",
        "avis par écrit au greffier",
        "adressez une plainte à la Direction générale",
    ):
        assert promise in text
    assert await bureau.types(request_id) == [
        "request.received",
        "letter.written",
        "letter.sent",
        "request.acknowledged",
    ]
    *_, went, acknowledged = await bureau.facts(request_id)
    assert went.cause_id == acknowledged.cause_id  # One commit.
    assert isinstance(acknowledged.data, RequestAcknowledged)
    assert acknowledged.data.delivery.proof is DeliveryProof.RELAY
    assert await bureau.states() == ["done"]


async def test_a_mail_client_reads_the_letter_as_it_is_meant(bureau: Bureau, post_office: PostOffice) -> None:
    """RFC 5322, RFC 3834: headers, both parts, French in quoted-printable."""
    request_id = await bureau.received_and_ready()
    await bureau.write_all()
    await bureau.send()

    (message,) = post_office.messages
    (letter_id,) = await bureau.letter_ids()
    assert message["From"] == "CLIC – Ville de Mont-Saint-Hilaire <clic@villemsh.ca>"
    assert message["To"] == "camille@exemple.invalid"
    assert message["Reply-To"] == "clic@villemsh.ca"
    assert message["Message-ID"] == f"<{letter_id}.{request_id}@villemsh.ca>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "fr"
    assert abs((message["Date"].datetime - bureau.now()).total_seconds()) < 60
    assert not [each for each in message.keys() if each.startswith("List-")]  # noqa: SIM118 - a header may come twice
    assert post_office.senders == ["clic@villemsh.ca"]
    assert message.get_content_type() == "multipart/alternative"
    plain, html = (each for each in message.walk() if not each.is_multipart())
    for each in (plain, html):
        assert each["Content-Transfer-Encoding"] == "quoted-printable"
        assert each.get_content_charset() == "utf-8"
    assert b"re=C3=A7u" in post_office.raw[0]
    assert max(map(len, post_office.raw[0].partition(b"\r\n\r\n")[2].splitlines())) <= 76  # RFC 2045
    assert "traitement\u00a0:" in part(message, "plain")
    shown = part(message, "html")
    assert '<html lang="fr">' in shown
    assert "<li>le service responsable s’en occupe\u00a0: Travaux publics – voirie\u00a0;</li>" in shown
    assert '<a href="https://clic.exemple.invalid/suivi/' in shown


async def test_what_citizens_write_is_escaped_in_html(bureau: Bureau, post_office: PostOffice) -> None:
    await bureau.received_and_ready(who={**CAMILLE, "name": "<script>alert(1)</script> & Cie"})
    await bureau.write_all()
    await bureau.send()
    shown = part(post_office.messages[0], "html")
    assert "<script" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Cie" in shown


async def test_english_is_written_where_the_reason_for_it_is_recorded(bureau: Bureau, post_office: PostOffice) -> None:
    """POL-18: French by default; on the citizen's wish English, with the ground in the log."""
    await bureau.received_and_ready(language="en", language_ground="citizen_wish")
    await bureau.received_and_ready(language="en", language_ground=None)
    await bureau.write_all()
    await bureau.send()
    assert sorted(each["Content-Language"] for each in post_office.messages) == ["en", "fr"]


async def test_an_acknowledgement_waits_for_department_and_due_date_and_not_for_ever(
    bureau: Bureau, post_office: PostOffice, clock: ManualClock
) -> None:
    """POL-14: the other services may be away."""
    await bureau.receive()
    await bureau.write_all()
    assert await bureau.letters.wakes.look() == 0
    clock.set(clock.now() + ACKNOWLEDGE_WITHOUT_AFTER + dt.timedelta(seconds=1))
    assert await bureau.letters.wakes.look() == 1
    assert await bureau.letters.wakes.look() == 0
    await bureau.write_all()
    await bureau.send()
    (message,) = post_office.messages
    assert "nous le confions au service responsable" in part(message, "plain")


@pytest.mark.parametrize("who", [{"name": "Camille Exemple", "phone": "450 555-0134"}, {}])
async def test_who_gave_no_address_is_not_written_to(bureau: Bureau, who: dict[str, str]) -> None:
    """A person tells them; the obligation to acknowledge stays open until then."""
    request_id = await bureau.received_and_ready(who=who)
    await bureau.write_all()
    assert await bureau.types(request_id) == ["request.received"]


async def test_older_records_are_not_written_about(bureau: Bureau) -> None:
    request_id = await bureau.received_and_ready(origin=Origin.BACKLOG)
    await bureau.write_all()
    assert await bureau.types(request_id) == ["request.received"]


async def test_opening_a_seal_to_write_is_recorded(bureau: Bureau) -> None:
    """POL-30."""
    request_id = await bureau.received_and_ready()
    await bureau.write_all()
    await bureau.send()
    rows = await bureau.runtime.pool.fetch("SELECT agent, reason FROM opening WHERE request_id = $1", request_id)
    assert [tuple(row) for row in rows] == [
        ("service:letters", "letter acknowledgement (POL-18)"),
        ("service:letters", "letter acknowledgement sent (POL-18)"),
    ]


async def test_what_is_missing_is_asked_for_by_letter(bureau: Bureau, post_office: PostOffice) -> None:
    """POL-06."""
    request_id = await bureau.receive(who={"email": CAMILLE["email"]})
    await bureau.tell(request_id, UNASKED)
    await bureau.write_all()
    await bureau.send()
    assert "– votre nom." in part(post_office.messages[0], "plain")
    asked = (await bureau.facts(request_id))[-1].data
    assert isinstance(asked, RequestIncomplete)
    assert asked.asked is not None
    assert asked.asked.proof is DeliveryProof.RELAY


async def test_a_refusal_is_sent_with_its_explanation_and_closes(bureau: Bureau, post_office: PostOffice) -> None:
    """POL-07, POL-27."""
    request_id = await bureau.receive(subject="provincial_road")
    key = (await bureau.register.entry(request_id)).key
    assert key is not None
    refusal = REFUSED_UNSENT.model_copy(update={"sealed": key.seal({"text": "C’est une route provinciale."})})
    await bureau.tell(request_id, refusal)
    await bureau.write_all()
    await bureau.send()
    text = part(post_office.messages[0], "plain")
    assert "Voici à qui vous adresser\u00a0: Ministère des Transports et de la Mobilité durable." in text
    assert "C’est une route provinciale." in text
    *_, refused, closed = [each.data for each in await bureau.facts(request_id)]
    assert isinstance(refused, RequestRefused)
    assert refused.sent is not None
    assert isinstance(closed, RequestClosed)


async def test_both_citizens_of_a_merge_are_told_and_the_joined_one_of_the_answer(
    bureau: Bureau, post_office: PostOffice
) -> None:
    """POL-27, POL-30: what the town publishes is told on, never what was answered to somebody else."""
    first = await bureau.receive(who={"name": "Alix Exemple", "email": "alix@exemple.invalid"})
    second = await bureau.receive()
    for each in (first, second):
        await bureau.tell(each, ACKNOWLEDGED)
    await bureau.tell(second, make(RequestMerged, into=first), AS_MERGED)
    await bureau.write_all()
    await bureau.send()
    told = {each["To"]: part(each, "plain") for each in post_office.messages}
    assert "Nous avons joint son dossier au vôtre" in told["alix@exemple.invalid"]
    assert "nous avons joint votre dossier" in told["camille@exemple.invalid"]
    assert "Alix" not in told["camille@exemple.invalid"]

    key = (await bureau.register.entry(first)).key
    assert key is not None
    await bureau.tell(first, make(RequestDescribed, status_notes="Le trou est comblé."))
    await bureau.tell(first, ANSWERED.model_copy(update={"sealed": key.seal({"text": "Chère Alix, c’est fait."})}))
    await bureau.write_all()
    await bureau.send()
    (last,) = post_office.messages[2:]
    assert last["To"] == "camille@exemple.invalid"
    assert "Voici où en est la situation\u00a0: Le trou est comblé." in part(last, "plain")
    assert "Alix" not in part(last, "plain")


async def test_handling_the_log_again_writes_and_sends_nothing_more(bureau: Bureau, post_office: PostOffice) -> None:
    """Said twice, done once."""
    request_id = await bureau.received_and_ready()
    for _ in range(3):
        await bureau.write_all()
        await bureau.send()
    await bureau.tell(request_id, ANSWERED.model_copy(update={"sealed": None}))
    await bureau.tell(request_id, CLOSED)
    for _ in range(3):
        await bureau.write_all()
        await bureau.send()
    assert [each.split(" – ")[0] for each in post_office.subjects()][:1] == ["Accusé de réception"]
    assert len(post_office.messages) == 2
    assert (await bureau.types(request_id)).count("letter.written") == 2


async def test_what_happened_long_ago_is_not_even_looked_up(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter that is imported costs the letters nothing."""
    await bureau.received_and_ready()
    commits = [each async for each in bureau.runtime.log.read()]
    long_ago = ManualClock(bureau.now() + STALE_AFTER + dt.timedelta(minutes=1))
    monkeypatch.setattr(bureau.letters.writer, "_clock", long_ago)
    monkeypatch.setattr(bureau.letters.writer, "_log", None)
    for each in commits:
        await bureau.letters.writer.handle(each)
    assert await bureau.states() == []


async def test_of_a_request_of_an_older_system_nothing_more_is_decoded(bureau: Bureau) -> None:
    """No letter is owed on it; of another request, or before its reception was seen, its subject tells nothing."""
    old = await bureau.receive(origin=Origin.BACKLOG)
    live = await bureau.receive()
    writer = bureau.letters.writer

    def skipped(request_id: RequestId) -> bool:
        headers = {TYPES_HEADER: RequestClosed.TYPE}
        return writer.skips(Delivery(LOG_STREAM, log_subject(Service.INTAKE, request_id), 9, b"", headers))

    assert not skipped(old)
    await bureau.write_all()
    assert skipped(old)
    assert not skipped(live)


async def test_a_reception_alone_is_looked_at_again_without_its_story(bureau: Bureau) -> None:
    """Three loads a request are spared; what makes the letter ready has a commit of its own, and lets it go."""
    request_id = await bureau.receive()
    await bureau.write_all()
    woken = await bureau.runtime.pool.fetch("SELECT request_id FROM letter_wake")
    assert [str(each["request_id"]) for each in woken] == [request_id]
    assert "letter.written" not in await bureau.types(request_id)
    await bureau.route(request_id)
    await bureau.set_due(request_id)
    await bureau.write_all()
    assert (await bureau.types(request_id)).count("letter.written") == 1
