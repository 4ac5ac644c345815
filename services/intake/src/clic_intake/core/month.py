"""What months are called, in letters and on pages."""

from __future__ import annotations

from clic_contracts.vocabulary import Language

MONTHS: dict[Language, tuple[str, ...]] = {
    Language.FR: (
        "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
        "décembre",
    ),
    Language.EN: (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ),
}  # fmt: skip
"""January first."""
