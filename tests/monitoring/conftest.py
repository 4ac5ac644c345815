"""Prometheus' own tools, and the files that ops load into it and into Grafana."""

from __future__ import annotations

import os
import shutil

import pytest


def tool(name: str) -> str:
    """A program of Debian's package prometheus: where there is none the tests say so; on CI that is a failure."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have {name}: install the package prometheus")
        pytest.skip(f"there is no {name} here: install Debian's package prometheus")
    return found


@pytest.fixture(scope="session")
def promtool() -> str:
    """Checks rules, and tries them on invented series."""
    return tool("promtool")


@pytest.fixture(scope="session")
def prometheus() -> str:
    """Prometheus itself."""
    return tool("prometheus")
