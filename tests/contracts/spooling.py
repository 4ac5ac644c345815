"""A publisher in a process of its own, to be killed: publishes with a spool, and says each id once `publish` returned.

`python spooling.py URL SPOOL FIRST COUNT`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from pathlib import Path

from clic_contracts.client import Publisher
from clic_contracts.submission import RequestSubmission

SOURCE = "/telephonie"
SUBMISSION = RequestSubmission.model_validate(RequestSubmission.EXAMPLE)


async def main(url: str, spool: str, first: int, count: int) -> None:
    """Publish without end, or until it is done."""
    publisher = await Publisher.connect(url, "telephonie", spool=Path(spool))
    for number in range(first, first + count):
        await publisher.publish(
            SUBMISSION, source=SOURCE, event_id=f"appel-{number}", occurred_at=dt.datetime.now(dt.UTC)
        )
        sys.stdout.write(f"appel-{number}\n")
        sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
