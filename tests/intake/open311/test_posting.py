"""Posts over Open311: keys, what the citizen is told, what is no form, and what the desk refuses."""

from __future__ import annotations

import pytest
from tests.intake.open311.georeport import spark, valid
from tests.intake.open311.site import FORM, V2, Site, told

from clic_chassis.http import BODY_BYTES_MAX
from clic_contracts.problem import Problem
from clic_contracts.town import Town
from clic_intake.open311.endpoint import FIELDS_MAX
from clic_intake.open311.submitting import OTHER_CONTENT


@pytest.mark.parametrize("suffix", [".xml", ".json"])
async def test_a_post_is_answered_with_its_number_and_what_the_citizen_is_told(site: Site, suffix: str) -> None:
    """GeoReport v2; POL-18: the notice is the acknowledgement."""
    answer = await site.post(FORM, f"requests{suffix}", headers={"Idempotency-Key": "k-1"})

    assert answer.status_code == 200
    found = answer.json() if suffix == ".json" else spark(valid(answer.content))
    assert found == [{"service_request_id": "2026-000009", "service_notice": "C’est enregistré.", "account_id": None}]
    post = site.desk.posts[0]
    assert (post.publisher, post.said.subject, post.key) == ("portail_web", "pothole", "k-1")


async def test_a_post_without_a_key_or_with_a_wrong_one_is_forbidden(site: Site) -> None:
    """GeoReport v2: «403 – Missing or Invalid API Key»; before anything else is looked at."""
    for wrong in ({}, {"api_key": ""}, {"api_key": "fausse"}):
        answer = await site.post({**{k: v for k, v in FORM.items() if k != "api_key"}, **wrong, "service_code": ""})
        assert "api_key" in told(answer, 403)[0]
        assert answer.json()[0]["code"] == "403"
    assert site.desk.posts == []


async def test_the_key_and_the_jurisdiction_may_stand_in_the_address(site: Site) -> None:
    rest = {name: value for name, value in FORM.items() if name != "api_key"}

    assert (await site.post(rest, "requests.json?api_key=clé&jurisdiction_id=exemple.invalid")).status_code == 200


async def test_where_the_town_wants_no_key_a_post_without_one_is_taken(serving: Town) -> None:
    site = Site(serving, keyless_publisher="telephonie")
    keyless = {name: value for name, value in FORM.items() if name != "api_key"}

    assert (await site.post(keyless)).status_code == 200
    assert (await site.post(FORM)).status_code == 200
    assert (await site.post(keyless | {"api_key": "fausse"})).status_code == 403
    assert [each.publisher for each in site.desk.posts] == ["telephonie", "portail_web"]


async def test_english_is_written_only_on_the_citizens_wish(site: Site) -> None:
    """A browser's languages are no wish; `lang=en` in the form is."""
    await site.post(FORM, headers={"Accept-Language": "en"})
    await site.post(FORM | {"lang": "en"})

    assert [each.said.language for each in site.desk.posts] == ["fr", "en"]


@pytest.mark.parametrize(
    ("body", "media", "said"),
    [
        (b'{"service_code": "pothole"}', "application/json", "Envoyez le formulaire comme"),
        (b"--x--", "multipart/form-data; boundary=x", "une image se nomme par media_url"),
        (b"api_key=cl%E9", "application/x-www-form-urlencoded", "ne se lit pas"),
        (b"\xff=1", "application/x-www-form-urlencoded", "ne se lit pas"),
        (b"a=1&" * FIELDS_MAX + b"a=1", "application/x-www-form-urlencoded", "ne se lit pas"),
    ],
)
async def test_a_body_that_is_no_form_is_refused(site: Site, body: bytes, media: str, said: str) -> None:
    answer = await site.http.post(f"{V2}/requests.json", content=body, headers={"Content-Type": media})

    assert [said in each for each in told(answer, 400)] == [True]


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(site: Site) -> None:
    answer = await site.post(FORM | {"description": "x" * BODY_BYTES_MAX})

    assert answer.status_code == 400
    assert answer.json()[0]["code"] == "413"


async def test_what_the_desk_refuses_is_told(site: Site) -> None:
    site.desk.problem = Problem(type=OTHER_CONTENT, title="", status=409, detail="other content")
    assert "Idempotency-Key" in told(await site.post(FORM), 400)[0]

    site.desk.problem = Problem(type="urn:clic:problem:x", title="", status=422, detail="no such publisher")
    assert told(await site.post(FORM), 400) == ["La demande n’est pas admise. (no such publisher)"]

    too_long = {"Idempotency-Key": "k" * 201}
    assert "au plus 200" in told(await site.post(FORM, headers=too_long), 400)[0]
