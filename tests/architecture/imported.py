"""What a module imports, read from its text."""

from __future__ import annotations

import ast
import sys
from pathlib import Path


def imported(module: Path) -> set[str]:
    """The top-level packages that a module imports absolutely, without the standard library's."""
    names: list[str] = []
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.append(node.module)
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names
