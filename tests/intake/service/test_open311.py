"""Stock Open311 clients, unmodified, against the desk at work: georeport, civicbot, and curl."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest
import pytest_asyncio
from civicbot import Endpoint, HttpError, Open311Client
from georeport import GeoReport
from tests.intake.open311.georeport import spark, valid
from tests.intake.service.office import Office, now
from tests.reporting.board import served

from clic_chassis.service import Runtime
from clic_chassis.settings import SettingsError
from clic_chassis.testing import wait_until
from clic_contracts.event import RequestReceived
from clic_contracts.submission import RequestSubmission
from clic_contracts.vocabulary import Service
from clic_intake.app import wire
from clic_intake.publisher_key import PublisherKeys
from clic_intake.settings import IntakeSettings

T = TypeVar("T")
KEY = "portal"
"""The token of the publisher `portail_web`, see `office.AGENTS`."""
CITIZEN = {
    "first_name": "Camille",
    "last_name": "Exemple",
    "email": "camille@exemple.invalid",
    "phone": "450 555-0134",
}
SHOWN_S = 20.0


@pytest.fixture(scope="session")
def curl() -> str:
    """Debian's curl: where there is none the test that needs it says so; on CI that is a failure."""
    found = shutil.which("curl")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have curl: install the package curl")
        pytest.skip("there is no curl here: install Debian's package curl to try Open311 with it")
    return found


@pytest_asyncio.fixture
async def url(office: Office) -> AsyncIterator[str]:
    """Of the endpoint, on a port of this machine."""
    assert office.wiring.http is not None
    async with served(office.wiring.http) as at:
        yield f"{at}/open311/v2"


def reader(url: str, output_format: str = "json") -> GeoReport:
    return GeoReport(url, output_format=output_format)


def client(url: str) -> Open311Client:
    return Open311Client(Endpoint(id="essai", name="Ville imaginaire", base_url=url, write=True))


async def apart(do: Callable[..., T], *args: Any, **more: Any) -> T:
    """What a client that blocks gives, while the desk goes on working here."""
    return await asyncio.to_thread(do, *args, **more)


async def posted(url: str, **more: Any) -> str:
    """The number of a request that civicbot files."""
    sent = await apart(
        client(url).create_request,
        "pothole",
        dry_run=False,
        confirm="SEND",
        api_key=KEY,
        validate_remote=True,
        **{
            "address_string": "1, rue Inventée",
            "description": "Un trou devant chez Camille Exemple.",
            **CITIZEN,
            **more,
        },
    )
    assert [set(each) for each in sent.response] == [{"service_request_id", "service_notice", "account_id"}]
    return str(sent.response[0]["service_request_id"])


async def shown(office: Office, url: str, reference: str) -> dict[str, Any]:
    """The request as a client reads it, once the worklists' table knows it."""

    async def listed() -> bool:
        return (await office.http.get(f"/open311/v2/requests/{reference}.json")).status_code == 200

    await wait_until(listed, SHOWN_S, what=f"{reference} to be listed")
    found: dict[str, Any] = await apart(reader(url).get_service_request, reference)
    return found


async def request_id_of(office: Office, reference: str) -> str:
    answer = await office.ask(f"/references/{reference}")
    return str(answer.json()["request_id"])


async def test_a_stock_client_files_a_request_and_others_follow_it(office: Office, url: str) -> None:
    """Issue: «a stock Open311 client works against it unmodified»; POL-18, POL-30."""
    reference = await posted(url, lat=45.5628, lng=-73.1914, attributes={"size": "large"}, device_id="appareil-7")

    found = await shown(office, url, reference)
    listed = await apart(reader(url).get_service_requests, service_code="pothole", status="open")
    by_xml = await apart(reader(url, "xml").get_service_request, reference)

    assert [each["service_request_id"] for each in listed] == [reference]
    assert {**found, "address": None} == {name: by_xml[name] for name in by_xml} | {"address": None}
    assert (found["status"], found["service_code"], found["service_name"]) == ("open", "pothole", "Nid-de-poule")
    assert (found["description"], found["lat"], found["long"], found["address"]) == (None, None, None, None)
    assert "Camille" not in json.dumps([found, listed])


async def test_what_was_posted_is_sealed_in_the_log_as_the_desk_keeps_it(office: Office, url: str) -> None:
    """POL-30: the log, which forgets nothing, holds it in no other form."""
    reference = await posted(url, attributes={"size": "large"}, device_id="appareil-7")
    request_id = await request_id_of(office, reference)

    received = (await office.runtime.log.load(Service.INTAKE, request_id)).events[0].data
    assert isinstance(received, RequestReceived)
    assert (received.publisher, received.channel, received.kind) == ("portail_web", "mobile_app", "report")
    assert received.sealed is not None
    everything = b"".join(await office.everything("CLIC_LOG"))
    for secret in ("Camille", "camille@exemple.invalid", "555-0134", "rue Inventée", "large", "appareil-7"):
        assert secret.encode() not in everything
    opened = await office.ask(f"/requests/{request_id}/open", {"reason": "essai du formulaire"})
    content = opened.json()["opened"][0]["content"]
    assert content["requester"]["name"] == "Camille Exemple"
    assert content["attributes"] == {"size": "large"}


async def test_the_town_publishes_its_own_words_and_closes(office: Office, url: str) -> None:
    """Issue: the public text is what the town chose to publish, never the citizen's own words."""
    reference = await posted(url)
    request_id = await request_id_of(office, reference)
    for command, body in (
        ("describe", {"public_text": "Nid-de-poule signalé.", "public_notes": "Réparé mardi."}),
        ("answer", {"channel": "phone", "text": "Réparé, Camille."}),
        ("close", {}),
    ):
        answer = await office.ask(f"/requests/{request_id}/{command}", body)
        assert answer.status_code == 200, answer.text

    async def closed() -> dict[str, Any] | None:
        found = await shown(office, url, reference)
        return found if found["status"] == "closed" else None

    found = await wait_until(closed, SHOWN_S, what="the request to be closed")
    assert found is not None
    assert (found["description"], found["status_notes"]) == ("Nid-de-poule signalé.", "Réparé mardi.")
    assert await apart(reader(url).get_service_requests, status="open") == []


async def test_what_is_confidential_stays_unknown_at_the_desk_at_work(office: Office, url: str) -> None:
    """POL-26: an access request that is there, and one that is not, are answered alike."""
    access = RequestSubmission.model_validate(
        {**RequestSubmission.EXAMPLE, "kind": "access_to_information", "subject": None, "channel": "letter"}
    )
    hidden = await office.submit(access, "lettre-1")
    public = await posted(url)
    await shown(office, url, public)  # The table is past the access request, which came first.

    answers = [
        await office.http.get(f"/open311/v2/requests/{reference}.json")
        for reference in (hidden.reference, "2026-999999")
    ]
    assert [each.status_code for each in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    everything = await apart(reader(url).get_service_requests)
    assert [each["service_request_id"] for each in everything] == [public]


async def test_a_stock_client_reads_services_and_their_questions(office: Office, url: str) -> None:
    services = {each["service_code"]: each for each in await apart(reader(url).get_service_list)}
    by_xml = await apart(reader(url, "xml").get_service_list)
    definition = await apart(reader(url).get_service_definition, "pothole")

    assert list(services) == [each["service_code"] for each in by_xml]
    assert {"privacy_incident", "employee_conduct", "document_access"}.isdisjoint(services)
    assert (services["pothole"]["metadata"], services["road_danger"]["metadata"]) == (True, False)
    assert [each["code"] for each in definition["attributes"]] == ["size"]


async def test_a_stock_client_is_told_what_is_wrong(office: Office, url: str) -> None:
    with pytest.raises(HttpError) as refused:
        await apart(
            client(url).create_request,
            "pothole",
            dry_run=False,
            confirm="SEND",
            api_key="fausse",
            address_string="1, rue Inventée",
        )
    assert refused.value.status == 403
    assert json.loads(refused.value.body)[0]["code"] == "403"


async def test_a_publishers_key_posts_until_it_is_ended(office: Office) -> None:
    keys = PublisherKeys(office.runtime.pool)
    publishers = office.runtime.town.publisher_by_code
    made = await keys.add("telephonie", "essai", known=publishers, made_by="alex.exemple", at=now())

    status, found = await post(office, api_key=made.key)
    await keys.end(made.key_id, ended_by="alex.exemple", at=now())
    later, errors = await post(office, api_key=made.key)

    assert (status, later) == (200, 403)
    assert errors[0]["code"] == "403"
    request_id = await request_id_of(office, found[0]["service_request_id"])
    received = (await office.runtime.log.load(Service.INTAKE, request_id)).events[0].data
    assert isinstance(received, RequestReceived)
    assert received.publisher == "telephonie"


async def test_a_service_does_not_start_for_a_publisher_that_the_town_does_not_have(
    runtime: Runtime[IntakeSettings],
) -> None:
    settings = runtime.settings.model_copy(update={"open311_keyless_publisher": "nulle_part"})

    with pytest.raises(SettingsError, match="CLIC_OPEN311_KEYLESS_PUBLISHER: the town has no publisher 'nulle_part'"):
        await wire(replace(runtime, settings=settings))


# -- said twice ---------------------------------------------------------------------------------------------------


FORM = {"api_key": KEY, "service_code": "street_light", "address_string": "rue Inventée"}


async def post(office: Office, key: str | None = None, **more: str) -> tuple[int, Any]:
    headers = {"Idempotency-Key": key} if key else {}
    answer = await office.http.post("/open311/v2/requests.json", data={**FORM, **more}, headers=headers)
    return answer.status_code, answer.json()


async def test_a_post_that_is_repeated_with_its_key_is_one_request(office: Office) -> None:
    """Said twice, done once: also when both come at once, and when the first answer was lost."""
    answers = await asyncio.gather(*(post(office, "k-1") for _ in range(5)))
    later = await post(office, "k-1")

    assert {status for status, _ in answers} == {200}
    assert all(found == later[1] for _, found in answers)


async def test_posts_that_say_the_same_without_a_key_are_two_requests(office: Office) -> None:
    """Two lamps are broken in one street: a repetition that nobody declared is never guessed."""
    first, second = await post(office, device_id="appareil-7"), await post(office, device_id="appareil-7")

    assert first[0] == second[0] == 200
    assert first[1][0]["service_request_id"] != second[1][0]["service_request_id"]


async def test_a_key_that_was_used_for_another_request_is_refused(office: Office) -> None:
    first = await post(office, "k-1")
    status, errors = await post(office, "k-1", description="Autre chose.")

    assert (first[0], status) == (200, 400)
    assert "Idempotency-Key" in errors[0]["description"]


# -- curl ---------------------------------------------------------------------------------------------------------


async def curled(curl: str, *args: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        curl, "--silent", "--show-error", "--fail-with-body", *args, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), SHOWN_S)
    assert process.returncode == 0, out
    return out


async def test_curl_posts_the_example_of_the_specification(office: Office, url: str, curl: str) -> None:
    """GeoReport v2, POST Service Request: the shape of its example, with lists and what is optional."""
    fields = {
        "api_key": KEY, "jurisdiction_id": "exemple.invalid", "service_code": "pothole", "lat": "45.56524078",
        "long": "-73.2043", "address_string": "1234, rue Inventée", "device_id": "tt222111", "account_id": "123456",
        "description": "Un grand trou avale la rue.", "media_url": "http://exemple.invalid/2212426634.jpg",
        "attribute[size]": "small", **CITIZEN,
    }  # fmt: skip
    data = [part for name, value in fields.items() for part in ("--data-urlencode", f"{name}={value}")]

    made = spark(valid(await curled(curl, f"{url}/requests.xml", *data)))
    reference = made[0]["service_request_id"]
    await shown(office, url, reference)
    found = spark(valid(await curled(curl, f"{url}/requests/{reference}.xml")))
    discovery = spark(valid(await curled(curl, url.replace("/v2", "/discovery.xml"))))

    assert reference in made[0]["service_notice"]
    assert found[0]["service_request_id"] == reference
    assert discovery["endpoints"][0]["url"] == url
