"""Reading the log at full speed: natsrpy, no gap unseen, nothing decoded yet.

Decision 0007: natsrpy reads twice as fast as nats-py's best way; it is used where only speed counts. A rebuild's fill
reads by `clic_reporting.rebuild.wire` where it can (decision 0012).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import structlog
from natsrpy import Nats
from natsrpy.exceptions import NatsrpyBaseError
from natsrpy.js import AckPolicy, DeliverPolicy, PullConsumer, PullConsumerConfig

from clic_chassis.error import RetryableError
from clic_chassis.log_tail import GapError
from clic_chassis.nats_credential import NatsCredential
from clic_chassis.projector import CannotFoldError
from clic_contracts.subject import LOG_PREFIX, log_subject
from clic_contracts.vocabulary import Service

log = structlog.get_logger()

FETCH_COMMITS = 5_000
"""Commits of one fetch, and of one step of the fold."""
FETCH_TIMEOUT_S = 10.0
TRUSTED = "SSL_CERT_FILE"

Raw = tuple[int, str, bytes]
"""A commit as it is stored: its position, whose story, and its body."""

PREFIXES: Final = frozenset(log_subject(service, "")[:-1] for service in Service)
"""What stands before a request's id in a subject of the log."""


@contextlib.asynccontextmanager
async def open_reader(url: str, credential: NatsCredential) -> AsyncIterator[Nats]:
    """A fast client of the log's servers, separated by commas, under the user's own inbox prefix.

    Raises:
        RetryableError: it could not connect.
        CredentialError: its key cannot be used.
    """
    addresses = [each.strip() for each in url.split(",")]
    if credential.ca_file is not None:  # natsrpy uses TLS where the address says so.
        addresses = [each.replace("nats://", "tls://", 1) for each in addresses]
    reader = Nats(
        addrs=addresses,
        nkey=credential.seed(),
        custom_inbox_prefix=credential.inbox_prefix if credential.user else None,
    )
    with _trusting(credential.ca_file):
        try:
            await reader.startup()
        except NatsrpyBaseError as error:
            raise RetryableError(f"NATS cannot be reached at {url}: {type(error).__name__}") from error
        try:
            yield reader
        finally:
            await reader.shutdown()


@contextlib.contextmanager
def _trusting(ca_file: Path | None) -> Iterator[None]:
    """Natsrpy 0.1.4 has no setting for an authority: it trusts those of the system, or of the file that this names."""
    before = os.environ.get(TRUSTED)
    if ca_file is not None:
        os.environ[TRUSTED] = str(ca_file)
    try:
        yield
    finally:
        os.environ.pop(TRUSTED, None)
        if before is not None:
            os.environ[TRUSTED] = before


async def read_raw(reader: Nats, stream: str, *, after: int, until: int) -> AsyncGenerator[list[Raw], None]:
    """Commits after a position (exclusive) to another (inclusive), in lists; the next fetch is always under way.

    Raises:
        GapError: a message is missing.
        CannotFoldError: a message is of no story.
        RetryableError: the server did not answer.
    """
    if after >= until:
        return
    consumer = await open_consumer(reader, stream, after)
    position = after
    fetch: asyncio.Task[list[Any]] | None = asyncio.create_task(_fetch(consumer, until - position))
    try:
        while fetch is not None:
            under_way, fetch = fetch, None
            messages = await under_way
            if not messages:
                raise RetryableError(f"{stream} gave nothing after {position} for {FETCH_TIMEOUT_S:.0f} s")
            if (left := until - position - len(messages)) > 0:
                fetch = asyncio.create_task(_fetch(consumer, left))
                await asyncio.sleep(0)  # It begins now, not when the list was used.
            yield _raw(messages, position)
            position += len(messages)
    finally:
        if fetch is not None:  # The reader was left early.
            fetch.cancel()
            await ended(fetch, "fetch")


async def open_consumer(reader: Nats, stream: str, after: int) -> PullConsumer:
    """A consumer of the log after a position, which acknowledges nothing and goes by itself.

    Raises:
        RetryableError: the server did not make one.
    """
    try:
        consumers = (await (await reader.jetstream()).streams.get(stream)).consumers
        return await consumers.create(
            PullConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                delivery_start_sequence=after + 1,
                ack_policy=AckPolicy.NONE,
                inactive_threshold=60,
                memory_storage=True,
                num_replicas=1,
            )
        )
    except Exception as error:
        raise RetryableError(f"{stream} cannot be read now: {type(error).__name__}") from error


async def _fetch(consumer: PullConsumer, wanted: int) -> list[Any]:
    try:
        return list(await consumer.fetch(max_messages=min(FETCH_COMMITS, wanted), timeout=FETCH_TIMEOUT_S))
    except Exception as error:
        raise RetryableError(f"the log did not answer: {type(error).__name__}") from error


def _raw(messages: list[Any], position: int) -> list[Raw]:
    raws: list[Raw] = []
    for message in messages:
        position += 1
        sequence: int = message.stream_sequence
        if sequence != position:
            raise GapError(position, sequence)
        prefix, _, request_id = message.subject.rpartition(".")
        if prefix not in PREFIXES:
            raise CannotFoldError(sequence, f"its subject is not {LOG_PREFIX}.<service>.<request_id>")
        raws.append((sequence, request_id, message.payload))
    return raws


async def ended(task: asyncio.Task[Any], what: str) -> None:
    """Wait for the end of a task whose outcome no longer matters to what is being given up."""
    await asyncio.wait({task})
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("abandoned_work_failed", what=what, error=type(error).__name__)
