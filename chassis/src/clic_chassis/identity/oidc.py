"""Tokens of an OpenID Connect provider: found by discovery, checked by its published keys, read as an agent.

Source: OpenID Connect Discovery 1.0, OpenID Connect Core 1.0 (3.1.3.7), RFC 7519 (JWT), RFC 7517 (JWK), RFC 8725
(best practices), RFC 9068 (JWT access tokens). Any provider that keeps them will do.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import structlog
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey
from pydantic_core import from_json

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.error import RetryableError

from .error import IdentityError, UnknownTokenError
from .flow import Flow
from .known import Known

log = structlog.get_logger()

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
"""Signatures by a key that the provider alone has: never `none`, nor what who checks could make (RFC 8725, 3.1)."""
TYPES = frozenset({None, "jwt", "at+jwt", "application/at+jwt"})
"""`typ` of a token that says who somebody is; a logout token, for instance, does not (RFC 8725, 3.11)."""
SKEW_S = 60
"""By which a provider's clock may differ from ours."""
TOKEN_LIFE_MAX_S = 86_400
"""After which who was known by a token is asked again, whatever the token says."""
TOKEN_CHARACTERS_MAX = 16_384
ANSWER_BYTES_MAX = 256 * 1024
KEYS_MAX = 100
KEYS_LIFE = dt.timedelta(hours=1)
"""Then the provider is asked again for its keys."""
KEYS_LIFE_AWAY = dt.timedelta(hours=24)
"""How long they serve while the provider is away."""
ASKED_AGAIN_AFTER = dt.timedelta(seconds=60)
"""A key that is not among them is looked for at the provider no oftener, whoever sends what."""
TIMEOUT_S = 5.0
NAME = re.compile(r"[A-Za-z0-9._@+-]{1,100}")
"""A name that events and logs may carry."""


class ProviderAwayError(IdentityError, RetryableError):
    """The provider did not answer, or not as one; try again."""


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """What an operator says of the provider: `CLIC_OIDC_…`."""

    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    audience: str | None = None
    """Of access tokens; the client's id where nothing is said."""
    roles_claim: str = "roles"
    """Where a token says what somebody is: a path such as `realm_access.roles`."""
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Which roles of CLIC a provider's value gives. A value that is not here gives none."""


@dataclass(frozen=True, slots=True)
class _Published:
    """What a provider publishes of itself."""

    authorization_endpoint: str
    token_endpoint: str
    keys: Mapping[str | None, Key]
    at: dt.datetime


class Provider:
    """One provider. Its keys are cached; nothing else of it is remembered."""

    def __init__(
        self, config: ProviderConfig, clock: Clock, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._config = config
        self._clock = clock
        self._transport = transport
        self._published: _Published | None = None
        self._asked_at: dt.datetime | None = None
        self._asking = asyncio.Lock()

    async def known(self, token: str) -> Known:
        """Who shows a token, as an access token (RFC 9068) or an ID token.

        Raises:
            UnknownTokenError: it is of another issuer, for another audience, expired, not signed by the provider, or
                a program's: every command is a person's.
            ProviderAwayError: the provider's keys are not known.
        """
        claims = await self._claims(token, self._config.audience or self._config.client_id)
        return self._read(claims)

    # -- the pages' way in -------------------------------------------------------------------------------------------

    async def start(self, callback: str, flow: Flow) -> str:
        """The address at the provider where a browser begins (authorization code flow with PKCE, RFC 7636).

        Raises:
            ProviderAwayError: the provider does not say where.
        """
        return flow.address((await self._published_now()).authorization_endpoint, self._config.client_id, callback)

    async def finish(self, query: Mapping[str, str], callback: str, flow: Flow) -> Known:
        """Who came back from the provider, with these parameters.

        Raises:
            UnknownTokenError: it is not the answer to what this browser began, or not this provider's.
            ProviderAwayError: the provider did not answer.
        """
        code = flow.code(query, self._config.issuer)
        published = await self._published_now()
        secret = self._config.client_secret
        data = flow.exchange(code, callback) | ({} if secret else {"client_id": self._config.client_id})
        auth = httpx.BasicAuth(self._config.client_id, secret) if secret else None
        answer = await self._ask("POST", published.token_endpoint, data=data, auth=auth, refused=UnknownTokenError)
        claims = await self._claims(str(answer.get("id_token", "")), self._config.client_id)
        if claims.get("nonce") != flow.nonce or claims.get("azp", self._config.client_id) != self._config.client_id:
            raise UnknownTokenError("the provider's answer is not to what this browser began: enter again")
        return self._read(claims)

    # -- tokens ------------------------------------------------------------------------------------------------------

    async def _claims(self, token: str, audience: str) -> dict[str, Any]:
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise UnknownTokenError(f"a token has at most {TOKEN_CHARACTERS_MAX} characters")
        try:
            header = jws.extract_compact(token.encode()).headers()
            if str(header.get("alg")) not in ALGORITHMS or _type_of(header) not in TYPES:
                raise UnknownTokenError("this token is of a kind that nobody is known by")
            decoded = jwt.decode(token, await self._key(header.get("kid")), ALGORITHMS)
            jwt.JWTClaimsRegistry(
                now=int(self._clock.now().timestamp()),
                leeway=SKEW_S,
                iss={"essential": True, "value": self._config.issuer},
                aud={"essential": True, "value": audience},
                exp={"essential": True},
                sub={"essential": True},
            ).validate(decoded.claims)
        except (JoseError, ValueError) as error:  # ValueError: what is no base64, no JSON, no number.
            raise UnknownTokenError(f"this token is nobody's ({type(error).__name__})") from error
        return decoded.claims

    def _read(self, claims: Mapping[str, Any]) -> Known:
        subject = claims["sub"]
        if subject in (claims.get("client_id"), claims.get("azp")):
            raise UnknownTokenError("this token is a program's: every command is a person's")
        named = (claims.get("preferred_username"), subject)
        name = next((each for each in named if isinstance(each, str) and NAME.fullmatch(each)), None)
        if name is None:
            raise UnknownTokenError(f"neither preferred_username nor sub is a name such as {NAME.pattern}")
        now = self._clock.now()
        left_s = min(claims["exp"] - now.timestamp(), TOKEN_LIFE_MAX_S)
        until = now + dt.timedelta(seconds=left_s + SKEW_S)
        return Known(Agent(agent=name, roles=self._roles(claims)), until)

    def _roles(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        found: Any = claims
        for part in self._config.roles_claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        values = found.split() if isinstance(found, str) else found if isinstance(found, list) else ()
        roles = (role for value in values if isinstance(value, str) for role in self._config.roles.get(value, ()))
        return tuple(dict.fromkeys(roles))

    # -- what the provider publishes ---------------------------------------------------------------------------------

    async def _key(self, kid: str | None) -> Key:
        published = await self._published_now()
        if kid not in published.keys:
            published = await self._published_now(missing=True)
        key = published.keys.get(kid)
        if key is None:
            raise UnknownTokenError("this token is signed by a key that is not its provider's")
        return key

    async def _published_now(self, *, missing: bool = False) -> _Published:
        """What is known of the provider; `missing`: it lacks something, and is asked again if it was not just now."""
        async with self._asking:
            now = self._clock.now()
            known = self._published
            old = known is None or missing or now - known.at >= KEYS_LIFE
            if old and (self._asked_at is None or now - self._asked_at >= ASKED_AGAIN_AFTER):
                self._asked_at = now
                try:
                    known = self._published = await self._discover(now)
                except ProviderAwayError as error:
                    log.warning("provider_away", error=str(error))
            if known is None or now - known.at >= KEYS_LIFE_AWAY:
                raise ProviderAwayError(f"{self._config.issuer} does not say which keys are its own; try again")
            return known

    async def _discover(self, now: dt.datetime) -> _Published:
        issuer = self._config.issuer
        said = await self._ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if said.get("issuer") != issuer:
            raise ProviderAwayError(f"CLIC_OIDC_ISSUER is {issuer}, and what answers there says {said.get('issuer')!r}")
        try:
            keys = await self._ask("GET", str(said["jwks_uri"]))
            return _Published(str(said["authorization_endpoint"]), str(said["token_endpoint"]), _keys_of(keys), now)
        except (KeyError, TypeError, ValueError, JoseError) as error:
            raise ProviderAwayError(f"{issuer} publishes what cannot be read: {type(error).__name__}") from error

    async def _ask(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, str] | None = None,
        auth: httpx.BasicAuth | None = None,
        refused: type[IdentityError] = ProviderAwayError,
    ) -> dict[str, Any]:
        """A JSON object of the provider's; `refused` is raised where it says no (400 to 499)."""
        try:
            async with (
                httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT_S) as client,
                client.stream(method, url, data=data, auth=auth, headers={"Accept": "application/json"}) as answer,
            ):
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > ANSWER_BYTES_MAX:
                        raise ProviderAwayError(f"{url} says more than {ANSWER_BYTES_MAX} bytes")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderAwayError(f"{url} did not answer ({type(error).__name__})") from error
        if answer.is_client_error:
            raise refused(f"the provider said no ({answer.status_code}): enter again")
        try:
            said = from_json(body)
        except ValueError as error:
            raise ProviderAwayError(f"{url} answered {answer.status_code}, without JSON") from error
        if not answer.is_success or not isinstance(said, dict):
            raise ProviderAwayError(f"{url} answered {answer.status_code}")
        return said


def _type_of(header: Mapping[str, Any]) -> str | None:
    kind = header.get("typ")
    return kind.lower() if isinstance(kind, str) else None


def _keys_of(said: Mapping[str, Any]) -> dict[str | None, Key]:
    """Keys by their id that signatures are checked with; one alone also without an id."""
    listed = [each for each in said["keys"] if each.get("kty") in ("RSA", "EC", "OKP")][:KEYS_MAX]
    usable = [each for each in listed if each.get("use", "sig") == "sig"]
    keys: dict[str | None, Key] = {
        key.kid: key for key in KeySet.import_key_set({"keys": usable}) if isinstance(key, RSAKey | ECKey | OKPKey)
    }
    if len(keys) == 1:
        keys[None] = next(iter(keys.values()))
    return keys
