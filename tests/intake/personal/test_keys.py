"""The deployment's key: rotated while the desk works, cut off and resumed, by several at once. Source: POL-30."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from tests.intake.service.office import SOURCE, Office, now
from tests.intake.service.test_privacy import EMAIL, REQUEST, WORDS

from clic_chassis.clock import SystemClock
from clic_chassis.error import RetryableError
from clic_chassis.migration import migrate
from clic_chassis.settings import SettingsError
from clic_contracts.envelope import derive_id, request_id_for
from clic_intake.personal import keys
from clic_intake.personal.keys import KeyRotation, RotationError, open_keys, promote, rewrap, state, verify
from clic_intake.personal.person import Persons
from clic_intake.register import Register
from clic_intake.seal import INDEX_PURPOSES, MasterKey, SealError

OLD, NEW, OTHER = bytes(range(32)), bytes(reversed(range(32))), bytes(32)
AT_ONCE = 50
WHO = {"name": "Camille Exemple", "email": "camille@exemple.invalid"}


def request_id(number: int) -> str:
    return derive_id("essai", str(number))


@pytest_asyncio.fixture
async def pool(postgres_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=6) as opened:
        async with opened.acquire() as connection:
            await migrate(connection, "clic_intake")
        yield opened


async def opened(pool: asyncpg.Pool, *ring: bytes) -> MasterKey:
    master = MasterKey(*ring)
    await open_keys(pool, master, now())
    return master


async def register(pool: asyncpg.Pool, master: MasterKey, numbers: range) -> Register:
    made = Register(pool, master)
    for start in range(0, len(numbers), AT_ONCE):  # Who waits for a connection does so for ten seconds at most.
        some = numbers[start : start + AT_ONCE]
        await asyncio.gather(*(made.register(request_id(n), 2026, with_key=True, requester=WHO) for n in some))
    return made


async def wrapped_by(pool: asyncpg.Pool, master: MasterKey) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM request WHERE key_id = $1", master.key_id))


async def test_after_a_rotation_the_new_key_alone_opens_everything_and_the_old_one_nothing(pool: asyncpg.Pool) -> None:
    before = await register(pool, await opened(pool, OLD), range(1_203))
    sealed = {n: (await before.entry(request_id(n))).key.seal({"n": n}) for n in (0, 1_202)}  # type: ignore[union-attr]  # They have keys.
    assert await rewrap(pool, await opened(pool, NEW, OLD), now()) == 0
    alone = await opened(pool, NEW)
    after = Register(pool, alone)
    for n, seal in sealed.items():
        key = (await after.entry(request_id(n))).key
        assert key is not None
        assert key.open(seal) == {"n": n}
    assert await verify(pool, alone) == 1_203 + len(INDEX_PURPOSES)
    with pytest.raises(SealError):
        await before.entry(request_id(0))
    with pytest.raises(SettingsError, match="wrapped by"):
        await opened(pool, OLD)


async def test_who_was_indexed_before_a_rotation_is_found_after_it(pool: asyncpg.Pool) -> None:
    """Digests do not depend on the deployment's key."""
    await register(pool, await opened(pool, OLD), range(3))
    await rewrap(pool, await opened(pool, NEW, OLD), now())
    persons = Persons(pool, await opened(pool, NEW))
    assert len(await persons.find(email=WHO["email"])) == len(await persons.find(name=WHO["name"])) == 3


async def test_a_rotation_that_is_cut_off_goes_on_and_several_may_do_it_at_once(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "BATCH_KEYS", 10)
    await register(pool, await opened(pool, OLD), range(300))
    master = await opened(pool, NEW, OLD)
    stop, put = asyncio.Event(), keys._put

    async def put_and_stop(*batch: Any) -> None:
        await put(*batch)
        stop.set()

    monkeypatch.setattr(keys, "_put", put_and_stop)
    assert 0 < await rewrap(pool, master, now(), stop) < 300
    with pytest.raises(RotationError, match="keep every older key"):
        await verify(pool, MasterKey(NEW))
    await asyncio.gather(*(rewrap(pool, MasterKey(NEW, OLD), now()) for _ in range(3)))
    assert await rewrap(pool, master, now()) == 0
    assert await wrapped_by(pool, master) == 300
    assert await verify(pool, MasterKey(NEW)) == 300 + len(INDEX_PURPOSES)


async def test_an_instance_that_has_not_heard_of_the_new_key_cannot_wrap_with_the_old(pool: asyncpg.Pool) -> None:
    """Else a request that is registered in that moment could never be opened once the old key is destroyed."""
    behind = await register(pool, await opened(pool, OLD), range(1))
    await opened(pool, NEW, OLD)
    with pytest.raises(RetryableError):
        await behind.register(request_id(1), 2026, with_key=True)
    assert not await promote(pool, MasterKey(OLD, NEW), now())
    with pytest.raises(SettingsError, match="put the newest key first"):
        await opened(pool, OLD, NEW)


async def test_a_key_that_is_only_made_known_beforehand_changes_nothing(pool: asyncpg.Pool) -> None:
    """Where instances get a secret one after the other, all of them know the new key before the first one uses it."""
    await register(pool, await opened(pool, OLD), range(2))
    early = await opened(pool, OLD, NEW)
    assert await rewrap(pool, early, now()) == 0
    assert await wrapped_by(pool, early) == 2
    await Register(pool, early).register(request_id(5), 2026, with_key=True)


async def test_a_running_desk_takes_up_a_new_key_from_its_file(office: Office) -> None:
    """POL-30: what was sealed before opens, and what is sealed after it is wrapped anew."""
    await office.submit(REQUEST, "appel-1")
    path = office.runtime.settings.master_key_file
    path.write_text("\n".join(base64.b64encode(each).decode() for each in (NEW, OLD)), encoding="ascii")
    (rotation,) = [each for each in office.wiring.components if isinstance(each, KeyRotation)]
    await rotation.look()
    path.write_text(base64.b64encode(NEW).decode(), encoding="ascii")
    await rotation.look()
    await office.submit(REQUEST, "appel-2")
    for number in (1, 2):
        answer = await office.ask(f"/requests/{request_id_for(SOURCE, f'appel-{number}')}/open", {"reason": "Essai."})
        assert answer.json()["opened"][0]["content"]["text"] == WORDS
    assert await office.runtime.pool.fetchval("SELECT count(DISTINCT key_id) FROM request") == 1
    found = (await office.ask("/persons/find", {"email": EMAIL})).json()
    assert len(found) == 2


async def test_an_instance_that_slept_through_a_rotation_takes_up_what_the_register_knows(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    path = tmp_path / "master.key"
    path.write_text(base64.b64encode(OLD).decode(), encoding="ascii")
    asleep = MasterKey.read(path)
    await open_keys(pool, asleep, now())
    made = await register(pool, asleep, range(1))
    await rewrap(pool, await opened(pool, NEW, OLD), now())
    path.write_text(base64.b64encode(NEW).decode(), encoding="ascii")
    await KeyRotation(pool, asleep, SystemClock()).look()
    assert (await made.entry(request_id(0))).key is not None
    assert (await made.register(request_id(1), 2026, with_key=True)).key is not None


async def test_a_ring_that_lacks_the_key_in_use_is_not_taken_up(pool: asyncpg.Pool, tmp_path: Path) -> None:
    """A file that was replaced by mistake must not seal with a key that opens nothing of before."""
    path = tmp_path / "master.key"
    path.write_text(base64.b64encode(OLD).decode(), encoding="ascii")
    master = MasterKey.read(path)
    for wrong in (base64.b64encode(OTHER).decode(), "", "court"):
        path.write_text(wrong, encoding="ascii")
        assert not master.refresh()
        assert master.key_id == MasterKey(OLD).key_id
    await open_keys(pool, master, now())
    rotation = KeyRotation(pool, master, SystemClock())
    await rotation.look()
    found = await state(pool)
    assert found is not None
    assert (found.key_id, found.others, found.not_final) == (master.key_id, 0, 0)


def test_a_digest_is_made_for_a_named_purpose_alone() -> None:
    """A purpose that has no key of its own would lose its digests with the next rotation."""
    with pytest.raises(ValueError, match="INDEX_PURPOSES"):
        MasterKey(OLD).digester("autre chose")
