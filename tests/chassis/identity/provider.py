"""A small OpenID Connect provider: discovery, keys, the authorization code flow with PKCE, tokens signed by RSA."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from typing import Any
from urllib.parse import unquote, urlencode

from joserfc import jwt
from joserfc.jwk import Key, KeySet, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from clic_chassis.clock import Clock
from clic_chassis.identity.flow import challenge
from clic_chassis.identity.oidc import ProviderConfig

ISSUER = "https://identite.exemple.invalid/realms/ville"
CLIENT = "clic"
SECRET = "secret-exemple"
ROLES = {"clic-guichet": ("agent", "desk"), "clic-greffe": ("greffe",), "clic-analyste": ("analyst",)}
CONFIG = ProviderConfig(ISSUER, CLIENT, SECRET, roles_claim="realm_access.roles", roles=ROLES)
PERSON: dict[str, Any] = {
    "sub": "f3b0c442",
    "preferred_username": "camille.exemple",
    "realm_access": {"roles": ["clic-guichet", "autre"]},
}


def new_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


class SmallProvider:
    """Publishes itself under `issuer`; `asked` counts what was asked of it."""

    def __init__(self, clock: Clock, issuer: str = ISSUER) -> None:
        self.clock = clock
        self.issuer = issuer
        self.keys = [new_key("k1")]
        self.person = dict(PERSON)
        self.said_issuer: str | None = None
        self.is_away = False
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        path = issuer.split("/", 3)[3] if issuer.count("/") > 2 else ""
        base = f"/{path}" if path else ""
        self.app = Starlette(
            routes=[
                Route(f"{base}/.well-known/openid-configuration", self._discovery),
                Route(f"{base}/keys", self._keys),
                Route(f"{base}/authorize", self._authorize),
                Route(f"{base}/token", self._token, methods=["POST"]),
            ]
        )

    def token(
        self, key: Key | None = None, *, alg: str = "RS256", header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """A signed token that says who the person is; claims that are None are left out."""
        now = int(self.clock.now().timestamp())
        said = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, **self.person, **claims}
        key = key or self.keys[0]
        kept = {name: value for name, value in said.items() if value is not None}
        return jwt.encode({"alg": alg, "kid": key.kid, **(header or {})}, kept, key, [alg])

    async def _discovery(self, request: Request) -> Response:
        self.asked.append("discovery")
        if self.is_away:
            return Response("Bad gateway", 502)
        return JSONResponse(
            {
                "issuer": self.said_issuer or self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
        )

    async def _keys(self, request: Request) -> Response:
        self.asked.append("keys")
        return JSONResponse(
            KeySet([*self.keys, OctKey.import_key("secret-secret-secret-secret-1234", {"kid": "oct"})]).as_dict()
        )

    async def _authorize(self, request: Request) -> Response:
        """Somebody is at the provider already: they are sent back at once."""
        asked = dict(request.query_params)
        code = secrets.token_urlsafe(8)
        self._codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", 303)

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        self.asked.append("token")
        asked = self._codes.pop(str(form["code"]), None)
        user, _, password = base64.b64decode(request.headers["Authorization"].split()[1]).decode().partition(":")
        good = (
            asked is not None
            and (unquote(user), unquote(password)) == (CLIENT, SECRET)
            and form["redirect_uri"] == asked["redirect_uri"]
            and challenge(str(form["code_verifier"])) == asked["code_challenge"]
            and asked["code_challenge_method"] == "S256"
        )
        if not good or asked is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"id_token": self.token(nonce=asked["nonce"]), "access_token": "x", "token_type": "Bearer"})


def later(clock: Clock, **span: float) -> dt.datetime:
    return clock.now() + dt.timedelta(**span)
