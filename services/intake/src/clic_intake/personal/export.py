"""All that the town holds of a person, whole, in a structured and common format: JSON (A-2.1 art. 83)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from clic_chassis.clock import Clock
from clic_chassis.log import EventLog, load_whole
from clic_contracts.envelope import Recorded
from clic_contracts.event import LetterWritten, RequestAttached, ThirdPartyAnswered, ThirdPartyIdentified
from clic_contracts.vocabulary import RequestId, Service
from clic_intake.core.requester import current
from clic_intake.core.state import state_of
from clic_intake.register import Register
from clic_intake.seal import RequestKey

from .attachments import Attachments
from .person import Persons

EXPORT, FORMAT = "clic-person", 1
REQUESTS_MAX = 50
"""Of one export; who has more is given several."""
FILE_BYTES_MAX = 64 * 1024 * 1024
"""Of files in one export; those beyond are named, and given one by one."""


class Exports:
    """Gathers what is held in requests; each is opened for a reason that is recorded before (POL-30)."""

    def __init__(
        self, register: Register, persons: Persons, attachments: Attachments, log: EventLog, clock: Clock
    ) -> None:
        self._register = register
        self._persons = persons
        self._attachments = attachments
        self._log = log
        self._clock = clock

    async def gather(
        self, request_ids: Sequence[RequestId], *, agent: str, reason: str, with_files: bool = True
    ) -> dict[str, Any]:
        """Everything of these requests (at most `REQUESTS_MAX`), as JSON; erased ones are named as such.

        Raises:
            NotFoundError: one of them is not there.
            RetryableError: something is away.
        """
        assert len(request_ids) <= REQUESTS_MAX
        now = self._clock.now()
        left = FILE_BYTES_MAX if with_files else 0
        requests: list[dict[str, Any]] = []
        for each in request_ids:
            await self._register.record_opening(now, agent, each, reason)
            request, used = await self._request(each, left)
            left -= used
            requests.append(request)
        return {
            "export": EXPORT,
            "format": FORMAT,
            "made_at": now.isoformat(),
            "made_by": f"agent:{agent}",
            "reason": reason,
            "requests": requests,
        }

    async def _request(self, request_id: RequestId, bytes_left: int) -> tuple[dict[str, Any], int]:
        """A request, and the bytes of files that are in it."""
        entry = await self._register.entry(request_id)
        whole = await load_whole(self._log, request_id)
        events, received = whole.events, whole.received
        files, used = await self._files(request_id, events, entry.key, bytes_left)
        return {
            "request_id": request_id,
            "reference": entry.reference,
            "kind": received.kind.value if received is not None else None,
            "subject": received.subject if received is not None else None,
            "phase": state_of(e for e in events if e.data.BY is Service.INTAKE).phase.value,
            "erased": entry.erased,
            "requester": dict(current(events, entry.key.open)) if entry.key is not None else None,
            "facts": [_fact(each, entry.key) for each in events],
            "files": files,
            "openings": [
                {"opened_at": each.opened_at.isoformat(), "agent": each.agent, "reason": each.reason}
                for each in await self._persons.openings([request_id])
            ],
        }, used

    async def _files(
        self, request_id: RequestId, events: Sequence[Recorded], key: RequestKey | None, bytes_left: int
    ) -> tuple[list[dict[str, Any]], int]:
        files: list[dict[str, Any]] = []
        used = 0
        for fact in (each.data for each in events if isinstance(each.data, RequestAttached)):
            file: dict[str, Any] = {
                "attachment_id": fact.attachment_id,
                "name": key.open(fact.sealed).get("name") if key is not None and fact.sealed is not None else None,
                "media_type": fact.media_type,
                "size_bytes": fact.size_bytes,
                "content_base64": None,
            }
            if key is not None and used + fact.size_bytes <= bytes_left:
                content = (await self._attachments.read(request_id, fact.attachment_id)).content
                file["content_base64"] = base64.b64encode(content).decode()
                used += fact.size_bytes
            files.append(file)
        return files, used


def _fact(recorded: Recorded, key: RequestKey | None) -> dict[str, Any]:
    seal = None if _is_of_others(recorded) else getattr(recorded.data, "sealed", None)
    return {
        "type": recorded.type,
        "occurred_at": recorded.occurred_at.isoformat(),
        "recorded_at": recorded.recorded_at.isoformat(),
        "actor": recorded.actor,
        "data": recorded.data.model_dump(mode="json", exclude={"sealed", "content_digest"}, exclude_none=True),
        "content": dict(key.open(seal)) if key is not None and seal is not None else None,
    }


def _is_of_others(recorded: Recorded) -> bool:
    """Whether what is sealed is about a third party rather than about who asks. Source: A-2.1 art. 53."""
    match recorded.data:
        case ThirdPartyIdentified() | ThirdPartyAnswered():
            return True
        case LetterWritten(third_party_id=third_party_id):
            return third_party_id is not None
        case _:
            return False
