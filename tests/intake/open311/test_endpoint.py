"""GeoReport v2 over HTTP, on requests in memory: addresses, formats, errors and other sites' browsers."""

from __future__ import annotations

import pytest
from tests.intake.open311.georeport import spark, valid
from tests.intake.open311.listed import HIDDEN, listed
from tests.intake.open311.site import FORM, V2, Site, told, well_formed

from clic_chassis.error import RetryableError
from clic_contracts.town import Town
from clic_intake.core.open311 import Listed
from clic_intake.core.open311_argument import Wanted

# -- reading ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["xml", "json"])
async def test_discovery_names_the_endpoint_in_both_formats(site: Site, suffix: str) -> None:
    """Service discovery: «Format must be both xml and json»."""
    answer = well_formed(await site.http.get(f"/open311/discovery.{suffix}"))

    found = spark(valid(answer.content)) if suffix == "xml" else answer.json()
    assert found["endpoints"] == [
        {
            "specification": "http://wiki.open311.org/GeoReport_v2",
            "url": "http://ville.exemple.invalid/open311/v2",
            "changeset": "2026-05-15 16:00:00",
            "type": "production",
            "formats": ["text/xml", "application/json"],
        }
    ]
    assert "clic@exemple.invalid" in found["key_service"]


async def test_discovery_names_the_address_that_the_outside_knows(serving: Town) -> None:
    site = Site(serving, url="https://311.exemple.invalid/v2")

    found = (await site.http.get("/open311/discovery.json")).json()
    assert found["endpoints"][0]["url"] == "https://311.exemple.invalid/v2"


@pytest.mark.parametrize(
    "path", ["services", "services/pothole", "requests", "requests/2026-000001", f"tokens/{listed(1).request_id}"]
)
async def test_suffix_and_accept_choose_the_format_and_both_say_the_same(site: Site, path: str) -> None:
    answers = [
        await site.get(f"{path}.xml"),
        await site.get(path),
        await site.get(path, headers={"Accept": "text/xml"}),
        await site.get(f"{path}.json"),
        await site.get(path, headers={"Accept": "application/json"}),
    ]

    assert {each.status_code for each in answers} == {200}
    kinds = [each.headers["content-type"].partition(";")[0] for each in answers]
    assert kinds == ["text/xml"] * 3 + ["application/json"] * 2
    assert spark(valid(answers[0].content)) == answers[3].json()


async def test_a_list_holds_what_is_public_and_nothing_else(site: Site) -> None:
    """POL-26, POL-30."""
    found = (await site.get("requests.json")).json()

    assert [each["service_request_id"] for each in found] == ["2026-000002", "2026-000001"]


@pytest.mark.parametrize("number", range(3, 3 + len(HIDDEN)))
async def test_what_is_hidden_cannot_be_told_from_what_is_not_there(site: Site, number: int) -> None:
    """POL-26: neither by its number, nor by a list of numbers, nor by the token of its submission."""
    hidden = listed(number)
    for known, unknown in (
        (f"requests/{hidden.reference}.json", "requests/2026-999999.json"),
        (f"tokens/{hidden.request_id}.json", "tokens/6f9619ff-8b86-5d11-b42d-00cf4fc964ff.json"),
        (f"requests.json?service_request_id={hidden.reference}", "requests.json?service_request_id=2026-999999"),
    ):
        one, other = await site.get(known), await site.get(unknown)
        assert (one.status_code, one.content, one.headers) == (other.status_code, other.content, other.headers)


@pytest.mark.parametrize("code", ["privacy_incident", "internal_matter"])
async def test_a_hidden_service_cannot_be_told_from_one_that_is_not_there(site: Site, code: str) -> None:
    """POL-26."""
    for path in ("services/{}.json", "requests.json?service_code={}"):
        one, other = await site.get(path.format(code)), await site.get(path.format("nothing"))
        assert (one.status_code, one.content) == (other.status_code, other.content)


async def test_numbers_that_are_asked_for_together_leave_out_what_is_not_there(site: Site) -> None:
    answer = await site.get("requests.json?service_request_id=2026-000001,2026-999999,2026-000002&status=nonsense")

    assert {each["service_request_id"] for each in answer.json()} == {"2026-000001", "2026-000002"}


async def test_a_token_is_redeemed_for_the_number(site: Site) -> None:
    token = listed(1).request_id

    assert (await site.get(f"tokens/{token}.json")).json() == [{"service_request_id": "2026-000001", "token": token}]


async def test_english_is_shown_to_who_asks_for_it_and_french_to_everybody_else(site: Site) -> None:
    """GeoReport v2 knows no language: `lang`, then Accept-Language."""
    names = [
        (await site.get(f"services.json{query}", headers=headers)).json()[0]["service_name"]
        for query, headers in (
            ("", {}),
            ("", {"Accept-Language": "de"}),
            ("", {"Accept-Language": "en-CA, fr;q=0.5"}),
            ("?lang=en", {}),
            ("?lang=fr", {"Accept-Language": "en"}),
        )
    ]
    assert names == ["Nid-de-poule", "Nid-de-poule", "Pothole", "Pothole", "Nid-de-poule"]


# -- errors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".xml", ".json", ""])
@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("services/nothing", 404, "service_code\u00a0: ce service n’existe pas."),
        ("requests/2026-999999", 404, "service_request_id\u00a0: aucune demande publique"),
        ("tokens/nothing", 404, "token\u00a0: ce jeton n’est pas connu."),
        ("nothing", 404, "Cette adresse n’existe pas."),
        ("nothing/nothing", 404, "Cette adresse n’existe pas."),
        ("requests/a/b", 404, "Cette adresse n’existe pas."),
    ],
)
async def test_what_is_not_there_is_404_in_the_format_of_the_specification(
    site: Site, path: str, suffix: str, status: int, said: str
) -> None:
    assert [said in each for each in told(await site.get(path + suffix), status)] == [True]


async def test_a_format_that_is_none_is_refused(site: Site) -> None:
    assert told(await site.get("services.html"), 400) == ["Le format demandé n’existe pas\u00a0: .xml ou .json."]


async def test_every_wrong_filter_is_an_error_of_its_own(site: Site) -> None:
    answer = await site.get("requests.xml?status=x&page=y&lang=en")

    assert told(answer, 400) == [
        "page: write a number from 1 to 101.",
        "status: there is no x. Write open, closed, or both, separated by a comma.",
    ]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused_with_their_code_in_the_body(site: Site, method: str) -> None:
    """GeoReport v2: «basically 400 for any other error»; the body's code may be finer."""
    answer = well_formed(await site.http.request(method, f"{V2}/requests.json"))

    assert answer.status_code == 400
    assert answer.json()[0]["code"] == "405"


async def test_another_jurisdiction_is_not_found_where_the_town_named_its_own(serving: Town) -> None:
    site = Site(serving, listed(1), jurisdiction_id="exemple.invalid")

    for path in ("services.json", "services/pothole.json", "requests.json", "requests/2026-000001.json"):
        assert (await site.get(f"{path}?jurisdiction_id=exemple.invalid")).status_code == 200
        assert (await site.get(f"{path}?jurisdiction_id=")).status_code == 200
        assert "jurisdiction_id" in told(await site.get(f"{path}?jurisdiction_id=ailleurs.invalid"), 404)[0]
    assert "jurisdiction_id" in told(await site.post(FORM | {"jurisdiction_id": "ailleurs.invalid"}), 404)[0]
    assert site.desk.posts == []


async def test_any_jurisdiction_is_taken_where_the_town_named_none(site: Site) -> None:
    """GeoReport v2: «Implementations can ignore this parameter» where they serve one jurisdiction."""
    assert (await site.get("services.json?jurisdiction_id=ailleurs.invalid")).status_code == 200


async def test_a_server_that_is_away_is_a_general_error_that_may_be_tried_again(site: Site) -> None:
    """GeoReport v2: «400 – General service error (any failure …, eg CRM is down)»."""
    site.desk.error = RetryableError("away")

    answer = await site.post(FORM)
    assert told(answer, 400) == ["Le service ne répond pas pour l’instant. Réessayez dans quelques secondes."]
    assert (answer.json()[0]["code"], answer.headers["retry-after"]) == ("503", "2")


async def test_a_defect_of_ours_tells_nothing_of_what_was_sent(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_: Wanted) -> list[Listed]:
        raise ZeroDivisionError("camille@exemple.invalid")

    monkeypatch.setattr(site.listing, "find", fails)

    answer = await site.get("requests.xml")
    assert told(answer, 500) == ["Une erreur de notre part. Prévenez-nous si elle se répète."]


# -- browsers -----------------------------------------------------------------------------------------------------


async def test_any_sites_browser_may_read_and_post(site: Site) -> None:
    """Cross-origin, without credentials: errors too, so that a page can show them."""
    origin = {"Origin": "https://ailleurs.exemple.invalid"}
    preflight = await site.http.options(
        f"{V2}/requests.json",
        headers={
            **origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "Idempotency-Key",
        },
    )
    answers = [
        await site.get("services.json", headers=origin),
        await site.get("requests/2026-999999.json", headers=origin),
        await site.post({}, headers=origin),
    ]

    assert preflight.status_code == 200
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert [each.headers["access-control-allow-origin"] for each in (preflight, *answers)] == ["*"] * 4
    assert all("access-control-allow-credentials" not in each.headers for each in answers)
