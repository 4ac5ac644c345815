"""What a restore is told has to be of one house, whole, and no older than what was erased."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from clic.keeping.artefact import Artefact
from clic.keeping.erasure_register import ErasureRegister
from clic.keeping.error import KeepingError
from clic.keeping.manifest import Manifest, What
from clic.keeping.restore_command import Chosen

NOW = dt.datetime(2026, 3, 31, tzinfo=dt.UTC)


def artefact(what: What, log_created_at: str = "2026-01-01T00:00:00Z") -> Artefact:
    manifest = Manifest(
        what=what, backup_id="x", taken_at=NOW, town="", position=9, log_created_at=log_created_at, log_sha256="",
        files=(),
    )  # fmt: skip
    return Artefact(Path(what), manifest, [])


def held(days: int = 0) -> ErasureRegister:
    return ErasureRegister(written_at=NOW + dt.timedelta(days=days))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"log": artefact("log"), "keys": None}, "--without-keys"),
        ({"log": None, "keys": artefact("keys"), "without_keys": True}, "contradict"),
        ({"log": None, "keys": artefact("keys"), "at": 7}, "name its backup"),
        ({"log": artefact("log"), "keys": artefact("keys", "2025-05-05T05:05:05Z")}, "of two logs"),
        ({"log": None, "keys": artefact("keys"), "erasures": held(-1)}, "older than the keys' backup"),
    ],
)
def test_what_does_not_go_together_is_refused(said: dict[str, Any], why: str) -> None:
    """Before any server is started."""
    with pytest.raises(KeepingError, match=why):
        Chosen(**{"erasures": held(), **said}).check()


def test_what_goes_together_is_taken() -> None:
    """Both, up to a position, with the register of the same backup; or one of them, said aloud."""
    Chosen(log=artefact("log"), keys=artefact("keys"), erasures=held(), at=7).check()
    Chosen(log=None, keys=artefact("keys"), erasures=held(1)).check()
    Chosen(log=artefact("log"), keys=None, erasures=held(-9), without_keys=True).check()
