"""The lists that agents read: what stands in each, in which order, page by page, and nothing that is not theirs."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest
from tests.intake.worklist.table import DESK, GREFFE, OTHER, ROADS, Table, due, request_id, row

from clic_chassis import sql
from clic_chassis.agents import Agent
from clic_chassis.error import RetryableError
from clic_chassis.scenario import NOON
from clic_contracts.vocabulary import LetterKind, Missing, Phase
from clic_intake.core.worklist import Undelivered
from clic_intake.worklist.access import LISTED_MAX
from clic_intake.worklist.query import (
    _DUE,
    _OF_A_DEPARTMENT,
    _ORDER,
    COUNTED_MAX,
    EXAMINED_MAX,
    PAGE_ROWS,
    CursorError,
    Filters,
    ListName,
    _statement,
)

EXPLAIN_ROWS = 200_000
ACCESS = sql.load("clic_intake.worklist", "access.sql")


async def listed(table: Table, agent: Agent, name: ListName, **filters: str) -> list[int]:
    """The numbers of the requests on the first page of a list."""
    page = await table.lists.page(agent, name, Filters(**filters))
    return [each.request_key for each in page.entries]


async def test_a_safety_report_is_not_listed_as_waiting_for_its_citizen(table: Table) -> None:
    """POL-06: it is acted on, whatever it lacks."""
    await table.put(row(1, missing=(Missing.NAME,), waiting_since=NOON, urgent=True))
    assert await listed(table, DESK, ListName.WAITING) == []
    assert await listed(table, DESK, ListName.PENDING) == [1]


async def test_each_list_holds_what_it_is_called_and_begins_with_what_is_due_first(table: Table) -> None:
    """POL-29."""
    failed = (Undelivered("6f9619ff-8b86-5d11-b42d-00cf4fc964ff", LetterKind.ANSWER),)
    await table.put(
        row(1, owed=due(9), assigned_to=DESK.actor),
        row(2, owed=due(5), assigned_to=OTHER.actor),
        row(3, owed=due(7, warned=True)),
        row(4, owed=due(-3, warned=True, missed=True)),
        row(5, owed=(), missing=(Missing.CONTACT,), waiting_since=NOON),
        row(6, owed=due(1), unusual=True, department="clic"),
        row(7, owed=(), phase=Phase.CLOSED, closed_at=NOON, undelivered=failed, assigned_to=DESK.actor),
        row(8, owed=(), phase=Phase.CLOSED, closed_at=NOON, heard_since=NOON + dt.timedelta(days=2)),
        row(9, owed=(), phase=Phase.REFUSED, heard_since=NOON + dt.timedelta(days=1)),
    )

    found = {name: await listed(table, DESK, name) for name in ListName}

    assert found == {
        ListName.MINE: [1],
        ListName.DEPARTMENT: [6],
        ListName.UNASSIGNED: [4, 6, 3, 5],
        ListName.RISK: [3],
        ListName.LATE: [4],
        ListName.WAITING: [5],
        ListName.UNUSUAL: [6],
        ListName.LETTERS: [7],
        ListName.NEWS: [9, 8],
        ListName.PENDING: [4, 6, 2, 3, 1, 5],
        ListName.ALL: [9, 8, 7, 6, 5, 4, 3, 2, 1],
    }
    assert await listed(table, ROADS, ListName.DEPARTMENT) == [4, 2, 3, 1, 5]
    assert await table.lists.counts(DESK) == {name: len(found[name]) for name in ListName if name is not ListName.ALL}


@pytest.mark.parametrize(
    "narrowed",
    [
        {"department": "greffe"},
        {"subject": "provincial_road"},
        {"kind": "complaint"},
        {"sector": "nord"},
        {"phase": "reopened"},
    ],
)
async def test_a_list_is_narrowed_by_each_filter(table: Table, narrowed: dict[str, str]) -> None:
    """POL-29."""
    await table.put(
        row(1), row(2, **{name: Phase(value) if name == "phase" else value for name, value in narrowed.items()})
    )

    for name in (ListName.PENDING, ListName.UNASSIGNED, ListName.ALL):
        assert await listed(table, DESK, name, **narrowed) == [2]
    assert await listed(table, DESK, ListName.LATE, **narrowed) == []


async def test_pages_follow_each_other_without_a_gap_or_a_repetition_while_the_list_moves(table: Table) -> None:
    """By key, not by number: what comes or goes in front of a page does not shift the next one."""
    many = 2 * PAGE_ROWS + 7
    await table.put(*(row(n, owed=due(n // 3)) for n in range(1, many + 1)))
    await table.put(row(900, owed=(), department=None))

    first = await table.lists.page(DESK, ListName.PENDING)
    await table.put(row(1, phase=Phase.CLOSED), row(901, owed=due(-1)))
    second = await table.lists.page(DESK, ListName.PENDING, after=first.after)
    third = await table.lists.page(DESK, ListName.PENDING, after=second.after)

    keys = [each.request_key for page in (first, second, third) for each in page.entries]
    assert keys == [*range(1, many + 1), 900]
    assert (len(first.entries), third.after) == (PAGE_ROWS, None)

    newest = await table.lists.page(DESK, ListName.ALL)
    older = await table.lists.page(DESK, ListName.ALL, after=newest.after)
    assert [each.request_key for each in (*newest.entries, *older.entries)] == [901, 900, *range(many, 9, -1)]


async def test_news_is_paged_by_how_long_it_has_waited(table: Table) -> None:
    """POL-29: by key, also where many came at once."""
    many = PAGE_ROWS + 7
    since = [NOON - dt.timedelta(minutes=n // 3) for n in range(1, many + 1)]
    await table.put(*(row(n, phase=Phase.CLOSED, heard_since=at) for n, at in enumerate(since, 1)))

    first = await table.lists.page(DESK, ListName.NEWS)
    second = await table.lists.page(DESK, ListName.NEWS, after=first.after)

    keys = [each.request_key for page in (first, second) for each in page.entries]
    assert keys == sorted(range(1, many + 1), key=lambda n: (since[n - 1], n))
    assert (len(first.entries), second.after) == (PAGE_ROWS, None)


async def test_a_filter_that_little_fits_looks_at_a_bounded_number_and_says_where_to_go_on(table: Table) -> None:
    """A page costs the same whatever is asked for."""
    await table.put(*(row(n, owed=due(n)) for n in range(1, EXAMINED_MAX + 2)))
    await table.put(row(EXAMINED_MAX + 5, owed=due(EXAMINED_MAX + 5), subject="provincial_road"))

    first = await table.lists.page(DESK, ListName.PENDING, Filters(subject="provincial_road"))
    second = await table.lists.page(DESK, ListName.PENDING, Filters(subject="provincial_road"), first.after)

    assert (first.entries, first.after is not None) == ((), True)
    assert ([each.request_key for each in second.entries], second.after) == ([EXAMINED_MAX + 5], None)
    assert (await table.lists.counts(DESK))[ListName.PENDING] == COUNTED_MAX + 1


async def test_a_confidential_request_is_neither_listed_nor_counted_nor_found_without_its_role(table: Table) -> None:
    """POL-26."""
    secret = row(
        2, owed=due(-1, warned=True), confidential_to="greffe", department="greffe", kind="access_to_information",
        missing=(Missing.PRECISION,), unusual=True, subject=None,
        undelivered=(Undelivered("6f9619ff-8b86-5d11-b42d-00cf4fc964ff", LetterKind.MISSING),), heard_since=NOON,
    )  # fmt: skip
    await table.put(row(1), secret)
    lists = table.lists

    for name in ListName:
        assert 2 not in await listed(table, DESK, name)
        assert 2 not in await listed(table, DESK, name, department="greffe")
    assert sum((await lists.counts(DESK)).values()) == 2
    assert await lists.by_reference(DESK, "2026-000002") is None
    assert await lists.by_id(DESK, [request_id(2)]) == ()

    seen = {name for name in ListName if 2 in await listed(table, GREFFE, name)}
    assert seen == set(ListName) - {ListName.MINE, ListName.RISK}
    assert sum((await lists.counts(GREFFE)).values()) == 2 + 8
    found = await lists.by_reference(GREFFE, "2026-000002")
    assert found is not None
    assert found.confidential
    assert [each.request_key for each in await lists.by_id(GREFFE, [request_id(2), request_id(1)])] == [2, 1]


async def test_a_page_that_no_page_led_to_is_refused(table: Table) -> None:
    """Whatever is typed there."""
    for name, after in (
        (ListName.ALL, "x"), (ListName.ALL, "-1"), (ListName.ALL, str(2**63)),
        (ListName.LATE, ""), (ListName.LATE, "2026-05-15~1"), (ListName.LATE, "2026-05-15T12:00Z~x"),
    ):  # fmt: skip
        with pytest.raises(CursorError, match="after"):
            await table.lists.page(DESK, name, after=after)


async def test_lists_that_are_not_made_yet_are_something_to_try_again(table: Table) -> None:
    """As at the first start, or while they are made anew."""
    assert await table.lists.position() == 0  # Made, and nothing is folded yet.
    await table.pool.execute("DROP SCHEMA desk CASCADE")

    with pytest.raises(RetryableError, match="not made yet"):
        await table.lists.counts(DESK)


async def filled(table: Table) -> None:
    """Many rows, two in five pending; one in fifty confidential."""
    await table.pool.execute(
        """
        INSERT INTO desk.request (request_id, request_key, reference, kind, subject, sector, channel, language, origin,
            publisher, phase, received_at, updated_at, last_sequence, department, first_line, unusual, urgent,
            confidential_to, assigned_to, missing, due_at, warned, missed, answered, letters_failed, public_text,
            public_notes, erased, owed, undelivered, pending, heard_since)
        SELECT gen_random_uuid(), n, '2026-' || lpad(n::text, 6, '0'),
            CASE WHEN n % 50 = 0 THEN 'access_to_information' ELSE 'report' END, 'pothole', 'centre', 'phone', 'fr',
            'live', 'telephonie', 'in_treatment', now() - n * interval '1 minute', now(), n, 'd' || n % 12,
            false, n % 97 = 0, false,
            CASE WHEN n % 50 = 0 THEN 'greffe' END, CASE WHEN n % 3 = 0 THEN 'agent:a' || n % 40 END,
            CASE WHEN n % 23 = 0 THEN ARRAY['contact'] END,
            CASE WHEN n % 5 < 2 THEN now() + (n % 900 - 300) * interval '1 hour' END, n % 11 = 0, n % 900 < 300, false,
            (n % 211 = 0)::int, '', '', false, '[]', '[]', n % 5 < 2,
            CASE WHEN n % 100 = 3 THEN now() END
        FROM generate_series(1, $1::int) n
        """,
        EXPLAIN_ROWS,
    )
    await table.pool.execute("VACUUM ANALYZE desk.request")


async def plan_of(table: Table, statement: str, *values: Any) -> list[dict[str, Any]]:
    """Every node of a statement's generic plan as it ran: what any parameters get."""
    async with table.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        types = await connection.prepare(statement)
        names = ", ".join(
            each.name + ("[]" if each.kind == "array" and not each.name.endswith("[]") else "")
            for each in types.get_parameters()
        )
        await connection.execute(f"PREPARE asked ({names}) AS {statement}")
        told = await connection.fetchval(
            f"EXPLAIN (ANALYZE, FORMAT json) EXECUTE asked ({', '.join(map(literal, values))})"
        )
        await connection.execute("DEALLOCATE asked")
    nodes, waiting = [], [json.loads(told)[0]["Plan"]]
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        waiting += node.get("Plans", [])
    return nodes


def literal(value: Any) -> str:
    """A value as SQL writes it."""
    if value is None or isinstance(value, int):
        return "NULL" if value is None else str(value)
    if isinstance(value, list):
        return f"ARRAY[{', '.join(map(literal, value))}]::text[]"
    return f"'{value}'"


@pytest.mark.slow
async def test_every_list_is_read_from_an_index_and_sorts_no_more_than_a_page(table: Table) -> None:
    """Whatever the parameters, and whoever asks: no scan of the table, no sort of everything."""
    await filled(table)
    lists, realms, now = table.lists, ["", "greffe"], dt.datetime.now(dt.UTC)
    first = (dt.datetime(1, 1, 1, tzinfo=dt.UTC), 0)
    asked: list[tuple[str, int, str, tuple[Any, ...]]] = []
    for limit in (PAGE_ROWS + 1, EXAMINED_MAX):
        for name in ListName:
            if name is ListName.ALL:
                statement = _statement("recent", "", limit)
                asked.append((name, limit, statement, (realms, 2**62, *[None] * 5, PAGE_ROWS + 2)))
                continue
            where, parts = lists._part(GREFFE, name, None)
            statement = _statement("by_due", where, limit, _ORDER.get(name, _DUE))
            asked.append((name, limit, statement, (realms, parts, now, *first, *[None] * 5, PAGE_ROWS + 2)))
        for name in _OF_A_DEPARTMENT:
            where, parts = lists._part(GREFFE, name, "d3")
            asked.append(
                (
                    f"{name} of a department",
                    limit,
                    _statement("by_due", where, limit),
                    (realms, parts, now, *first, *[None] * 5, PAGE_ROWS + 2),
                )
            )

    for which in ("pending", "done"):
        statement = ACCESS[which].replace("{limit}", str(LISTED_MAX + 1))
        asked.append((f"access requests {which}", LISTED_MAX + 1, statement, (realms,)))
    year = dt.timedelta(days=365)
    asked.append(("access requests of a year", 20, ACCESS["received"], (now - year, now, -1, 20)))

    wrong = []
    for what, limit, statement, values in asked:
        for node in await plan_of(table, statement, *values):
            kind, rows = node["Node Type"], node["Actual Rows"]
            if kind in ("Seq Scan", "Bitmap Heap Scan") or rows > 4 * limit:
                wrong.append(f"{what}: {kind} of {rows} rows")
            if kind.endswith("Scan") and node.get("Relation Name") == "request" and rows > limit:
                wrong.append(f"{what}: {kind} reads {rows} rows")

    assert wrong == []
    assert not re.search(r"OFFSET", "".join(statement for _, _, statement, _ in asked))
