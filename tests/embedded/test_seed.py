"""The seeded quarter: the same from the same number, plausible, valid for the desk, and played once however often."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.embedded.double import memory_desk
from tests.place import ROOT, TOWN_DIR

from clic.outbox import Outgoing
from clic.seed.quarter import seed_stories
from clic.seed.situation import SituationError, Situations, read_situations
from clic_chassis.town_file import read_town
from clic_contracts.envelope import Recorded, request_id_for
from clic_contracts.event import RequestAcknowledged, RequestReceived
from clic_contracts.submission import (
    CompletionSubmission,
    InteractionSubmission,
    OutcomeSubmission,
    ProgressSubmission,
    RequestSubmission,
    encode_submission,
    parse_submission,
)
from clic_contracts.town import Town
from clic_contracts.vocabulary import WINDOWS, AccessOutcome, Channel, Kind, ObligationKind
from clic_deadlines.core.calendar import Calendar
from clic_deadlines.core.duty import Duty, Kept, duties
from clic_deadlines.core.standard import Rules
from clic_intake.core.admission import ONLINE
from clic_intake.core.fit import fits_town

TODAY = dt.date(2026, 5, 20)
TOWN = read_town(TOWN_DIR)
SITUATIONS = read_situations(TOWN)


def stories(today: dt.date = TODAY, seed: int = 1, size: int = 650) -> list[Outgoing]:
    return seed_stories(TOWN, SITUATIONS, seed, today, size)


def requests(submissions: Iterable[Outgoing]) -> list[tuple[Outgoing, RequestSubmission]]:
    return [(each, each.submission) for each in submissions if isinstance(each.submission, RequestSubmission)]


@dataclass
class Judged:
    """What the real desk made of a seed, and what was owed on it."""

    statuses: Counter[str]
    again: Counter[str]
    facts: dict[str, list[Recorded]]
    duties: list[Duty]


async def judge(submissions: list[Outgoing], now: dt.datetime) -> Judged:
    at_work = memory_desk(TOWN, now)

    async def submit_all() -> Counter[str]:
        return Counter([(await at_work.desk.submit(each.publisher, body_of(each))).status for each in submissions])

    statuses, again = await submit_all(), await submit_all()
    facts: dict[str, list[Recorded]] = defaultdict(list)
    async for commit in at_work.log.read():
        facts[commit.request_id] += commit.events
    rules = Rules(TOWN)
    return Judged(statuses, again, facts, [duty for story in facts.values() for duty in duties(story, rules)])


def body_of(each: Outgoing) -> bytes:
    return encode_submission(each.submission, source=each.source, event_id=each.event_id, occurred_at=each.occurred_at)


@pytest.fixture(scope="module")
def judged() -> Judged:
    """A smaller quarter, through the real desk; its log in memory is read in whole for each submission."""
    return asyncio.run(judge(stories(size=240), dt.datetime.combine(TODAY, dt.time(15), dt.UTC)))


def test_the_same_number_and_day_give_the_same_submissions() -> None:
    assert stories() == stories()
    assert not {each.event_id for each in stories(seed=1)} & {each.event_id for each in stories(seed=2)}


@pytest.mark.parametrize("later", [dt.date(2026, 5, 21), dt.date(2026, 6, 30), dt.date(2026, 7, 2)])
def test_a_later_day_tells_the_same_stories_further(later: dt.date) -> None:
    """So that playing it again, even in the next quarter, adds what happened since and nothing twice."""
    now, then = stories(), stories(later)
    under_way = {each.event_id: each for each in now if "-2026-04-" in each.event_id or "-2026-05-" in each.event_id}

    assert under_way.items() <= {each.event_id: each for each in then}.items()


def test_every_id_is_there_once() -> None:
    assert max(Counter(each.event_id for each in stories()).values()) == 1


@given(
    today=st.dates(dt.date(2024, 1, 1), dt.date(2031, 12, 31)),
    seed=st.integers(0, 10**9),
    size=st.integers(0, 40),
)
@settings(max_examples=40)
def test_whatever_the_day_every_submission_is_valid_for_the_town(today: dt.date, seed: int, size: int) -> None:
    midnight = dt.datetime.combine(today, dt.time(), Rules(TOWN).calendar._zone)
    for each in stories(today, seed, size):
        event = parse_submission(body_of(each))
        publisher = TOWN.publisher_by_code[each.publisher]
        assert fits_town(event.data, event.time, publisher, TOWN, midnight) is None
        assert each.occurred_at < midnight


def test_the_desk_takes_every_submission_and_knows_it_again(judged: Judged) -> None:
    assert set(judged.statuses) == {"accepted"}
    assert judged.again == {"known": judged.statuses.total()}


def test_a_quarter_is_of_the_size_that_was_asked_for() -> None:
    count = Counter(type(each.submission).__name__ for each in stories(dt.date(2026, 4, 1)))

    assert count["RequestSubmission"] == 650
    assert 1_400 <= count["RequestSubmission"] + count["InteractionSubmission"] <= 1_700
    assert 2_200 <= count.total() <= 4_000
    assert len(stories(dt.date(2026, 6, 30))) <= 4_000


def test_the_shares_of_kinds_and_channels_are_a_towns() -> None:
    received = [said for _, said in requests(stories())]
    kinds = Counter(said.kind for said in received)
    channels = Counter(said.channel for said in received)

    assert set(kinds) == set(Kind)
    assert 0.4 < kinds[Kind.REQUEST] / len(received) < 0.65
    assert 0.25 < kinds[Kind.REPORT] / len(received) < 0.5
    assert 0.02 < kinds[Kind.COMPLAINT] / len(received) < 0.1
    assert channels.most_common(1)[0][0] is Channel.PHONE
    assert {Channel.VOICEMAIL, Channel.MESSENGER, Channel.ELECTED_OFFICIAL, Channel.COUNCIL} <= set(channels)


def test_most_obligations_are_kept_in_time_some_late_some_not_and_some_still_run(judged: Judged) -> None:
    """POL-13 to POL-15, POL-19, POL-22, POL-29."""
    now = dt.datetime.combine(TODAY, dt.time(4), dt.UTC)
    ended = Counter(_ended(duty, now) for duty in judged.duties if duty.terms.obligation not in WINDOWS)
    due = ended["met"] + ended["late"] + ended["missed"]

    assert 0.70 <= ended["met"] / due <= 0.95
    assert min(ended["late"], ended["missed"], ended["open"]) >= 3
    assert {duty.terms.obligation for duty in judged.duties} == {
        ObligationKind.ACKNOWLEDGE,
        ObligationKind.ANSWER,
        ObligationKind.PROMISE,
        ObligationKind.DECIDE_ACCESS,
        ObligationKind.JUDGE,
        ObligationKind.REVIEW_WINDOW,
    }


def _ended(duty: Duty, now: dt.datetime) -> str:
    match duty.outcome:
        case Kept(at=at):
            return "met" if at < duty.terms.due_at else "late"
        case None:
            return "open" if duty.terms.due_at > now else "missed"
        case _:
            return "lifted"


def test_acknowledgements_are_late_or_lacking_now_and_then(judged: Judged) -> None:
    acknowledge = [duty for duty in judged.duties if duty.terms.obligation is ObligationKind.ACKNOWLEDGE]
    ended = Counter(_ended(duty, dt.datetime.combine(TODAY, dt.time(4), dt.UTC)) for duty in acknowledge)

    assert ended["met"] / len(acknowledge) > 0.9
    assert ended["late"] >= 2


def test_whoever_wrote_online_was_told_within_a_minute(judged: Judged) -> None:
    """A receipt of today would acknowledge a request of last quarter months late (POL-14)."""
    delays = []
    for story in judged.facts.values():
        received = story[0]
        if isinstance(received.data, RequestReceived) and received.data.channel in ONLINE:
            told = next(each for each in story if isinstance(each.data, RequestAcknowledged))
            delays.append(told.occurred_at - received.occurred_at)

    assert delays
    assert max(delays) < dt.timedelta(minutes=1)


def test_people_come_when_they_can() -> None:
    opening = {(slot.weekday): (slot.opens, slot.closes) for slot in TOWN.calendar.slots}
    calendar = Calendar(TOWN.calendar)
    for each, said in requests(stories()):
        local = each.occurred_at.astimezone(calendar._zone)
        opens, closes = opening.get(local.isoweekday(), (dt.time.max, dt.time.max))
        is_open = calendar.closed_because(local.date()) is None and opens <= local.time() < closes
        if said.channel in (Channel.PHONE, Channel.COUNTER):
            assert is_open, f"{said.channel} at {local}"
        if said.channel is Channel.VOICEMAIL:
            assert not is_open, f"voice mail at {local}"


def test_seasons_are_kept() -> None:
    by_month: dict[int, set[str | None]] = defaultdict(set)
    for today in (dt.date(2026, 4, 1), dt.date(2026, 10, 1)):
        for each, said in requests(stories(today)):
            by_month[each.occurred_at.month].add(said.subject)

    assert "snow_removal" in by_month[1]
    assert "tall_grass" in by_month[7]
    assert not {"snow_removal", "icy_surface"} & by_month[7]
    assert not {"tall_grass", "watering"} & by_month[1]


def test_everybody_and_every_text_is_recognisably_invented() -> None:
    """POL-38: nobody may take a sample for a person."""
    for each in stories():
        text = getattr(each.submission, "text", "")
        assert not text or text.startswith(("[Exemple synthétique] ", "[Synthetic example] "))
        assert "{" not in text
        person = getattr(each.submission, "requester", None)
        if person is not None:
            assert person.email is None or person.email.endswith("@exemple.invalid")
            assert person.phone is None or re.fullmatch(r"450 555-01\d\d", person.phone)
            assert person.name is None or person.name.split()[-1] in SITUATIONS.last_names
        assert each.source.startswith("/exemple-synthetique/")


def test_a_quarter_shows_everything_that_the_policy_knows() -> None:
    """POL-06, POL-07, POL-11, POL-12, POL-16, POL-19, POL-22, POL-36, POL-39."""
    told = stories(dt.date(2026, 4, 1))
    outcomes = [each.submission for each in told if isinstance(each.submission, OutcomeSubmission)]
    official = [said for _, said in requests(told) if said.subject == "complaint_about_town"]
    contacts = [each.submission for each in told if isinstance(each.submission, InteractionSubmission)]
    partial = [each for each in outcomes if each.access_outcome is AccessOutcome.PARTIAL]
    decided = {each.about.id for each in outcomes if each.access_outcome}
    access = {each.event_id for each, said in requests(told) if said.kind is Kind.ACCESS_TO_INFORMATION}

    assert {"closed", "refused", "withdrawn", "voided", "reopened"} == {each.outcome for each in outcomes}
    assert {each.criterion for each in outcomes if each.criterion} == {
        "incomplete",
        "out_of_competence",
    }  # By no person.
    assert all(each.turn_to for each in outcomes if each.criterion == "out_of_competence")
    assert any(isinstance(each.submission, CompletionSubmission) for each in told)
    assert official
    assert all(said.complaint_criteria for said in official)
    assert any(isinstance(each.submission, ProgressSubmission) and each.submission.promised_on for each in told)
    assert {AccessOutcome.GRANTED, AccessOutcome.PARTIAL} <= {each.access_outcome for each in outcomes}
    assert all(each.provisions and each.text for each in partial)
    assert decided < access
    assert any(said.subject is None for _, said in requests(told))
    assert any(each.about is not None for each in contacts)
    assert sum(each.answered for each in contacts) > len(contacts) / 2


# -- another town ---------------------------------------------------------------------------------------------------


def test_a_town_without_the_subjects_is_told_which_ones_and_what_to_do(town: Town) -> None:
    other = town.model_copy(
        update={
            "subjects": tuple(s for s in town.subjects if s.code not in ("pothole", "library")),
            "publishers": tuple(p for p in town.publishers if p.code != "bons_de_travail"),
        }
    )
    other.__dict__.pop("subject_by_code", None)
    other.__dict__.pop("publisher_by_code", None)

    with pytest.raises(SituationError) as refused:
        read_situations(other)

    said = str(refused.value).splitlines()
    assert said[:3] == [
        "situation.yaml: the town has no publisher bons_de_travail (publishers.yaml)",
        "situation.yaml: the town has no subject library (subjects.yaml)",
        "situation.yaml: the town has no subject pothole (subjects.yaml)",
    ]
    assert said[3].endswith("mend them, or its folder; or start without a seed (`clic up --no-seed`).")


def _situation_file(folder: Path, **changes: object) -> Path:
    raw = yaml.safe_load((ROOT / "deploy/embedded/src/clic/seed/situation.yaml").read_text(encoding="utf-8"))
    path = folder / "situations.yaml"
    path.write_text(yaml.safe_dump({**raw, **changes}, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mark": {"fr": "[Exemple]"}}, "nothing marks a text in en"),
        ({"answers": {}}, "situations.yaml: answers: nothing answers a report (missing_sign)"),
        ({"streets": []}, "streets: Tuple should have at least 1 item"),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
        (
            {"situations": [{"subject": "noise", "kind": "report", "weight": 1, "texts": ["Bruit."]}]},
            "noise: outside the town's competence, it may not come by web_form, mobile_app",
        ),
        (
            {"situations": [{"subject": None, "kind": "report", "weight": 1, "texts": ["x"], "channels": ["unknown"]}]},
            "None comes by none of the ways in (unknown)",
        ),
    ],
)
def test_a_file_of_situations_is_refused_with_what_is_wrong(
    town: Town, tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(SituationError, match=re.escape(said)):
        read_situations(town, _situation_file(tmp_path, **changes))


def test_a_file_that_is_not_there_is_named(town: Town, tmp_path: Path) -> None:
    with pytest.raises(SituationError, match=r"nowhere\.yaml: cannot be read"):
        read_situations(town, tmp_path / "nowhere.yaml")


def test_a_town_without_opening_hours_or_sectors_can_be_seeded_too(town: Town) -> None:
    bare = town.model_copy(
        update={"calendar": town.calendar.model_copy(update={"slots": ()}), "sectors": (), "complaint_criteria": ()}
    )
    situations: Situations = read_situations(bare)

    assert len(requests(seed_stories(bare, situations, 1, dt.date(2026, 4, 1), 60))) == 60


def test_stories_are_kept_together_and_in_order_of_time() -> None:
    seen: dict[str, dt.datetime] = {}
    last = None
    for each in stories():
        story = request_id_for(*each.story)
        assert story == last or story not in seen
        assert seen.get(story, each.occurred_at) <= each.occurred_at
        seen[story], last = each.occurred_at, story
