"""Terms are picked as people write: accents, case, apostrophes and ligatures aside, as whole words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clic_contracts.town import Town
from clic_intake.core.term import term_picker


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Un trou dans l’ARTERE imaginaire", ("artery",)),
        ("un trou dans l'arte\u0300re", ("artery",)),
        ("La rue\u00a0principale, la rue\n principale", ("artery",)),
        ("rue-principale", ("artery",)),
        ("Le panneau d’arrêt est tombé", ("stop_sign",)),
        ("Le panneau d'arret", ("stop_sign",)),
        ("au cœur du village", ("heart",)),
        ("AU COEUR DU VILLAGE", ("heart",)),
        ("Au cœur de l’artère", ("artery", "heart")),
        ("des artères", ()),
        ("cartère", ()),
        ("rue principales", ()),
        ("", ()),
    ],
)
def test_a_term_is_found_however_it_is_written_and_only_as_whole_words(
    town: Town, text: str, terms: tuple[str, ...]
) -> None:
    """POL-38: these codes are all that reporting hears of a text."""
    assert term_picker(town)(text) == terms


@given(st.text(), st.text())
def test_a_term_is_found_in_whatever_stands_around_it(town: Town, before: str, after: str) -> None:
    assert "stop_sign" in term_picker(town)(f"{before} Panneau d’ARRÊT {after}")
