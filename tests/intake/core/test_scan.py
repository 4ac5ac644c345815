"""The scan finds what is planted, in whatever form people write it, and leaves plain sentences alone."""

from __future__ import annotations

import random
import unicodedata
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clic_intake.core.name import candidates, entries
from clic_intake.core.pattern import Kind
from clic_intake.core.plain import seen
from clic_intake.core.scan import Finding, contacts_in, look_up, scan

GIVEN = ("Camille", "Zoé", "Marie-Ève", "Jean-François", "Anaïs", "Ugo")
FAMILY = ("Exemple", "St-Inventé", "L’Imaginaire", "Fictif-Lavoie", "O'Rêve", "D’Amours", "Rose", "Laforest")
PLAIN = (
    "Les avis de travaux doivent partir deux semaines plus tôt.",
    "Le 311 a reçu 1 200 appels en 2025-2026, contre 980 l’année précédente.",
    "Règlement 535-2019 sur les nuisances : les délais du règlement 1235 sont mal compris.",
    "En 2026, rue Fortier, trois places de stationnement ont été retirées.",
    "La rue Laforest et le boulevard Sir-Wilfrid-Laurier reviennent souvent, comme le Mont-Saint-Hilaire.",
    "Rose est la couleur du bac qui trompe le plus de gens. Une forêt de panneaux n’aide personne.",
    "Le budget de 1 000 000 000 $ est un chiffre inventé, à 12,5 % près.",
    "Les 12 rues du secteur de la gare ont attendu de 20 à 30 jours ouvrables.",
    "Québec 511 renseigne sur la route 116 ; le 911 reste pour les urgences.",
    "La collecte du 24 décembre est déplacée au 27 ; 4 citoyens sur 10 l’ignoraient.",
    "Au comptoir, 45 % des visites se règlent en 10 minutes ou moins.",
    "Le formulaire A-12 demande trois fois la même chose (questions 4, 7 et 11).",
    "Les aînés préfèrent le téléphone ; les familles, le courriel.",
    "Une cour, une place et une côte se déneigent autrement qu’une rue.",
    "Ouvert de 8 h 30 à 16 h 30, du lundi au jeudi, depuis le 2026-05-15.",
    "La salle 2 de la bibliothèque, la piste 14 et le parc à 3 entrées sont signalés à part.",
)
BEFORE = ("Selon un appel, ", "On a écrit à ", "", "Voir (", "« ", "contact : ", "L’avis de ")
AFTER = (" a été utile.", ".", "", ") pour la suite.", " »", " et la suite.\nAutre ligne.", ", dit-on")
KNOWN_PLAIN = frozenset(
    key for name in ("Rose Laforest", "Ali St-Hilaire", "Ugo Laurier", "Côté, Zoé") for key in entries(name)
)

digits = st.text("0123456789", min_size=3, max_size=3)
sentence_parts = st.tuples(st.sampled_from(BEFORE), st.sampled_from(AFTER), st.sampled_from(PLAIN))
full_names = st.tuples(st.sampled_from(GIVEN), st.sampled_from(FAMILY))


@st.composite
def emails(draw: st.DrawFn) -> str:
    local = draw(st.from_regex(r"[a-z][a-z0-9._+-]{0,20}[a-z0-9]", fullmatch=True))
    at = draw(st.sampled_from(["@", "@", " @ ", "\uff20", " [at] ", "(a)", " arobase "]))
    domain = draw(st.from_regex(r"[a-z][a-z0-9-]{0,15}[a-z0-9]\.(invalid|com|qc\.ca)", fullmatch=True))
    return f"{local}{at}{domain}"


@st.composite
def phones(draw: st.DrawFn) -> str:
    area, exchange = draw(st.sampled_from(["450", "514", "438", "819", "800", "212"])), draw(digits)
    line = draw(digits) + draw(st.sampled_from("0123456789"))
    space = draw(st.sampled_from([" ", "-", ".", "\u00a0", "\u202f", "\u2011", "–", ""]))
    first = draw(st.sampled_from([area, f"({area})", f"1 {area}", f"+1 {area}", f"1-{area}", f"+1{area}"]))
    extension = draw(st.sampled_from(["", " poste 12", ", poste 345", " ext. 7", " #4"]))
    return f"{first}{space}{exchange}{draw(st.sampled_from([space, '-', ' ']))}{line}{extension}"


@st.composite
def addresses(draw: st.DrawFn) -> str:
    number = draw(st.integers(1, 99_999))
    of = draw(st.sampled_from([", ", " ", " de la ", ",\u00a0"]))
    way = draw(
        st.sampled_from(
            ["rue", "avenue", "av.", "boulevard", "boul.", "chemin", "ch.", "montée", "rang", "place", "Rue", "RUE"]
        )
    )
    name = draw(st.sampled_from(["des Exemples", "Inventée", "de l’Essai", "Sainte-Fictive", "Zoé-Imaginaire"]))
    flat = draw(st.sampled_from(["", " app. 4", ", appartement 12", " apt 3B", ", bureau 200"]))
    return f"{number}{of}{way} {name}{flat}"


@st.composite
def written_names(draw: st.DrawFn) -> tuple[str, str]:
    """A name as it was registered, and as a text has it."""
    first, last = draw(full_names)
    registered = draw(
        st.sampled_from([f"{first} {last}", f"{last}, {first}", f"{last.upper()} {first}", f"M. {first} {last}"])
    )
    shown = draw(st.sampled_from([f"{first} {last}", f"{last}, {first}", f"{first} {last}".upper(), f"{last} {first}"]))
    without = "".join(c for c in unicodedata.normalize("NFD", shown) if not unicodedata.combining(c))
    return registered, draw(
        st.sampled_from([shown, without, unicodedata.normalize("NFD", shown), shown.replace("-", " ")])
    )


def found_in(text: str, planted: str, known: frozenset[str] = frozenset()) -> list[Finding]:
    """The findings that touch what is planted."""
    start = text.index(planted)
    return [each for each in scan(text, known) if each.start < start + len(planted) and each.end > start]


PLANTED = (
    emails().map(lambda each: (Kind.EMAIL, each))
    | phones().map(lambda each: (Kind.PHONE, each))
    | addresses().map(lambda each: (Kind.ADDRESS, each))
)


@given(PLANTED, sentence_parts)
def test_a_planted_contact_or_address_is_always_found(what: tuple[Kind, str], around: tuple[str, str, str]) -> None:
    """POL-38: by whatever sign, space, dash or abbreviation; the excerpt is what stands in the text."""
    kind, planted = what
    before, after, plain = around
    text = f"{plain} {before}{planted}{after} {plain}"
    findings = found_in(text, planted)
    assert kind in {each.kind for each in findings}
    assert all(text[each.start : each.end] == each.excerpt for each in findings)


@given(written_names(), sentence_parts)
def test_the_whole_name_of_a_known_requester_is_always_found_and_cannot_be_confirmed(
    names: tuple[str, str], around: tuple[str, str, str]
) -> None:
    """POL-38: accents, case, hyphens and the order make no difference."""
    registered, shown = names
    before, after, plain = around
    text = f"{plain} {before}{shown}{after} {plain}"
    known = entries(registered) & look_up(text)
    findings = found_in(text, shown, known)
    assert {each.kind for each in findings if not each.confirmable} == {Kind.NAME}
    assert found_in(text, shown) == []


@pytest.mark.parametrize("sentence", PLAIN)
def test_a_plain_sentence_has_no_findings(sentence: str) -> None:
    """Common words, years, by-laws, amounts and places; though people called Rose, Côté or Laurier have written."""
    assert scan(sentence, KNOWN_PLAIN & look_up(sentence)) == ()


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("Camille Laforest", "Madame Laforest a rappelé.", Kind.NAME_PART),
        ("Camille Laforest", "La famille laforest a rappelé.", Kind.NAME_PART),
        ("Camille Laforest", "On a répondu à Laforest en mai.", Kind.NAME_PART),
        ("Camille Laforest", "Laforest a rappelé.", Kind.NAME_PART),
        ("Camille Laforest", "Plus bas, rue Laforest, tout va.", None),
        ("Camille Rose", "Rose est une couleur.", None),
        ("Camille Rose", "Mme Rose a rappelé.", Kind.NAME_PART),
        ("Marie-Claude Gagnon-Lavoie", "Claude Gagnon a rappelé.", Kind.NAME_PART),
        ("Marie-Claude Gagnon-Lavoie", "Marie-Claude est un prénom.", None),
        ("Pierre Blanche", "une pierre blanche marque l’entrée", Kind.NAME_PART),
        ("Pierre Blanche", "L’école Pierre-Blanche est fermée.", Kind.NAME_PART),
        ("Jean-Guy Tremblay", "J.-G. Tremblay a rappelé.", Kind.NAME_PART),
        ("Ali St-Hilaire", "Monsieur Saint-Hilaire a rappelé.", Kind.NAME_PART),
        ("Ali St-Hilaire", "Ville de Mont-Saint-Hilaire", None),
        ("Anonyme", "Anonyme ou non, un appel compte.", None),
        ("Madame", "Madame a rappelé.", None),
        ("Jean Vu", "Vu le nombre d’appels, on agit.", None),
    ],
)
def test_a_part_of_a_name_is_found_where_it_may_be_one(name: str, text: str, kind: Kind | None) -> None:
    """A part may be confirmed with a reason; words, places and given names alone are left."""
    findings = scan(text, entries(name) & look_up(text))
    assert [each.kind for each in findings] == ([] if kind is None else [kind])
    assert all(each.confirmable for each in findings)


@pytest.mark.parametrize(
    ("text", "kind", "excerpt", "confirmable"),
    [
        ("Le dossier 2026-004217 attend.", Kind.REFERENCE, "2026-004217", False),
        ("Voir 6f9619ff-8b86-5d11-b42d-00cf4fc964ff.", Kind.REFERENCE, "6f9619ff-8b86-5d11-b42d-00cf4fc964ff", False),
        ("À J3H 1A1 et alentour", Kind.POSTAL_CODE, "J3H 1A1", True),
        ("à j3h1a1 et alentour", Kind.POSTAL_CODE, "j3h1a1", True),
        ("Rappeler au 555-0177.", Kind.PHONE, "555-0177", True),
        ("Son cellulaire : 555 0177.", Kind.PHONE, "cellulaire : 555 0177", True),
        ("Sans frais : 1 800 555-0177.", Kind.PHONE, "1 800 555-0177", True),
        ("De Paris, +33 6 12 34 56 78.", Kind.PHONE, "+33 6 12 34 56 78", False),
        ("(450 555-0177, le jour)", Kind.PHONE, "450 555-0177", False),
        ("Le (450) 555-0177.", Kind.PHONE, "(450) 555-0177", False),
        ("Au 12, rue des Vergers a rappelé trois fois.", Kind.ADDRESS, "12, rue des Vergers", True),
        ("Au 12, rue de la Belle Rivière et après.", Kind.ADDRESS, "12, rue de la Belle Rivière", True),
        ("Au 345, 4e Rang.", Kind.ADDRESS, "345, 4e Rang", True),
        ("Sur la rue Inventée, au 345.", Kind.ADDRESS, "rue Inventée, au 345", True),
        ("At 123 Main Street.", Kind.ADDRESS, "123 Main Street", True),
        ("L’appartement 4 fuit.", Kind.ADDRESS, "appartement 4", True),
        ("C.P. 123", Kind.ADDRESS, "C.P. 123", True),
        ("jo\u200bhn\u00ad@exemple.invalid", Kind.EMAIL, "jo\u200bhn\u00ad@exemple.invalid", False),
    ],
)
def test_each_form_is_found_as_what_it_is(text: str, kind: Kind, excerpt: str, *, confirmable: bool) -> None:
    assert [(each.kind, each.excerpt, each.confirmable) for each in scan(text, ())] == [(kind, excerpt, confirmable)]


@given(st.text(max_size=300), st.sets(st.sampled_from(sorted(KNOWN_PLAIN))))
def test_any_text_has_findings_that_stand_in_it_once_and_in_its_order(text: str, known: set[str]) -> None:
    """Whatever is pasted: positions are of the text as it was written."""
    findings = scan(text, known)
    assert all(text[each.start : each.end] == each.excerpt and each.excerpt for each in findings)
    assert [each.start for each in findings] == sorted(each.start for each in findings)
    assert len({(each.start, each.end, each.kind) for each in findings}) == len(findings)


@given(st.text(max_size=200))
def test_a_text_as_it_is_seen_keeps_its_places(text: str) -> None:
    as_seen = seen(text)
    assert len(as_seen.places) == len(as_seen.text) + 1
    assert list(as_seen.places) == sorted(as_seen.places)


@given(st.text(max_size=200))
def test_any_name_has_a_bounded_number_of_entries_that_hold_no_separator(name: str) -> None:
    """The index stays small, whatever stands in the field of a name."""
    assert len(entries(name)) <= 40
    assert all(key.count("\n") == 1 for key in entries(name))


def test_what_the_town_publishes_itself_is_no_finding() -> None:
    """In any form of the number."""
    public = contacts_in(["Composez le 450 555-0199.", "clic@exemple.invalid"])
    assert scan("Écrire à CLIC@exemple.invalid ou au 1 (450) 555.0199.", (), public) == ()
    assert len(scan("Écrire à greffe@exemple.invalid.", (), public)) == 1


def test_the_same_words_have_one_finding_id_wherever_they_stand() -> None:
    """A confirmation outlives an edit elsewhere in the text."""
    one, other = scan("Au 12, rue des Exemples.", ()), scan("Puis, au 12,\u00a0RUE des Exemples !", ())
    assert one[0].finding_id == other[0].finding_id != scan("Au 13, rue des Exemples.", ())[0].finding_id


@pytest.mark.parametrize(
    "piece", ["a", "1", "a@", "1 ", "rue ", "12 rue a ", "Rose ", "a.", "450 ", "-", "(", "é\u0301"]
)
def test_no_text_takes_long(piece: str) -> None:
    """4,000 characters, the longest that are taken, made to be tried over and over."""
    text = (piece * 4_000)[:4_000]
    began = process_time()
    scan(text, KNOWN_PLAIN)
    assert process_time() - began < 2.0


def test_candidates_of_a_long_text_are_bounded() -> None:
    """What is looked up in the index at once."""
    chance = random.Random(1)
    text = " ".join(chance.choice(GIVEN + FAMILY) for _ in range(700))[:4_000]
    assert sum(1 for _ in candidates(text)) < 10_000
