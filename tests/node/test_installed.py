"""Where Node.js or its packages are missing tests skip with the reason, and on CI they fail."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.node import installed
from tests.node.installed import FOLDER, found_node
from tests.place import ROOT


@pytest.mark.parametrize("lacking", ["node", "packages"])
@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_what_is_missing_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lacking: str, ci: str, outcome: type[BaseException]
) -> None:
    """A test that was skipped on CI would be no test."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(shutil, "which", lambda _: None if lacking == "node" else "node")
    monkeypatch.setattr(installed, "STAMP", tmp_path / "nowhere")
    with pytest.raises(outcome, match="make node"):
        found_node()


def test_the_lock_names_no_registry_and_ci_installs_by_it() -> None:
    """Whoever has a mirror of their own uses it; and nobody runs what a package would run when it is installed."""
    lock = json.loads((FOLDER / "package-lock.json").read_text(encoding="utf-8"))
    resolved = {name for name, each in lock["packages"].items() if "resolved" in each}
    wanted = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    settings = (FOLDER / ".npmrc").read_text(encoding="utf-8").splitlines()

    assert resolved == set()
    assert wanted == lock["packages"][""]["devDependencies"]
    assert {"ignore-scripts=true", "omit-lockfile-registry-resolved=true"} <= set(settings)
    assert "make node\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
