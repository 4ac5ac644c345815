"""A department's calendar: read by two libraries, opened by its secret alone, nothing confidential in it. POL-26."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import icalendar
import pytest
import pytest_asyncio
from ical.calendar_stream import IcsCalendarStream
from ical.event import Event as ClientEvent
from ical.event import EventStatus
from ical.types import Classification
from tests.deadlines.digest.bureau import VOIRIE, Bureau
from tests.deadlines.digest.conftest import pool as pool
from tests.deadlines.digest.docket import LATE, PAUSED, REPLY, access, at, row
from tests.place import TOWN_DIR

from clic_chassis.http import add_error_handlers, new_api
from clic_chassis.town_file import read_town
from clic_contracts.town import Town
from clic_contracts.vocabulary import Escalation, ObligationKind
from clic_deadlines.core.french import NBSP, TO_DO
from clic_deadlines.due_feed import Feed, FeedTokens, add_feed_route

TORONTO = ZoneInfo("America/Toronto")
NOW = at("2026-11-26T09:00")


@pytest.fixture(scope="module")
def town() -> Town:
    """A real town's folder."""
    return read_town(TOWN_DIR)


@pytest.fixture
def bureau(town: Town, pool: asyncpg.Pool) -> Bureau:
    """A docket that tests fill."""
    return Bureau(town, pool, None)


@pytest.fixture
def tokens(pool: asyncpg.Pool) -> FeedTokens:
    """The secrets, on a real database."""
    return FeedTokens(pool)


@pytest_asyncio.fixture
async def client(bureau: Bureau, tokens: FeedTokens) -> AsyncIterator[httpx.AsyncClient]:
    """A calendar program: it sends no bearer token."""
    api = new_api(title="deadlines")
    add_error_handlers(api)
    add_feed_route(api, Feed(bureau, bureau.town, bureau.clock), tokens)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://deadlines.invalid") as client:
        yield client


async def written(bureau: Bureau, department: str = VOIRIE) -> bytes:
    """A department's calendar."""
    return await Feed(bureau, bureau.town, bureau.clock).of(department)


def parsed(body: bytes) -> Any:
    """The calendar, as the library that wrote it reads it: nothing in it is unfit."""
    calendar = icalendar.Calendar.from_ical(body)
    assert isinstance(calendar, icalendar.Calendar)
    assert [each.errors for each in calendar.walk() if each.errors] == []
    return calendar


def entries(body: bytes) -> list[Any]:
    """The entries of it."""
    found: list[Any] = parsed(body).events
    return found


def client_entries(body: bytes) -> list[ClientEvent]:
    """The entries, as Home Assistant's calendar reads them: another library, which is strict."""
    return IcsCalendarStream.calendar_from_ics(body.decode()).events


# -- what stands in it ----------------------------------------------------------------------------------------------


async def test_a_limit_is_a_day_of_the_calendar_on_the_prudent_date_with_the_strict_one_told(bureau: Bureau) -> None:
    """The desk works to the prudent date."""
    bureau.rows = [row(4217, "2026-11-28", due_prudent_on=dt.date(2026, 11, 27))]
    body = await written(bureau)
    [entry] = entries(body)
    assert entry["SUMMARY"] == "Répondre – 2026-004217 – Nid-de-poule"
    assert entry["DTSTART"].dt == dt.date(2026, 11, 27)
    assert entry["DTEND"].dt == dt.date(2026, 11, 28)
    assert f"Limite stricte{NBSP}: samedi 28{NBSP}novembre{NBSP}2026" in entry["DESCRIPTION"]
    assert f"le service travaille{NBSP}: vendredi 27{NBSP}novembre{NBSP}2026" in entry["DESCRIPTION"]
    [seen] = client_entries(body)
    assert (seen.summary, seen.start, seen.end) == (entry["SUMMARY"], dt.date(2026, 11, 27), dt.date(2026, 11, 28))
    assert (seen.status, seen.classification) == (EventStatus.CONFIRMED, Classification.PRIVATE)
    assert b"VTIMEZONE" not in body


async def test_a_limit_of_hours_is_an_instant_in_the_town_s_time_whose_zone_is_told(bureau: Bureau) -> None:
    """In winter and in summer: a program that knows no time zone has the rules of this one."""
    bureau.rows = [
        row(1, "2026-11-26", due_at=at("2026-11-26T15:20"), obligation_id="answer-1"),
        row(2, "2026-07-02", due_at=at("2026-07-02T09:05")),
    ]
    body = await written(bureau)
    calendar = parsed(body)
    [zone] = calendar.timezones
    told = zone.to_tz()
    for entry, local in zip(calendar.events, ("2026-07-02T09:05", "2026-11-26T15:20"), strict=True):
        assert entry["DTSTART"].params["TZID"] == zone["TZID"] == "America/Toronto"
        assert entry["DTSTART"].dt == at(local)
        assert dt.datetime.fromisoformat(local).replace(tzinfo=told).utcoffset() == at(local).utcoffset()
        assert "DTEND" not in entry
    assert [each.start for each in client_entries(body)] == [at("2026-07-02T09:05"), at("2026-11-26T15:20")]
    assert f", 15{NBSP}h{NBSP}20" in calendar.events[1]["DESCRIPTION"]


async def test_a_recount_moves_the_same_entry_and_says_that_it_is_a_newer_one(bureau: Bureau) -> None:
    """RFC 5545, 3.8.4.7 and 3.8.7.4."""
    first = row(1, "2026-11-26")
    moved = row(1, "2026-12-03", recounts=2, changed_at=at("2026-11-20T11:12:13"))
    bureau.rows = [first]
    [before] = entries(await written(bureau))
    bureau.rows = [moved]
    [after] = entries(await written(bureau))
    assert before["UID"] == after["UID"] == f"{first.request_id}.answer-1@villemsh.ca"
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 2)
    assert after["LAST-MODIFIED"].dt == after["DTSTAMP"].dt == at("2026-11-20T11:12:13")
    assert after["DTSTART"].dt == dt.date(2026, 12, 3)
    assert f"Date recalculée 2{NBSP}fois" in after["DESCRIPTION"]


async def test_how_it_stands_is_told_and_a_date_that_will_change_is_tentative(bureau: Bureau) -> None:
    bureau.rows = [row(1, "2026-11-20", **LATE, escalated_to=Escalation.HEAD), row(2, "2026-11-30", **PAUSED)]
    late, paused = entries(await written(bureau))
    assert (late["STATUS"], paused["STATUS"]) == ("CONFIRMED", "TENTATIVE")
    assert "En retard, signalé à la direction du service" in late["DESCRIPTION"]
    assert late["CATEGORIES"].cats == ["En retard"]
    assert f"Délai suspendu depuis le jeudi 19{NBSP}novembre{NBSP}2026" in paused["DESCRIPTION"]
    assert "CATEGORIES" not in paused


async def test_the_time_of_somebody_else_is_no_entry(bureau: Bureau) -> None:
    bureau.rows = [row(1, "2026-12-17", **REPLY)]
    assert entries(await written(bureau)) == []


async def test_confidential_requests_stand_in_the_calendar_of_their_own_department_alone(bureau: Bureau) -> None:
    """POL-26: also one that was given to another department."""
    bureau.rows = [access(1, "2026-12-05"), access(2, "2026-12-06", department=VOIRIE), row(3, "2026-12-07")]
    assert [each["SUMMARY"][-25:] for each in entries(await written(bureau))] == ["2026-000003 – Nid-de-poule"[-25:]]
    greffe = entries(await written(bureau, "greffe"))
    assert [each["CLASS"] for each in greffe] == ["CONFIDENTIAL"] * 2
    assert greffe[0]["SUMMARY"] == "Décider de la demande d’accès – 2026-000001 – Demande d’accès"
    for each in bureau.town.departments:
        if each.code not in ("greffe", VOIRIE):
            assert entries(await written(bureau, each.code)) == []


async def test_what_a_town_writes_cannot_break_the_format(bureau: Bureau) -> None:
    """RFC 5545, 3.1 and 3.3.11: text is escaped, lines hold 75 octets at most and end with CRLF."""
    told = bureau.town.model_dump()
    sly = "Nid ; de, poule \\ «" + "é" * 150 + "» END:VCALENDAR"
    next(each for each in told["subjects"] if each["code"] == "pothole")["name"]["fr"] = sly
    bureau.town = Town.model_validate(told)
    bureau.rows = [row(1, "2026-12-07")]
    body = await written(bureau)
    lines = body.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert b"\n" not in b"".join(lines)
    assert lines[-1] == b""
    [entry], [seen] = entries(body), client_entries(body)
    assert entry["SUMMARY"] == seen.summary == f"Répondre – 2026-000001 – {sly}"


async def test_a_calendar_says_who_it_is_and_how_often_to_look(bureau: Bureau) -> None:
    """RFC 7986."""
    calendar = parsed(await written(bureau))
    assert (calendar["VERSION"], calendar.calendar_name) == ("2.0", "Échéances – Travaux publics – voirie")
    assert calendar["REFRESH-INTERVAL"].dt == dt.timedelta(hours=1)
    assert "METHOD" not in calendar


async def test_entries_are_in_order_and_each_obligation_has_one(bureau: Bureau) -> None:
    body = await written(bureau)
    events = client_entries(body)
    assert len({each.uid for each in events}) == len(events) > 8
    plain = [each.start.date() if isinstance(each.start, dt.datetime) else each.start for each in events]
    assert all(before <= after for before, after in pairwise(plain))


# -- who may read it ------------------------------------------------------------------------------------------------


async def test_the_secret_opens_its_department_s_calendar_and_nothing_else(
    client: httpx.AsyncClient, tokens: FeedTokens
) -> None:
    """A wrong one, another's, none, and a department that is none are answered alike."""
    made = (await tokens.make(VOIRIE, NOW)).token
    other = (await tokens.make("greffe", NOW)).token
    answer = await client.get(f"/departments/{VOIRIE}/due.ics", params={"token": made})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "Nid-de-poule" in answer.text
    refused = [
        await client.get(path, params=params)
        for path, params in (
            (f"/departments/{VOIRIE}/due.ics", {"token": other}),
            (f"/departments/{VOIRIE}/due.ics", {"token": made[:-1]}),
            (f"/departments/{VOIRIE}/due.ics", {"token": made * 5}),
            (f"/departments/{VOIRIE}/due.ics", {"token": "\x00é"}),
            (f"/departments/{VOIRIE}/due.ics", {}),
            ("/departments/greffe/due.ics", {"token": made}),
            ("/departments/finances/due.ics", {"token": made}),
            ("/departments/nobody/due.ics", {"token": made}),
            ("/departments/%00/due.ics", {"token": made}),
        )
    ]
    assert [each.status_code for each in refused] == [404] * len(refused)
    assert len({each.content for each in refused}) == 1


async def test_another_secret_replaces_the_one_before_and_none_can_be_read_back(
    client: httpx.AsyncClient, tokens: FeedTokens, pool: asyncpg.Pool
) -> None:
    first = await tokens.make(VOIRIE, NOW)
    second = await tokens.make(VOIRIE, NOW)
    assert (first.replaces, second.replaces) == (False, True)
    assert len(first.token) >= 43  # 256 bits.
    path = f"/departments/{VOIRIE}/due.ics"
    statuses = [(await client.get(path, params={"token": each.token})).status_code for each in (first, second)]
    assert statuses == [404, 200]
    [kept] = await pool.fetch("SELECT * FROM due_feed")
    assert kept["token_digest"] == hashlib.sha256(second.token.encode()).digest()
    assert second.token not in str(dict(kept))
    assert await tokens.remove(VOIRIE)
    assert not await tokens.remove(VOIRIE)
    assert (await client.get(path, params={"token": second.token})).status_code == 404


async def test_what_is_as_it_was_is_not_sent_again(
    client: httpx.AsyncClient, tokens: FeedTokens, bureau: Bureau
) -> None:
    """RFC 9110, 13.1.2: asked for each time, and never kept by anybody between."""
    asked = {"url": f"/departments/{VOIRIE}/due.ics", "params": {"token": (await tokens.make(VOIRIE, NOW)).token}}
    answer = await client.get(**asked)  # type: ignore[arg-type]  # A path and its parameters.
    assert re.fullmatch(r'"[0-9a-f]{32}"', answer.headers["ETag"])
    assert answer.headers["Cache-Control"] == "private, no-cache"
    bureau.later(days=30)
    for tag in (answer.headers["ETag"], f'"other", W/{answer.headers["ETag"]}'):
        again = await client.get(**asked, headers={"If-None-Match": tag})  # type: ignore[arg-type]  # As above.
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", answer.headers["ETag"])
    head = await client.head(**asked)  # type: ignore[arg-type]  # As above.
    assert (head.status_code, head.headers["ETag"]) == (200, answer.headers["ETag"])
    bureau.rows = [replace(each, recounts=each.recounts + 1) for each in bureau.rows]
    changed = await client.get(**asked, headers={"If-None-Match": answer.headers["ETag"]})  # type: ignore[arg-type]  # As above.
    assert changed.status_code == 200
    assert changed.headers["ETag"] != answer.headers["ETag"]


async def test_the_route_is_documented(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    operation = document["paths"]["/departments/{code}/due.ics"]["get"]
    assert "text/calendar" in operation["responses"]["200"]["content"]


@pytest.mark.parametrize("kind", ObligationKind)
def test_every_obligation_has_words(kind: ObligationKind) -> None:
    """Or an entry of it could not be told."""
    assert TO_DO[kind]
