"""Duplicates whose request ended without an answer that serves them: they go on by themselves again.

A merge looks at two requests, and an append guards one. Two decisions that cross (two requests joined to each other,
a request withdrawn while another is joined to it) could leave a citizen without an answer. Nobody is made to wait for
a lock over two stories: this process, which hears of both in the log's order, undoes the merge.
"""

from __future__ import annotations

import structlog

from clic_contracts.envelope import Commit, Recorded
from clic_contracts.event import RequestClosed, RequestMerged, RequestReopened, RequestVoided
from clic_contracts.vocabulary import ClosingReason, Phase, ReopeningReason, RequestId
from clic_intake.core.request import Record
from clic_intake.core.state import AWAITING_ANSWER, Request
from clic_intake.desk import Desk

from .index import Duplicates

log = structlog.get_logger()

ACTOR = "rule:duplicate_goes_on"


class Orphans:
    """Undoes merges into requests that serve nobody any more. Source: POL-27."""

    def __init__(self, desk: Desk, duplicates: Duplicates) -> None:
        self._desk = desk
        self._duplicates = duplicates

    async def handle(self, commit: Commit) -> None:
        """What a commit of intake does to duplicates; right in any order and any number of times.

        Raises:
            RetryableError: the database or the log is away; try again.
        """
        for event in commit.events:
            match event.data:
                case RequestMerged(into=into):
                    then = await self._duplicates.state(into, before=commit.sequence)
                    if not _still_serves(then):
                        await self._go_on(event.request_id, into, event)
                case RequestClosed(reason=ClosingReason.ANSWERED):
                    pass  # Its duplicates were told the answer.
                case RequestClosed() | RequestVoided():
                    await self._ended(event, commit)
                case _:
                    pass

    async def _ended(self, event: Recorded, commit: Commit) -> None:
        parent_id = event.request_id
        if not await self._duplicates.may_have_children(parent_id):
            return
        if (await self._duplicates.state(parent_id, before=commit.sequence)).answered_since:
            return
        for child_id in await self._duplicates.children(parent_id):
            await self._go_on(child_id, parent_id, event)

    async def _go_on(self, child_id: RequestId, parent_id: RequestId, because: Recorded) -> None:
        child = await self._duplicates.state(child_id)
        if child.merged_into != parent_id or child.phase is not Phase.CLOSED or child.erased:
            return  # Undone already, no request at all, or nobody is left to be answered.
        reopening = RequestReopened(reason=ReopeningReason.MERGED_IN_ERROR)
        await self._desk.command(
            child_id,
            Record(reopening, because.recorded_at),
            cause_id=f"{because.event_id}\ngoes on",
            actor=ACTOR,
            timed=False,
        )
        log.info("duplicate_goes_on", request_id=child_id, parent_id=parent_id)


def _still_serves(parent: Request) -> bool:
    """Whether a request could go on for another, as the merge's rule asks."""
    return parent.phase in AWAITING_ANSWER and parent.merged_into is None and not parent.erased
