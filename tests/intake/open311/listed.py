"""Made requests and a town with services of every sort, for what Open311 shows."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from clic_chassis.scenario import NOON
from clic_contracts.envelope import derive_id
from clic_contracts.town import Town
from clic_contracts.vocabulary import Kind, Phase
from clic_intake.core.open311 import Listed


def listed(number: int = 1, **changes: Any) -> Listed:
    """A public request, changed in parts."""
    plain = Listed(
        request_id=derive_id("request", "/essai", str(number)),
        request_key=number,
        reference=f"2026-{number:06d}",
        kind=Kind.REPORT,
        subject="pothole",
        sector="centre",
        phase=Phase.IN_TREATMENT,
        received_at=NOON - dt.timedelta(hours=2),
        updated_at=NOON - dt.timedelta(hours=1),
        closed_at=None,
        department="voirie",
        expected_at=NOON + dt.timedelta(days=5),
        confidential_to=None,
        public_text="Nid-de-poule près d’une école.",
        public_notes="Réparation prévue.",
        erased=False,
    )
    return replace(plain, **changes)


HIDDEN: dict[str, dict[str, Any]] = {
    "an access request (POL-26)": {"kind": Kind.ACCESS_TO_INFORMATION, "confidential_to": "greffe"},
    "an access request that nothing else marks (POL-26)": {"kind": Kind.ACCESS_TO_INFORMATION},
    "a complaint": {"kind": Kind.COMPLAINT},
    "a comment": {"kind": Kind.COMMENT},
    "a suggestion": {"kind": Kind.SUGGESTION},
    "a confidential one (POL-26)": {"confidential_to": "voirie"},
    "one about a confidential subject (POL-26)": {"subject": "privacy_incident"},
    "one about a subject that is on no form": {"subject": "internal_matter"},
    "one without a subject": {"subject": None},
    "one about a subject that the town no longer has": {"subject": "former_matter"},
    "an erased one (POL-30)": {"erased": True},
    "one that was entered by mistake": {"phase": Phase.VOIDED},
}
"""What nobody may read of."""


def with_services(town: Town) -> Town:
    """The invented town, with questions, words of an article, and a subject that is on no form."""
    raw = town.model_dump(mode="json")
    pothole, *others = raw["subjects"]
    pothole["name"] = {"fr": "Nid-de-poule", "en": "Pothole"}
    pothole["answer_within"] = {"business_days": 5}
    pothole["questions"] = [
        {
            "code": "size",
            "text": {"fr": "Quelle est la taille ?", "en": "How large?"},
            "datatype": "singlevaluelist",
            "required": True,
            "values": [
                {"code": "small", "name": {"fr": "Petite", "en": "Small"}},
                {"code": "large", "name": {"fr": "Grande", "en": "Large"}},
            ],
        },
        {
            "code": "hazards",
            "text": {"fr": "Qu’y a-t-il autour ?", "en": "What is around it?"},
            "datatype": "multivaluelist",
            "values": [
                {"code": "school", "name": {"fr": "Une école", "en": "A school"}},
                {"code": "bus_stop", "name": {"fr": "Un arrêt", "en": "A bus stop"}},
            ],
        },
        {"code": "pole", "text": {"fr": "Numéro ?", "en": "Number?"}, "datatype": "number"},
    ]
    names = {"fr": "Affaire interne", "en": "Internal matter"}
    internal = {"code": "internal_matter", "name": names, "department": "clic", "on_forms": False}
    raw["subjects"] = [pothole, *others, internal]
    return Town.model_validate(raw)
