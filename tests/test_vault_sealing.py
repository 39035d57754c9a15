"""One personal value: committed to, sealed, and opened in its place alone."""

from __future__ import annotations

from hashlib import sha256
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.event import Commitment, HeldFor
from ledger.vault.randomness import Randomness
from ledger.vault.sealing import KEY_BYTES, DamagedValue, DataKey, Place, SealedValue
from tests.strategies import examples, texts

KEY = DataKey(str(uuid4()), bytes(range(KEY_BYTES)))
PLACE = Place("event-1", "name", "request:request-1", HeldFor.IDENTITY)
RANDOMNESS = Randomness()


def sealed_value(value: str = "某某") -> tuple[Commitment, SealedValue]:
    commitment, sealed = KEY.seal(PLACE, value, RANDOMNESS)
    return Commitment(**commitment), sealed


@examples(100)
@given(texts())
def test_a_value_comes_back_from_its_seal(value: str) -> None:
    commitment, sealed = sealed_value(value)

    assert KEY.open(sealed, commitment).value == value


def test_a_commitment_is_the_hash_of_salt_and_value() -> None:
    commitment, sealed = sealed_value("某某")

    opened = KEY.open(sealed, commitment)

    assert len(opened.salt) == 32
    assert commitment.commitment == sha256(opened.salt + "某某".encode()).hexdigest()


def test_equal_values_have_different_commitments_and_seals() -> None:
    first, second = sealed_value(), sealed_value()

    assert first[0] != second[0]
    assert first[1].ciphertext != second[1].ciphertext


@pytest.mark.parametrize(
    "place",
    [
        PLACE._replace(event_id="event-2"),
        PLACE._replace(field="address"),
        PLACE._replace(subject="request:request-2"),
        PLACE._replace(held_for=HeldFor.CONTENT),
    ],
)
def test_a_seal_that_was_moved_does_not_open(place: Place) -> None:
    commitment, sealed = sealed_value()

    with pytest.raises(DamagedValue, match=r"of event event-\d does not open"):
        KEY.open(sealed._replace(place=place), commitment)


def test_a_seal_does_not_open_under_another_key() -> None:
    commitment, sealed = sealed_value()

    with pytest.raises(DamagedValue, match="name of event event-1 does not open"):
        DataKey(KEY.id, bytes(KEY_BYTES)).open(sealed, commitment)


@examples(50)
@given(st.data())
def test_a_damaged_seal_does_not_open(data: st.DataObject) -> None:
    commitment, sealed = sealed_value()
    place = data.draw(st.integers(0, len(sealed.ciphertext) - 1))
    change = data.draw(st.integers(1, 255))

    damaged = bytearray(sealed.ciphertext)
    damaged[place] ^= change

    with pytest.raises(DamagedValue):
        KEY.open(sealed._replace(ciphertext=bytes(damaged)), commitment)


@pytest.mark.parametrize("length", [0, 1, 11, 12, 27, 28])
def test_a_seal_cut_short_is_damaged(length: int) -> None:
    commitment, sealed = sealed_value()

    with pytest.raises(DamagedValue):
        KEY.open(sealed._replace(ciphertext=sealed.ciphertext[:length]), commitment)


def test_a_value_that_does_not_match_its_commitment_is_damaged() -> None:
    _, sealed = sealed_value()
    another, _ = sealed_value()

    with pytest.raises(DamagedValue, match="does not match its commitment"):
        KEY.open(sealed, another)
