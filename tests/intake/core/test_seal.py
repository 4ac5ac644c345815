"""Seals: opened by their own request's key, and by nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clic_contracts.event import Sealed
from clic_intake.seal import MasterKey, RequestKey, SealError

KEY = RequestKey("imaginaire-1", bytes(range(32)))
CONTENT = {"requester": {"name": "Camille Exemple"}, "text": "Un trou imaginaire."}


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_what_is_sealed_opens_as_it_was(content: dict[str, object]) -> None:
    assert KEY.open(KEY.seal(content)) == content


def test_a_seal_shows_nothing_and_is_never_twice_the_same() -> None:
    """POL-30."""
    one, two = KEY.seal(CONTENT), KEY.seal(CONTENT)
    assert one.nonce != two.nonce
    assert one.ciphertext != two.ciphertext
    assert "Camille" not in one.model_dump_json()


@pytest.mark.parametrize(
    "key",
    [RequestKey("imaginaire-1", bytes(32)), RequestKey("imaginaire-2", bytes(range(32)))],
    ids=["other key", "other request"],
)
def test_another_key_or_request_opens_nothing(key: RequestKey) -> None:
    """POL-30: a seal that is moved into another request's story stays shut."""
    with pytest.raises(SealError):
        key.open(KEY.seal(CONTENT))


@given(st.integers(0, 400), st.integers(1, 255))
def test_a_seal_that_was_changed_does_not_open(position: int, change: int) -> None:
    sealed = KEY.seal(CONTENT)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    text = sealed.nonce + sealed.ciphertext
    # The last characters of either part hold bits that base64 leaves unused.
    spot = position % (len(text) - 2)
    if spot == len(sealed.nonce) - 1:
        spot += 1
    other = alphabet[(alphabet.index(text[spot]) + 1 + change % 62) % 64]
    text = text[:spot] + other + text[spot + 1 :]
    changed = Sealed(nonce=text[: len(sealed.nonce)], ciphertext=text[len(sealed.nonce) :])
    with pytest.raises(SealError):
        KEY.open(changed)


@pytest.mark.parametrize(
    "damage",
    [{"nonce": ""}, {"nonce": "AA"}, {"nonce": "é"}, {"ciphertext": ""}, {"ciphertext": "A"}, {"algorithm": "A128GCM"}],
)
def test_a_damaged_seal_is_told_as_such(damage: dict[str, str]) -> None:
    with pytest.raises(SealError):
        KEY.open(KEY.seal(CONTENT).model_copy(update=damage))


def test_a_wrapped_key_opens_for_its_request_under_its_master_alone() -> None:
    master = MasterKey(bytes(range(32)))
    wrapped = master.new_wrapped("imaginaire-1")
    sealed = master.unwrap("imaginaire-1", wrapped).seal(CONTENT)
    assert master.unwrap("imaginaire-1", wrapped).open(sealed) == CONTENT
    with pytest.raises(SealError):
        master.unwrap("imaginaire-2", wrapped)
    with pytest.raises(SealError):
        MasterKey(bytes(32)).unwrap("imaginaire-1", wrapped)
    for cut in (b"", wrapped[:5], wrapped[:-1]):
        with pytest.raises(SealError):
            master.unwrap("imaginaire-1", cut)


def test_a_digest_tells_nothing_without_the_key() -> None:
    """POL-30: a short text could be guessed from a plain digest."""
    other = RequestKey("imaginaire-1", bytes(32))
    assert KEY.digest(b"oui") == KEY.digest(b"oui") != KEY.digest(b"non")
    assert KEY.digest(b"oui") != other.digest(b"oui")
    assert KEY.digest(b"oui").startswith("hmac-sha256:")
