"""The servers that tests run on; the fixtures are the chassis', so that others may use them too. And a browser."""

from __future__ import annotations

import os
import shutil

import pytest

pytest_plugins = ["clic_chassis.testing"]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's browser: where there is none the tests that need one say so; on CI that is a failure."""
    found = shutil.which("chromium")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have a browser: install the package chromium")
        pytest.skip("there is no chromium here: install Debian's package chromium to try the pages in a browser")
    return found
