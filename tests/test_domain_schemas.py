"""The JSON Schema of every kind: valid, and taking and refusing what the model does."""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import TypeAdapter, ValidationError

from ledger import catalogue
from ledger.catalogue import KINDS
from ledger.event import (
    Line,
    Text,
    personal_fields,
)
from tests.strategies import Form, examples, models

ALL_KINDS = sorted(KINDS)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_schema_is_valid_and_names_its_kind(kind: str) -> None:
    schema = catalogue.schema(kind)

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert (schema["x-kind"], schema["x-term"]) == (kind, KINDS[kind].term)
    assert schema["x-version"] == KINDS[kind].version


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_schema_says_what_a_personal_value_is_kept_for(kind: str) -> None:
    properties = catalogue.schema(kind)["properties"]

    told = {name: one["x-personal"] for name, one in properties.items() if "x-personal" in one}

    assert told == personal_fields(KINDS[kind])


FORMATS = FormatChecker()


@FORMATS.checks("date-time", raises=ValueError)
def is_date_time(value: object) -> bool:
    """As RFC 3339 has it; jsonschema checks it only with a further package."""
    if not isinstance(value, str):
        return True
    with_zone = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value)
    return with_zone is not None and datetime.fromisoformat(value).tzinfo is not None


@cache
def validator(kind: str) -> Draft202012Validator:
    """What checks bodies of a kind against its schema, formats included."""
    return Draft202012Validator(catalogue.schema(kind), format_checker=FORMATS)


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


def test_a_field_says_in_the_schema_what_it_means() -> None:
    described = catalogue.schema("extension_requested")["properties"]["amount"]

    assert described["description"].startswith("How much longer, in the unit of the term")
    assert catalogue.schema("rules_enacted")["$defs"]["Subject"]["properties"]["sensitive"][
        "description"
    ].startswith("Shown as counts only")
