"""A record that no ledger writes is found at its position, though the log's own key signed it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import orjson
import pytest

from ledger.store.contract import StoredEvent
from tests.audit_reports import fault_of, verified, with_bytes, with_record
from tests.audited_log import bundle_of, log

Forgery = Callable[[list[StoredEvent]], Sequence[StoredEvent]]
FORGERIES: dict[str, tuple[int, Forgery]] = {
    "reordered": (42, lambda e: [*e[:40], e[50], *e[41:50], e[40], *e[51:]]),
    "repeated": (50, lambda e: [*e[:49], e[48], *e[49:]]),
    "taken out": (1, lambda e: e[1:]),
    "founded twice": (30, lambda e: [*e[:29], with_record(e[0], {
        "id": "00000000-0000-7000-8000-0000000000ff",
        "recorded_at": orjson.loads(e[29].record)["recorded_at"]}), *e[29:]]),
    "not canonical": (7, lambda e: [*e[:6], with_bytes(e[6], e[6].record + b" "), *e[7:]]),
    "a name twice": (7, lambda e: [*e[:6], with_bytes(
        e[6], e[6].record.replace(b'{"actor"', b'{"actor":1,"actor"')), *e[7:]]),
    "a fraction": (7, lambda e: [*e[:6], with_record(e[6], {"body": {"x": 1.5}}), *e[7:]]),
    "a large number": (7, lambda e: [*e[:6], with_record(e[6], {"body": {"x": 2**53}}), *e[7:]]),
    "an enormous number": (7, lambda e: [*e[:6], with_bytes(
        e[6], e[6].record.replace(b'"version":1', b'"version":' + b"9" * 500)), *e[7:]]),
    "a deep record": (7, lambda e: [*e[:6], with_bytes(e[6], b"[" * 9_000), *e[7:]]),
    "an empty record": (7, lambda e: [*e[:6], with_bytes(e[6], b""), *e[7:]]),
    "no object": (7, lambda e: [*e[:6], with_bytes(e[6], b"[1,2]"), *e[7:]]),
    "no UTF-8": (7, lambda e: [*e[:6], with_bytes(e[6], b'"\xff"'), *e[7:]]),
    "a strange name": (7, lambda e: [*e[:6], with_record(e[6], {"body": {"名": 1}}), *e[7:]]),
    "another member": (7, lambda e: [*e[:6], with_record(e[6], {"more": 1}), *e[7:]]),
    "another member for one": (7, lambda e: [*e[:6], with_bytes(
        e[6], e[6].record.replace(b'"version"', b'"wersion"')), *e[7:]]),
    "a cause of no text": (7, lambda e: [*e[:6], with_record(e[6], {"cause": 0.0}), *e[7:]]),
    "another actor": (7, lambda e: [*e[:6], with_record(e[6], {"actor": {"x": "y"}}), *e[7:]]),
    "an unknown kind": (7, lambda e: [*e[:6], with_record(e[6], {"kind": "x"}), *e[7:]]),
    "a kind of no text": (7, lambda e: [*e[:6], with_record(e[6], {"kind": []}), *e[7:]]),
    "a future version": (7, lambda e: [*e[:6], with_record(e[6], {"version": 99}), *e[7:]]),
    "tags not sorted": (7, lambda e: [*e[:6], with_record(e[6], {"tags": ["b", "a"]}), *e[7:]]),
    "tags of no text": (7, lambda e: [*e[:6], with_record(e[6], {"tags": [1]}), *e[7:]]),
    "no id": (7, lambda e: [*e[:6], with_record(e[6], {"id": "x"}), *e[7:]]),
    "no time": (7, lambda e: [*e[:6], with_record(e[6], {"recorded_at": "Z"}), *e[7:]]),
    "a time of no zone": (7, lambda e: [*e[:6], with_record(
        e[6], {"recorded_at": "2026-03-02T01:00:00"}), *e[7:]]),
    "time that goes back": (8, lambda e: [*e[:6], with_record(
        e[6], {"recorded_at": "2030-01-01T00:00:00Z"}), *e[7:]]),
    "time that goes back between files": (257, lambda e: [*e[:255], with_record(
        e[255], {"recorded_at": "2030-01-01T00:00:00Z"}), *e[256:]]),
    "another kind in the index": (7, lambda e: [*e[:6], e[6]._replace(kind="x"), *e[7:]]),
    "other tags in the index": (7, lambda e: [*e[:6], e[6]._replace(tags=("x:y",)), *e[7:]]),
    "an id twice": (300, lambda e: [*e[:299], with_record(
        e[299], {"id": orjson.loads(e[3].record)["id"]}), *e[300:]]),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_record_is_found_at_its_position_even_if_signed(tmp_path: Path, name: str) -> None:
    position, forge = FORGERIES[name]
    forged = forge(list(log(310)))
    directory = bundle_of(forged, tmp_path / "bundle")

    report = verified(directory)

    assert fault_of(report)[0] == position, report.verdict()
    assert report.events == position - 1 or name.startswith(("an id", "repeated", "time that goes"))
