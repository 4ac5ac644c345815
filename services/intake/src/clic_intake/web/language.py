"""In which language a page is shown: what was chosen, then what the browser asks for, and French before all.

Source: Charte de la langue française; RFC 9110, 12.5.4 (Accept-Language).
"""

from __future__ import annotations

from starlette.requests import Request

from clic_chassis.language import preferred
from clic_contracts.vocabulary import Language

PARAMETER = "lang"
COOKIE = "lang"
COOKIE_MAX_AGE_S = 365 * 24 * 3600


def language_of(request: Request) -> Language:
    """`?lang=`, then the cookie, then Accept-Language; French where none of them says otherwise."""
    for said in (request.query_params.get(PARAMETER), request.cookies.get(COOKIE)):
        if said in (Language.FR, Language.EN):
            return Language(said)
    return preferred(request.headers.get("accept-language", ""))
