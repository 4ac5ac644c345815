"""Mails that answer or repeat what the town wrote, and are no word of the requester's: kept apart, or let go."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.intake.mail.mailroom import Mailroom
from tests.intake.mail.post import CAMILLE, DESK, mail
from tests.intake.mail.test_reception import LETTER, STRANGER, write

from clic_chassis.mail import Heading, mail_of
from clic_contracts.envelope import derive_id
from clic_contracts.event import LetterWritten
from clic_contracts.vocabulary import Channel, Language, LetterKind, RequestId
from clic_deadlines.core.digest import Notice
from clic_deadlines.digest.table import Taken
from clic_intake.mail.kept import THIRD_PARTY
from clic_intake.mail.reception import Outcome


async def notice(room: Mailroom, request_id: RequestId) -> str:
    """A notice to a third party; its Message-ID."""
    written = LetterWritten(
        letter_id=LETTER,
        letter=LetterKind.THIRD_PARTY,
        channel=Channel.EMAIL,
        language="fr",
        third_party_id=derive_id("tiers imaginaire"),
    )
    await write(room, request_id, written)
    return f"<{LETTER}.{request_id}@villemsh.ca>"


@pytest.mark.parametrize("sender", [STRANGER, CAMILLE])
async def test_a_third_partys_answer_to_its_notice_is_kept_apart_from_what_the_requester_said(
    room: Mailroom, sender: str
) -> None:
    """A-2.1 art. 49, 53: no fact of the request holds it, delivered however often; it goes when the request does."""
    request_id = await room.open(mail())
    headers = {"In-Reply-To": await notice(room, request_id)}
    files = (("offre.pdf", b"%PDF-1.4 imaginaire", "application/pdf"),)
    reply = mail("Je m’y oppose.", sender=sender, message_id="<2@exemple.invalid>", headers=headers, files=files)
    before = await room.types(request_id)
    for by_person in (False, False, True):
        taken = await room.take(reply, by_person=by_person)
        assert (taken.outcome, taken.request_id) == (Outcome.THIRD_PARTY, request_id)
        assert await room.types(request_id) == before
    (kept,) = await room.kept.of_request(request_id)
    assert (kept.reason, kept.kept_until) == (THIRD_PARTY, None)
    assert await room.kept.read(kept.mail_id) == reply
    await room.runtime.pool.execute("UPDATE request SET wrapped_key = NULL, erased_at = now()")
    assert await room.kept.of_request(request_id) == []


async def test_a_digest_to_a_department_whose_address_is_the_desks_leaves_nothing(room: Mailroom) -> None:
    """POL-29, RFC 3834: neither a request nor a mail for agents to sort; only its own kind is let go."""
    name = Taken(dt.date(2026, 11, 26), Notice.DEPARTMENT, "greffe", 0).name
    heading = Heading(
        message_id=f"<{name}@villemsh.ca>",
        sender="CLIC",
        address=DESK,
        language=Language.FR,
        written_at=room.runtime.clock.now(),
        boundary=f"clic-{name}",
    )
    digest = mail_of(heading, DESK, "Vos échéances", "Une échéance imaginaire.", "<p>Une échéance imaginaire.</p>")
    before = await room.length()
    assert (await room.take(digest.as_bytes(), returns_to=DESK)).outcome is Outcome.DIGEST
    assert await room.kept.aside() == []
    others = (
        mail(sender=STRANGER, message_id=heading.message_id, headers={"Auto-Submitted": "auto-generated"}),
        mail(sender=DESK, message_id=f"<{name}@exemple.invalid>", headers={"Auto-Submitted": "auto-generated"}),
        mail(sender=DESK, message_id=heading.message_id),
    )
    for other in others:
        assert (await room.take(other)).outcome is Outcome.ASIDE
    assert len(await room.kept.aside()) == len(others)
    assert await room.length() == before
