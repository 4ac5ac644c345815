"""The town's letters: checked with file and line, filled in, set in type; and what the town's own say."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.place import LETTERS, TOWN_DIR

from clic_chassis.town_file import TownFileError, read_town
from clic_contracts.town import Town
from clic_contracts.vocabulary import AccessOutcome, Language, LetterKind
from clic_intake.core.content import Content, samples
from clic_intake.letter.template import Filled, LetterFaultError, Templates, faults_of


@pytest.fixture(scope="module")
def real() -> Town:
    """The real town."""
    return read_town(TOWN_DIR)


@pytest.fixture(scope="module")
def letters(real: Town) -> Letters:
    """The real town's letters."""
    return Letters(real)


class Letters:
    """The real town's letters, filled in."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.templates = Templates(town)

    def filled(self, letter: LetterKind, language: Language = Language.FR, **changes: Any) -> Filled:
        """A letter with the usual sample, changed."""
        content = replace(samples(letter, language, self.town)[0], **changes)
        return self.templates.fill(letter, language, content)


def with_letter(town: Town, text: str) -> Town:
    """The invented town, with this acknowledgement in French."""
    ours = ("acknowledgement", "fr")
    letters = [each for each in LETTERS if (each["letter"], each["language"]) != ours]
    return Town.model_validate(
        {
            **town.model_dump(mode="json"),
            "letters": [{"letter": ours[0], "language": ours[1], "text": text}, *letters],
        }
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ reference }}\n\nBonjour,\n{{ nom }}\n", "acknowledgement.fr.j2:4: no letter has a variable nom."),
        ("{{ reference }}\n{% if acess %}x{% endif %}\n", "acknowledgement.fr.j2:2: no letter has a variable acess."),
        ("{{ reference }}\n\n{% if access %}\nx\n", "acknowledgement.fr.j2:4: no template: Unexpected end of template"),
        ("{{ reference }}\n{{ reference | bold }}\n", "acknowledgement.fr.j2:2: no template: No filter named 'bold'"),
        ("{{ reference }}\nBonjour\n{{ due_on.year }}\n", "acknowledgement.fr.j2:3: it cannot be filled in:"),
        ("{{ reference }}\n\n{{ reopen_days / 0 }}\n", "acknowledgement.fr.j2:3: it cannot be filled in:"),
        ("{{ due_on }}\nBonjour\n", "acknowledgement.fr.j2:1: it has no subject, or no text."),
        ("{{ reference }}\n", "acknowledgement.fr.j2:1: it has no subject, or no text."),
        (f"{'x' * 151}\nBonjour\n", "acknowledgement.fr.j2:1: its subject is longer than 150 characters."),
        ("{{ ''.__class__.__mro__ }}\nBonjour\n", "acknowledgement.fr.j2:1: it cannot be filled in:"),
    ],
)
def test_what_is_wrong_with_a_letter_is_told_with_file_and_line(town: Town, text: str, says: str) -> None:
    """POL-18."""
    (fault,) = faults_of(with_letter(town, text))
    assert f"letters/{says}" in str(fault)
    with pytest.raises(LetterFaultError, match="acknowledgement"):
        Templates(with_letter(town, text))


def test_a_letter_that_is_missing_is_told(tmp_path: Path) -> None:
    """POL-18: no town has half of its letters."""
    folder = shutil.copytree(TOWN_DIR, tmp_path / "ville")
    (folder / "letters" / "refusal.en.j2").unlink()
    with pytest.raises(TownFileError, match=r"there is no letter refusal\.en\.j2\. Add the file letters/refusal"):
        read_town(folder)


def test_french_is_set_as_french_is(town: Town) -> None:
    """Spaces that do not break and curly apostrophes, whatever a clerk types."""
    templates = Templates(with_letter(town, "L'accusé : {{ reference }}\n« {{ name }} » ! Ça va ; n'est-ce pas ?\n"))
    filled = templates.fill(LetterKind.ACKNOWLEDGEMENT, Language.FR, Content(reference="2026-1", name="Camille"))
    assert filled == Filled("L’accusé\u00a0: 2026-1", "«\u00a0Camille\u00a0»\u00a0! Ça va\u00a0; n’est-ce pas\u00a0?")


def test_addresses_of_pages_are_left_as_they_are(town: Town) -> None:
    templates = Templates(with_letter(town, "{{ reference }}\nIci : {{ follow }}\n"))
    url = "https://clic.exemple.invalid/suivi/2026-1/a?b=c:d;e!f"
    filled = templates.fill(LetterKind.ACKNOWLEDGEMENT, Language.FR, Content(reference="1", follow=url))
    assert filled.text == f"Ici\u00a0: {url}"


# -- the town's own -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("letter", LetterKind)
def test_every_letter_can_be_read_with_everything_and_with_nothing(
    letters: Letters, letter: LetterKind, language: Language
) -> None:
    """POL-18: the reference, how to go on and, but to a third party, how to complain further, always."""
    further = (
        letters.town.correspondence.further.fr if language is Language.FR else letters.town.correspondence.further.en
    )
    for content in samples(letter, language, letters.town):
        subject, text = letters.templates.fill(letter, language, content)
        assert content.reference in subject + text
        assert (further.replace("'", "’") in text) is (letter is not LetterKind.THIRD_PARTY)
        assert "\n\n\n" not in text
        assert "  " not in text
        assert not [line for line in text.splitlines() if line != line.strip()]
        assert all(mark not in text for mark in ("None", "{{", "()", " ,", " .", "'"))
        if language is Language.FR:
            assert not [mark for mark in ":;?!»" if f" {mark}" in text]


def test_the_acknowledgement_states_reference_steps_department_due_date_and_how_to_follow(letters: Letters) -> None:
    """POL-18."""
    subject, text = letters.filled(
        LetterKind.ACKNOWLEDGEMENT,
        reference="2026-004217",
        department="Travaux publics – voirie",
        due_on="vendredi 22 mai 2026",
        follow="https://clic.exemple.invalid/suivi/x",
    )
    assert subject == "Accusé de réception – dossier 2026-004217"
    for promise in (
        "Votre dossier porte le numéro 2026-004217.",
        "– le service responsable s’en occupe\u00a0: Travaux publics – voirie\u00a0;",
        "– une réponse vous est donnée, au plus tard le vendredi 22 mai 2026.",
        "https://clic.exemple.invalid/suivi/x",
        "adressez une plainte à la Direction générale",
    ):
        assert promise in text


@pytest.mark.parametrize("letter", [LetterKind.ACKNOWLEDGEMENT, LetterKind.MISSING, LetterKind.REFUSAL])
def test_the_notice_about_claims_stands_where_damage_is_spoken_of(letters: Letters, letter: LetterKind) -> None:
    """C-19 art. 585."""
    notice = "Pour réclamer de la Ville le dédommagement d’un préjudice, il faut en donner avis par écrit au greffier"
    assert notice in letters.filled(letter).text
    assert notice not in letters.filled(letter, claims="").text


def test_the_acknowledgement_of_an_access_request_states_delays_silence_and_recourse(letters: Letters) -> None:
    """POL-25, A-2.1 art. 46, 47, 52, 135."""
    text = letters.filled(LetterKind.ACKNOWLEDGEMENT, access=True, due_on="jeudi 4 juin 2026").text
    for promise in (
        "dans les vingt jours qui suivent la réception, soit au plus tard le jeudi 4 juin 2026",
        "prolongé d’au plus dix jours",
        "la loi considère qu’il s’agit d’un refus",
        "demander à la Commission d’accès à l’information de réviser un refus",
        "dans les trente jours qui suivent la décision ou la fin du délai",
    ):
        assert promise in text
    english = letters.filled(LetterKind.ACKNOWLEDGEMENT, Language.EN, access=True).text
    assert "You may ask the Commission d’accès à l’information to review a refusal" in english


def test_who_asked_for_access_orally_is_told_that_only_a_written_request_is_reviewed(letters: Letters) -> None:
    """POL-20, A-2.1 art. 45."""
    text = letters.filled(LetterKind.ACKNOWLEDGEMENT, access=True, written=False).text
    assert "Seule une demande faite par écrit peut être révisée" in text
    assert "réviser un refus" not in text


@pytest.mark.parametrize("outcome", AccessOutcome)
@pytest.mark.parametrize("language", Language)
def test_every_decision_on_access_states_the_right_of_review(
    letters: Letters, outcome: AccessOutcome, language: Language
) -> None:
    """POL-25, A-2.1 art. 51, 101, 135."""
    text = letters.filled(
        LetterKind.ANSWER, language, access=True, outcome=outcome.value, provisions=("article 53", "article 54")
    ).text
    if language is Language.FR:
        assert "demander par écrit à la Commission d’accès à l’information de la réviser, dans les trente jours" in text
        assert "Cette décision s’appuie sur\u00a0: article 53\u00a0; article 54." in text
    else:
        assert "ask the Commission d’accès à l’information in writing to review it, within the thirty days" in text


def test_a_refusal_says_where_to_turn(letters: Letters) -> None:
    """POL-07."""
    text = letters.filled(
        LetterKind.REFUSAL,
        criterion="out_of_competence",
        turn_to="Le ministère imaginaire",
        turn_to_contact="composez le 450 555-0199",
    ).text
    assert "Voici à qui vous adresser\u00a0: Le ministère imaginaire.\ncomposez le 450 555-0199" in text


@pytest.mark.parametrize(
    ("criterion", "says"),
    [
        ("before_courts", "nous l’avons transmis aux Services juridiques"),
        ("unfounded", "repose sur des faits ou sur une situation bien documentée"),
        ("incomplete", "le nom de la personne qui s’adresse à la Ville et une façon de la joindre"),
        ("not_official", "nous soit adressé officiellement"),
    ],
)
def test_a_refusal_says_on_which_criterion(letters: Letters, criterion: str, says: str) -> None:
    """POL-05, POL-06, POL-08, POL-09."""
    assert says in letters.filled(LetterKind.REFUSAL, criterion=criterion).text


@pytest.mark.parametrize("letter", [LetterKind.CLOSING, LetterKind.ANSWER])
def test_at_the_end_the_citizen_is_asked_how_satisfied_they_are(letters: Letters, letter: LetterKind) -> None:
    """POL-39."""
    assert "Êtes-vous satisfait ou satisfaite\u00a0?" in letters.filled(letter).text
    assert "par un chiffre de 1 (pas du tout) à 5 (tout à fait)" in letters.filled(letter, follow="").text
