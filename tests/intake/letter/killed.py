"""Runs the letters of a desk in a process of its own, and kills it like a power cut at the point that it is told.

`python killed.py POINT REQUEST_ID`, settings in the environment. Points, in the order in which they come:
`written` (in the log, not yet in the queue), `begun` (the trace is left, nothing is handed over), `taken` (the mail
server has it, nothing is recorded), `noted` (the queue knows, the log does not), `recorded` (the log knows).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from tests.intake.letter.bureau import Bureau

from clic_chassis.service import open_runtime
from clic_intake.letter.queue import LetterQueue
from clic_intake.settings import IntakeSettings


def die() -> None:
    """As a power cut: nothing is said, nothing is given back."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying(method: Callable[..., Awaitable[Any]], *, before: bool, when: Callable[..., bool]) -> Callable[..., Any]:
    """The method, and death before or after it."""

    async def called(self: LetterQueue, *args: Any, **kwargs: Any) -> Any:
        if before and when(*args):
            die()
        result = await method(self, *args, **kwargs)
        if when(*args):
            die()
        return result

    return called


def holds(event_type: str) -> Callable[..., bool]:
    """Whether commits to be folded hold such an event."""
    return lambda commits, *_: any(each.type.startswith(event_type) for commit in commits for each in commit.events)


def arm(point: str) -> None:
    """Have the process die there."""
    always: Callable[..., bool] = lambda *_: True  # noqa: E731 - a condition like the others
    match point:
        case "written":
            LetterQueue.fold = dying(LetterQueue.fold, before=True, when=holds("letter.written"))  # type: ignore[method-assign]  # What this file is for.
        case "begun":
            LetterQueue.begin = dying(LetterQueue.begin, before=False, when=always)  # type: ignore[method-assign]  # What this file is for.
        case "taken":
            LetterQueue.handed_over = dying(LetterQueue.handed_over, before=True, when=always)  # type: ignore[method-assign]  # What this file is for.
        case "noted":
            LetterQueue.handed_over = dying(LetterQueue.handed_over, before=False, when=always)  # type: ignore[method-assign]  # What this file is for.
        case "recorded":
            LetterQueue.fold = dying(LetterQueue.fold, before=True, when=holds("letter.sent"))  # type: ignore[method-assign]  # What this file is for.


async def main(point: str) -> None:
    """Write and send, until it dies."""
    arm(point)
    async with open_runtime("intake", IntakeSettings.from_environment(), migrations="clic_intake") as runtime:
        bureau = await Bureau.open(runtime)
        await bureau.write_all()
        await bureau.send()
    sys.exit("it lived")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
