"""The register over HTTP: the greffe's alone, every request of the year, whole stories, and nobody's data."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from tests.intake.core.story import TORONTO
from tests.intake.desk_page.visit import Bureau
from tests.intake.service.office import now

from clic_contracts.event import AccessDeemedRefused

SAID = {"kind": "access_to_information", "subject": None, "channel": "letter"}
PLANTED = "Philomène Imaginaire"


async def year(bureau: Bureau, token: str = "greffe", **query: str) -> Any:
    asked = "&".join(
        f"{name}={value}" for name, value in {"year": str(now().astimezone(TORONTO).year), **query}.items()
    )
    return await bureau.office.ask(f"/access-register?{asked}", token=token)


async def test_every_access_request_of_the_year_is_a_line_and_nothing_else_is(bureau: Bureau) -> None:
    """POL-26: its story over all services, and none of what is sealed in it."""
    began_on = now().astimezone(TORONTO).date()
    first = await bureau.received(
        **SAID, requester={"name": PLANTED, "phone": "450 555-0142"}, text=f"Je suis {PLANTED}."
    )
    second = await bureau.received(**SAID)
    await bureau.received()
    answer = {
        "channel": "letter",
        "access_outcome": "partial",
        "provisions": [f"art. 53 ({PLANTED})"],
        "text": f"À {PLANTED}",
    }
    assert (await bureau.office.ask(f"/requests/{first}/answer", answer, token="greffe")).status_code == 200
    await bureau.fact(second, AccessDeemedRefused(obligation_id="decide_access-1", due_at=now()))

    found = (await year(bureau)).json()

    assert [(each["outcome"], each["deemed_refused"]) for each in found["requests"]] == [
        ("partial", False),
        ("deemed_refused", True),
    ]
    assert found["requests"][0]["provisions"] == ["A-2.1, art. 53"]
    passed = now().astimezone(TORONTO).date() - began_on  # None, but where it was midnight meanwhile.
    assert 0 <= found["requests"][0]["delay_days"] <= passed.days
    for form in ("json", "csv", "html"):
        told = await year(bureau, format=form)
        assert told.status_code == 200
        assert [each for each in (PLANTED, "Philomène", "0142") if each in told.text] == []


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("csv", "text/csv; charset=utf-8"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("html", "text/html; charset=utf-8"),
        ("pdf", "application/pdf"),
    ],
)
async def test_each_form_is_a_file_to_keep(bureau: Bureau, form: str, kind: str) -> None:
    """Named by its year, in the language that is asked for, and never kept by a cache on the way."""
    await bureau.listed()
    found = await year(bureau, format=form, language="en")

    assert found.status_code == 200
    assert found.headers["content-type"] == kind
    assert (
        found.headers["content-disposition"]
        == f'attachment; filename="access-requests-{now().astimezone(TORONTO).year}.{form}"'
    )
    assert found.headers["cache-control"] == "no-store"


async def test_requests_are_read_some_at_a_time_and_none_twice_nor_left_out(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever number stands on a page of the reading."""
    for _ in range(5):
        await bureau.received(**SAID)
    for at_once in (1, 2, 5, 6):
        monkeypatch.setattr("clic_intake.access_register.reading.AT_ONCE", at_once)
        rows = list(csv.reader(io.StringIO((await year(bureau, format="csv")).text)))[1:]
        numbers = [row[0] for row in rows]
        assert numbers == sorted(set(numbers))
        assert len(numbers) == 5


async def test_a_year_of_more_than_the_bound_is_refused_and_not_cut_short(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an account would be a wrong one."""
    for _ in range(3):
        await bureau.received(**SAID)
    monkeypatch.setattr("clic_intake.access_register.reading.LINES_MAX", 2)

    assert (await year(bureau)).status_code == 409


@pytest.mark.parametrize(("asked", "status"), [("1981", 409), ("2999", 409), ("0", 422), ("x", 422)])
async def test_there_are_years_without_a_register(bureau: Bureau, asked: str, status: int) -> None:
    """Before the law, and to come."""
    assert (await bureau.office.ask(f"/access-register?year={asked}", token="greffe")).status_code == status


async def test_without_a_year_it_is_the_one_that_it_is_in_the_town(bureau: Bureau) -> None:
    """What somebody asks for most."""
    await bureau.listed()
    assert (await bureau.office.ask("/access-register", token="greffe")).json()["year"] == now().astimezone(
        TORONTO
    ).year


async def test_the_register_is_the_greffes_alone(bureau: Bureau) -> None:
    """A-2.1 art. 8: neither the desk nor another department counts them."""
    await bureau.listed()
    assert [(await year(bureau, token)).status_code for token in ("desk", "finances", "administrator", "clerk")] == [
        403, 403, 403, 200,
    ]  # fmt: skip
