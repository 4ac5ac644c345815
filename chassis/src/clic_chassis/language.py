"""Which of the town's two languages a client asks for.

Source: Charte de la langue française; RFC 9110, 12.5.4 (Accept-Language).
"""

from __future__ import annotations

from clic_contracts.vocabulary import Language

RANGES_MAX = 20
"""Of an Accept-Language header, more are not looked at."""


def preferred(header: str, default: Language = Language.FR) -> Language:
    """The language that an Accept-Language header prefers; the default where both are equal or not there."""
    quality = {Language.FR: 0.0, Language.EN: 0.0}
    for each in header.split(",")[:RANGES_MAX]:
        tag, _, parameter = each.strip().lower().partition(";")
        primary = tag.split("-", 1)[0].strip()
        if primary in (Language.FR, Language.EN):
            quality[Language(primary)] = max(quality[Language(primary)], _weight(parameter))
    if quality[Language.EN] == quality[Language.FR]:
        return default
    return max(quality, key=lambda each: quality[each])


def _weight(parameter: str) -> float:
    """`q=0.7` as a number; 1 where nothing is said, 0 where it cannot be read."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(1.0, max(0.0, float(value))) if name == "q" else 1.0
    except ValueError:
        return 0.0
