"""Certificates for tests, from authorities that nobody else knows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Files:
    """Where one server or client has its certificate."""

    certificate: Path
    key: Path


class Authority:
    """An authority with its file, and certificates of 127.0.0.1 by it."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._authority = trustme.CA()
        self.file = folder / f"{name}.pem"
        self._authority.cert_pem.write_to_path(self.file)

    def give(self, name: str = "server") -> Files:
        """A new certificate in the files of that name, which may be there: then they are replaced."""
        issued = self._authority.issue_cert("127.0.0.1", "localhost")
        files = Files(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        issued.private_key_pem.write_to_path(files.key)
        files.certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        return files

    def text(self) -> str:
        """Its own certificate."""
        return self.file.read_text(encoding="ascii")
