"""What was corrected since, in words: by reference alone, in both languages."""

from __future__ import annotations

from tests.reporting.counted import comparison, counted
from tests.reporting.projected import town

from clic_contracts.vocabulary import Language
from clic_reporting.core.difference import STATUS, difference_section
from clic_reporting.core.figure import STATUSES, Change, Differences
from clic_reporting.core.label import Labels
from clic_reporting.core.language import words

NOW = comparison("2026-Q2", counted(requests=12)).report
CHANGES = (
    Change(reference="2026-000001", what="status", earlier="open", later="closed"),
    Change(reference="2026-000001", what="treated", earlier=None, later="closed 2026-05-02"),
    Change(reference="2026-000002", what="department", earlier="greffe", later=None),
    Change(reference="2026-000003", what="obligation", earlier="answer open", later="answer met"),
    Change(reference=None, what="received", earlier=None, later="2026-05-01", requests=3),
)


def rows(language: Language) -> list[list[object]]:
    """The list as it is read, with ordinary spaces."""
    differences = Differences(earlier=NOW.model_copy(update={"position": 7}), changes=CHANGES, more=False)
    section = difference_section(differences, NOW, Labels(town(), language), words(language))
    table = section.tables[-1]
    return [[row.title, *(str(cell.value).replace("\u00a0", " ") for cell in row.cells)] for row in table.rows]


def test_what_differs_is_told_request_by_request_and_a_confidential_one_by_its_number() -> None:
    """POL-26, POL-38."""
    assert rows(Language.FR) == [
        ["2026-000001", "État", "en traitement", "fermée", "1"],
        ["2026-000001", "Traitement", "–", "fermée 2 mai 2026", "1"],
        ["2026-000002", "Service", "Services juridiques (greffe)", "–", "1"],
        ["2026-000003", "Obligation", "Répondre : à tenir", "Répondre : tenue à temps", "1"],
        ["confidentielle", "Réception", "–", "1er mai 2026", "3"],
    ]
    assert rows(Language.EN)[0] == ["2026-000001", "Status", "in progress", "closed", "1"]
    assert set(STATUS) == set(STATUSES)


def test_that_nothing_differs_is_said() -> None:
    """An empty list would look like a fault."""
    nothing = Differences(earlier=NOW, changes=(), more=False)

    section = difference_section(nothing, NOW, Labels(town()), words(Language.FR))

    assert [table.key for table in section.tables] == ["corrected_figures"]
    assert section.texts == ("Aucune demande n’est décrite autrement.",)
