"""Tables as anybody may read them: what is hidden stands in no cell, no order and no missing row. Source: POL-38."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from .language import Words
from .period import parse_period
from .suppression import PERCENTILE_REQUESTS_MIN
from .table import Cell, Row, Table, Unit, counts

IN_ORDER = frozenset({"balance", "quarters", "backlog_by_age", "satisfaction", "indicators", "delays"})
"""Tables whose rows stand in an order of their own. In all others it would tell what their counts are."""
DELAYS = ("median_days", "p90_days")
"""Ends of the names of delays, which tell those of single requests where there are few."""


@dataclass(frozen=True)
class Protection:
    """What of some tables is not to be read."""

    hidden: frozenset[str] = frozenset()
    standing: Mapping[str, int] = field(default_factory=dict)
    """Of hidden counts, what was published before: it is shown in their place."""
    whole_groups: frozenset[str] = frozenset()
    """Counts of groups of which nothing is shown: not even which codes they have."""
    left_out: frozenset[str] = frozenset()
    """Of these, counts of breakdowns that the edition does not have."""


def public(tables: Iterable[Table], protection: Protection, words: Words) -> tuple[Table, ...]:
    """Tables without what is hidden, without what is worked out of it, and without delays of few requests."""
    exact = tuple(tables)
    found = counts(exact)
    few = frozenset(
        cell.name
        for table in exact
        for row in table.rows
        for cell in row.cells
        if cell.name is not None
        and cell.name.endswith(DELAYS)
        and any(found.get(each, 0) < PERCENTILE_REQUESTS_MIN for each in cell.of)
    )
    return tuple(_public(table, protection, few, words) for table in exact)


def _public(table: Table, protection: Protection, few: frozenset[str], words: Words) -> Table:
    rows = [
        row.model_copy(update={"cells": tuple(_cell(cell, protection, few) for cell in row.cells)})
        for row in table.rows
        if not _tells_of_a_hidden_group(row, protection)
    ]
    if table.key not in IN_ORDER:
        rows = _in_public_order(table, rows)
    notes = table.notes
    if any(cell.name in protection.standing for row in table.rows for cell in row.cells):
        notes += (_standing_note(words),)
    left_out = _periods_left_out(table, protection)
    if left_out:
        notes += (_left_out_note(left_out, words),)
    if any(_tells_of_a_hidden_group(row, protection, but=protection.left_out) for row in table.rows):
        notes += (_group_note(words),)
    return table.model_copy(update={"rows": tuple(rows), "notes": notes})


def _cell(cell: Cell, protection: Protection, few: frozenset[str]) -> Cell:
    if cell.name in protection.standing:
        return cell.model_copy(update={"value": protection.standing[cell.name or ""]})
    if cell.name in protection.hidden or cell.name in few or not protection.hidden.isdisjoint(cell.of):
        return cell.model_copy(update={"value": None, "withheld": True})
    return cell


def _tells_of_a_hidden_group(row: Row, protection: Protection, *, but: Collection[str] = ()) -> bool:
    """Whether a row is there only because of a group of which nothing is shown: that it is there would be a trace.

    `but`: as if there were no such columns.
    """
    if row.total:
        return False
    told = [cell for cell in row.cells if cell.name is not None and not cell.of and cell.name not in but]
    traces = [cell for cell in told if cell.name in protection.whole_groups]
    return bool(traces) and all(cell.value == 0 or cell in traces for cell in told)


def _in_public_order(table: Table, rows: list[Row]) -> list[Row]:
    """By the counts that are shown, the most frequent first, then by key: an order that anybody could make."""
    columns = [index for index, column in enumerate(table.columns) if column.unit is Unit.COUNT]
    by = next((index for index in columns if table.columns[index].key == "count"), columns[0] if columns else None)
    if by is None:
        return rows

    def place(row: Row) -> tuple[int, int, str]:
        value = row.cells[by].value
        return (0, -value, row.key) if isinstance(value, int) else (1, 0, row.key)

    return [*sorted((row for row in rows if not row.total), key=place), *(row for row in rows if row.total)]


def _standing_note(words: Words) -> str:
    return words(
        "Un chiffre déjà publié reste tel qu’il a été publié tant qu’il n’a pas changé d’au moins cinq.",
        "A figure published before stands as it was published until it has changed by at least five.",
    )


def _periods_left_out(table: Table, protection: Protection) -> tuple[str, ...]:
    """Periods of which the table's breakdown is left out, the newest first."""
    names = {cell.name for row in table.rows for cell in row.cells if cell.name is not None}
    return tuple(sorted({name.partition("/")[0] for name in names & protection.left_out}, reverse=True))


def _left_out_note(periods: Iterable[str], words: Words) -> str:
    of = words.listed([words.short(parse_period(each)) for each in periods])
    return words(
        f"La répartition de {of} n’est pas publiée\u00a0: avec les rapports précédents, elle permettrait de déduire "
        "des nombres masqués.",
        f"The breakdown of {of} is not published: with earlier reports, hidden numbers could be worked out from it.",
    )


def _group_note(words: Words) -> str:
    return words(
        "Moins de cinq en tout ou presque\u00a0: la répartition n’est pas publiée.",
        "So few in all that the breakdown is not published.",
    )


def told_left_out(protection: Protection, tables: Iterable[Table], words: Words) -> str | None:
    """What readers are told of breakdowns that are left out, by the titles of their tables; None where none is."""
    found = [
        f"{_quoted(table.title, words)} ({words.listed([words.short(parse_period(each)) for each in periods])})"
        for table in tables
        if (periods := _periods_left_out(table, protection))
    ]
    if not found:
        return None
    return words(
        f"Non publié dans ce rapport\u00a0: {words.listed(found)}. Avec les rapports précédents, "
        f"{'ces répartitions permettraient' if len(found) > 1 else 'cette répartition permettrait'} de déduire des "
        "nombres masqués.",
        f"Not published in this report: {words.listed(found)}. With earlier reports, hidden numbers could be worked "
        f"out from {'these breakdowns' if len(found) > 1 else 'this breakdown'}.",
    )


def _quoted(title: str, words: Words) -> str:
    return words(f"«\u00a0{title}\u00a0»", f"“{title}”")


def told(protection: Protection, tables: Iterable[Table], words: Words) -> str | None:
    """What readers are told of what is hidden, and how much it is; None where nothing is."""
    named = {cell.name for table in tables for row in table.rows for cell in row.cells if cell.name is not None}
    hidden = len(protection.hidden & named) - len(protection.standing.keys() & named)
    if not hidden:
        return None
    dash = "«\u00a0–\u00a0»"
    return words(
        f"{dash}\u00a0: chiffre masqué ({words.counted(hidden, 'nombre', 'nombres')} sur {words.number(len(named))}). "
        "Les nombres de 1 à 4 pourraient désigner une personne; d’autres sont masqués pour qu’on ne puisse pas déduire "
        "les premiers. Les chiffres exacts servent à l’interne.",
        f"“–”: hidden figure ({words.counted(hidden, 'number', 'numbers')} of {words.number(len(named))}). Numbers "
        "from 1 to 4 might point to a person; others are hidden so that the first cannot be worked out. Exact figures "
        "are for internal use.",
    )
