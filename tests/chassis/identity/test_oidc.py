"""Tokens of a provider: who is let in by them, and every reason for which nobody is."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from joserfc.jwk import OctKey
from tests.chassis.identity.provider import CLIENT, CONFIG, ISSUER, SmallProvider, later, new_key

from clic_chassis.clock import ManualClock
from clic_chassis.identity import UnknownTokenError
from clic_chassis.identity.flow import Flow
from clic_chassis.identity.oidc import (
    ASKED_AGAIN_AFTER,
    KEYS_LIFE,
    KEYS_LIFE_AWAY,
    SKEW_S,
    TOKEN_CHARACTERS_MAX,
    Provider,
    ProviderAwayError,
    ProviderConfig,
)

AT = dt.datetime(2026, 3, 2, 14, tzinfo=dt.UTC)
CALLBACK = "https://clic.exemple.invalid/login/callback"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(AT)


@pytest.fixture
def small(clock: ManualClock) -> SmallProvider:
    return SmallProvider(clock)


@pytest.fixture
def provider(small: SmallProvider, clock: ManualClock) -> Provider:
    return provider_by(CONFIG, small, clock)


def provider_by(config: ProviderConfig, small: SmallProvider, clock: ManualClock) -> Provider:
    return Provider(config, clock, transport=httpx.ASGITransport(small.app))


async def test_a_person_is_known_by_their_token(provider: Provider, small: SmallProvider) -> None:
    """Every command is a person's; values of the claim that are not mapped give no role."""
    known = await provider.known(small.token())

    assert (known.agent.actor, known.agent.roles) == ("agent:camille.exemple", ("agent", "desk"))
    assert known.until == AT + dt.timedelta(seconds=300 + SKEW_S)


@pytest.mark.parametrize(
    ("claims", "name"),
    [({"preferred_username": None}, "f3b0c442"), ({"preferred_username": "Camille Exemple\n"}, "f3b0c442")],
)
async def test_a_name_that_events_cannot_carry_gives_way_to_the_subject(
    provider: Provider, small: SmallProvider, claims: dict[str, Any], name: str
) -> None:
    """OpenID Connect Core 1.0, 5.1: preferred_username may hold anything."""
    assert (await provider.known(small.token(**claims))).agent.agent == name


@pytest.mark.parametrize(
    ("said", "roles"),
    [
        (["clic-greffe", "clic-guichet", "clic-greffe"], ("greffe", "agent", "desk")),
        ("clic-greffe clic-analyste", ("greffe", "analyst")),
        (["agent", "greffe", "publisher:portail_web", 7], ()),
        (None, ()),
        ({"clic-greffe": True}, ()),
    ],
)
async def test_roles_are_those_that_the_operator_mapped(
    provider: Provider, small: SmallProvider, said: Any, roles: tuple[str, ...]
) -> None:
    """A provider's own word for a role gives nothing: it may mean something else there."""
    assert (await provider.known(small.token(realm_access={"roles": said}))).agent.roles == roles


def _none(small: SmallProvider) -> str:
    head, body, _ = small.token().split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**header, "alg": "none"}).encode()).decode().rstrip("=")
    return f"{forged}.{body}."


def _tampered(small: SmallProvider) -> str:
    head, body, signature = small.token().split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["sub"] = "quelqu-un"
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"{head}.{forged}.{signature}"


REFUSED: dict[str, Callable[[SmallProvider], str]] = {
    "another issuer's": lambda small: small.token(iss="https://ailleurs.exemple.invalid"),
    "for another audience": lambda small: small.token(aud="autre-application"),
    "for other audiences": lambda small: small.token(aud=["a", "b"]),
    "without an audience": lambda small: small.token(aud=None),
    "expired": lambda small: small.token(exp=int(later(small.clock, seconds=-SKEW_S).timestamp())),
    "without an end": lambda small: small.token(exp=None),
    "not yet good": lambda small: small.token(nbf=int(later(small.clock, seconds=SKEW_S + 1).timestamp())),
    "nobody's": lambda small: small.token(sub=None, preferred_username=None),
    "a program's": lambda small: small.token(client_id=CLIENT, sub=CLIENT, preferred_username="service-account"),
    "a program's, as Keycloak says": lambda small: small.token(azp="robot", sub="robot"),
    "unsigned": _none,
    "tampered with": _tampered,
    "signed by a shared secret": lambda small: small.token(
        OctKey.import_key("secret-secret-secret-secret-1234", {"kid": "oct"}), alg="HS256"
    ),
    "signed by the published key as a secret": lambda small: small.token(
        OctKey.import_key(json.dumps(small.keys[0].as_dict(private=False)).encode(), {"kid": "k1"}), alg="HS256"
    ),
    "signed by an unknown key": lambda small: small.token(new_key("k9")),
    "signed by another key of that name": lambda small: small.token(new_key("k1")),
    "of another kind": lambda small: small.token(header={"typ": "logout+jwt"}),
    "of a name and a subject that cannot be said": lambda small: small.token(sub="é", preferred_username="é"),
    "too long": lambda small: small.token(note="x" * TOKEN_CHARACTERS_MAX),
    "no token": lambda _: "a.b.c",
    "nothing": lambda _: "",
    "not ASCII": lambda _: "é.é.é",
}


@pytest.mark.parametrize("what", REFUSED)
async def test_nobody_is_known_by_a_token_that_is(provider: Provider, small: SmallProvider, what: str) -> None:
    """RFC 8725, RFC 9068."""
    with pytest.raises(UnknownTokenError):
        await provider.known(REFUSED[what](small))
    assert (await provider.known(small.token())).agent.agent == "camille.exemple"


@pytest.mark.parametrize("kind", ["at+jwt", "application/at+jwt", "JWT"])
async def test_access_tokens_and_id_tokens_are_taken(provider: Provider, small: SmallProvider, kind: str) -> None:
    """RFC 9068, 2.1."""
    token = small.token(header={"typ": kind}, aud=[CLIENT, "autre"], exp=int(later(small.clock, seconds=1).timestamp()))
    assert (await provider.known(token)).agent.agent == "camille.exemple"


async def test_an_audience_of_its_own_can_be_asked_for(small: SmallProvider, clock: ManualClock) -> None:
    """An access token is for the API, an ID token for the client."""
    provider = provider_by(replace(CONFIG, audience="clic-api"), small, clock)

    assert (await provider.known(small.token(aud="clic-api"))).agent.agent == "camille.exemple"
    with pytest.raises(UnknownTokenError):
        await provider.known(small.token())


async def test_keys_are_asked_for_once_and_again_when_a_new_one_signs(
    provider: Provider, small: SmallProvider, clock: ManualClock
) -> None:
    """A provider rotates its keys; who sends made-up ones does not make us ask it each time."""
    for _ in range(3):
        await provider.known(small.token())
    assert small.asked == ["discovery", "keys"]

    small.keys = [new_key("k2"), *small.keys]
    for _ in range(20):
        with pytest.raises(UnknownTokenError):
            await provider.known(small.token(new_key("k9")))
    assert small.asked == ["discovery", "keys"]
    clock.set(AT + ASKED_AGAIN_AFTER)
    assert (await provider.known(small.token(small.keys[0]))).agent.agent == "camille.exemple"
    assert small.asked == ["discovery", "keys"] * 2


async def test_a_provider_that_is_away_is_waited_for_with_the_keys_that_are_known(
    provider: Provider, small: SmallProvider, clock: ManualClock
) -> None:
    """For a day; then nobody is known, and that is no word about their token."""
    await provider.known(small.token())
    small.is_away = True
    clock.set(AT + KEYS_LIFE)
    assert (await provider.known(small.token())).agent.agent == "camille.exemple"

    clock.set(AT + KEYS_LIFE_AWAY)
    with pytest.raises(ProviderAwayError):
        await provider.known(small.token())
    small.is_away = False
    clock.set(AT + KEYS_LIFE_AWAY + ASKED_AGAIN_AFTER)
    assert (await provider.known(small.token())).agent.agent == "camille.exemple"


async def test_what_answers_as_another_issuer_is_not_believed(provider: Provider, small: SmallProvider) -> None:
    """OpenID Connect Discovery 1.0, 4.3."""
    small.said_issuer = f"{ISSUER}/"
    with pytest.raises(ProviderAwayError):
        await provider.known(small.token())


async def query_of(small: SmallProvider, provider: Provider, flow: Flow) -> dict[str, str]:
    """What the provider sends the browser back with."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(small.app)) as browser:
        answer = await browser.get(await provider.start(CALLBACK, flow))
    return dict(httpx.URL(answer.headers["location"]).params)


async def test_the_answer_of_the_flow_is_the_persons(provider: Provider, small: SmallProvider) -> None:
    """RFC 7636, OpenID Connect Core 1.0, 3.1."""
    flow = Flow(then="/desk")
    query = await query_of(small, provider, flow)

    assert (await provider.finish(query, CALLBACK, flow)).agent.agent == "camille.exemple"


@pytest.mark.parametrize("what", ["state", "code", "iss", "nonce", "verifier", "callback", "error", "twice"])
async def test_an_answer_that_is_not_to_this_browser_lets_nobody_in(
    provider: Provider, small: SmallProvider, what: str
) -> None:
    """RFC 9700, RFC 9207: each part is taken out in its turn."""
    flow, callback = Flow(then="/desk"), CALLBACK
    query = await query_of(small, provider, flow)
    match what:
        case "nonce" | "verifier":
            flow = flow.model_copy(update={what: Flow(then="/").verifier})
        case "callback":
            callback = "https://ailleurs.exemple.invalid/login/callback"
        case "error":
            query = {"state": query["state"], "error": "access_denied"}
        case "twice":
            await provider.finish(query, callback, flow)
        case _:
            query[what] = "autre"
    with pytest.raises(UnknownTokenError):
        await provider.finish(query, callback, flow)
