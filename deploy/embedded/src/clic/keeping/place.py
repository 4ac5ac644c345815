"""Where backups go: the log's and the keys' never into one place, or erasing would be a lie."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .error import KeepingError
from .manifest import FILE, PARTIAL, What, backups_in

LEFTOVER_AFTER = dt.timedelta(days=1)
"""An unfinished backup that is older was cut off; a younger one may be under way."""


@dataclass(frozen=True, slots=True)
class Places:
    """The three: what is sealed and kept long, what opens it and is destroyed soon, and what must not come back."""

    log: Path
    keys: Path
    erasures: Path

    def check(self, log_recipients: Sequence[str], keys_recipients: Sequence[str]) -> list[str]:
        """Look that whoever has one of the artefacts has not the other; gives what is allowed and not wise.

        Raises:
            KeepingError: they share a folder or a key.
        """
        log, keys, erasures = self.log.resolve(), self.keys.resolve(), self.erasures.resolve()
        if log == keys or log in keys.parents or keys in log.parents:
            raise KeepingError(
                f"the keys may not be kept with the log ({self.log}, {self.keys}): whoever is erased would still be "
                "in that backup, whole. Name two folders, on two stores, that different people reach"
            )
        if log in erasures.parents or keys in erasures.parents:
            raise KeepingError(
                f"the register of erasures ({self.erasures}) stands among backups: it has to outlive them. Name a "
                "file elsewhere"
            )
        if shared := {each.strip() for each in log_recipients} & {each.strip() for each in keys_recipients}:
            raise KeepingError(f"one key opens both the log and the keys: {', '.join(sorted(shared))}. Make two")
        return ["log and keys are on one device: whoever takes it has both"] if _device(log) == _device(keys) else []


def _device(folder: Path) -> int:
    """The device of a folder that may not be there yet."""
    return next(each for each in (folder, *folder.parents) if each.exists()).stat().st_dev


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was destroyed, and what is too old and was left because nothing newer is there."""

    destroyed: tuple[Path, ...]
    overdue: Path | None


def prune_keys(folder: Path, days: int, now: dt.datetime) -> Pruned:
    """Destroy keys' backups that are older than so many days; never the newest whole one.

    Without it nobody's data could be opened after a loss; but whoever was erased since is in it. So it is told.
    """
    found = backups_in(folder, "keys")
    old = [path for path, manifest in found if now - manifest.taken_at > dt.timedelta(days=days)]
    overdue = old.pop() if found and found[-1][0] in old else None
    return Pruned((*_destroy(old), *_leftovers(folder, now)), overdue)


def prune_log(folder: Path, copies: int, now: dt.datetime) -> Pruned:
    """Remove the log's oldest backups beyond so many copies, one at least: each holds the log from its beginning."""
    found = [path for path, _ in backups_in(folder, "log")]
    return Pruned((*_destroy(found[: -max(1, copies)]), *_leftovers(folder, now)), None)


def named(said: Path, what: What) -> Path:
    """A backup that was named by itself, or by the folder of backups of which it is the newest.

    Raises:
        DamagedError: there is no whole one.
    """
    if not (said / FILE).exists() and (found := backups_in(said, what)):
        return found[-1][0]
    return said


def _destroy(paths: Sequence[Path]) -> list[Path]:
    for path in paths:
        (path / FILE).unlink()  # Without it the rest is no backup, however far the removal comes.
        shutil.rmtree(path)
    return list(paths)


def _leftovers(folder: Path, now: dt.datetime) -> list[Path]:
    gone: list[Path] = []
    for path in folder.glob(f"*{PARTIAL}"):
        if path.is_dir() and now.timestamp() - path.stat().st_mtime > LEFTOVER_AFTER.total_seconds():
            shutil.rmtree(path)
            gone.append(path)
    return gone
