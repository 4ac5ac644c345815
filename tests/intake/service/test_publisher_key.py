"""Publishers' keys: each publishes as itself alone, from the moment it is made until it ends."""

from __future__ import annotations

import pytest
from tests.intake.service.office import Office, now
from tests.intake.service.test_api import REPORT, STRUCTURED, body_of

from clic_chassis.agents import Agent
from clic_chassis.error import NotFoundError
from clic_chassis.identity.access import TRIES
from clic_contracts.submission import Receipt
from clic_intake.api.publisher import publisher_code
from clic_intake.publisher_key import KEYS_MAX, PREFIX, NewKey, PublisherKeyError, PublisherKeys

EVENTS = "/events"


async def made(office: Office, publisher: str = "portail_web", label: str = "essai") -> NewKey:
    """A key."""
    known = [each.code for each in office.runtime.town.publishers]
    return await PublisherKeys(office.runtime.pool).add(publisher, label, known=known, made_by="op.exemple", at=now())


async def test_a_key_publishes_as_its_publisher_and_no_other(office: Office) -> None:
    """What says who publishes is the key; nothing in the submission does."""
    receipts = []
    for publisher in ("portail_web", "telephonie"):
        key = (await made(office, publisher)).key
        answer = await office.ask(EVENTS, body_of(REPORT, publisher), token=key, headers=STRUCTURED)
        assert answer.status_code == 201, answer.text
        receipts.append(Receipt.model_validate_json(answer.content))
    actors = []
    for each in receipts:
        story = (await office.ask(f"/requests/{each.request_id}")).json()["events"]
        actors.append((story[0]["actor"], story[0]["data"]["publisher"]))
    assert actors == [("publisher:portail_web", "portail_web"), ("publisher:telephonie", "telephonie")]


async def test_a_key_opens_nothing_else(office: Office) -> None:
    """A publisher's key is nobody's at the desk."""
    key = (await made(office)).key
    assert (await office.ask("/worklists/counts", token=key)).status_code == 401


async def test_a_key_that_ended_is_nobodys_at_once(office: Office) -> None:
    """Also where it was good a moment ago."""
    keys, new = PublisherKeys(office.runtime.pool), await made(office)
    first = await office.ask(EVENTS, body_of(REPORT, "1"), token=new.key, headers=STRUCTURED)
    assert await keys.end(new.key_id, ended_by="op.exemple", at=now()) == "portail_web"
    second = await office.ask(EVENTS, body_of(REPORT, "2"), token=new.key, headers=STRUCTURED)

    assert (first.status_code, second.status_code) == (201, 401)
    with pytest.raises(NotFoundError):
        await keys.end(new.key_id, ended_by="op.exemple", at=now())
    (listed,) = await keys.listed("portail_web")
    assert (listed.label, listed.made_by, listed.ended_by) == ("essai", "op.exemple", "op.exemple")


async def test_who_shows_no_key_is_told_what_is_needed_in_the_towns_language_or_theirs(office: Office) -> None:
    """C-11 art. 16; whoever publishes has a key, and not an agent's token."""
    english = ("Accept-Language", "en")
    asked = [
        await office.ask(EVENTS, body_of(REPORT, "1"), token=token, headers=[*STRUCTURED, *language])
        for token in (None, "faux")
        for language in ((), (english,))
    ]
    assert [each.status_code for each in asked] == [401] * 4
    assert [each.json()["detail"] for each in asked] == [
        "il faut une clé d’éditeur : Authorization: Bearer clic_…",
        "a publisher's key is needed: Authorization: Bearer clic_…",
        "cette clé n’est à personne, ou elle a pris fin",
        "this key is nobody's, or it has ended",
    ]
    assert all(each.headers["www-authenticate"].startswith("Bearer") for each in asked)


async def test_a_parameter_that_does_not_fit_is_told_in_the_same_languages(office: Office) -> None:
    key = (await made(office)).key
    path, misspelt = f"{EVENTS}?dry_run=oui", f"{EVENTS}?dryrun=1"
    french, english = [
        (await office.ask(path, body_of(REPORT, "1"), token=key, headers=[*STRUCTURED, *language])).json()
        for language in ((), (("Accept-Language", "en"),))
    ]
    assert french["title"] == "La demande HTTP n’est pas conforme à son schéma"
    assert [each["detail"] for each in french["errors"]] == ["query dry_run: true ou false est attendu"]
    unknown = await office.ask(misspelt, body_of(REPORT, "1"), token=key, headers=STRUCTURED)
    assert unknown.status_code == 422, "a slip that would store what was to be tried"
    assert unknown.json()["errors"][0]["detail"].startswith("query dryrun: ")
    assert english["errors"][0]["detail"].startswith("query dry_run: Input should be a valid boolean")
    assert english["detail"] == f"1 error(s); the first, at /: {english['errors'][0]['detail']}"


async def test_wrong_keys_are_bounded_by_address(office: Office) -> None:
    tried = [
        await office.ask(EVENTS, body_of(REPORT, "1"), token=f"{PREFIX}{n}", headers=STRUCTURED)
        for n in range(TRIES.burst + 1)
    ]
    assert [each.status_code for each in tried] == [401] * TRIES.burst + [429]
    assert int(tried[-1].headers["retry-after"]) > 0


async def test_the_database_holds_no_key(office: Office) -> None:
    """Whoever reads it, or a backup of it, can submit nothing."""
    new = await made(office)
    rows = await office.runtime.pool.fetch("SELECT publisher_key::text AS row FROM publisher_key")
    assert len(rows) == 1
    assert new.key not in rows[0]["row"]
    assert new.key.removeprefix(PREFIX) not in rows[0]["row"]


async def test_keys_are_bounded_and_the_towns_publishers_alone(office: Office) -> None:
    for _ in range(KEYS_MAX):
        await made(office)
    with pytest.raises(PublisherKeyError, match="has 10 keys already"):
        await made(office)
    with pytest.raises(NotFoundError, match="no publisher 'inconnu'"):
        await made(office, "inconnu")
    with pytest.raises(PublisherKeyError, match="at most 100"):
        await made(office, "telephonie", "x" * 101)


@pytest.mark.parametrize(
    ("roles", "code"),
    [
        (("publisher:portail_web",), "portail_web"),
        (("publisher:portail_web", "publisher:telephonie"), None),
        (("agent",), None),
    ],
)
def test_a_token_of_the_file_is_one_publishers(roles: tuple[str, ...], code: str | None) -> None:
    """A token that could be several publishers would be none of them."""
    assert publisher_code(Agent(agent="a.exemple", roles=roles)) == code


async def test_open311_takes_a_key_as_api_key(office: Office) -> None:
    """GeoReport v2, api_key."""
    key = (await made(office)).key
    data = {"service_code": "pothole", "description": "Un trou.", "address_string": "1, rue Inventée", "api_key": key}
    answers = [
        await office.http.post("/open311/v2/requests.json", data={**data, "api_key": each}) for each in (key, f"{key}x")
    ]
    assert answers[0].status_code in (200, 201), answers[0].text
    assert answers[1].status_code == 403
