"""The path of the seeded access requests: the same each time, lawful for the desk, and said once however often."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from typing import Any

import pytest
from tests.embedded.test_learning_command import desk
from tests.embedded.test_seed import SITUATIONS, TODAY, TOWN, stories

from clic.connection import Connection
from clic.desk_api import DeskApi
from clic.outbox import Outgoing
from clic.seed.access import Plan, Step, access_plan
from clic.seed.play import Played, play_whole
from clic.seed.setting import Setting
from clic_contracts.submission import RequestSubmission
from clic_contracts.vocabulary import Kind

SETTING = Setting(TOWN, SITUATIONS)
PAST = dt.date(2025, 5, 20)
"""For the real desk, which takes nothing that is still to come."""
LATER = [PAST + dt.timedelta(days=days) for days in (1, 8, 30)]

__all__ = ["desk"]


def plan_of(submissions: list[Outgoing], today: dt.date = TODAY) -> Plan:
    return access_plan(SETTING, submissions, SETTING.opening.at(today, dt.time()))


def steps_of(plan: Plan) -> list[Step]:
    return [*(step for steps in plan.held.values() for step in steps), *plan.after]


def access_alone(today: dt.date = TODAY) -> list[Outgoing]:
    """The stories of the access requests."""
    told = stories(today)
    access = {
        each.story
        for each in told
        if isinstance(each.submission, RequestSubmission) and each.submission.kind is Kind.ACCESS_TO_INFORMATION
    }
    return [each for each in told if each.story in access]


def test_the_register_has_something_of_everything_to_show() -> None:
    """POL-20 to POL-24: what each is for but the newest, and one of each step that the law knows."""
    count = Counter(step.command for step in steps_of(plan_of(stories())))
    received = sum(isinstance(each.submission, RequestSubmission) for each in access_alone())
    assert count == {
        "classify": received - 1,
        "extend": 1,
        "identify-third-party": 1,
        "notify-third-party": 1,
        "third-party-answer": 1,
        "review-requested": 1,
        "review-decided": 1,
    }


@pytest.mark.parametrize("today", [dt.date(2026, month, 26) for month in range(1, 13)])
def test_it_is_the_same_each_time_past_and_goes_on_as_it_began(today: dt.date) -> None:
    """So that saying it again, on another day of the quarter, adds what happened since and nothing twice."""
    said = {step.key: step for step in steps_of(plan_of(stories(today), today))}
    assert said == {step.key: step for step in steps_of(plan_of(stories(today), today))}
    midnight = SETTING.opening.at(today, dt.time())
    assert all(dt.datetime.fromisoformat(step.body["occurred_at"]) < midnight for step in said.values())
    tomorrow = today + dt.timedelta(days=1)
    then = {step.key: step for step in steps_of(plan_of(stories(tomorrow), tomorrow))}
    assert said.items() <= then.items()


def test_who_has_no_access_requests_is_told_nothing_of_them() -> None:
    assert plan_of(stories(size=0)) == Plan()


# -- the desk ---------------------------------------------------------------------------------------------------------


def told(desk: DeskApi, step: Step) -> list[dict[str, Any]]:
    """The story of the request that a step is of."""
    events: list[dict[str, Any]] = desk.ask(f"/requests/{step.request_id}")["events"]
    return events


def test_the_desk_takes_it_in_the_laws_order_and_knows_it_again(desk: DeskApi, nats_url: str) -> None:
    """Before the decision what comes before it; killed and played again, on a later day too, nothing is there twice."""

    def say(today: dt.date) -> None:
        submissions = access_alone(today)
        connections = {each.publisher: Connection(nats_url) for each in submissions}
        shown: list[Played] = []
        plan = plan_of(submissions, today)
        tally, why = asyncio.run(play_whole(connections, submissions, plan, desk, shown.append))
        assert why == ""
        assert tally.answered == len(submissions)
        assert shown[-1] == Played(len(submissions), len(submissions), len(submissions))

    say(PAST)
    plan = plan_of(access_alone(PAST), PAST)
    before = {step.request_id: told(desk, step) for step in steps_of(plan)}
    say(PAST)
    assert {step.request_id: told(desk, step) for step in steps_of(plan)} == before
    for today in LATER:
        say(today)
    types = [each["type"] for each in told(desk, next(s for s in steps_of(plan) if s.command == "third-party-answer"))]
    assert types.index("access.third_party_answered.v1") < types.index("request.answered.v1")
    [extend] = [step for step in steps_of(plan) if step.command == "extend"]
    assert "request.extended.v1" in [each["type"] for each in told(desk, extend)]
    for step in steps_of(plan):
        assert step.body["occurred_at"] in [
            SETTING.rules.calendar.local(dt.datetime.fromisoformat(each["occurred_at"])).isoformat()
            for each in told(desk, step)
        ]
    register = desk.ask(f"/access-register?year={PAST.year}")["requests"]
    assert any(each["extended"] for each in register)
    assert any(each["third_party"] for each in register)
    assert any(each["review_requested"] for each in register)
