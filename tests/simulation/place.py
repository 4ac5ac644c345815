"""The simulated town: every unit of delay, every kind of obligation, and a calendar that changes in its year."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from tests.place import LETTERS

from clic_contracts.town import Town
from clic_contracts.vocabulary import Kind
from clic_deadlines.core.standard import Rules

TORONTO = ZoneInfo("America/Toronto")
YEARS = range(2024, 2032)
NAMES = {"fr": "Ville simulée", "en": "Simulated town"}

SUBJECTS: list[dict[str, Any]] = [
    {"code": "pothole", "department": "voirie", "answer_within": {"business_days": 5}},
    {"code": "sidewalk", "department": "voirie", "answer_within": {"business_days": 30}},
    {"code": "water_leak", "department": "voirie", "answer_within": {"hours": 4}},
    {"code": "snow", "department": "voirie", "answer_within": {"hours": 24}},
    {"code": "hydrant", "department": "voirie", "answer_within": {"business_hours": 12}},
    {"code": "permit", "department": "voirie", "answer_within": {"calendar_days": 30}, "legal_delay": True},
    {"code": "registration", "department": "clic", "answer_within": {"calendar_days": 10}},
    {"code": "claim", "department": "greffe", "answer_within": {"business_days": 0}},
    {"code": "conduct", "department": "greffe", "answer_within": {"business_days": 20}},
    {"code": "other", "department": "clic"},
]
COUNTER = [
    {"weekday": weekday, "opens": opens, "closes": closes}
    for weekday in range(1, 7)
    for opens, closes in [("09:00", "12:00"), ("13:00", "16:30")][: 1 if weekday > 4 else 2]
]


@lru_cache
def rules_of(year: int) -> Rules:
    """The town's rules in a year; its calendar is another from the summer on."""
    closings = [
        {"first_on": f"{each}-12-24", "last_on": f"{each + 1}-01-02", "why": NAMES}
        for each in range(year - 2, year + 3)
    ]
    long_weekend = [{"first_on": f"{year}-07-02", "last_on": f"{year}-07-03", "why": NAMES}]
    town = Town.model_validate(
        {
            "code": "simulee",
            "name": NAMES,
            "desk": NAMES,
            "departments": [
                {"code": code, "name": NAMES, "first_line": code == "clic"} for code in ("clic", "greffe", "voirie")
            ],
            "subjects": [{**each, "name": NAMES} for each in SUBJECTS],
            "routing": {"rules": [], "unforeseen": "clic"},
            "deadlines": {
                "acknowledge_within": {"business_days": 1},
                "answer_within": {"business_days": 10},
                "decide_access_within": {"calendar_days": 20},
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
            },
            "standards": [{"kind": "complaint", "answer_within": {"business_days": 20}}],
            "earlier_calendars": [{"version": f"{year}.1", "slots": COUNTER, "closings": closings}],
            "calendar": {
                "version": f"{year}.2",
                "effective_on": f"{year}-06-15",
                "slots": COUNTER,
                "closings": closings + long_weekend,
            },
            "correspondence": {
                "sender": NAMES,
                "address": "clic@exemple.invalid",
                "further": NAMES,
                "claims": NAMES,
            },
            "letters": LETTERS,
            "retention": [{"kind": kind, "months": 12} for kind in Kind],
            "publishers": [],
            "version": "town-simulated",
        }
    )
    return Rules(town)


def begins_at(year: int) -> dt.datetime:
    """New Year in the town."""
    return dt.datetime(year, 1, 1, tzinfo=TORONTO).astimezone(dt.UTC)
