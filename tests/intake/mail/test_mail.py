"""Hostile mail, read: nothing raises, nothing takes long, and nothing that can be read is lost."""

from __future__ import annotations

import datetime as dt
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.intake.mail.post import JPEG, large, mail, nested, raw

from clic_contracts.submission import (
    ProgressSubmission,
    RequestPointer,
    RequestSubmission,
    encode_submission,
    parse_submission,
)
from clic_contracts.vocabulary import Channel, Kind
from clic_intake.core.mail import (
    HEADER_BLOCK_BYTES_MAX,
    LINE_ENDS_MAX,
    MAIL_BYTES_MAX,
    PARTS_MAX,
    Mark,
    parse,
)
from clic_intake.core.mail_text import header_text, set_apart
from clic_intake.core.mail_words import TEXT_CHARS_MAX, note, requester, text_of
from clic_intake.mail.html import html_text

ACCENTS = "Déjà vu à l’école : cœur brisé, 20 €"


def test_an_ordinary_mail_is_read_whole() -> None:
    read = parse(mail(files=(("plan é.pdf", b"%PDF-1.4 imaginaire", "application/pdf"),)), html_text)
    assert (read.name, read.address) == ("Camille Exemple", "camille@exemple.invalid")
    assert (read.subject, read.message_id) == ("Nid-de-poule", "<1@exemple.invalid>")
    assert read.sent_at == dt.datetime(2026, 11, 2, 14, tzinfo=dt.UTC)
    assert read.words.said == "Un trou devant le 1, rue Inventée."
    assert [(file.name, file.content) for file in read.files] == [("plan é.pdf", b"%PDF-1.4 imaginaire")]
    assert read.marks == frozenset()


@pytest.mark.parametrize("said", ["utf-8", "us-ascii", "iso-8859-1", "windows-1252", "x-imaginaire", "utf-7", "", "\0"])
@pytest.mark.parametrize("written", ["utf-8", "cp1252"])
def test_a_wrong_charset_is_found_out(said: str, written: str) -> None:
    body = ACCENTS.encode(written)
    read = parse(raw(f"From: a@exemple.invalid\nContent-Type: text/plain; charset={said}", body), html_text)
    assert read.words.said == ACCENTS


@pytest.mark.parametrize("charset", ["utf-16", "koi8-r", "big5", "iso-2022-jp"])
def test_a_rarer_charset_is_believed_where_the_bytes_fit_it(charset: str) -> None:
    text = {"utf-16": "Été", "koi8-r": "Привет", "big5": "你好", "iso-2022-jp": "こんにちは"}[charset]
    head = f"From: a@exemple.invalid\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit"
    assert parse(raw(head, text.encode(charset)), html_text).words.said == text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("=?utf-8?q?Nid=C2=ADde=C2=ADpoule_=C3=A0_r=C3=A9parer?=", "Nid\u00adde\u00adpoule à réparer"),
        ("=?iso-8859-1?q?=C9t=E9?= =?utf-8?b?w6l0w6k=?=", "Étéété"),
        ("=?utf-8?b?a?= mal", "=?utf-8?b?a?= mal"),
        ("=?utf-8?q?", "=?utf-8?q?"),
        ("=?x-rien?q?abc?=", "abc"),
        ("a\r\n b\0c", "a bc"),
        ("d\udce9j\udce0", "déjà"),
        ("", ""),
    ],
)
def test_headers_are_read_as_far_as_they_can_be(value: str, said: str) -> None:
    assert header_text(value) == said


def test_raw_accents_in_headers_are_read() -> None:
    read = parse("From: Élise Inventée <e@exemple.invalid>\r\nSubject: Ça déborde\r\n\r\n".encode("latin-1"), html_text)
    assert (read.name, read.subject) == ("Élise Inventée", "Ça déborde")


def test_a_mail_without_a_subject_or_a_sender_is_taken() -> None:
    read = parse(mail(sender=None, subject=None, message_id=None), html_text)
    assert (read.subject, read.address, requester(read)) == ("", None, None)
    assert text_of(read) == ("Un trou devant le 1, rue Inventée.", True)


def test_html_alone_is_read_as_a_person_sees_it() -> None:
    markup = (
        "<html><head><title>t</title><style>p{}</style></head><body><p>Bonjour,</p><p>Un\n <b>trou</b>&nbsp;: ici.</p>"
        "<ul><li>un</li><li>deux</li></ul><script>alert(1)</script><a href='http://piege.invalid/'>ici</a></body>"
    )
    read = parse(raw("From: a@exemple.invalid\nContent-Type: text/html; charset=utf-8", markup.encode()), html_text)
    assert [line for line in read.words.said.split("\n") if line] == [
        *("Bonjour,", "Un trou\u00a0: ici.", "un", "deux", "ici")
    ]


def test_of_alternatives_the_plain_text_is_read_unless_it_is_blank() -> None:
    for plain, said in (("En clair.", "En clair."), ("\n \n", "En HTML.")):
        message = EmailMessage()
        message["From"] = "a@exemple.invalid"
        message.set_content(plain)
        message.add_alternative("<p>En HTML.</p>", subtype="html")
        message.add_attachment(JPEG, maintype="image", subtype="jpeg", filename="photo.jpg")
        read = parse(bytes(message), html_text)
        assert (read.words.said, len(read.files)) == (said, 1)


@pytest.mark.parametrize("depth", [100, 199])
def test_what_lies_a_hundred_parts_deep_is_read(depth: int) -> None:
    read = parse(nested(depth), html_text)
    assert (read.words.said, read.marks) == ("Au fond.", frozenset())


@pytest.mark.parametrize(
    "hostile",
    [
        nested(5_000),
        raw("From: a@exemple.invalid\nSubject: Lignes", b"\n" * (LINE_ENDS_MAX + 1)),
        raw("From: a@exemple.invalid\nContent-Type: multipart/mixed; boundary=b", b"--b\r\nA: b\r\n\r\nx\r\n" * 10_000),
        raw("From: a@exemple.invalid", b"Content-Type: message/rfc822\r\n\r\n" * 300),
    ],
    ids=["depth", "lines", "headers of parts", "mails within mails"],
)
def test_what_would_exhaust_the_parser_is_taken_by_its_headers_with_a_mark(hostile: bytes) -> None:
    read = parse(hostile, html_text)
    assert read.address in ("a@exemple.invalid", "camille@exemple.invalid")
    assert read.marks == {Mark.TOO_COMPLEX}


def test_headers_without_end_are_cut_with_a_mark() -> None:
    read = parse(raw("From: a@exemple.invalid\nX-Long: " + ";" * (HEADER_BLOCK_BYTES_MAX + 1), b"Texte."), html_text)
    assert (read.address, read.words.said) == ("a@exemple.invalid", "Texte.")
    assert read.marks == {Mark.HEADERS_CUT}


def test_parameters_without_end_do_not_take_quadratic_time() -> None:
    part = b"--b\r\nContent-Type: text/plain" + b";" * 100_000 + b"\r\n\r\nx\r\n"
    read = parse(raw("From: a@exemple.invalid\nContent-Type: multipart/mixed; boundary=b", part * 50), html_text)
    assert read.words.said.count("x") == 50


def test_more_parts_than_anybody_sends_are_cut_with_a_mark() -> None:
    parts = b"--b\r\n\r\nx\r\n" * (PARTS_MAX + 1)
    read = parse(raw("From: a@exemple.invalid\nContent-Type: multipart/mixed; boundary=b", parts), html_text)
    assert read.words.said.count("x") == PARTS_MAX
    assert read.marks == {Mark.PARTS_CUT}


def test_the_largest_mail_that_is_taken_is_read_whole() -> None:
    whole = large(MAIL_BYTES_MAX - 100_000)
    read = parse(whole, html_text)
    assert (len(whole) > MAIL_BYTES_MAX * 0.9, len(read.files), read.marks) == (True, 1, frozenset())


def test_a_part_that_cannot_be_read_costs_only_itself() -> None:
    def broken(markup: str) -> str:
        raise ValueError(markup)

    parts = b"--b\r\nContent-Type: text/html\r\n\r\n<p>non\r\n--b\r\n\r\noui\r\n--b--"
    read = parse(raw("From: a@exemple.invalid\nContent-Type: multipart/mixed; boundary=b", parts), broken)
    assert read.words.said == "oui"
    assert read.marks == {Mark.PART_UNREADABLE}


def test_nul_and_other_control_characters_fall_away() -> None:
    read = parse(raw("From: a@exemple.invalid\nSubject: a\0b", b"x\0y\x1b[31m\x07z"), html_text)
    assert (read.subject, read.words.said) == ("ab", "xy[31mz")


def test_a_mail_is_the_same_by_whichever_way_it_comes_and_another_one_is_not() -> None:
    """Traces differ with each delivery; a Message-ID that is used twice makes no two mails one."""
    once = mail()
    again = b"Received: from a by b; Mon, 02 Nov 2026 09:00:01 -0500\r\nReturn-Path: <x@exemple.invalid>\r\n" + once
    assert parse(once, html_text).identity == parse(again, html_text).identity
    assert parse(once, html_text).identity == parse(once.replace(b"\r\n", b"\n"), html_text).identity
    assert parse(once, html_text).identity != parse(mail("Un autre trou."), html_text).identity


REPLIES = {
    "gmail": "Merci !\n\nLe lun. 2 nov. 2026 à 09:00, CLIC\n<clic@exemple.invalid> a écrit :\n\n> Salut,\n> Il manque.",
    "english": "Merci !\n\nOn Mon, Nov 2, 2026 at 9:00 AM CLIC <clic@exemple.invalid> wrote:\n> Bonjour,\n> Il manque.",
    "outlook": "Merci !\n\n________________\nDe : CLIC\nEnvoyé : lundi\nÀ : Camille\nObjet : Il manque.",
    "divider": "Merci !\n\n-----Message d’origine-----\nIl manque.",
    "html": "Merci !\n\nLe 2 nov. 2026 à 09:00, CLIC a écrit\u00a0:\n\nBonjour,\nIl manque.",
}


@pytest.mark.parametrize("program", REPLIES)
def test_a_reply_s_new_words_are_set_apart_from_what_it_quotes(program: str) -> None:
    words = set_apart(REPLIES[program])
    assert words.said.strip("_\n") == "Merci !"
    assert "Il manque." in words.quoted


def test_answers_between_quoted_lines_are_the_sender_s_words() -> None:
    words = set_apart("Le 2 nov. 2026, CLIC a écrit :\n> Votre nom ?\nCamille Exemple\n> Où ?\nRue Inventée")
    assert words.said == "Camille Exemple\nRue Inventée"
    assert words.quoted == "Le 2 nov. 2026, CLIC a écrit :\n> Votre nom ?\n> Où ?"


def test_a_signature_is_set_apart_and_kept() -> None:
    words = set_apart("Un trou.\n-- \nCamille Exemple\n450 555-0134")
    assert (words.said, words.signature) == ("Un trou.", "--\nCamille Exemple\n450 555-0134")


def test_what_is_forwarded_or_only_quoted_is_said() -> None:
    text = "---------- Message original ----------\nUn trou."
    assert set_apart(text).said == text
    assert "Un trou." in set_apart(f"Voir ci-dessous.\n{text}", "TR : Nid-de-poule").said


def test_every_part_of_the_text_is_written_down_and_what_does_not_fit_is_told() -> None:
    text, is_whole = text_of(parse(mail(REPLIES["gmail"] + "\n"), html_text))
    assert is_whole
    assert text.startswith("Objet\u00a0: Nid-de-poule\n\nMerci !\n\n[Texte cité]\nLe lun.")
    text, is_whole = text_of(parse(mail("Un trou.\n" * 2_000), html_text))
    assert (len(text), is_whole) == (TEXT_CHARS_MAX, False)


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        ("<div>" * 100_000 + "fond", "fond"),
        ("<b>" * 100_000 + "fond", "fond"),
        ("<ul>" * 250 + "<li>a" * 50_000, "a"),
        ("<", "<"),
        ("<p", ""),
        ("\0<p>a", "a"),
        ("<p>&#0;&#xD800;a", "a"),
    ],
)
def test_hostile_html_neither_hangs_nor_swells(markup: str, said: str) -> None:
    text = html_text(markup)
    assert said in text
    assert len(text) <= len(markup) * 2


@given(st.binary(max_size=2_000))
def test_no_bytes_make_the_reader_raise(content: bytes) -> None:
    read = parse(content, html_text)
    assert len(read.identity) == 64
    assert "\0" not in text_of(read)[0]


HEADERS = st.sampled_from(
    [
        *("From: ", "Subject: ", "Date: ", "Message-ID: ", "References: ", "Received: ", "Content-Type: ", "X: "),
        *("Content-Type: multipart/mixed; boundary=", "Content-Type: text/html; charset=", "Content-Disposition: "),
        *("Content-Transfer-Encoding: base64\n", "Content-Transfer-Encoding: x-uuencode\n", "--b\n", "--b--\n", "\n"),
        *("Content-Type: message/rfc822\n\n", "Content-Type: multipart/report; report-type=x; boundary=b\n\n"),
    ]
)


@settings(max_examples=300)
@given(st.lists(st.tuples(HEADERS, st.binary(max_size=60)), max_size=12))
def test_whatever_mime_there_is_the_desk_can_take_it(pieces: list[tuple[str, bytes]]) -> None:
    """Nothing that is read of a mail makes a submission that the desk refuses: it would come again for ever."""
    read = parse(b"".join(head.encode() + tail + b"\n" for head, tail in pieces), html_text)
    remark = note(list(Mark), [file.name for file in read.files], foreign_references=("2026-000001",))
    about = RequestPointer(reference="2026-000001")
    for submission in (
        RequestSubmission(kind=Kind.REQUEST, channel=Channel.EMAIL, text=text_of(read)[0], requester=requester(read)),
        ProgressSubmission(about=about, text=remark),
    ):
        at = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
        body = encode_submission(submission, source="urn:clic:mail", event_id="1", occurred_at=at)
        assert parse_submission(body).data == submission


@given(st.text(max_size=500))
def test_what_a_person_writes_is_never_lost(text: str) -> None:
    """Every word of a text is in one of its three parts, whatever looks like a quotation or a signature in it."""
    words = set_apart(text)
    kept = f"{words.said}\n{words.signature}\n{words.quoted}".split()
    assert sorted(kept) == sorted(text.split())
