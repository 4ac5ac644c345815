"""Submissions: whatever comes in is taken, or refused with what is wrong and how to mend it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clic_contracts.problem import MAX_POINTER_PART_CHARS, MAX_PROBLEM_ERRORS, Problem
from clic_contracts.schema import EXAMPLE_AT, example_submission
from clic_contracts.submission import (
    MAX_IDENTITY_CHARS,
    MAX_SUBMISSION_BYTES,
    SUBMISSION_BY_TYPE,
    SUBMISSIONS,
    AcknowledgementSubmission,
    RequestSubmission,
    Submission,
    SubmissionEvent,
    SubmissionRefusedError,
    encode_submission,
    parse_submission,
)

GOOD: dict[str, Any] = json.loads(example_submission(RequestSubmission))
MAX_PROBLEM_BYTES = 64 * 1024
"""A receipt has to fit into a message, whatever was sent."""


def _sent(**changes: Any) -> bytes:
    """A good submission with changes; `...` leaves an attribute out."""
    return json.dumps({name: value for name, value in {**GOOD, **changes}.items() if value is not ...}).encode()


def _data(**changes: Any) -> bytes:
    return _sent(data={name: value for name, value in {**GOOD["data"], **changes}.items() if value is not ...})


def _refused(body: bytes) -> SubmissionRefusedError:
    with pytest.raises(SubmissionRefusedError) as refusal:
        parse_submission(body)
    return refusal.value


def _assert_useful(problem: Problem) -> None:
    """POL-06: whoever is refused is told what is missing."""
    assert problem.type.startswith("urn:clic:problem:")
    assert 400 <= problem.status < 500
    assert problem.title
    assert problem.detail
    assert all(each.detail and each.mend for each in problem.errors)
    assert all(each.pointer == "" or each.pointer.startswith("/") for each in problem.errors)
    assert len(problem.errors) <= MAX_PROBLEM_ERRORS
    assert len(problem.model_dump_json()) < MAX_PROBLEM_BYTES


@pytest.mark.parametrize("submission", SUBMISSIONS, ids=lambda each: each.TYPE)
def test_a_submission_comes_in_as_it_was_sent(submission: type[Submission]) -> None:
    """A round trip through the envelope."""
    sent = submission.model_validate(submission.EXAMPLE)
    event = parse_submission(encode_submission(sent, source="/essai", event_id="1", occurred_at=EXAMPLE_AT))

    assert sent == event.data
    assert (event.type, event.source, event.id, event.time) == (submission.TYPE, "/essai", "1", EXAMPLE_AT)


@pytest.mark.parametrize(
    ("body", "slug", "status"),
    [
        (b"", "not-json", 400),
        (b"Bonjour", "not-json", 400),
        (b'{"id": "1"', "not-json", 400),
        (b"[" * 5000, "not-json", 400),
        (b'{"id": ' + b"9" * 5000 + b"}", "not-json", 400),
        (b'{"id": "\\ud800"}', "not-json", 400),
        (json.dumps(GOOD, ensure_ascii=False).encode("latin-1"), "not-json", 400),
        (json.dumps(GOOD).encode("utf-16"), "not-json", 400),
        (b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), "not-json", 400),
        (b"[]", "not-a-cloudevent", 422),
        (b"null", "not-a-cloudevent", 422),
        (b'"submission.request.v1"', "not-a-cloudevent", 422),
        (b"{}", "unknown-type", 422),
        (_sent(type=...), "unknown-type", 422),
        (_sent(type=7), "unknown-type", 422),
        (_sent(type=["submission.request.v1"]), "unknown-type", 422),
        (_sent(type="submission.request.v2"), "unknown-type", 422),
        (_sent(type="submission.request.v1 "), "unknown-type", 422),
        (_sent(type="request.received.v1"), "unknown-type", 422),
        (_data(text="é" * 500_000), "too-large", 413),
        (b"\x00" * (MAX_SUBMISSION_BYTES + 1), "too-large", 413),
    ],
)  # fmt: skip
def test_what_is_no_submission_is_refused_with_the_kind_of_problem(body: bytes, slug: str, status: int) -> None:
    """Issue 2, bad input: not JSON, wrong type, unknown version, 1 MB text, wrong encoding."""
    problem = _refused(body).problem

    assert (f"urn:clic:problem:{slug}", status) == (problem.type, problem.status)
    _assert_useful(problem)


@pytest.mark.parametrize(
    ("body", "pointer", "mend"),
    [
        (_sent(id=...), "/id", "Add the field"),
        (_sent(id=""), "/id", "Fill the field in"),
        (_sent(id=7), "/id", "JSON string"),
        (_sent(id="a" * (MAX_IDENTITY_CHARS + 1)), "/id", "Shorten"),
        (_sent(id="a\nb"), "/id", "control characters"),
        (_sent(source=...), "/source", "Add the field"),
        (_sent(source="\x00"), "/source", "control characters"),
        (_sent(time=...), "/time", "Add the field"),
        (_sent(time="2026-05-15T09:30:00"), "/time", "offset from UTC"),
        (_sent(time="2026-05-15"), "/time", "RFC 3339"),
        (_sent(time="hier"), "/time", "RFC 3339"),
        (_sent(time="2026-02-30T00:00:00Z"), "/time", "RFC 3339"),
        (_sent(time=1_778_850_000), "/time", "RFC 3339"),
        (_sent(time="1778850000"), "/time", "RFC 3339"),
        (_sent(time="0001-01-01T00:00:00+14:00"), "/time", "year"),
        (_sent(time="9999-12-31T23:59:59-14:00"), "/time", "year"),
        (_sent(specversion=...), "/specversion", "Add the field"),
        (_sent(specversion="0.3"), "/specversion", "listed values"),
        (_sent(datacontenttype="text/xml"), "/datacontenttype", "listed values"),
        (_sent(data=...), "/data", "submission.request.v1"),
        (_sent(data=None), "/data", "JSON object"),
        (_sent(data=[]), "/data", "JSON object"),
        (_data(kind=...), "/data/kind", "Add the field"),
        (_data(kind="rumour"), "/data/kind", "listed values"),
        (_data(chanel="phone"), "/data/chanel", "no such field"),
        (_data(**{"a/b~c": 1}), "/data/a~1b~0c", "no such field"),
        (_data(text="a" * 10_001), "/data/text", "Shorten"),
        (_data(text="a\x00b"), "/data/text", "control characters"),
        (_data(subject="Nid-de-poule"), "/data/subject", "pattern"),
        (_data(also_by="phone"), "/data/also_by", "JSON array"),
        (_data(also_by=["phone", "pigeon"]), "/data/also_by/1", "listed values"),
        (_data(also_by=["phone"] * 21), "/data/also_by", "fewer"),
        (_data(backlog="peut-être"), "/data/backlog", "true or false"),
        (_data(place={"latitude": "nord"}), "/data/place/latitude", "number"),
        (_data(place={"latitude": 91}), "/data/place/latitude", "above"),
        (_data(place={"longitude": float("nan")}), "/data/place/longitude", "schema allows"),
        (_data(place={"longitude": float("-inf")}), "/data/place/longitude", "below"),
        (_data(requester={"email": "personne"}), "/data/requester/email", "pattern"),
        (_data(requester={"name": " "}), "/data/requester/name", "Fill"),
        (_data(acknowledged={"channel": "email", "at": 5}), "/data/acknowledged/at", "RFC 3339"),
        (_sent(type="submission.progress.v1", data={"about": {}}), "/data/about", "alone"),
        (
            _sent(
                type="submission.progress.v1", data={"about": {"reference": "2026-004217"}, "promised_on": 20_000}
            ),
            "/data/promised_on",
            "date",
        ),
        (
            _sent(
                type="submission.progress.v1", data={"about": {"reference": "2026-004217"}, "promised_on": "2026-02-30"}
            ),
            "/data/promised_on",
            "date",
        ),
    ],
)  # fmt: skip
def test_each_wrong_field_is_pointed_at_with_a_mend(body: bytes, pointer: str, mend: str) -> None:
    """Issue 2, bad input: a receipt says what is wrong and how to mend it."""
    problem = _refused(body).problem
    by_pointer = {each.pointer: each for each in problem.errors}

    assert pointer in by_pointer
    assert mend in by_pointer[pointer].mend
    assert pointer in problem.detail or len(problem.errors) > 1
    _assert_useful(problem)


def test_every_wrong_field_is_named_at_once() -> None:
    """A publisher mends all in one go."""
    problem = _refused(_data(kind="rumour", channel=..., text=7)).problem

    assert {"/data/kind", "/data/channel", "/data/text"} == {each.pointer for each in problem.errors}


def test_a_refusal_stays_small_whatever_was_sent() -> None:
    """A receipt that does not fit into a message would be lost."""
    problem = _refused(_data(**{f"{number}" + "x" * 5_000: 1 for number in range(40)})).problem

    assert len(problem.errors) == MAX_PROBLEM_ERRORS
    assert problem.detail.startswith("40 error(s)")
    assert max(len(each.pointer) for each in problem.errors) <= len("/data/") + MAX_POINTER_PART_CHARS
    _assert_useful(problem)


def test_a_refusal_repeats_nothing_of_what_a_citizen_wrote() -> None:
    """POL-30: a problem is stored and logged; the text is not."""
    problem = _refused(_data(kind="Camille Exemple", requester={"email": "Camille Exemple"}, place="Camille Exemple"))

    assert "Camille" not in problem.problem.model_dump_json()


@pytest.mark.parametrize(
    "body", [_sent(type="submission.request.v2"), _data(kind=...), _sent(time=...), _data(text="é" * 500_000)]
)
def test_a_refusal_knows_whose_it_is_so_that_its_receipt_is_found(body: bytes) -> None:
    """Every message ends in exactly one receipt, under the submission's id."""
    refusal = _refused(body)

    assert (GOOD["source"], GOOD["id"]) == (refusal.source, refusal.event_id)


@pytest.mark.parametrize("body", [b"Bonjour", b"[]", _sent(id=7, source=[], type="x"), _sent(id="a" * 201, source="")])
def test_a_refusal_without_a_usable_identity_says_none(body: bytes) -> None:
    """A receipt is then stored under the inbox position."""
    refusal = _refused(body)

    assert refusal.event_id is None


def test_extension_attributes_of_the_envelope_are_taken() -> None:
    """CloudEvents 1.0: extensions such as `traceparent` belong to the sender."""
    event = parse_submission(_sent(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))

    assert isinstance(event.data, RequestSubmission)


def test_the_offset_of_an_instant_is_kept() -> None:
    """What was sent is what is judged."""
    assert parse_submission(_sent(time="2026-05-15T13:30:00Z")).time == EXAMPLE_AT


def _judged(body: bytes) -> SubmissionEvent | SubmissionRefusedError:
    """What comes of a body; anything but these two fails the test."""
    try:
        return parse_submission(body)
    except SubmissionRefusedError as refusal:
        return refusal


def _assert_taken_or_useful(body: bytes) -> None:
    judged = _judged(body)
    if isinstance(judged, SubmissionRefusedError):
        _assert_useful(judged.problem)
    else:
        assert isinstance(judged.data, SUBMISSION_BY_TYPE[judged.type])


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = sorted({name for each in SUBMISSIONS for name in each.model_fields})


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused_with_a_problem(body: bytes) -> None:
    """Issue 2, bad input: nothing crashes."""
    _assert_taken_or_useful(body)


@given(JSON_VALUES)
def test_arbitrary_json_is_refused_with_a_problem(value: Any) -> None:
    """Issue 2, bad input: nothing crashes."""
    _assert_taken_or_useful(json.dumps(value).encode())


@given(st.dictionaries(st.sampled_from([*GOOD, "subject"]), JSON_VALUES, max_size=3))
def test_an_envelope_with_arbitrary_attributes_is_taken_or_refused_with_a_problem(changes: dict[str, Any]) -> None:
    """Issue 2, bad input: nothing crashes."""
    _assert_taken_or_useful(_sent(**changes))


@given(st.sampled_from(SUBMISSIONS), st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES, max_size=4))
def test_a_submission_with_arbitrary_fields_is_taken_or_refused_with_a_problem(
    submission: type[Submission], changes: dict[str, Any]
) -> None:
    """Issue 2, bad input: nothing crashes."""
    _assert_taken_or_useful(_sent(type=submission.TYPE, data={**submission.EXAMPLE, **changes}))


@given(
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=10_000),
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=MAX_IDENTITY_CHARS),
    st.datetimes(min_value=dt.datetime(1901, 1, 1), max_value=dt.datetime(2198, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001 - hypothesis adds the zone
)
def test_any_text_id_and_instant_within_bounds_come_in_as_they_were_sent(
    text: str, event_id: str, at: dt.datetime
) -> None:
    """A round trip; nothing is trimmed or normalised."""
    sent = RequestSubmission.model_validate({**RequestSubmission.EXAMPLE, "text": text})
    event = parse_submission(encode_submission(sent, source="/essai", event_id=event_id, occurred_at=at))

    assert (sent, event_id, at) == (event.data, event.id, event.time)


def test_a_pointer_to_a_request_names_it_in_exactly_one_way() -> None:
    """By its reference, or by its submission."""
    both = {"reference": "2026-004217", "source": "/telephonie", "id": "appel-17"}
    problem = _refused(_sent(type=AcknowledgementSubmission.TYPE, data={"about": both, "channel": "email"})).problem

    assert [each.pointer for each in problem.errors] == ["/data/about"]
    assert "either by `reference`" in problem.errors[0].detail
