"""A page leads nowhere that is not there: each link of each page within the repository, and each heading it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.place import ROOT

PLACES = ("*.md", "contracts/*.md", "docs/**/*.md")


def pages() -> list[Path]:
    """What people read, but what tools fetched."""
    return sorted({path for pattern in PLACES for path in ROOT.glob(pattern)})


def anchors(text: str) -> set[str]:
    """The headings as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.strip().lower()).replace(" ", "-") for each in headings}


def dead(page: Path, text: str) -> Iterator[str]:
    """Links to files or headings that are not there."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    for target, anchor in re.findall(r"\]\(([^)\s#]*)(?:#([^)\s]*))?\)", prose):
        if "://" in target or target.startswith("mailto:"):
            continue
        there = page.parent / target if target else page
        if target and not there.exists():
            yield target
        elif anchor and there.suffix == ".md":
            read = text if there == page else there.read_text(encoding="utf-8")
            if anchor not in anchors(read):
                yield f"{target}#{anchor}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(dead(page, page.read_text(encoding="utf-8"))) == []


def test_a_link_that_leads_nowhere_would_be_noticed() -> None:
    text = (
        "# One: two\n[a](none.md) [b](README.md#none) [c](#one-two) [d](#two) [e](README.md) [f](https://x.example)\n"
    )
    assert list(dead(ROOT / "PLANTED.md", text)) == ["none.md", "README.md#none", "#two"]
