"""What a browser remembers while it is at the provider: a cookie that makes the answer its own.

Nothing of it is kept on our side, so that nobody can fill a table, and any instance takes the answer.
Source: RFC 7636 (PKCE), RFC 9207 (`iss`), RFC 9700 (best practices), OpenID Connect Core 1.0 (`nonce`).
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from .error import UnknownTokenError
from .session import HOST_PREFIX, is_secure

COOKIE = "clic_way_in"
LIFE_S = 600
"""How long one may take at the provider."""
SECRET_BYTES = 32
SCOPE = "openid profile"
_ERROR = re.compile(r"[a-z_]{1,40}")
_Secret = Field(default_factory=lambda: secrets.token_urlsafe(SECRET_BYTES), min_length=SECRET_BYTES, max_length=100)


class Flow(BaseModel):
    """One way in, from our entrance to the provider and back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    then: str = Field(max_length=2_000)
    """Where to go on to."""
    state: str = _Secret
    nonce: str = _Secret
    verifier: str = _Secret

    @classmethod
    def of(cls, request: Request) -> Flow:
        """What this browser began.

        Raises:
            UnknownTokenError: it began nothing, or too long ago.
        """
        raw = request.cookies.get(HOST_PREFIX + COOKIE if is_secure(request) else COOKIE, "")
        try:
            return cls.model_validate_json(base64.urlsafe_b64decode(raw))
        except (ValueError, ValidationError) as error:
            raise UnknownTokenError("this browser did not begin here, or too long ago: enter again") from error

    def put(self, request: Request, answer: Response) -> None:
        """Let the browser remember. `Lax`: the cookie is to come along when the provider leads back."""
        secure = is_secure(request)
        value = base64.urlsafe_b64encode(self.model_dump_json().encode()).decode()
        answer.set_cookie(
            HOST_PREFIX + COOKIE if secure else COOKIE, value, max_age=LIFE_S, path="/", httponly=True,
            samesite="lax", secure=secure,
        )  # fmt: skip

    @staticmethod
    def remove(answer: Response) -> None:
        """It was used."""
        for name, secure in ((COOKIE, False), (HOST_PREFIX + COOKIE, True)):
            answer.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=secure)

    def address(self, endpoint: str, client_id: str, callback: str) -> str:
        """Where the browser goes."""
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": callback,
            "scope": SCOPE,
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": challenge(self.verifier),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def code(self, query: Mapping[str, str], issuer: str) -> str:
        """The code that the provider gave.

        Raises:
            UnknownTokenError: it gave none, or answers another browser (`state`), or is another provider (`iss`).
        """
        if not secrets.compare_digest(self.state.encode(), query.get("state", "").encode()):
            raise UnknownTokenError("this answer is to another browser: enter again")
        if query.get("iss", issuer) != issuer:
            raise UnknownTokenError("this answer is another provider's: enter again")
        code = query.get("code", "")
        if not code:
            said = query.get("error", "")
            raise UnknownTokenError(f"the provider said {said if _ERROR.fullmatch(said) else 'nothing'}: enter again")
        return code

    def exchange(self, code: str, callback: str) -> dict[str, str]:
        """What the code is exchanged with."""
        return {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback,
            "code_verifier": self.verifier,
        }


def challenge(verifier: str) -> str:
    """What the provider is told of the verifier beforehand (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
