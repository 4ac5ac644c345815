"""The habits of the house that no linter knows, one function each, and a planted violation that proves each of them.

In the spirit of TigerBeetle's `tidy`: a rule takes a file and yields what is wrong in it, as `line: what`.
A `~` is cut out of every pattern and plant below, so that this file does not find itself.
"""

from __future__ import annotations

import ast
import fnmatch
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.place import ROOT

Rule = Callable[["Source"], Iterator[str]]


MODULE_LINES_MAX = 400
CLAUSE_LAST = 41
CORE_FORBIDDEN = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "dt.datetime.now", "dt.datetime.utcnow"),
    *("dt.date.today", "time.time", "time.monotonic", "perf_counter", "uuid4", "uuid.uuid4", "uuid.uuid1", "open"),
}
LOG_LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
LONG_BECAUSE = {
    "contracts/src/clic_contracts/event.py": "The catalogue of events: one list, read from top to bottom.",
    "contracts/src/clic_contracts/submission.py": "Everything that a publisher may send and hears back, on one page.",
}
"""Modules over the limit, and why two rooms would not be better."""
MODULE_NAMES_FORBIDDEN = {"util", "utils", "helper", "helpers", "common", "manager", "base", "misc"}


def cut(pattern: str) -> str:
    """A pattern without the marks that keep this file from finding itself."""
    return pattern.replace("~", "")


UNFINISHED = re.compile(cut(r"\b(TO~DO|FIX~ME|XX~X|Not~ImplementedError)\b"))
CLAUSE = re.compile(r"\bPOL-([0-9]+)\b")
MACHINE_PATH = re.compile(cut(r"(?<![\w.~/-])/(wo~rk|tm~p|ho~me|ro~ot|Us~ers)/"))
REGISTRY = re.compile(
    cut(r"py~pi\.org|python~hosted|npm~js\.|pro~xy\.golang|doc~ker\.io|gh~cr\.io|qu~ay\.io|deb~ian\.org/")
    + cut(r"|(index-~url|INDEX_~URL)[= ]+[\"']?https?://")
)
IGNORE = re.compile(cut(r"#\s*ty~pe:\s*ignore"))
IGNORE_EXPLAINED = re.compile(cut(r"#\s*ty~pe:\s*ignore\[[a-z-]+(,\s*[a-z-]+)*\]\s+#\s+\S"))
OPENED = re.compile(r"^\s*from asyncpg\S* import .*\b(connect|create_pool)\b")
NOQA = re.compile(cut(r"#\s*no~qa"))
NOQA_EXPLAINED = re.compile(cut(r"#\s*no~qa:\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*\s+(#|-|–|—)\s*\S"))


class Source(NamedTuple):
    """One file of the house: its path from the root, with `/`, and its text."""

    path: str
    text: str

    @property
    def name(self) -> str:
        """The file's name without its folder and ending."""
        return Path(self.path).stem

    @property
    def is_python(self) -> bool:
        """Whether it is a module."""
        return self.path.endswith(".py")

    @property
    def is_ours(self) -> bool:
        """Whether it ships: a member's source, not a test or a bench."""
        return "/src/" in self.path

    @property
    def is_core(self) -> bool:
        """Whether it belongs to a service's core."""
        return self.is_ours and "/core/" in self.path

    def lines(self, pattern: re.Pattern[str]) -> Iterator[tuple[int, re.Match[str]]]:
        """Every match and its line, from 1."""
        for number, line in enumerate(self.text.splitlines(), start=1):
            for match in pattern.finditer(line):
                yield number, match

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call and the dotted name that is called, such as `self._log.append`."""
        if self.is_python:
            yield from _calls(self.text)


@lru_cache(maxsize=1)
def _tree(text: str) -> ast.Module:
    """Kept while the rules look at the same file."""
    return ast.parse(text)


@lru_cache(maxsize=1)
def _calls(text: str) -> tuple[tuple[ast.Call, str], ...]:
    found = (node for node in ast.walk(_tree(text)) if isinstance(node, ast.Call))
    return tuple((node, ast.unparse(node.func)) for node in found)


def module_name(source: Source) -> Iterator[str]:
    """A module is named for what it holds."""
    if source.is_python and source.name in MODULE_NAMES_FORBIDDEN:
        yield f"1: a module called {source.name} holds anything; name it for what it owns"


def unfinished(source: Source) -> Iterator[str]:
    """Nothing is left for later in the code: an issue is the place for it."""
    for line, match in source.lines(UNFINISHED):
        yield f"{line}: {match[0]} is unfinished work"


def docstring(source: Source) -> Iterator[str]:
    """A module begins with one sentence on what it owns."""
    if source.is_python and not (ast.get_docstring(_tree(source.text)) or "").strip():
        yield "1: the module has no docstring"


def length(source: Source) -> Iterator[str]:
    """A long module is two ideas in one room, unless the allow-list says why not."""
    lines = source.text.count("\n")
    if source.is_python and lines > MODULE_LINES_MAX and source.path not in LONG_BECAUSE:
        yield f"{lines}: longer than {MODULE_LINES_MAX} lines"


def printing(source: Source) -> Iterator[str]:
    """Services log; only what talks to a person at a terminal prints."""
    if source.is_ours and "/src/clic/" not in source.path:
        for call, name in source.calls():
            if name == "print":
                yield f"{call.lineno}: print() outside the command line"


def core_impurity(source: Source) -> Iterator[str]:
    """Time, randomness and files reach a core as data."""
    if source.is_core:
        for call, name in source.calls():
            if name in CORE_FORBIDDEN or name.startswith("random."):
                yield f"{call.lineno}: {name}() in a core"


def appending(source: Source) -> Iterator[str]:
    """Exactly one module appends to the log: `clic_chassis/decision.py`."""
    if source.is_ours and not source.path.endswith("clic_chassis/decision.py"):
        for call, name in source.calls():
            if re.fullmatch(r"(.*\.)?_?(event_)?log\.append", name):
                yield f"{call.lineno}: {name}() outside clic_chassis/decision.py"


def opening(source: Source) -> Iterator[str]:
    """PostgreSQL is opened by `clic_chassis/postgres_credential.py`: past it a password that is in a file is missed."""
    if not source.is_ours or source.path.endswith("clic_chassis/postgres_credential.py"):
        return
    for call, name in source.calls():
        if re.fullmatch(r"asyncpg\.(.+\.)?(connect|create_pool)", name):
            yield f"{call.lineno}: {name}() outside clic_chassis/postgres_credential.py"
    for line, match in source.lines(OPENED):
        yield f"{line}: {match[1]} of asyncpg outside clic_chassis/postgres_credential.py"


def declaring(source: Source) -> Iterator[str]:
    """FastStream's own declaration resets the log's guarantees: streams are made by `clic_chassis.streams` alone."""
    for call, name in source.calls():
        if name.rpartition(".")[2] == "JStream":
            values = [ast.unparse(word.value) for word in call.keywords if word.arg == "declare"]
            if values != ["False"]:
                yield f"{call.lineno}: JStream without declare=False"


def swallowing(source: Source) -> Iterator[str]:
    """An error is handled, told or let through; never dropped."""
    broad = {"Exception", "BaseException"}
    if not source.is_python:
        return
    for node in ast.walk(_tree(source.text)):
        if isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) in broad):
            silent = all(isinstance(step, ast.Pass | ast.Continue) or _is_bare_value(step) for step in node.body)
            if silent:
                yield f"{node.lineno}: every error is swallowed"
    for call, name in source.calls():
        if name.rpartition(".")[2] == "suppress" and broad & {ast.unparse(argument) for argument in call.args}:
            yield f"{call.lineno}: every error is swallowed"


def _is_bare_value(step: ast.stmt) -> bool:
    return isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant)


def unexplained_ignore(source: Source) -> Iterator[str]:
    """What a gate is told to overlook has a code and a reason."""
    if not source.is_python:
        return
    for every, explained in ((IGNORE, IGNORE_EXPLAINED), (NOQA, NOQA_EXPLAINED)):
        for line, match in source.lines(every):
            if not explained.match(match.string, match.start()):
                yield f"{line}: {match[0]} without code and reason"


def clause(source: Source) -> Iterator[str]:
    """A cited clause exists."""
    for line, match in source.lines(CLAUSE):
        if len(match[1]) != len(str(CLAUSE_LAST)) or not 1 <= int(match[1]) <= CLAUSE_LAST:
            yield f"{line}: there is no {match[0]}"


def machine_path(source: Source) -> Iterator[str]:
    """Nothing depends on where one developer keeps things."""
    for line, match in source.lines(MACHINE_PATH):
        yield f"{line}: {match[0]} is a path of some machine"


def registry(source: Source) -> Iterator[str]:
    """Where packages come from is for the machine to say: a closed network has mirrors of its own."""
    for line, match in source.lines(REGISTRY):
        yield f"{line}: {match[0]} names a package registry"


def log_event(source: Source) -> Iterator[str]:
    """A log event is a snake_case name with ids as fields, never a sentence with values in it."""
    if not source.is_ours:
        return
    for call, name in source.calls():
        owner, _, level = name.rpartition(".")
        if level in LOG_LEVELS and owner.rpartition(".")[2] in {"log", "_log", "logger"}:
            event = call.args[0] if call.args else None
            text = event.value if isinstance(event, ast.Constant) else None
            if not isinstance(text, str) or not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", text):
                yield f"{call.lineno}: the log event is not a snake_case name"


RULES: tuple[Rule, ...] = (
    module_name,
    unfinished,
    docstring,
    length,
    printing,
    core_impurity,
    appending,
    opening,
    declaring,
    swallowing,
    unexplained_ignore,
    clause,
    machine_path,
    registry,
    log_event,
)


def sources(root: Path) -> Iterator[Source]:
    """Every text file of the house: what `.gitignore` names is not of it, nor is git's own folder."""
    ignored = [line.rstrip("/") for line in (root / ".gitignore").read_text(encoding="utf-8").split()]
    for path in sorted(_walk(root, root, [*ignored, ".git"])):
        try:
            yield Source(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue  # An image or an archive: no rule here reads those.


def _walk(root: Path, folder: Path, ignored: list[str]) -> Iterator[Path]:
    for path in folder.iterdir():
        names = (path.name, path.relative_to(root).as_posix())
        if any(fnmatch.fnmatch(name, pattern) for name in names for pattern in ignored):
            continue
        if path.is_dir():
            yield from _walk(root, path, ignored)
        elif path.is_file():
            yield path


class Plant(NamedTuple):
    """What a rule has to find, and where."""

    rule: Rule
    path: str
    text: str


OURS = "services/routing/src/clic_routing/planted.py"
CORE = "services/routing/src/clic_routing/core/planted.py"
TEST = "tests/routing/test_planted.py"
PLANTS = (
    Plant(module_name, "chassis/src/clic_chassis/utils.py", ""),
    Plant(module_name, "tests/chassis/helpers.py", ""),
    Plant(unfinished, OURS, "# TO~DO: later"),
    Plant(unfinished, "docs/planted.md", "FIX~ME"),
    Plant(unfinished, OURS, "raise Not~ImplementedError"),
    Plant(docstring, OURS, "import json"),
    Plant(docstring, "services/routing/src/clic_routing/__init__.py", ""),
    Plant(length, OURS, "\n" * (MODULE_LINES_MAX + 1)),
    Plant(printing, OURS, "print('routed')"),
    Plant(core_impurity, CORE, "import datetime as dt\nnow = dt.datetime.now(dt.UTC)"),
    Plant(core_impurity, CORE, "today = date.today()"),
    Plant(core_impurity, CORE, "started = time.time()"),
    Plant(core_impurity, CORE, "chosen = random.choice(departments)"),
    Plant(core_impurity, CORE, "request_id = uuid4()"),
    Plant(appending, OURS, "await log.append(service, request_id, events, expected=0)"),
    Plant(appending, OURS, "await self._log.append(service, request_id, events, expected=0)"),
    Plant(appending, OURS, "await runtime.log.append(service, request_id, events, expected=0)"),
    Plant(opening, OURS, "connection = await asyncpg.connect(url)"),
    Plant(opening, OURS, "async with asyncpg.create_pool(url) as pool:\n    pass"),
    Plant(opening, "deploy/embedded/src/clic/planted.py", "from asyncpg import Connection, connect"),
    Plant(declaring, OURS, "stream = JStream('CLIC_LOG')"),
    Plant(declaring, TEST, "stream = nats.JStream('CLIC_LOG', declare=True)"),
    Plant(swallowing, OURS, "try:\n    go()\nexcept Exception:\n    pass"),
    Plant(swallowing, TEST, "for one in many:\n    try:\n        go()\n    except:\n        continue"),
    Plant(swallowing, OURS, "with contextlib.suppress(Exception):\n    go()"),
    Plant(unexplained_ignore, OURS, "x = y  # ty~pe: ignore"),
    Plant(unexplained_ignore, OURS, "x = y  # ty~pe: ignore[arg-type]"),
    Plant(unexplained_ignore, TEST, "import y  # no~qa"),
    Plant(unexplained_ignore, TEST, "import y  # no~qa: F401"),
    Plant(clause, OURS, "# POL-~42"),
    Plant(clause, "docs/planted.md", "See POL-~00 and POL-01."),
    Plant(machine_path, TEST, "data = '/wo~rk/shared'"),
    Plant(machine_path, "Makefile", "cd /ho~me/somebody/clic"),
    Plant(registry, "planted.lock", "https://files.py~thonhosted.org/a.whl"),
    Plant(registry, "pyproject.toml", 'index-~url = "https://mirror.example.invalid/simple"'),
    Plant(log_event, OURS, "log.info(f'routed {request_id}')"),
    Plant(log_event, OURS, "self._log.warning('Request routed', request_id=request_id)"),
    Plant(log_event, OURS, "log.error(message)"),
)
INNOCENT = (
    Source(
        OURS,
        '"""Owns the planting."""\nimport structlog\nlog = structlog.get_logger()\nlog.info("routed", request_id="r")',
    ),
    Source(OURS, '"""Owns the planting."""\nfound: list[str] = []\nfound.append("one")\nbacklog.append("two")'),
    Source(OURS, cut('"""Owns the planting."""\nx: int = y  # ty~pe: ignore[assignment]  # The stub is wrong.')),
    Source(OURS, cut('"""Owns the planting."""\nx = do()  # no~qa: BLE001 - the runner decides what becomes of it')),
    Source(OURS, '"""Source: POL-01, POL-41."""\nstream = JStream("CLIC_LOG", declare=False)'),
    Source(CORE, '"""Owns the planting."""\nimport datetime as dt\nfirst_on = dt.date(2026, 1, 1)'),
    Source(
        TEST,
        '"""Tests of planting."""\nasync def test_it() -> None:\n    await log.append(service, "r", (), expected=0)',
    ),
    Source(TEST, '"""Tests of planting."""\nasync def test_it() -> None:\n    await asyncpg.connect(postgres_url)'),
    Source("deploy/embedded/src/clic/cli.py", '"""The command."""\nprint("http://127.0.0.1:8080")'),
    Source("docs/planted.md", "GET /v1/requests, ~/work, https://example.invalid/tmp/x"),
)


def test_the_house_is_tidy() -> None:
    """What a rule finds is mended in the file, or argued in the rule's allow-list with a reason."""
    every = list(sources(ROOT))

    assert [f"{each.path}:{what}" for each in every for rule in RULES for what in rule(each)] == []
    assert {"README.md", "pyproject.toml", "chassis/src/clic_chassis/log.py"} <= {each.path for each in every}


def test_no_exception_outlives_its_cause() -> None:
    """An allow-list holds what needs it today."""
    by_path = {each.path: each for each in sources(ROOT)}

    assert {path for path in LONG_BECAUSE if by_path[path].text.count("\n") <= MODULE_LINES_MAX} == set()


def test_every_rule_has_a_planted_violation() -> None:
    """A rule that cannot fail proves nothing."""
    assert {rule.__name__ for rule in RULES} == {plant.rule.__name__ for plant in PLANTS}


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.rule.__name__}: {plant.text.strip()[:40]}")
def test_a_planted_violation_is_found(plant: Plant) -> None:
    """Each rule fails when it should."""
    assert len(list(plant.rule(Source(plant.path, cut(plant.text))))) == 1


@pytest.mark.parametrize("innocent", INNOCENT, ids=lambda source: source.text.replace("\n", " ")[-40:])
def test_what_is_tidy_is_left_alone(innocent: Source) -> None:
    """A rule that cries wolf gets switched off."""
    assert [what for rule in RULES for what in rule(innocent)] == []
