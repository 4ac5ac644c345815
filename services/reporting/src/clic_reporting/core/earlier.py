"""What everybody knows of what was published before: which counts are the same, and which are no secret. POL-38."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

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
