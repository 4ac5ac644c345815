"""Sealed files in the format of age: written with public keys alone, opened by whoever has one of the private ones.

A machine that takes backups can read none of them, and any tool that knows age opens them without CLIC. Contents
stream through, whatever their size. Runner-up: libsodium's secretstream, with a file format that only we would know.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast

import pyrage
from pyrage import x25519

from .error import DamagedError, KeepingError

if TYPE_CHECKING:
    from io import BufferedIOBase

CHUNK_BYTES = 1024 * 1024
OWNER_ONLY = 0o600
SUFFIX = ".age"


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it stands on the disk, and what is in it."""

    bytes: int
    sha256: str
    content_bytes: int
    content_sha256: str


class Sink(Protocol):
    """What takes a file's content, piece by piece."""

    async def write(self, piece: bytes) -> None:
        """Take a piece; waits where the disk is slower."""
        ...


def recipients_of(said: Sequence[str]) -> list[x25519.Recipient]:
    """Public keys (`age1…`), each of which alone opens what is sealed for all.

    Raises:
        KeepingError: one is none.
    """
    if not said:
        raise KeepingError("nobody could open it: name a public key (age1…); `clic backup identity FILE` makes one")
    try:
        return [x25519.Recipient.from_str(each.strip()) for each in said]
    except pyrage.RecipientError as error:
        raise KeepingError(
            "a public key begins with age1: `clic backup identity FILE` makes one and shows it"
        ) from error


def read_identities(path: Path) -> list[x25519.Identity]:
    """Private keys of a file as `age-keygen` writes it: one a line, lines with # aside.

    Raises:
        KeepingError: it cannot be read, or holds none.
    """
    try:
        lines = [each.strip() for each in path.read_text(encoding="ascii").splitlines()]
        found = [x25519.Identity.from_str(each) for each in lines if each and not each.startswith("#")]
    except (OSError, ValueError, pyrage.IdentityError) as error:
        raise KeepingError(f"{path} holds no private key of age ({type(error).__name__})") from error
    if not found:
        raise KeepingError(f"{path} holds no private key of age")
    return found


class _Counted:
    """A file that is counted and digested as it goes by; what pyrage asks for has these methods alone."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.bytes = 0

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._note(piece)
        return piece

    def write(self, piece: bytes) -> int:
        self._note(piece)
        return self._file.write(piece)

    def flush(self) -> None:
        self._file.flush()

    def _note(self, piece: bytes) -> None:
        self._digest.update(piece)
        self.bytes += len(piece)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class _PipeSink:
    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe

    async def write(self, piece: bytes) -> None:
        await asyncio.to_thread(self._pipe.write, piece)


class SealedFile:
    """A file that is being written; what it came to is known once it is closed."""

    def __init__(self, path: Path, recipients: Sequence[x25519.Recipient]) -> None:
        self.path = path
        self._recipients = list(recipients)
        self._written: Written | None = None

    @property
    def written(self) -> Written:
        """What it came to; after `open` has ended."""
        assert self._written is not None
        return self._written

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Sink]:
        """Write the file, and have it on the disk at the end.

        Raises:
            KeepingError: it is there already, or the disk does not take it.
        """
        reading, writing = os.pipe()
        task = asyncio.create_task(asyncio.to_thread(self._seal, reading))
        pipe = os.fdopen(writing, "wb", buffering=0)  # Nothing is left in it when the other end has gone.
        try:
            yield _PipeSink(pipe)
            pipe.close()
        except BrokenPipeError:
            pipe.close()
            await task  # It says why it stopped reading.
            raise
        except BaseException:
            pipe.close()
            with contextlib.suppress(KeepingError):
                await task
            raise
        self._written = await task

    def _seal(self, reading: int) -> Written:
        with os.fdopen(reading, "rb") as source:
            try:
                descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
                with os.fdopen(descriptor, "wb") as file:
                    content, sealed = _Counted(source), _Counted(file)
                    # It asks for `read` and `write` alone, whatever its stub says.
                    pyrage.encrypt_io(cast("BufferedIOBase", content), cast("BufferedIOBase", sealed), self._recipients)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise KeepingError(f"{self.path} cannot be written: {error.strerror or error}") from error
        return Written(sealed.bytes, sealed.sha256, content.bytes, content.sha256)


@contextlib.asynccontextmanager
async def opened(path: Path, identities: Sequence[x25519.Identity]) -> AsyncIterator[AsyncIterator[bytes]]:
    """The content of a sealed file, in pieces of `CHUNK_BYTES` at most.

    Raises:
        DamagedError: it was cut short or changed, or is gone.
        KeepingError: none of the keys opens it.
    """
    reading, writing = os.pipe()
    task = asyncio.create_task(asyncio.to_thread(_unseal, path, list(identities), writing))
    with os.fdopen(reading, "rb", buffering=0) as pipe:

        async def pieces() -> AsyncIterator[bytes]:
            while piece := await asyncio.to_thread(pipe.read, CHUNK_BYTES):
                yield piece
            await task  # The end of what is well is no end where the rest was damaged.

        source = pieces()
        try:
            yield source
        except BaseException:
            pipe.close()
            with contextlib.suppress(KeepingError):
                await task
            raise
    await task


def _unseal(path: Path, identities: list[x25519.Identity], writing: int) -> None:
    # Whoever read it has enough, and closed the pipe.
    with contextlib.suppress(BrokenPipeError), os.fdopen(writing, "wb", buffering=0) as sink:
        try:
            with path.open("rb") as file:
                pyrage.decrypt_io(file, cast("BufferedIOBase", sink), identities)
        except pyrage.DecryptError as error:
            if "No matching keys" in str(error):
                raise KeepingError(f"{path} is sealed for other keys than those of the identity file") from error
            raise DamagedError(f"{path} is damaged: {error}") from error
        except BrokenPipeError:
            raise
        except OSError as error:
            raise DamagedError(f"{path} is damaged: {error.strerror or error}") from error


async def read_whole(path: Path, identities: Sequence[x25519.Identity], *, bytes_max: int) -> bytes:
    """A small file at once. Raises as `opened`, and KeepingError where it is larger than it may be."""
    found = bytearray()
    async with opened(path, identities) as pieces:
        async for piece in pieces:
            found += piece
            if len(found) > bytes_max:
                raise KeepingError(f"{path} holds more than {bytes_max} bytes")
    return bytes(found)


def file_sha256(path: Path) -> str:
    """The digest of a file as it stands there.

    Raises:
        DamagedError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DamagedError(f"{path} cannot be read: {error.strerror}") from error
