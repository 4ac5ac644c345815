"""Which request a mail points to, and which mails nobody wrote."""

from __future__ import annotations

import pytest
from tests.intake.mail.post import bounce, mail

from clic_intake.core.mail import parse
from clic_intake.core.mail_nature import HOPS_MAX, Aside, nature
from clic_intake.core.thread import LetterPointer, Ours, thread
from clic_intake.letter.render import message_id
from clic_intake.mail.html import html_text

OURS = Ours(("clic@exemple.invalid", "info@exemple.invalid"))
LETTER, REQUEST = "6f9619ff-8b86-5d11-b42d-00cf4fc964ff", "7f9619ff-8b86-5d11-b42d-00cf4fc964ff"
LETTER_ID = f"<{LETTER}.{REQUEST}@exemple.invalid>"


def pointed(**headers: str) -> tuple[LetterPointer, ...]:
    return thread(parse(mail(headers={k.replace("_", "-"): v for k, v in headers.items()}), html_text), OURS).letters


def test_a_reply_points_to_the_letter_that_it_answers() -> None:
    assert pointed(In_Reply_To=LETTER_ID) == (LetterPointer(LETTER, REQUEST),)
    assert pointed(References=f"<a@b> {LETTER_ID} <c@d>") == (LetterPointer(LETTER, REQUEST),)
    assert pointed(References=LETTER_ID.upper()) == (LetterPointer(LETTER, REQUEST),)


@pytest.mark.parametrize(
    "message_id",
    [
        LETTER_ID.replace("exemple.invalid", "ailleurs.invalid"),
        LETTER_ID.replace(".7", "7"),
        f"<{LETTER}@exemple.invalid>",
        "<1@exemple.invalid>",
    ],
)
def test_what_is_no_message_id_of_ours_points_to_nothing(message_id: str) -> None:
    assert pointed(In_Reply_To=message_id) == ()


@pytest.mark.parametrize(
    ("subject", "references"),
    [
        ("Re : votre demande 2026-000123", ("2026-000123",)),
        ("[2026-000123] et 2026-000124, 2026-000123", ("2026-000123", "2026-000124")),
        ("12026-000123, 2026-00012, 2026-000123-4, 450-555-0134", ()),
    ],
)
def test_references_are_found_in_a_subject(subject: str, references: tuple[str, ...]) -> None:
    assert thread(parse(mail(subject=subject), html_text), OURS).references == references


@pytest.mark.parametrize(
    ("headers", "aside"),
    [
        ({}, None),
        ({"Auto-Submitted": "no"}, None),
        ({"Auto-Submitted": "auto-replied (vacances)"}, Aside.AUTO_REPLY),
        ({"Auto-Submitted": "auto-generated; owner-email=a"}, Aside.AUTO_REPLY),
        ({"X-Autoreply": "yes"}, Aside.AUTO_REPLY),
        ({"Precedence": "Auto_Reply"}, Aside.AUTO_REPLY),
        ({"Return-Path": "<>"}, Aside.AUTO_REPLY),
        ({"Precedence": "bulk"}, Aside.LIST),
        ({"List-Id": "<liste.exemple.invalid>"}, Aside.LIST),
        ({"List-Unsubscribe": "<mailto:a@exemple.invalid>"}, Aside.LIST),
        ({"X-Loop": "clic@exemple.invalid"}, Aside.LOOP),
        ({"X-Loop": "autre@exemple.invalid"}, None),
    ],
)
def test_what_a_program_sent_is_set_aside(headers: dict[str, str], aside: Aside | None) -> None:
    """RFC 3834."""
    assert nature(parse(mail(headers=headers), html_text), OURS, returns_to="camille@exemple.invalid") is aside


def test_what_we_sent_ourselves_is_a_loop() -> None:
    for looped in (
        mail(sender="CLIC <Clic+suivi@exemple.invalid>"),
        mail(sender="info@exemple.invalid"),
        mail(message_id=LETTER_ID),
        b"Received: from a by b; x\r\n" * (HOPS_MAX + 1) + mail(),
    ):
        assert nature(parse(looped, html_text), OURS, returns_to=None) is Aside.LOOP


def test_notifications_and_what_nobody_is_to_answer_are_told_from_people() -> None:
    """RFC 3464, RFC 5321 4.5.5."""
    read = parse(bounce(LETTER_ID), html_text)
    assert nature(read, OURS, returns_to="") is Aside.BOUNCE
    assert nature(parse(mail(sender="Postmaster@exemple.invalid"), html_text), OURS, returns_to="") is Aside.BOUNCE
    assert nature(parse(mail(), html_text), OURS, returns_to="") is Aside.AUTO_REPLY
    assert nature(parse(mail(), html_text), OURS, returns_to=None) is None


def test_letters_go_out_under_the_message_id_that_answers_are_known_by() -> None:
    """The writer's form and the reader's are one."""
    assert message_id(LETTER, REQUEST, "clic@exemple.invalid") == LETTER_ID
    assert OURS.letter_of(message_id(LETTER, REQUEST, "clic@exemple.invalid")) == LetterPointer(LETTER, REQUEST)
