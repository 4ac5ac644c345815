"""A small invented town for the desk."""

from __future__ import annotations

import pytest
from tests.place import LETTERS

from clic_contracts.town import Town
from clic_contracts.vocabulary import Kind


@pytest.fixture(scope="session")
def town() -> Town:
    """Two departments and the desk, one subject outside its competence, one confidential, five publishers."""
    names = {"fr": "Ville imaginaire", "en": "Imaginary town"}
    return Town.model_validate(
        {
            "code": "imaginaire",
            "name": names,
            "desk": {"fr": "Le CLIC", "en": "The desk"},
            "departments": [
                {"code": "clic", "name": names, "first_line": True},
                {"code": "greffe", "name": names},
                {"code": "voirie", "name": names},
            ],
            "bodies": [
                {
                    "code": "ministere",
                    "name": {"fr": "Le ministère imaginaire", "en": "The imaginary ministry"},
                    "contact": {"fr": "composez le 450 555-0199.", "en": "call 450 555-0199."},
                }
            ],
            "subjects": [
                {"code": "pothole", "name": names, "department": "voirie"},
                {"code": "provincial_road", "name": names, "turn_to": "ministere"},
                {"code": "road_danger", "name": names, "department": "voirie", "urgent": True},
                {"code": "privacy_incident", "name": names, "department": "voirie", "confidential": True},
            ],
            "vocabulary": [
                {"code": "artery", "name": names, "forms": ["artère", "rue principale"]},
                {"code": "stop_sign", "name": names, "forms": ["panneau d'arrêt"]},
                {"code": "heart", "name": names, "forms": ["cœur"]},
                {"code": "damage", "name": names, "forms": ["crevaison"]},
                {"code": "formal_notice", "name": names, "forms": ["mise en demeure"]},
            ],
            "sectors": ["centre"],
            "routing": {"rules": [], "unforeseen": "clic"},
            "deadlines": {
                "acknowledge_within": {"business_days": 1},
                "answer_within": {"business_days": 10},
                "decide_access_within": {"calendar_days": 20},
                "reopen_within_days": 30,
            },
            "calendar": {"version": "2026.1"},
            "correspondence": {
                "sender": {"fr": "CLIC imaginaire", "en": "Imaginary CLIC"},
                "address": "clic@exemple.invalid",
                "further": {"fr": "Écrivez à la Direction générale.", "en": "Write to the Direction générale."},
                "claims": {"fr": "Un signalement n’est pas une réclamation.", "en": "A report is not a claim."},
                "claim_terms": ["damage"],
                "language_grounds": ["citizen_wish", "health_or_safety"],
            },
            "letters": LETTERS,
            "retention": [{"kind": kind, "months": 12} for kind in Kind],
            "publishers": [
                {"code": "portail_web", "name": names},
                {"code": "telephonie", "name": names},
                {"code": "archives", "name": names, "may_backlog": True, "may_withhold_requester": True},
            ],
            "complaint_criteria": ["repeated", "steps_taken"],
            "version": "town-test",
        }
    )
