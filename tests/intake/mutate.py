"""Takes the desk's rules out, one at a time, and looks whether a test of the core notices.

`python -m tests.intake.mutate` says of each mutant which test kills it; `--only WORD` tries those whose name holds the
word. A mutant is a rule that allows everything, a refusal that is not raised, a branch of the admission that is
always or never taken, and a row of the lifecycle's table that is gone or too many. Each runs in a fork of one
process that holds everything but the desk's core, so that trying one costs a second.

`mutmut` and `cosmic-ray` were the alternatives: they mutate operators by the thousand and know nothing of a table; what
has to be shown here is that no rule of the policy can be lost.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.machinery
import importlib.util
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import hypothesis  # noqa: F401 - held before the forks, so that none has to read it
import pytest
import pytest_asyncio  # noqa: F401 - the same
import tests.place  # noqa: F401 - the same

import clic_chassis.scenario
import clic_chassis.testing  # noqa: F401 - the same
from clic_contracts import event as events
from clic_contracts import lifecycle
from clic_contracts.event import Event
from clic_contracts.vocabulary import Phase

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "services/intake/src/clic_intake/core"
CORE_TESTS = "tests/intake/core"
OF_ACCESS = tuple(f"tests/intake/access_path/test_{name}.py" for name in ("rule", "review", "handing"))
OF_RULES = (f"{CORE_TESTS}/test_judging.py", f"{CORE_TESTS}/test_request.py", *OF_ACCESS)
TESTS_BY_MODULE = {"rule": OF_RULES, "access_rule": OF_ACCESS, "extension": OF_ACCESS}
OF_ADMISSION = (f"{CORE_TESTS}/test_admission.py",)
OF_TABLE = (f"{CORE_TESTS}/test_table.py",)
QUIETLY = ("-x", "-q", "--no-header", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist")
"""Plain assertions: what is held before the forks cannot be rewritten, and nobody reads the difference."""
ALL = (*OF_RULES, *OF_ADMISSION, OF_TABLE[0])

BY_INTAKE = tuple(
    each
    for each in vars(events).values()
    if isinstance(each, type) and issubclass(each, Event) and getattr(each, "TYPE", "").startswith("request.")
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One rule taken out: how it is called, what does it in a fork, and the tests that are to notice."""

    name: str
    apply: Callable[[], None]
    tests: tuple[str, ...]


class Outcome(NamedTuple):
    """What became of a mutant: the test that noticed, or None."""

    mutant: str
    killed_by: str | None


# -- the code ---------------------------------------------------------------------------------------------------------


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module from a changed tree."""

    def __init__(self, module: str, tree: ast.Module) -> None:
        self._module = module
        self._code = compile(ast.fix_missing_locations(tree), f"<mutant of {module}>", "exec")

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """See `MetaPathFinder`."""
        return importlib.util.spec_from_loader(fullname, self) if fullname == self._module else None

    def exec_module(self, module: ModuleType) -> None:
        """See `Loader`."""
        exec(self._code, vars(module))


def _in_module(name: str, tree: ast.Module) -> Callable[[], None]:
    return lambda: sys.meta_path.insert(0, _Changed(f"clic_intake.core.{name}", tree))


def _tree(name: str) -> ast.Module:
    return ast.parse((CORE / f"{name}.py").read_text(encoding="utf-8"))


def _functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [each for each in tree.body if isinstance(each, ast.FunctionDef)]


def rules_that_allow() -> Iterator[Mutant]:
    """Each function of the modules of rules that refuses, refusing nothing."""
    for module, noticing in TESTS_BY_MODULE.items():
        for number, function in enumerate(_functions(_tree(module))):
            if any(isinstance(node, ast.Raise) for node in ast.walk(function)):
                tree = _tree(module)
                _functions(tree)[number].body = [ast.Pass()]
                yield Mutant(f"{module}.{function.name} allows everything", _in_module(module, tree), noticing)


def refusals_not_raised() -> Iterator[Mutant]:
    """Each `raise` of the modules of rules and of `core/request.py`, one at a time."""
    for module, noticing in {**TESTS_BY_MODULE, "request": OF_RULES}.items():
        count = sum(isinstance(node, ast.Raise) for node in ast.walk(_tree(module)))
        for number in range(count):
            tree = _tree(module)
            wanted = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)][number]
            name = f"{module}:{wanted.lineno} is not raised: {ast.unparse(wanted)[:70]}"
            _Replace(wanted, ast.Pass()).visit(tree)
            yield Mutant(name, _in_module(module, tree), noticing)


class _Replace(ast.NodeTransformer):
    def __init__(self, wanted: ast.AST, instead: ast.AST) -> None:
        self._wanted = wanted
        self._instead = instead

    def visit(self, node: ast.AST) -> ast.AST:
        """See `NodeTransformer`."""
        return self._instead if node is self._wanted else self.generic_visit(node)


ADMISSION = {
    "admission": frozenset(
        {"judge", "presence", "_missing", "given_by", "is_written", "is_urgent", "language_ground", "shows_claims"}
    ),
    "fit": frozenset({"_language", "_origin"}),
}
"""What judges at the door, by module; the rest reads submissions, which `service/test_bad_input.py` tries."""


def branches_of_the_admission() -> Iterator[Mutant]:
    """Each condition of the judgement at the door, always so and never so."""

    def conditions(tree: ast.Module, judging: frozenset[str]) -> list[ast.expr]:
        return [
            node.test
            for function in _functions(tree)
            if function.name in judging
            for node in ast.walk(function)
            if isinstance(node, ast.If | ast.IfExp)
        ]

    for module, judging in ADMISSION.items():
        for number, condition in enumerate(conditions(_tree(module), judging)):
            for truth in (True, False):
                tree = _tree(module)
                _Replace(conditions(tree, judging)[number], ast.Constant(truth)).visit(tree)
                name = f"{module}:{condition.lineno} is always {truth}: {ast.unparse(condition)[:70]}"
                yield Mutant(name, _in_module(module, tree), OF_ADMISSION)


# -- the table --------------------------------------------------------------------------------------------------------


def rows_removed() -> Iterator[Mutant]:
    """Each row of the lifecycle's table, gone."""
    for phase, row in lifecycle.LIFECYCLE.items():
        for event in row:
            yield Mutant(f"table: {event.TYPE} may not happen in {phase}", _removing(phase, event), OF_TABLE)


def _removing(phase: Phase, event: type[Event]) -> Callable[[], None]:
    def remove() -> None:
        del lifecycle.LIFECYCLE[phase][event]

    return remove


def rows_added() -> Iterator[Mutant]:
    """Each row that the table has not, leading nowhere else."""
    for phase, row in lifecycle.LIFECYCLE.items():
        for event in BY_INTAKE:
            if event not in row and event not in lifecycle.BESIDE and phase is not Phase.NEW:
                yield Mutant(f"table: {event.TYPE} may happen in {phase}", _adding(phase, event), OF_TABLE)


def _adding(phase: Phase, event: type[Event]) -> Callable[[], None]:
    return lambda: lifecycle.LIFECYCLE[phase].update({event: phase})


SORTS: tuple[Callable[[], Iterator[Mutant]], ...] = (
    rules_that_allow,
    refusals_not_raised,
    branches_of_the_admission,
    rows_removed,
    rows_added,
)


def mutants(only: str = "", sort: str = "") -> list[Mutant]:
    """Every mutant, or those of a sort, or whose name holds a word."""
    return [each for one in SORTS if sort in ("", one.__name__) for each in one() if only in each.name]


# -- trying -----------------------------------------------------------------------------------------------------------


class _Noticed:
    """Remembers the first test that failed."""

    def __init__(self) -> None:
        self.by: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """See pytest's hooks."""
        if report.failed and self.by is None:
            self.by = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that cannot even be imported without the rule has noticed, too."""
        if report.failed and self.by is None:
            self.by = report.nodeid


def run(apply: Callable[[], None], tests: Sequence[str] = ALL) -> str | None:
    """The test of the core that fails after a change, tried in a fork; None: none does.

    Raises:
        RuntimeError: the fork ended without an answer.
    """
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reader)
        apply()
        noticed = _Noticed()
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            pytest.main([*QUIETLY, *tests], [noticed])
        os.write(writer, (noticed.by or "-").encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read().decode()
    os.waitpid(process, 0)
    if not answer:
        raise RuntimeError("the fork was ended before it could tell what it found")
    return None if answer == "-" else answer


def tried(wanted: Sequence[Mutant]) -> Iterator[Outcome]:
    """Each mutant with what became of it, as it is known."""
    for each in wanted:
        yield Outcome(each.name, run(each.apply, each.tests))


def main() -> int:
    """Try them, say what became of each, and fail where one lives."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", default="", help="a word of the mutants' names")
    parser.add_argument("--first", action="store_true", help="one of each sort alone")
    parser.add_argument("--sort", default="", choices=["", *(each.__name__ for each in SORTS)])
    chosen = parser.parse_args()
    wanted = mutants(chosen.only, chosen.sort)
    if chosen.first:
        wanted = [next(sort()) for sort in SORTS]
    os.chdir(ROOT)
    if (broken := run(lambda: None)) is not None:
        say(f"without any change {broken} fails: mend that first")
        return 2
    living = 0
    for outcome in tried(wanted):
        living += outcome.killed_by is None
        say(f"{'killed' if outcome.killed_by else 'LIVES '} {outcome.mutant}  <- {outcome.killed_by or 'no test'}")
    say(f"{len(wanted)} mutants, {living} live")
    return 1 if living else 0


def say(line: str) -> None:
    """A line for whoever runs it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
