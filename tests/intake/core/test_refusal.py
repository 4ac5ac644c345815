"""What refuses a submission says so in both languages: publishers read French, unless they ask otherwise."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.place import ROOT

INTAKE = ROOT / "services" / "intake" / "src" / "clic_intake"
BY_SUBMISSIONS = {
    "core/rule.py": {
        *("must", "not_before_reception", "may_close", "may_promise", "may_refuse", "may_reopen", "_may_undo_merge"),
    },
    "core/access_rule.py": {"may_answer", "_all_were_heard"},
    "core/request.py": {"_decide", "_closed_already"},
    "register.py": {"entry", "find"},
    "desk.py": {"_record_interaction", "_pointed", "_keyed", "_decide", "_other_content"},
}
"""The functions that a submission comes through, and that may refuse it."""


def refusals(path: Path, functions: set[str]) -> Iterator[tuple[str, ast.Call]]:
    """Each error that these functions raise, or give to be raised."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name in functions:
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Error"):
                    yield function.name, node


@pytest.mark.parametrize("module", BY_SUBMISSIONS)
def test_each_refusal_has_its_french_beside_its_english(module: str) -> None:
    found = list(refusals(INTAKE / module, BY_SUBMISSIONS[module]))
    assert {name for name, _ in found} == BY_SUBMISSIONS[module], "a function that refuses nothing, or is gone"
    without = [
        f"{module}:{call.lineno}" for _, call in found if not any(keyword.arg == "fr" for keyword in call.keywords)
    ]
    assert without == []


def test_a_refusal_without_its_french_is_found(tmp_path: Path) -> None:
    """The proof that the test above can fail."""
    (tmp_path / "planted.py").write_text('def must():\n    raise NotNowError("not now")\n', encoding="utf-8")
    ((name, call),) = refusals(tmp_path / "planted.py", {"must"})
    assert (name, call.keywords) == ("must", [])
