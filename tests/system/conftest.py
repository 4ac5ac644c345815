"""One house for the tests of a module: servers and services take longer to start than most tests to run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.system.house import House, open_house


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """The whole house, traced; shared by the tests of a module, which leave it running."""
    with open_house(traced=True) as opened:
        yield opened
