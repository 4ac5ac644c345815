"""The search for what is hidden beside the small counts, so that nobody can work those out. POL-38.

For each hidden count that is not proven yet, a linear programme asks for the cheapest other world: the hidden count
moves by what its interval lacks, published counts that would have to move cost what their loss is worth, and those
that the cheapest world moves are hidden too. The world found is the proof. It is the network heuristic of statistical
offices (Kelly, Golden and Assad, 1992), for any linear equations. What turns out not to be needed is shown again, and
every proof is checked in whole numbers by `core.puzzle`: the solver is not trusted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from clic_chassis.error import ClicError
from clic_reporting.core.earlier import apart, near
from clic_reporting.core.primary import primary
from clic_reporting.core.puzzle import Movement, Puzzle, puzzle
from clic_reporting.core.suppression import WIDTH, Edition, Figures, Link

from .world import World, Worlds

ROUNDS_MAX = 50
"""Rounds over the hidden counts; each but the last hides more. A quarter takes two or three."""
SPARED_MAX = 2_000
"""Counts of which it is tried whether they can be shown after all."""


class UnsafeEditionError(ClicError):
    """A choice of hidden counts does not protect them. Nothing of it may be published."""


def prove(
    edition: Edition,
    earlier: Sequence[Edition],
    across: Iterable[Link],
    movements: Sequence[Iterable[Movement]],
) -> None:
    """Check that worlds prove an edition safe, by itself (the first of `movements`) and with earlier ones (the last).

    Raises:
        UnsafeEditionError: they do not; it names a count that could be worked out.
    """
    for (before, links), worlds in zip(_settings(edition.figures, earlier, across), movements, strict=True):
        if unproven := puzzle((*before, edition), links).unproven(worlds):
            raise UnsafeEditionError(
                f"{len(unproven)} hidden counts are not proven safe, {min(unproven)} for one: nothing was published"
            )


def _settings(
    figures: Figures, earlier: Sequence[Edition], across: Iterable[Link]
) -> list[tuple[Sequence[Edition], tuple[Link, ...]]]:
    """An edition is looked at by itself, and together with those before it."""
    alone: tuple[Sequence[Edition], tuple[Link, ...]] = ((), ())
    links = tuple(across)
    return [alone, (near(apart(earlier, figures), figures, links), links)] if earlier else [alone]


class Search:
    """The growing set of hidden counts of an edition.

    `stuck`: after a search in vain, hidden counts that nothing in the edition could hide any better.
    """

    def __init__(self, figures: Figures, earlier: Sequence[Edition], across: Sequence[Link]) -> None:
        self.figures = figures
        self.reasons = primary(figures, earlier, across)
        self.hidden = set(self.reasons)
        self.stuck: frozenset[str] = frozenset()
        self.printed = frozenset(figures.values) - figures.unprinted
        hidden_before = {_path(name) for each in earlier for name in each.hidden}
        habit = frozenset(name for name in self.printed if _path(name) in hidden_before)
        self.views = [
            _View(self.edition, before, links, habit) for before, links in _settings(figures, earlier, across)
        ]

    @property
    def edition(self) -> Edition:
        """The figures, and what is hidden of them so far."""
        return Edition(self.figures, frozenset(self.hidden))

    def protect(self) -> bool:
        """Hide more until everything is proven; False where even hiding everything that is not zero does not do."""
        for _ in range(ROUNDS_MAX):
            for view in self.views:
                view.begin(self.edition)
            unproven = [(view, target) for view in self.views for target in sorted(view.look(self.edition))]
            if not unproven:
                return True
            hidden_before = len(self.hidden)
            for view, target in unproven:
                if view.width(target) < WIDTH:
                    self._hide(view.widen(target))
            self.stuck = frozenset(target for view, target in unproven if view.width(target) < WIDTH)
            if self.stuck and len(self.hidden) == hidden_before:
                self._hide(name for name in self.printed if self.figures.values[name] or name in self.figures.signed)
                if len(self.hidden) == hidden_before:
                    return False
        return False

    def _hide(self, names: Iterable[str]) -> None:
        new = (set(names) & self.printed) - self.hidden
        self.hidden |= new
        for view in self.views:
            view.worlds.price(new, hidden=True)

    def spare(self) -> None:
        """Show again what the proofs do not need, the largest first."""
        secondary = sorted(self.hidden - set(self.reasons), key=lambda name: (-abs(self.figures.values[name]), name))
        for name in secondary[:SPARED_MAX]:
            hidden, edition = self.edition, Edition(self.figures, frozenset(self.hidden - {name}))
            is_in_whole_group = any(
                name in (*link.left, *link.right)
                for link in self.figures.links
                if link.group and hidden.hidden.issuperset((*link.left, *link.right))
            )
            for view in self.views:
                view.worlds.price((name,), hidden=False)
            before = [view.state for view in self.views]
            if all(view.can_do(edition, None if is_in_whole_group else name) for view in self.views):
                self.hidden.discard(name)
                continue
            for view, state in zip(self.views, before, strict=True):
                view.state = state
                view.worlds.price((name,), hidden=True)


@dataclass
class _State:
    """What is found so far: worlds, and how far they move each count down and up. Never taken back from."""

    puzzle: Puzzle
    movements: list[Movement] = field(default_factory=list)
    low: dict[str, int] = field(default_factory=dict)
    high: dict[str, int] = field(default_factory=dict)

    def keep(self, movement: Movement) -> None:
        self.movements.append(movement)
        for name, by in movement.items():
            self.low[name] = min(self.low.get(name, 0), by)
            self.high[name] = max(self.high.get(name, 0), by)


class _View:
    """An edition as everybody sees it, by itself or after earlier ones, and the worlds that prove it safe."""

    def __init__(
        self, edition: Edition, earlier: Sequence[Edition], across: tuple[Link, ...], habit: frozenset[str]
    ) -> None:
        self._earlier = earlier
        self._across = across
        self._shown_before = frozenset().union(*(each.shown for each in earlier))
        self._habit = habit
        self.state = _State(self._puzzle(edition))
        self.begin(edition)

    def begin(self, edition: Edition) -> None:
        """Look for worlds of an edition as it is now: where a group is hidden as a whole, its parts can be zero."""
        self.worlds = Worlds(self._puzzle(edition), edition.shown - self._shown_before, self._habit)

    def _puzzle(self, edition: Edition) -> Puzzle:
        return puzzle((*self._earlier, edition), self._across)

    def look(self, edition: Edition) -> frozenset[str]:
        """What is not proven of an edition; worlds that no longer are any are forgotten."""
        state = _State(self._puzzle(edition))
        for movement in self.state.movements:
            if state.puzzle.accepts(movement):
                state.keep(movement)
        self.state = state
        return frozenset(target for target in state.puzzle.targets if self.width(target) < WIDTH)

    def _look_without(self, name: str) -> frozenset[str]:
        """As `look`, where a count is shown now and no bound of another changes by that."""
        before = self.state.puzzle
        state = _State(dataclasses.replace(before, known=before.known | {name}, targets=before.targets - {name}))
        for movement in self.state.movements:
            if name not in movement:
                state.keep(movement)
        self.state = state
        return frozenset(target for target in state.puzzle.targets if self.width(target) < WIDTH)

    def can_do(self, edition: Edition, name: str | None) -> bool:
        """Whether an edition can be proven without hiding more of it.

        `name`: what alone it shows more than the one looked at last, if nothing else depends on that.
        """
        for target in sorted(self.look(edition) if name is None else self._look_without(name)):
            if self.width(target) < WIDTH:
                self.widen(target, spend=False)
                if self.width(target) < WIDTH:
                    return False
        return True

    def width(self, name: str) -> int:
        """Of the interval that the worlds leave."""
        return self.state.high.get(name, 0) - self.state.low.get(name, 0)

    def widen(self, target: str, *, spend: bool = True) -> frozenset[str]:
        """Find a world that gives a target its interval; the published counts that it moves.

        `spend`: whether it may move any.
        """
        lacking = WIDTH - self.width(target)
        best = self._ends(target, lacking, 0)
        if best is None or _loss(best):
            best = min(
                (each for each in (best, self._ends(target, 0, lacking)) if each is not None), key=_loss, default=None
            )
        if best is None:  # No world is so far off; one above and one below can be so far from each other.
            split = (self._ends(target, up, lacking - up) for up in range(1, lacking))
            best = min((each for each in split if each is not None), key=_loss, default=None)
        shown = frozenset().union(*(world.shown for world in best or ()))
        if best is None or (shown and not spend):
            return frozenset()
        for world in best:
            if world.whole and (spend or self.state.puzzle.accepts(world.movement)):
                self.state.keep(world.movement)
        return shown

    def _ends(self, target: str, up: int, down: int) -> tuple[World, ...] | None:
        """Worlds that move the ends of a target's interval so far; None where there are none."""
        found = [self.worlds.find(target, self.state.high.get(target, 0) + up)] if up else []
        if down and None not in found:
            found.append(self.worlds.find(target, self.state.low.get(target, 0) - down))
        worlds = tuple(each for each in found if each is not None)
        return worlds if len(worlds) == len(found) else None


def _loss(worlds: Iterable[World]) -> int:
    return sum(each.loss for each in worlds)


def _path(name: str) -> str:
    """A count's name without its period."""
    return name.partition("/")[2]
