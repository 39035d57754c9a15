"""Personal data: committed to, sealed, opened in its place alone, and nowhere in clear."""

from __future__ import annotations

import base64
import json
import logging
import os
import stat
import subprocess
import sys
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import catalogue
from ledger.canonical import instant
from ledger.catalogue import KINDS
from ledger.domain.intake import RequestFiled
from ledger.domain.requests import Category
from ledger.event import Commitment, Event, HeldFor, personal_fields
from ledger.ledger import Ledger
from ledger.personal import (
    KEY_BYTES,
    DamagedValue,
    Randomness,
    SealedValue,
    Vault,
    load_or_make_key,
)
from ledger.proposal import Proposal, prepare
from ledger.refusals import Refused
from ledger.store.memory import MemoryStore
from tests.paper_ledger import START
from tests.strategies import KINDS_WITH_PERSONAL_FIELDS, Form, actors, events, examples, texts
from tests.town import HOTLINE, accepted, cases, found

KEY = bytes(range(KEY_BYTES))
CANARY = "金丝雀𡈽 13800001111 canary-street-7"


def sealed_value(value: str = "某某") -> tuple[Commitment, SealedValue]:
    commitment, sealed = Vault(KEY).seal("event-1", "name", "request:request-1", value)
    return Commitment(**commitment), sealed


# Commitments and seals


@examples(100)
@given(texts())
def test_a_value_comes_back_from_its_seal(value: str) -> None:
    commitment, sealed = sealed_value(value)

    assert Vault(KEY).open(sealed, commitment) == value


def test_a_commitment_is_the_hash_of_salt_and_value() -> None:
    commitment, sealed = sealed_value("某某")

    plain = _decrypted(sealed)

    salt, value = plain[:32], plain[32:]
    assert value == "某某".encode()
    assert commitment.commitment == sha256(salt + value).hexdigest()


def _decrypted(sealed: SealedValue) -> bytes:
    place = f"{sealed.event_id}\x00{sealed.field}\x00{sealed.subject}".encode()
    return Vault(KEY)._cipher.decrypt(sealed.ciphertext[:12], sealed.ciphertext[12:], place)


def test_equal_values_have_different_commitments_and_seals() -> None:
    first, second = sealed_value(), sealed_value()

    assert first[0] != second[0]
    assert first[1].ciphertext != second[1].ciphertext


@pytest.mark.parametrize(
    "place", [{"event_id": "event-2"}, {"field": "address"}, {"subject": "request:request-2"}]
)
def test_a_seal_that_was_moved_does_not_open(place: dict[str, str]) -> None:
    commitment, sealed = sealed_value()

    moved = sealed._replace(**place)  # type: ignore[arg-type]  # each is a text

    with pytest.raises(DamagedValue, match="does not open"):
        Vault(KEY).open(moved, commitment)


def test_a_seal_does_not_open_under_another_key() -> None:
    commitment, sealed = sealed_value()

    with pytest.raises(DamagedValue, match="event-1 name: does not open"):
        Vault(bytes(KEY_BYTES)).open(sealed, commitment)


@examples(50)
@given(st.data())
def test_a_damaged_seal_does_not_open(data: st.DataObject) -> None:
    commitment, sealed = sealed_value()
    place = data.draw(st.integers(0, len(sealed.ciphertext) - 1))
    change = data.draw(st.integers(1, 255))

    damaged = bytearray(sealed.ciphertext)
    damaged[place] ^= change

    with pytest.raises(DamagedValue):
        Vault(KEY).open(sealed._replace(ciphertext=bytes(damaged)), commitment)


@pytest.mark.parametrize("length", [0, 1, 11, 12, 27, 28])
def test_a_seal_cut_short_is_damaged(length: int) -> None:
    commitment, sealed = sealed_value()

    with pytest.raises(DamagedValue):
        Vault(KEY).open(sealed._replace(ciphertext=sealed.ciphertext[:length]), commitment)


def test_a_value_that_does_not_match_its_commitment_is_damaged() -> None:
    _, sealed = sealed_value()
    another, _ = sealed_value()

    with pytest.raises(DamagedValue, match="does not match its commitment"):
        Vault(KEY).open(sealed, another)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_vault_has_a_key_of_256_bits(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Vault(bytes(length))


# The key's file


def test_a_key_is_made_for_its_owner_alone_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    before = os.umask(0)
    try:
        made = load_or_make_key(path)
    finally:
        os.umask(before)

    assert len(made) == KEY_BYTES
    assert made != bytes(KEY_BYTES)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make_key(path) == made
    assert os.listdir(tmp_path) == ["vault.key"]  # noqa: PTH208 - the names alone


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_a_wrong_length_stops_the_start(tmp_path: Path, length: int) -> None:
    path = tmp_path / "vault.key"
    path.write_bytes(bytes(length))

    with pytest.raises(ValueError, match="not a key of 32 bytes"):
        load_or_make_key(path)

    assert path.read_bytes() == bytes(length)


STARTS = """
import sys
from pathlib import Path
from ledger.personal import load_or_make_key
print("ready", flush=True)
sys.stdin.readline()
print(load_or_make_key(Path(sys.argv[1])).hex())
"""


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", STARTS, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    keys = {process.communicate(timeout=60)[0].strip() for process in processes}

    assert keys == {path.read_bytes().hex()}
    assert [file.name for file in tmp_path.iterdir()] == ["vault.key"]


# Nowhere in clear


def forms(canary: str) -> list[bytes]:
    """The canary and the forms under which it could slip out."""
    raw = canary.encode()
    return [
        raw,
        base64.b64encode(raw),
        base64.urlsafe_b64encode(raw),
        raw.hex().encode(),
        quote(canary).encode(),
        json.dumps(canary).encode()[1:-1],
        canary.encode("utf-16-le"),
        *(part.encode() for part in canary.split()),
    ]


def assert_without_canary(*places: bytes | str) -> None:
    for place in places:
        content = place.encode() if isinstance(place, str) else place
        for form in forms(CANARY):
            assert form not in content


def with_canary(event: Event) -> Event:
    """The same with the canary in every personal field; in one of few options, one of these."""
    cls = type(event)
    personal = {
        name: next(iter(options), CANARY)
        for name in personal_fields(cls)
        for options in (options_of(cls.model_fields[name].annotation),)
    }
    return cls(**{**dict(event), **personal})


def options_of(annotation: Any) -> list[StrEnum]:
    """The members of the enumeration that a field may have, or nothing where it takes any text."""
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return list(annotation)
    return [option for part in get_args(annotation) for option in options_of(part)]


@pytest.mark.parametrize("kind", KINDS_WITH_PERSONAL_FIELDS)
@examples(5)
@given(data=st.data())
def test_no_personal_value_is_in_a_record_a_seal_or_what_is_printed(
    kind: str, data: st.DataObject
) -> None:
    event = with_canary(data.draw(events(Form.LIFELIKE, kind)))
    proposal = Proposal(event, data.draw(actors(event)))

    prepared = prepare(proposal, Vault(KEY))

    record = prepared.record(instant(START))
    assert {value.field for value in prepared.sealed} == set(personal_fields(type(event)))
    assert_without_canary(record, repr(catalogue.decode(1, record)))
    assert_without_canary(*(value.ciphertext for value in prepared.sealed))
    assert_without_canary(repr(event), str(event), repr(proposal), repr(prepared))
    opened = catalogue.decode(1, record).event
    for value in prepared.sealed:
        assert Vault(KEY).open(value, getattr(opened, value.field)) == getattr(event, value.field)


@pytest.mark.parametrize("kind", KINDS_WITH_PERSONAL_FIELDS)
@examples(10)
@given(data=st.data())
def test_no_personal_value_is_in_a_refusal_a_log_line_or_the_log(
    kind: str, data: st.DataObject
) -> None:
    store, lines = MemoryStore(), _Lines()
    ledger = Ledger(store, Vault(KEY))
    logging.getLogger().addHandler(lines)
    ledger.start()
    try:
        found(ledger)
        accepted(ledger, *cases())
        event = with_canary(data.draw(events(Form.LIFELIKE, kind)))
        try:
            ledger.propose_sync([Proposal(event, data.draw(actors(event)))])
        except Refused as refused:
            assert_without_canary(str(refused), repr(refused), repr(refused.refusal))
    finally:
        ledger.close()
        logging.getLogger().removeHandler(lines)

    assert_without_canary(*lines.seen)
    for stored in store.events:
        assert_without_canary(repr(stored), stored.record)
    for sealed in store.sealed.values():
        assert_without_canary(sealed.ciphertext, repr(sealed))


class _Lines(logging.Handler):
    """Keeps every line that anybody logs."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(self.format(record))


def test_a_text_that_is_too_long_is_refused_without_being_repeated() -> None:
    with pytest.raises(ValueError, match="name") as caught:
        catalogue.parse("request_filed", json.dumps({"name": CANARY * 200}).encode())

    assert_without_canary(str(caught.value))


def test_personal_fields_are_found_wherever_a_kind_declares_them() -> None:
    found_ = {kind: personal_fields(cls) for kind, cls in KINDS.items() if personal_fields(cls)}

    assert list(found_["request_filed"].items()) == [
        ("name", HeldFor.IDENTITY),
        ("telephone", HeldFor.CONTACT),
        ("address", HeldFor.CONTACT),
        ("details", HeldFor.CONTENT),
    ]
    assert found_["person_enrolled"] == {"name": HeldFor.IDENTITY, "education": HeldFor.PROFILE}
    assert found_["progress_posted"] == {"note": HeldFor.CONTENT}
    assert found_["love_points_reversed"] == {"reason": HeldFor.CONTENT}
    for cls in KINDS.values():
        for name, info in cls.model_fields.items():
            assert (name in personal_fields(cls)) == ("Commitment" in str(info.annotation))


def test_two_personal_values_of_one_event_are_sealed_apart() -> None:
    event = RequestFiled(
        request="request-1",
        community="committee-1",
        category=Category.HELP,
        subject="noise",
        name="某某",
        telephone="某某",
    )

    prepared = prepare(Proposal(event, HOTLINE), Vault(KEY))

    commitments = json.loads(prepared.record(instant(START)))["body"]
    assert commitments["name"] != commitments["telephone"]
    name, telephone = prepared.sealed
    with pytest.raises(DamagedValue):
        Vault(KEY).open(
            name._replace(ciphertext=telephone.ciphertext), Commitment(**commitments["name"])
        )


def test_random_bytes_are_drawn_in_blocks_and_never_given_twice() -> None:
    randomness = Randomness()

    pieces = [randomness.take(44) for _ in range(1_000)]

    assert {len(piece) for piece in pieces} == {44}
    assert len(set(pieces)) == 1_000


FORKS = """
import os
from ledger.personal import Randomness
randomness = Randomness()
randomness.take(1)
reading, writing = os.pipe()
if os.fork() == 0:
    os.write(writing, randomness.take(32))
    os._exit(0)
os.wait()
print(os.read(reading, 32).hex(), randomness.take(32).hex())
"""


def test_a_forked_process_draws_random_bytes_of_its_own() -> None:
    answer = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, check=True)

    child, parent = answer.stdout.split()

    assert len(child) == len(parent) == 64
    assert child != parent
