"""The bench of bad input: whatever comes in, exactly one receipt says what is wrong and how to mend it."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from nats.aio.msg import Msg
from tests.intake.service.office import SOURCE, Office, now

from clic_chassis.testing import wait_until
from clic_contracts.subject import RECEIPT_PREFIX
from clic_contracts.submission import SUBMISSIONS, Receipt, RequestSubmission, encode_submission

NUMBERS = itertools.count(1)
"""Ids are never used twice over the examples of a run."""
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


class Batch:
    """Submissions in their order; too large to show whole."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []

    def __repr__(self) -> str:
        return f"{len(self.sent)} submissions: {Counter(each.what for each in self.sent)}"


@dataclass(frozen=True)
class Sent:
    """A submission of the bench, and what has to come of it; None: whatever is right."""

    what: str
    body: bytes
    status: str | None = None
    slug: str | None = None


def good(event_id: str, **changes: Any) -> dict[str, Any]:
    """A request as its envelope."""
    submission = RequestSubmission.model_validate(RequestSubmission.EXAMPLE)
    raw = json.loads(encode_submission(submission, source=SOURCE, event_id=event_id, occurred_at=now()))
    return {**raw, **changes}


def encoded(raw: Any, encoding: str = "utf-8") -> bytes:
    return json.dumps(raw, ensure_ascii=False).encode(encoding, errors="replace")


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """Good submissions with every kind of bad one between them."""
    batch = Batch()
    for _ in range(draw(st.integers(20, 30))):
        event_id = f"essai-{next(NUMBERS)}"
        whole = good(event_id)
        batch.sent.append(Sent("good", encoded(whole), "accepted"))
        kind = draw(st.sampled_from(sorted(BAD)))
        batch.sent += BAD[kind](draw, whole, event_id)
    return batch


def not_json(draw: st.DrawFn, whole: dict[str, Any], _: str) -> list[Sent]:
    cut = draw(st.integers(0, 200))
    bodies = [draw(st.binary(max_size=50)) + b"\xff", encoded(whole)[:cut], b"[" * 3_000, b'{"a": NaN', b""]
    return [Sent("not JSON", each, "refused", "not-json") for each in bodies]


def other_encoding(draw: st.DrawFn, whole: dict[str, Any], _: str) -> list[Sent]:
    whole["data"]["text"] = "L’été imaginaire, à l’école."
    encoding = draw(st.sampled_from(["utf-16", "utf-32", "cp1252", "latin-1", "utf-8-sig"]))
    return [Sent(f"in {encoding}", encoded(whole, encoding), "refused", "not-json")]


def other_type(draw: st.DrawFn, whole: dict[str, Any], event_id: str) -> list[Sent]:
    kinds = st.sampled_from(["submission.request.v9", "submission.licorne.v1", "request.received.v1", "", None, 7])
    return [Sent("type", encoded({**whole, "id": f"{event_id}-type", "type": draw(kinds)}), "refused", "unknown-type")]


def no_object(draw: st.DrawFn, _: dict[str, Any], __: str) -> list[Sent]:
    value = draw(JSON_VALUES.filter(lambda each: not isinstance(each, dict | float)))
    return [Sent("no object", encoded(value), "refused", "not-a-cloudevent")]


def too_large(draw: st.DrawFn, whole: dict[str, Any], event_id: str) -> list[Sent]:
    characters = draw(st.sampled_from([300_000, 900_000]))
    whole["data"]["text"] = "x" * characters
    return [Sent("too large", encoded({**whole, "id": f"{event_id}-large"}), "refused", "too-large")]


def too_long(_: st.DrawFn, whole: dict[str, Any], event_id: str) -> list[Sent]:
    whole["data"]["text"] = "x" * 20_000
    return [Sent("too long", encoded({**whole, "id": f"{event_id}-long"}), "refused", "invalid-submission")]


def future(draw: st.DrawFn, whole: dict[str, Any], event_id: str) -> list[Sent]:
    at = now() + dt.timedelta(minutes=draw(st.integers(7, 5_000_000)))
    body = encoded({**whole, "id": f"{event_id}-future", "time": at.isoformat()})
    return [Sent("in the future", body, "refused", "does-not-fit-town")]


def odd_time(draw: st.DrawFn, whole: dict[str, Any], event_id: str) -> list[Sent]:
    times = st.sampled_from(
        ["hier", "2026-05-15", "2026-02-30T12:00:00Z", "2026-05-15T12:00:00", 1_779_000_000, "", None]
    )
    body = encoded({**whole, "id": f"{event_id}-time", "time": draw(times)})
    return [Sent("odd time", body, "refused", "invalid-submission")]


def other_content(draw: st.DrawFn, whole: dict[str, Any], _: str) -> list[Sent]:
    again = json.loads(json.dumps(whole))
    again["data"]["text"] = draw(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=50))
    return [
        Sent("the same again", encoded(whole), "known"),
        Sent("the same id, other content", encoded(again), "refused", "other-content"),
    ]


def about_nothing(draw: st.DrawFn, whole: dict[str, Any], event_id: str) -> list[Sent]:
    pointers: list[Any] = [{}, {"source": SOURCE}, {"reference": "17"}, {"reference": ["a"]}, "appel-1", None, []]
    about = draw(st.sampled_from(pointers))
    body = {
        **whole,
        "id": f"{event_id}-about",
        "type": "submission.outcome.v1",
        "data": {"about": about, "outcome": "closed"},
    }
    return [Sent("about nothing", encoded(body), "refused", "invalid-submission")]


def misspelt(draw: st.DrawFn, whole: dict[str, Any], event_id: str) -> list[Sent]:
    name = draw(st.text(max_size=300))
    raw = {**whole, "id": f"{event_id}-field", "data": {**whole["data"], f"x{name}": draw(JSON_VALUES.filter(finite))}}
    return [Sent("unknown field", encoded_safely(raw), "refused", "invalid-submission")]


def anything_anywhere(draw: st.DrawFn, whole: dict[str, Any], event_id: str) -> list[Sent]:
    """A field of the envelope or of any submission's data replaced by anything."""
    submission = draw(st.sampled_from(SUBMISSIONS))
    raw = {**whole, "id": f"{event_id}-any", "type": submission.TYPE, "data": dict(submission.EXAMPLE)}
    place = draw(st.sampled_from([raw, raw["data"]]))
    place[draw(st.sampled_from(sorted(place)))] = draw(JSON_VALUES.filter(finite))
    if raw.get("data") and isinstance(raw["data"], dict) and "about" in raw["data"]:
        raw["data"]["about"] = draw(JSON_VALUES.filter(finite))  # A true one would wait for its request.
    return [Sent("anything", encoded_safely(raw))]


def finite(value: Any) -> bool:
    return "NaN" not in json.dumps(value) and "Infinity" not in json.dumps(value)


def encoded_safely(raw: Any) -> bytes:
    """With escapes, so that lone surrogates come through as a publisher could send them."""
    return json.dumps(raw).encode()


BAD = {
    each.__name__: each
    for each in (
        not_json,
        other_encoding,
        other_type,
        no_object,
        too_large,
        too_long,
        future,
        odd_time,
        other_content,
        about_nothing,
        misspelt,
        anything_anywhere,
    )
}


@given(batch=batches())
@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],  # An example is a batch on servers: shrinking it would take minutes.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
async def test_every_submission_has_exactly_one_receipt_that_says_what_is_wrong_and_how_to_mend_it(
    office: Office, batch: Batch
) -> None:
    """Nothing crashes, nothing is lost, and the good ones between the bad ones are taken."""
    receipts: list[Receipt] = []

    async def hear(message: Msg) -> None:
        receipts.append(Receipt.model_validate_json(message.data))

    listening = await office.nats.subscribe(f"{RECEIPT_PREFIX}.>", cb=hear)
    await asyncio.gather(*(office.publish(each.body) for each in batch.sent))  # Sent in this order.
    await office.inbox_is_done()
    await wait_until(lambda: len(receipts) >= len(batch.sent), 30, what="a receipt for each")
    await office.nats.flush()
    await listening.unsubscribe()

    assert len(receipts) == len(batch.sent)
    assert all(component.not_ready() is None for component in office.wiring.components)
    assert await office.quarantined() == []
    expected: Counter[tuple[str, str | None]] = Counter(
        (each.status, each.slug) for each in batch.sent if each.status is not None
    )
    found: Counter[tuple[str, str | None]] = Counter((each.status, slug(each)) for each in receipts)
    missing = expected - found
    assert not missing, f"expected {missing}, found {found - expected} of {batch}"
    for each in receipts:
        assert_useful(each)


def slug(receipt: Receipt) -> str | None:
    return receipt.problem.type.removeprefix("urn:clic:problem:") if receipt.problem else None


def assert_useful(receipt: Receipt) -> None:
    """POL-06: whoever is refused is told what is wrong and how to mend it."""
    assert receipt.status in {"accepted", "known", "refused"}
    assert (receipt.status == "refused") == (receipt.problem is not None)
    if receipt.problem is None:
        assert receipt.request_id is not None
        return
    assert 400 <= receipt.problem.status < 500
    assert receipt.problem.detail
    if slug(receipt) in {"invalid-submission", "does-not-fit-town", "unknown-type"}:
        assert receipt.problem.errors
        assert all(error.mend and error.detail for error in receipt.problem.errors)
