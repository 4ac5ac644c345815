"""Who keeps what: two pairs of keys, as two people would have them, and places apart from each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyrage import x25519
from tests.intake.service.conftest import office as office
from tests.intake.service.conftest import runtime as runtime
from tests.intake.service.conftest import settings as settings

from clic.keeping.place import Places
from clic_chassis.testing import open_folder


@dataclass(frozen=True)
class Vault:
    """Where backups go, and what opens them."""

    folder: Path
    log_identity: Path
    keys_identity: Path
    log_recipient: str
    keys_recipient: str

    @property
    def places(self) -> Places:
        """Three, apart."""
        return Places(self.folder / "log", self.folder / "keys", self.folder / "erasures.json")


def make_vault(folder: Path) -> Vault:
    """Two pairs of keys, and folders beside them."""
    pairs = {name: x25519.Identity.generate() for name in ("log", "keys")}
    for name, identity in pairs.items():
        (folder / f"{name}.age-key").write_text(f"# of the {name}\n{identity}\n", encoding="ascii")
    recipients = {name: str(identity.to_public()) for name, identity in pairs.items()}
    return Vault(folder, folder / "log.age-key", folder / "keys.age-key", recipients["log"], recipients["keys"])


@pytest.fixture(scope="module")
def vault() -> Iterator[Vault]:
    """One for the tests of a module."""
    with open_folder() as folder:
        yield make_vault(folder)
