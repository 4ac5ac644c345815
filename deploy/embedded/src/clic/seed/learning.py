"""What an invented town learned in its last quarter: recorded and published as two people do it (POL-37)."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from clic.desk_api import DeskApi
from clic_contracts.town import Town
from clic_reporting.core.period import Quarter

NOON = dt.time(12)
MARK = "[Texte synthétique]"
"""Says that a text is no real town's. The other texts' mark holds a word that the sample people are called by, and so
would be taken for a name by the scan."""

NOTICE = (
    "Les avis de travaux arrivent après le début du chantier\u00a0: les personnes qui appellent demandent surtout "
    "quelles rues seront fermées, et jusqu’à quand."
)
BRANCHES = (
    "Plusieurs personnes croient que la collecte des branches se fait sur demande. Le calendrier en ligne ne dit pas "
    "qu’elle passe partout, sans inscription."
)
TRANSFER = (
    "Quand un dossier change de service, la personne qui a appelé l’apprend en rappelant. Un courriel au moment du "
    "transfert éviterait la plupart de ces rappels."
)
LEARNED = (NOTICE, BRANCHES, TRANSFER)
"""Published for the last complete quarter, as they were recorded."""

NOT_REVIEWED = "Les heures de la bibliothèque affichées à l’entrée ne sont pas celles du site."
"""Recorded in the quarter under way, for whoever tries `clic learning list`."""


def publish_learnings(town: Town, today: dt.date, agent: DeskApi, reviewer: DeskApi) -> int:
    """Record and publish them; gives how many are published. Doing it again adds nothing twice.

    Raises:
        DeskError: the desk did not take one.
    """
    zone = ZoneInfo(town.calendar.timezone)
    now = Quarter(today.year, (today.month + 2) // 3)
    last_on = now.first_on - dt.timedelta(days=1)
    for number, text in enumerate(LEARNED):
        key = f"seed-{now.previous}-{number}"
        marked = f"{MARK} {text}"
        at = dt.datetime.combine(last_on, NOON, zone).isoformat()
        recorded = agent.ask("/learnings", {"text": marked, "occurred_at": at}, key=key)
        body = {"period": str(now.previous), "text": marked, "learnings": [recorded["learning_id"]]}
        draft = agent.ask("/learnings/drafts", body, key=key)
        path = f"/learnings/drafts/{draft['draft_id']}"
        reviewer.ask(f"{path}/sign-off", {"version": draft["version"]})
        agent.ask(f"{path}/publish", {})
    agent.ask("/learnings", {"text": f"{MARK} {NOT_REVIEWED}"}, key=f"seed-{now}")
    return len(LEARNED)
