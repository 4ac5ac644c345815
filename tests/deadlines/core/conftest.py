"""A desk for each test."""

from __future__ import annotations

import pytest
from tests.deadlines.desk import Desk, Tell

from clic_deadlines.core.standard import Rules


@pytest.fixture
def desk(rules: Rules, tell: Tell) -> Desk:
    """A desk that knows nothing yet."""
    return Desk(rules, tell)
