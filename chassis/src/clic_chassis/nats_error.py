"""The JetStream error codes that mean something to us (nats-server 2.15, `server/errors.json`)."""

from __future__ import annotations

WRONG_LAST_SEQUENCE = 10071
STILL_IN_PROCESS = 10164
MESSAGE_NOT_FOUND = 10037
STREAM_NOT_FOUND = 10059
CONSUMER_NOT_FOUND = 10014
NO_PLACE = 10005

STALE = frozenset({WRONG_LAST_SEQUENCE, STILL_IN_PROCESS})
"""The expectation of an append does not hold; or a cluster is still at work on the subject, and cannot tell yet."""
ALREADY_DELETED = frozenset({MESSAGE_NOT_FOUND, 10043, 10057})
"""What deleting a message says when it is gone."""
