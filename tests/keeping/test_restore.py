"""A log and its registers without a house: what is put together at a restore, what stays ended, and what is refused."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from nats.aio.client import Client
from tests.keeping.conftest import Vault, make_vault
from tests.place import TOWN_DIR

from clic.keeping.artefact import Artefact
from clic.keeping.backup import Source, Taken, take_backup
from clic.keeping.erasure_register import EndedKey, ErasureRegister, of_database, read_register
from clic.keeping.error import DamagedError, KeepingError
from clic.keeping.log_digest import read_log
from clic.keeping.own_servers import own_nats
from clic.keeping.restore import Restored, Target, restore_inbox, restore_log, restore_registers
from clic.keeping.table import PACKAGES
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.migration import migrate
from clic_chassis.testing import Server
from clic_contracts.envelope import RECORDED
from clic_contracts.event import Event, PersonalDataErased, RequestReceived
from clic_contracts.subject import ATTACHMENT_STREAM, INBOX_STREAM, attachment_subject
from clic_contracts.vocabulary import Service
from clic_intake.register import Register
from clic_intake.seal import MasterKey

NOW = dt.datetime(2026, 3, 31, 3, tzinfo=dt.UTC)
MASTER = MasterKey(bytes(range(32)))
ONE, TWO, THREE, LATE = (f"00000000-0000-5000-8000-00000000000{n}" for n in (1, 2, 3, 4))
REFERENCES = {ONE: "2025-000041", TWO: "2026-000007", THREE: "2026-000008", LATE: "2026-000009"}
KEY = "00000000-0000-5000-8000-0000000000aa"
PLANTED = "Wqkzyvra"
ANSWER_WAIT_S = 30.0
"""nats-py's own bound on an answer is half a second, and five seconds on one of JetStream's."""


@dataclass(frozen=True)
class Desk:
    """Databases with their registers, and a log."""

    nats: Client
    databases: Mapping[str, str]

    async def ask(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """What intake's database answers."""
        connection = await asyncpg.connect(self.databases["intake"])
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()


async def append(nats: Client, request_id: str, event: Event, expected: int) -> int:
    """A fact as intake appends it."""
    recorded = RECORDED[type(event)](
        event_id=f"{request_id}-{expected}", source="/clic/intake", type=type(event).TYPE, request_id=request_id,
        occurred_at=NOW, recorded_at=NOW, cause_id=f"c-{expected}", actor="agent:essai", town="essai", data=event,
    )  # fmt: skip
    return await JetStreamLog(nats).append(Service.INTAKE, request_id, [recorded], expected=expected)


@asynccontextmanager
async def databases(server: Server) -> AsyncIterator[dict[str, str]]:
    """Three empty databases."""
    admin = await asyncpg.connect(server.url)
    mark = secrets.token_hex(4)
    names = {each: f"test_{each}_{mark}" for each in ("intake", "deadlines", "reporting")}
    for name in names.values():
        await admin.execute(f"CREATE DATABASE {name}")
    yield {each: f"{server.url.rsplit('/', 1)[0]}/{name}" for each, name in names.items()}
    for name in names.values():
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest_asyncio.fixture
async def urls(postgres_server: Server) -> AsyncIterator[dict[str, str]]:
    """Those of the desk that is backed up."""
    async with databases(postgres_server) as found:
        yield found


@pytest_asyncio.fixture
async def desk(nats: Client, urls: dict[str, str]) -> Desk:
    """Three requests with keys and files, one in the inbox, a publisher's key."""
    desk = Desk(nats, urls)
    for service, package in PACKAGES.items():
        connection = await asyncpg.connect(desk.databases[service])
        await migrate(connection, package)
        await connection.close()
    for each in (ONE, TWO, THREE):
        await register(desk, each)
        event = RequestReceived.model_validate(RequestReceived.EXAMPLE | {"reference": REFERENCES[each]})
        await append(nats, each, event, 0)
        await nats.request(attachment_subject(each, "photo", 0), b"sealed", timeout=ANSWER_WAIT_S)
    await nats.request("clic.inbox.courriel.submission.request.v1", PLANTED.encode(), timeout=ANSWER_WAIT_S)
    await desk.ask("INSERT INTO deployment_key (key_id, promoted_at) VALUES ($1, $2)", MASTER.key_id, NOW)
    await desk.ask(
        "INSERT INTO publisher_key (key_id, publisher, label, digest, made_at, made_by) "
        "VALUES ($1, 'courriel', '', '\\x01', $2, 'ops')",
        KEY,
        NOW,
    )
    return desk


async def register(desk: Desk, request_id: str) -> None:
    """A request in the register, with its key and its name's digest."""
    await desk.ask(
        "INSERT INTO request (request_id, reference, key_id, wrapped_key) VALUES ($1, $2, $3, $4)",
        request_id,
        REFERENCES[request_id],
        MASTER.key_id,
        MASTER.new_wrapped(request_id),
    )
    await desk.ask("INSERT INTO requester_name (digest, request_id) VALUES ('\\x02', $1)", request_id)


@pytest_asyncio.fixture
async def empty(postgres_server: Server, tmp_path: Path) -> AsyncIterator[Desk]:
    """A place with nothing in it."""
    async with databases(postgres_server) as found, own_nats(tmp_path / "empty") as client:
        yield Desk(client, found)


@pytest.fixture
def own_vault(tmp_path: Path) -> Vault:
    """The test's own: each takes its own backup."""
    return make_vault(tmp_path)


async def backed_up(desk: Desk, vault: Vault) -> Taken:
    return await take_backup(
        Source(desk.nats, desk.databases, TOWN_DIR),
        vault.places,
        log_recipients=[vault.log_recipient],
        keys_recipients=[vault.keys_recipient],
        now=NOW,
        backup_id="essai",
    )


async def restored(
    taken: Taken, vault: Vault, into: Desk, erasures: ErasureRegister | None = None, ring: MasterKey = MASTER
) -> Restored:
    log = Artefact.at(taken.log, "log", vault.log_identity)
    keys = Artefact.at(vault.places.keys, "keys", vault.keys_identity)
    target = Target(into.nats, into.databases)
    reading = await restore_log(target, log)
    await restore_inbox(target, keys)
    held = erasures or ErasureRegister(written_at=NOW)
    return await restore_registers(target, keys, reading, held, deployment_key=ring)


async def messages(desk: Desk, stream: str) -> int:
    return (await desk.nats.jetstream(timeout=ANSWER_WAIT_S).stream_info(stream)).state.messages


async def test_log_and_registers_come_back_as_they_were(desk: Desk, empty: Desk, own_vault: Vault) -> None:
    """Keys to the byte; what waits in the inbox; and nothing to tell."""
    taken = await backed_up(desk, own_vault)
    done = await restored(taken, own_vault, empty)
    assert (done.position, done.requests, done.facts) == (3, 3, 3)
    assert (done.unreadable, done.lost, done.erased, done.ended_keys, done.not_told) == (0, (), 0, 0, 0)
    every = "SELECT * FROM request ORDER BY request_id"
    assert await empty.ask(every) == await desk.ask(every)
    assert [await messages(empty, each) for each in (INBOX_STREAM, ATTACHMENT_STREAM)] == [1, 3]


async def test_neither_artefact_holds_anybody_in_clear(desk: Desk, own_vault: Vault) -> None:
    """Also not the inbox, which is in clear until it is judged; and the log's has no key at all."""
    taken = await backed_up(desk, own_vault)
    wrapped = [bytes(row["wrapped_key"]) for row in await desk.ask("SELECT wrapped_key FROM request")]
    for path in (*taken.log.iterdir(), *taken.keys.iterdir(), own_vault.places.erasures):
        body = path.read_bytes()
        assert PLANTED.encode() not in body, path
        assert not [key for key in wrapped if key in body], path
    assert not [each.name for each in taken.log.iterdir() if "request" in each.name or INBOX_STREAM in each.name]


async def test_who_was_erased_after_the_backup_stays_erased(desk: Desk, empty: Desk, own_vault: Vault) -> None:
    """POL-30: one whom the restored log tells of, one whom the register alone knows; and a publisher's ended key."""
    await append(desk.nats, THREE, PersonalDataErased(ground="retention"), 3)
    taken = await backed_up(desk, own_vault)
    await desk.ask("UPDATE request SET erased_at = $1, wrapped_key = NULL WHERE request_id = $2", NOW, ONE)
    await desk.ask(
        "INSERT INTO erasure (request_id, ground, actor, cause_id, asked_at, erased_at, done_at) "
        "VALUES ($1, 'person_asked', 'agent:x', 'c', $2, $2, $2)",
        ONE,
        NOW,
    )
    await desk.ask("UPDATE publisher_key SET ended_at = $1, ended_by = 'ops'", NOW)
    connection = await asyncpg.connect(desk.databases["intake"])
    held = await of_database(connection, NOW)
    await connection.close()
    assert held.ended_keys == {KEY: EndedKey(ended_at=NOW, ended_by="ops")}
    done = await restored(taken, own_vault, empty, held)
    assert (done.erased, done.ended_keys, done.not_told) == (2, 1, 1)
    left = await empty.ask("SELECT request_id::text FROM request WHERE wrapped_key IS NOT NULL")
    assert [row["request_id"] for row in left] == [TWO]
    assert [row["request_id"] for row in await empty.ask("SELECT request_id::text FROM requester_name")] == [TWO]
    assert await messages(empty, ATTACHMENT_STREAM) == 1
    (unfinished,) = await empty.ask("SELECT request_id::text, ground FROM erasure WHERE done_at IS NULL")
    assert tuple(unfinished) == (ONE, "person_asked")  # Intake ends it: the log does not tell it yet.
    (ended,) = await empty.ask("SELECT ended_by FROM publisher_key")
    assert ended["ended_by"] == "ops"


async def test_what_was_registered_after_the_log_is_lost_and_named(desk: Desk, empty: Desk, own_vault: Vault) -> None:
    """It keeps its reference for whoever sends it again, and nothing that names anybody."""
    await register(desk, LATE)  # Its fact comes a moment after the backup.
    taken = await backed_up(desk, own_vault)
    done = await restored(taken, own_vault, empty)
    assert done.lost == (REFERENCES[LATE],)
    (row,) = await empty.ask("SELECT reference, key_id, wrapped_key FROM request WHERE request_id = $1", LATE)
    assert tuple(row) == (REFERENCES[LATE], None, None)
    assert len(await empty.ask("SELECT FROM requester_name")) == 3


async def test_without_keys_references_are_the_logs_and_go_on(desk: Desk, own_vault: Vault) -> None:
    """PostgreSQL and every backup of it are lost: no reference is given twice."""
    reading = await read_log(desk.nats, until=3)
    for table in ("request", "requester_name", "deployment_key", "publisher_key", "reference_counter"):
        await desk.ask(f"TRUNCATE {table}")
    held = ErasureRegister(written_at=NOW)
    target = Target(desk.nats, desk.databases)
    done = await restore_registers(target, None, reading, held, deployment_key=None)
    assert (done.requests, done.unreadable) == (3, 3)
    rows = await desk.ask("SELECT request_id::text, reference FROM request ORDER BY 1")
    assert {row["request_id"]: row["reference"] for row in rows} == {
        each: REFERENCES[each] for each in (ONE, TWO, THREE)
    }
    async with asyncpg.create_pool(desk.databases["intake"], min_size=1, max_size=1) as pool:
        given = await Register(pool, MASTER).register(LATE, 2026, with_key=True)
    assert given.reference == "2026-000009"
    with pytest.raises(KeepingError, match="holds registers"):
        await restore_registers(target, None, reading, held, deployment_key=None)


async def test_a_backup_that_was_hurt_is_refused_before_anything_is_made(
    desk: Desk, empty: Desk, own_vault: Vault
) -> None:
    """It names the file."""
    taken = await backed_up(desk, own_vault)
    file = taken.log / "CLIC_LOG.snapshot.age"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    with pytest.raises(DamagedError, match=r"CLIC_LOG\.snapshot\.age has .* bytes"):
        await restored(taken, own_vault, empty)
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(DamagedError, match=r"CLIC_LOG\.snapshot\.age was changed"):
        await restored(taken, own_vault, empty)
    assert [each.config.name for each in await empty.nats.jetstream(timeout=ANSWER_WAIT_S).streams_info()] == []


async def test_another_deployment_key_is_refused(desk: Desk, empty: Desk, own_vault: Vault) -> None:
    """After a rotation older backups of the keys are noise; it says which key they want."""
    taken = await backed_up(desk, own_vault)
    with pytest.raises(KeepingError, match=f"deployment's key {MASTER.key_id}"):
        await restored(taken, own_vault, empty, ring=MasterKey(bytes(32)))


async def test_a_backup_that_fails_leaves_nothing(desk: Desk, own_vault: Vault) -> None:
    """Neither half: not even where the register of erasures cannot be written."""
    own_vault.places.erasures.write_text("{")
    with pytest.raises(KeepingError, match="no register of erasures"):
        await backed_up(desk, own_vault)
    assert list(own_vault.places.log.iterdir()) == list(own_vault.places.keys.iterdir()) == []


async def test_a_backup_tells_of_keys_that_were_lost_before(desk: Desk, own_vault: Vault) -> None:
    """It is taken all the same, and is no news of a whole register."""
    await desk.ask("DELETE FROM request WHERE request_id = $1", TWO)
    taken = await backed_up(desk, own_vault)
    assert [each for each in taken.told if "does not know 1 of 3 requests" in each]
    assert read_register(own_vault.places.erasures).erasures == {}
    assert replace(taken, seconds=0).log_manifest.position == 3
