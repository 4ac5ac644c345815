"""One artefact of a backup that is read: its files are looked at before anything is made of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyrage import x25519

from . import snapshot
from .error import DamagedError
from .manifest import KeptFile, Manifest, What, check_files, read_manifest
from .place import named
from .sealed_file import opened, read_identities, read_whole

WHOLE_BYTES_MAX = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Artefact:
    """The log or the keys, and what opens them."""

    path: Path
    manifest: Manifest
    identities: Sequence[x25519.Identity]

    @classmethod
    def at(cls, said: Path, what: What, identity: Path) -> Artefact:
        """The artefact in a folder, or the newest one of a folder of backups.

        Raises:
            DamagedError: it is not whole; it names the file.
            KeepingError: it is none of these, or the file holds no key.
        """
        identities = read_identities(identity)
        path = named(said, what)
        return cls(path, read_manifest(path, what), identities)

    async def check(self) -> None:
        """Look that every file is as it was written. Raises as `manifest.check_files`."""
        await asyncio.to_thread(check_files, self.path, self.manifest)

    def file(self, name: str) -> KeptFile:
        """What the manifest says of a file.

        Raises:
            DamagedError: it names none.
        """
        if (found := self.manifest.file(name)) is None:
            raise DamagedError(f"{self.path} holds no {name}")
        return found

    @contextlib.asynccontextmanager
    async def pieces(self, name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """The content of a file. Raises as `sealed_file.opened`."""
        async with opened(self.path / self.file(name).name, self.identities) as found:
            yield found

    async def whole(self, name: str) -> bytes:
        """A small file at once."""
        return await read_whole(self.path / self.file(name).name, self.identities, bytes_max=WHOLE_BYTES_MAX)

    def stream(self, stream: str) -> snapshot.StreamState:
        """A stream as it was."""
        told = self.file(f"{stream}.snapshot").told
        return snapshot.StreamState(told["config"], told["state"])
