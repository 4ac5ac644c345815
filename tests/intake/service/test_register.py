"""The register on a real database: references without gaps, keys that only their request opens."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from clic_chassis.error import NotFoundError, RetryableError
from clic_chassis.migration import migrate
from clic_chassis.settings import SettingsError
from clic_contracts.envelope import derive_id
from clic_intake.register import Register
from clic_intake.seal import MasterKey, SealError

MASTER = MasterKey(bytes(range(32)))
OTHER_MASTER = MasterKey(bytes(32))


def request_id(number: int) -> str:
    return derive_id("essai", str(number))


@pytest_asyncio.fixture
async def pool(postgres_url: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool on a migrated database."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=8) as opened:
        async with opened.acquire() as connection:
            await migrate(connection, "clic_intake")
        yield opened


async def test_the_same_request_has_one_reference_and_one_key(pool: asyncpg.Pool) -> None:
    register = Register(pool, MASTER)
    first = await register.register(request_id(1), 2026, with_key=True)
    again = await register.register(request_id(1), 2027, with_key=True)
    assert first.key is not None
    assert again.key is not None
    assert first.reference == again.reference == "2026-000001"
    assert again.key.open(first.key.seal({"text": "imaginaire"})) == {"text": "imaginaire"}


async def test_a_request_gets_its_key_when_there_is_something_to_seal(pool: asyncpg.Pool) -> None:
    register = Register(pool, MASTER)
    assert (await register.register(request_id(1), 2026, with_key=False)).key is None
    assert (await register.entry(request_id(1))).key is None  # Looking makes none.
    key = (await register.register(request_id(1), 2026, with_key=True)).key
    later = (await register.entry(request_id(1), with_key=True)).key
    assert key is not None
    assert later is not None
    assert later.open(key.seal({"a": 1})) == {"a": 1}


async def test_an_erased_request_gets_no_new_key(pool: asyncpg.Pool) -> None:
    """POL-30: neither one that had a key nor one that never did."""
    register = Register(pool, MASTER)
    await register.register(request_id(1), 2026, with_key=True)
    await register.register(request_id(2), 2026, with_key=False)
    await pool.execute("UPDATE request SET wrapped_key = NULL, erased_at = now()")
    for number in (1, 2):
        for entry in (
            await register.register(request_id(number), 2026, with_key=True),
            await register.entry(request_id(number), with_key=True),
        ):
            assert entry.erased
            assert entry.key is None


async def test_two_instances_that_register_at_once_give_distinct_references_without_gaps(
    pool: asyncpg.Pool, postgres_url: str
) -> None:
    """In opposite orders of the years, so that a careless pair would wait for each other in a circle."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=4) as other:
        one, two = Register(pool, MASTER), Register(other, MASTER)
        wanted = [
            register.register(request_id(1_000 * which + n), 2020 + (n if which else -n) % 3, with_key=True)
            for n in range(150)
            for which, register in enumerate((one, two))
        ]
        entries = await asyncio.gather(*wanted)
    references = sorted(str(each.reference) for each in entries)
    assert references == sorted(f"{year}-{n:06}" for year in (2020, 2021, 2022) for n in range(1, 101))


async def test_two_instances_that_register_the_same_requests_agree(pool: asyncpg.Pool, postgres_url: str) -> None:
    """As when one submission is delivered to both; who loses a race tries again."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=4) as other:
        registers = (Register(pool, MASTER), Register(other, MASTER))

        async def patient(register: Register, number: int, year: int) -> str:
            for _ in range(20):
                try:
                    return str((await register.register(request_id(number), year, with_key=True)).reference)
                except RetryableError:
                    await asyncio.sleep(0.01)
            raise AssertionError("never registered")

        for round_ in range(10):
            one, two = await asyncio.gather(
                *(
                    asyncio.gather(*(patient(each, 100 * round_ + n, 2020 + which) for n in range(20)))
                    for which, each in enumerate(registers)
                )
            )
            assert one == two


async def test_requests_that_come_at_once_share_a_transaction(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A synced commit each would bound the desk at the disk's pace."""
    register = Register(pool, MASTER)
    sizes: list[int] = []
    write = register._registered

    async def counted(batch: list[Any]) -> Any:
        sizes.append(len(batch))
        return await write(batch)

    monkeypatch.setattr(register, "_registered", counted)
    await asyncio.gather(*(register.register(request_id(n), 2026, with_key=False) for n in range(300)))
    assert sum(sizes) == 300
    assert len(sizes) <= 3
    assert max(sizes) <= 256


async def test_who_gives_up_waiting_does_not_hold_up_the_others(pool: asyncpg.Pool) -> None:
    """The one that writes for all is cut off, and one that only waits."""
    register = Register(pool, MASTER)
    tasks = [asyncio.create_task(register.register(request_id(n), 2026, with_key=False)) for n in range(10)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[5].cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(done[0], asyncio.CancelledError)
    assert isinstance(done[5], asyncio.CancelledError)
    for each in (done[1], done[9]):
        assert isinstance(each, RetryableError) or each.reference  # type: ignore[union-attr]  # An entry, or told to try again.
    again = await asyncio.gather(*(register.register(request_id(n), 2026, with_key=False) for n in range(10)))
    assert len({each.reference for each in again}) == 10


async def test_a_database_that_is_gone_is_a_reason_to_try_again(pool: asyncpg.Pool) -> None:
    """Never a refusal, and never a wait without end."""
    register = Register(pool, MASTER)
    await pool.close()
    for call in (
        register.register(request_id(1), 2026, with_key=True),
        register.entry(request_id(1)),
        register.find("2026-000001"),
        register.check_master_key(),
    ):
        with pytest.raises(RetryableError, match="InterfaceError"):
            await call


async def test_a_request_that_is_not_there_is_not_found(pool: asyncpg.Pool) -> None:
    register = Register(pool, MASTER)
    with pytest.raises(NotFoundError):
        await register.entry(request_id(1), with_key=True)
    with pytest.raises(NotFoundError, match="2026-000001"):
        await register.find("2026-000001")
    await register.register(request_id(1), 2026, with_key=False)
    assert await register.find("2026-000001") == request_id(1)


async def test_a_key_of_another_deployment_stops_the_start_and_fails_no_other_request(pool: asyncpg.Pool) -> None:
    """A wrong key file would seal new requests with a key that nobody keeps."""
    await Register(pool, OTHER_MASTER).register(request_id(1), 2026, with_key=True)
    register = Register(pool, MASTER)
    with pytest.raises(SettingsError, match="CLIC_MASTER_KEY_FILE"):
        await register.check_master_key()
    foreign, own = await asyncio.gather(
        register.register(request_id(1), 2026, with_key=True),
        register.register(request_id(2), 2026, with_key=True),
        return_exceptions=True,
    )
    assert isinstance(foreign, SealError)
    assert not isinstance(own, BaseException)
    assert own.key is not None
    await pool.execute("UPDATE request SET wrapped_key = NULL WHERE key_id <> $1", MASTER.key_id)
    await register.check_master_key()


async def test_a_reference_grows_beyond_six_digits(pool: asyncpg.Pool) -> None:
    await pool.execute("INSERT INTO reference_counter VALUES (2026, 999999)")
    assert (await Register(pool, MASTER).register(request_id(1), 2026, with_key=False)).reference == "2026-1000000"


@pytest.mark.parametrize("content", ["", "court", base64.b64encode(b"court").decode(), "é" * 44])
def test_a_master_key_that_is_none_is_told_with_the_mend(tmp_path: Path, content: str) -> None:
    file = tmp_path / "master.key"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"CLIC_MASTER_KEY_FILE.*Make one: head -c 32"):
        MasterKey.read(file)
    with pytest.raises(SettingsError, match="CLIC_MASTER_KEY_FILE"):
        MasterKey.read(tmp_path / "absent.key")


async def test_a_contact_without_a_request_has_a_key_and_uses_up_no_reference(pool: asyncpg.Pool) -> None:
    """POL-10: the numbers that citizens quote have no holes."""
    register = Register(pool, MASTER)
    contact, *requests = await asyncio.gather(
        register.register(request_id(1), None, with_key=True),
        register.register(request_id(2), 2026, with_key=True),
        register.register(request_id(3), 2026, with_key=False),
    )
    assert contact.reference is None
    assert contact.key is not None
    assert [each.reference for each in requests] == ["2026-000001", "2026-000002"]
    assert (await register.register(request_id(1), None, with_key=True)).reference is None
