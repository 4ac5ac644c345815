"""Tables as hypothesis makes them: of two and three dimensions, with every margin, with groups of codes, in series."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from hypothesis import strategies as st

from clic_reporting.core.suppression import Figures, Link

COUNTS = st.one_of(st.just(0), st.integers(1, 4), st.integers(5, 12), st.integers(13, 300))
"""Zeros, small ones, those that just are not, and others."""


def cube(cells: Mapping[Any, int], prefix: str = "") -> Figures:
    """Counts by several codes (tuples of them) with all their margins; a `*` stands for all codes of a dimension."""
    dimensions = len(next(iter(cells)))
    codes = [sorted({key[axis] for key in cells}) for axis in range(dimensions)]
    values: dict[str, int] = {}
    links: list[Link] = []
    for key in product(*([*each, "*"] for each in codes)):
        matching = (v for cell, v in cells.items() if all(a in ("*", b) for a, b in zip(key, cell, strict=True)))
        values[prefix + "/".join(key)] = sum(matching)
        for axis in (axis for axis in range(dimensions) if key[axis] == "*"):
            parts = tuple(prefix + "/".join((*key[:axis], code, *key[axis + 1 :])) for code in codes[axis])
            links.append(Link((prefix + "/".join(key),), parts, group=True))
    return Figures(values, tuple(links))


@st.composite
def cubes(draw: st.DrawFn, shape: Sequence[tuple[int, int]], prefix: str = "") -> Figures:
    """A table with so many codes (least, most) in each dimension."""
    sizes = [draw(st.integers(*bounds)) for bounds in shape]
    keys = list(product(*([f"{'abc'[axis]}{n}" for n in range(size)] for axis, size in enumerate(sizes))))
    counts = draw(st.lists(COUNTS, min_size=len(keys), max_size=len(keys)))
    return cube(dict(zip(keys, counts, strict=True)), prefix)


@st.composite
def trees(draw: st.DrawFn) -> Figures:
    """Codes in groups of groups, beside another grouping of the same counts: subjects, themes and departments."""
    leaves = draw(st.lists(COUNTS, min_size=4, max_size=10))
    values = {f"leaf{n}": count for n, count in enumerate(leaves)}
    links = []
    themes = draw(st.integers(2, 3))
    for name, chosen in (
        ("theme", [draw(st.integers(0, themes - 1)) for _ in leaves]),
        ("department", [draw(st.integers(0, 1)) for _ in leaves]),
    ):
        wholes = []
        for code in sorted(set(chosen)):
            parts = tuple(f"leaf{n}" for n, each in enumerate(chosen) if each == code)
            wholes.append(f"{name}{code}")
            values[wholes[-1]] = sum(values[part] for part in parts)
            links.append(Link((wholes[-1],), parts, group=True))
        values["all"] = sum(leaves)
        links.append(Link(("all",), tuple(wholes), group=True))
    return Figures(values, tuple(links))


def corrected(draw: Callable[..., Any], cells: Mapping[Any, int]) -> dict[Any, int]:
    """Some counts, as they turn out later."""
    moves = st.one_of(st.just(0), st.just(0), st.integers(-3, 3), st.integers(-20, 20))
    return {key: max(0, value + draw(moves)) for key, value in cells.items()}


def year_of(quarters: Sequence[Figures]) -> Iterator[Link]:
    """The equations of a year `Y` and its quarters `Q1` to `Q4`."""
    for name in quarters[0].values:
        code = name.removeprefix("Q1/")
        yield Link((f"Y/{code}",), tuple(f"Q{n}/{code}" for n in range(1, 5)))
