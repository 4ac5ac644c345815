"""Reads a town's folder of YAML files, and says in which file, on which line, what is wrong and how to mend it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import yaml
from pydantic import ValidationError

from clic_contracts.town import InconsistentTownError, Loc, Town

from .error import ClicError

FILES: dict[str, tuple[str, ...]] = {
    "town.yaml": ("code", "name", "desk", "sectors", "complaint_criteria"),
    "departments.yaml": ("departments",),
    "bodies.yaml": ("bodies",),
    "subjects.yaml": ("subjects",),
    "vocabulary.yaml": ("vocabulary",),
    "routing.yaml": ("routing",),
    "deadlines.yaml": ("deadlines", "standards"),
    "calendar.yaml": ("calendar", "earlier_calendars"),
    "publishers.yaml": ("publishers",),
    "correspondence.yaml": ("correspondence",),
    "retention.yaml": ("retention",),
}
"""The files of a town's folder, and the keys that each may hold."""

ARTICLES = "knowledge"
"""Its folder of the knowledge base: one file per article, `CODE.yaml`."""

ARTICLE_KEYS = ("title", "text", "subjects", "words", "reviewed_on")

LETTERS = "letters"
"""Its folder of letters: one template per kind and language, `KIND.LANGUAGE.j2`."""

MAX_FOLDER_FILES = 5_000
"""Files in one of these folders at most."""

MAX_FILE_BYTES = 1024 * 1024
"""A file's size at most; the largest of a real town has some 20 KB."""

MAX_DEPTH = 12
"""How deep a value may be nested; the models need 6."""

LOADER = yaml.CSafeLoader
"""Of libyaml, as every wheel of PyYAML has it: a process reads its town in a tenth of the time."""

_MENDS = {
    "missing": "Add it.",
    "extra_forbidden": "Remove it, or correct its name.",
    "string_type": "Put it between quotation marks.",
    "string_pattern_mismatch": "Write a code: lower case without accents, digits and underscores, a letter first.",
    "enum": "Use one of the values named.",
    "too_short": "Add at least one.",
    "time_parsing": 'Write a time between quotation marks, as "08:30".',
    "date_from_datetime_parsing": "Write a date as 2026-12-24.",
    "date_parsing": "Write a date as 2026-12-24.",
    "tuple_type": "Write a list: one line each with a hyphen, or [a, b].",
    "model_type": "Write a mapping: `key: value`.",
}


class Fault(NamedTuple):
    """One thing that is wrong with a town's folder. `line` counts from 1; 0 is the file as a whole."""

    file: str
    line: int
    detail: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.detail.rstrip('.')}. {self.mend}"


class TownFileError(ClicError):
    """A town's folder cannot be used; the message lists every fault as `file:line: what is wrong. how to mend it`."""

    def __init__(self, folder: Path, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(f) for f in faults))
        self.folder = folder
        self.faults = tuple(faults)


class Position(NamedTuple):
    """Where a value stands."""

    file: str
    line: int


class Digest(Protocol):
    """Of `hashlib`, over names and bytes."""

    def update(self, data: bytes, /) -> None:
        """Add some."""
        ...

    def hexdigest(self) -> str:
        """The digest so far."""
        ...


class Reading:
    """What has been read of a folder so far: values, where each stands, and what is wrong."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.positions: dict[Loc, Position] = {}
        self.faults: list[Fault] = []

    def fault(self, file: str, line: int, detail: str, mend: str) -> None:
        """Something is wrong; see `Fault`."""
        self.faults.append(Fault(file, line, detail, mend))

    def where(self, loc: Loc) -> Position:
        """The place of a value, or of the nearest thing around it."""
        for length in range(len(loc), 0, -1):
            if found := self.positions.get(loc[:length]):
                return found
        first = loc[0] if loc else "code"
        return Position(next((f for f, keys in FILES.items() if first in keys), "town.yaml"), 0)


def read_town(folder: Path) -> Town:
    """The town that a folder describes; `version` is the content hash of its files.

    The hash is the first 12 hexadecimal digits of SHA-256 over names and bytes of the files in order of name, so that
    every decision can say by which rules it was made.

    Raises:
        TownFileError: something is missing or wrong. Files that do not fit together are looked at only once each
            file is right by itself.
    """
    reading = Reading()
    return town_of(folder, read_folder(folder, reading), reading)


def read_folder(folder: Path, reading: Reading) -> Digest:
    """Everything that a folder holds; the digest is of its files."""
    digest = hashlib.sha256()
    for name, raw in _files(folder, reading):
        digest.update(f"{name}\0{len(raw)}\0".encode() + raw)
        if name.startswith(f"{LETTERS}/"):
            _read_letter(name, raw, reading)
        elif name.startswith(f"{ARTICLES}/"):
            _read_article(name, raw, reading)
        else:
            reading.values.update(read_yaml(name, raw, (), FILES[name], reading))
    return digest


def town_of(folder: Path, digest: Digest, reading: Reading) -> Town:
    """What was read as a town.

    Raises:
        TownFileError: something is wrong with it.
    """
    if not reading.faults:
        try:
            return Town.model_validate({**reading.values, "version": digest.hexdigest()[:12]})
        except ValidationError as error:
            reading.faults.extend(_faults(error, reading))
    order = sorted(reading.faults, key=lambda f: (f.file, f.line))
    raise TownFileError(folder, order)


def paths_of(folder: Path) -> list[Path]:
    """The files of a town that is whole, in one order: not what else a volume of Kubernetes has beside them."""
    within = [path for name in (ARTICLES, LETTERS) for path in (folder / name).iterdir()]
    return sorted(path for path in [*(folder / name for name in FILES), *within] if not path.name.startswith("."))


def _files(folder: Path, reading: Reading) -> Iterator[tuple[str, bytes]]:
    if not folder.is_dir():
        raise TownFileError(
            folder, [Fault(str(folder), 0, "there is no such folder", "Name a town's folder of YAML files.")]
        )
    names = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
    if not set(names) & set(FILES):
        detail = "no file of a town is in this folder"
        raise TownFileError(folder, [Fault(str(folder), 0, detail, f"Name another, or add {', '.join(FILES)}.")])
    for name in sorted({*names, *FILES}):
        path = folder / name
        if name in (ARTICLES, LETTERS):
            yield from _files_within(path, reading)
        elif name not in FILES:
            reading.fault(name, 0, "nothing of a town is kept in this file", f"Remove it; known: {', '.join(FILES)}.")
        elif not path.is_file():
            reading.fault(name, 0, "the file is missing", f"Add it with {named(FILES[name])}.")
        elif path.stat().st_size > MAX_FILE_BYTES:
            reading.fault(name, 0, f"larger than {MAX_FILE_BYTES} bytes", "Shorten it.")
        else:
            yield name, path.read_bytes()


def _files_within(folder: Path, reading: Reading) -> Iterator[tuple[str, bytes]]:
    """The files of one of its folders, named with it."""
    suffix = ".yaml" if folder.name == ARTICLES else ".j2"
    if not folder.is_dir():
        reading.fault(folder.name, 0, "not a folder", f"Make it a folder of files that end in {suffix}.")
        return
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    if len(paths) > MAX_FOLDER_FILES:
        reading.fault(folder.name, 0, f"more than {MAX_FOLDER_FILES} files", "Remove some.")
        return
    for path in paths:
        name = f"{folder.name}/{path.name}"
        if path.suffix != suffix or not path.is_file():
            reading.fault(name, 0, f"no file that ends in {suffix}", "Remove it, or correct its name.")
        elif path.stat().st_size > MAX_FILE_BYTES:
            reading.fault(name, 0, f"larger than {MAX_FILE_BYTES} bytes", "Shorten it.")
        else:
            yield name, path.read_bytes()


def named(keys: tuple[str, ...]) -> str:
    """Keys as a fault names them."""
    return ", ".join(f"`{key}:`" for key in keys)


def _read_letter(name: str, raw: bytes, reading: Reading) -> None:
    """A template; whether it is one that can be filled in, who writes letters says."""
    text = _text(name, raw, reading)
    letter, dot, language = Path(name).stem.partition(".")
    if not dot:
        reading.fault(name, 0, "it names no language", "Call it KIND.LANGUAGE.j2, as acknowledgement.fr.j2.")
    elif text is not None:
        letters = reading.values.setdefault("letters", [])
        reading.positions["letters", len(letters)] = Position(name, 1)
        letters.append({"letter": letter, "language": language, "text": text})


def _read_article(name: str, raw: bytes, reading: Reading) -> None:
    """An article; its code is the file's name."""
    articles = reading.values.setdefault("articles", [])
    loc = ("articles", len(articles))
    reading.positions[loc] = Position(name, 1)
    articles.append({"code": Path(name).stem, **read_yaml(name, raw, loc, ARTICLE_KEYS, reading)})


def _text(name: str, raw: bytes, reading: Reading) -> str | None:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        reading.fault(name, line, "not UTF-8", "Save the file in UTF-8.")
        return None


def read_yaml(name: str, raw: bytes, loc: Loc, keys: tuple[str, ...], reading: Reading) -> dict[str, Any]:
    """What a file of YAML holds, which stands at `loc` in the town; {} where it cannot be read."""
    text = _text(name, raw, reading)
    node = _node(name, text, reading) if text is not None else None
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        reading.fault(name, 1, "not a mapping", f"Write {named(keys)}.")
        return {}
    for key in keys:
        reading.positions[(*loc, key)] = Position(name, 0)
    return _mapping(name, node, loc, reading, keys)


def _node(name: str, text: str, reading: Reading) -> yaml.Node | None:
    try:
        for event in yaml.parse(text, Loader=LOADER):
            if isinstance(event, yaml.AliasEvent):  # Refused: a few of them can stand for gigabytes.
                reading.fault(name, _line(event.start_mark), "an alias (`*`)", "Write the value out.")
                return None
        node: yaml.Node | None = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        detail = " ".join(part for part in (error.context, error.problem) if part)
        reading.fault(
            name,
            _line(error.problem_mark or error.context_mark),
            f"not YAML: {detail}",
            "Look at indentation, quotation marks and colons.",
        )
        return None
    except yaml.YAMLError as error:
        reading.fault(name, 0, f"not YAML: {error}", "Remove the character.")
        return None
    if node is None:
        reading.fault(name, 1, "nothing stands in it", "Write a mapping: `key: value`.")
    return node


def _value(name: str, node: yaml.Node, loc: Loc, reading: Reading) -> Any:
    """A node as Python, by YAML 1.2's core schema.

    Not by PyYAML's, which is 1.1: there `13:00` is 780 and `no` is false.
    """
    line = _line(node.start_mark)
    reading.positions[loc] = Position(name, line)
    if len(loc) > MAX_DEPTH:
        reading.fault(name, line, "nested too deep", "Nothing of a town is that deep; look at the indentation.")
        return None
    if isinstance(node, yaml.MappingNode):
        return _mapping(name, node, loc, reading, None)
    if isinstance(node, yaml.SequenceNode):
        return [_value(name, each, (*loc, n), reading) for n, each in enumerate(node.value)]
    if not isinstance(node, yaml.ScalarNode) or node.style is not None:
        return node.value
    return _plain(node.value)


def _line(mark: Any) -> int:
    """PyYAML counts lines from 0, and its typing allows for no mark at all."""
    return mark.line + 1 if mark is not None else 0


def _plain(text: str) -> str | int | float | bool | None:
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        return int(text)
    if re.fullmatch(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)", text):
        return float(text)
    return text


def _mapping(
    name: str, node: yaml.MappingNode, loc: Loc, reading: Reading, known: tuple[str, ...] | None
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key, line = str(key_node.value), _line(key_node.start_mark)
        if known is not None and key not in known:
            reading.fault(name, line, f"`{key}` has no place here", f"Remove it; this file holds {named(known)}.")
        elif key in result:
            reading.fault(name, line, f"`{key}` stands twice", "Remove one.")
        else:
            result[key] = _value(name, value_node, (*loc, key), reading)
            reading.positions[(*loc, key)] = Position(name, line)
    return result


def _faults(error: ValidationError, reading: Reading) -> Iterator[Fault]:
    for each in error.errors(include_url=False):
        cause = each.get("ctx", {}).get("error")
        if isinstance(cause, InconsistentTownError):
            for loc, detail, mend in cause.inconsistencies:
                yield Fault(*reading.where(loc), f"{_dotted(loc)}: {detail}", mend)
            continue
        loc = each["loc"]
        detail = str(cause) if cause is not None else each["msg"]
        mend = _MENDS.get(each["type"], "Correct the value.")
        yield Fault(*reading.where(loc), f"{_dotted(loc)}: {detail}", mend)


def _dotted(loc: Loc) -> str:
    return ".".join(str(part) for part in loc)
