"""The two formats say the same, and both have the forms of the specification's examples (with invented words)."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from tests.intake.open311.georeport import SCHEMA, spark, valid
from tests.intake.open311.listed import listed

from clic_chassis.scenario import NOON
from clic_contracts.town import Town
from clic_contracts.vocabulary import Language
from clic_intake.core import open311
from clic_intake.core.open311 import Value
from clic_intake.core.question import Told
from clic_intake.open311.format import Format, accepted, answer, split

EXAMPLES = {
    "services": """<services>
        <service><service_code>001</service_code><service_name>Bacs oubliés</service_name>
          <description>Des bacs restés dehors.</description><metadata>true</metadata><type>realtime</type>
          <keywords>lorem, ipsum</keywords><group>propreté</group></service>
        <service><service_code>002</service_code><metadata>true</metadata><type>batch</type><keywords/>
          <group>rue</group><service_name>Plaque déplacée</service_name><description/></service></services>""",
    "service_definition": """<service_definition><service_code>DMV66</service_code><attributes><attribute>
        <variable>true</variable><code>WHISHETN</code><datatype>singlevaluelist</datatype><required>true</required>
        <datatype_description></datatype_description><order>1</order><description>Quel numéro ?</description>
        <values><value><key>123</key><name>Une marque</name></value><value><key>124</key><name>Une autre</name></value>
        </values></attribute></attributes></service_definition>""",
    "a post's answer": """<service_requests><request><service_request_id>293944</service_request_id>
        <service_notice>La Ville inspectera.</service_notice><account_id/></request></service_requests>""",
    "a token's answer": """<service_requests><request><service_request_id>638344</service_request_id>
        <token>12345</token></request></service_requests>""",
    "requests": """<service_requests><request><service_request_id>638344</service_request_id><status>closed</status>
        <status_notes>Demande en double.</status_notes><service_name>Trottoirs</service_name>
        <service_code>006</service_code><description></description><agency_responsible></agency_responsible>
        <service_notice></service_notice><requested_datetime>2010-04-14T06:37:38-08:00</requested_datetime>
        <updated_datetime>2010-04-14T06:37:38-08:00</updated_datetime>
        <expected_datetime>2010-04-15T06:37:38-08:00</expected_datetime><address>1, rue Inventée</address>
        <address_id>545483</address_id><zipcode>94122</zipcode><lat>37.762221815</lat><long>-122.4651145</long>
        <media_url>http://exemple.invalid/638344.jpg </media_url></request></service_requests>""",
    "errors": """<errors><error><code>403</code><description>Clé non valide.</description></error></errors>""",
    "discovery": """<discovery><changeset>2011-02-03 14:18</changeset><contact>Écrivez-nous.</contact>
        <key_service>Demandez une clé.</key_service><endpoints><endpoint>
        <specification>http://wiki.open311.org/GeoReport_v2</specification><url>http://exemple.invalid/v2</url>
        <changeset>2010-11-23 09:01</changeset><type>production</type><formats><format>text/xml</format></formats>
        </endpoint></endpoints></discovery>""",
}
"""Of the forms that the specification shows, its order of fields included."""

WRONG = {
    "a status that is none": ("requests", "<status>closed</status>", "<status>solved</status>"),
    "an instant without its offset": ("requests", "38-08:00</requested", "38</requested"),
    "a request without its service": ("requests", "<service_code>006</service_code>", ""),
    "a token beside a number": ("a post's answer", "<account_id/>", "<token>1</token>"),
    "a list without values": ("service_definition", "<key>124</key>", ""),
    "a foreign tag": ("services", "<keywords/>", "<keywords/><tags/>"),
    "no errors at all": ("errors", "<error><code>403</code><description>Clé non valide.</description></error>", ""),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_our_schema_takes_what_the_specification_shows(name: str) -> None:
    """Otherwise it would be the schema of our own answers."""
    assert SCHEMA.validate(etree.fromstring(EXAMPLES[name])), SCHEMA.error_log


@pytest.mark.parametrize("what", WRONG)
def test_our_schema_refuses_what_the_specification_does_not_allow(what: str) -> None:
    name, right, wrong = WRONG[what]
    assert right in EXAMPLES[name]

    assert not SCHEMA.validate(etree.fromstring(EXAMPLES[name].replace(right, wrong, 1)))


def answers(town: Town, language: Language) -> dict[str, tuple[str, Value]]:
    """Every sort of answer, as a root and its content."""
    plain = listed(2, public_text="", public_notes="", sector=None, department=None, expected_at=None)
    return {
        "services": ("services", open311.services(town, language)),
        "asks": ("service_definition", open311.definition(town.subject_by_code["pothole"], language)),
        "asks nothing": ("service_definition", open311.definition(town.subject_by_code["road_danger"], language)),
        "requests": ("service_requests", [open311.shown(each, town, language) for each in (listed(), plain)]),
        "no requests": ("service_requests", []),
        "created": ("service_requests", open311.created("2026-000001", "Votre demande est enregistrée.")),
        "redeemed": ("service_requests", open311.redeemed(listed(), "jeton")),
        "errors": ("errors", open311.errors(400, [Told("Un.", "One."), Told("Deux.", "Two.")], language)),
        "discovery": ("discovery", open311.discovery(town, "https://exemple.invalid/open311/v2", NOON)),
    }


@pytest.mark.parametrize("language", Language)
def test_every_answer_is_valid_xml_and_the_same_in_json(serving: Town, language: Language) -> None:
    """GeoReport v2, JSON support: the Spark convention."""
    for root, content in answers(serving, language).values():
        xml, plain = answer(root, content, Format.XML), answer(root, content, Format.JSON)

        element = valid(bytes(xml.body))
        assert element.tag == root
        assert spark(element) == json.loads(bytes(plain.body))
        assert xml.headers["content-type"] == "text/xml; charset=utf-8"
        assert plain.headers["content-type"] == "application/json; charset=utf-8"


def test_codes_are_strings_in_json(serving: Town) -> None:
    """Issue: a code 006 is no number, and no JSON either."""
    made = {name: content for name, (_, content) in answers(serving, Language.FR).items()}

    assert made["errors"] == [{"code": "400", "description": "Un."}, {"code": "400", "description": "Deux."}]
    text = json.dumps(made)
    assert '"service_request_id": "2026-000001"' in text
    assert '"service_code": "pothole"' in text
    assert '"key": "small"' in text


@given(st.text())
def test_whatever_the_town_publishes_both_formats_can_hold(serving: Town, text: str) -> None:
    """XML has no way to write most control characters, JSON has."""
    content: list[Value] = [open311.shown(listed(public_text=text), serving, Language.FR)]

    element = etree.fromstring(bytes(answer("service_requests", content, Format.XML).body))
    decoded = json.loads(bytes(answer("service_requests", content, Format.JSON).body))

    assert decoded[0]["description"] == (text or None)
    shown = element.findtext("request/description") or ""
    assert len(shown) == len(text.replace("\r\n", "\n"))
    assert all(ours in (theirs, "\ufffd", "\n") for ours, theirs in zip(shown, text.replace("\r\n", "\n"), strict=True))


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("", Format.XML),
        ("*/*", Format.XML),
        ("application/json", Format.JSON),
        ("text/html, application/json;q=0.9, */*;q=0.8", Format.JSON),
        ("application/xml, application/json", Format.XML),
        ("TEXT/XML; charset=utf-8", Format.XML),
    ],
)
def test_without_a_suffix_the_format_is_the_accepted_one_and_xml_first(header: str, chosen: Format) -> None:
    """GeoReport v2, format support: XML is the required format."""
    assert accepted(header) is chosen


def test_a_suffix_is_what_stands_after_the_last_dot() -> None:
    assert [split(each) for each in ("services.json", "services", "2026-000001.xml", "a.b.json")] == [
        ("services", "json"),
        ("services", ""),
        ("2026-000001", "xml"),
        ("a.b", "json"),
    ]


# -- what is shown ------------------------------------------------------------------------------------------------


def test_a_request_shows_what_the_town_published_and_never_where_exactly(serving: Town) -> None:
    """POL-30."""
    assert open311.shown(listed(), serving, Language.FR) == {
        "service_request_id": "2026-000001",
        "status": "open",
        "status_notes": "Réparation prévue.",
        "service_name": "Nid-de-poule",
        "service_code": "pothole",
        "description": "Nid-de-poule près d’une école.",
        "agency_responsible": "Ville imaginaire",
        "service_notice": None,
        "requested_datetime": "2026-05-15T10:00:00-04:00",
        "updated_datetime": "2026-05-15T11:00:00-04:00",
        "expected_datetime": "2026-05-20T12:00:00-04:00",
        "address": "Secteur Centre, Ville imaginaire",
        "address_id": None,
        "zipcode": None,
        "lat": None,
        "long": None,
        "media_url": None,
    }


def test_instants_have_the_offset_of_their_day(serving: Town) -> None:
    """W3C NOTE-datetime; winter is five hours behind UTC."""
    winter = listed(received_at=dt.datetime(2026, 1, 15, 17, 0, 0, 999_999, tzinfo=dt.UTC))

    assert open311.shown(winter, serving, Language.FR)["requested_datetime"] == "2026-01-15T12:00:00-05:00"


def test_services_are_what_citizens_may_choose_grouped_by_who_answers(serving: Town) -> None:
    """POL-07, POL-26: outside the town's competence the description says where to turn."""
    found = open311.services(serving, Language.EN)

    assert [each["service_code"] for each in found if isinstance(each, dict)] == [
        "pothole",
        "provincial_road",
        "road_danger",
    ]
    assert found[0] == {
        "service_code": "pothole",
        "service_name": "Pothole",
        "description": "Answered within 5 business days.",
        "metadata": True,
        "type": "realtime",
        "keywords": None,
        "group": "Imaginary town",
    }
    assert isinstance(found[1], dict)
    assert found[1]["description"] == (
        "Outside the town’s competence. The imaginary ministry can help you: call 450 555-0199."
    )
    assert found[1]["group"] == "The imaginary ministry"


def test_keywords_are_the_words_of_the_articles_about_a_service(serving: Town) -> None:
    article = {
        "code": "nids_de_poule", "title": {"fr": "Nids", "en": "Holes"}, "text": {"fr": "Texte.", "en": "Text."},
        "subjects": ["pothole"], "words": ["trou", "crevasse", "trou"], "reviewed_on": "2026-01-01",
    }  # fmt: skip
    town = Town.model_validate({**serving.model_dump(mode="json"), "articles": [article]})

    first = open311.services(town, Language.FR)[0]
    assert isinstance(first, dict)
    assert first["keywords"] == "trou, crevasse"
    assert first["description"] == "Réponse d’ici 5\u00a0jours ouvrables."


def test_attributes_are_numbered_in_the_order_of_the_questions(serving: Town) -> None:
    """GeoReport v2, service definition."""
    definition = open311.definition(serving.subject_by_code["pothole"], Language.FR)

    attributes = definition["attributes"]
    assert isinstance(attributes, list)
    assert attributes[0] == {
        "variable": True,
        "code": "size",
        "datatype": "singlevaluelist",
        "required": True,
        "datatype_description": None,
        "order": 1,
        "description": "Quelle est la taille ?",
        "values": [{"key": "small", "name": "Petite"}, {"key": "large", "name": "Grande"}],
    }
    assert [each["order"] for each in attributes if isinstance(each, dict)] == [1, 2, 3]
    assert isinstance(attributes[2], dict)
    assert "values" not in attributes[2]
