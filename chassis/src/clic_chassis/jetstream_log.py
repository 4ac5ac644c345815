"""The event log on NATS JetStream: one exact subject per deciding service and request."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from time import perf_counter
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import ValidationError

from clic_contracts.envelope import TYPES_HEADER, Commit, Recorded, decode_commit, encode_commit
from clic_contracts.subject import LOG_PREFIX, LOG_STREAM, log_subject, parse_log_subject
from clic_contracts.vocabulary import RequestId, Service

from .error import AppendUnknownError, ConflictError, RetryableError, UnreadableError
from .log import MAX_STORY_COMMITS, LogIdentity, Story
from .nats_error import MESSAGE_NOT_FOUND, STALE, STILL_IN_PROCESS
from .nats_header import status_of
from .telemetry import METRICS, trace_headers

APPEND_TIMEOUT_S = 5.0
LOAD_TIMEOUT_S = 5.0
LOAD_BATCH = 1_000
IN_PROCESS_WAITS_S = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
"""A cluster answers an append before it has put it away: the next one on the subject may come too early, and is refused
as if it were stale though nothing went on. After these waits it is taken for a conflict."""

_EXPECT = "Nats-Expected-Last-Subject-Sequence"


class JetStreamLog:
    """See `EventLog`. One permanent inbox subscription takes the answers of direct gets."""

    def __init__(self, nats: Client, *, stream: str = LOG_STREAM) -> None:
        self._nats = nats
        self._stream = stream
        self._prefix = ""
        self._tokens = itertools.count(1)
        self._waiting: dict[str, asyncio.Queue[Msg]] = {}

    async def append(
        self, service: Service, request_id: RequestId, events: Sequence[Recorded], *, expected: int
    ) -> int:
        """See `EventLog.append`."""
        subject = log_subject(service, request_id)
        headers = {
            _EXPECT: str(expected),
            "Nats-Expected-Stream": self._stream,
            TYPES_HEADER: ",".join(event.type for event in events),
            **trace_headers(),
        }
        started = perf_counter()
        said = await self._append(subject, encode_commit(events), headers)
        METRICS.append_seconds.observe(perf_counter() - started)
        if (error_code := _error_code(said)) is not None:
            if error_code in STALE:
                raise ConflictError(subject, expected)
            raise RetryableError(f"{subject}: {said['error'].get('description')} ({error_code})")
        if "seq" not in said:
            raise AppendUnknownError(f"{subject}: no position in the answer")
        for event in events:
            METRICS.events_out.labels(event.type).inc()
        return int(said["seq"])

    async def _append(self, subject: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        """What the stream says, asked again while it is still at work on the subject's last commit."""
        waits = iter(IN_PROCESS_WAITS_S)
        while True:
            try:
                answer = await self._nats.request(subject, body, timeout=APPEND_TIMEOUT_S, headers=headers)
            except (NatsError, OSError) as error:
                raise AppendUnknownError(f"{subject}: {type(error).__name__}") from error
            said: dict[str, Any] = json.loads(answer.data or b"{}")
            wait_s = next(waits, None) if _error_code(said) == STILL_IN_PROCESS else None
            if wait_s is None:
                return said
            await asyncio.sleep(wait_s)

    async def load(self, service: Service, request_id: RequestId, *, fresh: bool = False) -> Story:
        """See `EventLog.load`. A direct get may come from a replica that lags: the expectation makes that safe."""
        subject = log_subject(service, request_id)
        commits: list[Commit] = []
        start = 1
        while True:
            if fresh:
                batch, more = await self._from_leader(subject, start)
            else:
                batch, more = await self._direct(subject, start)
            commits += batch
            if not more:
                return Story(tuple(commits))
            if len(commits) >= MAX_STORY_COMMITS:
                raise UnreadableError(f"{subject} has more than {MAX_STORY_COMMITS} decisions")
            start = commits[-1].sequence + 1

    async def _direct(self, subject: str, start: int) -> tuple[list[Commit], bool]:
        """One direct get: the commits from `start`, and whether more follow."""
        if not self._prefix:
            self._prefix = self._nats.new_inbox()
            await self._nats.subscribe(f"{self._prefix}.*", cb=self._take)
        token = str(next(self._tokens))
        queue: asyncio.Queue[Msg] = asyncio.Queue(maxsize=LOAD_BATCH + 1)
        self._waiting[token] = queue
        try:
            async with asyncio.timeout(LOAD_TIMEOUT_S):
                await self._nats.publish(
                    f"$JS.API.DIRECT.GET.{self._stream}",
                    json.dumps({"batch": LOAD_BATCH, "seq": start, "next_by_subj": subject}).encode(),
                    reply=f"{self._prefix}.{token}",
                )
                commits: list[Commit] = []
                while True:
                    message = await queue.get()
                    headers = message.headers or {}
                    status = status_of(headers)
                    if status == "404":
                        return commits, False
                    if status == "204":
                        return commits, int(headers.get("Nats-Num-Pending", "0")) > 0
                    if status is not None:
                        raise RetryableError(f"{subject}: direct get says {status} {headers.get('Description', '')}")
                    commits.append(
                        decode(headers["Nats-Subject"], int(headers["Nats-Sequence"]), message.data, headers)
                    )
        except (TimeoutError, NatsError, OSError) as error:
            raise RetryableError(f"{subject}: no answer to a load ({type(error).__name__})") from error
        finally:
            del self._waiting[token]

    async def _take(self, message: Msg) -> None:
        queue = self._waiting.get(message.subject.rsplit(".", 1)[1])
        if queue is not None:  # else: an answer to a load that was given up
            queue.put_nowait(message)

    async def _from_leader(self, subject: str, start: int) -> tuple[list[Commit], bool]:
        """The commits from `start` one by one from the stream's leader: after a conflict, and where a replica lags."""
        commits: list[Commit] = []
        sequence = start
        for _ in range(LOAD_BATCH):
            try:
                answer = await self._nats.request(
                    f"$JS.API.STREAM.MSG.GET.{self._stream}",
                    json.dumps({"seq": sequence, "next_by_subj": subject}).encode(),
                    timeout=LOAD_TIMEOUT_S,
                )
            except (NatsError, OSError) as error:
                raise RetryableError(f"{subject}: no answer to a load ({type(error).__name__})") from error
            said = json.loads(answer.data)
            if (code := _error_code(said)) is not None:
                if code == MESSAGE_NOT_FOUND:
                    return commits, False
                raise RetryableError(f"{subject}: {said['error'].get('description')} ({code})")
            commits.append(_decode_stored(said["message"]))
            sequence = commits[-1].sequence + 1
        return commits, True

    async def read(self, *, after: int = 0, filters: Sequence[str] = ()) -> AsyncIterator[Commit]:
        """See `EventLog.read`. Several filters are read one after the other and merged: for tools and tests."""
        last = (await self.identity()).last_sequence
        if len(filters) > 1:
            found = [commit for each in filters async for commit in self.read(after=after, filters=[each])]
            for commit in sorted(found, key=lambda each: each.sequence):
                yield commit
            return
        start, more, pattern = after + 1, True, filters[0] if filters else f"{LOG_PREFIX}.>"
        while more and start <= last:
            commits, more = await self._direct(pattern, start)
            reached = commits[-1].sequence if commits else start - 1
            if not more and reached < last:  # The replica that answered may lag: its leader says whether that is all.
                rest, more = await self._from_leader(pattern, reached + 1)
                commits += rest
            for commit in commits:
                if commit.sequence <= last:
                    yield commit
                start = commit.sequence + 1

    async def identity(self) -> LogIdentity:
        """See `EventLog.identity`."""
        try:
            answer = await self._nats.request(f"$JS.API.STREAM.INFO.{self._stream}", b"", timeout=LOAD_TIMEOUT_S)
        except (NatsError, OSError) as error:
            raise RetryableError(f"{self._stream}: no answer ({type(error).__name__})") from error
        said = json.loads(answer.data)
        if "error" in said:
            raise RetryableError(f"{self._stream}: {said['error'].get('description')}; were the streams made?")
        return LogIdentity(
            self._stream, dt.datetime.fromisoformat(_microseconds(said["created"])), int(said["state"]["last_seq"])
        )


def decode(subject: str, sequence: int, body: bytes, headers: dict[str, str] | None) -> Commit:
    """A commit from a message of the log.

    Raises:
        UnreadableError: the message is not a commit, or holds a type that this code does not know.
    """
    service, request_id = parse_log_subject(subject)
    try:
        events = decode_commit(body, (headers or {}).get(TYPES_HEADER))
    except (ValidationError, ValueError) as error:
        detail = error.errors(include_input=False)[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise UnreadableError(f"{subject} at {sequence}: {detail}") from error
    return Commit(sequence, service, request_id, events)


def _decode_stored(message: dict[str, str]) -> Commit:
    headers = dict(
        line.split(": ", 1)
        for line in base64.b64decode(message.get("hdrs", "")).decode().split("\r\n")[1:]
        if ": " in line
    )
    return decode(message["subject"], int(message["seq"]), base64.b64decode(message["data"]), headers)


def _error_code(said: dict[str, Any]) -> int | None:
    code: int | None = said.get("error", {}).get("err_code")
    return code


def _microseconds(instant: str) -> str:
    """NATS gives nanoseconds, which Python's datetime does not take."""
    head, _, tail = instant.rstrip("Z").partition(".")
    return f"{head}.{(tail + '000000')[:6]}+00:00"
