"""Digests on a real mail server and a real PostgreSQL: each once, whatever dies; what is refused is said. POL-29."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import sys
from collections import Counter
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.deadlines.digest.bureau import VOIRIE, Bureau
from tests.deadlines.digest.docket import at
from tests.intake.letter.post_office import PostOffice, part
from tests.place import ROOT, TOWN_DIR

from clic_chassis.error import RetryableError
from clic_chassis.settings import SettingsError
from clic_chassis.testing import at_work, wait_until
from clic_contracts.town import Town
from clic_deadlines.core.digest import Notice
from clic_deadlines.digest import sender as sender_module
from clic_deadlines.digest.sender import DIGESTS, TRIES_MAX, DigestSender, backoff
from clic_deadlines.digest.table import Outcome, Taken
from clic_deadlines.settings import Settings
from clic_intake.core.mail import parse
from clic_intake.core.mail_nature import is_digest
from clic_intake.core.thread import Ours

EXPECTED = {
    f"{VOIRIE}@exemple.invalid": "Vos échéances",
    "direction.voirie@exemple.invalid": "Échéances dépassées de votre service",
    "ingenierie@exemple.invalid": "Vos échéances",
    "greffe@exemple.invalid": "Vos échéances",
    "direction_generale@exemple.invalid": "Échéances dépassées, par service",
}
"""Who has something to be told on the invented morning."""


def told(post_office: PostOffice) -> dict[str, str]:
    """The title of what each address got; none got two."""
    addresses = [address for [address] in post_office.recipients]
    assert max(Counter(addresses).values(), default=0) <= 1
    return {
        address: part(message, "plain").splitlines()[0]
        for address, message in zip(addresses, post_office.messages, strict=True)
    }


def message_id(day: str, notice: str, department: str) -> str:
    """What a digest is known by."""
    return f"<{Taken(dt.date.fromisoformat(day), Notice(notice), department, 0).name}@villemsh.ca>"


async def test_each_department_its_head_and_the_general_management_are_told_once(
    bureau: Bureau, post_office: PostOffice
) -> None:
    """POL-29: and who has nothing to be told gets nothing."""
    await bureau.send_all(bureau.sender())
    assert told(post_office) == EXPECTED
    states = await bureau.states()
    assert Counter(states.values()) == {"sent": len(EXPECTED), "nothing": len(states) - len(EXPECTED)}
    bureau.later(hours=3)
    await bureau.send_all(bureau.sender())
    assert len(post_office.messages) == len(EXPECTED)


async def test_a_digest_is_a_mail_that_no_absence_notice_answers(bureau: Bureau, post_office: PostOffice) -> None:
    """RFC 3834, RFC 5322: and the same one is known by the same id."""
    await bureau.send_all(bureau.sender())
    index = post_office.recipients.index([f"{VOIRIE}@exemple.invalid"])
    message = post_office.messages[index]
    assert message["Message-ID"] == message_id("2026-11-26", "department", VOIRIE)
    assert f"\r\nMessage-ID: {message['Message-ID']}\r\n".encode() in post_office.raw[index]  # In one line.
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "fr"
    assert message["From"].addresses[0].addr_spec == bureau.town.correspondence.address
    desk = bureau.town.correspondence.address
    assert is_digest(parse(post_office.raw[index], str), Ours((desk,)))  # Where the address is the desk's own.
    assert "Nid-de-poule" in part(message, "html")
    assert "2026-004217" in part(message, "plain")
    assert "2026-004201" not in post_office.raw[index].decode()  # An access request, which is the greffe's (POL-26).


@pytest.mark.parametrize("instances", [2, 5])
async def test_several_instances_send_each_digest_once(bureau: Bureau, post_office: PostOffice, instances: int) -> None:
    await bureau.send_all(*(bureau.sender() for _ in range(instances)))
    assert told(post_office) == EXPECTED


@pytest.mark.parametrize(
    "now",
    ["2026-11-26T07:29", "2026-11-28T07:30", "2026-11-29T12:00", "2026-12-25T07:30", "2026-09-07T09:00"],
    ids=["before the hour", "saturday", "sunday", "christmas", "labour day"],
)
async def test_before_the_hour_and_on_days_off_nothing_goes_out(
    bureau: Bureau, post_office: PostOffice, now: str
) -> None:
    bureau.clock.set(at(now))
    assert await bureau.sender().send_due() == 0
    assert post_office.messages == []


async def test_who_starts_late_sends_late_and_a_clock_that_steps_back_sends_nothing_twice(
    bureau: Bureau, post_office: PostOffice
) -> None:
    bureau.clock.set(at("2026-11-26T14:10"))
    await bureau.send_all(bureau.sender())
    assert told(post_office) == EXPECTED
    bureau.clock.set(at("2026-11-26T07:30"))
    await bureau.send_all(bureau.sender())
    assert len(post_office.messages) == len(EXPECTED)


async def test_the_next_business_day_has_digests_of_its_own(bureau: Bureau, post_office: PostOffice) -> None:
    """From Friday on to Monday."""
    days = ["2026-11-26", "2026-11-27", "2026-11-28", "2026-11-29", "2026-11-30"]
    for day in days:
        bureau.clock.set(at(f"{day}T07:30"))
        await bureau.send_all(bureau.sender())
    voirie = {message_id(day, "department", VOIRIE): day for day in days}
    sent = [voirie[each["Message-ID"]] for each in post_office.messages if each["Message-ID"] in voirie]
    assert sent == [days[0], days[1], days[4]]


async def test_nothing_is_called_late_while_the_docket_is_behind_the_log(
    bureau: Bureau, post_office: PostOffice
) -> None:
    """After an outage: what was done meanwhile is not known yet."""
    bureau.behind = True
    with pytest.raises(RetryableError, match="docket"):
        await bureau.sender().send_due()
    assert post_office.messages == []
    bureau.behind = False
    await bureau.send_all(bureau.sender())
    assert told(post_office) == EXPECTED


# -- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["rcpt", "data"])
async def test_an_address_that_is_refused_is_logged_shown_and_not_tried_again(
    bureau: Bureau, post_office: PostOffice, command: str
) -> None:
    post_office.answers = [(command, "550 5.1.1 no such mailbox")]
    with capture_logs() as logs:
        await bureau.send_all(bureau.sender())
    [refused] = [each for each in logs if each["event"] == "digest_refused"]
    assert refused["log_level"] == "error"
    assert refused["why"].endswith("(550) 5.1.1")
    assert "@" not in str(refused)
    assert len(post_office.messages) == len(EXPECTED) - 1
    assert DIGESTS.labels(Outcome.REFUSED)._value.get() == 1
    [row] = [each for each in await bureau.table().newest(dt.date(2026, 11, 26)) if each.outcome is Outcome.REFUSED]
    assert (row.notice, row.department) == (refused["notice"], refused["department"])
    bureau.later(hours=5)
    await bureau.send_all(bureau.sender())
    assert len(post_office.messages) == len(EXPECTED) - 1


async def test_an_address_that_is_none_is_refused_and_keeps_nothing_else_back(
    town: Town, bureau: Bureau, post_office: PostOffice
) -> None:
    configured = town.model_dump()
    next(each for each in configured["departments"] if each["code"] == "greffe")["email"] = "greffe"
    bureau.town = Town.model_validate(configured)
    await bureau.send_all(bureau.sender())
    assert (await bureau.states())["department/greffe"] == "refused"
    assert len(post_office.messages) == len(EXPECTED) - 1


@pytest.mark.parametrize("command", ["mail", "rcpt", "data"])
async def test_what_is_refused_for_now_is_tried_again_with_backoff(
    bureau: Bureau, post_office: PostOffice, command: str
) -> None:
    post_office.answers = [(command, "451 4.3.0 later")] * len(EXPECTED)
    await bureau.send_all(bureau.sender())
    assert post_office.messages == []
    assert Counter((await bureau.states()).values())["waiting"] == len(EXPECTED)
    bureau.later(seconds=59)
    await bureau.send_all(bureau.sender())
    assert post_office.messages == []
    bureau.later(seconds=2)
    await bureau.send_all(bureau.sender())
    assert told(post_office) == EXPECTED


async def test_tries_are_bounded(bureau: Bureau, post_office: PostOffice) -> None:
    """In the end a person is told."""
    bureau.rows = [each for each in Bureau.rows if each.department == "ingenierie"]
    post_office.answers = [("data", "451 4.3.0 later")] * (2 * TRIES_MAX)
    # A day as long as the tries are: the bound is by their number.
    start = bureau.clock.now()
    await bureau.sender().send_due()
    with capture_logs() as logs:
        for _ in range(TRIES_MAX):
            await bureau.pool.execute("UPDATE digest SET try_at = $1 WHERE state = 'waiting'", start)
            await bureau.sender().send_due()
    states = await bureau.states()
    assert states["department/ingenierie"] == states["general_management/direction_generale"] == "given_up"
    assert [each["log_level"] for each in logs if each["event"] == "digest_given_up"] == ["error"] * 2
    assert len(post_office.answers) == 0
    assert backoff(1) == dt.timedelta(minutes=1)
    assert backoff(TRIES_MAX) == dt.timedelta(hours=1)


async def test_a_mail_server_that_is_away_for_the_day_is_said_and_the_next_day_goes_on(
    bureau: Bureau, post_office: PostOffice
) -> None:
    """Nobody gets a digest of yesterday."""
    away, bureau.smtp_url = bureau.smtp_url, "smtp://127.0.0.1:1"
    await bureau.sender().send_due()
    states = await bureau.states()
    assert Counter(states.values())["waiting"] == len(EXPECTED)
    bureau.smtp_url = away
    bureau.clock.set(at("2026-11-27T00:10"))
    with capture_logs() as logs:
        await bureau.send_all(bureau.sender())
    assert len([each for each in logs if each["event"] == "digest_given_up"]) == len(EXPECTED)
    assert post_office.messages == []
    bureau.clock.set(at("2026-11-27T07:30"))
    await bureau.send_all(bureau.sender())
    sent = {str(each["Message-ID"]) for each in post_office.messages}
    assert message_id("2026-11-27", "department", VOIRIE) in sent
    assert message_id("2026-11-26", "department", VOIRIE) not in sent
    assert len(sent) == len(post_office.messages)


# -- what dies ------------------------------------------------------------------------------------------------------


async def killed_at(point: str, postgres_url: str, smtp_url: str) -> None:
    """A process that sends digests, and dies there."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "tests" / "deadlines" / "digest" / "killed.py"),
        point,
        postgres_url,
        smtp_url,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == -signal.SIGKILL, said.decode()


@pytest.mark.slow
@pytest.mark.parametrize(("point", "before"), [("begun", 0), ("taken", 1)])
async def test_after_a_kill_each_digest_is_there_and_one_that_is_there_twice_has_one_id(
    bureau: Bureau, post_office: PostOffice, postgres_url: str, point: str, before: int
) -> None:
    """At least once: only what the mail server had and nobody noted is sent again, under the same Message-ID."""
    await killed_at(point, postgres_url, post_office.url)
    assert len(post_office.messages) == before
    await bureau.send_all(bureau.sender())
    assert len(post_office.messages) == before  # What the dead one has under way is nobody's until its lease ends.
    # As if the lease had run out: five minutes, by the database's clock.
    await bureau.pool.execute("UPDATE digest SET taken_until = '-infinity'")
    await bureau.send_all(bureau.sender(), bureau.sender())
    ids = Counter(str(each["Message-ID"]) for each in post_office.messages)
    assert len(ids) == len(EXPECTED)
    assert sorted(ids.values(), reverse=True) == [1 + before, *[1] * (len(EXPECTED) - 1)]
    assert "waiting" not in (await bureau.states()).values()


async def test_cut_off_while_handing_over_it_is_sent_again_under_the_same_id(
    bureau: Bureau, post_office: PostOffice
) -> None:
    """The server may have had it: here it had."""
    bureau.rows = [each for each in bureau.rows if each.department == "ingenierie" and each.escalated_to]
    post_office.hangs_up_at = "data"
    with capture_logs() as logs:
        await bureau.send_all(bureau.sender())
    assert "digest_in_doubt" in {each["event"] for each in logs}
    post_office.hangs_up_at = None
    bureau.later(minutes=2)
    await bureau.send_all(bureau.sender())
    assert set(Counter(str(each["Message-ID"]) for each in post_office.messages).values()) == {2}
    assert "waiting" not in (await bureau.states()).values()


async def test_a_database_that_is_away_while_it_is_noted_makes_nothing_go_out_twice(
    bureau: Bureau, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is known for certain that the mail server has it."""
    monkeypatch.setattr(sender_module, "NOTE_EVERY_S", 0.0)
    sender = bureau.sender()
    settle, failures = sender._table.settle, iter([True, True])

    async def shaky(taken: Taken, outcome: Outcome, *said: Any) -> None:
        if outcome is Outcome.SENT and next(failures, False):
            raise RetryableError("away")
        await settle(taken, outcome, *said)

    monkeypatch.setattr(sender._table, "settle", shaky)
    await bureau.send_all(sender)
    await bureau.send_all(bureau.sender())
    assert told(post_office) == EXPECTED


async def test_who_was_too_slow_hands_nothing_over_that_is_another_s_by_now(
    bureau: Bureau, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease that ran out between taking and handing over."""
    slow = bureau.sender()
    take = slow._table.take

    async def taken_away(*asked: Any) -> list[Taken]:
        taken = await take(*asked)
        await bureau.pool.execute("UPDATE digest SET taken_until = '-infinity'")
        await bureau.send_all(bureau.sender())
        return taken

    monkeypatch.setattr(slow._table, "take", taken_away)
    await slow.send_due()
    assert told(post_office) == EXPECTED


# -- the component --------------------------------------------------------------------------------------------------


async def running(sender: DigestSender, until: Any) -> list[Any]:
    """What the component logs while it runs until a condition holds."""
    with capture_logs() as logs:
        async with at_work(sender):
            await wait_until(lambda: until(logs), 30)
    return logs


async def test_without_a_mail_server_it_says_so_once_and_plans_nothing(bureau: Bureau) -> None:
    bureau.smtp_url = None
    logs = await running(bureau.sender(), lambda logs: len(logs) > 0)
    [said] = [each for each in logs if each["event"] == "digests_not_sent"]
    assert "CLIC_SMTP_URL" in said["mend"]
    assert await bureau.states() == {}


async def test_departments_without_an_address_are_named_once(bureau: Bureau, post_office: PostOffice) -> None:
    configured = bureau.town.model_dump()
    for each in configured["departments"]:
        each["email"] = each["email"] if each["code"] == VOIRIE else None
    bureau.town = Town.model_validate(configured)
    logs = await running(bureau.sender(), lambda _: len(post_office.messages) == 2)
    [said] = [each for each in logs if each["event"] == "departments_without_digest"]
    assert "greffe" in said["departments"]
    assert VOIRIE not in said["departments"]


async def test_a_digest_that_cannot_be_made_ends_no_service_and_is_said(
    bureau: Bureau, post_office: PostOffice
) -> None:
    rows, bureau.rows = bureau.rows, [None]  # type: ignore[list-item]  # A defect.
    sender = bureau.sender()
    await running(sender, lambda logs: any(each["event"] == "digests_failed" for each in logs))
    assert sender.not_ready() is None
    bureau.rows = rows
    await bureau.send_all(bureau.sender())
    assert told(post_office) == EXPECTED


# -- settings -------------------------------------------------------------------------------------------------------


def test_the_hour_is_the_town_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error names the variable."""
    monkeypatch.setenv("CLIC_TOWN_DIR", str(TOWN_DIR))
    monkeypatch.setenv("CLIC_POSTGRES_URL", "postgresql://127.0.0.1/clic")
    assert Settings.from_environment().digest_at == dt.time(7, 30)
    monkeypatch.setenv("CLIC_DIGEST_AT", "06:45")
    assert Settings.from_environment().digest_at == dt.time(6, 45)
    for wrong in ("07:30Z", "half past seven"):
        monkeypatch.setenv("CLIC_DIGEST_AT", wrong)
        with pytest.raises(SettingsError, match="CLIC_DIGEST_AT"):
            Settings.from_environment()
