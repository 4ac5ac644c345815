"""After erasing, no byte tells who it was: every file of the whole house is searched, and every row. Source: POL-30."""

from __future__ import annotations

import asyncio
import base64
import json
import quopri
import smtplib
import urllib.parse
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.intake.citizen.visit import Hall, link_of
from tests.intake.mail.post import DESK, mail
from tests.system.house import House, files_below
from tests.system.submitting import SOURCE, by_http, by_inbox, report, request, submission
from tests.system.test_life import quarter

from clic.folder import Folder
from clic.nats_config import publisher_user
from clic_chassis.embedded.port import free_port
from clic_chassis.testing import wait_until
from clic_contracts.subject import INBOX_STREAM, inbox_subject
from clic_intake.seal import MasterKey, SealError

pytestmark = [pytest.mark.system, pytest.mark.timeout(480)]

PLANTED = (
    "Wqkzyvra",
    "wqkzyvra.exemple@exemple.invalid",
    "514 555-0143",
    "4321, rue Wqkzyvroise",
    "Le wqkzyvrisme gêne.",
)
"""Who, at which contacts, where, and what they wrote: words that stand in no library, log or page of ours."""
NAME, EMAIL, PHONE, ADDRESS, WORDS = PLANTED
WHO = {"name": f"{NAME} Exemple", "email": EMAIL, "phone": PHONE, "address": ADDRESS}
FILE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + WORDS.encode() * 20_000
ABOUT = {"source": SOURCE, "id": "oubli-1"}
CHUNK = 8 * 1024 * 1024
LONGEST = 200
ERASED_S = 60.0


def guises(text: str) -> Iterator[bytes]:
    """The encodings in which a text could stand in a file."""
    raw = text.encode()
    yield from (raw, raw.lower(), text.encode("utf-16-le"), text.encode("utf-16-be"), text.encode("cp1252"))
    yield from (raw.hex().encode(), raw.hex().upper().encode())
    yield from (json.dumps(text).strip('"').encode(), urllib.parse.quote(text).encode())
    yield from (urllib.parse.quote_plus(text).encode(), quopri.encodestring(raw).strip())
    for offset in range(3):  # Of base64 what is the same wherever the text begins; in both alphabets.
        encoded = base64.b64encode(bytes(offset) + raw)
        inner = encoded[(offset * 8 + 5) // 6 : len(raw) * 4 // 3 - 2]
        yield from (inner, inner.replace(b"+", b"-").replace(b"/", b"_"))


HALL = Hall(None, "")  # type: ignore[arg-type]  # The town's part is played by the house.
NEEDLES = {guise: text for text in PLANTED for guise in guises(text)}


def told(body: bytes) -> set[str]:
    """Which planted texts stand in bytes, in whatever guise."""
    return {text for guise, text in NEEDLES.items() if guise in body}


def in_files(folder: Path) -> dict[str, set[str]]:
    """Which of them stand in files below a folder: NATS, PostgreSQL with its log, services' logs and traces."""
    found: dict[str, set[str]] = {}
    for path in files_below(folder):
        try:
            with path.open("rb") as file:
                rest = b""
                while body := file.read(CHUNK):
                    if here := told(rest + body):
                        found.setdefault(str(path.relative_to(folder)), set()).update(here)
                    rest = body[-LONGEST:]
        except FileNotFoundError:
            continue  # A file that a server removed meanwhile tells nothing any more.
    return found


def holding(folder: Path, keys: Sequence[bytes]) -> list[Path]:
    """The files below a folder in which a key stands."""
    found: list[Path] = []
    for path in files_below(folder):
        with suppress(FileNotFoundError):
            body = path.read_bytes()
            found += [path] if any(key in body for key in keys) else []
    return found


async def in_rows(house: House) -> dict[str, set[str]]:
    """Which of them stand in any row of any database; files could hold them compressed."""
    found: dict[str, set[str]] = {}
    for service in ("intake", "deadlines", "reporting"):
        async with house.database(service) as connection:
            tables = await connection.fetch(
                "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables "
                "WHERE schemaname !~ '^(pg_|information_schema)'"
            )
            for table in tables:
                rows = await connection.fetch(f"SELECT t::text AS row FROM {table['name']} t")
                if here := told("\n".join(row["row"] for row in rows).encode()):
                    found[f"{service} {table['name']}"] = here
    return found


async def in_streams(house: House) -> dict[str, set[str]]:
    """Which of them stand in any message of any stream; its files are compressed."""
    found: dict[str, set[str]] = {}
    async with house.client() as client:
        for info in await client.jetstream().streams_info():
            name = info.config.name or ""
            for sequence in range(info.state.first_seq, info.state.last_seq + 1):
                body = json.dumps({"seq": sequence}).encode()
                answer = await client.request(f"$JS.API.STREAM.MSG.GET.{name}", body, timeout=20)
                message = json.loads(answer.data).get("message", {})
                body = base64.b64decode(message.get("data", "")) + base64.b64decode(message.get("hdrs", ""))
                if here := told(body + message.get("subject", "").encode()):
                    found.setdefault(name, set()).update(here)
    return found


async def silent(house: House) -> None:
    """Wait until what was taken is erased from the inbox, and look everywhere."""

    async def inbox_is_empty() -> bool:
        async with house.client() as client:
            return (await client.jetstream().stream_info(INBOX_STREAM)).state.messages == 0

    await wait_until(inbox_is_empty, ERASED_S, what="the inbox to be empty")
    await wait_until(
        lambda: not in_files(house.nats.folder), ERASED_S, what="the server to have removed the inbox's blocks"
    )
    found = {**in_files(house.folder), **await in_rows(house), **await in_streams(house)}
    for service in ("intake", "routing", "deadlines", "reporting"):
        if here := told((await house.metrics(service)).encode()):
            found[f"metrics of {service}"] = here
    assert found == {}


async def by_mail(http: httpx.AsyncClient, lmtp_port: int, others: set[str]) -> str:
    """A mail, as a mail server brings it; gives its request, found by its sender."""
    body = mail(
        WORDS,
        sender=f"{WHO['name']} <{EMAIL}>",
        subject=f"{NAME}, {PHONE}, {ADDRESS}",
        message_id=f"<{NAME}.1@exemple.invalid>",
        files=((f"{NAME}.jpg", FILE, "image/jpeg"),),
    )

    def bring() -> None:
        with smtplib.LMTP("127.0.0.1", lmtp_port) as server:
            server.sendmail(EMAIL, [DESK], body)

    await asyncio.to_thread(bring)

    async def there() -> set[str]:
        found = (await http.post("/persons/find", json={"email": EMAIL})).raise_for_status().json()
        return {str(each["request_id"]) for each in found} - others

    (request_id,) = await wait_until(there, ERASED_S, what="the mail to be a request")
    return request_id


@asynccontextmanager
async def planted(house: House, lmtp_port: int) -> AsyncIterator[dict[str, str]]:
    """Say all of it by every way in; gives the requests' ids by how they came."""
    personal = {"text": WORDS, "requester": WHO}
    place = {"address": ADDRESS, "latitude": 45.56, "longitude": -73.19}
    ids: dict[str, str] = {}
    for event_id, submit in (("oubli-1", by_http), ("oubli-2", by_inbox)):
        receipt = await submit(house, request(**personal, place=place), event_id)
        assert receipt.request_id is not None, receipt
        ids[event_id] = receipt.request_id
    for event_id, kind, fields in (
        ("oubli-3", "submission.interaction.v1", {"channel": "phone", "text": WORDS, "about": ABOUT}),
        ("oubli-4", "submission.completion.v1", {"about": ABOUT, **personal}),
        ("oubli-5", "submission.progress.v1", {"about": ABOUT, "text": WORDS}),
    ):
        await by_inbox(house, submission(kind, fields), event_id, code="telephonie")
    user = publisher_user("courriel")
    async with house.client(user) as client:  # What cannot be read is refused, and is in the inbox until then.
        for body in (json.dumps(WHO).encode(), b'{"text": "' + WORDS.encode()):
            await client.publish(inbox_subject("courriel", "submission.request.v1"), body)
        await client.flush()
    async with (
        house.http("intake") as http,
        httpx.AsyncClient(base_url=house.url("intake"), follow_redirects=True, timeout=20, trust_env=False) as visitor,
    ):
        page = await HALL.sent(
            visitor, files=[("files", (f"{NAME}.jpg", FILE, "image/jpeg"))], text=WORDS, **WHO, sector="centre"
        )
        reference = link_of(page).reference
        ids["form"] = (await http.get(f"/references/{reference}")).raise_for_status().json()["request_id"]
        ids["mail"] = await by_mail(http, lmtp_port, set(ids.values()))
        path = f"/requests/{ids['oubli-1']}"
        headers = {"Content-Type": "application/octet-stream", "Slug": urllib.parse.quote(f"{NAME}.jpg")}
        (await http.post(f"{path}/attachments", content=FILE, headers=headers)).raise_for_status()
        for verb, said in (
            ("note", {"text": WORDS}),
            ("correct", {"requester": WHO, "ground": "person_asked"}),
            ("learnings", {"text": WORDS}),
            ("open", {"reason": "Essai imaginaire."}),
            ("answer", {"channel": "phone", "text": WORDS}),
            ("note", {"txet": WORDS}),
            ("close", {"reason": WORDS}),
        ):
            answer = await http.post(f"{path}/{verb}", json=said)
            assert verb == "open" or not told(answer.content), f"{verb} repeats what was said: {answer.text}"
        for by in ({"email": EMAIL}, {"name": WHO["name"]}):
            found = (await http.post("/persons/find", json=by)).raise_for_status().json()
            assert {each["request_id"] for each in found} == set(ids.values()), by
        for file_format in ("json", "pdf"):
            wanted = {"request_ids": list(ids.values()), "reason": "Essai imaginaire.", "format": file_format}
            (await http.post("/persons/export", json=wanted)).raise_for_status()
    yield ids


async def counted(house: House) -> dict[str, Any]:
    """What the quarter's report counts, without up to where and when it was told."""
    told_ = await report(house, quarter())
    return {key: value for key, value in told_.items() if key not in ("position", "known_at")}


@pytest.fixture
def lmtp_port(house: House, monkeypatch: pytest.MonkeyPatch) -> int:
    """Of an intake that takes mail: it is started again."""
    port, plain = free_port(), House.environment
    monkeypatch.setattr(House, "environment", lambda self, name: {**plain(self, name), "CLIC_LMTP_PORT": str(port)})
    house.stop("intake")
    house.start("intake")
    return port


async def test_what_is_erased_is_nowhere_and_every_figure_stays(house: House, lmtp_port: int) -> None:
    """POL-30, POL-32, A-2.1 art. 73: in no file, row, stream, log, trace or metric; not in clear before, either."""
    await house.ready()
    async with planted(house, lmtp_port) as ids:
        await house.settled(timers_too=False)
        await silent(house)
        async with house.database("intake") as connection:
            wrapped = {
                each: bytes(await connection.fetchval("SELECT wrapped_key FROM request WHERE request_id = $1", each))
                for each in ids.values()
            }
        old = Folder(house.folder).master_key.read_text(encoding="ascii").strip()
        async with house.http("intake") as http:
            for each in ids.values():
                await http.post(f"/requests/{each}/close", json={"reason": "withdrawn"})
            await house.settled(timers_too=False)
            before = await counted(house)
            assert before["requests"]["received"]
            for each in ids.values():
                (await http.post(f"/requests/{each}/erase", json={"ground": "person_asked"})).raise_for_status()
            for each in ids.values():
                assert (await http.post(f"/requests/{each}/open", json={"reason": "Essai."})).status_code == 410
            assert (await http.post("/persons/find", json={"email": EMAIL})).json() == []
        await house.settled(timers_too=False)
        await silent(house)
        assert await counted(house) == before
        # A wrapped key may stand in the write-ahead log until it is written over: another deployment key ends that.
        said = await house.clic("keys", "rotate")
        assert "is destroyed" in said
        master = MasterKey.read(Folder(house.folder).master_key)
        for each, key in wrapped.items():
            MasterKey(base64.b64decode(old)).unwrap(each, key)  # With the old one it would.
            with pytest.raises(SealError):
                master.unwrap(each, key)
        assert holding(house.folder, (old.encode(), base64.b64decode(old))) == []
        receipt = await by_http(house, request(), "apres-rotation")
        assert receipt.status == "accepted"
