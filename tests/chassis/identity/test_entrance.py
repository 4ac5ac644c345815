"""Sessions and forms: who gets in, how long they stay, and that nobody else acts for them."""

from __future__ import annotations

import datetime as dt

import httpx
import pytest
from fastapi import FastAPI, Request
from structlog.testing import capture_logs
from tests.chassis.identity.provider import CONFIG, SmallProvider
from tests.chassis.identity.shop import AGENTS, HOME, ORIGIN, browser_of, enter, key_in, shop

from clic_chassis.clock import ManualClock
from clic_chassis.identity import Identity
from clic_chassis.identity.access import ADDRESSES_MAX, TRIES
from clic_chassis.identity.form import FILES_MAX
from clic_chassis.identity.oidc import Provider
from clic_chassis.identity.session import SESSION_IDLE, SESSION_LIFE, SESSIONS_MAX

AT = dt.datetime(2026, 3, 2, 14, tzinfo=dt.UTC)
COOKIE = "__Host-clic_shop"
DIGEST = next(iter(AGENTS))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(AT)


@pytest.fixture
def api(clock: ManualClock) -> FastAPI:
    return shop(clock)


async def test_a_browser_is_led_to_the_entrance_and_back(api: FastAPI) -> None:
    async with browser_of(api) as browser:
        led = await browser.get(f"{HOME}?liste=retard")
        entered = await enter(browser, "camille", f"{HOME}?liste=retard")
        page = await browser.get(HOME)
        again = await browser.get("/login")

    assert (led.status_code, led.headers["location"]) == (303, "/login?then=%2Fguichet%3Fliste%3Dretard")
    assert (entered.status_code, entered.headers["location"]) == (303, f"{HOME}?liste=retard")
    assert page.text.startswith("camille.exemple")
    assert again.headers["location"] == HOME


@pytest.mark.parametrize(
    "then", ["https://ailleurs.exemple.invalid", "//ailleurs", f"{HOME}\\@x", f"{HOME}x", "/autre", ""]
)
async def test_the_entrance_leads_nowhere_else(api: FastAPI, then: str) -> None:
    async with browser_of(api) as browser:
        assert (await enter(browser, "camille", then)).headers["location"] == HOME


async def test_the_cookie_is_the_browsers_alone(api: FastAPI) -> None:
    """Not a script's (HttpOnly), not another site's (SameSite), over HTTPS not a neighbour's (__Host-)."""
    async with browser_of(api) as browser, browser_of(api, "http://127.0.0.1:8080") as plain:
        for each, name in ((browser, COOKIE), (plain, "clic_shop")):
            answer = await enter(each, "camille")
            parts = [part.strip() for part in answer.headers["set-cookie"].split(";")]
            assert parts[0].startswith(f"{name}=")
            assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(parts)
            assert ("Secure" in parts) == name.startswith("__Host-")


async def test_entering_gives_a_new_session_and_ends_the_one_before(api: FastAPI) -> None:
    """Session fixation: a cookie that somebody planted is worth nothing, before and after."""
    async with browser_of(api) as browser:
        browser.cookies.set(COOKIE, "planted", domain="clic.exemple.invalid")
        key = key_in(await browser.get("/login"))
        first = await browser.post("/login", data={"token": "camille", "form_key": key})
        old = first.cookies[COOKIE]
        key = key_in(await browser.get(HOME))
        second = await browser.post("/login", data={"token": "sacha", "form_key": key})

        assert len({"planted", old, second.cookies[COOKIE]}) == 3
        for cookie in ("planted", old):
            answer = await httpx.AsyncClient(
                transport=httpx.ASGITransport(api), base_url=ORIGIN, cookies={COOKIE: cookie}
            ).get(HOME)
            assert answer.status_code == 303


@pytest.mark.parametrize(("waits", "stands"), [((1.9, 1.9, 1.9, 1.9, 1.9), True), ((2.0,), False), ((1.9,) * 6, False)])
async def test_a_session_ends_by_itself(
    api: FastAPI, clock: ManualClock, waits: tuple[float, ...], *, stands: bool
) -> None:
    """After two hours without a request, after ten whatever happens: so long a stolen cookie serves at most."""
    assert (dt.timedelta(hours=2), dt.timedelta(hours=10)) == (SESSION_IDLE, SESSION_LIFE)
    async with browser_of(api) as browser:
        await enter(browser, "camille")
        answers = []
        for hours in waits:
            clock.set(clock.now() + dt.timedelta(hours=hours))
            answers.append((await browser.get(HOME)).status_code)
    assert answers[-1] == (200 if stands else 303)


async def test_leaving_takes_a_form_of_ours_and_ends_the_session(api: FastAPI) -> None:
    async with browser_of(api) as browser:
        cookie = (await enter(browser, "camille")).cookies[COOKIE]
        key = key_in(await browser.get(HOME))
        assert (await browser.post("/logout", data={"form_key": "guessed"})).status_code == 403
        assert (await browser.post("/logout", data={"form_key": key})).headers["location"] == "/login"
        browser.cookies.set(COOKIE, cookie, domain="clic.exemple.invalid")
        assert (await browser.get(HOME)).status_code == 303


async def test_an_answer_that_lasts_ends_with_the_token_that_was_shown(clock: ManualClock) -> None:
    """A page that is kept up to date asks, while nobody sends a request."""
    agents = dict(AGENTS)
    identity = Identity(agents, clock)
    request = Request({"type": "http", "method": "GET", "headers": [(b"authorization", b"Bearer camille")]})
    known = await identity.known(request)
    assert known is not None
    stood = identity.stands(request, known)
    del agents[DIGEST]

    assert (stood, identity.stands(request, known)) == (True, False)


CROSS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://ailleurs.exemple.invalid"},
    {"Origin": "http://clic.exemple.invalid"},
]


@pytest.mark.parametrize("headers", CROSS)
async def test_another_site_cannot_send_our_forms(api: FastAPI, headers: dict[str, str]) -> None:
    """With the right key, too: browsers say where a form comes from."""
    async with browser_of(api) as browser:
        key = key_in(await browser.get("/demande"))
        body = {"text": "Bonjour", "form_key": key}
        assert (await browser.post("/demande", data=body, headers=headers)).status_code == 403
        for good in ({}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {"Origin": ORIGIN}):
            assert (await browser.post("/demande", data=body, headers=good)).json() == {"text": "Bonjour"}


async def test_a_form_of_a_citizen_has_a_key_of_their_browser(api: FastAPI) -> None:
    """Double submit: another browser's key, or one without its cookie, is no key; a page shown twice has the same."""
    async with browser_of(api) as browser, browser_of(api) as other:
        first = await browser.get("/demande")
        cookie = first.headers["set-cookie"]
        keys = [key_in(first), key_in(await browser.get("/demande"))]
        body = {"text": "Bonjour", "form_key": keys[0]}
        assert keys[0] == keys[1]
        assert cookie.startswith("__Host-clic_form=")
        assert {"HttpOnly", "SameSite=Strict", "Secure"} <= {each.strip() for each in cookie.split(";")}
        assert (await other.post("/demande", data=body)).status_code == 403
        await other.get("/demande")
        assert (await other.post("/demande", data=body)).status_code == 403
        assert (await browser.post("/demande", data={"text": "Bonjour"})).status_code == 403
        assert (await browser.post("/demande", data=body)).status_code == 200


async def test_a_form_is_bounded_and_nothing_else_is_taken_for_one(api: FastAPI) -> None:
    async with browser_of(api) as browser:
        key = key_in(await browser.get("/demande"))
        json_body = await browser.post("/demande", json={"text": "Bonjour", "form_key": key})
        fields = await browser.post("/demande", files=[(f"f{n}", (None, "x")) for n in range(500)])
        files = await browser.post("/demande", files=[("f", ("a.txt", b"x")) for _ in range(FILES_MAX + 1)])
        large = await browser.post("/demande", data={"text": "x" * 2_000_000, "form_key": key})

    assert [each.status_code for each in (json_body, fields, files, large)] == [415, 400, 400, 413]


async def test_in_a_session_the_api_takes_the_key_in_a_header(api: FastAPI) -> None:
    """A cookie alone commands nothing: another site's page would have it sent along."""
    async with browser_of(api) as browser:
        await enter(browser, "camille")
        key = key_in(await browser.get(HOME))
        thing = {"name": "Une chose"}
        assert (await browser.post("/things", json=thing)).status_code == 415
        assert (await browser.post("/things", json=thing, headers={"X-Form-Key": "guessed"})).status_code == 403
        foreign = {"X-Form-Key": key, "Sec-Fetch-Site": "cross-site"}
        assert (await browser.post("/things", json=thing, headers=foreign)).status_code == 403
        done = await browser.post("/things", json=thing, headers={"X-Form-Key": key})
    assert done.json() == {"by": "agent:camille.exemple", "name": "Une chose"}


async def test_wrong_tokens_are_bounded_by_address_at_the_entrance_and_at_the_api(
    api: FastAPI, clock: ManualClock
) -> None:
    """Who is known is not kept out of the API by a neighbour; at the entrance every token waits."""
    async with browser_of(api) as browser, browser_of(api, client="192.0.2.2") as elsewhere:
        wrong = {"Authorization": "Bearer secret-typed"}
        with capture_logs() as logs:
            tried = [await browser.post("/things", json={"name": "x"}, headers=wrong) for _ in range(TRIES.burst + 1)]
        entered = await enter(browser, "camille")
        known = await browser.post("/things", json={"name": "x"}, headers={"Authorization": "Bearer camille"})

        assert [each.status_code for each in tried] == [401] * TRIES.burst + [429]
        assert int(tried[-1].headers["retry-after"]) > 0
        assert (entered.status_code, int(entered.headers["retry-after"]) > 0) == (429, True)
        assert known.status_code == 200
        assert "secret-typed" not in str(logs) + "".join(each.text for each in tried)
        assert (await enter(elsewhere, "camille")).status_code == 303
        clock.set(AT + TRIES.within)
        assert (await enter(browser, "camille")).status_code == 303


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer faux", f"Bearer {DIGEST}", "Basic camille"])
async def test_who_shows_no_token_of_an_agent_is_nobody(api: FastAPI, shown: str) -> None:
    """Not even who shows the digest itself."""
    async with browser_of(api) as browser:
        answer = await browser.post("/things", json={"name": "x"}, headers={"Authorization": shown})
    assert (answer.status_code, answer.headers["www-authenticate"].split()[0]) == (401, "Bearer")


async def test_who_has_no_role_does_not_enter(api: FastAPI) -> None:
    async with browser_of(api) as browser:
        answer = await enter(browser, "portail")
    assert (answer.status_code, "portail.exemple has no role here" in answer.text) == (403, True)


def test_sessions_and_addresses_are_bounded(api: FastAPI) -> None:
    identity = api.state.identity
    for _ in range(SESSIONS_MAX + 5):
        identity.sessions.open(next(iter(identity._agents.values())))
    for n in range(ADDRESSES_MAX + 5):
        identity.tries.count(str(n))
    for n in range(10_005):
        identity.remember_good(str(n))

    assert (len(identity.sessions), len(identity.tries), len(identity._good)) == (SESSIONS_MAX, ADDRESSES_MAX, 10_000)


# -- by the provider --------------------------------------------------------------------------------------------------


@pytest.fixture
def small(clock: ManualClock) -> SmallProvider:
    return SmallProvider(clock)


@pytest.fixture
def with_provider(clock: ManualClock, small: SmallProvider) -> FastAPI:
    return shop(clock, Provider(CONFIG, clock, transport=httpx.ASGITransport(small.app)))


async def at_provider(small: SmallProvider, began: httpx.Response) -> str:
    """The address that the provider sends a browser back to."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(small.app)) as browser:
        return str((await browser.get(began.headers["location"])).headers["location"])


async def test_a_browser_enters_by_the_provider(with_provider: FastAPI, small: SmallProvider) -> None:
    """The session's cookie comes along from the provider's site (Lax); what was remembered on the way goes."""
    async with browser_of(with_provider) as browser:
        began = await browser.get("/login/start", params={"then": f"{HOME}?liste=retard"})
        back = await browser.get(await at_provider(small, began))
        page = await browser.get(HOME)

    assert began.headers["set-cookie"].startswith("__Host-clic_way_in=")
    assert {"HttpOnly", "SameSite=lax", "Secure"} <= {each.strip() for each in began.headers["set-cookie"].split(";")}
    assert (back.status_code, back.headers["location"]) == (303, f"{HOME}?liste=retard")
    cookies = back.headers.get_list("set-cookie")
    assert any(each.startswith(COOKIE) and "SameSite=lax" in each for each in cookies)
    assert any(each.startswith("__Host-clic_way_in=") and "Max-Age=0" in each for each in cookies)
    assert page.text.startswith("camille.exemple")


async def test_what_another_browser_began_lets_this_one_nowhere(with_provider: FastAPI, small: SmallProvider) -> None:
    """Login CSRF: a link with somebody else's answer opens no session of theirs here."""
    async with browser_of(with_provider) as attacker, browser_of(with_provider) as victim:
        link = await at_provider(small, await attacker.get("/login/start"))
        without = await victim.get(link)
        await victim.get("/login/start")
        own = await victim.get(link)

        assert (without.status_code, own.status_code) == (403, 403)
        assert (await victim.get(HOME)).status_code == 303


async def test_a_provider_that_is_away_is_told(with_provider: FastAPI, small: SmallProvider) -> None:
    """As to be tried again: 503 on the page and at the API, and a token of the file still enters."""
    small.is_away = True
    async with browser_of(with_provider) as browser:
        start = await browser.get("/login/start")
        token = await browser.post("/things", json={"name": "x"}, headers={"Authorization": f"Bearer {small.token()}"})
        entered = await enter(browser, "camille")

    assert (start.status_code, token.status_code, token.headers["retry-after"]) == (503, 503, "2")
    assert entered.status_code == 303


async def test_a_providers_token_commands_as_its_person(with_provider: FastAPI, small: SmallProvider) -> None:
    async with browser_of(with_provider) as browser:
        answer = await browser.post("/things", json={"name": "x"}, headers={"Authorization": f"Bearer {small.token()}"})
    assert answer.json()["by"] == "agent:camille.exemple"
