"""What every kind declares, and what its texts and times may be."""

from __future__ import annotations

import inspect
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ledger import catalogue
from ledger.catalogue import KINDS
from ledger.decision import OrganisationType, Standing
from ledger.domain.requests.handling import ProgressPosted
from ledger.domain.requests.intake import RequestAccepted
from ledger.event import (
    MAX_TAG_BYTES,
    MAX_TAGS,
    Event,
    Instant,
    mint_id,
    mint_random_id,
)
from tests.strategies import Form, events, examples

ALL_KINDS = sorted(KINDS)
NO_ZONE = datetime(2026, 3, 1)  # noqa: DTZ001 - the missing zone is the point


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
    assert "example" in vars(cls)
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
        # Of a subject's privacy, whose id is a tag itself.
        assert re.fullmatch(r"(privacy:)?[a-z_]+:[a-z0-9][a-z0-9-]{0,63}", tag)
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
