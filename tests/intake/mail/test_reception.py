"""What becomes of a mail, on real servers."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime
from typing import Any

import pytest
from tests.intake.mail.mailroom import Mailroom
from tests.intake.mail.post import JPEG, bounce, mail, nested, raw

from clic_chassis.decider import Fact
from clic_chassis.error import NotFoundError, RetryableError
from clic_contracts.envelope import derive_id
from clic_contracts.event import (
    Event,
    InteractionRecorded,
    LetterFailed,
    LetterWritten,
    PersonalDataErased,
    RequestAttached,
    RequestCompleted,
    RequestIncomplete,
    RequestNoted,
    RequestReceived,
)
from clic_contracts.vocabulary import Channel, LetterFailure, LetterKind, Missing, RequesterPresence, RequestId, Service
from clic_intake.core.mail_nature import Aside
from clic_intake.mail.kept import ASIDE_KEPT_DAYS
from clic_intake.mail.reception import DELAY_DAYS_MAX, NotTakenError, Outcome

LETTER = "6f9619ff-8b86-5d11-b42d-00cf4fc964ff"
STRANGER = "Dominique Inventé <dominique@exemple.invalid>"


async def write(room: Mailroom, request_id: RequestId, *events: Event) -> None:
    """Facts of a request that others decide."""
    decisions = room.runtime.decisions(Service.INTAKE)
    at = room.runtime.clock.now()
    facts = tuple(Fact(each, at) for each in events)
    await decisions.decide(request_id, lambda _: facts, cause_id=f"essai {events[0].TYPE}", actor="agent:alex.exemple")


async def letter(room: Mailroom, request_id: RequestId) -> str:
    """A letter to the requester; its Message-ID."""
    written = LetterWritten(letter_id=LETTER, letter=LetterKind.MISSING, channel=Channel.EMAIL, language="fr")
    await write(room, request_id, written)
    return f"<{LETTER}.{request_id}@villemsh.ca>"


async def reference(room: Mailroom, request_id: RequestId) -> str:
    received = (await room.story(request_id))[0].data
    assert isinstance(received, RequestReceived)
    return received.reference


async def notes(room: Mailroom, request_id: RequestId) -> str:
    """What agents read beside the request."""
    return "\n".join(each["text"] for each in await room.sealed(request_id, RequestNoted))


# -- a request of its own -------------------------------------------------------------------------------------------


async def test_a_mail_becomes_a_request_with_its_sender_and_its_words(room: Mailroom) -> None:
    """POL-06, POL-10, POL-14."""
    request_id = await room.open(mail())
    received = (await room.story(request_id))[0].data
    assert isinstance(received, RequestReceived)
    assert (received.channel, received.publisher) == (Channel.EMAIL, "courriel")
    assert (received.subject, received.requester) == (None, RequesterPresence.IDENTIFIED)
    assert await room.sealed(request_id, RequestReceived) == [
        {
            "requester": {"name": "Camille Exemple", "email": "camille@exemple.invalid"},
            "text": "Objet\u00a0: Nid-de-poule\n\nUn trou devant le 1, rue Inventée.",
        }
    ]


async def test_a_sender_without_a_name_is_asked_for_it(room: Mailroom) -> None:
    """POL-06."""
    request_id = await room.open(mail(sender="camille@exemple.invalid"))
    assert [e.data.missing for e in await room.story(request_id) if isinstance(e.data, RequestIncomplete)] == [
        (Missing.NAME,)
    ]


async def test_a_mail_that_is_delivered_again_changes_nothing(room: Mailroom) -> None:
    """The crash between the log and the answer to whoever delivers; a second way may put other traces on it."""
    whole = mail("Un trou.\n" * 2_000, files=(("photo.jpg", JPEG, "image/jpeg"), ("a.exe", b"MZ\0\0", "application/x")))
    first = await room.take(whole)
    length = await room.length()
    for again in (whole, b"Received: from a by b; Mon, 02 Nov 2026 09:00:01 -0500\r\n" + whole):
        assert await room.take(again) == first
    assert await room.length() == length


async def test_what_a_crash_left_undone_is_done_when_the_mail_comes_again(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any, **__: Any) -> str:
        raise RetryableError("the database is away, imaginarily")

    whole = mail(files=(("photo.jpg", JPEG, "image/jpeg"),))
    with monkeypatch.context() as patch:
        patch.setattr(room.reception._attachments, "add", away)
        with pytest.raises(RetryableError):
            await room.take(whole)
    request_id = await room.open(whole)
    assert await room.types(request_id) == ["received", "attached"]


async def test_the_same_message_id_with_other_content_is_another_request(room: Mailroom) -> None:
    assert await room.open(mail("Un trou.")) != await room.open(mail("Une fuite."))


async def test_when_a_mail_came_in_is_what_the_server_before_ours_says_within_bounds(room: Mailroom) -> None:
    """LCCJTI art. 31: Sunday 23:50 is Sunday, however late it reaches the desk."""
    now = room.runtime.clock.now().replace(microsecond=0)
    late, forged = now - dt.timedelta(days=2), now - dt.timedelta(days=DELAY_DAYS_MAX + 1)
    for text, said, believed in (("a", late, True), ("b", forged, False), ("c", now + dt.timedelta(hours=1), False)):
        traced = f"Received: from a by b; {format_datetime(said)}\r\n".encode() + mail(text)
        at = (await room.story(await room.open(traced)))[0].occurred_at
        assert (at == said) is believed
        assert at <= room.runtime.clock.now()


async def test_no_mail_is_too_strange_to_be_taken(room: Mailroom) -> None:
    """Each becomes a request, and says what was not read; its original is kept."""
    for strange, told in (
        (b"", ""),
        (b"\0\xff\xfe", ""),
        (raw("Subject: \0", b""), ""),
        (nested(5_000), "trop compliqué"),
        (raw("From: a@exemple.invalid\nX: " + "x" * 300_000, b"."), "en-têtes"),
        (mail("Long. " * 3_000), "texte est trop long"),
    ):
        request_id = await room.open(strange)
        assert (await room.types(request_id))[-1] == ("noted" if told else "incomplete")
        kept = await room.kept.of_request(request_id)
        assert len(kept) == bool(told)
        for each in kept:
            assert told in await notes(room, request_id)
            assert await room.kept.read(each.mail_id) == strange


async def test_attachments_are_put_into_the_request_and_others_are_told_and_kept(room: Mailroom) -> None:
    """POL-28."""
    program = ("outil.exe", b"MZ\x90\0" + bytes(60), "application/octet-stream")
    whole = mail(files=(("photo.jpg", JPEG, "image/jpeg"), program))
    request_id = await room.open(whole)
    attached = [e.data for e in await room.story(request_id) if isinstance(e.data, RequestAttached)]
    assert [(each.media_type, each.size_bytes) for each in attached] == [("image/jpeg", len(JPEG))]
    assert "«\u00a0outil.exe\u00a0»" in await notes(room, request_id)
    (kept,) = await room.kept.of_request(request_id)
    assert await room.kept.read(kept.mail_id) == whole


async def test_nothing_of_a_kept_mail_stands_in_clear_and_erasing_the_request_ends_it(room: Mailroom) -> None:
    """POL-30."""
    request_id = await room.open(mail("Un secret imaginaire. " * 1_000))
    (kept,) = await room.kept.of_request(request_id)
    sealed = await room.runtime.pool.fetchval("SELECT sealed FROM mail_kept")
    assert b"secret" not in sealed
    await room.runtime.pool.execute("UPDATE request SET wrapped_key = NULL, erased_at = now()")
    with pytest.raises(NotFoundError):
        await room.kept.read(kept.mail_id)
    assert await room.runtime.pool.fetchval("SELECT count(*) FROM mail_kept") == 0


# -- about a request ------------------------------------------------------------------------------------------------


async def test_a_reply_to_a_letter_is_a_contact_about_its_request(room: Mailroom) -> None:
    """POL-10, POL-31."""
    request_id = await room.open(mail())
    reply = mail("Toujours là.", subject="Re : votre demande", headers={"In-Reply-To": await letter(room, request_id)})
    taken = await room.take(reply)
    assert (taken.outcome, taken.request_id) == (Outcome.CONTACT, request_id)
    assert await room.types(request_id) == ["received", "letter.written", "interaction.recorded"]
    (said,) = await room.sealed(request_id, InteractionRecorded)
    assert "Toujours là." in said["text"]
    length = await room.length()
    assert await room.take(reply) == taken
    assert await room.length() == length


async def test_a_reply_to_what_is_missing_gives_it(room: Mailroom) -> None:
    """POL-06, POL-21."""
    request_id = await room.open(mail(sender="camille@exemple.invalid"))
    message_id = await letter(room, request_id)
    await write(room, request_id, RequestIncomplete(missing=(Missing.NAME, Missing.PRECISION)))
    reply = mail("Devant le 3.", message_id="<2@exemple.invalid>", headers={"References": message_id})
    length = await room.length()
    for times in (1, 2):
        assert await room.open(reply) == request_id
        assert (await room.types(request_id))[-2:] == ["interaction.recorded", "completed"]
        assert await room.length() == length + 2, f"delivered {times} times"
    (given,) = await room.sealed(request_id, RequestCompleted)
    assert given == {
        "requester": {"name": "Camille Exemple", "email": "camille@exemple.invalid"},
        "text": "Devant le 3.",
    }


async def test_a_reference_counts_from_whoever_is_known_for_it(room: Mailroom) -> None:
    request_id = await room.open(mail())
    subject = f"Re : demande {await reference(room, request_id)}"
    taken = await room.take(mail("Encore.", subject=subject, sender="CAMILLE@exemple.INVALID"))
    assert (taken.outcome, taken.request_id) == (Outcome.CONTACT, request_id)


async def test_a_forged_reference_opens_a_request_of_its_own_and_learns_nothing(room: Mailroom) -> None:
    """POL-30: the request that it names is not touched, and one that there is not is answered the same."""
    request_id = await room.open(mail())
    before = await room.types(request_id)
    forged = await room.open(mail("À moi !", sender=STRANGER, subject=f"Re : {await reference(room, request_id)}"))
    unknown = await room.open(mail("À moi !", sender=STRANGER, subject="Re : 2026-999999"))
    assert await room.types(request_id) == before
    assert await room.types(forged) == await room.types(unknown) == ["received", "noted"]
    told = await notes(room, forged)
    assert told.replace(await reference(room, request_id), "2026-999999") == await notes(room, unknown)


async def test_who_answers_a_letter_from_another_address_is_marked_and_completes_nothing(room: Mailroom) -> None:
    request_id = await room.open(mail(sender="camille@exemple.invalid"))
    message_id = await letter(room, request_id)
    await room.open(mail("C’est moi.", sender=STRANGER, headers={"In-Reply-To": message_id}))
    assert await room.types(request_id) == [
        *("received", "incomplete", "letter.written", "interaction.recorded", "noted")
    ]
    assert "adresse qu’elle ne connaît pas" in await notes(room, request_id)


async def test_a_letter_that_we_never_wrote_points_to_nothing(room: Mailroom) -> None:
    request_id = await room.open(mail())
    invented = f"<{derive_id('imaginaire')}.{request_id}@villemsh.ca>"
    taken = await room.take(mail("Réponse.", headers={"In-Reply-To": invented}))
    assert (taken.outcome, taken.request_id != request_id) == (Outcome.REQUEST, True)


async def test_what_was_erased_takes_nothing_any_more(room: Mailroom) -> None:
    """POL-30: the words of a reply would have no key to be sealed with, and be lost."""
    request_id = await room.open(mail())
    message_id = await letter(room, request_id)
    await write(room, request_id, PersonalDataErased(ground="person_asked"))
    taken = await room.take(mail("Encore.", headers={"In-Reply-To": message_id}))
    assert (taken.outcome, taken.request_id != request_id) == (Outcome.REQUEST, True)


# -- what nobody wrote ----------------------------------------------------------------------------------------------


async def test_an_absence_notice_to_our_letter_comes_to_nothing(room: Mailroom) -> None:
    """RFC 3834: a letter, its notice, and no letter again."""
    request_id = await room.open(mail())
    headers = {"In-Reply-To": await letter(room, request_id), "Auto-Submitted": "auto-replied"}
    before = await room.length()
    taken = await room.take(mail("Je suis absente.", headers=headers))
    assert (taken.outcome, await room.length()) == (Outcome.ASIDE, before)
    (aside,) = await room.kept.aside()
    assert aside.reason == Aside.AUTO_REPLY


async def test_our_own_letter_that_comes_back_to_us_is_a_loop(room: Mailroom) -> None:
    request_id = await room.open(mail())
    before = await room.length()
    await room.take(mail(sender="CLIC <clic@villemsh.ca>", message_id=f"<{LETTER}.{request_id}@villemsh.ca>"))
    assert [each.reason for each in await room.kept.aside()] == [Aside.LOOP]
    assert await room.length() == before


async def test_a_letter_that_bounces_is_recorded_as_not_delivered(room: Mailroom) -> None:
    """POL-18."""
    request_id = await room.open(mail())
    message_id = await letter(room, request_id)
    for _ in range(2):
        taken = await room.take(bounce(message_id), returns_to="")
        assert (taken.outcome, taken.request_id) == (Outcome.RETURNED, request_id)
    failed = [e.data for e in await room.story(request_id) if isinstance(e.data, LetterFailed)]
    assert [(each.reason, each.status) for each in failed] == [(LetterFailure.BOUNCED, "5.1.1")]


@pytest.mark.parametrize("action", ["delayed", "delivered"])
async def test_a_letter_that_is_only_late_did_not_fail(room: Mailroom, action: str) -> None:
    request_id = await room.open(mail())
    message_id = await letter(room, request_id)
    assert (await room.take(bounce(message_id, action=action), returns_to="")).outcome is Outcome.ASIDE
    assert await room.types(request_id) == ["received", "letter.written"]


async def test_a_forged_bounce_touches_no_request(room: Mailroom) -> None:
    request_id = await room.open(mail())
    invented = f"<{LETTER}.{request_id}@villemsh.ca>"
    assert (await room.take(bounce(invented), returns_to="")).outcome is Outcome.ASIDE
    assert await room.types(request_id) == ["received"]


async def test_what_was_set_aside_is_kept_sealed_and_goes_with_its_key_when_its_time_is_over(room: Mailroom) -> None:
    """POL-30."""
    automatic = mail("Je suis absente.", headers={"Auto-Submitted": "auto-replied"})
    await room.take(automatic)
    (aside,) = await room.kept.aside()
    assert await room.kept.read(aside.mail_id) == automatic
    assert aside.kept_until is not None
    assert (aside.kept_until - room.runtime.clock.now()).days in (ASIDE_KEPT_DAYS - 1, ASIDE_KEPT_DAYS)
    await room.kept.forget_expired()
    assert len(await room.kept.aside()) == 1
    await room.runtime.pool.execute("UPDATE mail_kept SET kept_until = now() - interval '1 second'")
    await room.kept.forget_expired()
    assert await room.kept.aside() == []
    with pytest.raises(NotFoundError):
        await room.register.entry(aside.story_id)


async def test_an_agent_may_take_what_was_set_aside_by_mistake(room: Mailroom) -> None:
    automatic = mail(headers={"Precedence": "bulk"})
    await room.take(automatic)
    taken = await room.take(automatic, by_person=True)
    assert taken.outcome is Outcome.REQUEST


async def test_what_the_desk_refuses_stays_with_whoever_brings_it(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A town that does not know this way in: nothing is lost until somebody mends its configuration."""
    monkeypatch.setattr("clic_intake.mail.reception.PUBLISHER", "inconnu")
    with pytest.raises(NotTakenError, match="unknown-publisher"):
        await room.take(mail())


async def test_nothing_of_a_mail_stands_in_clear_in_any_stream_or_table(room: Mailroom) -> None:
    """POL-30: neither its words nor its Message-ID, which may name its sender."""
    files = (("plan-secret.txt", b"Contenu secret.", "text/plain"), ("secret.exe", b"MZ\0secret", "application/x"))
    await room.open(mail("Mot secret.", subject="Objet secret", message_id="<secret@exemple.invalid>", files=files))
    await room.take(mail("Absence secret.", headers={"Auto-Submitted": "auto-replied"}))
    streams = [each.config.name for each in await room.runtime.nats.jetstream().streams_info()]
    tables = await room.runtime.pool.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    stored = [
        (await room.runtime.nats.jetstream().get_msg(str(stream), sequence)).data or b""
        for stream in streams
        for sequence in await sequences(room, str(stream))
    ]
    rows = [str(dict(row)) for each in tables for row in await room.runtime.pool.fetch(f"SELECT * FROM {each[0]}")]
    assert len(stored) > 2
    assert len(rows) > 2
    everything = b"\n".join(stored) + "\n".join(rows).encode()
    assert [word for word in (b"secret", b"camille", b"Camille") if word in everything] == []


async def sequences(room: Mailroom, stream: str) -> range:
    """Positions that a stream holds."""
    state = (await room.runtime.nats.jetstream().stream_info(stream)).state
    return range(state.first_seq, state.last_seq + 1) if state.messages else range(0)
