"""Mails that are kept, over HTTP: found, opened for a reason, and taken all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.intake.mail.mailroom import Mailroom
from tests.intake.mail.post import mail
from tests.intake.service.office import Office

from clic_intake.mail import kept

AUTOMATIC = mail("Je suis absente.", headers={"Precedence": "bulk"})
WHY = {"reason": "Courriel mis de côté par erreur ?"}


@pytest_asyncio.fixture
async def office(room: Mailroom) -> AsyncIterator[Office]:
    """Its HTTP."""
    async with Office.open(room.runtime, room.wiring) as opened:
        yield opened


async def openings(room: Mailroom) -> list[tuple[str, str]]:
    rows = await room.runtime.pool.fetch("SELECT agent, reason FROM opening ORDER BY opened_at")
    return [(row["agent"], row["reason"]) for row in rows]


async def test_what_was_set_aside_is_listed_opened_for_a_reason_and_taken(room: Mailroom, office: Office) -> None:
    """POL-10, POL-30."""
    await room.take(AUTOMATIC)
    (listed,) = (await office.ask("/mails")).json()
    assert (listed["reason"], listed["size_bytes"]) == ("list", len(AUTOMATIC))
    opened = await office.ask(f"/mails/{listed['mail_id']}/open", WHY)
    assert opened.content == AUTOMATIC
    assert opened.headers["content-disposition"].startswith("attachment;")
    assert await openings(room) == [("alex.exemple", WHY["reason"])]
    taken = await office.ask(f"/mails/{listed['mail_id']}/take", WHY)
    assert await room.types(taken.json()["request_id"]) == ["received"]
    assert (await office.ask("/mails")).json() == []


async def test_a_mail_is_not_opened_without_a_reason(room: Mailroom, office: Office) -> None:
    """POL-30."""
    await room.take(AUTOMATIC)
    (listed,) = (await office.ask("/mails")).json()
    assert (await office.ask(f"/mails/{listed['mail_id']}/open", {"reason": ""})).status_code == 422
    assert await openings(room) == []


async def test_a_request_s_originals_are_opened_by_who_may_open_its_seals(room: Mailroom, office: Office) -> None:
    request_id = await room.open(mail("Long. " * 3_000))
    (listed,) = (await office.ask(f"/requests/{request_id}/mails")).json()
    assert listed["reason"] == kept.NOT_WHOLE
    assert (await office.ask(f"/mails/{listed['mail_id']}/open", WHY)).status_code == 200
    assert (await office.ask(f"/mails/{listed['mail_id']}/take", WHY)).status_code == 404
    assert (await office.ask(f"/mails/{listed['mail_id']}/open", WHY, token="portal")).status_code == 403
    assert len(await openings(room)) == 1


async def test_what_nobody_sorted_yet_is_the_desk_s_alone(room: Mailroom, office: Office) -> None:
    """POL-26."""
    await room.take(AUTOMATIC)
    (listed,) = (await office.ask("/mails")).json()
    assert (await office.ask("/mails", token="roads")).status_code == 403
    unknown = "6f9619ff-8b86-5d11-b42d-00cf4fc964ff"
    for path, status in (("open", 404), ("take", 403)):
        answers = [
            await office.ask(f"/mails/{each}/{path}", WHY, token="roads") for each in (listed["mail_id"], unknown)
        ]
        assert [each.status_code for each in answers] == [status, status]
        assert answers[0].content == answers[1].content  # Nobody learns by an id that a mail is there.
    assert await openings(room) == []


async def test_what_is_not_kept_is_not_there(office: Office) -> None:
    unknown = "6f9619ff-8b86-5d11-b42d-00cf4fc964ff"
    for path in (f"/mails/{unknown}/open", f"/mails/{unknown}/take"):
        assert (await office.ask(path, WHY)).status_code == 404
    assert (await office.ask("/mails", token=None)).status_code == 401


async def test_more_than_a_page_is_listed_page_by_page(
    room: Mailroom, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "LIST_MAX", 2)
    for n in range(3):
        await room.take(mail(f"Absence {n}.", headers={"Auto-Submitted": "auto-replied"}))
    first = (await office.ask("/mails")).json()
    rest = (await office.ask(f"/mails?after={first[-1]['mail_id']}")).json()
    assert [len(first), len(rest)] == [2, 1]
    assert len({each["mail_id"] for each in (*first, *rest)}) == 3
