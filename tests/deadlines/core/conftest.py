"""A desk for each test."""

from __future__ import annotations

import pytest
from tests.deadlines.desk import Desk, Tell

from clic_contracts.town import Town
from clic_deadlines.core.standard import Rules


@pytest.fixture
def desk(rules: Rules, tell: Tell) -> Desk:
    """A desk that knows nothing yet."""
    return Desk(rules, tell)


@pytest.fixture(scope="session")
def whole_town(town: Town) -> Town:
    """The town with every delay that one can set: judging, the citizen's own, outside work, and a chain."""
    document = town.model_dump(mode="json")
    document["deadlines"] |= {
        "judge": {"within": {"business_days": 2}, "kinds": ["complaint"]},
        "citizen_reply": {"remind_after": {"business_days": 10}, "within": {"business_days": 20}},
        "outside_work_within": {"business_days": 10},
        "complaint_extension_days": 10,
        "escalation": [
            {"to": "person"},
            {"to": "head", "after": {"business_days": 2}},
            {"to": "general_management", "after": {"business_days": 5}},
        ],
        "general_management": "greffe",
    }
    document["subjects"][2]["legal_delay"] = True  # permit
    return Town.model_validate(document)


@pytest.fixture
def whole(whole_town: Town, tell: Tell) -> Desk:
    """A desk of the town with every delay."""
    return Desk(Rules(whole_town), tell)
