"""Personal data: nowhere in clear, in whatever is stored, printed, refused or logged."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
from enum import StrEnum
from typing import Any, get_args
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ledger import catalogue
from ledger.canonical import instant
from ledger.catalogue import KINDS
from ledger.domain.requests.intake import RequestFiled
from ledger.domain.requests.requests import Category
from ledger.event import Commitment, Event, HeldFor, personal_fields
from ledger.ledger import Ledger
from ledger.proposal import Proposal, prepare
from ledger.refusals import Refused
from ledger.store.memory import MemoryStore
from ledger.vault.randomness import Randomness
from ledger.vault.sealing import DamagedValue
from tests.paper_ledger import START
from tests.strategies import KINDS_WITH_PERSONAL_FIELDS, Form, actors, events, examples
from tests.town import HOTLINE, accepted, cases, found
from tests.vaults import memory_vault

CANARY = "金丝雀𡈽 13800001111 canary-street-7"


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
    """The same with the canary in every personal field that it may have beside its others; in one
    of few options, one of these."""
    cls = type(event)
    personal = {
        name: next(iter(options), CANARY)
        for name in personal_fields(cls)
        for options in (options_of(cls.model_fields[name].annotation),)
    }
    try:
        return cls(**{**dict(event), **personal})
    except ValidationError:  # a kind with personal fields of which not all are given at once
        given = {name: one for name, one in personal.items() if getattr(event, name) is not None}
        return cls(**{**dict(event), **given})


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

    vault = memory_vault()
    prepared = prepare(proposal, vault)

    record = prepared.record(instant(START))
    assert {value.place.field for value in prepared.sealed} == {
        name for name in personal_fields(type(event)) if getattr(event, name) is not None
    }
    assert_without_canary(record, repr(catalogue.decode(1, record)))
    assert_without_canary(*(value.ciphertext for value in prepared.sealed))
    assert_without_canary(repr(event), str(event), repr(proposal), repr(prepared))
    opened = catalogue.decode(1, record).event
    for value in prepared.sealed:
        field = value.place.field
        assert vault.open(value, getattr(opened, field)).value == getattr(event, field)


@pytest.mark.parametrize("kind", KINDS_WITH_PERSONAL_FIELDS)
@examples(10)
@given(data=st.data())
def test_no_personal_value_is_in_a_refusal_a_log_line_or_the_log(
    kind: str, data: st.DataObject
) -> None:
    store, lines = MemoryStore(), _Lines()
    ledger = Ledger(store, memory_vault())
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

    vault = memory_vault()
    prepared = prepare(Proposal(event, HOTLINE), vault)

    commitments = json.loads(prepared.record(instant(START)))["body"]
    assert commitments["name"] != commitments["telephone"]
    name, telephone = prepared.sealed
    with pytest.raises(DamagedValue):
        vault.open(
            name._replace(ciphertext=telephone.ciphertext), Commitment(**commitments["name"])
        )


def test_random_bytes_are_drawn_in_blocks_and_never_given_twice() -> None:
    randomness = Randomness()

    pieces = [randomness.take(44) for _ in range(1_000)]

    assert {len(piece) for piece in pieces} == {44}
    assert len(set(pieces)) == 1_000


FORKS = """
import os
from ledger.vault.randomness import Randomness
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
