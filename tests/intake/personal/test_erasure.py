"""Erasing: in an order that ends erased wherever it is cut off, and what is kept too long. Source: POL-30, A-2.1."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.intake.personal.test_attachments import JPEG, attachments
from tests.intake.service.office import SOURCE, Office
from tests.intake.service.test_privacy import EMAIL, REQUEST, WORDS

from clic_chassis.clock import ManualClock
from clic_chassis.error import RetryableError
from clic_chassis.testing import wait_until
from clic_contracts.envelope import request_id_for
from clic_contracts.event import PersonalDataErased
from clic_contracts.subject import ATTACHMENT_STREAM
from clic_contracts.submission import InteractionSubmission
from clic_contracts.vocabulary import Kind, Service
from clic_intake.core.retention import NOTICE_DAYS, Keeping
from clic_intake.personal.erasure import CUT_OFF_AFTER_S, Erasures, PendingError
from clic_intake.personal.retention import Due, Retention

ID = request_id_for(SOURCE, "appel-1")
BY = "agent:dominique.exemple"


def erasures(office: Office, clock: Any = None) -> Erasures:
    runtime = office.runtime
    return Erasures(runtime.pool, runtime.decisions(Service.INTAKE), attachments(office), clock or runtime.clock)


async def closed(office: Office, event_id: str = "appel-1", **changed: Any) -> str:
    """A request that was withdrawn, with a file."""
    await office.submit(REQUEST.model_copy(update=changed), event_id)
    request_id = request_id_for(SOURCE, event_id)
    answer = await office.ask(f"/requests/{request_id}/close", {"reason": "withdrawn"})
    assert answer.status_code == 200, answer.text
    return request_id


async def erased_facts(office: Office, request_id: str = ID) -> int:
    story = await office.runtime.log.load(Service.INTAKE, request_id)
    return sum(isinstance(each.data, PersonalDataErased) for each in story.events)


async def is_gone(office: Office) -> bool:
    """Key, indexes and files; and the fact is told once."""
    pool = office.runtime.pool
    row = await pool.fetchrow("SELECT wrapped_key, erased_at FROM request WHERE request_id = $1", ID)
    assert row is not None
    left = [
        await pool.fetchval(f"SELECT count(*) FROM {table} WHERE request_id = $1", ID)
        for table in ("requester_name", "requester_contact", "place_digest")
    ]
    return (
        row["wrapped_key"] is None
        and row["erased_at"] is not None
        and not any(left)
        and not await office.everything(ATTACHMENT_STREAM)
        and await erased_facts(office) == 1
    )


async def test_after_erasing_key_indexes_and_files_are_gone_and_nothing_new_can_be_kept(office: Office) -> None:
    """POL-30."""
    await closed(office)
    files = attachments(office)
    attachment = await files.add(ID, "photo.jpg", JPEG, actor=BY, cause_id="photo", at=office.runtime.clock.now())
    done = await erasures(office).erase(ID, "person_asked", actor=BY, cause_id="oubli")
    assert done.done_at is not None
    assert await is_gone(office)
    assert (await office.ask(f"/requests/{ID}/note", {"text": WORDS})).status_code in {200, 409}
    story = await office.runtime.log.load(Service.INTAKE, ID)
    assert all(getattr(each.data, "sealed", None) is None for each in story.commits[-1].events)
    answer = await office.ask(f"/requests/{ID}/attachments/{attachment}/open", {"reason": "Essai."})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:clic:problem:erased")
    correction = {"requester": {"email": EMAIL}, "ground": "person_asked"}
    assert (await office.ask(f"/requests/{ID}/correct", correction)).status_code == 409
    assert (await office.ask("/persons/find", {"email": EMAIL})).json() == []


@pytest.mark.parametrize("step", ["decide", "destroy_key", "purge", "mark_done"])
async def test_an_erasure_that_is_cut_off_anywhere_is_ended_by_itself(
    office: Office, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """POL-30: killed between any two steps, it ends erased."""
    await closed(office)
    runtime = office.runtime
    clock = ManualClock(runtime.clock.now())
    cut = erasures(office, clock)

    class KilledError(Exception):
        """The process ends here."""

    async def killed(*_: object, **__: object) -> None:
        raise KilledError

    from clic_intake.personal import erasure as module  # noqa: PLC0415 - its statements are what is broken here

    with monkeypatch.context() as broken:
        if step == "decide":
            broken.setattr(cut, "_decisions", type("Dead", (), {"decide": killed})())
        elif step == "purge":
            broken.setattr(cut, "_attachments", type("Dead", (), {"purge": killed})())
        else:
            broken.setitem(module._SQL, step, "SELECT 1 / 0 WHERE $1::uuid IS NOT NULL AND $2::timestamptz IS NOT NULL")
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever kills it
            await cut.erase(ID, "person_asked", actor=BY, cause_id="oubli")
    assert await cut.finish() == 0  # Perhaps it is still at work.
    clock.set(clock.now() + dt.timedelta(seconds=CUT_OFF_AFTER_S + 1))
    assert await cut.finish() == 1
    assert await is_gone(office)
    assert await cut.finish() == 0


async def test_what_was_asked_and_then_went_on_is_not_erased(office: Office) -> None:
    """A request that is pending keeps its data, even where erasing it was asked before."""
    await office.submit(REQUEST, "appel-1")
    with pytest.raises(PendingError):
        await erasures(office).erase(ID, "person_asked", actor=BY, cause_id="oubli")
    assert await office.runtime.pool.fetchval("SELECT count(*) FROM erasure") == 0
    assert await erased_facts(office) == 0


async def test_two_who_erase_at_once_erase_once(office: Office) -> None:
    await closed(office)
    done = await asyncio.gather(
        *(erasures(office).erase(ID, f"motif_{n}", actor=BY, cause_id=f"oubli-{n}") for n in range(4))
    )
    assert len({each.ground for each in done}) == 1
    assert await is_gone(office)


async def test_a_contact_without_a_request_can_be_erased_too(office: Office) -> None:
    receipt = await office.submit(InteractionSubmission(channel="phone", text=WORDS), "suite-1")
    assert receipt.request_id is not None
    await erasures(office).erase(receipt.request_id, "person_asked", actor=BY, cause_id="oubli")
    assert await erased_facts(office, receipt.request_id) == 1


async def test_who_comes_back_with_a_backup_of_the_register_is_erased_again(office: Office) -> None:
    """POL-30: what the log has as erased stays so, whatever was restored."""
    await closed(office)
    pool = office.runtime.pool
    backup = await pool.fetchrow("SELECT key_id, wrapped_key FROM request WHERE request_id = $1", ID)
    assert backup is not None
    await erasures(office).erase(ID, "person_asked", actor=BY, cause_id="oubli")

    async def folded() -> bool:
        return bool(await pool.fetchval("SELECT erased FROM desk.request WHERE request_id = $1", ID))

    await wait_until(folded, 20, what="the worklists' table to have folded it")
    assert await erasures(office).erase_again() == 0
    await pool.execute("DELETE FROM erasure")
    await pool.execute(
        "UPDATE request SET erased_at = NULL, wrapped_key = $2 WHERE request_id = $1", ID, backup["wrapped_key"]
    )
    assert await erasures(office).erase_again() == 1
    assert await is_gone(office)


# -- retention --------------------------------------------------------------------------------------------------------


class Years:
    """A desk whose days pass as a test says."""

    def __init__(self, office: Office) -> None:
        runtime = office.runtime
        # Noon of tomorrow in the town, whatever day it is in UTC: today's run may be done.
        today = runtime.clock.now().astimezone(ZoneInfo(runtime.town.calendar.timezone))
        self.clock = ManualClock((today.replace(hour=12, minute=0) + dt.timedelta(days=1)).astimezone(dt.UTC))
        self._office = office
        self.erasures = erasures(office, self.clock)

    def retention(self, **months: int) -> Retention:
        """With other delays for some kinds."""
        runtime = self._office.runtime
        changed = tuple(
            each.model_copy(update={"months": months.get(each.kind.value, each.months)})
            for each in runtime.town.retention
        )
        town = runtime.town.model_copy(update={"retention": changed})
        return Retention(runtime.pool, runtime.log, self.erasures, town, self.clock)

    def pass_days(self, days: int) -> None:
        """Let so many days pass."""
        self.pass_hours(24 * days)

    def pass_hours(self, hours: int) -> None:
        """Let so many hours pass."""
        self.clock.set(self.clock.now() + dt.timedelta(hours=hours))


async def test_what_is_kept_too_long_is_announced_and_then_goes_and_what_is_pending_never(office: Office) -> None:
    """A-2.1 art. 73."""
    years = Years(office)
    await closed(office)
    await office.submit(REQUEST, "appel-2")
    retention = years.retention()
    years.pass_days(3 * 365 - 2)
    first = await retention.run_today()
    assert first is not None
    assert (first.looked, first.announced, first.erased) == (2, 0, 0)
    years.pass_days(4)
    second = await retention.run_today()
    assert second is not None
    assert (second.looked, second.announced, second.erased) == (1, 1, 0)  # Who cannot be due is not looked at.
    (due,) = await retention.plan()
    assert isinstance(due, Due)
    assert (due.request_id, due.kind.value) == (ID, "report")
    years.pass_days(NOTICE_DAYS - 1)
    early = await retention.run_today()
    assert early is not None
    assert early.erased == 0
    years.pass_days(1)
    last = await retention.run_today()
    assert last is not None
    assert last.erased == 1
    assert await is_gone(office)
    (listed,) = await years.erasures.between(
        years.clock.now() - dt.timedelta(days=1), years.clock.now() + dt.timedelta(1)
    )
    assert (listed.ground, listed.actor) == ("retention", "clock:retention")
    years.pass_days(100 * 365)
    await retention.run_today()
    assert await erased_facts(office, request_id_for(SOURCE, "appel-2")) == 0


async def test_it_runs_once_a_day_whatever_the_number_of_instances_and_not_before_its_hour(office: Office) -> None:
    years = Years(office)
    await closed(office)
    several = [years.retention() for _ in range(4)]
    runs = await asyncio.gather(*(each.run_today() for each in several))
    assert sum(run is not None for run in runs) == 1
    assert all(run is None for run in await asyncio.gather(*(each.run_today() for each in several)))
    years.pass_hours(12)  # Midnight in the town.
    assert await several[0].run_today() is None
    years.pass_hours(4)
    assert await several[0].run_today() is not None


async def test_a_run_that_is_cut_off_is_ended_the_same_day(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    years = Years(office)
    await closed(office)
    retention = years.retention()
    with monkeypatch.context() as broken:

        async def away(*_: object) -> None:
            raise RetryableError("the log is away")

        broken.setattr(retention, "_keeping", away)
        with pytest.raises(RetryableError):
            await retention.run_today()
    assert await retention.run_today() is not None


async def test_other_delays_are_looked_at_anew_and_a_dry_run_changes_nothing(office: Office) -> None:
    """Whoever shortens a delay sees first what it would do."""
    years = Years(office)
    await closed(office)
    await years.retention().run_today()
    years.pass_days(40)
    shorter = years.retention(report=1)
    assert await shorter.run_today() is not None
    before = await office.runtime.pool.fetch("SELECT * FROM request ORDER BY request_id")
    assert [each.request_id for each in await shorter.plan()] == [ID]
    assert await office.runtime.pool.fetch("SELECT * FROM request ORDER BY request_id") == before
    assert await years.retention().plan() == ()


async def test_what_was_announced_and_is_reopened_stays(office: Office) -> None:
    """A-2.1 art. 73: looked at again in the very decision that erases."""
    years = Years(office)
    await closed(office)
    years.pass_days(40)
    retention = years.retention(report=1)
    await retention.run_today()
    assert len(await retention.plan()) == 1
    assert (await office.ask(f"/requests/{ID}/reopen", {"reason": "new_facts"})).status_code == 200
    years.pass_days(NOTICE_DAYS)
    await retention.run_today()
    assert await erased_facts(office) == 0
    assert await retention.plan() == ()


async def test_what_ends_anew_between_the_look_and_the_decision_stays(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A-2.1 art. 73: the decision itself looks at the story that it is taken on."""
    years = Years(office)
    await closed(office)
    retention = years.retention()

    async def stale(*_: object) -> Keeping:
        long_ago = dt.date(2000, 1, 1)
        return Keeping(Kind.REPORT, pending=False, since=long_ago, until=long_ago)

    monkeypatch.setattr(retention, "_keeping", stale)
    await office.runtime.pool.execute("UPDATE request SET due_since = '2000-01-01', look_on = '2000-01-08'")
    run = await retention.run_today()
    assert run is not None
    assert (run.looked, run.erased) == (1, 0)
    assert await erased_facts(office) == 0
    assert await office.runtime.pool.fetchval("SELECT count(*) FROM erasure") == 0
