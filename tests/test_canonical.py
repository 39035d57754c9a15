"""Canonical bytes are RFC 8785's over all that event models admit; what is beyond is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger import catalogue
from ledger.canonical import canonical_document, canonical_json, instant
from ledger.event import MAX_INTEGER, Actor, Event
from ledger.proposal import Proposal, prepare
from tests.strategies import Form, events, examples, instants, texts
from tests.vaults import memory_vault

VECTORS = Path(__file__).parents[2] / "shared" / "vectors" / "rfc8785-jcs.ndjson"
BEYOND = {
    "french.json": "keys beyond ASCII, of which no record has any",
    "structures.json": "a float, 56.0, which the models refuse",
    "values.json": "floats, which the models refuse",
    "weird.json": "keys beyond ASCII, of which no record has any",
}
"""Vectors whose input no event model admits, and why."""


def tree(value: Any) -> Any:
    """What a value of a record is in JSON, by the slow way round."""
    return json.loads(canonical_json(value))


@examples(60)
@given(events() | events(Form.RECORDED))
def test_a_body_is_what_rfc_8785_says(event: Event) -> None:
    body = json.loads(event.model_dump_json())

    assert canonical_json(event.__dict__) == rfc8785.dumps(body | tree(_times(event)))


def _times(event: Event) -> dict[str, Any]:
    # The one deviation from pydantic's own JSON is how a time's fraction is written.
    return {
        name: value for name, value in event.__dict__.items() if isinstance(value, (datetime, date))
    }


@examples(100)
@given(events(), st.none() | instants(), instants())
def test_the_gap_that_the_time_fills_keeps_the_record_canonical(
    event: Event, occurred_at: datetime | None, recorded_at: datetime
) -> None:
    cause = None if event.joins_contexts else "c-1"  # what joins contexts names no cause
    proposal = Proposal(event, Actor("clerk_a", "hotline", "p-hotline"), occurred_at, cause=cause)

    record = prepare(proposal, memory_vault()).record(instant(recorded_at))

    assert record == rfc8785.dumps(json.loads(record))
    assert catalogue.decode(1, record).recorded_at == recorded_at


ASCII_KEYS = st.text(st.characters(max_codepoint=126), max_size=8)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-MAX_INTEGER, MAX_INTEGER),
    texts(max_size=20),
    st.text(st.characters(codec="utf-8"), max_size=20),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4).map(tuple) | st.dictionaries(ASCII_KEYS, inner, max_size=4)
    ),
    max_leaves=20,
)


@examples(150)
@given(TREES)
def test_trees_of_the_admitted_subset_are_written_as_rfc_8785_says(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("integer", [0, -1, MAX_INTEGER, -MAX_INTEGER])
def test_integers_are_exact_up_to_their_bound(integer: int) -> None:
    assert canonical_json(integer) == rfc8785.dumps(integer) == str(integer).encode()


def test_integers_beyond_the_bound_are_not_rfc_8785s() -> None:
    with pytest.raises(rfc8785.IntegerDomainError):
        rfc8785.dumps(MAX_INTEGER + 1)


@pytest.mark.parametrize("value", ["\ud800", "a\udfff", {"a": ["\ud800"]}])
def test_lone_surrogates_are_refused(value: Any) -> None:
    with pytest.raises(orjson.JSONEncodeError):
        canonical_json(value)


@pytest.mark.parametrize("value", [object(), {1, 2}, b"a", 1j, 2**64, {1: 2}])
def test_what_has_no_place_in_a_record_is_refused(value: Any) -> None:
    with pytest.raises(orjson.JSONEncodeError):
        canonical_json(value)


def test_the_order_of_keys_beyond_the_basic_plane_is_out_of_scope() -> None:
    """RFC 8785 sorts by UTF-16 units, orjson by code points: so no key of a record is free."""
    astral = {"\ufb33": 1, "\U0001f602": 2}

    assert rfc8785.dumps(astral) != canonical_json(astral)

    for cls in catalogue.KINDS.values():
        assert all(key.isascii() for key in keys(cls.model_json_schema()))


def keys(schema: Any) -> Iterator[str]:
    """Every property's name in a JSON Schema; none of its objects is open."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            assert schema["additionalProperties"] is False
            yield from schema["properties"]
        for inner in schema.values():
            yield from keys(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from keys(inner)


def test_no_field_of_any_kind_is_a_float() -> None:
    def types(schema: Any) -> Iterator[str]:
        if isinstance(schema, dict):
            if isinstance(schema.get("type"), str):
                yield schema["type"]
            for inner in schema.values():
                yield from types(inner)
        elif isinstance(schema, list):
            for inner in schema:
                yield from types(inner)

    for cls in catalogue.KINDS.values():
        assert "number" not in set(types(cls.model_json_schema()))


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 3, 1, 8, tzinfo=UTC), "2026-03-01T08:00:00Z"),
        (datetime(2026, 3, 1, 8, 0, 0, 500_000, UTC), "2026-03-01T08:00:00.500000Z"),
        (datetime(2026, 3, 1, 8, tzinfo=timezone(timedelta(hours=8))), "2026-03-01T00:00:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_an_instant_is_rfc_3339_in_utc(moment: datetime, text: str) -> None:
    assert instant(moment) == text


@examples(100)
@given(instants())
def test_a_time_in_a_body_is_written_as_in_the_envelope(moment: datetime) -> None:
    assert canonical_json(moment) == f'"{instant(moment)}"'.encode()


# The vectors of cyberphone/json-canonicalization


def vectors() -> list[dict[str, str]]:
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS} is not here: the vectors are not part of the project")
    return [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]


def test_every_vector_of_rfc_8785_is_met_for_documents() -> None:
    found = vectors()

    assert len(found) == 6
    for vector in found:
        document = json.loads(vector["input"])
        assert canonical_document(document) == vector["output"].encode(), vector["name"]


def test_the_vectors_within_the_subset_are_met() -> None:
    within = [vector for vector in vectors() if vector["name"] not in BEYOND]

    assert {vector["name"] for vector in within} == {"arrays.json", "unicode.json"}
    for vector in within:
        assert canonical_json(json.loads(vector["input"])) == vector["output"].encode()


def test_the_vectors_beyond_the_subset_are_those_that_no_model_admits() -> None:
    def admits(value: Any) -> bool:
        if isinstance(value, dict):
            return all(key.isascii() and admits(inner) for key, inner in value.items())
        if isinstance(value, list):
            return all(map(admits, value))
        return not isinstance(value, float)

    beyond = {vector["name"] for vector in vectors() if not admits(json.loads(vector["input"]))}

    assert beyond == set(BEYOND)
