"""In which language a page is shown: what was chosen, then what the browser asks for, and French before all.

Source: Charte de la langue française; RFC 9110, 12.5.4 (Accept-Language).
"""

from __future__ import annotations

from starlette.requests import Request

from clic_contracts.vocabulary import Language

PARAMETER = "lang"
COOKIE = "lang"
COOKIE_MAX_AGE_S = 365 * 24 * 3600
RANGES_MAX = 20
"""Of an Accept-Language header, more are not looked at."""


def language_of(request: Request) -> Language:
    """`?lang=`, then the cookie, then Accept-Language; French where none of them says otherwise."""
    for said in (request.query_params.get(PARAMETER), request.cookies.get(COOKIE)):
        if said in (Language.FR, Language.EN):
            return Language(said)
    return preferred(request.headers.get("accept-language", ""))


def preferred(header: str) -> Language:
    """The language that an Accept-Language header prefers; French where both are equal or not there."""
    quality = {Language.FR: 0.0, Language.EN: 0.0}
    for each in header.split(",")[:RANGES_MAX]:
        tag, _, parameter = each.strip().lower().partition(";")
        primary = tag.split("-", 1)[0].strip()
        if primary in (Language.FR, Language.EN):
            quality[Language(primary)] = max(quality[Language(primary)], _weight(parameter))
    return Language.EN if quality[Language.EN] > quality[Language.FR] else Language.FR


def _weight(parameter: str) -> float:
    """`q=0.7` as a number; 1 where nothing is said, 0 where it cannot be read."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(1.0, max(0.0, float(value))) if name == "q" else 1.0
    except ValueError:
        return 0.0
