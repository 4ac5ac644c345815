"""The form without scripts: two steps, faults that say how to mend them, and each request once."""

from __future__ import annotations

from tests.intake.citizen.visit import Hall, link_of, text_of


async def test_a_report_becomes_a_request_with_a_link(hall: Hall) -> None:
    async with hall.visitor() as visitor:
        page = await hall.sent(visitor)

        assert page.status_code == 200
        link = link_of(page)
        assert link.reference in text_of(page.text)
