"""The NATS streams and subjects, in one place."""

from __future__ import annotations

from .vocabulary import RequestId, Service

LOG_STREAM = "CLIC_LOG"
INBOX_STREAM = "CLIC_INBOX"
RECEIPT_STREAM = "CLIC_RECEIPT"
FEED_STREAM = "CLIC_FEED"
QUARANTINE_STREAM = "CLIC_QUARANTINE"
ATTACHMENT_STREAM = "CLIC_ATTACHMENT"

FEED_DOMAIN = "feed"
"""As which JetStream domain subscribers ask for the feed: each is in an account of its own, without streams."""

LOG_PREFIX = "clic.log"
INBOX_PREFIX = "clic.inbox"
RECEIPT_PREFIX = "clic.receipt"
FEED_PREFIX = "clic.feed"
QUARANTINE_PREFIX = "clic.quarantine"
ATTACHMENT_PREFIX = "clic.attachment"


def token(text: str) -> str:
    """A text as one subject token: what NATS reserves is written as `=XX` (hexadecimal UTF-8)."""
    safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return "".join(c if c in safe else "".join(f"={b:02X}" for b in c.encode()) for c in text) or "="


def log_subject(service: Service | str, request_id: RequestId | str) -> str:
    """Where a service's part of a request is kept; `*` for either reads across."""
    return f"{LOG_PREFIX}.{service}.{request_id}"


def parse_log_subject(subject: str) -> tuple[Service, RequestId]:
    """The service and request of a log subject.

    Raises:
        ValueError: it is not a subject of the log.
    """
    before, _, request_id = subject.rpartition(".")
    prefix, _, service = before.rpartition(".")
    if prefix != LOG_PREFIX:
        raise ValueError(f"{subject!r} is not a subject of the log: expected {LOG_PREFIX}.<service>.<request_id>")
    return Service(service), request_id


def inbox_subject(publisher: str, submission_type: str) -> str:
    """Where a publisher puts a submission: `clic.inbox.<publisher>.<type>`."""
    return f"{INBOX_PREFIX}.{publisher}.{submission_type}"


def receipt_subject(publisher: str, event_id: str) -> str:
    """Where the one receipt of a submission is: `clic.receipt.<publisher>.<event id>`."""
    return f"{RECEIPT_PREFIX}.{publisher}.{token(event_id)}"


def feed_subject(event_type: str, request_id: str) -> str:
    """Where subscribers hear of an event: `clic.feed.closed.<request_id>`."""
    name = event_type.rsplit(".", 1)[0].removeprefix("request.").replace(".", "_")
    return f"{FEED_PREFIX}.{name}.{request_id}"


def quarantine_subject(service: str, consumer: str, key: str, sequence: int) -> str:
    """Where a message that one of a service's consumers could not handle is recorded; sequences are its stream's."""
    return f"{QUARANTINE_PREFIX}.{service}.{token(consumer)}.{token(key)}.{sequence}"


def attachment_subject(request_id: str, attachment_id: str = "*", piece: int | str = "*") -> str:
    """Where a piece of an attachment is kept, sealed; `*` reads or purges across."""
    return f"{ATTACHMENT_PREFIX}.{request_id}.{attachment_id}.{piece}"
