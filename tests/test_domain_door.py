"""The limits at the door: tags, sizes, ids and times that the database or a reader would refuse."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ledger import catalogue
from ledger.domain.love_bank.accounts import AccountOpened, HolderType
from ledger.domain.privacy.personal_data import ContextsLinked
from ledger.domain.requests.handling import ProgressPosted
from ledger.domain.requests.intake import RequestAccepted, RequestFiled
from ledger.domain.requests.requests import Category
from ledger.domain.rules.rules import RulesEnacted, Subject
from ledger.event import (
    MAX_RECORD_BYTES,
    MAX_TAG_BYTES,
    MAX_TAGS,
    Actor,
    Commitment,
    Event,
)
from ledger.proposal import Prepared, Proposal, prepare
from ledger.refusals import Refusal, Refused, Unacceptable
from ledger.telling import names_somebody
from tests.strategies import events, examples
from tests.town import FOUNDER, HOTLINE, RULES, WATER
from tests.vaults import memory_vault

VAULT = memory_vault()
NO_ZONE = datetime(2026, 3, 1)  # noqa: DTZ001 - the missing zone is the point
LONGEST_INSTANT = "2026-03-01T08:00:00.123456Z"
RECORDED_AT = datetime(2026, 3, 1, 8, 0, 0, 123456, UTC)


def refused_at_the_door(rule: str, proposal: Proposal, field: str) -> Refusal:
    with pytest.raises(Refused) as caught:
        prepare(proposal, VAULT)
    refusal = caught.value.refusal
    assert (refusal.rule, refusal.field) == (rule, field)
    assert isinstance(refusal, Unacceptable)
    assert refusal.reason
    assert refusal.accepted
    return refusal


class Tagged(Event):
    """Takes any tags, as no kind of the catalogue does."""

    kind: ClassVar[str] = "tagged"
    labels: tuple[str, ...]

    def tags(self) -> tuple[str, ...]:
        return self.labels


def test_a_tag_keeps_to_its_bytes() -> None:
    longest = Tagged(labels=("字" * 42 + "ab",))
    too_long = Tagged(labels=("a:1", "字" * 42 + "abc"))

    assert len(longest.labels[0].encode()) == MAX_TAG_BYTES
    assert prepare(Proposal(longest, HOTLINE), VAULT).tags == longest.labels
    refused_at_the_door("malformed_tag", Proposal(too_long, HOTLINE), "body")


@pytest.mark.parametrize(
    ("label", "rule"),
    [
        ("a:b\x00c", "malformed_tag"),
        ("a:" + "b" * 127, "malformed_tag"),
        ("a:\ud800", "not_unicode"),
    ],
)
def test_a_tag_that_the_database_would_refuse_is_refused_at_the_door(label: str, rule: str) -> None:
    event = Tagged.model_construct(labels=(label,))

    with pytest.raises(Refused, match=rule):
        prepare(Proposal(event, HOTLINE), VAULT)


def test_tags_keep_to_their_number() -> None:
    most, too_many = (
        Tagged(labels=tuple(f"a:{number}" for number in range(count)))
        for count in (MAX_TAGS, MAX_TAGS + 1)
    )

    assert len(prepare(Proposal(most, HOTLINE), VAULT).tags) == MAX_TAGS
    refused_at_the_door("too_many_tags", Proposal(too_many, HOTLINE), "body")


@pytest.mark.parametrize("label", ["a:\x00", "a: b", "a:\ud800", "A:1", ":", "a:é"])
def test_a_tag_is_checked_by_the_models_of_ids(label: str) -> None:
    with pytest.raises(ValidationError):
        RequestAccepted(request=label)


def rules_of_record_bytes(size: int, occurred_at: datetime | None) -> Proposal:
    """A proposal whose record has exactly so many bytes where its times are of full length."""

    def proposal(names: list[str]) -> Proposal:
        subjects = tuple(
            Subject(code=f"c-{number}", name=name) for number, name in enumerate(names)
        )
        pack = RulesEnacted(**{**dict(RULES), "subjects": subjects})
        return Proposal(pack, FOUNDER, occurred_at, id="0" * 36)

    def record_bytes(names: list[str]) -> int:
        fields = proposal(names).event.model_dump_json()
        return len(fields.encode())

    rest = size - len(sample_record(occurred_at)) + record_bytes([])
    names: list[str] = []
    while rest - record_bytes([*names, "a"]) >= 200:
        names.append("a" * 150)
    missing = rest - record_bytes([*names, "a"])
    return proposal([*names, "a" * (missing + 1)])


def sample_record(occurred_at: datetime | None) -> bytes:
    sample = Proposal(RULES, FOUNDER, occurred_at, id="0" * 36)
    return prepare(sample, VAULT).record(LONGEST_INSTANT)


@pytest.mark.parametrize("occurred_at", [None, RECORDED_AT])
def test_a_record_has_at_most_65535_bytes(occurred_at: datetime | None) -> None:
    largest = rules_of_record_bytes(MAX_RECORD_BYTES, occurred_at)
    too_large = rules_of_record_bytes(MAX_RECORD_BYTES + 1, occurred_at)

    record = prepare(largest, VAULT).record(LONGEST_INSTANT)

    assert len(record) == MAX_RECORD_BYTES == 65_535
    refusal = refused_at_the_door("record_too_large", too_large, "body")
    assert "65536" in refusal.reason


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "a\x00"}, "id"),
        ({"id": "a" * 65}, "id"),
        ({"id": "a\nb"}, "id"),
        ({"cause": ""}, "cause"),
        ({"cause": "a" * 100_000}, "cause"),
        ({"cause": "\ud800"}, "cause"),
        ({"actor": Actor("clerk_a", "hotline\x00", "p-hotline")}, "actor.organisation"),
        ({"actor": Actor("clerk_a", "hotline", "张三")}, "actor.principal"),
        ({"actor": Actor("clerk_a", "hotline", "p\np")}, "actor.principal"),
    ],
)
def test_ids_of_the_envelope_are_ids(changes: dict[str, Any], field: str) -> None:
    proposal = Proposal(RequestAccepted(request="request-1"), HOTLINE)
    for name, value in changes.items():
        setattr(proposal, name, value)

    refused_at_the_door("malformed_id", proposal, field)


def test_an_office_of_broken_characters_is_refused() -> None:
    broken = Proposal(RequestAccepted(request="request-1"), Actor("\ud800", "hotline", "p"))

    refused_at_the_door("not_unicode", broken, "body")


@pytest.mark.parametrize(
    "moment",
    [
        NO_ZONE,
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-8))),
    ],
)
def test_a_claimed_time_names_a_moment(moment: datetime) -> None:
    proposal = Proposal(RequestAccepted(request="request-1"), HOTLINE, moment)

    refused_at_the_door("time_without_zone", proposal, "occurred_at")


def test_a_commitment_is_not_proposed() -> None:
    note = Commitment(commitment="0" * 64)
    proposal = Proposal(ProgressPosted(request="request-1", note=note), WATER)

    refused_at_the_door("commitment_proposed", proposal, "note")


def test_an_id_given_is_no_fresh_one() -> None:
    minted, named = (
        prepare(Proposal(event, HOTLINE), VAULT)
        for event in (
            AccountOpened(holder_type=HolderType.PERSON),
            AccountOpened(holder_type=HolderType.PERSON, account="account-1"),
        )
    )

    assert minted.fresh_tag is not None
    assert minted.fresh_tag in minted.tags
    assert named.fresh_tag is None


@examples(100)
@given(events(), st.none() | st.datetimes(timezones=st.just(UTC)))
def test_what_is_stored_is_what_was_proposed(event: Event, occurred_at: datetime | None) -> None:
    prepared = _prepared(event, occurred_at)

    recorded = catalogue.decode(7, prepared.record(LONGEST_INSTANT))

    assert (recorded.position, recorded.id) == (7, prepared.id)
    assert recorded.actor == HOTLINE
    assert recorded.cause is None
    assert recorded.tags == prepared.tags
    assert recorded.recorded_at == RECORDED_AT
    assert recorded.occurred_at == (RECORDED_AT if occurred_at is None else occurred_at)
    commitments = {value.place.field for value in prepared.sealed}
    for name, value in recorded.event:
        if name in commitments:
            assert isinstance(value, Commitment)
        else:
            assert value == getattr(event, name)


def _prepared(event: Event, occurred_at: datetime | None) -> Prepared:
    return prepare(Proposal(event, HOTLINE, occurred_at), VAULT)


ENVELOPE = json.loads(
    prepare(Proposal(RequestAccepted(request="request-1"), HOTLINE), VAULT).record(LONGEST_INSTANT)
)
ODD: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.text() | st.just([]) | st.just({})
)


@st.composite
def almost_records(draw: st.DrawFn) -> bytes:
    """A record with one part of its envelope gone, or changed for something else."""
    envelope = {**ENVELOPE, "actor": dict(ENVELOPE["actor"])}
    part = draw(st.sampled_from([envelope, envelope["actor"]]))
    name = draw(st.sampled_from(sorted(part)))
    if draw(st.booleans()):
        del part[name]
    else:
        part[name] = draw(ODD)
    return json.dumps(envelope).encode()


@examples(100)
@given(st.binary() | almost_records() | ODD.map(lambda value: json.dumps(value).encode()))
def test_bytes_that_are_no_record_are_a_typed_error(record: bytes) -> None:
    with suppress(ValueError, catalogue.UnknownKind):
        assert catalogue.decode(1, record).position == 1


@pytest.mark.parametrize("part", sorted(ENVELOPE))
def test_a_record_that_lacks_a_part_is_a_typed_error(part: str) -> None:
    rest = {name: value for name, value in ENVELOPE.items() if name != part}

    with pytest.raises(ValueError, match="has not the envelope's shape"):
        catalogue.decode(1, json.dumps(rest).encode())


@pytest.mark.parametrize("number", ["13912345678", "11010519491231002x", "110105194912310021"])
def test_a_number_that_names_somebody_is_nobodys_id(number: str) -> None:
    filed = RequestFiled(
        community="committee-1", category=Category.HELP, subject="noise", requester=number
    )

    refusal = refused_at_the_door("telling_id", Proposal(filed, HOTLINE), "requester")

    assert number not in str(refusal)
    assert not names_somebody("01980000-0000-7000-8000-139123456780")


def test_what_joins_contexts_under_seal_names_no_cause() -> None:
    event = ContextsLinked(context="request:request-1")

    prepare(Proposal(event, HOTLINE), VAULT)
    refusal = refused_at_the_door(
        "cause_tells",
        Proposal(event, HOTLINE, cause="01980000-0000-7000-8000-000000000000"),
        "cause",
    )

    assert "request-1" not in str(refusal)
