"""Asking the knowledge base: however it is written, the article is found; what nothing answers finds nothing."""

from __future__ import annotations

import dataclasses
import re

import pytest
from tests.intake.service.office import Office
from tests.place import TOWN_DIR

from clic_chassis.clock import SystemClock
from clic_chassis.town_file import read_town
from clic_contracts.vocabulary import Language
from clic_intake.core.knowledge import Hit, worth_showing
from clic_intake.knowledge import Knowledge
from clic_intake.knowledge.search import VERSIONS_KEPT


async def codes(office: Office, question: str, **asked: str) -> list[str]:
    """The codes of what is found, in order."""
    answer = await office.http.get(
        "/knowledge", params={"q": question, **asked}, headers={"Authorization": "Bearer desk"}
    )
    assert answer.status_code == 200, answer.text
    return [each["code"] for each in answer.json()]


async def test_accents_case_hyphens_and_plurals_do_not_count(office: Office) -> None:
    """POL-16: who asks by telephone writes as they hear."""
    for question in (
        "nids-de-poule",
        "nid de poule",
        "NIDS DE POULES",
        "Nid\u2011de\u2011poule",
        "un trou dans la rue",
    ):
        assert (await codes(office, question))[0] == "nid_de_poule", question
    for question in ("dechets", "déchet", "DÉCHETS", "où vont mes poubelles", "bacs bruns"):
        assert (await codes(office, question))[0] == "collecte_des_dechets", question
    assert (await codes(office, "abattre des arbres"))[0] == "abattage_arbre"
    assert (await codes(office, "L’arrosage de la pelouse"))[0] == "arrosage"


async def test_english_has_its_own_words_and_its_own_text(office: Office) -> None:
    """Its plurals, too; French words find nothing there but what the town listed."""
    answer = await office.ask("/knowledge?q=potholes&lang=en")

    assert [each["code"] for each in answer.json()] == ["nid_de_poule"]
    assert answer.json()[0]["title"] == "Report a pothole"
    assert (await codes(office, "cutting down trees", lang="en"))[0] == "abattage_arbre"


async def test_what_nothing_answers_finds_nothing(office: Office) -> None:
    """POL-17: the question then stays a request. Nor do words that stand in every text, or signs, find anything."""
    for question in ("girafe quantique", "le la les de", "& | ! () :* '", "\\'"):
        assert await codes(office, question) == [], question


async def test_a_whole_letter_finds_what_it_is_about_and_little_else(office: Office) -> None:
    """As the form asks: the citizen's text, in the subject that they chose."""
    letter = (
        "Bonjour, j'ai frappé hier soir un énorme nid de poule au coin de la rue Inventée, ma roue a été abîmée et "
        "je voudrais savoir quand vous allez enfin réparer la chaussée. Merci, Camille Exemple"
    )

    assert (await codes(office, letter))[0] == "nid_de_poule"
    assert len(await codes(office, letter)) <= 2
    assert (await codes(office, letter, subject="watering"))[0] == "arrosage"


async def test_the_index_is_made_once_a_version_and_older_ones_are_let_go(office: Office) -> None:
    """A restart changes nothing; another version of the town is indexed beside the one that still runs."""
    town, pool = read_town(TOWN_DIR), office.runtime.pool
    before = await pool.fetchval("SELECT indexed_at FROM knowledge_index")
    await Knowledge(pool, town, SystemClock()).prepare()
    assert await pool.fetchval("SELECT indexed_at FROM knowledge_index") == before

    for n in range(VERSIONS_KEPT):
        newer = Knowledge(pool, town.model_copy(update={"version": f"next{n}"}), SystemClock())
        await newer.prepare()
        assert await newer.search("arrosage", Language.FR)
    assert await pool.fetchval("SELECT count(*) FROM knowledge_index") == VERSIONS_KEPT
    assert await pool.fetchval("SELECT count(DISTINCT version) FROM knowledge_document") == VERSIONS_KEPT


async def test_only_agents_ask_and_a_question_has_a_bound(office: Office) -> None:
    """The public asks by the form."""
    assert (await office.ask("/knowledge?q=arrosage", token=None)).status_code == 401
    assert (await office.ask(f"/knowledge?q={'a' * 2_001}")).status_code == 422


@pytest.mark.parametrize(("words", "expected"), [((4, 3, 2, 1), ["a0", "a1"]), ((1, 1), ["a0", "a1"]), ((), [])])
def test_what_is_far_behind_the_best_is_left_out(words: tuple[int, ...], expected: list[str]) -> None:
    hits = [Hit(f"a{n}", count, is_given=False) for n, count in enumerate(words)]

    assert list(worth_showing(hits)) == expected
    given = [dataclasses.replace(each, is_given=True) for each in hits]
    assert list(worth_showing(given)) == [each.code for each in hits]


async def test_the_index_holds_no_text_that_is_not_an_article(office: Office) -> None:
    """POL-30: a question is asked and not kept."""
    await codes(office, "zzyxmarqueur quelconque")
    async with office.runtime.pool.acquire() as connection:
        found = await connection.fetchval(
            "SELECT count(*) FROM knowledge_document WHERE document @@ to_tsquery('french', 'zzyxmarqueur')"
        )
    assert found == 0


async def test_every_article_of_the_town_is_found_by_its_title_in_either_language(office: Office) -> None:
    """POL-16."""
    for article in read_town(TOWN_DIR).articles:
        for language, title in (("fr", article.title.fr), ("en", article.title.en)):
            assert (await codes(office, title, lang=language))[0] == article.code, title


def test_the_town_s_articles_are_set_as_french_is_set() -> None:
    """Apostrophes of type, and spaces that do not break before a colon, a question mark and the like."""
    texts = [text for each in read_town(TOWN_DIR).articles for text in (each.title.fr, each.text.fr)]

    assert len(texts) >= 20
    assert [text for text in texts if re.search(r"'| [:?!»]|« ", text)] == []
