"""Drafts of learnings on their way into the log: edited, scanned, confirmed, signed off, published."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import generate_latest
from tests.intake.service.office import SOURCE, Office
from tests.intake.service.reviewing import (
    ADDRESS,
    EMAIL,
    LESSON,
    NAME,
    PERIOD,
    PHONE,
    PLAIN,
    PLANTED,
    REPORT,
    SECRETS,
    WHY,
    ask,
    do,
    draft,
    everything_in_tables,
    gather,
    in_log,
    record,
    registered,
)

from clic_contracts.event import LearningPublished, LearningRecorded, LearningWithdrawn
from clic_contracts.subject import FEED_STREAM, LOG_STREAM, RECEIPT_STREAM
from clic_contracts.submission import CompletionSubmission, RequestPointer, RequestSubmission
from clic_intake.name_index import OlderNames

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


async def test_a_draft_stands_sealed_in_the_database(office: Office) -> None:
    """POL-30: its text, and the reasons of who confirmed something."""
    begun = await draft(office, f"{PLAIN} Au 12, rue Zzyxwinoise.")
    (finding,) = begun["findings"]
    await do(office, begun, "confirm", finding_id=finding["finding_id"], reason="L’hôtel de ville zzyx.")
    assert await office.runtime.pool.fetchval("SELECT count(*) FROM learning_draft") == 1
    assert await everything_in_tables(office) == []


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


async def test_what_was_published_is_listed_and_withdrawn_from_reports_once(office: Office) -> None:
    """POL-37: a mistake is shown no more; the log keeps both facts, in one story."""
    signed = await do(office, await draft(office, PLAIN), "sign-off", token="second")
    published = await do(office, signed, "publish")
    path = f"/learnings/publications/{published['publication_id']}/withdraw"
    await ask(office, path, {"ground": "licorne"}, status=422)
    await ask(office, path, {"ground": "error"}, token="desk", status=403)
    await ask(office, path.replace(published["publication_id"][:8], "00000000"), {"ground": "error"}, status=404)
    first, again = [await ask(office, path, {"ground": "error"}) for _ in range(2)]
    assert [(each["is_withdrawn"], each["known"]) for each in (first, again)] == [(True, False), (True, True)]
    (fact,) = await in_log(office, LearningWithdrawn)
    assert (fact.request_id, fact.data.period) == (published["publication_id"], PERIOD)
    (listed,) = (await office.ask(f"/learnings/publications?period={PERIOD}", token="second")).json()
    assert (listed["text"], listed["is_withdrawn"]) == (PLAIN, True)
    assert (await office.ask("/learnings/publications?period=2019-Q1", token="second")).json() == []


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
