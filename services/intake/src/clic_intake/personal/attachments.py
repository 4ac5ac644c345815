"""Files of a request: sealed in pieces on a stream beside the log; their facts are in the log (POL-28, POL-30).

See `docs/decisions/0024-personal-data.md` for why a stream and not the register's database.
"""

from __future__ import annotations

import datetime as dt
import hmac
import json
from dataclasses import dataclass
from math import ceil
from typing import Any

import filetype
from nats.aio.client import Client
from nats.errors import Error as NatsError

from clic_chassis.decider import Fact
from clic_chassis.decision import Decisions
from clic_chassis.error import NotFoundError, RefusedError, RetryableError
from clic_chassis.log import EventLog, Story
from clic_chassis.nats_header import status_of
from clic_contracts.envelope import Recorded, derive_id
from clic_contracts.event import RequestAttached, RequestReceived
from clic_contracts.subject import ATTACHMENT_STREAM, attachment_subject
from clic_contracts.vocabulary import RequestId, Service
from clic_intake.core.media import FILES_MAX, UnfitFileError, file_name, media_type
from clic_intake.core.rule import UnknownRequestError
from clic_intake.desk import OtherContentError
from clic_intake.register import Register
from clic_intake.seal import RequestKey

PIECE_BYTES = 512 * 1024
"""Of a file in one message, which must stay below the stream's `max_msg_size`. A storage format: change it never."""
TIMEOUT_S = 10.0


class ErasedError(RefusedError):
    """The personal data of a request was erased: nothing personal can be read or kept any more."""

    code = "erased"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file as it was given."""

    name: str
    media_type: str
    content: bytes


class Attachments:
    """Adds, reads and purges files."""

    def __init__(self, nats: Client, register: Register, decisions: Decisions, log: EventLog) -> None:
        self._nats = nats
        self._register = register
        self._decisions = decisions
        self._log = log

    async def add(
        self, request_id: RequestId, name: str, content: bytes, *, actor: str, cause_id: str, at: dt.datetime
    ) -> str:
        """Attach a file to a request; gives its id. The same cause again gives the same id.

        Content is stored before its fact: what a crash leaves without one is sealed, replaced when the same is said
        again, and goes when its request is erased.

        Raises:
            UnfitFileError: its kind or size is not taken, or the request has `FILES_MAX` already.
            UnknownRequestError: there is no such request.
            ErasedError: the request was erased.
            OtherContentError: another file was attached with this cause.
            RetryableError: a server is away; the same may be said again.
        """
        kind = media_type(content, _signature)
        before = await self._log.load(Service.INTAKE, request_id)
        if not (known := before.caused_by(cause_id)):
            _check_room(before)
        key = await self._key(request_id)
        attachment_id = derive_id("attachment", request_id, cause_id)
        digest = key.digest(content)
        if known:
            return _same(known, attachment_id, digest)
        attached = RequestAttached(
            attachment_id=attachment_id,
            media_type=kind,
            size_bytes=len(content),
            content_digest=digest,
            sealed=key.seal({"name": file_name(name, kind)}),
        )

        def decide(story: Story) -> tuple[Fact, ...]:
            _check_room(story)
            return (Fact(attached, at),)

        await self._store(key, request_id, attachment_id, content)
        try:
            decided = await self._decisions.decide(request_id, decide, cause_id=cause_id, actor=actor)
        except RefusedError:
            await self.purge(request_id, attachment_id)
            raise
        return _same(decided.events, attachment_id, digest)

    async def read(self, request_id: RequestId, attachment_id: str) -> Attachment:
        """A file. Who reads it and why is recorded by the caller (`Register.record_opening`), as for every seal.

        Raises:
            NotFoundError: the request has no such file.
            ErasedError: the request was erased.
            SealError: what is stored is not what was sealed.
            RetryableError: a server is away.
        """
        story = await self._log.load(Service.INTAKE, request_id)
        fact = next(
            (
                e.data
                for e in story.events
                if isinstance(e.data, RequestAttached) and e.data.attachment_id == attachment_id
            ),
            None,
        )
        if fact is None:
            raise NotFoundError("the request has no such file: its story lists those that it has")
        key = await self._key(request_id)
        count = _pieces(fact.size_bytes)
        pieces = [
            key.open_bytes(await self._get(request_id, attachment_id, n), _place(attachment_id, n, count))
            for n in range(count)
        ]
        name = key.open(fact.sealed)["name"] if fact.sealed is not None else ""
        return Attachment(name, fact.media_type, b"".join(pieces))

    async def purge(self, request_id: RequestId, attachment_id: str = "*") -> None:
        """Remove a request's files, or one of them, from the stream.

        Raises:
            RetryableError: NATS is away.
        """
        body = json.dumps({"filter": attachment_subject(request_id, attachment_id)}).encode()
        said = json.loads(await self._ask(f"$JS.API.STREAM.PURGE.{ATTACHMENT_STREAM}", body))
        if "error" in said:
            raise RetryableError(f"attachments were not purged: {said['error'].get('description')}")

    async def _key(self, request_id: RequestId) -> RequestKey:
        try:
            key = (await self._register.entry(request_id, with_key=True)).key
        except NotFoundError as error:
            raise UnknownRequestError(str(error)) from error
        if key is None:
            raise ErasedError("the personal data of this request was erased")
        return key

    async def _store(self, key: RequestKey, request_id: RequestId, attachment_id: str, content: bytes) -> None:
        count = _pieces(len(content))
        for n in range(count):
            piece = content[n * PIECE_BYTES : (n + 1) * PIECE_BYTES]
            sealed = key.seal_bytes(piece, _place(attachment_id, n, count))
            said = json.loads(await self._ask(attachment_subject(request_id, attachment_id, n), sealed))
            if "error" in said:
                raise RetryableError(f"the file was not stored: {said['error'].get('description')}")

    async def _get(self, request_id: RequestId, attachment_id: str, piece: int) -> bytes:
        subject = attachment_subject(request_id, attachment_id, piece)
        try:
            answer = await self._nats.request(
                f"$JS.API.DIRECT.GET.{ATTACHMENT_STREAM}.{subject}", b"", timeout=TIMEOUT_S
            )
        except (NatsError, OSError) as error:
            raise RetryableError(f"attachments: no answer ({type(error).__name__})") from error
        if (status := status_of(answer.headers or {})) is not None:
            raise RetryableError(f"piece {piece} of the file is not there ({status}): was a backup restored?")
        return answer.data

    async def _ask(self, subject: str, body: bytes) -> Any:
        try:
            return (await self._nats.request(subject, body, timeout=TIMEOUT_S)).data
        except (NatsError, OSError) as error:
            raise RetryableError(f"attachments: no answer ({type(error).__name__})") from error


def _check_room(story: Story) -> None:
    if not any(isinstance(each.data, RequestReceived) for each in story.events):
        raise UnknownRequestError("no such request: send its submission first, or correct the id")
    if sum(isinstance(each.data, RequestAttached) for each in story.events) >= FILES_MAX:
        raise UnfitFileError(f"the request has {FILES_MAX} files already: no more are taken")


def _same(events: tuple[Recorded, ...], attachment_id: str, digest: str) -> str:
    """The id, where the file of these facts is this one."""
    fact = events[0].data
    if not isinstance(fact, RequestAttached) or not hmac.compare_digest(fact.content_digest, digest):
        raise OtherContentError("something else was said with this cause: give a new file a cause of its own")
    return attachment_id


def _pieces(size_bytes: int) -> int:
    return max(1, ceil(size_bytes / PIECE_BYTES))


def _place(attachment_id: str, piece: int, count: int) -> str:
    """Sealed with each piece: none can stand for another, be left out or come from another file."""
    return f"{attachment_id}\n{piece}\n{count}"


def _signature(content: bytes) -> str | None:
    """The media type that a file's first bytes tell."""
    found = filetype.guess(content)
    return None if found is None else str(found.mime)
