"""Judging, merging and splitting as they are wired, on real servers."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
from tests.intake.service.office import Office, now
from tests.intake.service.test_api import ACCESS, command, registered

from clic_chassis.testing import wait_until
from clic_contracts.envelope import Recorded, request_id_for
from clic_contracts.event import RequestReceived, RequestReopened, RequestSplit
from clic_contracts.submission import InteractionSubmission, OutcomeSubmission, RequestPointer, RequestSubmission
from clic_contracts.vocabulary import ClosingReason, Phase, Service
from clic_intake.core.state import Request, state_of

WAIT_S = 20.0
AGENT = "agent:alex.exemple"


async def story(office: Office, request_id: str) -> tuple[Recorded, ...]:
    """Intake's part."""
    return (await office.runtime.log.load(Service.INTAKE, request_id, fresh=True)).events


async def state(office: Office, request_id: str) -> Request:
    return state_of(await story(office, request_id))


async def read(office: Office, path: str, **more: Any) -> dict[str, Any]:
    answer = await office.ask(path, **more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def report(**changes: Any) -> RequestSubmission:
    return RequestSubmission.model_validate({**RequestSubmission.EXAMPLE, **changes})


# -- admissibility ----------------------------------------------------------------------------------------------------


async def test_an_agent_reads_each_criterion_by_whom_and_where_to_turn_instead(office: Office) -> None:
    """POL-05 to POL-09."""
    request_id = await registered(office, report(subject="provincial_road", channel="web_form"))
    found = await read(office, f"/requests/{request_id}/admissibility")
    assert (found["is_admissible"], found["channel"]) == (False, "web_form")
    outside = next(each for each in found["criteria"] if each["criterion"] == "out_of_competence")
    assert (outside["clause"], outside["finding"], outside["by"]) == ("POL-07", "failed", "rule:provincial_road")
    assert outside["turn_to"]["contact"].startswith("Québec 511")
    assert outside["sentence"] == "Ne relève pas de la Ville."
    assert {"hydro_quebec", "mrc"} <= {each["body"] for each in found["elsewhere"]}
    english = await read(office, f"/requests/{request_id}/admissibility?lang=en")
    assert "Outside the town’s competence." in {each["sentence"] for each in english["criteria"]}


async def test_a_safety_report_without_a_name_is_treated_and_its_citizen_asked_where_they_can_be(
    office: Office,
) -> None:
    """POL-06: with a contact, by a letter; without one, not at all; on a form, by the receipt."""
    reached = await registered(office, report(subject="road_danger", requester={"phone": "450 555-0134"}), "danger-1")
    assert [each.type for each in await story(office, reached)] == ["request.received.v1", "request.incomplete.v1"]
    nobody = await registered(office, report(subject="road_danger", requester=None), "danger-2")
    assert [each.type for each in await story(office, nobody)] == ["request.received.v1"]
    on_form = report(subject="road_danger", requester=None, channel="web_form")
    receipt = await office.submit(on_form, "danger-3")
    assert receipt.acknowledgement is not None
    assert receipt.request_id is not None
    assert "traitée sans attendre" in receipt.acknowledgement
    assert (await state(office, receipt.request_id)).phase is Phase.IN_TREATMENT
    problem = await command(office, reached, "refuse", 409, criterion="incomplete", channel="phone")
    assert problem["type"] == "urn:clic:problem:judgement"
    assert (await read(office, f"/requests/{nobody}/admissibility"))["urgent"]


@pytest.mark.parametrize("criterion", ["unfounded", "before_courts"])
async def test_another_system_does_not_judge_what_is_for_a_person(office: Office, criterion: str) -> None:
    """POL-08, POL-09: whatever it says of itself; a refused command leaves no event."""
    request_id = await registered(office)
    about = {"source": "/essai/imaginaire", "id": "appel-1"}
    outcome = OutcomeSubmission.model_validate({"about": about, "outcome": "refused", "criterion": criterion})
    receipt = await office.submit(outcome, "fin-1")
    assert receipt.problem is not None
    assert receipt.problem.type == "urn:clic:problem:judgement"
    before = await story(office, request_id)
    assert [each.type for each in before] == ["request.received.v1"]
    await command(office, request_id, "refuse", criterion=criterion, channel="phone", text="Une rumeur.")
    assert (await state(office, request_id)).closed_as is ClosingReason.REFUSED


async def test_what_is_confidential_is_judged_by_who_may_see_it(office: Office) -> None:
    """POL-26: for others it is not there."""
    request_id = await registered(office, ACCESS)
    for path in (f"/requests/{request_id}/admissibility", f"/requests/{request_id}/duplicates"):
        assert (await office.ask(path)).status_code == 404

        async def is_shown(path: str = path) -> bool:
            return (await office.ask(path, token="greffe")).status_code == 200

        await wait_until(is_shown, WAIT_S, what=f"{path} to be shown, once the worklists are made")


async def test_english_is_recorded_with_its_ground_and_damage_shows_the_notice(office: Office) -> None:
    """POL-18, C-19 art. 585."""
    said = report(language="en", text="A pothole, and damages to my imaginary car.")
    found = await read(office, f"/requests/{await registered(office, said)}/admissibility")
    assert (found["language"], found["language_ground"]) == ("en", "citizen_wish")
    assert found["claims"].startswith("A report is not a claim.")


# -- duplicates -------------------------------------------------------------------------------------------------------

HERE = {"sector": "centre", "address": "12, rue Inventée", "latitude": 45.5600, "longitude": -73.1900}


async def suggested(office: Office, request_id: str, count: int, **more: Any) -> list[dict[str, Any]]:
    """What is suggested, once the worklists hold as many."""

    async def enough() -> list[dict[str, Any]] | None:
        near: list[dict[str, Any]] = (await read(office, f"/requests/{request_id}/duplicates", **more))["near"]
        return near if len(near) == count else None

    found: list[dict[str, Any]] | None = await wait_until(enough, WAIT_S, what=f"{count} suggestions")
    assert found is not None
    return found


async def test_near_requests_are_suggested_with_the_reason_for_each(office: Office) -> None:
    """POL-10: likeliest first; another subject, sector or month is another matter."""
    one = await registered(office, report(place=HERE), "a-1")
    same = await registered(office, report(place={"address": "12 RUE INVENTÉE"}), "a-2")
    beside = await registered(office, report(place={"latitude": 45.5605, "longitude": -73.1905}), "a-3")
    sector = await registered(office, report(place={"sector": "centre"}), "a-4")
    await registered(office, report(subject="street_light", place=HERE), "a-5")
    await registered(office, report(place={"latitude": 45.58, "longitude": -73.19}), "a-6")
    older = await office.submit(report(place=HERE), "a-7", at=now() - dt.timedelta(days=40))
    near = await suggested(office, one, 3)
    assert [each["request_id"] for each in near] == [same, beside, sector]
    assert [each["reasons"][0]["reason"] for each in near] == ["same_address", "near_place", "same_sector"]
    assert near[0]["reasons"][0]["sentence"] == "même adresse"
    assert older.request_id not in {each["request_id"] for each in near}
    await command(office, same, "answer", channel="phone", text="Réparé.")
    await command(office, same, "close")
    await suggested(office, one, 2)


async def test_the_index_of_places_holds_digests_and_forgets_with_the_request(office: Office) -> None:
    """POL-30."""
    request_id = await registered(office, report(place=HERE))
    async with office.runtime.pool.acquire() as connection:
        rows = await connection.fetch("SELECT * FROM place_digest WHERE request_id = $1", request_id)
        assert len(rows) == 10
        assert not any("invent" in str(dict(row)).lower() for row in rows)
        await connection.execute("UPDATE request SET erased_at = now() WHERE request_id = $1", request_id)
        assert await connection.fetchval("SELECT count(*) FROM place_digest") == 0


async def test_a_duplicate_is_joined_shown_with_its_parent_and_undone(office: Office) -> None:
    """POL-27, POL-39: the child is pending again, with no trace of the merge in its state."""
    parent, child = await registered(office, event_id="p"), await registered(office, event_id="c")
    await command(office, child, "merge", into=parent)
    assert (await read(office, f"/requests/{parent}/duplicates"))["joined"] == [child]
    assert (await read(office, f"/requests/{child}/duplicates"))["merged_into"] == parent
    assert (await command(office, child, "undo-merge"))["phase"] == "reopened"
    assert (await command(office, child, "undo-merge"))["known"]
    assert (await read(office, f"/requests/{parent}/duplicates"))["joined"] == []
    assert (await command(office, child, "merge", into=parent))["phase"] == "closed"


async def test_there_are_no_chains_and_no_circles_of_duplicates(office: Office) -> None:
    """POL-27: what was refused left no event."""
    one, two, three = [await registered(office, event_id=each) for each in "abc"]
    await command(office, one, "merge", into=two)
    assert "itself joined" in (await command(office, three, "merge", 409, into=one))["detail"]
    assert "were joined" in (await command(office, two, "merge", 409, into=three))["detail"]
    await command(office, three, "answer", channel="phone", text="Réparé.")
    await command(office, two, "merge", 409, into=three)
    assert len(await story(office, two)) == 1


async def test_two_requests_that_are_joined_to_each_other_at_once_do_not_lose_both(office: Office) -> None:
    """POL-27: whatever two agents do at the same time, somebody is still to be answered, and so is the other."""
    one, two = await registered(office, event_id="a"), await registered(office, event_id="b")

    async def merge(child: str, parent: str, token: str) -> int:
        answer = await office.ask(f"/requests/{child}/merge", {"into": parent}, token=token)
        return answer.status_code

    codes = await asyncio.gather(merge(one, two, "desk"), merge(two, one, "greffe"))
    assert set(codes) <= {200, 409}

    async def somebody_is_answered() -> bool:
        first, second = await state(office, one), await state(office, two)
        return not (first.merged_into and second.merged_into)

    await wait_until(somebody_is_answered, WAIT_S, what="one of them to go on")


async def test_duplicates_go_on_when_their_request_is_withdrawn(office: Office) -> None:
    """POL-27: their citizens withdrew nothing. Once it was answered, they were told."""
    parent, child = await registered(office, event_id="p"), await registered(office, event_id="c")
    await command(office, child, "merge", into=parent)
    await command(office, parent, "close", reason="withdrawn")

    async def goes_on() -> Recorded | None:
        last = (await story(office, child))[-1]
        return last if isinstance(last.data, RequestReopened) else None

    reopened = await wait_until(goes_on, WAIT_S, what="the duplicate to go on")
    assert reopened is not None
    assert reopened.actor == "rule:duplicate_goes_on"


async def test_duplicates_of_an_answered_request_stay_closed(office: Office) -> None:
    """POL-27: the answer served them."""
    parent, child, later = [await registered(office, event_id=each) for each in "pcl"]
    await command(office, child, "merge", into=parent)
    await command(office, parent, "answer", channel="phone", text="Réparé.")
    await command(office, parent, "close")
    other = await registered(office, event_id="o")
    await command(office, later, "merge", into=other)
    await command(office, other, "close", reason="withdrawn")

    async def follower_is_past() -> bool:
        return (await state(office, later)).phase is Phase.REOPENED

    await wait_until(follower_is_past, WAIT_S, what="what came after it in the log to be followed")
    assert (await state(office, child)).merged_into == parent


async def test_another_contact_on_an_open_request_is_an_interaction(office: Office) -> None:
    """POL-10: by its reference or by the submission that opened it, no new request."""
    request_id = await registered(office)
    reference = (await state(office, request_id)).reference
    for number, about in enumerate(
        (RequestPointer(reference=reference), RequestPointer(source="/essai/imaginaire", id="appel-1"))
    ):
        contact = InteractionSubmission(channel="phone", text="Où en est-on\u00a0?", about=about)
        receipt = await office.submit(contact, f"suivi-{number}")
        assert (receipt.status, receipt.request_id) == ("accepted", request_id)
    types = [each.type for each in await story(office, request_id)]
    assert types == ["request.received.v1", *["interaction.recorded.v1"] * 2]


# -- splitting --------------------------------------------------------------------------------------------------------

PARTS: list[dict[str, Any]] = [
    {"kind": "report", "subject": "street_light", "text": "Le lampadaire est éteint.", "place": {"sector": "centre"}},
    {"kind": "suggestion", "text": "Plantez des arbres imaginaires."},
]


async def test_one_contact_is_split_into_requests_of_the_same_citizen(office: Office) -> None:
    """POL-10, POL-30: received when it was, unacknowledged, the opening recorded; said twice, done once."""
    request_id = await registered(office, report(channel="web_form"))
    done = await command(office, request_id, "split", parts=PARTS, key="1")
    again = await command(office, request_id, "split", parts=PARTS, key="1")
    assert (done["known"], again["known"], again["into"]) == (False, True, done["into"])
    first = (await story(office, request_id))[0]
    for new_id, part in zip(done["into"], PARTS, strict=True):
        (received,) = await story(office, new_id)
        assert isinstance(received.data, RequestReceived)
        assert (received.data.kind, received.data.subject) == (part["kind"], part.get("subject"))
        assert (received.occurred_at, received.actor) == (first.occurred_at, AGENT)
        opened = (await read(office, f"/requests/{new_id}/open", body={"reason": "essai"}))["opened"][0]["content"]
        assert (opened["text"], opened["requester"]["name"]) == (part["text"], "Camille Exemple")
    async with office.runtime.pool.acquire() as connection:
        openings = await connection.fetch("SELECT agent, reason FROM opening WHERE request_id = $1", request_id)
    assert ("alex.exemple", "split") in {(row["agent"], row["reason"]) for row in openings}
    other = await command(office, request_id, "split", 409, parts=PARTS[:1], key="1")
    assert other["type"] == "urn:clic:problem:other-content"


async def test_who_treats_a_request_splits_it_and_nobody_else(office: Office) -> None:
    """POL-30: splitting opens the citizen's data."""
    request_id = await registered(office)
    for token in ("finances", "portal", "analyst"):
        await command(office, request_id, "split", 403, parts=PARTS, token=token)
    for path in ("admissibility", "duplicates"):
        assert (await office.ask(f"/requests/{request_id}/{path}", token="portal")).status_code == 403
    assert len(await story(office, request_id)) == 1


async def test_a_part_that_does_not_fit_the_town_splits_nothing(office: Office) -> None:
    request_id = await registered(office)
    for part in ({"subject": "licorne"}, {"place": {"sector": "lune"}}):
        await command(office, request_id, "split", 409, parts=[PARTS[1], {**PARTS[1], **part}])
    await command(office, request_id, "split", 422, parts=[])
    assert len(await story(office, request_id)) == 1


async def test_what_was_split_is_registered_also_when_the_desk_was_killed_after_deciding(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POL-10: the decision holds all of it; whoever hears of it registers what is not there."""
    request_id = await registered(office)
    killed = RuntimeError("killed")

    async def die(*_: object, **__: object) -> None:
        raise killed

    with monkeypatch.context() as patched:
        patched.setattr("clic_intake.desk.Desk.register_request", die)
        assert (await office.ask(f"/requests/{request_id}/split", {"parts": PARTS})).status_code == 500
        split = next(each.data for each in await story(office, request_id) if isinstance(each.data, RequestSplit))

    async def registered_now() -> bool:
        return all([await story(office, each) for each in split.into])

    await wait_until(registered_now, 60, what="both to be registered")


async def test_nothing_is_split_off_in_the_name_of_somebody_who_was_forgotten(office: Office) -> None:
    """POL-30."""
    request_id = await registered(office)
    async with office.runtime.pool.acquire() as connection:
        await connection.execute(
            "UPDATE request SET wrapped_key = NULL, erased_at = now() WHERE request_id = $1", request_id
        )
    assert (await command(office, request_id, "split", 409, parts=PARTS))["type"] == "urn:clic:problem:split"
    await command(office, request_id_for("/nulle/part", "0"), "split", 404, parts=PARTS)
