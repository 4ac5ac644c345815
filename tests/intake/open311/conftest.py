"""A town with services of every sort, and its Open311 over HTTP."""

from __future__ import annotations

import pytest
from tests.intake.open311.listed import HIDDEN, listed, with_services
from tests.intake.open311.site import Site

from clic_contracts.town import Town


@pytest.fixture(scope="session")
def serving(town: Town) -> Town:
    """The invented town, as Open311 serves it."""
    return with_services(town)


@pytest.fixture
def site(serving: Town) -> Site:
    """With two public requests and one of every sort that is hidden."""
    hidden = [listed(number, **changes) for number, changes in enumerate(HIDDEN.values(), start=3)]
    return Site(serving, listed(1), listed(2, subject="road_danger"), *hidden)
