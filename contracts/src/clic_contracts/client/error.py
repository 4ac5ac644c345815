"""What may go wrong for a publisher; each text says what, and what to do."""

from __future__ import annotations

from collections.abc import Sequence


class ClientError(Exception):
    """Something about publishing or receipts did not work; the text says what, and what to do."""


class PublishFailedError(ClientError):
    """Submissions that were handed over are not in the inbox: publish them again, with the same ids."""

    def __init__(self, failures: Sequence[tuple[str, str]], count: int) -> None:
        event_id, reason = failures[0]
        more = f", and {count - 1} more" if count > 1 else ""
        super().__init__(f"submission {event_id!r}{more} could not be published: {reason}")
        self.event_ids = tuple(event_id for event_id, _ in failures)
        """Ids of the submissions, the first hundred of them."""
        self.count = count


class PublishDeniedError(PublishFailedError):
    """The server does not let this user publish there: the town has to allow it. A spool keeps what was denied."""


class NotDeliveredError(ClientError):
    """Submissions stand in the spool and are not in the inbox yet: they will be, do not publish them again."""

    def __init__(self, count: int, reason: str) -> None:
        super().__init__(f"{count} submission(s) wait in the spool: {reason}")
        self.count = count


class SpoolError(ClientError):
    """The spool's file cannot be used."""


class SpoolFullError(SpoolError):
    """The spool holds as much as it may: this submission was not taken. Publish it again, with the same id."""


class ReceiptTimeoutError(ClientError):
    """No receipt came in time; the submission may still be judged later."""


class ReceiptDeniedError(ClientError):
    """The server does not let this user read its receipts: the town has to allow it."""
