"""What ended stays ended: the register only grows, whoever writes it and in which order."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from clic.keeping.erasure_register import EndedKey, ErasedRequest, ErasureRegister, add_to, read_register
from clic.keeping.error import KeepingError

NOW = dt.datetime(2026, 3, 31, tzinfo=dt.UTC)
ONE = ErasedRequest(ground="person_asked", actor="agent:x", erased_at=NOW)
KEY = EndedKey(ended_at=NOW, ended_by="ops")


def held(*requests: str, keys: tuple[str, ...] = (), days: int = 0) -> ErasureRegister:
    return ErasureRegister(
        written_at=NOW + dt.timedelta(days=days),
        erasures=dict.fromkeys(requests, ONE),
        ended_keys=dict.fromkeys(keys, KEY),
    )


def test_a_register_only_grows(tmp_path: Path) -> None:
    """A database that was restored from before knows less than the register."""
    file = tmp_path / "apart" / "erasures.json"
    add_to(file, held("a", keys=("k",)))
    add_to(file, held("b", days=2))
    add_to(file, held(days=1))
    found = read_register(file)
    assert sorted(found.erasures) == ["a", "b"]
    assert sorted(found.ended_keys) == ["k"]
    assert found.written_at == NOW + dt.timedelta(days=2)
    assert file.stat().st_mode & 0o077 == 0
    assert [each.name for each in file.parent.iterdir()] == ["erasures.json"]


def test_a_register_that_cannot_be_read_is_not_begun_anew(tmp_path: Path) -> None:
    """An empty one in its place would bring everybody back."""
    file = tmp_path / "erasures.json"
    file.write_text("{")
    with pytest.raises(KeepingError, match="no register of erasures"):
        add_to(file, held("a"))
    assert file.read_text() == "{"
    with pytest.raises(KeepingError, match="there is no register"):
        read_register(tmp_path / "none.json")
