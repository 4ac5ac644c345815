"""Learnings from the desk to the log: recorded under seal, gathered, edited, scanned, signed off, published."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from prometheus_client import generate_latest
from tests.intake.service.office import SOURCE, Office, now

from clic_chassis.http import PROBLEM_TYPE
from clic_contracts.event import LearningPublished, LearningRecorded
from clic_contracts.subject import FEED_STREAM, LOG_STREAM, RECEIPT_STREAM
from clic_contracts.submission import CompletionSubmission, RequestPointer, RequestSubmission
from clic_intake.name_index import OlderNames

NAME, EMAIL, PHONE, ADDRESS = "Zzyxwine Exemple-Zzyx", "zzyx@exemple.invalid", "450 555-0177", "77, rue Zzyxwinoise"
SECRETS = ("Zzyx", "zzyx", PHONE)
REPORT = RequestSubmission(
    kind="report", channel="phone", text="Zzyxtrou.", requester={"name": NAME, "email": EMAIL, "phone": PHONE}
)
ACCESS = RequestSubmission(kind="access_to_information", channel="letter", requester=REPORT.requester)
LESSON = f"{NAME} (zzyx) n’a pas reçu l’avis de travaux : la liste d’envoi datait de deux ans."
TODAY = now()
PERIOD = f"{TODAY.year}-Q{(TODAY.month - 1) // 3 + 1}"
PLAIN = "Les avis de travaux partent trop tard : la liste d’envoi est revue chaque trimestre."
PLANTED = f"Selon {NAME} ({EMAIL}, {PHONE}), du {ADDRESS}, les avis de travaux partent trop tard."
WHY = "revue du trimestre"


async def registered(office: Office, submission: RequestSubmission = REPORT, event_id: str = "appel-1") -> str:
    receipt = await office.submit(submission, event_id)
    assert receipt.request_id is not None
    return receipt.request_id


async def ask(
    office: Office, path: str, body: Any, *, token: str = "reviewer", key: str = "", status: int = 200
) -> Any:
    answer = await office.ask(path, body, token=token, headers=[("Idempotency-Key", key)] if key else [])
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["content-type"] == PROBLEM_TYPE
    return answer.json() if answer.content else None


async def record(office: Office, text: str = LESSON, about: str | None = None, **more: Any) -> Any:
    path = f"/requests/{about}/learnings" if about else "/learnings"
    options = {name: more.pop(name) for name in ("token", "key", "status") if name in more}
    return await ask(office, path, {"text": text, **more}, **{"token": "desk", **options})


async def gather(office: Office, token: str = "reviewer", **more: Any) -> Any:
    return await ask(office, "/learnings/gather", {"period": PERIOD, "reason": WHY, **more}, token=token)


async def draft(office: Office, text: str, **more: Any) -> Any:
    return await ask(office, "/learnings/drafts", {"period": PERIOD, "text": text, **more})


async def do(office: Office, what: Any, verb: str, *, token: str = "reviewer", status: int = 200, **body: Any) -> Any:
    body = {"version": what["version"], **body} if verb != "publish" else {}
    return await ask(office, f"/learnings/drafts/{what['draft_id']}/{verb}", body, token=token, status=status)


async def in_log(office: Office, kind: type[Any]) -> list[Any]:
    return [
        event async for commit in office.runtime.log.read() for event in commit.events if isinstance(event.data, kind)
    ]


async def erase(office: Office, request_id: str) -> None:
    await office.runtime.pool.execute(
        "UPDATE request SET wrapped_key = NULL, erased_at = now() WHERE request_id = $1", request_id
    )


# -- the whole way ----------------------------------------------------------------------------------------------------


async def test_a_learning_goes_from_the_desk_to_the_log_and_nothing_personal_goes_with_it(office: Office) -> None:
    """POL-37, POL-38: gathered, edited, refused with each finding named, mended, signed off by another, published."""
    request_id = await registered(office)
    learned = await record(office, about=request_id, subject="pothole")
    alone = await record(office, "Le comptoir zzyx ferme trop tôt.")
    gathered = await gather(office)
    assert [(each["learning_id"], each["text"]) for each in gathered["learnings"]] == [
        (learned["learning_id"], LESSON),
        (alone["learning_id"], "Le comptoir zzyx ferme trop tôt."),
    ]
    assert [each["request_id"] for each in gathered["learnings"]] == [request_id, None]

    begun = await draft(office, PLANTED, learnings=[learned["learning_id"], alone["learning_id"]])
    problem = await do(office, begun, "sign-off", token="second", status=409)
    assert problem["type"] == "urn:clic:problem:findings"
    told = " ".join(each["detail"] for each in problem["errors"])
    assert [planted for planted in (NAME, EMAIL, PHONE, ADDRESS) if planted not in told] == []
    assert all(each["mend"] for each in problem["errors"])
    assert await in_log(office, LearningPublished) == []

    mended = await do(office, begun, "edit", text=PLAIN)
    assert (mended["findings"], mended["is_clean"], mended["version"]) == ([], True, 2)
    assert (await do(office, mended, "sign-off", status=409))["type"] == "urn:clic:problem:own-text"
    await do(office, mended, "publish", status=409)
    signed = await do(office, mended, "sign-off", token="second")
    assert signed["signed_by"] == "sacha.exemple"
    published = await do(office, signed, "publish")
    assert (published["text"], published["known"]) == (PLAIN, False)

    (fact,) = await in_log(office, LearningPublished)
    assert fact.data == LearningPublished(text=PLAIN, period=PERIOD, signed_off_by="agent:sacha.exemple")
    assert (fact.request_id, fact.actor) == (begun["draft_id"], "agent:rene.exemple")
    assert len(await in_log(office, LearningRecorded)) == 2
    for stream in (LOG_STREAM, FEED_STREAM, RECEIPT_STREAM):
        body = b"\n".join(await office.everything(stream)).decode()
        assert [secret for secret in SECRETS if secret in body] == []
    assert [secret for secret in SECRETS if secret in generate_latest().decode()] == []
    assert await everything_in_tables(office) == []
    assert (await do(office, signed, "publish"))["known"], "said twice, done once"
    assert len(await in_log(office, LearningPublished)) == 1
    assert await office.runtime.pool.fetchval("SELECT count(*) FROM learning_draft") == 0


async def everything_in_tables(office: Office) -> list[str]:
    """Which secrets stand in clear in intake's database."""
    pool = office.runtime.pool
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    rows = [str(row) for table in tables for row in await pool.fetch(f"SELECT * FROM {table['tablename']}")]
    return [secret for secret in SECRETS for row in rows if secret in row]


async def test_a_draft_stands_sealed_in_the_database(office: Office) -> None:
    """POL-30: its text, and the reasons of who confirmed something."""
    begun = await draft(office, f"{PLAIN} Au 12, rue Zzyxwinoise.")
    (finding,) = begun["findings"]
    await do(office, begun, "confirm", finding_id=finding["finding_id"], reason="L’hôtel de ville zzyx.")
    assert await office.runtime.pool.fetchval("SELECT count(*) FROM learning_draft") == 1
    assert await everything_in_tables(office) == []


# -- recording --------------------------------------------------------------------------------------------------------


async def test_a_learning_with_the_same_key_is_recorded_once_and_other_content_is_refused(office: Office) -> None:
    """Said twice, done once."""
    request_id = await registered(office)
    for about in (request_id, None):
        key = f"cle-{about}"
        first, again = [await record(office, about=about, key=key) for _ in range(2)]
        assert (first["known"], again["known"]) == (False, True)
        assert first["learning_id"] == again["learning_id"]
        problem = await record(office, "Autre chose.", about=about, key=key, status=409)
        assert problem["type"] == "urn:clic:problem:other-content"
    assert len((await gather(office))["learnings"]) == 2


async def test_a_learning_about_a_request_stands_in_its_story_and_changes_nothing_there(office: Office) -> None:
    request_id = await registered(office)
    before = (await office.ask(f"/requests/{request_id}")).json()
    await record(office, about=request_id)
    after = (await office.ask(f"/requests/{request_id}")).json()
    assert (after["phase"], after["next"]) == (before["phase"], before["next"])
    assert [each["type"] for each in after["events"]][-1] == "learning.recorded.v1"
    opened = (await ask(office, f"/requests/{request_id}/open", {"reason": WHY}, token="desk"))["opened"]
    assert opened[-1]["content"] == {"text": LESSON}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"text": "  "}, "/text"),
        ({"text": "x" * 4_001}, "/text"),
        ({"text": "a", "subject": "licorne"}, "subject"),
        ({"text": "a", "occurred_at": "2199-01-01T00:00:00Z"}, "occurred_at"),
        ({"text": "a", "texte": "b"}, "/texte"),
    ],
)
async def test_a_learning_that_does_not_fit_says_what_is_wrong(office: Office, body: Any, named: str) -> None:
    problem = await ask(office, "/learnings", body, status=422)
    assert named in json.dumps(problem)


async def test_what_was_learned_from_an_erased_request_shows_as_erased_and_its_drafts_are_gone(office: Office) -> None:
    """POL-30: the index forgets the name, and no draft keeps what the request told."""
    request_id = await registered(office)
    learned = await record(office, about=request_id)
    begun = await draft(office, PLAIN, learnings=[learned["learning_id"]])
    kept = await draft(office, PLAIN)
    await erase(office, request_id)
    (found,) = (await gather(office))["learnings"]
    assert (found["state"], found["text"]) == ("erased", None)
    await do(office, begun, "sign-off", token="second", status=404)
    assert await office.runtime.pool.fetchval("SELECT count(*) FROM requester_name") == 0
    assert [each["draft_id"] for each in (await office.ask("/learnings/drafts", token="reviewer")).json()] == [
        kept["draft_id"]
    ]
    problem = await record(office, about=request_id, status=409)
    assert problem["type"] == "urn:clic:problem:erased"
    await ask(
        office, "/learnings/drafts", {"period": PERIOD, "text": "a", "learnings": [learned["learning_id"]]}, status=404
    )


# -- gathering and readings -------------------------------------------------------------------------------------------


async def test_gathering_needs_its_role_and_a_reason_and_every_opening_is_recorded(office: Office) -> None:
    """POL-30."""
    request_id = await registered(office)
    await record(office, about=request_id)
    await record(office, "Deux.")
    for token in ("desk", "greffe"):
        await ask(office, "/learnings/gather", {"period": PERIOD, "reason": WHY}, token=token, status=403)
    await ask(office, "/learnings/gather", {"period": PERIOD}, status=422)
    await ask(office, "/learnings/gather", {"period": PERIOD, "reason": "  "}, status=422)
    assert await office.runtime.pool.fetchval("SELECT count(*) FROM opening") == 0

    await gather(office)
    rows = await office.runtime.pool.fetch("SELECT agent, request_id, reason FROM opening")
    assert {(row["agent"], row["reason"]) for row in rows} == {("rene.exemple", WHY)}
    assert len(rows) == 2
    assert request_id in {str(row["request_id"]) for row in rows}
    begun = await draft(office, PLAIN)
    await office.ask(f"/learnings/drafts/{begun['draft_id']}", token="second")
    await ask(office, f"/learnings/drafts/{begun['draft_id']}/sign-off", {"version": 1}, token="desk", status=403)

    assert (await office.ask("/learnings/readings", token="reviewer")).status_code == 403
    readings = (await office.ask("/learnings/readings", token="greffe")).json()
    assert [(each["agent"], each["what"], each["learnings"], each["reason"]) for each in readings] == [
        ("sacha.exemple", "draft", 0, "review"),
        ("rene.exemple", "gather", 2, WHY),
    ]


async def test_what_was_learned_from_a_confidential_request_is_opened_for_its_role_alone(office: Office) -> None:
    """POL-26: neither its text, nor its reference, nor a seal opened."""
    request_id = await registered(office, ACCESS)
    await record(office, about=request_id, token="desk", status=403)
    await record(office, about=request_id, token="greffe", subject="pothole")
    (hidden,) = (await gather(office))["learnings"]
    assert (hidden["state"], hidden["text"], hidden["reference"], hidden["subject"]) == ("withheld", None, None, None)
    assert await office.runtime.pool.fetchval("SELECT count(*) FROM opening") == 0
    (seen,) = (await gather(office, token="second"))["learnings"]
    assert seen["text"] == LESSON


async def test_a_quarter_is_gathered_page_by_page_in_the_towns_time(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clic_intake.learning.PAGE_MAX", 2)
    for minute in ("2026-03-31T23:59:00-04:00", "2026-04-01T00:00:00-04:00", "2026-07-01T00:00:00-04:00"):
        await record(office, minute, occurred_at=minute)
    for index in range(2):
        await record(office, str(index), occurred_at="2026-05-01T00:00:00Z", key=str(index))
    first = await gather(office, period="2026-Q2")
    assert first["after"] == first["learnings"][-1]["learning_id"]
    rest = await gather(office, period="2026-Q2", after=first["after"])
    texts = [each["text"] for page in (first, rest) for each in page["learnings"]]
    assert texts[0] == "2026-04-01T00:00:00-04:00"
    assert sorted(texts[1:]) == ["0", "1"]
    assert rest["after"] is None


async def test_a_learning_that_never_came_into_the_log_is_not_gathered(office: Office) -> None:
    """The place is written before the fact: a crash in between leaves a place without one."""
    await office.runtime.pool.execute(
        "INSERT INTO learning VALUES (gen_random_uuid(), 'agent:nobody', gen_random_uuid(), now())"
    )
    assert (await gather(office))["learnings"] == []


# -- drafts -----------------------------------------------------------------------------------------------------------


async def test_a_finding_is_confirmed_with_a_reason_where_that_is_allowed(office: Office) -> None:
    """POL-38: an address may be the town hall's; an e-mail address leaves the text."""
    begun = await draft(office, f"L’avis est au 100, rue du Centre-Civique ; écrire à {EMAIL}.")
    address, email = begun["findings"]
    assert (address["kind"], address["is_confirmable"]) == ("address", True)
    assert (email["kind"], email["is_confirmable"]) == ("email", False)
    problem = await do(office, begun, "confirm", finding_id=email["finding_id"], reason=WHY, status=409)
    assert problem["type"] == "urn:clic:problem:not-confirmable"
    await do(office, begun, "confirm", finding_id="licorne", reason=WHY, status=404)
    await do(office, begun, "confirm", finding_id=address["finding_id"], reason=" ", status=422)
    confirmed = await do(office, begun, "confirm", finding_id=address["finding_id"], reason="L’hôtel de ville.")
    assert confirmed["findings"][0]["confirmed"] == "L’hôtel de ville."
    mended = await do(office, confirmed, "edit", text="L’avis de travaux est au 100, rue du Centre-Civique.")
    assert mended["is_clean"], "what was confirmed stays so where it still stands"
    gone = await do(office, mended, "edit", text=PLAIN)
    back = await do(office, gone, "edit", text="L’avis de travaux est au 100, rue du Centre-Civique.")
    assert not back["is_clean"], "what left the text is confirmed anew when it comes back"


async def test_who_confirmed_a_finding_changed_the_draft_and_another_signs_it_off(office: Office) -> None:
    """POL-37: four eyes, on the findings too."""
    begun = await draft(office, "Au 100, rue du Centre-Civique.")
    (address,) = begun["findings"]
    body = {"finding_id": address["finding_id"], "reason": "L’hôtel de ville."}
    confirmed = await do(office, begun, "confirm", token="second", **body)
    assert (await do(office, confirmed, "sign-off", token="second", status=409))["type"].endswith("own-text")
    await do(office, confirmed, "sign-off")


async def test_a_draft_that_was_changed_meanwhile_is_neither_edited_nor_signed_off(office: Office) -> None:
    begun = await draft(office, PLAIN)
    edited = await do(office, begun, "edit", text=f"{PLAIN} Bis.")
    for verb, more in (("edit", {"text": "Autre."}), ("sign-off", {}), ("discard", {})):
        problem = await do(office, begun, verb, token="second", status=409, **more)
        assert problem["type"] == "urn:clic:problem:draft-changed"
    signed = await do(office, edited, "sign-off", token="second")
    again = await do(office, signed, "edit", text=PLAIN)
    assert again["signed_by"] is None
    assert (await do(office, again, "publish", status=409))["type"] == "urn:clic:problem:not-signed"


async def test_a_name_that_became_known_after_the_signature_stops_the_publication(office: Office) -> None:
    """POL-38: the scan runs again in the decision."""
    begun = await draft(office, "La suggestion de Zzyxane Exempleuse a été retenue.")
    signed = await do(office, begun, "sign-off", token="second")
    requester = {"name": "EXEMPLEUSE, Zzyxane", "phone": PHONE}
    await registered(office, RequestSubmission(kind="suggestion", channel="phone", requester=requester))
    problem = await do(office, signed, "publish", status=409)
    assert "Zzyxane Exempleuse" in problem["errors"][0]["detail"]
    assert await in_log(office, LearningPublished) == []
    mended = await do(office, signed, "edit", text="Une suggestion a été retenue.")
    await do(office, await do(office, mended, "sign-off", token="second"), "publish")


async def test_a_name_that_was_given_later_is_known_too(office: Office) -> None:
    """POL-06: by a publisher's completion, and by an agent's."""
    one = await registered(office, REPORT.model_copy(update={"requester": None}))
    await registered(office, REPORT.model_copy(update={"requester": None}), "appel-2")
    await ask(office, f"/requests/{one}/complete", {"requester": {"name": "Zzyxa Unefois"}}, token="desk")
    about = RequestPointer(source=SOURCE, id="appel-2")
    await office.submit(CompletionSubmission(about=about, requester={"name": "Zzyxo Deuxfois"}), "suite-1")
    begun = await draft(office, "Zzyxa Unefois et Zzyxo Deuxfois ont écrit.")
    assert [(each["kind"], each["excerpt"]) for each in begun["findings"]] == [
        ("requester_name", "Zzyxa Unefois"),
        ("requester_name", "Zzyxo Deuxfois"),
    ]


async def test_a_draft_with_the_same_key_is_one_draft(office: Office) -> None:
    body = {"period": PERIOD, "text": PLAIN}
    first, again = [await ask(office, "/learnings/drafts", body, key="cle") for _ in range(2)]
    assert first == again
    problem = await ask(office, "/learnings/drafts", {**body, "text": "Autre."}, key="cle", status=409)
    assert problem["type"] == "urn:clic:problem:other-content"


async def test_drafts_are_bounded_and_discarded(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clic_intake.publication.DRAFTS_MAX", 1)
    begun = await draft(office, PLAIN)
    problem = await ask(office, "/learnings/drafts", {"period": PERIOD, "text": PLAIN}, status=409)
    assert problem["type"] == "urn:clic:problem:too-many-drafts"
    await do(office, begun, "discard", status=204)
    await draft(office, PLAIN)


async def test_a_publication_that_was_cut_off_is_finished_by_saying_it_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a crash between the log and the database."""
    signed = await do(office, await draft(office, PLAIN), "sign-off", token="second")

    async def crash(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr("clic_intake.publication.Publications._remove", crash)
        await do(office, signed, "publish", status=500)
    problem = await do(office, signed, "edit", text="Trop tard.", status=409)
    assert problem["type"] == "urn:clic:problem:draft-leaving"
    assert (await do(office, signed, "publish"))["known"]
    assert len(await in_log(office, LearningPublished)) == 1
    assert await office.runtime.pool.fetchval("SELECT count(*) FROM learning_draft") == 0


async def test_contacts_that_the_town_publishes_itself_are_no_finding(office: Office) -> None:
    assert (await draft(office, "Écrire à CLIC@villemsh.ca."))["findings"] == []


# -- names from before the index --------------------------------------------------------------------------------------


async def test_names_of_older_requests_are_indexed_from_their_seals_and_each_opening_is_recorded(
    office: Office,
) -> None:
    """POL-30, POL-38: until it is done, nothing is signed off."""
    request_id = await registered(office)
    pool = office.runtime.pool
    await pool.execute("DELETE FROM requester_name")
    await pool.execute("UPDATE request SET is_named = false")
    begun = await draft(office, f"{NAME} a écrit.")
    assert begun["findings"] == []
    problem = await do(office, begun, "sign-off", token="second", status=409)
    assert problem["type"] == "urn:clic:problem:names-missing"

    older = next(each for each in office.wiring.components if isinstance(each, OlderNames))
    assert await older.index(asyncio.Event()) == 1
    (opening,) = await pool.fetch("SELECT agent, request_id FROM opening")
    assert (opening["agent"], str(opening["request_id"])) == ("service:intake", request_id)
    problem = await do(office, begun, "sign-off", token="second", status=409)
    assert NAME in problem["errors"][0]["detail"]
    assert await older.index(asyncio.Event()) == 0
