"""Old records stay readable: golden files of every kind and version, and upcasting on read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import pytest

from ledger import catalogue
from ledger.canonical import canonical_json
from ledger.catalogue import KINDS, UnknownKind
from ledger.event import Event, Id, Line
from tests.replaying import encoded

GOLDEN = Path(__file__).parent / "golden"
"""`<kind>.v<version>.json`: the bytes of one record as that version wrote it; never edited."""
FILES = {file.name: file for file in sorted(GOLDEN.glob("*.json"))}


@pytest.mark.parametrize("name", FILES)
def test_a_golden_record_is_decoded_as_its_kind(name: str) -> None:
    kind, version = re.fullmatch(r"([a-z_]+)\.v(\d+)\.json", name).groups()  # type: ignore[union-attr]

    envelope = json.loads(FILES[name].read_bytes())
    recorded = catalogue.decode(1, FILES[name].read_bytes())

    assert (envelope["kind"], envelope["version"]) == (kind, int(version))
    assert type(recorded.event) is KINDS[kind]
    tags = set(recorded.event.tags())
    assert recorded.tags == tuple(sorted(tags)) or (
        int(version) < recorded.event.version and set(recorded.tags) < tags
    )


@pytest.mark.parametrize("name", FILES)
def test_a_golden_record_of_the_present_version_is_written_again_to_the_byte(name: str) -> None:
    record = FILES[name].read_bytes()
    recorded = catalogue.decode(1, record)

    if f".v{recorded.event.version}." in name:
        assert encoded(recorded) == record


def test_every_kind_and_version_has_a_golden_record() -> None:
    """A new kind's is written once, by hand or by a few lines that nobody keeps.

    Its body is the kind's example, parsed and with defaults filled in, and with each personal value
    replaced by its commitment under a salt of 32 zero bytes. The envelope has an actor who may
    propose it, no cause, the next free id after `01990000-0000-7000-8000-000000000066` and, as
    `occurred_at` and `recorded_at`, as many seconds after 2026-03-02T01:00:00Z as the id counts.
    The file holds the `canonical_json` of that, without a line break at its end.
    """
    wanted = {
        f"{kind}.v{version}.json"
        for kind, cls in KINDS.items()
        for version in range(1, cls.version + 1)
    }

    assert set(FILES) == wanted


def test_every_older_version_of_a_kind_has_its_step_upwards() -> None:
    for cls in KINDS.values():
        assert sorted(cls.upcasts) == list(range(1, cls.version))


# Upcasting, with a kind that has changed twice


class NoticePosted(Event):
    """Version 1 had `words`, version 2 `text`; version 3 says where."""

    kind: ClassVar[str] = "notice_posted"
    version: ClassVar[int] = 3
    term: ClassVar[str] = "张贴"
    upcasts: ClassVar[Any] = MappingProxyType(
        {
            1: lambda body: {"text": body["words"]},
            2: lambda body: {**body, "place": "hall"},
        }
    )

    text: Line
    place: Id

    def tags(self) -> tuple[str, ...]:
        return (f"place:{self.place}",)


@pytest.fixture
def _with_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = MappingProxyType({**KINDS, NoticePosted.kind: NoticePosted})
    monkeypatch.setattr(catalogue, "KINDS", kinds)


def record(version: int, body: dict[str, Any]) -> bytes:
    return canonical_json(
        {
            "actor": {"office": "clerk_a", "organisation": "hotline", "principal": "p-hotline"},
            "body": body,
            "cause": None,
            "id": "event-1",
            "kind": NoticePosted.kind,
            "occurred_at": "2026-03-01T08:00:00Z",
            "recorded_at": "2026-03-01T08:00:00Z",
            "tags": ["place:hall"],
            "version": version,
        }
    )


BODIES = {
    1: {"words": "停水"},
    2: {"text": "停水"},
    3: {"text": "停水", "place": "hall"},
}


@pytest.mark.usefixtures("_with_notices")
@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_older_record_is_read_as_the_present_version(version: int) -> None:
    recorded = catalogue.decode(1, record(version, BODIES[version]))

    assert recorded.event == NoticePosted(text="停水", place="hall")


@pytest.mark.usefixtures("_with_notices")
@pytest.mark.parametrize("version", [4, 100])
def test_a_version_of_the_future_is_refused(version: int) -> None:
    with pytest.raises(UnknownKind) as caught:
        catalogue.decode(1, record(version, BODIES[3]))

    assert (caught.value.kind, caught.value.version) == ("notice_posted", version)


@pytest.mark.usefixtures("_with_notices")
@pytest.mark.parametrize("version", [0, -1])
def test_a_version_that_nothing_upcasts_is_refused(version: int) -> None:
    with pytest.raises(UnknownKind):
        catalogue.decode(1, record(version, BODIES[1]))


@pytest.mark.usefixtures("_with_notices")
@pytest.mark.parametrize("version", ["3", None, 2.5, [3]])
def test_a_version_that_is_no_number_is_a_typed_error(version: Any) -> None:
    with pytest.raises((UnknownKind, ValueError)):
        catalogue.decode(1, record(version, BODIES[3]))


@pytest.mark.usefixtures("_with_notices")
def test_an_older_body_under_a_newer_version_does_not_fit() -> None:
    with pytest.raises(ValueError, match="NoticePosted"):
        catalogue.decode(1, record(3, BODIES[1]))


def test_a_kind_that_was_never_here_is_unknown() -> None:
    with pytest.raises(UnknownKind) as caught:
        catalogue.decode(1, record(1, BODIES[1]))

    assert caught.value.kind == "notice_posted"


@pytest.mark.usefixtures("_with_notices")
def test_upcasting_leaves_the_stored_bytes_alone() -> None:
    stored = record(1, BODIES[1])
    before = bytes(stored)

    catalogue.decode(1, stored)

    assert stored == before
    assert BODIES[1] == {"words": "停水"}
