"""The table of Montréal's categories: which subject of the town each stands for."""

from __future__ import annotations

from typing import Any

import pytest

from clic.importing.category import CategoryFileError, plain, read_categories, readable
from clic_contracts.town import Town


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("nowhere: [Nid-de-poule]", "nowhere: the town has no such subject; add it to subjects.yaml, or remove it"),
        ("pothole: [Trou, '*Z-TROU']", "pothole: *Z-TROU stands twice"),
        ("pothole: Trou", "write `subject: [category, …]`"),
        ("- pothole", "write `subject: [category, …]`"),
        ("pothole: [", "cannot be read"),
    ],
)
def test_a_table_of_categories_is_refused_with_the_mend(tmp_path: Any, town: Town, table: str, said: str) -> None:
    path = tmp_path / "categories.yaml"
    path.write_text(table, encoding="utf-8")

    with pytest.raises(CategoryFileError) as error:
        read_categories(town, path)
    assert said in str(error.value)


def test_double_spaces_accents_and_apostrophes_do_not_matter() -> None:
    assert readable("*Z-Arbre  -   Élagage") == "Arbre - Élagage"
    assert plain("  L\u2019Été  à Québec ") == plain("l'ete a quebec")
