"""One row of Montréal's 311 data: each trait of the real files, and any row at all."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.place import TOWN_DIR

from clic.importing.category import read_categories
from clic.importing.montreal_311 import (
    ALSO_BY_MAX,
    FLAGS,
    NOTES,
    REASONS,
    REQUIRED,
    SOURCE,
    Mapped,
    Refused,
    Sighting,
    map_row,
)
from clic_chassis.town_file import read_town
from clic_contracts.submission import (
    InteractionSubmission,
    OutcomeSubmission,
    RequestPointer,
    RequestSubmission,
    encode_submission,
    parse_submission,
)
from clic_contracts.vocabulary import Channel, Criterion, Kind
from clic_intake.core.fit import fits_town

NOW = dt.datetime(2026, 5, 15, 12, tzinfo=dt.UTC)
TOWN = read_town(TOWN_DIR)
CATEGORIES = read_categories(TOWN)
ROW = {
    "ID_UNIQUE": "22-1",
    "NATURE": "Requete",
    "ACTI_NOM": "Nid-de-poule",
    "DDS_DATE_CREATION": "2022-01-26T15:47:50",
    "PROVENANCE_ORIGINALE": "Téléphone",
    **dict.fromkeys(FLAGS, "0"),
    "PROVENANCE_TELEPHONE": "1",
    "RUE": "rue Inventée",
    "DERNIER_STATUT": "Terminée",
    "DATE_DERNIER_STATUT": "",
}


def row(**cells: str) -> dict[str, str]:
    return {**ROW, **cells}


def mapped(sighting: Sighting | None = None, /, **cells: str) -> Mapped:
    result = map_row(row(**cells), sighting or Sighting(), CATEGORIES, NOW)
    assert isinstance(result, Mapped), result
    return result


def refused(**cells: str) -> Refused:
    result = map_row(row(**cells), Sighting(), CATEGORIES, NOW)
    assert isinstance(result, Refused), result
    assert result.reason in REASONS
    return result


def request_of(result: Mapped) -> RequestSubmission:
    first = result.items[0].submission
    assert isinstance(first, RequestSubmission)
    return first


def outcome_of(result: Mapped) -> OutcomeSubmission:
    last = result.items[-1].submission
    assert isinstance(last, OutcomeSubmission)
    return last


def test_a_row_is_a_request_of_older_records_and_its_outcome() -> None:
    result = mapped()

    said = request_of(result)
    assert (said.kind, said.channel, said.subject) == (Kind.REQUEST, Channel.PHONE, "pothole")
    assert (said.backlog, said.requester_withheld, said.text, said.also_by) == (True, True, "", ())
    assert outcome_of(result).about == RequestPointer(source=SOURCE, id="22-1")
    assert [item.event_id for item in result.items] == ["22-1", "22-1#outcome"]
    assert {item.occurred_at.isoformat() for item in result.items} == {"2022-01-26T15:47:50-05:00"}
    assert result.notes == ()
    assert result.unmapped is None


@pytest.mark.parametrize(
    ("nature", "kind"),
    [
        ("Requete", Kind.REQUEST),
        ("Requête", Kind.REQUEST),
        ("PLAINTE", Kind.COMPLAINT),
        (" Commentaire ", Kind.COMMENT),
    ],
)
def test_natures_are_kinds_however_they_are_spelt(nature: str, kind: Kind) -> None:
    assert request_of(mapped(NATURE=nature)).kind is kind


def test_information_is_a_contact_that_opens_no_request() -> None:
    result = mapped(ID_UNIQUE="", NATURE="Information", PROVENANCE_TELEPHONE="3")

    assert [type(item.submission) for item in result.items] == [InteractionSubmission] * 3
    assert all(item.submission.answered and item.submission.about is None for item in result.items)  # type: ignore[attr-defined]  # Their type was just checked.
    assert len({item.event_id for item in result.items}) == 3


def test_a_request_without_id_is_named_by_its_content() -> None:
    result = mapped(ID_UNIQUE=" ")

    assert request_of(result).kind is Kind.REQUEST
    assert result.items[0].event_id.startswith("row-")
    assert outcome_of(result).about.id == result.items[0].event_id
    assert result.notes == ("request_without_id",)


def test_rows_without_id_that_are_alike_stay_apart_and_keep_their_names() -> None:
    first, second = (mapped(Sighting(of_row=n), ID_UNIQUE="", NATURE="Information") for n in range(2))

    assert first.items[0].event_id != second.items[0].event_id
    assert second == mapped(Sighting(of_row=1), ID_UNIQUE="", NATURE="Information")


def test_a_name_by_content_depends_neither_on_the_order_of_columns_nor_on_empty_ones() -> None:
    cells = row(ID_UNIQUE="", NATURE="Information")
    turned = {**dict(reversed(cells.items())), "ANOTHER_YEARS_COLUMN": ""}

    assert map_row(cells, Sighting(), CATEGORIES, NOW) == map_row(turned, Sighting(), CATEGORIES, NOW)


def test_an_id_that_comes_again_is_a_further_requester() -> None:
    result = mapped(Sighting(id_taken=True), PROVENANCE_TELEPHONE="4")

    (item,) = result.items
    assert isinstance(item.submission, InteractionSubmission)
    assert item.submission.about == RequestPointer(source=SOURCE, id="22-1")
    assert not item.submission.answered
    assert result.notes == ("further_requester",)


@pytest.mark.parametrize(
    ("origin", "counts", "first", "further", "note"),
    [
        ("Téléphone", {"TELEPHONE": "1"}, Channel.PHONE, [], None),
        ("Téléphone", {"TELEPHONE": "3"}, Channel.PHONE, [Channel.PHONE] * 2, None),
        ("Téléphone", {"TELEPHONE": "0"}, Channel.PHONE, [], None),
        ("Courriel", {"TELEPHONE": "1", "COURRIEL": "1"}, Channel.EMAIL, [Channel.PHONE], None),
        ("Personne", {"TELEPHONE": "", "PERSONNE": "1"}, Channel.COUNTER, [], None),
        ("En personne", {"TELEPHONE": "0"}, Channel.COUNTER, [], None),
        ("Instance", {"TELEPHONE": "0", "INSTANCE": "1"}, Channel.COUNCIL, [], None),
        ("Télécopieur", {"TELEPHONE": "0", "TELECOPIEUR": "1"}, Channel.FAX, [], None),
        ("Médias sociaux", {"TELEPHONE": "0", "MEDIASOCIAUX": "1"}, Channel.SOCIAL_MEDIA, [], None),
        ("Site internet", {"TELEPHONE": "0", "SITEINTERNET": "2"}, Channel.WEB_FORM, [Channel.WEB_FORM], None),
        ("Mobile", {"TELEPHONE": "", "MOBILE": "1.0"}, Channel.MOBILE_APP, [], None),
        ("", {"TELEPHONE": "0", "COURRIER": "1"}, Channel.LETTER, [], "channel_from_counts"),
        ("", {"TELEPHONE": "0"}, Channel.UNKNOWN, [], "no_channel"),
        ("Pigeon", {"TELEPHONE": "1"}, Channel.PHONE, [], "unknown_channel"),
        ("Téléphone", {"TELEPHONE": "1", "COURRIEL": "deux"}, Channel.PHONE, [], "odd_contact_count"),
        ("Téléphone", {"TELEPHONE": "1", "COURRIEL": "9999"}, Channel.PHONE, [], "odd_contact_count"),
        ("Téléphone", {"TELEPHONE": "1", "COURRIEL": "-1"}, Channel.PHONE, [], "odd_contact_count"),
    ],
)
def test_each_contact_is_counted_by_its_channel(
    origin: str, counts: dict[str, str], first: Channel, further: list[Channel], note: str | None
) -> None:
    """POL-31."""
    result = mapped(
        None, PROVENANCE_ORIGINALE=origin, **{f"PROVENANCE_{name}": count for name, count in counts.items()}
    )

    assert request_of(result).channel is first
    assert list(request_of(result).also_by) == further
    assert (note is None) == (not result.notes)
    assert note is None or note in result.notes


def test_more_contacts_than_a_submission_can_carry_become_interactions_about_it() -> None:
    result = mapped(PROVENANCE_TELEPHONE=str(ALSO_BY_MAX + 4))

    contacts = [item for item in result.items if isinstance(item.submission, InteractionSubmission)]
    assert len(request_of(result).also_by) == ALSO_BY_MAX
    assert len(contacts) == 3
    assert {item.submission.about for item in contacts} == {RequestPointer(source=SOURCE, id="22-1")}  # type: ignore[attr-defined]  # Their type was just checked.


def test_columns_that_a_year_did_not_have_are_none() -> None:
    result = map_row({name: ROW[name] for name in REQUIRED}, Sighting(), CATEGORIES, NOW)

    assert isinstance(result, Mapped)
    assert len(result.items) == 1
    assert result.notes == ("no_status",)


# -- categories -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "category",
    ["Nid-de-poule", "*Nid-de-poule", "*Z-Nid-de-poule", "* Z - Nid-de-poule", "Y-Nid-de-poule", "NID-DE-POULE  "],
)
def test_retired_categories_are_the_ones_that_they_were(category: str) -> None:
    assert request_of(mapped(ACTI_NOM=category)).subject == "pothole"


def test_a_category_of_no_subject_is_unusual_and_keeps_its_words() -> None:
    """POL-36."""
    result = mapped(ACTI_NOM="*Z-Montgolfière  au verger")

    assert request_of(result).subject is None
    assert request_of(result).text == "Montgolfière au verger"
    assert result.unmapped == "Montgolfière au verger"
    assert mapped(ACTI_NOM="").unmapped == "(none)"


# -- when -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read", "notes"),
    [
        ("2022-01-26T15:47:50", "2022-01-26T15:47:50-05:00", ()),
        ("2022-07-01 08:00:00", "2022-07-01T08:00:00-04:00", ()),
        ("2022/07/01 08:00", "2022-07-01T08:00:00-04:00", ()),
        ("2022-07-01T08:00:00.000", "2022-07-01T08:00:00-04:00", ()),
        ("2022-07-01T12:00:00+00:00", "2022-07-01T12:00:00+00:00", ()),
        ("2022-07-01", "2022-07-01T00:00:00-04:00", ("date_without_time",)),
        # The hour that comes twice in autumn is the first; the one that spring leaves out is put forward.
        ("2022-11-06T01:30:00", "2022-11-06T01:30:00-04:00", ()),
        ("2022-03-13T02:30:00", "2022-03-13T03:30:00-04:00", ("hour_left_out_by_spring",)),
    ],
)
def test_dates_are_montreals(written: str, read: str, notes: tuple[str, ...]) -> None:
    result = mapped(DDS_DATE_CREATION=written)

    assert result.items[0].occurred_at.isoformat() == read
    assert result.notes == notes


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "no_date"),
        ("hier", "odd_date"),
        ("2022-02-30T10:00:00", "odd_date"),
        ("1022-01-01T10:00:00", "odd_date"),
        ("9999-12-31T23:59:59", "odd_date"),
        ("0001-01-01", "odd_date"),
        ("2026-05-15T08:00:01", "future_date"),
    ],
)
def test_a_row_without_a_possible_date_is_refused(written: str, reason: str) -> None:
    assert refused(DDS_DATE_CREATION=written).reason == reason


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"NATURE": ""}, "no_nature"),
        ({"NATURE": "Louange"}, "unknown_nature"),
        ({"ID_UNIQUE": "x" * 151}, "odd_id"),
        ({"ID_UNIQUE": "22\x1f-1"}, "odd_id"),
        ({"ACTI_NOM": "Nid\x00de-poule"}, "nul_character"),
    ],
)
def test_a_row_that_cannot_be_taken_is_refused_with_a_reason(cells: dict[str, str], reason: str) -> None:
    assert refused(**cells).reason == reason


# -- how it ended ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("Terminée", "closed"),
        ("TERMINEE", "closed"),
        ("Refusée", "refused"),
        ("Annulée", "withdrawn"),
        ("Supprimée", "voided"),
        ("Réactivée", "reopened"),
    ],
)
def test_a_last_status_is_an_outcome(status: str, outcome: str) -> None:
    said = outcome_of(mapped(DERNIER_STATUT=status))

    assert said.outcome == outcome
    assert (said.criterion is Criterion.UNSPECIFIED) == (outcome == "refused")


@pytest.mark.parametrize("status", ["Prise en charge", "Transmise pour traitement", "Acceptée", "Urgente"])
def test_what_is_still_treated_has_no_outcome(status: str) -> None:
    result = mapped(DERNIER_STATUT=status)

    assert len(result.items) == 1
    assert result.notes == ()


@pytest.mark.parametrize(("status", "note"), [("", "no_status"), ("Perdue", "unknown_status")])
def test_a_status_that_nobody_knows_is_noted(status: str, note: str) -> None:
    result = mapped(DERNIER_STATUT=status)

    assert len(result.items) == 1
    assert result.notes == (note,)


@pytest.mark.parametrize(
    ("said", "at", "assumed", "notes"),
    [
        ("", "2022-01-26T15:47:50-05:00", True, ()),
        ("2022-02-01T10:00:00", "2022-02-01T10:00:00-05:00", False, ()),
        ("hier", "2022-01-26T15:47:50-05:00", True, ("odd_status_date",)),
        ("2031-01-01T10:00:00", "2022-01-26T15:47:50-05:00", True, ("odd_status_date",)),
        ("2022-01-01T10:00:00", "2022-01-26T15:47:50-05:00", True, ("status_before_creation",)),
    ],
)
def test_an_outcome_without_a_date_takes_the_creations_and_is_marked_as_assumed(
    said: str,
    at: str,
    assumed: bool,  # noqa: FBT001 - a column of the table above
    notes: tuple[str, ...],
) -> None:
    result = mapped(DATE_DERNIER_STATUT=said)

    assert outcome_of(result).time_assumed is assumed
    assert result.items[-1].occurred_at.isoformat() == at
    assert result.notes == notes


# -- where ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "place"),
    [
        ({}, {"address": "rue Inventée"}),
        ({"RUE": ""}, None),
        ({"RUE": "rue A", "RUE_INTERSECTION1": "rue B"}, {"address": "rue A / rue B"}),
        (
            {"LOC_LAT": "45.52", "LOC_LONG": "-73.58"},
            {"address": "rue Inventée", "latitude": 45.52, "longitude": -73.58},
        ),
        ({"LOC_LAT": "45,52", "LOC_LONG": "-73,58", "RUE": ""}, {"latitude": 45.52, "longitude": -73.58}),
        ({"LOC_LAT": "0", "LOC_LONG": "0"}, {"address": "rue Inventée"}),
        ({"LOC_LAT": "nan", "LOC_LONG": "inf"}, {"address": "rue Inventée"}),
        ({"LOC_LAT": "95", "LOC_LONG": "-73"}, {"address": "rue Inventée"}),
    ],
)
def test_a_place_is_what_the_row_knows_of_it(cells: dict[str, str], place: dict[str, Any] | None) -> None:
    said = request_of(mapped(None, **cells)).place

    assert (said and said.model_dump(exclude_none=True)) == place


# -- anything -------------------------------------------------------------------------------------------------------

CELL = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["", "0", "1", "2.0", "-1", "22-1", *ROW.values(), "Information", "Plainte", "2022-03-13T02:30:00"]
    ),
    st.datetimes().map(dt.datetime.isoformat),
    st.floats().map(str),
)


@given(
    cells=st.dictionaries(st.sampled_from([*ROW, "LOC_LAT", "LOC_LONG", "RUE_INTERSECTION1"]), CELL, min_size=2),
    sighting=st.builds(Sighting, st.booleans(), st.integers(0, 3)),
)
@settings(max_examples=400)
def test_any_row_is_mapped_to_what_the_desk_takes_or_refused_with_a_reason(
    cells: dict[str, str], sighting: Sighting
) -> None:
    cells = row(**cells)
    sighting = sighting._replace(id_taken=sighting.id_taken and bool(cells["ID_UNIQUE"].strip()))
    result = map_row(cells, sighting, CATEGORIES, NOW)

    if isinstance(result, Refused):
        assert result.reason in REASONS
        return
    assert set(result.notes) <= set(NOTES)
    assert result.items
    assert len({item.event_id for item in result.items}) == len(result.items)
    publisher = TOWN.publisher_by_code["montreal_311"]
    for item in result.items:
        body = encode_submission(item.submission, source=SOURCE, event_id=item.event_id, occurred_at=item.occurred_at)
        assert fits_town(parse_submission(body).data, item.occurred_at, publisher, TOWN, NOW) is None
