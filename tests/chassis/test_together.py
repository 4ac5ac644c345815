"""Many small writes as one, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import chain

import pytest

from clic_chassis.error import RetryableError
from clic_chassis.testing import wait_until
from clic_chassis.together import BATCH_MAX, Together


class Table:
    """What was written by each statement; a statement ends when it is let go."""

    def __init__(self) -> None:
        self.statements: list[list[int]] = []
        self.go = asyncio.Event()
        self.fails: set[int] = set()

    async def write(self, rows: Sequence[int]) -> None:
        """A statement."""
        self.statements.append(list(rows))
        await self.go.wait()
        if self.fails.intersection(rows):
            raise RetryableError("the table is away")


async def begun(table: Table, rows: Sequence[int]) -> tuple[Together[int], list[asyncio.Task[None]]]:
    """As many tasks that write, the first of which has a statement under way."""
    together = Together(table.write)
    tasks = [asyncio.create_task(together.write(each)) for each in rows]
    await wait_until(lambda: table.statements, what="a statement is under way")
    return together, tasks


async def test_what_comes_while_a_statement_is_under_way_goes_together_in_the_next() -> None:
    table = Table()
    together, tasks = await begun(table, [1])
    tasks += [asyncio.create_task(together.write(each)) for each in (2, 3, 4)]
    await asyncio.sleep(0)
    assert not any(each.done() for each in tasks)
    table.go.set()
    await asyncio.gather(*tasks)
    assert table.statements == [[1], [2, 3, 4]]


async def test_a_statement_is_bounded_and_everything_is_written_once() -> None:
    table = Table()
    _, tasks = await begun(table, range(2 * BATCH_MAX + 1))
    table.go.set()
    await asyncio.gather(*tasks)
    assert max(map(len, table.statements)) == BATCH_MAX
    assert sorted(chain(*table.statements)) == list(range(2 * BATCH_MAX + 1))


async def test_a_failure_is_told_to_all_who_waited_for_that_statement_and_to_nobody_else() -> None:
    table = Table()
    table.fails = {3}
    together, tasks = await begun(table, [1])
    tasks += [asyncio.create_task(together.write(each)) for each in (2, 3)]
    await asyncio.sleep(0)
    table.go.set()
    first, *others = await asyncio.gather(*tasks, return_exceptions=True)
    assert first is None
    assert all(isinstance(each, RetryableError) for each in others)
    await together.write(4)
    assert table.statements[-1] == [4]


async def test_when_who_writes_for_all_is_cut_off_the_others_are_told_that_nothing_is_known() -> None:
    table = Table()
    together, (first,) = await begun(table, [1])
    second, third = (asyncio.create_task(together.write(each)) for each in (2, 3))
    await asyncio.sleep(0)
    table.go.set()
    table.go.clear()  # The first statement ends, the second one is under way.
    await first
    await wait_until(lambda: len(table.statements) == 2, what="the second statement is under way")
    second.cancel()
    with pytest.raises(RetryableError):
        await third
    assert second.cancelled()
    assert table.statements == [[1], [2, 3]]


async def test_who_is_cut_off_while_waiting_is_not_written() -> None:
    table = Table()
    together, (first,) = await begun(table, [1])
    second = asyncio.create_task(together.write(2))
    await asyncio.sleep(0)
    second.cancel()
    table.go.set()
    await first
    await asyncio.wait({second})
    await together.write(3)
    assert table.statements == [[1], [3]]
