"""Log and keys stay apart, old keys are destroyed, and what was cut off is no backup."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from clic.keeping.error import DamagedError, KeepingError
from clic.keeping.manifest import FILE, KeptFile, Manifest, Unfinished, What, backups_in, check_files, read_manifest
from clic.keeping.place import Places, named, prune_keys, prune_log
from clic.keeping.sealed_file import file_sha256

NOW = dt.datetime(2026, 3, 31, 3, 0, tzinfo=dt.UTC)
LOG, KEYS = ["age1log"], ["age1keys"]


def taken(folder: Path, what: What, age_days: int) -> Path:
    """A whole backup of so many days ago."""
    at = NOW - dt.timedelta(days=age_days)
    under_way = Unfinished(folder, f"{what}-{at:%Y%m%d}")
    (under_way.path / "a.age").write_bytes(b"sealed")
    file = KeptFile(
        name="a.age",
        bytes=6,
        sha256=file_sha256(under_way.path / "a.age"),
        content_bytes=1,
        content_sha256="",
    )
    return under_way.finish(
        Manifest(
            what=what,
            backup_id=f"{at:%Y%m%d}",
            taken_at=at,
            town="Ville imaginaire",
            position=7,
            log_created_at="",
            log_sha256="",
            files=(file,),
        )
    )


@pytest.mark.parametrize(
    ("log", "keys", "erasures"),
    [("a", "a", "e"), ("a", "a/b", "e"), ("a/b", "a", "e"), ("a", "a/../a", "e"), ("a", "b", "a/e"), ("a", "b", "b/e")],
)
def test_log_and_keys_are_never_in_one_place(tmp_path: Path, log: str, keys: str, erasures: str) -> None:
    """Nor is the register of erasures, which outlives both."""
    with pytest.raises(KeepingError):
        Places(tmp_path / log, tmp_path / keys, tmp_path / erasures).check(LOG, KEYS)


def test_a_link_makes_no_second_place(tmp_path: Path) -> None:
    """Whatever it is called, it is one folder."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(KeepingError, match="kept with the log"):
        Places(tmp_path / "a", tmp_path / "b", tmp_path / "e").check(LOG, KEYS)


def test_no_key_opens_both(tmp_path: Path) -> None:
    """Who may open the log need not be who may open the keys."""
    places = Places(tmp_path / "a", tmp_path / "b", tmp_path / "e")
    with pytest.raises(KeepingError, match="one key opens both"):
        places.check([*LOG, "age1both"], ["age1both", *KEYS])
    assert places.check(LOG, KEYS) == ["log and keys are on one device: whoever takes it has both"]


def test_old_keys_are_destroyed(tmp_path: Path) -> None:
    """POL-30: after the delay no backup opens what was erased."""
    old, young = taken(tmp_path, "keys", 36), taken(tmp_path, "keys", 34)
    pruned = prune_keys(tmp_path, 35, NOW)
    assert pruned.destroyed == (old,)
    assert pruned.overdue is None
    assert sorted(tmp_path.iterdir()) == [young]


def test_the_newest_keys_stay_and_are_told_of(tmp_path: Path) -> None:
    """Nobody loses everything because backups failed for a month; but it is no silence."""
    taken(tmp_path, "keys", 50)
    last = taken(tmp_path, "keys", 40)
    pruned = prune_keys(tmp_path, 35, NOW)
    assert len(pruned.destroyed) == 1
    assert pruned.overdue == last
    assert last.exists()


def test_of_the_log_so_many_copies_stay(tmp_path: Path) -> None:
    """The newest ones; one at least."""
    all_ = [taken(tmp_path, "log", age) for age in (5, 4, 3, 2)]
    assert prune_log(tmp_path, 3, NOW).destroyed == (all_[0],)
    assert prune_log(tmp_path, 1, NOW).destroyed == tuple(all_[1:3])
    assert named(tmp_path, "log") == all_[3]


def test_what_was_cut_off_is_no_backup(tmp_path: Path) -> None:
    """The manifest comes last, and the name after it."""
    under_way = Unfinished(tmp_path, "log-1")
    (under_way.path / "a.age").write_bytes(b"half")
    assert backups_in(tmp_path, "log") == []
    with pytest.raises(DamagedError, match="no whole backup"):
        read_manifest(under_way.path)
    for days, is_there in ((0, True), (2, False)):  # At first it may still be written.
        at = NOW.timestamp() - days * 86_400
        os.utime(under_way.path, (at, at))
        prune_log(tmp_path, 1, NOW)
        assert under_way.path.exists() is is_there


def test_a_file_that_is_not_as_it_was_is_named(tmp_path: Path) -> None:
    """Before anything is made of it: missing, cut short, or changed."""
    path = taken(tmp_path, "log", 1)
    manifest = read_manifest(path, "log")
    check_files(path, manifest)
    for content, why in ((b"seale", "has 5 bytes, not 6"), (b"Sealed", "was changed"), (None, "is missing")):
        if content is None:
            (path / "a.age").unlink()
        else:
            (path / "a.age").write_bytes(content)
        with pytest.raises(DamagedError, match=rf"a\.age.*{why}"):
            check_files(path, manifest)


def test_a_manifest_is_of_what_is_asked_for(tmp_path: Path) -> None:
    """Keys are no log; another format is read by another version; a torn one is none."""
    path = taken(tmp_path, "keys", 1)
    with pytest.raises(KeepingError, match="holds the keys, not the log"):
        read_manifest(path, "log")
    text = (path / FILE).read_text()
    (path / FILE).write_text(text.replace('"format": 1', '"format": 2'))
    with pytest.raises(KeepingError, match="format 2"):
        read_manifest(path)
    (path / FILE).write_text(text[:-20])
    with pytest.raises(DamagedError, match="cannot be read"):
        read_manifest(path)


def test_a_manifest_reaches_for_no_file_elsewhere(tmp_path: Path) -> None:
    """A backup may have been in anybody's hands."""
    path = taken(tmp_path, "log", 1)
    manifest = read_manifest(path)
    elsewhere = manifest.files[0].model_copy(update={"name": "../other.age"})
    with pytest.raises(DamagedError, match="elsewhere"):
        check_files(path, manifest.model_copy(update={"files": (elsewhere,)}))
