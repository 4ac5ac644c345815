"""A publisher's client: puts submissions into the inbox and reads their receipts (`docs/publishers/client.md`).

Needs the extra `client` (nats-py, nkeys). JetStream answers a publisher that lacks a permission with silence, and
tells the reason only to the connection's error callback; this client brings the two together.
"""

from .connection import CONNECT_TIMEOUT_S
from .delivery import ANSWER_TIMEOUT_S, MAX_PENDING, TRIES
from .error import (
    ClientError,
    NotDeliveredError,
    PublishDeniedError,
    PublishFailedError,
    ReceiptDeniedError,
    ReceiptTimeoutError,
    SpoolError,
    SpoolFullError,
)
from .publisher import RECEIPT_TIMEOUT_S, Publisher
from .spool import SPOOL_BYTES_MAX

__all__ = [
    "ANSWER_TIMEOUT_S",
    "CONNECT_TIMEOUT_S",
    "MAX_PENDING",
    "RECEIPT_TIMEOUT_S",
    "SPOOL_BYTES_MAX",
    "TRIES",
    "ClientError",
    "NotDeliveredError",
    "PublishDeniedError",
    "PublishFailedError",
    "Publisher",
    "ReceiptDeniedError",
    "ReceiptTimeoutError",
    "SpoolError",
    "SpoolFullError",
]
