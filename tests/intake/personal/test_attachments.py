"""Files of a request: told by their bytes, sealed in pieces, gone with their request. Source: POL-28, POL-30."""

from __future__ import annotations

import io
import zipfile

import pytest
from tests.intake.service.office import SOURCE, Office, now
from tests.intake.service.test_privacy import REQUEST

from clic_chassis.error import NotFoundError, RetryableError
from clic_contracts.envelope import request_id_for
from clic_contracts.event import RequestAttached
from clic_contracts.subject import ATTACHMENT_STREAM, attachment_subject
from clic_contracts.vocabulary import Service
from clic_intake.core.media import BYTES_MAX, FILES_MAX, UnfitFileError, file_name, media_type
from clic_intake.core.rule import UnknownRequestError
from clic_intake.desk import OtherContentError
from clic_intake.personal.attachments import PIECE_BYTES, Attachments, _signature
from clic_intake.personal.tracking import Tracking
from clic_intake.register import Register
from clic_intake.seal import MasterKey, SealError

MASTER = MasterKey(bytes(range(32)))
ID = request_id_for(SOURCE, "appel-1")
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + b"zzyx" * 50
BY = "agent:alex.exemple"


def zipped(**files: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/"), text)
    return body.getvalue()


def register(office: Office) -> Register:
    return Register(office.runtime.pool, MASTER)


def attachments(office: Office) -> Attachments:
    runtime = office.runtime
    return Attachments(runtime.nats, register(office), runtime.decisions(Service.INTAKE), runtime.log)


async def add(files: Attachments, content: bytes = JPEG, name: str = "photo.jpg", cause: str = "ajout-1") -> str:
    return await files.add(ID, name, content, actor=BY, cause_id=cause, at=now())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (JPEG, "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(60), "image/png"),
        (b"\0\0\0\x24ftypheic\0\0\0\0mif1heic" + bytes(60), "image/heic"),
        (b"%PDF-1.7\n%\xe2\xe3\n", "application/pdf"),
        ("Bonjour, un été à la rue Inventée.\n".encode(), "text/plain"),
        ("Un été.".encode("cp1252"), "text/plain"),
        (
            zipped(**{"[Content_Types].xml": "<Types/>", "_rels__.rels": "x", "word__document.xml": "<w/>" * 200}),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            zipped(mimetype="application/vnd.oasis.opendocument.text", **{"content.xml": "x"}),
            "application/vnd.oasis.opendocument.text",
        ),
    ],
)
def test_a_file_is_what_its_bytes_say(content: bytes, expected: str) -> None:
    assert media_type(content, _signature) == expected


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x" * (BYTES_MAX + 1),
        b"MZ\x90\0" + bytes(100),
        b"  <HTML><script>alert(1)</script></html>",
        b"\xef\xbb\xbf<svg xmlns='http://www.w3.org/2000/svg'></svg>",
        b"#!/bin/sh\nls",
        b"a\0b",
        zipped(**{"programme.exe": "MZ"}),
        b"\0\0\0\x20ftypisom\0\0\2\0isomiso2" + bytes(60),
    ],
    ids=["empty", "too large", "a program", "HTML", "SVG", "a script", "not text", "an archive", "a film"],
)
def test_what_a_browser_or_a_computer_would_run_is_not_taken(content: bytes) -> None:
    with pytest.raises(UnfitFileError):
        media_type(content, _signature)


@pytest.mark.parametrize(
    ("given", "kind", "expected"),
    [
        ("photo.JPEG", "image/jpeg", "photo.JPEG"),
        ("..\\..\\etc/passwd", "text/plain", "passwd.txt"),
        ("facture.pdf.exe", "application/pdf", "facture.pdf.exe.pdf"),
        ("", "image/png", "fichier.png"),
        ("a\u202egpj.txt", "text/plain", "agpj.txt"),
        ("été à l’école.txt", "text/plain", "été à l’école.txt"),
    ],
)
def test_a_name_says_what_the_file_is_and_leads_nowhere(given: str, kind: str, expected: str) -> None:
    assert file_name(given, kind) == expected


async def test_a_file_is_read_as_it_was_given_and_stands_nowhere_in_clear(office: Office) -> None:
    """POL-28, POL-30: in several pieces, each below the server's bound."""
    await office.submit(REQUEST, "appel-1")
    files, content = attachments(office), JPEG + b"zzyx" * (PIECE_BYTES // 3)
    attachment_id = await add(files, content, "C:\\photos\\zzyx.jpg")
    read = await files.read(ID, attachment_id)
    assert (read.name, read.media_type, read.content) == ("zzyx.jpg", "image/jpeg", content)
    stored = await office.everything(ATTACHMENT_STREAM)
    assert len(stored) == 2
    assert all(b"zzyx" not in each for each in stored)
    story = await office.runtime.log.load(Service.INTAKE, ID)
    assert "zzyx" not in str([each.data for each in story.events])


async def test_a_file_that_is_said_twice_is_attached_once(office: Office) -> None:
    await office.submit(REQUEST, "appel-1")
    files = attachments(office)
    assert await add(files) == await add(files)
    story = await office.runtime.log.load(Service.INTAKE, ID)
    assert sum(isinstance(each.data, RequestAttached) for each in story.events) == 1
    with pytest.raises(OtherContentError):
        await add(files, JPEG + b"x")


async def test_a_request_holds_no_more_files_than_its_bound_and_a_refused_one_leaves_nothing(office: Office) -> None:
    await office.submit(REQUEST, "appel-1")
    files = attachments(office)
    for number in range(FILES_MAX):
        await add(files, cause=f"ajout-{number}")
    with pytest.raises(UnfitFileError):
        await add(files, cause="de-trop")
    with pytest.raises(UnknownRequestError):
        await files.add(request_id_for(SOURCE, "jamais"), "a", JPEG, actor=BY, cause_id="x", at=now())
    assert len(await office.everything(ATTACHMENT_STREAM)) == FILES_MAX


async def test_a_piece_that_was_moved_or_removed_is_noticed(office: Office) -> None:
    """POL-30: a piece is sealed for its file and its place."""
    await office.submit(REQUEST, "appel-1")
    files = attachments(office)
    one, other = await add(files), await add(files, JPEG + b"autre", cause="ajout-2")
    raw = await office.nats.jetstream().get_last_msg(ATTACHMENT_STREAM, attachment_subject(ID, other, 0))
    assert raw.data is not None
    await office.nats.jetstream().publish(attachment_subject(ID, one, 0), raw.data)
    with pytest.raises(SealError):
        await files.read(ID, one)
    await files.purge(ID, other)
    with pytest.raises(RetryableError, match="not there"):
        await files.read(ID, other)
    with pytest.raises(NotFoundError):
        await files.read(ID, request_id_for(SOURCE, "jamais"))


async def test_a_tracking_secret_is_the_requests_own_and_ends_with_its_key(office: Office) -> None:
    """POL-18, POL-30."""
    await office.submit(REQUEST, "appel-1")
    tracking = Tracking(register(office))
    secret = await tracking.secret(ID)
    assert len(secret) == 22
    assert await tracking.is_right(ID, secret)
    assert not await tracking.is_right(ID, secret[:-1] + ("A" if secret[-1] != "A" else "B"))
    assert not await tracking.is_right(ID, "é")
    assert not await tracking.is_right(request_id_for(SOURCE, "jamais"), secret)
    await office.runtime.pool.execute(
        "UPDATE request SET erased_at = now(), wrapped_key = NULL WHERE request_id = $1", ID
    )
    assert not await tracking.is_right(ID, secret)
    assert not await tracking.is_right(ID, "tracking link 1")
