"""The first start's sample quarter: played once, and gone on with where it was interrupted."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from clic_contracts.town import Town

from .connection import read_installation
from .desk_api import DeskApi, DeskError
from .folder import Folder
from .seed.command import not_said, prepare, prepare_access, summary
from .seed.learning import publish_learnings
from .seed.play import Played, play_whole

MARK = "seeded"


def is_seeded(folder: Folder) -> bool:
    """Whether the sample quarter was played to its end, or was not wanted at the first start."""
    return _mark(folder).exists()


def without_seed(folder: Folder) -> None:
    """Remember that this installation wants no sample quarter."""
    _mark(folder).touch()


def play_seed(folder: Folder, town: Town, number: int, told: Callable[[int, int], None]) -> str:
    """Play the sample quarter through inbox and desk, and publish what was learned; gives a line on what was played.

    Interrupted, it is played again at the next start, and adds nothing twice.

    Raises:
        ClicError: the situations do not fit the town, or CLIC did not take them.
    """
    installation = read_installation(folder.path)
    submissions = prepare(town, number)
    connections = {code: installation.publisher(code) for code in sorted({each.publisher for each in submissions})}

    def progress(played: Played) -> None:
        told(played.answered, played.total)

    url = installation.services["intake"]
    agent, reviewer = (
        DeskApi(url, token.read_text(encoding="utf-8").strip()) for token in (folder.agent_token, folder.reviewer_token)
    )
    plan = prepare_access(town, submissions)
    tally, why = asyncio.run(play_whole(connections, submissions, plan, agent, progress))
    today = dt.datetime.now(ZoneInfo(town.calendar.timezone)).date()
    try:
        publish_learnings(town, today, agent, reviewer)
        learned = ""
    except DeskError as error:  # A town's own situations may have people whose names stand in our texts.
        learned = f" What was learned from them is not published: {error}"
    _mark(folder).touch()
    return summary(submissions, tally) + not_said(why) + learned


def _mark(folder: Folder) -> Path:
    return folder.path / MARK
