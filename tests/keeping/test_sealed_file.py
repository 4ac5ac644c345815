"""A sealed file opens for whom it was sealed, is never whole in memory, and tells when it was hurt."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from pyrage import x25519

from clic.keeping.error import DamagedError, KeepingError
from clic.keeping.sealed_file import CHUNK_BYTES, SealedFile, Written, opened, read_whole, recipients_of

PIECE = bytes(range(256)) * 1024
PIECES = 20
OWNER = x25519.Identity.generate()
OTHER = x25519.Identity.generate()


async def written(path: Path, *recipients: x25519.Identity) -> Written:
    file = SealedFile(path, [each.to_public() for each in recipients or (OWNER,)])
    async with file.open() as sink:
        for _ in range(PIECES):
            await sink.write(PIECE)
    return file.written


async def read(path: Path, *identities: x25519.Identity) -> bytes:
    async with opened(path, identities or (OWNER,)) as pieces:
        found = [each async for each in pieces]
    assert max(map(len, found)) <= CHUNK_BYTES
    return b"".join(found)


async def test_what_was_sealed_opens_and_is_what_it_was(tmp_path: Path) -> None:
    """Sizes and digests of both sides are known."""
    done = await written(tmp_path / "a.age")
    sealed = (tmp_path / "a.age").read_bytes()
    assert await read(tmp_path / "a.age") == PIECE * PIECES
    assert done == Written(
        len(sealed),
        hashlib.sha256(sealed).hexdigest(),
        len(PIECE) * PIECES,
        hashlib.sha256(PIECE * PIECES).hexdigest(),
    )
    assert PIECE[:64] not in sealed
    assert sealed.startswith(b"age-encryption.org/v1\n")
    assert (tmp_path / "a.age").stat().st_mode & 0o077 == 0


async def test_several_people_may_open_it_each_alone(tmp_path: Path) -> None:
    """One who is ill must not keep a town from its backup."""
    await written(tmp_path / "a.age", OWNER, OTHER)
    assert await read(tmp_path / "a.age", OTHER) == PIECE * PIECES


async def test_nobody_else_opens_it(tmp_path: Path) -> None:
    """It is no damage: another key is needed."""
    await written(tmp_path / "a.age")
    with pytest.raises(KeepingError, match="other keys") as refused:
        await read(tmp_path / "a.age", OTHER)
    assert not isinstance(refused.value, DamagedError)


@pytest.mark.parametrize(("left", "right"), [(-1, None), (-70_000, None), (90_000, 90_001)])
async def test_a_file_that_was_hurt_is_named(tmp_path: Path, left: int, right: int | None) -> None:
    """Cut short or changed, wherever: nobody takes what came before for all of it."""
    await written(tmp_path / "a.age")
    whole = (tmp_path / "a.age").read_bytes()
    (tmp_path / "a.age").write_bytes(whole[:left] + (b"" if right is None else b"!" + whole[right:]))
    with pytest.raises(DamagedError, match=r"a\.age is damaged"):
        await read(tmp_path / "a.age")


async def test_what_is_there_already_is_never_written_over(tmp_path: Path) -> None:
    """A backup of before stays."""
    await written(tmp_path / "a.age")
    before = (tmp_path / "a.age").read_bytes()
    with pytest.raises(KeepingError, match="cannot be written"):
        await written(tmp_path / "a.age")
    assert (tmp_path / "a.age").read_bytes() == before


async def test_a_reader_may_stop_early(tmp_path: Path) -> None:
    """What was not wanted holds up nobody."""
    await written(tmp_path / "a.age")
    async with opened(tmp_path / "a.age", [OWNER]) as pieces:
        async for each in pieces:
            assert each
            break


async def test_a_small_file_has_a_bound(tmp_path: Path) -> None:
    """What should be small does not fill the memory."""
    await written(tmp_path / "a.age")
    with pytest.raises(KeepingError, match="more than"):
        await read_whole(tmp_path / "a.age", [OWNER], bytes_max=len(PIECE))


def test_a_recipient_is_a_public_key() -> None:
    """A private key on the machine that takes backups would be a mistake."""
    with pytest.raises(KeepingError, match="age1"):
        recipients_of([str(OWNER)])
    with pytest.raises(KeepingError, match="nobody"):
        recipients_of([])
