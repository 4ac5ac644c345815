"""Notices that hold only where they go out in time: of an extension, and to a third party."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from tests.intake.access_path.path import (
    COMPLAINT,
    EXTENDED,
    IDENTIFIED,
    NOTIFIED,
    ONE,
    OTHER_BODY,
    REFUSED,
    REQUEST,
    TWO,
    WITH_REASON,
    WRITTEN,
    on,
    town,
)
from tests.intake.core.story import ERASED, make

from clic_chassis.decider import Fact
from clic_chassis.error import RefusedError
from clic_chassis.scenario import recorded
from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    Event,
    LetterFailed,
    LetterSent,
    LetterWritten,
    RequestAnswered,
    RequestExtended,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_intake.core.access_rule import ThirdPartyError
from clic_intake.core.posting import (
    BY_RELAY,
    BY_WORD,
    LetterUnderWayError,
    send,
    settle_doubt,
    still_holds,
    write_answer,
    write_extension,
    write_third_party,
)
from clic_intake.core.rule import ExtensionError, NotNowError, UnknownRequestError

RECEIVED_ON = on("2026-05-15", WRITTEN)
LETTER = "6f9619ff-8b86-5d11-b42d-00cf4fc96400"
EXTENSION: LetterWritten = make(LetterWritten, letter_id=LETTER, letter="extension", days=10)
NOTICE: LetterWritten = make(LetterWritten, letter_id=LETTER, letter="third_party", third_party_id=ONE)
OTHER = "6f9619ff-8b86-5d11-b42d-00cf4fc96401"
LAST, TOO_LATE = town("2026-06-04", 23, 59), town("2026-06-05", 0)
DOUBTFUL = make(LetterFailed, letter_id=LETTER, letter="extension", reason="doubtful", status=None)


def events(facts: Sequence[Fact]) -> list[Event]:
    return [each.event for each in facts]


def at(event: Event, instant: dt.datetime) -> Recorded:
    return recorded(event, at=instant)


def went(letter: LetterWritten) -> LetterSent:
    event: LetterSent = make(LetterSent, letter_id=LETTER, letter=letter.letter.value)
    return event


def test_a_delay_is_extended_when_the_notice_has_gone_out_and_not_before() -> None:
    """POL-23, A-2.1 art. 47."""
    assert events(write_extension(REQUEST, [RECEIVED_ON], EXTENSION, LAST)) == [EXTENSION]
    story = [RECEIVED_ON, at(EXTENSION, town("2026-06-04"))]
    assert still_holds(REQUEST, story, LETTER, LAST)
    extended = RequestExtended(days=10, notice=BY_RELAY, sealed=WITH_REASON.sealed)
    assert events(send(REQUEST, story, LETTER, LAST, answer=WITH_REASON.sealed)) == [went(EXTENSION), extended]


@pytest.mark.parametrize(
    ("story", "instant", "error"),
    [
        ([], LAST, UnknownRequestError),
        ([RECEIVED_ON], TOO_LATE, ExtensionError),
        ([RECEIVED_ON, on("2026-05-20", EXTENDED)], LAST, ExtensionError),
        ([RECEIVED_ON, on("2026-05-20", REFUSED)], LAST, NotNowError),
        ([RECEIVED_ON, on("2026-05-20", EXTENSION.model_copy(update={"letter_id": OTHER}))], LAST, LetterUnderWayError),
    ],
)
def test_a_notice_that_would_not_hold_is_not_written(
    story: Sequence[Recorded], instant: dt.datetime, error: type[RefusedError]
) -> None:
    """POL-23: late, a second one, after the decision, while another is on its way."""
    with pytest.raises(error):
        write_extension(REQUEST, story, EXTENSION, instant)


@pytest.mark.parametrize(
    ("since", "instant"), [([], TOO_LATE), ([on("2026-05-21", EXTENDED)], LAST), ([on("2026-05-21", REFUSED)], LAST)]
)
def test_a_notice_that_no_longer_holds_does_not_go_out(since: Sequence[Recorded], instant: dt.datetime) -> None:
    """POL-23, A-2.1 art. 47: the mail server was away until it was too late, or somebody told the citizen otherwise."""
    story = [RECEIVED_ON, on("2026-05-20", EXTENSION), *since]
    assert not still_holds(REQUEST, story, LETTER, instant)
    assert events(send(REQUEST, story, LETTER, instant)) == [went(EXTENSION)]  # It extends nothing.


def test_a_notice_in_doubt_that_went_out_did_so_when_it_fell_into_doubt() -> None:
    """POL-23: in time, though somebody finds out about it only later."""
    story = [RECEIVED_ON, on("2026-06-04", EXTENSION), at(DOUBTFUL, LAST)]
    sent, extended = settle_doubt(REQUEST, story, LETTER, town("2026-06-10"), answer=None)
    assert (sent.occurred_at, extended.occurred_at) == (LAST, LAST)
    assert extended.event == RequestExtended(days=10, notice=BY_WORD)


def test_a_complaints_notice_has_its_limit_and_its_reason() -> None:
    """POL-29."""
    story, limit = [on("2026-05-15", COMPLAINT)], town("2026-06-13", 0)
    assert events(write_extension(REQUEST, story, EXTENSION, LAST, limit_at=limit)) == [EXTENSION]
    with pytest.raises(ExtensionError):
        write_extension(REQUEST, story, EXTENSION, limit, limit_at=limit)
    written = [*story, at(EXTENSION, LAST)]
    assert still_holds(REQUEST, written, LETTER, LAST)
    _, extended = send(REQUEST, written, LETTER, LAST, answer=WITH_REASON.sealed)
    assert isinstance(extended.event, RequestExtended)


def test_a_third_party_is_notified_when_the_notice_has_gone_out() -> None:
    """A-2.1 art. 25, 49."""
    story = [RECEIVED_ON, on("2026-05-18", IDENTIFIED)]
    assert events(write_third_party(REQUEST, story, NOTICE, LAST)) == [NOTICE]
    written = [*story, on("2026-05-19", NOTICE)]
    assert still_holds(REQUEST, written, LETTER, LAST)
    notified = ThirdPartyNotified(third_party_id=ONE, notice=BY_RELAY)
    assert events(send(REQUEST, written, LETTER, LAST)) == [went(NOTICE), notified]


@pytest.mark.parametrize(
    ("story", "error"),
    [
        ([RECEIVED_ON], ThirdPartyError),
        ([RECEIVED_ON, on("2026-05-18", IDENTIFIED), on("2026-05-19", NOTIFIED)], ThirdPartyError),
        ([RECEIVED_ON, on("2026-05-18", IDENTIFIED), on("2026-05-19", REFUSED)], NotNowError),
        (
            [
                RECEIVED_ON,
                on("2026-05-18", IDENTIFIED),
                on("2026-05-18", NOTICE.model_copy(update={"letter_id": OTHER})),
            ],
            LetterUnderWayError,
        ),
    ],
)
def test_a_notice_to_a_third_party_that_would_not_hold_is_not_written(
    story: Sequence[Recorded], error: type[RefusedError]
) -> None:
    """A-2.1 art. 25, 49."""
    with pytest.raises(error):
        write_third_party(REQUEST, story, NOTICE, LAST)


def test_two_third_parties_are_notified_side_by_side() -> None:
    """A-2.1 art. 25: a letter to one is none to the other."""
    second = make(ThirdPartyIdentified, third_party_id=TWO)
    to_second = NOTICE.model_copy(update={"letter_id": OTHER, "third_party_id": TWO})
    story = [RECEIVED_ON, on("2026-05-18", IDENTIFIED), on("2026-05-18", second), on("2026-05-18", to_second)]
    assert events(write_third_party(REQUEST, story, NOTICE, LAST)) == [NOTICE]


def test_a_notice_to_a_third_party_does_not_go_out_after_the_decision() -> None:
    """A-2.1 art. 49."""
    story = [RECEIVED_ON, on("2026-05-18", IDENTIFIED), on("2026-05-18", NOTICE), on("2026-05-19", REFUSED)]
    assert not still_holds(REQUEST, story, LETTER, LAST)


@pytest.mark.parametrize(
    "letter", [make(LetterWritten, letter_id=LETTER), make(LetterWritten, letter_id=LETTER, letter="answer")]
)
def test_other_letters_go_out_whenever_they_can(letter: LetterWritten) -> None:
    """POL-18, POL-27."""
    assert still_holds(REQUEST, [RECEIVED_ON, on("2026-05-20", letter)], LETTER, town("2027-01-01"))


def test_a_decision_names_the_other_body_once_it_has_gone_out() -> None:
    """A-2.1 art. 48."""
    answer = make(
        LetterWritten,
        letter_id=LETTER,
        letter="answer",
        access_outcome="other_body",
        body=OTHER_BODY.body,
        closes=False,
    )
    assert events(write_answer(REQUEST, [RECEIVED_ON], answer, LAST)) == [answer]
    _, said = send(REQUEST, [RECEIVED_ON, on("2026-05-20", answer)], LETTER, LAST, answer=WITH_REASON.sealed)
    assert isinstance(said.event, RequestAnswered)
    assert said.event.body == OTHER_BODY.body


def test_once_everything_is_erased_an_extension_of_a_complaint_needs_no_reason() -> None:
    """POL-30: it went out with one, which can be read no more."""
    story = [on("2026-05-15", COMPLAINT), on("2026-05-20", EXTENSION), on("2026-05-21", ERASED)]
    _, extended = send(REQUEST, story, LETTER, LAST)
    assert extended.event == RequestExtended(days=10, notice=BY_RELAY)
