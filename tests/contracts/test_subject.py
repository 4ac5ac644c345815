"""Subjects: any text fits into one token, and a log subject says whose it is."""

from __future__ import annotations

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clic_contracts.event import EVENTS
from clic_contracts.subject import (
    feed_subject,
    inbox_subject,
    log_subject,
    parse_log_subject,
    quarantine_subject,
    receipt_subject,
    token,
)
from clic_contracts.submission import MAX_IDENTITY_CHARS, SUBMISSIONS
from clic_contracts.vocabulary import Service

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NATS_CONTROL_LINE_MAX = 4096


@given(TEXTS)
def test_any_text_is_one_token_that_nats_takes(text: str) -> None:
    """A publisher's id may be anything; a subject may not."""
    assert re.fullmatch(r"[A-Za-z0-9=_-]+", token(text))


@given(TEXTS, TEXTS)
def test_different_texts_are_different_tokens(one: str, other: str) -> None:
    """Two submissions never share a receipt."""
    assert (token(one) == token(other)) == (one == other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("appel-17", "appel-17"),
        ("a.b", "a=2Eb"),
        ("a*b", "a=2Ab"),
        ("a>b", "a=3Eb"),
        ("a b", "a=20b"),
        ("a=b", "a=3Db"),
        ("é", "=C3=A9"),
        ("", "="),
    ],
)
def test_what_nats_reserves_is_written_in_hexadecimal(text: str, expected: str) -> None:
    """A storage format: publishers in other languages compute it too."""
    assert expected == token(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=MAX_IDENTITY_CHARS))
def test_the_longest_receipt_subject_fits_into_a_line_of_the_protocol(event_id: str) -> None:
    """A receipt that the server cannot take would be lost."""
    longest = receipt_subject("p" * 63, event_id)

    assert len(f"$JS.API.DIRECT.GET.CLIC_RECEIPT.{longest}") < NATS_CONTROL_LINE_MAX - 200


@given(st.sampled_from(Service), st.uuids())
def test_a_log_subject_tells_its_service_and_request(service: Service, request: uuid.UUID) -> None:
    """`clic.log.<service>.<request_id>`."""
    assert (service, str(request)) == parse_log_subject(log_subject(service, str(request)))


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "clic.log",
        "clic.log.intake",
        "clic.log.intake.a.b",
        "clic.feed.intake.a",
        "clic.log.nobody.a",
        "x.log.intake.a",
    ],
)
def test_what_is_no_log_subject_is_refused(subject: str) -> None:
    """The reader of another stream's message hears of it."""
    with pytest.raises(ValueError, match=r"not a subject of the log|is not a valid Service"):
        parse_log_subject(subject)


@given(TEXTS)
def test_no_text_passes_for_a_log_subject_by_chance(text: str) -> None:
    """Arbitrary text is an error of value and nothing else."""
    with pytest.raises(ValueError, match="subject of the log"):
        parse_log_subject(text)


def test_each_event_is_heard_under_a_name_of_its_own() -> None:
    """`clic.feed.closed.*` is a subscription."""
    names = [feed_subject(event.TYPE, "x") for event in EVENTS]

    assert "clic.feed.closed.x" in names
    assert "clic.feed.interaction_recorded.x" in names
    assert len(names) == len(set(names))
    assert all(len(name.split(".")) == 4 for name in names)


def test_inbox_and_quarantine_subjects_are_as_documented() -> None:
    """What publishers and ops write into their permissions."""
    assert inbox_subject("telephonie", SUBMISSIONS[0].TYPE) == "clic.inbox.telephonie.submission.request.v1"
    assert quarantine_subject("intake", "relay", "a.b", 7) == "clic.quarantine.intake.relay.a=2Eb.7"
