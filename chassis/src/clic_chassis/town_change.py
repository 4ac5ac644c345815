"""A town as it would be with other standards or another calendar, read from files beside its folder.

The files have the keys of the town's own, and of standards only what differs. What is wrong with them is said as of the
town's own files: in which file, on which line, and how to mend it.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from clic_contracts.town import Loc, Town

from .town_file import (
    FILES,
    MAX_FILE_BYTES,
    Digest,
    Position,
    Reading,
    named,
    read_folder,
    read_yaml,
    town_of,
)

STANDARDS_KEYS = ("deadlines", "standards", "subjects")
"""What a file of other standards may hold."""

LISTED_BY = {"standards": "kind", "subjects": "code"}
"""By what a line of a list says which one it changes."""

CHANGED_KEYS = {"standards": ("answer_within",), "subjects": ("answer_within", "legal_delay")}
"""What of one may differ: its delay."""

CALENDAR_KEYS = FILES["calendar.yaml"]


def read_changed_town(folder: Path, *, standards: Path | None = None, calendar: Path | None = None) -> Town:
    """The town of a folder with other standards, another calendar, or both.

    Of `standards` only what differs is named: keys of `deadlines`, `standards` by their kind, `subjects` by their code.
    `calendar` takes the place of every calendar that the town has or had.

    Raises:
        TownFileError: one of the files, or the town's folder, is wrong.
    """
    reading = Reading()
    digest = read_folder(folder, reading)
    if standards is not None:
        _change_standards(standards, digest, reading)
    if calendar is not None:
        _change_calendar(calendar, digest, reading)
    return town_of(folder, digest, reading)


def _change_standards(path: Path, digest: Digest, reading: Reading) -> None:
    found, positions = _read(path, STANDARDS_KEYS, digest, reading)
    for key, value in found.items():
        where = positions[key,]
        if key in LISTED_BY:
            if isinstance(value, list):
                _change_listed(key, value, positions, reading)
            else:
                reading.fault(where.file, where.line, f"`{key}` is no list", "Write one line each with a hyphen.")
        elif isinstance(value, dict):
            reading.values[key] = {**reading.values.get(key, {}), **value}
            for changed in value:
                _move((key, changed), (key, changed), positions, reading)
        else:
            reading.fault(where.file, where.line, f"`{key}` is no mapping", "Write a mapping: `key: value`.")


def _change_listed(key: str, value: list[Any], positions: dict[Loc, Position], reading: Reading) -> None:
    name = LISTED_BY[key]
    listed: list[Any] = reading.values.setdefault(key, [])
    places = {each.get(name): n for n, each in enumerate(listed) if isinstance(each, dict)}
    seen: set[Any] = set()
    for n, each in enumerate(value):
        which = each.get(name) if isinstance(each, dict) else None
        if (wrong := _wrong(key, each, which, list(places), seen)) is not None:
            detail, mend, at = wrong
            where = positions.get((key, n, at), positions[key, n])
            reading.fault(where.file, where.line, detail, mend)
            continue
        seen.add(which)
        place = places.setdefault(which, len(listed))
        if place == len(listed):
            listed.append({})
        listed[place] = {**listed[place], **each}
        for changed in each:
            _move((key, n, changed), (key, place, changed), positions, reading)
        reading.positions.setdefault((key, place), positions[key, n])


def _wrong(key: str, each: Any, which: Any, known: list[Any], seen: set[Any]) -> tuple[str, str, str] | None:
    """What is wrong with a line of a list, how to mend it, and with which of its keys."""
    name, may_differ = LISTED_BY[key], CHANGED_KEYS[key]
    if not isinstance(which, str):
        return f"it names no {name}", f"Add `{name}:`.", name
    if which in seen:
        return f"{which} stands twice", "Remove one.", name
    if unknown := [other for other in each if other not in (name, *may_differ)]:
        return f"`{unknown[0]}` has no place here", f"Remove it; what can differ is {named(may_differ)}.", unknown[0]
    if key == "subjects" and which not in known:
        near = get_close_matches(which, map(str, known), 1)
        return f"no subject {which}", f"Write {near[0]}." if near else "Name a subject of the town.", name
    return None


def _change_calendar(path: Path, digest: Digest, reading: Reading) -> None:
    found, positions = _read(path, CALENDAR_KEYS, digest, reading)
    if not found:
        return
    if "calendar" not in found:
        reading.fault(path.name, 0, "there is no calendar in it", "Add `calendar:`.")
    for key in CALENDAR_KEYS:
        reading.values.pop(key, None)
        _move((key,), (key,), positions, reading)
    reading.values.update(found)


def _move(said: Loc, place: Loc, positions: dict[Loc, Position], reading: Reading) -> None:
    """What stood at a place stands in the file beside the folder now."""
    kept = {loc: at for loc, at in reading.positions.items() if loc[: len(place)] != place}
    moved = {(*place, *loc[len(said) :]): at for loc, at in positions.items() if loc[: len(said)] == said}
    reading.positions = kept | moved


def _read(
    path: Path, keys: tuple[str, ...], digest: Digest, reading: Reading
) -> tuple[dict[str, Any], dict[Loc, Position]]:
    """What a file holds, and where each value stands; ({}, {}) where it cannot be read."""
    if not path.is_file():
        reading.fault(str(path), 0, "there is no such file", "Name a file of YAML.")
        return {}, {}
    raw = path.read_bytes()
    if len(raw) > MAX_FILE_BYTES:
        reading.fault(path.name, 0, f"larger than {MAX_FILE_BYTES} bytes", "Shorten it.")
        return {}, {}
    digest.update(f"{path.name}\0{len(raw)}\0".encode() + raw)
    beside = Reading()
    found = read_yaml(path.name, raw, (), keys, beside)
    reading.faults += beside.faults
    return ({}, {}) if beside.faults else (found, beside.positions)
