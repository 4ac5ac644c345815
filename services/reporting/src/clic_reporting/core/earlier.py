"""What everybody knows of what was published before: which counts are the same, and which are no secret. POL-38."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from .suppression import WIDTH, Edition, Figures, Link, Terms


def apart(earlier: Sequence[Edition], figures: Figures) -> tuple[Edition, ...]:
    """Earlier editions with what was corrected by `WIDTH` or more since under names of their own, such as `…@1`.

    Whoever takes the old count for the new one is wrong by at least what he may know of it.
    """
    newest = dict(figures.values)
    generation: dict[str, int] = {}
    renamed: list[Edition] = []
    for edition in reversed(earlier):
        for name, value in edition.figures.values.items():
            if abs(value - newest.setdefault(name, value)) >= WIDTH:
                generation[name] = generation.get(name, 0) + 1
            newest[name] = value
        names = {name: f"{name}@{of}" for name, of in generation.items()}
        renamed.append(_renamed(edition, names))
    return tuple(reversed(renamed))


def _renamed(edition: Edition, names: Mapping[str, str]) -> Edition:
    def all_of(every: Iterable[str]) -> tuple[str, ...]:
        return tuple(names.get(name, name) for name in every)

    figures = edition.figures
    return Edition(
        Figures(
            {names.get(name, name): value for name, value in figures.values.items()},
            tuple(link._replace(left=all_of(link.left), right=all_of(link.right)) for link in figures.links),
            frozenset(all_of(figures.unprinted)),
            frozenset(all_of(figures.signed)),
        ),
        frozenset(all_of(edition.hidden)),
    )


def near(earlier: Sequence[Edition], figures: Figures, across: Iterable[Link] = ()) -> tuple[Edition, ...]:
    """What of earlier editions hangs together with figures by something that nobody knows; the rest stays as proven.

    Decades of reports hang together by totals that were published, and those move nothing.
    """
    known = frozenset().union(*(edition.shown for edition in earlier))
    rows_of: dict[str, list[Terms]] = {}
    for terms in {*(row for each in earlier for row in each.figures.rows), *(link.terms for link in across)}:
        for name, _ in terms:
            if name not in known:
                rows_of.setdefault(name, []).append(terms)
    reached: set[str] = set()
    ahead = set(figures.values) - known
    while ahead:
        reached |= ahead
        ahead = {each for name in ahead for row in rows_of.get(name, ()) for each, _ in row} - known - reached
    asked = figures.values.keys() | {name for link in across for name in (*link.left, *link.right)}
    return tuple(_part_of(each, reached, asked) for each in earlier)


def _part_of(edition: Edition, reached: Collection[str], asked: Collection[str]) -> Edition:
    """What is reached of an edition, what stands in an equation with it, and what is asked for anyway."""
    figures = edition.figures
    links = tuple(
        link for link, row in zip(figures.links, figures.rows, strict=True) if any(name in reached for name, _ in row)
    )
    named = {name for link in links for name in (*link.left, *link.right)}
    values = {
        name: value
        for name, value in figures.values.items()
        if name in reached or name in named or (name in asked and name in edition.shown)
    }
    return Edition(
        Figures(values, links, figures.unprinted & values.keys(), figures.signed), edition.hidden & values.keys()
    )


def settled(earlier: Sequence[Edition], rows: Iterable[Terms]) -> dict[str, int]:
    """What was published, and what follows at once from it (four quarters and their year), with the last value told.

    It is no secret any more. What was corrected of it since is another matter: see `Reason.REVISED`.
    """
    told = {name: edition.figures.values[name] for edition in earlier for name in edition.shown}
    open_rows = list(rows) if told else []
    while True:
        left: list[Terms] = []
        for row in open_rows:
            unknown = [(name, factor) for name, factor in row if name not in told]
            if len(unknown) == 1 and abs(unknown[0][1]) == 1:
                name, own = unknown[0]
                told[name] = -own * sum(factor * told[each] for each, factor in row if each != name)
            elif unknown:
                left.append(row)
        if len(left) == len(open_rows):
            return told
        open_rows = left


def with_all_codes(figures: Figures, earlier: Sequence[Edition]) -> tuple[Figures, tuple[Edition, ...]]:
    """Figures and earlier editions whose groups have the same parts everywhere: what one has no row of is zero there.

    Where nothing of the group is shown, the zero is hidden with it: there are no rows to miss it in. Where the group is
    no part of the edition, the zero is none either. A year whose quarters have none of a count has none of it.
    """
    every: dict[tuple[str, str], set[str]] = {}
    for link in (*figures.links, *(link for each in earlier for link in each.figures.links)):
        if link.group:
            every.setdefault(_group(link), set()).update(link.right)
    for (total, by), parts in list(every.items()):  # What a quarter has a part of, its year has a part of.
        period, _, path = total.partition("/")
        if (year := (f"{period[:4]}/{path}", by)) in every:
            every[year].update(f"{period[:4]}/{part.partition('/')[2]}" for part in parts)
    completed = [_completed(each, every) for each in earlier]
    return _completed(Edition(figures), every).figures, tuple(completed)


def _completed(edition: Edition, every: Mapping[tuple[str, str], AbstractSet[str]]) -> Edition:
    values, hidden, unprinted = dict(edition.figures.values), set(edition.hidden), set(edition.figures.unprinted)
    links: list[Link] = []
    years: list[str] = []
    for link in edition.figures.links:
        missing: list[str] = []
        if link.group:
            missing = sorted(name for name in every[_group(link)] - set(link.right) if not values.get(name))
            if edition.hidden.issuperset((*link.left, *link.right)):
                hidden.update(name for name in missing if name not in values)
            if unprinted.issuperset(link.right):
                unprinted.update(name for name in missing if name not in values)
            values.update(dict.fromkeys(missing, 0))
            years += [name for name in missing if "-" not in name.partition("/")[0]]
        links.append(link._replace(right=(*link.right, *missing)))
    whole = tuple(
        link if link.group else link._replace(right=(*link.right, *_quarters(link, values))) for link in links
    )
    of_years = (Link((name,), tuple(_zero_quarters(name, values))) for name in dict.fromkeys(years))
    figures = dataclasses.replace(
        edition.figures,
        values=values,
        links=(*whole, *(link for link in of_years if link.right)),
        unprinted=frozenset(unprinted),
    )
    return Edition(figures, frozenset(hidden))


def _quarters(link: Link, values: Mapping[str, int]) -> list[str]:
    """The quarters of a year that have none of a count, and so are missing in the equation of both."""
    year, _, path = link.left[0].partition("/")
    if len(link.left) > 1 or not all(name.startswith(f"{year}-Q") and name.endswith(f"/{path}") for name in link.right):
        return []
    return [name for name in _zero_quarters(link.left[0], values) if name not in link.right]


def _zero_quarters(of_year: str, values: Mapping[str, int]) -> list[str]:
    year, _, path = of_year.partition("/")
    names = (f"{year}-Q{number}/{path}" for number in range(1, 5))
    return [name for name in names if values.get(name) == 0]


def _group(link: Link) -> tuple[str, str]:
    """A total and what it is divided by: the first two steps of a part's name after its period."""
    return link.left[0], ".".join(link.right[0].partition("/")[2].split(".")[:2])
