"""The servers that tests run on; the fixtures are the chassis', so that others may use them too. And a browser."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
import pytest_asyncio
from hypothesis import settings
from playwright.async_api import Browser, async_playwright

pytest_plugins = ["clic_chassis.testing", "tests.node.installed"]

BROWSER_START_S = 60.0

# On CI hypothesis does so by itself: how long one example takes says nothing on a machine that others use too.
settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with the longest tests come first, so that at the end no worker has the longest file alone.

    Left to itself pytest-xdist begins with the files of the most tests, and these are the quickest.
    """
    long = [{item.path for item in items if item.get_closest_marker(mark)} for mark in ("system", "slow")]
    items.sort(key=lambda item: [item.path not in paths for paths in long])


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's browser: where there is none the tests that need one say so; on CI that is a failure."""
    found = shutil.which("chromium")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have a browser: install the package chromium")
        pytest.skip("there is no chromium here: install Debian's package chromium to try the pages in a browser")
    return found


@pytest.fixture(scope="session")
def browser_address(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A browser without a window, for all tests: it takes longer to start than most pages to be tried."""
    profile = tmp_path_factory.mktemp("chromium")
    process = subprocess.Popen(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--hide-scrollbars", "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{_port_of(process, profile / 'DevToolsActivePort')}"
    finally:
        process.terminate()
        process.wait(BROWSER_START_S)


def _port_of(process: subprocess.Popen[bytes], file: Path) -> str:
    """The port that a browser chose, once it has written it down."""
    end = monotonic() + BROWSER_START_S
    while not (file.exists() and (lines := file.read_text(encoding="ascii").splitlines())):
        assert process.poll() is None, f"chromium ended with {process.returncode}"
        assert monotonic() < end, f"chromium named no port within {BROWSER_START_S:.0f} s"
        sleep(0.02)
    return lines[0]


@pytest_asyncio.fixture
async def browser(browser_address: str) -> AsyncIterator[Browser]:
    """The browser; the contexts that a test opens in it (cookies, cache, look) are its own and closed after it."""
    async with async_playwright() as playwright:
        found = await playwright.chromium.connect_over_cdp(browser_address)
        yield found
        for each in found.contexts:
            await each.close()
        await found.close()
