"""The legal letters contain what the law asks for: read as they arrive, in French and English, written and oral.

Source: POL-20 to POL-25, A-2.1 art. 25, 45 to 51, 135. An article's elements stand as the words that tell them.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.intake.access_path.desk_letter import CAMILLE, DUE, FOLLOW, ROUTED, Clerk
from tests.intake.access_path.path import COMPLAINT, town
from tests.intake.core.story import make
from tests.place import TOWN_DIR

from clic_chassis.town_file import read_town
from clic_contracts.event import (
    Event,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
    ObligationWarned,
    RequestCompleted,
    RequestIncomplete,
)
from clic_contracts.town import Town
from clic_contracts.vocabulary import AccessOutcome, Language, LetterKind

FR, EN = Language.FR, Language.EN
BODY = "hydro_quebec"
Words = Mapping[Language, tuple[str, ...]]

RECEIPT: Words = {FR: ("vendredi 15 mai 2026", "2026-004217"), EN: ("Friday, May 15, 2026", "2026-004217")}
"""Art. 46: the date of reception."""
DELAYS: Words = {
    FR: ("dans les vingt jours qui suivent la réception", "d’au plus dix jours", "article 47"),
    EN: ("within the twenty days that follow", "by at most ten days", "section 47"),
}
"""Art. 46, 47: the delays for following it up."""
SILENCE: Words = {
    FR: ("la loi considère qu’il s’agit d’un refus",),
    EN: ("the law considers the request refused",),
}
"""Art. 46, 52: what the law attaches to their not being kept."""
RECOURSE: Words = {
    FR: ("à la Commission d’accès à l’information", "trente jours", "135", "cai.gouv.qc.ca"),
    EN: ("the Commission d’accès à l’information", "thirty days", "135", "cai.gouv.qc.ca"),
}
"""Art. 46, 51, 135: the recourse in review, and the time in which it is open."""
ORALLY: Words = {
    FR: ("par écrit peut être révisée par la Commission d’accès à l’information", "de vive voix"),
    EN: ("in writing can be reviewed by the Commission d’accès à l’information", "orally"),
}
"""Art. 45: only a decision on a written request can be reviewed, and one may be made in writing."""
NOT_ORALLY: Words = {FR: ("trente jours",), EN: ("thirty days",)}
"""What is said of a written request alone."""
DECIDED_DELAY: Words = {
    FR: ("dans les trente jours qui suivent sa date", "par écrit", "article"),
    EN: ("within the thirty days that follow its date", "in writing", "section"),
}
"""Art. 51, 135, 137: the delay of the review of a decision, and that it is asked for in writing."""


@pytest.fixture(scope="module")
def real() -> Town:
    """The real town, one body of which has told who is responsible for access."""
    read = read_town(TOWN_DIR)
    known = {"fr": "Me Alex Exemple, 514 555-0147", "en": "Me Alex Exemple, 514 555-0147"}
    bodies = [
        {**each.model_dump(mode="json"), **({"access_officer": known} if each.code == BODY else {})}
        for each in read.bodies
    ]
    return Town.model_validate({**read.model_dump(mode="json"), "bodies": bodies})


@pytest.fixture(scope="module")
def clerk(real: Town) -> Clerk:
    """Writes its letters."""
    return Clerk(real)


def must_say(letter: str, language: Language, *elements: Words) -> None:
    """Each element stands in the letter."""
    plain = letter.replace("\u00a0", " ")
    missing = [words for element in elements for words in element[language] if words not in plain]
    assert missing == [], plain


def must_not_say(letter: str, language: Language, element: Words) -> None:
    """None of these words stands in it."""
    assert [words for words in element[language] if words in letter.replace("\u00a0", " ")] == []


# -- art. 45, 46: the notice of receipt -------------------------------------------------------------------------------


@pytest.mark.parametrize("language", Language)
async def test_the_notice_of_receipt_states_date_delays_silence_and_recourse(clerk: Clerk, language: Language) -> None:
    """POL-22, POL-23, POL-24, POL-25, A-2.1 art. 46."""
    story = [clerk.received(language, written=True), ROUTED, DUE]
    letter = await clerk.owed(story, LetterKind.ACKNOWLEDGEMENT)
    must_say(letter, language, RECEIPT, DELAYS, SILENCE, RECOURSE)
    must_say(
        letter, language, {FR: ("au plus tard le jeudi 4 juin 2026",), EN: ("no later than Thursday, June 4, 2026",)}
    )


@pytest.mark.parametrize("language", Language)
async def test_who_asks_orally_is_told_that_only_what_is_written_is_reviewed(clerk: Clerk, language: Language) -> None:
    """POL-20, POL-25, A-2.1 art. 45: the delay is the same."""
    story = [clerk.received(language, written=False), ROUTED, DUE]
    letter = await clerk.owed(story, LetterKind.ACKNOWLEDGEMENT)
    must_say(letter, language, RECEIPT, DELAYS, ORALLY)
    must_not_say(letter, language, NOT_ORALLY)


@pytest.mark.parametrize("language", Language)
async def test_who_is_asked_for_precision_is_told_the_same(clerk: Clerk, language: Language) -> None:
    """POL-21, POL-25, A-2.1 art. 42, 45, 46: it may be the only letter that they get in time."""
    unasked = make(RequestIncomplete, missing=["precision"], asked=None)
    written = await clerk.owed([clerk.received(language, written=True), unasked], LetterKind.MISSING)
    must_say(written, language, RECEIPT, DELAYS, SILENCE, RECOURSE)
    must_say(written, language, {FR: ("article 42", "peut vous aider"), EN: ("section 42", "can help you")})
    oral = await clerk.owed([clerk.received(language, written=False), unasked], LetterKind.MISSING)
    must_say(oral, language, RECEIPT, ORALLY)
    must_not_say(oral, language, NOT_ORALLY)


# -- art. 47: the extension -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", Language)
async def test_the_notice_of_extension_states_the_new_limit_silence_and_recourse(
    clerk: Clerk, language: Language
) -> None:
    """POL-23, A-2.1 art. 47, 52: day 30 is Sunday 14 June, so the limit is Monday, and deadlines need not say so."""
    story = [clerk.received(language, written=True), ROUTED, DUE]
    letter = await clerk.extension(story, 10, "Les plans sont aux archives.")
    must_say(letter, language, RECEIPT, SILENCE if language is EN else {FR: ("la loi considère",)}, RECOURSE)
    why = {FR: ("vingt jours", "dix jours", "article 47"), EN: ("twenty days", "ten days", "section 47")}
    limit = {FR: ("au plus tard le lundi 15 juin 2026",), EN: ("no later than Monday, June 15, 2026",)}
    must_say(letter, language, why, limit, {FR: ("aux archives",), EN: ("aux archives",)})


@pytest.mark.parametrize(
    ("days", "limit"),
    [
        (1, "vendredi 5 juin 2026"),
        (2, "vendredi 5 juin 2026"),
        (3, "lundi 8 juin 2026"),
        (5, "mardi 9 juin 2026"),
        (10, "lundi 15 juin 2026"),
    ],
)
async def test_the_new_limit_is_as_many_days_later_as_are_taken(clerk: Clerk, days: int, limit: str) -> None:
    """POL-23: what ends on a Sunday ends on Monday; the town works to the Friday before what ends on a weekend."""
    letter = await clerk.extension([clerk.received(FR, written=True)], days)
    assert f"au plus tard le {limit}" in letter


@pytest.mark.parametrize("language", Language)
async def test_an_extension_of_what_was_asked_orally_promises_no_review(clerk: Clerk, language: Language) -> None:
    """POL-20, A-2.1 art. 45."""
    letter = await clerk.extension([clerk.received(language, written=False), ROUTED, DUE], 10)
    must_say(letter, language, ORALLY)
    must_not_say(letter, language, NOT_ORALLY)


@pytest.mark.parametrize("language", Language)
async def test_a_complaint_is_extended_in_words_of_its_own(clerk: Clerk, language: Language) -> None:
    """POL-29: with its reason and its new day, ten business days on, 24 June left out; nothing of the access act."""
    ground = "citizen_wish" if language is EN else None
    complaint = COMPLAINT.model_copy(update={"language": language, "language_ground": ground})
    due = make(ObligationSet, obligation_id="answer-1", obligation="answer", due_prudent_on="2026-06-12")
    letter = await clerk.extension([complaint, due], 10, "Une expertise est en cours.")
    must_say(letter, language, {FR: ("lundi 29 juin 2026", "expertise"), EN: ("Monday, June 29, 2026", "expertise")})
    must_not_say(letter, language, {FR: ("Loi sur l’accès", "Commission d’accès"), EN: ("Access Act", "Commission d’")})


# -- art. 47 to 51, 135: the decision ---------------------------------------------------------------------------------

OUTCOMES: dict[AccessOutcome, Words] = {
    AccessOutcome.GRANTED: {FR: ("vous est accordé.",), EN: ("is granted.",)},
    AccessOutcome.PARTIAL: {FR: ("vous est accordé en partie.",), EN: ("is granted in part.",)},
    AccessOutcome.REFUSED: {FR: ("vous est refusé.",), EN: ("is refused.",)},
    AccessOutcome.NO_DOCUMENT: {FR: ("ne détient aucun document",), EN: ("holds no document",)},
    AccessOutcome.OTHER_BODY: {FR: ("un autre organisme public",), EN: ("another public body",)},
}
WHY = "Ce document contient des renseignements fournis par un tiers."


def said_of(outcome: AccessOutcome) -> dict[str, object]:
    """What a decision says besides."""
    refuses = outcome in (AccessOutcome.REFUSED, AccessOutcome.PARTIAL)
    provisions = ("article 23", "article 24") if refuses else ()
    body = BODY if outcome is AccessOutcome.OTHER_BODY else None
    return {"access_outcome": outcome, "provisions": provisions, "body": body}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("outcome", AccessOutcome)
async def test_every_decision_states_its_outcome_and_the_recourse(
    clerk: Clerk, outcome: AccessOutcome, language: Language
) -> None:
    """POL-24, POL-25, A-2.1 art. 47, 51, 135."""
    story = [clerk.received(language, written=True), ROUTED, DUE]
    letter = await clerk.answer(story, WHY, **said_of(outcome))
    must_say(letter, language, RECEIPT, OUTCOMES[outcome], RECOURSE, DECIDED_DELAY)
    assert WHY in letter
    for other, words in OUTCOMES.items():
        if other is not outcome:
            must_not_say(letter, language, words)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("outcome", [AccessOutcome.REFUSED, AccessOutcome.PARTIAL])
async def test_a_refusal_states_each_provision_and_explains_it(
    clerk: Clerk, outcome: AccessOutcome, language: Language
) -> None:
    """A-2.1 art. 50, 51: whole or in part."""
    letter = await clerk.answer([clerk.received(language, written=True), ROUTED, DUE], WHY, **said_of(outcome))
    cites = {FR: ("s’appuie sur : article 23 ; article 24.",), EN: ("relies on: article 23; article 24.",)}
    must_say(letter, language, cites)
    assert letter.index("article 23") < letter.index(WHY) < letter.index("135")


@pytest.mark.parametrize("language", Language)
async def test_another_body_is_named_with_who_is_responsible_there(clerk: Clerk, language: Language) -> None:
    """A-2.1 art. 48."""
    letter = await clerk.answer(
        [clerk.received(language, written=True), ROUTED, DUE], WHY, **said_of(AccessOutcome.OTHER_BODY)
    )
    must_say(
        letter,
        language,
        dict.fromkeys(Language, ("Hydro-Québec", "hydroquebec.com", "Me Alex Exemple, 514 555-0147", "48")),
    )


@pytest.mark.parametrize("language", Language)
async def test_who_is_responsible_there_is_asked_for_where_the_town_does_not_know(
    clerk: Clerk, language: Language
) -> None:
    """A-2.1 art. 48."""
    letter = await clerk.answer(
        [clerk.received(language, written=True)], WHY, access_outcome=AccessOutcome.OTHER_BODY, body="exo"
    )
    asks = {
        FR: ("exo – transport collectif", "la personne responsable de l’accès aux documents de cet organisme"),
        EN: ("exo – public transit", "the person in charge of access to documents of that body"),
    }
    must_say(letter, language, asks)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("outcome", AccessOutcome)
async def test_a_decision_on_what_was_asked_orally_promises_no_review(
    clerk: Clerk, outcome: AccessOutcome, language: Language
) -> None:
    """POL-20, POL-24, A-2.1 art. 45, 135."""
    letter = await clerk.answer([clerk.received(language, written=False), ROUTED, DUE], WHY, **said_of(outcome))
    must_say(letter, language, OUTCOMES[outcome], ORALLY)
    must_not_say(letter, language, NOT_ORALLY)


# -- art. 25, 49: third parties ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("asks_in", Language)
def test_a_third_party_is_told_what_they_may_do_until_when_and_nothing_of_who_asks(
    clerk: Clerk, language: Language, asks_in: Language
) -> None:
    """POL-26, POL-30, A-2.1 art. 25, 49: 20 days after Monday 18 May is Sunday 7 June."""
    story = [clerk.received(asks_in, written=True), ROUTED, DUE, clerk.third_party()]
    letter = clerk.notice(story, language, "Il s'agit de votre soumission de 2025.", town("2026-05-18"))
    states: Words = {
        FR: ("Bonjour Dominique Tiers", "articles 25 et 49", "vingt jours", "par écrit", "jusqu’au lundi 8 juin 2026"),
        EN: ("Hello Dominique Tiers", "sections 25 and 49", "twenty days", "in writing", "until Monday, June 8, 2026"),
    }
    consent: Words = {FR: ("la loi considère que vous consentez",), EN: ("the law considers that you consent",)}
    must_say(letter, language, states, consent, dict.fromkeys(Language, ("soumission de 2025",)))
    for hidden in (*CAMILLE.values(), "Camille", FOLLOW, "Inventée", "suivi/"):
        assert hidden not in letter


# -- reminders, and what deadlines say later --------------------------------------------------------------------------

ASKED = make(RequestIncomplete, missing=["precision"])
REPLY = make(
    ObligationSet,
    obligation_id="citizen_reply-1",
    obligation="citizen_reply",
    due_at="2026-06-13T00:00:00-04:00",
    due_prudent_on="2026-06-12",
)
NEAR = make(ObligationWarned, obligation_id="citizen_reply-1", obligation="citizen_reply")


@pytest.mark.parametrize("language", Language)
async def test_a_reminder_says_what_is_missing_and_until_when_it_is_waited_for(
    clerk: Clerk, language: Language
) -> None:
    """POL-06, POL-21."""
    ground = "citizen_wish" if language is EN else None
    complaint = COMPLAINT.model_copy(update={"language": language, "language_ground": ground})
    answer = make(ObligationSet, obligation_id="answer-1", obligation="answer", due_prudent_on="2026-05-29")
    story = [complaint, answer, ASKED, REPLY, make(ObligationPaused), NEAR]
    letter = await clerk.owed(story, LetterKind.REMINDER)
    says = {
        FR: ("des précisions sur votre demande.", "d’ici le vendredi 12 juin 2026"),
        EN: ("more details about your request.", "by Friday, June 12, 2026"),
    }
    must_say(letter, language, says)


@pytest.mark.parametrize("language", Language)
async def test_a_reminder_about_access_threatens_with_nothing(clerk: Clerk, language: Language) -> None:
    """POL-21, POL-22, A-2.1 art. 47: the law's clock goes on, and a decision is owed with or without precision."""
    story = [clerk.received(language, written=True), ROUTED, DUE, ASKED, REPLY, NEAR]
    letter = await clerk.owed(story, LetterKind.REMINDER)
    must_say(letter, language, {FR: ("avec ou sans ces précisions",), EN: ("with or without these details",)})
    must_not_say(letter, language, {FR: ("fermé", "12 juin"), EN: ("closed", "June 12")})


async def test_a_letter_tells_the_day_that_was_counted_last_and_none_that_stands_still(clerk: Clerk) -> None:
    """POL-18, POL-29."""
    complaint = COMPLAINT.model_copy(update={"language": FR, "sealed": None})
    answer = make(ObligationSet, obligation_id="answer-1", obligation="answer", due_prudent_on="2026-06-12")
    given = make(RequestCompleted, given=["precision"])
    recounted = make(ObligationRecounted, due_prudent_on="2026-06-19")
    told: list[Event] = [complaint, ROUTED, answer, ASKED, make(ObligationPaused), given, recounted]
    acknowledged = await clerk.owed(told, LetterKind.ACKNOWLEDGEMENT)
    assert "au plus tard le vendredi 19 juin 2026" in acknowledged
    still = await clerk.owed([*told[:3], make(ObligationPaused)], LetterKind.ACKNOWLEDGEMENT)
    assert "au plus tard" not in still
