"""What a line of text cites: law and article, whatever else it says."""

from __future__ import annotations

import pytest

from clic_intake.core.provision import UNREADABLE, provisions_of


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("art. 53", ["A-2.1, art. 53"]),
        ("37", ["A-2.1, art. 37"]),
        ("53.1, par. 3", ["A-2.1, art. 53.1"]),
        ("Article 53 et 54 de la Loi A-2.1", ["A-2.1, art. 53", "A-2.1, art. 54"]),
        ("art. 23 à 25, al. 2", ["A-2.1, art. 23", "A-2.1, art. 24", "A-2.1, art. 25"]),
        ("s. 28(1)", ["A-2.1, art. 28"]),
        ("articles 9, 14 et 39", ["A-2.1, art. 9", "A-2.1, art. 14", "A-2.1, art. 39"]),
        ("Code civil, art. 37", ["CCQ, art. 37"]),
        ("C-19, art. 585", ["C-19, art. 585"]),
        ("Camille Exemple, 450 555-0199", [UNREADABLE]),
        ("art. 450-555-0199", [UNREADABLE]),
        ("art. 4505550199", [UNREADABLE]),
        ("secret industriel", [UNREADABLE]),
    ],
)
def test_articles_are_read_out_of_what_an_agent_wrote(line: str, expected: list[str]) -> None:
    """A-2.1 art. 50: and nothing else of it."""
    assert list(provisions_of([line])) == expected


def test_each_is_told_once_in_the_order_of_the_articles_the_access_law_first() -> None:
    """Whatever order and spelling they were written in."""
    lines = ["secret", "C-19, art. 3", "Art. 53", "art. 9 et 53", "art. 53.1", ""]

    assert provisions_of(lines) == (
        "A-2.1, art. 9",
        "A-2.1, art. 53",
        "A-2.1, art. 53.1",
        "C-19, art. 3",
        UNREADABLE,
    )
