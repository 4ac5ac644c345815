"""Which breakdowns an edition does without, and how many are tried: the last resort before nothing is published."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import pytest

from clic_reporting.core.suppression import Edition, Figures, Link
from clic_reporting.edition import choice
from clic_reporting.edition.breakdown import breakdowns, next_left_out

KINDS = {f"2025/requests.by_kind.{code}": 40 for code in "ab"}
UNUSUAL = {f"2025/requests.unusual_by_kind.{code}": 9 for code in "ab"}
STUCK = "2025-Q1/requests.unusual_by_kind.a"
FIGURES = Figures(
    {"2025/requests.received": 80, **KINDS, **UNUSUAL, "2024/requests.unusual_by_kind.a": 7, "2025/x.small.a": 1},
    (Link(("2025/requests.received",), tuple(KINDS), group=True),),
)


def test_totals_are_in_no_breakdown_and_neither_is_what_was_published_before() -> None:
    """POL-32: the balance is always told."""
    found = breakdowns(FIGURES, {"2024/requests.unusual_by_kind.a"})
    assert set(found) == {"2025/requests.by_kind", "2025/requests.unusual_by_kind", "2025/x.small"}
    assert found["2025/requests.by_kind"] == KINDS.keys()


def test_what_a_stuck_count_hangs_on_goes_first_and_then_the_least_loss() -> None:
    """POL-38: an equation with it, the same place in the report, and only then any other."""
    of = breakdowns(FIGURES, frozenset())
    beside = [Link(("2025/requests.by_kind.a",), (STUCK, "2025-Q1/else"))]
    assert next_left_out(of, [], {STUCK}, beside, FIGURES.values) == "2025/requests.by_kind"
    assert next_left_out(of, [], {STUCK}, [], FIGURES.values) == "2024/requests.unusual_by_kind", "7 is less than 18"
    out = ["2024/requests.unusual_by_kind", "2025/requests.unusual_by_kind"]
    assert next_left_out(of, out, {STUCK}, [], FIGURES.values) == "2025/x.small"


@pytest.mark.parametrize("needed", ["t19", None])
def test_the_last_resort_is_bounded_and_takes_back_what_was_not_needed(
    needed: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POL-38: some one by one, then all at once, then as many back as the bound allows; without any way, nothing."""
    figures = Figures({f"2025/p.t{n:02}.a": n for n in range(1, 20)})
    tries: list[AbstractSet[str]] = []

    def tried(
        case: choice._Case, *, as_published: AbstractSet[str] = frozenset(), left_out: AbstractSet[str] = frozenset()
    ) -> choice._Tried:
        tries.append(left_out)
        if needed is None or f"2025/p.{needed}.a" not in left_out:
            return choice._Tried(None, frozenset())
        return choice._Tried(choice.Choice(Edition(case.figures), {}, left_out=frozenset(left_out)), frozenset())

    monkeypatch.setattr(choice, "_tried", tried)
    found = choice.choose(figures)
    one_by_one = 1 + choice.LEFT_OUT_MAX + 1
    assert [len(each) for each in tries[:one_by_one]] == [*range(choice.LEFT_OUT_MAX + 1), len(figures.values)]
    if needed is None:
        assert found.withheld
        assert len(tries) == one_by_one
    else:
        assert len(tries) == one_by_one + choice.RESTORED_MAX
        assert f"2025/p.{needed}.a" in found.left_out
        assert len(found.left_out) == len(figures.values) - choice.RESTORED_MAX + 1
