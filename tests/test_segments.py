"""Segments hold the log byte for byte, and say so when they do not."""

from __future__ import annotations

import errno
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from ledger.canonical import canonical_json
from ledger.segments import files, sealing
from ledger.segments.files import SegmentError, segments_in
from ledger.segments.reading import SegmentLog
from ledger.segments.sealing import seal
from ledger.store.contract import StoredEvent
from ledger.store.memory import MemoryStore
from ledger.tlog.merkle import Frontier, leaf_hash

ORIGIN = "town.example/ledger"
FULL = 8


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SEGMENT_EVENTS", FULL)
    monkeypatch.setattr(sealing, "SEGMENT_EVENTS", FULL)


def log_of(size: int, salt: str = "") -> MemoryStore:
    store = MemoryStore()
    for position in range(1, size + 1):
        kind, tags = f"kind_{position % 3}", (f"thing:{position % 4}",)
        record = canonical_json(
            {
                "body": {"text": f"第{position}条{salt}"},
                "kind": kind,
                "recorded_at": datetime.fromtimestamp(position, UTC).isoformat(),
                "tags": list(tags),
            }
        )
        store.events.append(StoredEvent(position, kind, tags, record, leaf_hash(record)))
    return store


def sealed(store: MemoryStore, directory: Path, origin: str = ORIGIN) -> sealing.Sealed:
    return seal(store, origin, directory, segment_events=FULL)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=4), st.data())
def test_what_is_read_is_what_was_stored(
    tmp_path_factory: pytest.TempPathFactory, gains: list[int], data: st.DataObject
) -> None:
    directory, size, store = tmp_path_factory.mktemp("segments"), 0, log_of(0)
    for gain in gains:
        size += gain
        store = log_of(size)
        assert sealed(store, directory).size == size

    log = SegmentLog(directory)
    after, until = data.draw(st.integers(0, size)), data.draw(st.integers(0, size))
    limit = data.draw(st.none() | st.integers(0, 10))
    query = data.draw(
        st.sampled_from([None, DCBQuery(items=[DCBQueryItem(types=["kind_1"], tags=["thing:1"])])])
    )

    assert log.size() == size
    assert list(log.read()) == store.events
    asked: dict[str, Any] = {"after": after, "until": until, "limit": limit}
    assert list(log.read(query, **asked)) == list(store.read(query, **asked))


def test_full_segments_are_nodes_of_the_logs_tree_and_never_written_again(tmp_path: Path) -> None:
    sealed(log_of(20), tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}

    told = sealed(log_of(30), tmp_path)

    assert (told.segments, told.events) == (2, 14)
    segments = segments_in(tmp_path)
    assert [(one.first, one.last) for one in segments] == [(1, 8), (9, 16), (17, 24), (25, 30)]
    for one in segments:
        frontier = Frontier()
        for event in log_of(30).events[one.first - 1 : one.last]:
            frontier.append(event.leaf)
        assert one.root == frontier.root()
    for name in sorted(before)[:2]:
        assert (tmp_path / name).stat().st_mtime_ns == before[name]
    assert sealed(log_of(30), tmp_path).segments == 0


def test_behind_the_segments_the_log_goes_on(tmp_path: Path) -> None:
    sealed(log_of(11), tmp_path)

    log = SegmentLog(tmp_path, log_of(17), ORIGIN)

    assert (log.size(), log.sealed) == (17, 11)
    assert list(log.read()) == log_of(17).events
    assert [one.position for one in log.read(after=9, limit=4)] == [10, 11, 12, 13]


@pytest.mark.parametrize("place", [0, 1])
def test_one_byte_changed_is_told(tmp_path: Path, place: int) -> None:
    sealed(log_of(16), tmp_path)
    path = segments_in(tmp_path)[place].path
    table = parquet.read_table(path)
    records = table.column("record").to_pylist()
    records[3] = records[3].replace("第".encode(), "弟".encode())
    changed = table.set_column(3, table.schema.field("record"), pa.array(records))
    parquet.write_table(changed.replace_schema_metadata(table.schema.metadata), path)

    with pytest.raises(SegmentError, match="root"):
        list(SegmentLog(tmp_path).read())


def test_bytes_that_are_no_parquet_are_told(tmp_path: Path) -> None:
    sealed(log_of(16), tmp_path)
    path = segments_in(tmp_path)[1].path
    path.write_bytes(path.read_bytes()[:-7])

    with pytest.raises(SegmentError, match=path.name):
        SegmentLog(tmp_path)


def test_a_missing_segment_is_told(tmp_path: Path) -> None:
    sealed(log_of(24), tmp_path)
    segments_in(tmp_path)[1].path.unlink()

    with pytest.raises(SegmentError, match="from position 9 is missing"):
        SegmentLog(tmp_path)


def test_a_renamed_segment_is_told(tmp_path: Path) -> None:
    sealed(log_of(8), tmp_path)
    (only,) = segments_in(tmp_path)
    only.path.rename(tmp_path / files.name_of(1, 7))

    with pytest.raises(SegmentError, match="contradict"):
        SegmentLog(tmp_path)


def test_segments_of_another_ledger_are_refused(tmp_path: Path) -> None:
    sealed(log_of(8), tmp_path)

    with pytest.raises(SegmentError, match="not of elsewhere"):
        sealed(log_of(9), tmp_path, "elsewhere")
    with pytest.raises(SegmentError, match="not of elsewhere"):
        SegmentLog(tmp_path, origin="elsewhere")
    with pytest.raises(SegmentError, match="not that of this ledger"):
        SegmentLog(tmp_path, log_of(9, "another"), ORIGIN)
    with pytest.raises(SegmentError, match="beyond the log"):
        SegmentLog(tmp_path, log_of(7), ORIGIN)
    with pytest.raises(SegmentError, match="the log 7"):
        sealed(log_of(7), tmp_path)


def test_a_disk_that_fills_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, count = parquet.write_table, 0

    def fills(table: pa.Table, where: Path, **options: object) -> None:
        nonlocal count
        count += 1
        write(table, where, **options)
        if count == 2:
            where.write_bytes(where.read_bytes()[:20])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(parquet, "write_table", fills)
    with pytest.raises(OSError, match="No space left"):
        sealed(log_of(24), tmp_path)
    monkeypatch.undo()

    assert [path.name for path in tmp_path.iterdir()] == [files.name_of(1, 8)]
    assert list(SegmentLog(tmp_path, log_of(24)).read()) == log_of(24).events


def test_what_a_killed_sealing_left_is_cleaned_up(tmp_path: Path) -> None:
    sealed(log_of(8), tmp_path)
    (tmp_path / "segment-000000000009-000000000016.part").write_bytes(b"half")

    sealed(log_of(16), tmp_path)

    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".parquet", ".parquet"]
