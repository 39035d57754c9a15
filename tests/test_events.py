"""What every kind declares, the limits at the door, and the JSON Schemas that tell both."""

from __future__ import annotations

import inspect
import json
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any, ClassVar

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import TypeAdapter, ValidationError

from ledger import catalogue
from ledger.catalogue import KINDS
from ledger.decision import OrganisationType, Standing
from ledger.domain.love_bank import AccountOpened, HolderType
from ledger.domain.requests import ProgressPosted, RequestAccepted
from ledger.domain.rules import RulesEnacted, Subject
from ledger.event import (
    MAX_RECORD_BYTES,
    MAX_TAG_BYTES,
    MAX_TAGS,
    Actor,
    Commitment,
    Event,
    Instant,
    Line,
    Text,
    mint_id,
    mint_random_id,
)
from ledger.personal import Vault
from ledger.proposal import Prepared, Proposal, prepare
from ledger.refusals import Refusal, Refused, Unacceptable
from tests.strategies import Form, events, examples, models
from tests.town import FOUNDER, HOTLINE, RULES, WATER

ALL_KINDS = sorted(KINDS)
VAULT = Vault(bytes(32))
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


# What a kind declares


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_kind_declares_itself(kind: str) -> None:
    cls = KINDS[kind]

    assert cls.kind == kind
    assert re.fullmatch("[a-z_]+", kind)
    assert re.fullmatch(r"[\u4e00-\u9fff]+", cls.term)
    assert cls.version >= 1
    assert inspect.getdoc(cls) != inspect.getdoc(Event)
    assert "proposers" in vars(cls)
    assert bool(cls.proposers) == (kind != "ledger_founded")
    for standing in cls.proposers:
        assert isinstance(standing, Standing)
        assert standing.offices
        assert standing.organisations
        assert standing.organisations <= set(OrganisationType)


def test_kinds_and_their_terms_are_unique() -> None:
    classes = [cls for area in catalogue.AREAS for cls in area.KINDS]

    assert len(classes) == len({cls.kind for cls in classes}) == len({cls.term for cls in classes})


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_kind_is_frozen_and_closed(kind: str) -> None:
    cls = KINDS[kind]

    assert cls.model_config["frozen"]
    assert cls.model_config["strict"]
    assert cls.model_config["extra"] == "forbid"


@pytest.mark.parametrize("kind", ALL_KINDS)
@examples(12)
@given(data=st.data())
def test_tags_keep_the_limits_and_are_a_type_and_an_opaque_id(
    kind: str, data: st.DataObject
) -> None:
    event = data.draw(events(Form.PROPOSED, kind))

    tags = event.tags()

    assert 1 <= len(tags) <= MAX_TAGS
    for tag in tags:
        assert re.fullmatch(r"[a-z]+:[a-z0-9][a-z0-9-]{0,63}", tag)
        assert len(tag.encode()) <= MAX_TAG_BYTES
    assert event.sealed_under() in tags
    if event.creates is not None:
        tag_type, field = event.creates
        assert f"{tag_type}:{getattr(event, field)}" in tags


def test_minted_ids_are_ids() -> None:
    for mint in (mint_id, mint_random_id):
        first, second = mint(), mint()

        assert first != second
        RequestAccepted(request=first)


# Times and texts


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T08:00:00Z", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01T08:00:00+08:00", datetime(2026, 3, 1, 0, tzinfo=UTC)),
        ("2026-03-01T08:00:00.5Z", datetime(2026, 3, 1, 8, 0, 0, 500_000, UTC)),
        ("2026-03-01T08:00:00.123456789Z", datetime(2026, 3, 1, 8, 0, 0, 123_456, UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_rfc_3339_writes_it(text: str, moment: datetime) -> None:
    read = TypeAdapter(Instant).validate_json(json.dumps(text))

    assert read == moment
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01",
        "2026-03-01T08:00:00",
        "2026-03-01T08:00Z",
        "2026-03-01 08:00:00Z",
        "2026-02-30T08:00:00Z",
        "2026-03-01T24:30:00Z",
        "2026-03-01T08:00:00+0800",
        "0001-01-01T00:00:00+08:00",
        "9999-12-31T23:59:59-08:00",
        "2026-03-01T08:00:00Z\n",
        "２０２６-03-01T08:00:00Z",
        "1700000000",
        "",
    ],
)
def test_what_is_no_time_with_a_zone_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Instant).validate_json(json.dumps(text))


@pytest.mark.parametrize("value", [1_700_000_000, 1.5, True, None, "2026-03-01", NO_ZONE])
def test_a_time_is_no_number_and_has_a_zone(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Instant).validate_python(value)


@pytest.mark.parametrize(
    "text", ["", "a\x00b", "\x00", "\ud800", "a" * 4001, "字" * 4001, 1, b"a", None]
)
def test_a_text_beyond_its_limits_has_no_shape(text: Any) -> None:
    with pytest.raises(ValidationError):
        ProgressPosted(request="request-1", note=text)


@pytest.mark.parametrize("text", ["a" * 4000, "字" * 4000, "\U0001f600" * 4000, "\n", "\u0001"])
def test_a_text_within_its_limits_is_taken(text: str) -> None:
    assert ProgressPosted(request="request-1", note=text).note == text


@pytest.mark.parametrize(
    "body",
    [
        b'{"request": "r", "note": "\\ud800"}',
        b'{"request": "r", "note": "\\u0000"}',
        b'{"request": "r", "note": "\xff"}',
        b'{"request": "R", "note": "a"}',
        b'{"request": "r\\n", "note": "a"}',
        b'{"request": "r", "note": "a", "more": 1}',
        b'{"request": "r"}',
        b'["r", "a"]',
        b"",
        b"{",
        b"[" * 100_000,
    ],
)
def test_a_body_that_does_not_fit_is_refused_by_the_model(body: bytes) -> None:
    with pytest.raises(ValidationError):
        catalogue.parse("progress_posted", body)


def test_a_kind_that_is_not_in_the_catalogue_is_unknown() -> None:
    for call in (catalogue.kind_class, catalogue.schema):
        with pytest.raises(catalogue.UnknownKind):
            call("balance_edited")
    with pytest.raises(catalogue.UnknownKind):
        catalogue.parse("balance_edited", b"{}")


# Limits at the door


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
    commitments = {value.field for value in prepared.sealed}
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


# JSON Schema


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_schema_is_valid_and_names_its_kind(kind: str) -> None:
    schema = catalogue.schema(kind)

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert (schema["x-kind"], schema["x-term"]) == (kind, KINDS[kind].term)
    assert schema["x-version"] == KINDS[kind].version


@cache
def validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(catalogue.schema(kind), format_checker=FormatChecker())


def fits_schema(kind: str, body: object) -> bool:
    return bool(validator(kind).is_valid(body))


def fits_model(kind: str, body: object) -> bool:
    try:
        catalogue.parse(kind, json.dumps(body).encode())
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("kind", ALL_KINDS)
@examples(12)
@given(data=st.data())
def test_schema_and_model_take_the_same_bodies(kind: str, data: st.DataObject) -> None:
    form = data.draw(st.sampled_from([Form.PROPOSED, Form.RECORDED, Form.LIFELIKE]))
    event = data.draw(models(KINDS[kind], form))

    body = json.loads(event.model_dump_json())

    assert fits_model(kind, body)
    assert fits_schema(kind, body)


@pytest.mark.parametrize("kind", ALL_KINDS)
@examples(12)
@given(data=st.data())
def test_schema_and_model_refuse_the_same_bodies(kind: str, data: st.DataObject) -> None:
    event = data.draw(models(KINDS[kind], Form.LIFELIKE))
    body = json.loads(event.model_dump_json())

    name = data.draw(st.sampled_from([*KINDS[kind].model_fields, "unheard-of"]))
    if data.draw(st.booleans()):
        body.pop(name, None)
    else:
        body[name] = data.draw(odd_values())

    # The one deviation is the checker's: Python's $ also matches before a last newline.
    assume(not (isinstance(body.get(name), str) and body[name].endswith("\n")))
    assert fits_schema(kind, body) == fits_model(kind, body)


def odd_values() -> st.SearchStrategy[Any]:
    """Values that some field refuses: wrong types, beyond limits, almost right."""
    return st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-2, 4000) | st.sampled_from([2**53 - 1, 2**53, -(2**70)]),
        st.floats(allow_nan=False, allow_infinity=False).filter(lambda one: one % 1 != 0),
        st.text(max_size=5),
        st.sampled_from(
            [
                "",
                "\x00",
                "a\x00b",
                "A",
                "-a",
                "a" * 64,
                "a" * 65,
                "字" * 201,
                "字" * 4001,
                "ordinary",
                "unit",
                "2026-03-01",
                "2026-02-30",
                "2026-03-01T08:00:00Z",
                "2026-03-01T08:00:00",
                "1700000000",
                "town.example/a",
                "a" * 201,
            ]
        ),
        st.lists(st.sampled_from(["a", "B", "2026-03-01", 1, None]), max_size=2),
        st.just(["a"] * 21),
        st.fixed_dictionaries({"commitment": st.sampled_from(["0" * 64, "0" * 63, "A" * 64])}),
        st.just({}),
    )


@pytest.mark.parametrize("alias", [Line, Text], ids=["Line", "Text"])
def test_the_limits_of_texts_are_in_the_schema(alias: Any) -> None:
    schema = TypeAdapter(alias).json_schema()

    assert schema["minLength"] == 1
    assert schema["maxLength"] in (200, 4000)
    assert re.search(schema["pattern"], "a\x00") is None
    assert re.search(schema["pattern"], "a\nb\n")
