"""The judgement at the desk's door, case by case."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from clic_contracts.permission import confidential_to
from clic_contracts.problem import Problem
from clic_contracts.submission import (
    CompletionSubmission,
    InteractionSubmission,
    OutcomeSubmission,
    ProgressSubmission,
    Requester,
    RequestSubmission,
    Submission,
)
from clic_contracts.town import Town
from clic_contracts.vocabulary import Kind, Missing, RequesterPresence
from clic_intake.core.admission import (
    Admitted,
    Lacking,
    Outside,
    given_by,
    is_urgent,
    is_written,
    judge,
    language_ground,
    presence,
    shows_claims,
)
from clic_intake.core.fit import fits_town

NOW = dt.datetime(2026, 5, 15, 16, 0, tzinfo=dt.UTC)
ABOUT = {"reference": "2026-004217"}
WHOLE = {"name": "Camille Exemple", "email": "camille@exemple.invalid"}


def request(**changes: Any) -> RequestSubmission:
    """The catalogue's example, changed."""
    return RequestSubmission.model_validate({**RequestSubmission.EXAMPLE, **changes})


def problem(
    town: Town, submission: Submission, *, publisher: str = "telephonie", at: dt.datetime = NOW
) -> Problem | None:
    return fits_town(submission, at, town.publisher_by_code.get(publisher), town, NOW)


def pointers(town: Town, submission: Submission, **more: Any) -> list[str]:
    """What is wrong, by its place; each with its mend."""
    found = problem(town, submission, **more)
    if found is None:
        return []
    assert found.status == 422
    assert all(each.mend for each in found.errors)
    return [each.pointer for each in found.errors]


# -- judged -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "missing"),
    [
        (None, (Missing.NAME, Missing.CONTACT)),
        ({"name": "Camille Exemple"}, (Missing.CONTACT,)),
        ({"email": "camille@exemple.invalid"}, (Missing.NAME,)),
        ({"address": "1, rue Inventée"}, (Missing.NAME, Missing.CONTACT)),
    ],
)
def test_a_request_without_name_or_contact_is_incomplete(
    town: Town, who: dict[str, str] | None, missing: tuple[Missing, ...]
) -> None:
    """POL-06."""
    assert judge(request(requester=who), town) == Lacking(missing)
    assert presence(request(requester=who)) is RequesterPresence.PARTIAL


@pytest.mark.parametrize("contact", [{"email": "camille@exemple.invalid"}, {"phone": "450 555-0134"}])
def test_a_name_and_one_contact_are_enough(town: Town, contact: dict[str, str]) -> None:
    """POL-06."""
    whole = request(requester={"name": "Camille Exemple", **contact})
    assert judge(whole, town) == Admitted()
    assert presence(whole) is RequesterPresence.IDENTIFIED


def test_a_publisher_may_vouch_for_the_requester(town: Town) -> None:
    """POL-06, decision 0008."""
    vouched = request(requester=None, requester_withheld=True)
    assert judge(vouched, town) == Admitted()
    assert presence(vouched) is RequesterPresence.WITHHELD
    assert presence(request(requester=WHOLE, requester_withheld=True)) is RequesterPresence.IDENTIFIED


def test_what_is_not_the_towns_is_pointed_to_who_can_help(town: Town) -> None:
    """POL-07."""
    subject = town.subject_by_code["provincial_road"]
    assert judge(request(subject="provincial_road"), town) == Outside(subject, "ministere")
    assert judge(request(subject="provincial_road", requester=None), town) == Outside(subject, "ministere")


@pytest.mark.parametrize("text", ["On raconte que…", "J’ai envoyé une mise en demeure imaginaire."])
def test_rumours_and_proceedings_are_for_a_person_to_judge(town: Town, text: str) -> None:
    """POL-08, POL-09: never a rule alone."""
    assert judge(request(text=text), town) == Admitted()


def test_a_safety_report_without_a_name_is_acted_on_and_asked_for_it(town: Town) -> None:
    """POL-06: routing and deadlines go on; older records are no emergencies."""
    anonymous = request(subject="road_danger", requester=None)
    assert judge(anonymous, town) == Lacking((Missing.NAME, Missing.CONTACT), acted_on=True)
    assert judge(request(requester=None), town) == Lacking((Missing.NAME, Missing.CONTACT))
    assert is_urgent(anonymous, town)
    assert not is_urgent(request(subject="road_danger", backlog=True), town)
    assert not is_urgent(request(subject=None), town)


def test_wording_of_damage_shows_the_notice_about_claims(town: Town) -> None:
    """POL-18, C-19 art. 585: a report is no claim."""
    assert shows_claims(["artery", "damage"], town)
    assert not shows_claims(["artery"], town)
    assert not shows_claims([], town)


def test_english_is_on_a_ground_that_the_town_knows(town: Town) -> None:
    """POL-18, Charter of the French language: the citizen's wish, where nothing else is named."""
    assert language_ground(request()) is None
    assert language_ground(request(language="en")) == "citizen_wish"
    assert language_ground(request(language="en", language_ground="health_or_safety")) == "health_or_safety"
    assert language_ground(request(language="en", backlog=True)) is None
    assert pointers(town, request(language="en")) == []
    assert pointers(town, request(language="en", language_ground="caprice")) == ["/data/language_ground"]
    assert pointers(town, request(language_ground="citizen_wish")) == ["/data/language_ground"]
    old = request(language="en", language_ground="caprice", backlog=True)
    assert pointers(town, old, publisher="archives") == []


def test_older_records_are_taken_as_they_are(town: Town) -> None:
    """They were judged in their time."""
    assert judge(request(subject="provincial_road", backlog=True), town) == Admitted()
    assert judge(request(requester=None, backlog=True), town) == Admitted()


@pytest.mark.parametrize(
    ("channel", "written", "expected"),
    [
        ("email", None, True),
        ("letter", None, True),
        ("web_form", None, True),
        ("phone", None, False),
        ("counter", None, False),
        ("counter", True, True),
        ("email", False, False),
    ],
)
def test_an_access_request_says_whether_it_came_in_writing(
    channel: str, *, written: bool | None, expected: bool
) -> None:
    """POL-20: only a written one can be reviewed; who publishes knows best."""
    assert is_written(request(kind="access_to_information", channel=channel, written=written)) is expected
    assert is_written(request(channel=channel, written=written)) is None


def test_an_access_request_is_for_the_greffe_alone(town: Town) -> None:
    """POL-26."""
    assert confidential_to(Kind.ACCESS_TO_INFORMATION, "pothole", town) == "greffe"
    assert confidential_to(Kind.COMPLAINT, "privacy_incident", town) == "voirie"
    assert confidential_to(Kind.COMPLAINT, "pothole", town) is None
    assert confidential_to(Kind.COMPLAINT, None, town) is None


def test_a_completion_gives_what_a_request_can_lack() -> None:
    """POL-06, POL-21."""
    assert given_by(Requester(name="Camille Exemple", phone="450 555-0134")) == (Missing.NAME, Missing.CONTACT)
    assert given_by(None, "La troisième maison imaginaire.") == (Missing.PRECISION,)
    assert given_by(Requester(address="1, rue Inventée")) == ()


# -- does it fit? -----------------------------------------------------------------------------------------------------


def test_a_good_submission_fits(town: Town) -> None:
    assert problem(town, request()) is None


def test_a_publisher_that_the_town_does_not_know_is_told_whom_to_ask(town: Town) -> None:
    found = problem(town, request(), publisher="inconnu")
    assert found is not None
    assert found.status == 403
    assert "publishers.yaml" in found.detail


def test_what_has_not_happened_yet_is_refused_and_clocks_may_differ_a_little(town: Town) -> None:
    assert pointers(town, request(), at=NOW + dt.timedelta(minutes=4)) == []
    assert pointers(town, request(), at=NOW + dt.timedelta(minutes=6)) == ["/time"]
    assert pointers(town, OutcomeSubmission(about=ABOUT, outcome="closed"), at=NOW + dt.timedelta(days=1)) == ["/time"]


def test_the_citizen_was_told_after_the_request_came_in_and_not_in_the_future(town: Town) -> None:
    """POL-13."""

    def told(at: dt.datetime, **more: Any) -> RequestSubmission:
        return request(acknowledged={"channel": "phone", "at": at}, **more)

    earlier = NOW - dt.timedelta(days=2)
    assert pointers(town, told(NOW - dt.timedelta(days=1)), at=earlier) == []
    assert pointers(town, told(NOW + dt.timedelta(hours=1))) == ["/data/acknowledged/at"]
    assert pointers(town, told(earlier)) == ["/data/acknowledged/at"]
    assert pointers(town, told(earlier, backlog=True), publisher="archives") == []


def test_a_request_names_the_channel_by_which_the_town_was_addressed(town: Town) -> None:
    """POL-05: only older records may have lost it."""
    assert pointers(town, request(channel="unknown")) == ["/data/channel"]
    assert pointers(town, InteractionSubmission(channel="unknown")) == ["/data/channel"]
    assert pointers(town, request(channel="unknown", backlog=True), publisher="archives") == []


def test_codes_are_those_of_the_town(town: Town) -> None:
    """POL-12: also the criteria of the form."""
    wrong = request(subject="licorne", place={"sector": "lune"}, complaint_criteria=["repeated", "autre"])
    assert pointers(town, wrong) == ["/data/subject", "/data/place/sector", "/data/complaint_criteria/1"]
    assert pointers(town, InteractionSubmission(channel="phone", subject="licorne")) == ["/data/subject"]
    outcome = OutcomeSubmission(about=ABOUT, outcome="refused", answered_by="nulle_part", turn_to="personne")
    assert pointers(town, outcome) == ["/data/answered_by", "/data/turn_to"]


def test_only_a_publisher_that_the_town_allows_hands_in_older_records_or_withholds_who_asked(town: Town) -> None:
    """Decision 0008."""
    held = request(backlog=True, requester=None, requester_withheld=True)
    assert pointers(town, held, publisher="archives") == []
    assert pointers(town, held) == ["/data/backlog", "/data/requester_withheld"]
    assert pointers(town, InteractionSubmission(channel="phone", backlog=True)) == ["/data/backlog"]


@pytest.mark.parametrize(
    "empty",
    [
        CompletionSubmission(about=ABOUT),
        CompletionSubmission(about=ABOUT, requester={"address": "1, rue Inventée"}),
        ProgressSubmission(about=ABOUT),
    ],
)
def test_a_submission_that_says_nothing_is_refused(town: Town, empty: Submission) -> None:
    """Taken, it would be done without anything having been done."""
    assert pointers(town, empty) == ["/data"]


def test_the_problem_says_how_many_errors_there_are_and_shows_the_first(town: Town) -> None:
    found = problem(town, request(subject="licorne", place={"sector": "lune"}))
    assert found is not None
    assert found.detail == "2 error(s); the first, at /data/subject: 'licorne' is no subject of this town"
