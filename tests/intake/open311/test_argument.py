"""What is asked over Open311: filters with their bounds, and posted forms. Source: GeoReport v2."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clic_chassis.scenario import NOON
from clic_contracts.submission import RequestSubmission
from clic_contracts.town import Town
from clic_contracts.vocabulary import Channel, Kind, Language
from clic_intake.core.open311 import UnknownServiceError
from clic_intake.core.open311_argument import ArgumentError, Span, Wanted, read_filters, read_form
from clic_intake.core.question import Told

T = TypeVar("T")
NINETY_DAYS = dt.timedelta(days=90)
FORM = {"service_code": ["pothole"], "address_string": ["1, rue Inventée"], "attribute[size]": ["large"]}


def day(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def or_told(read: Callable[[], T]) -> T | tuple[Told, ...]:
    """What was read, or what was wrong with it; any other error is a defect."""
    try:
        return read()
    except ArgumentError as refused:
        return refused.told


# -- filters ------------------------------------------------------------------------------------------------------


def test_without_filters_the_newest_ninety_days_are_meant_and_at_most_a_thousand_requests() -> None:
    """GeoReport v2, response volume."""
    assert read_filters({}, NOON) == Wanted(requested=Span(NOON - NINETY_DAYS, NOON), size=1000)


@pytest.mark.parametrize(
    ("arguments", "first", "last"),
    [
        ({"start_date": ["2026-01-01T00:00:00Z"]}, day("2026-01-01"), day("2026-04-01")),
        ({"start_date": ["2026-05-01T00:00:00Z"]}, day("2026-05-01"), NOON),
        ({"end_date": ["2026-04-01T00:00:00Z"]}, day("2026-01-01"), day("2026-04-01")),
        (
            {"start_date": ["2026-01-01T00:00:00-05:00"], "end_date": ["2026-01-02T00:00Z"]},
            day("2026-01-01T05:00"),
            day("2026-01-02"),
        ),
        ({"start_date": ["2026-05-01T00:00:00 02:00"]}, day("2026-04-30T22:00"), NOON),  # A plus that was not escaped.
        ({"start_date": [""], "end_date": ["  "]}, NOON - NINETY_DAYS, NOON),
    ],
)
def test_a_span_of_dates_is_at_most_ninety_days(
    arguments: dict[str, list[str]], first: dt.datetime, last: dt.datetime
) -> None:
    assert read_filters(arguments, NOON).requested == Span(first, last)


def test_a_filter_by_change_alone_looks_at_no_other_date() -> None:
    """Extension `updated_after`, `updated_before`: an old request that was closed yesterday is found."""
    wanted = read_filters({"updated_after": ["2026-05-14T00:00:00Z"]}, NOON)

    assert (wanted.requested, wanted.updated) == (None, Span(day("2026-05-14"), NOON))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"start_date": ["2026-01-01T00:00:00Z"], "end_date": ["2026-04-01T00:00:01Z"]}, "at most 90 days"),
        ({"start_date": ["2026-01-01"]}, "start_date: write an instant with its offset"),
        ({"end_date": ["2026-01-01T00:00:00"]}, "end_date: write an instant with its offset"),
        ({"start_date": ["2026-02-30T00:00:00Z"]}, "start_date: write an instant"),
        ({"start_date": ["0001-01-01T00:00:00+14:00"]}, "start_date: write an instant"),
        ({"updated_after": ["hier"]}, "updated_after: write an instant"),
        ({"status": ["open,ouverte"]}, "there is no ouverte"),
        ({"page_size": ["1001"]}, "page_size: write a number from 1 to 1000"),
        ({"page_size": ["-1"]}, "page_size: write a number from 1 to 1000"),
        ({"page": ["0"]}, "page: write a number from 1 to 101"),
        ({"page": ["102"]}, "page: write a number from 1 to 101"),
        ({"service_request_id": [",".join(f"2026-{n:06d}" for n in range(1001))]}, "at most 1000 requests"),
    ],
)
def test_a_filter_that_cannot_be_kept_is_refused_and_never_ignored(arguments: dict[str, list[str]], said: str) -> None:
    """Fewer requests than were asked for would look like all of them."""
    with pytest.raises(ArgumentError, match=said) as refused:
        read_filters(arguments, NOON)
    assert all(each.fr and each.fr != each.en for each in refused.value.told)


def test_every_wrong_filter_is_told_at_once() -> None:
    with pytest.raises(ArgumentError) as refused:
        read_filters({"status": ["?"], "page": ["x"], "start_date": ["?"], "updated_before": ["?"]}, NOON)
    assert len(refused.value.told) == 4


def test_lists_of_values_are_separated_by_commas_or_said_several_times() -> None:
    wanted = read_filters({"service_code": ["pothole, road_danger", "pothole"], "status": ["open,closed"]}, NOON)

    assert (wanted.services, wanted.statuses) == (("pothole", "road_danger"), frozenset({"open", "closed"}))


def test_numbers_of_requests_override_every_other_filter() -> None:
    """GeoReport v2, `service_request_id`."""
    arguments = {"service_request_id": ["2020-000001,2020-000002"], "status": ["closed"], "start_date": ["nonsense"]}

    assert read_filters(arguments, NOON) == Wanted(references=("2020-000001", "2020-000002"))


def test_a_page_skips_what_earlier_ones_showed() -> None:
    wanted = read_filters({"page": ["3"], "page_size": ["50"]}, NOON)

    assert (wanted.size, wanted.skip) == (50, 100)


@given(
    st.dictionaries(
        st.sampled_from(["service_code", "status", "start_date", "end_date", "updated_after", "page", "page_size"]),
        st.lists(st.text(max_size=40), max_size=3),
    )
)
def test_whatever_is_asked_is_read_or_refused(arguments: dict[str, list[str]]) -> None:
    wanted = or_told(lambda: read_filters(arguments, NOON))

    if isinstance(wanted, Wanted):
        assert wanted.size <= 1000
        assert wanted.requested is None or wanted.requested.last - wanted.requested.first <= NINETY_DAYS
    else:
        assert wanted


# -- posted forms -------------------------------------------------------------------------------------------------


def form(**changes: Any) -> dict[str, list[str]]:
    return {**FORM, **{name: value if isinstance(value, list) else [value] for name, value in changes.items()}}


def test_a_form_becomes_a_submission_of_the_desk(serving: Town) -> None:
    """GeoReport v2, POST Service Request; what names a device or an account is not kept."""
    posted = form(
        lat="45.5628", long="-73.1914", email="camille@exemple.invalid", first_name="Camille", last_name="Exemple",
        phone="450 555-0134", description="Un trou.\nProfond.", media_url="https://exemple.invalid/trou.jpg",
        device_id="appareil-7", account_id="compte-3",
    )  # fmt: skip
    posted["attribute[hazards][]"] = ["bus_stop", "school"]

    said = read_form(posted, serving, Language.FR)

    assert (said.kind, said.channel, said.subject, said.language) == (
        Kind.REPORT,
        Channel.MOBILE_APP,
        "pothole",
        Language.FR,
    )
    assert said.text == "Un trou.\nProfond.\n\nImage ou document\u00a0: https://exemple.invalid/trou.jpg"
    assert said.requester is not None
    assert said.requester.model_dump(exclude_none=True) == {
        "name": "Camille Exemple",
        "email": "camille@exemple.invalid",
        "phone": "450 555-0134",
    }
    assert said.place is not None
    assert (said.place.latitude, said.place.longitude, said.place.address) == (45.5628, -73.1914, "1, rue Inventée")
    assert said.attributes == {"size": "large", "hazards": "school,bus_stop"}
    kept = said.model_dump_json()
    assert "appareil-7" not in kept
    assert "compte-3" not in kept


def test_an_empty_argument_is_the_same_as_none(serving: Town) -> None:
    """GeoReport v2, optional arguments."""
    empty = form(email="", phone="", first_name="", description="", lat="", long="", media_url="", device_id="")
    empty["attribute[pole]"] = [""]
    empty["attribute[unknown]"] = [""]

    assert read_form(empty, serving, Language.FR) == read_form(form(), serving, Language.FR)
    assert read_form(empty, serving, Language.FR).channel is Channel.WEB_FORM


@pytest.mark.parametrize(
    "where",
    [{"address_id": "545483"}, {"address_string": "1, rue Inventée"}, {"lat": "45.5", "long": "-73.2"}],
)
def test_one_way_of_saying_where_is_enough(serving: Town, where: dict[str, str]) -> None:
    said = read_form(form(address_string="", **{} if "address_string" in where else where) | {
        name: [value] for name, value in where.items()
    }, serving, Language.FR)  # fmt: skip

    assert said.place is not None
    assert said.place.address or said.place.latitude


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"service_code": ""}, "service_code: name the service"),
        ({"address_string": ""}, "Say where: lat and long, address_string or address_id."),
        ({"lat": "45.5"}, "lat, long: give both."),
        ({"lat": "nord", "long": "-73.2"}, "lat: the value is not taken"),
        ({"lat": "91", "long": "-73.2"}, "lat: the value is not taken"),
        ({"lat": "nan", "long": "-73.2"}, "lat: the value is not taken"),
        ({"email": "camille"}, "email: the value is not taken. Write for instance camille@exemple.invalid"),
        ({"phone": "x"}, "phone: the value is not taken"),
        ({"first_name": "x" * 201}, "first_name, last_name: too long"),
        ({"description": "x" * 4001}, "description: write at most 4000 characters."),
        ({"description": "a\0b"}, "description: too long, or with a character"),
        ({"attribute[size]": ""}, "An answer is required."),
        ({"attribute[size]": "huge"}, "Choose from: small, large."),
        ({"attribute[colour]": "red"}, "attribute[colour]: this service asks no such question."),
    ],
)
def test_a_form_with_something_missing_or_wrong_is_refused(serving: Town, changes: dict[str, str], said: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        read_form(form(**changes), serving, Language.FR)
    assert [each for each in refused.value.told if said in each.en]


def test_everything_that_is_wrong_with_a_form_is_told_at_once(serving: Town) -> None:
    with pytest.raises(ArgumentError) as refused:
        read_form(form(address_string="", email="?", phone="?", **{"attribute[size]": "?"}), serving, Language.FR)
    assert len(refused.value.told) == 4


@pytest.mark.parametrize("code", ["nothing", "privacy_incident", "internal_matter"])
def test_a_service_that_is_not_for_everybody_cannot_be_told_from_one_that_is_not_there(
    serving: Town, code: str
) -> None:
    """POL-26."""
    with pytest.raises(UnknownServiceError, match=r"^service_code$"):
        read_form(form(service_code=code), serving, Language.FR)


@given(st.dictionaries(st.sampled_from(["lat", "long", "email", "phone", "first_name", "description"]), st.text()))
def test_whatever_a_form_holds_is_taken_or_refused(serving: Town, changes: dict[str, str]) -> None:
    said = or_told(lambda: read_form(form(**changes), serving, Language.FR))

    assert said.subject == "pothole" if isinstance(said, RequestSubmission) else said
