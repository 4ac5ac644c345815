"""The whole path of an access request in a browser, from reception to the register: accessible on each page of it.

With `CLIC_SCREENSHOTS` set to a folder, what was seen is kept there: `docs/screenshots/greffe-*.png`.
"""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page
from tests.axe import seen, shown, violations
from tests.intake.core.story import make
from tests.intake.desk_page.test_access import WRITTEN, limited, today
from tests.intake.desk_page.visit import Bureau, entered
from tests.intake.service.office import now

from clic_contracts.event import ObligationLifted, ObligationMet
from clic_contracts.town_time import Delay
from clic_deadlines.core.calendar import Calendar

pytestmark = pytest.mark.timeout(300)  # A busy machine draws a page in seconds.


class Walk:
    """Somebody of the greffe walks a request's path, and every page on the way is looked at."""

    def __init__(self, bureau: Bureau, page: Page, request_id: str) -> None:
        self.bureau = bureau
        self.page = page
        self.here = f"{bureau.address}/desk/requests/{request_id}"
        self.found: list[str] = []

    async def looked(self, name: str = "") -> None:
        """The page is accessible; kept by this name."""
        self.found += await violations(self.page)
        if name:
            await seen(self.page, f"greffe-{name}")

    async def at(self, path: str) -> None:
        """A page."""
        await self.page.goto(f"{self.bureau.address}{path}")

    async def do(self, command: str, name: str = "", **fields: str) -> None:
        """By the link on the path, then the form, by label; a radio by its words."""
        await self.page.goto(self.here)
        form = self.page.locator(f"#contenu a[href$='/do/{command}']")
        title = await form.inner_text()
        await form.click()
        for label, value in fields.items():
            await self._fill(label.replace("_", " "), value)
        await self.looked(name)
        await self.page.get_by_role("button", name=title, exact=True).click()
        await self.page.wait_for_url(f"**done={command}")

    async def _fill(self, label: str, value: str) -> None:
        if value == "x":
            await self.page.get_by_label(label, exact=True).check()
            return
        field = self.page.get_by_label(label)
        if await field.evaluate("each => each.tagName") == "SELECT":
            await field.select_option(label=value)
        else:
            await field.fill(value)

    async def told(self) -> str:
        """What the request's page says."""
        await self.page.goto(self.here)
        return await self.page.locator("main").inner_text()


async def decided_by_law(bureau: Bureau, request_id: str, number: int, days: int, rule: str) -> None:
    """The limit, as deadlines counts it."""
    term = Calendar(bureau.office.runtime.town.calendar).term(now(), Delay(calendar_days=days))
    await limited(
        bureau,
        request_id,
        days,
        obligation_id=f"decide_access-{number}",
        rule={"code": rule},
        due_at=term.due_at,
        due_strict_on=term.due_strict_on,
        due_prudent_on=term.due_prudent_on,
        trace=term.trace,
    )


async def up_to_the_decision(walk: Walk, request_id: str) -> None:
    """The notice, the nature, a third party, an extension; and what the path says of the limit then."""
    bureau = walk.bureau
    await walk.do("acknowledge", Par_quel_canal="Lettre")
    await walk.do("classify", "nature", Documents_administratifs="x")
    await walk.do("identify-third-party", Nom_du_tiers="Entreprise Inventée", Courriel="tiers@exemple.invalid")
    await walk.at(f"/desk/requests/{request_id}/do/notify-third-party-letter")
    await walk.looked()
    await walk.do("notify-third-party", Quel_tiers="Tiers 1", Par_quel_canal="Lettre")
    await walk.do("extend", "extension", Par_quel_canal="Lettre", Motif="Volume des documents")
    lifted = make(ObligationLifted, obligation_id="decide_access-1", obligation="decide_access", reason="replaced")
    await bureau.fact(request_id, lifted)
    await decided_by_law(bureau, request_id, 2, 30, "access_extended")
    assert "30 jours après la réception, avec la prolongation (art. 47)" in await walk.told()
    await walk.looked("path")
    await walk.do("third-party-answer", Quel_tiers="Tiers 1", **{"Le tiers s’y oppose": "x"})


async def from_the_decision_on(walk: Walk, request_id: str) -> None:
    """What is wrong is told first; then the decision, and a review of it."""
    bureau, page = walk.bureau, walk.page
    await walk.at(f"/desk/requests/{request_id}/do/answer")
    await page.get_by_label("Accès donné en partie").check()
    await page.get_by_role("button", name="Noter la réponse donnée").click()
    await shown(page, "#faults")
    await walk.looked()
    await walk.do(
        "answer",
        "decision",
        Par_quel_canal="Lettre",
        **{"Ce qui a été répondu": "Une partie est masquée.", "Accès donné en partie": "x"},
        Dispositions_invoquées="art. 23",
    )
    kept = {"obligation_id": "decide_access-2", "obligation": "decide_access", "in_time": True}
    await bureau.fact(request_id, make(ObligationMet, **kept))
    await limited(bureau, request_id, 30, "review_window")
    assert "La personne peut s’adresser à la Commission" in await walk.told()
    await walk.do("review-requested", "review", **{"Demandée à la Commission le": today().isoformat()})
    told = await walk.told()
    for words in ("Tiers 1 : s’y oppose", "Accès donné en partie", "art. 23", "Demandée le", "Noter l’issue"):
        assert words in told.replace("\u00a0", " "), words
    await walk.looked("request")


async def listed_and_registered(walk: Walk) -> None:
    """The list, and the register with its line."""
    await walk.bureau.listed()
    await walk.at("/desk/access")
    await walk.looked("list")
    assert "Révision demandée" in await walk.page.locator("main").inner_text()
    await walk.page.get_by_role("link", name="Registre annuel").click()
    await walk.page.wait_for_url("**/register")
    await walk.looked("register")
    line = await walk.page.locator("tr", has=walk.page.locator("th", has_text="000001")).inner_text()
    for words in ("écrite", "Documents administratifs", "De 0 à 20 jours", "Partiellement acceptée", "A-2.1, art. 23"):
        assert words in line.replace("\u00a0", " "), words
    assert "Inventée" not in await walk.page.content()
    await walk.at("/desk/access?done=true&lang=en")
    await walk.looked()


@pytest.mark.slow
async def test_the_whole_path_is_walked_in_a_browser(browser: Browser, bureau: Bureau) -> None:
    """POL-20 to POL-26: received in writing, notice, nature, third party, extension, decision, review, register."""
    request_id = await bureau.received(**WRITTEN)
    await bureau.routed(request_id, "greffe")
    await decided_by_law(bureau, request_id, 1, 20, "access_law")
    other = await bureau.received(**{**WRITTEN, "channel": "phone"})
    await decided_by_law(bureau, other, 1, 4, "access_law")
    context, page = await entered(browser, bureau, "greffe")
    walk = Walk(bureau, page, request_id)

    await up_to_the_decision(walk, request_id)
    await from_the_decision_on(walk, request_id)
    await listed_and_registered(walk)
    await context.close()

    assert walk.found == []


@pytest.mark.slow
async def test_a_step_is_taken_by_keyboard_without_scripts(browser: Browser, bureau: Bureau) -> None:
    """From the list to the request, to a form, and back, with keys alone."""
    request_id = await bureau.received(**WRITTEN)
    await decided_by_law(bureau, request_id, 1, 20, "access_law")
    context, page = await entered(browser, bureau, "greffe", java_script_enabled=False)

    await page.get_by_role("link", name="Demandes d’accès").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/access")
    await page.get_by_role("link", name=f"{today().year}-000001").focus()
    assert await page.locator(":focus").is_visible()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/desk/requests/{request_id}#access")
    await page.get_by_role("link", name="Préciser la nature").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Rectification").focus()
    await page.keyboard.press("Space")
    await page.get_by_role("button", name="Préciser la nature").press("Enter")
    await page.wait_for_url("**done=classify")
    told = await page.locator("main").inner_text()
    await context.close()

    assert "Rectification" in told
