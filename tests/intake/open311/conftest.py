"""A town with services of every sort."""

from __future__ import annotations

import pytest
from tests.intake.open311.listed import with_services

from clic_contracts.town import Town


@pytest.fixture(scope="session")
def serving(town: Town) -> Town:
    """The invented town, as Open311 serves it."""
    return with_services(town)
