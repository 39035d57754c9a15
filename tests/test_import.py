"""Imports: what becomes of a file's rows, on synthetic files and on the real ones where present."""

from __future__ import annotations

import csv
import json
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from api.imports import importer as importing
from api.imports.groundwork import NoGroundwork, prepare_ground
from api.imports.importer import Importer, TooManyRows
from api.imports.report import Report, Summary
from api.imports.rows import read_rows
from api.imports.source import Source, identifier
from api.imports.sources import SOURCES
from ledger import catalogue
from ledger.domain.rules.rules import RulesEnacted
from ledger.event import Recorded
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Unavailable
from ledger.sequencer import Limits
from ledger.store.contract import StoreDown
from ledger.store.memory import MemoryStore, MemoryWriter
from tests.town import FOUNDER, RULES, found
from tests.vaults import memory_vault

REAL = Path(__file__).parents[2] / "shared" / "data"
CASES = REAL / "nyc-constituent-cases-2015-2021.parquet"
LINE_311 = REAL / "nyc-311-sample-2024-05.csv"
COLUMNS = ("unique_key", "account", "opendate", "closedate", "complaint_type", "community_board")
CLOSED = [
    "request_filed", "request_accepted", "request_dispatched",
    "request_answered", "answer_accepted", "request_cleared",
]  # fmt: skip


def case(key: str, **changed: str) -> dict[str, str]:
    """A row of the council offices: closed after a day unless it is changed."""
    row = dict(
        zip(COLUMNS, (key, "NYCC06", "2019-07-01", "2019-07-02", "Parks", "07 Manhattan"),
            strict=True)
    )  # fmt: skip
    return {**row, **changed}


def write(path: Path, rows: Iterable[dict[str, str]], columns: Sequence[str] = COLUMNS) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def run(
    ledger: Ledger,
    file: Path,
    *,
    source: str = "nyc-constituent-cases",
    limit: int | None = None,
    stop: threading.Event | None = None,
    report: Path | None = None,
) -> Summary:
    """Imports a file and checks that its rows add up."""
    mapping: Source = SOURCES[source]()
    prepare_ground(ledger, mapping)
    summary = Summary(mapping.name, str(file))
    with Report(report or file.parent / "report", summary) as written:
        one = Importer(ledger, mapping, written, lambda _: None, stop or threading.Event())
        one.run(read_rows(file, mapping.columns), limit)
    assert summary.rows_unsettled == 0
    assert summary.rows_read == (
        summary.cases_accepted + summary.cases_already_there + summary.rows_refused
    )
    return summary


def refused(directory: Path) -> list[dict[str, Any]]:
    text = (directory / "report" / "refused.ndjson").read_text()
    return [json.loads(line) for line in text.splitlines()]


def history(ledger: Ledger) -> list[Recorded]:
    """What is in the ledger of requests."""
    events = (catalogue.decode(event.position, event.record) for event in ledger.read())
    return [event for event in events if event.kind in CLOSED]


def test_a_closed_case_becomes_six_events_in_the_order_of_the_method(
    ledger: Ledger, tmp_path: Path
) -> None:
    summary = run(ledger, write(tmp_path / "a.csv", [case("A")]))

    events = history(ledger)
    assert [event.kind for event in events] == CLOSED
    assert summary.events_appended == 6
    assert len({event.tags[-1] for event in events}) == 1
    filed, dispatched = events[0].event.model_dump(), events[2].event.model_dump()
    assert (filed["community"], filed["subject"]) == ("nyc-board-07-manhattan", "parks")
    assert dispatched["lead"] == "nycc06"


def test_an_open_case_stops_at_its_dispatch(memory_ledger: Ledger, tmp_path: Path) -> None:
    run(memory_ledger, write(tmp_path / "a.csv", [case("A", closedate="")]))

    assert [event.kind for event in history(memory_ledger)] == CLOSED[:3]


def test_nobody_accepts_the_answer_that_they_gave(memory_ledger: Ledger, tmp_path: Path) -> None:
    run(memory_ledger, write(tmp_path / "a.csv", [case("A")]))

    answered, accepted = history(memory_ledger)[3:5]
    assert answered.actor.organisation == "nycc06"
    assert accepted.actor.office == "reviewer"
    assert answered.actor.principal != accepted.actor.principal


def test_the_sources_days_begin_at_midnight_in_new_york_in_winter_and_in_summer(
    memory_ledger: Ledger, tmp_path: Path
) -> None:
    row = case("A", opendate="2019-01-15", closedate="2019-07-15")

    run(memory_ledger, write(tmp_path / "a.csv", [row]))

    times = [event.occurred_at for event in history(memory_ledger)]
    assert times[:3] == [datetime(2019, 1, 15, 5, tzinfo=UTC)] * 3
    assert times[3:] == [datetime(2019, 7, 15, 4, tzinfo=UTC)] * 3


def test_each_bad_row_is_refused_with_its_line_and_reason_and_the_others_are_not(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = [
        case("good-1"),
        case("late", closedate="2019-06-30"),
        case("undated", opendate=""),
        case("odd", opendate="some day"),
        case("future", opendate="2999-01-01", closedate=""),
        case("nowhere", community_board="0211258"),
        case("nobody", account="NYCC99"),
        case("topic", complaint_type="EVNT"),
        case("good-1", complaint_type="Health"),
        case(""),
        case("good-2"),
    ]

    summary = run(ledger, write(tmp_path / "a.csv", rows))

    assert {(row["line"], row["key"], row["rule"]) for row in refused(tmp_path)} == {
        (3, "late", "precedes_what_it_follows"),
        (4, "undated", "missing_date"),
        (5, "odd", "unreadable_date"),
        (6, "future", "occurred_in_the_future"),
        (7, "nowhere", "unknown_organisation"),
        (8, "nobody", "unknown_organisation"),
        (9, "topic", "unknown_subject"),
        (10, "good-1", "key_given_twice"),
        (11, None, "missing_key"),
    }
    assert all(row["reason"] and row["accepted"] for row in refused(tmp_path))
    assert (summary.rows_read, summary.cases_accepted, summary.rows_refused) == (11, 2, 9)
    assert len(history(ledger)) == 12


def test_a_key_belongs_to_its_first_row_even_where_that_one_is_refused(
    memory_ledger: Ledger, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.csv", [case("A", community_board="9"), case("A")])

    first = run(memory_ledger, file)
    second = run(memory_ledger, file)

    assert first.refused == Counter(unknown_organisation=1, key_given_twice=1)
    assert second.refused == first.refused
    assert history(memory_ledger) == []


def test_a_second_run_appends_nothing_and_refuses_the_same_rows(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = [case(f"K{number}") for number in range(60)]
    file = write(tmp_path / "a.csv", [*rows, case("K7"), case("X", account="NYCC99")])
    first = run(ledger, file)
    size, before = ledger.store.size(), refused(tmp_path)

    second = run(ledger, file)

    assert first.cases_accepted == second.cases_already_there == 60
    assert (second.cases_accepted, second.events_appended) == (0, 0)
    assert refused(tmp_path) == before
    assert ledger.store.size() == size


def test_a_limited_run_is_taken_up_by_the_next_one(memory_ledger: Ledger, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", [case(f"K{number}") for number in range(40)])

    first = run(memory_ledger, file, limit=15)
    second = run(memory_ledger, file)

    assert (first.ended, first.rows_read, first.cases_accepted) == ("limit_reached", 15, 15)
    assert (second.ended, second.cases_already_there, second.cases_accepted) == ("complete", 15, 25)


def test_a_limit_of_exactly_the_files_rows_reads_them_all(
    memory_ledger: Ledger, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.csv", [case(f"K{number}") for number in range(5)])

    summary = run(memory_ledger, file, limit=5)

    assert (summary.rows_read, summary.cases_accepted) == (5, 5)


def test_rows_put_before_those_that_an_earlier_run_took_are_not_overlooked(
    memory_ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.imports.rows.CHUNK_ROWS", 10)
    old = [case(f"K{number}") for number in range(30)]
    new = [case(f"N{number}") for number in range(30)]
    run(memory_ledger, write(tmp_path / "a.csv", old))

    summary = run(memory_ledger, write(tmp_path / "b.csv", [*new, *old]))

    assert (summary.cases_accepted, summary.cases_already_there) == (30, 30)
    assert summary.rows_refused == 0


def test_a_run_that_is_asked_to_stop_settles_what_it_took_and_says_so(
    memory_ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.imports.rows.CHUNK_ROWS", 10)
    file = write(tmp_path / "a.csv", [case(f"K{number}") for number in range(40)])
    stop = threading.Event()
    stop.set()

    first = run(memory_ledger, file, stop=stop)
    second = run(memory_ledger, file)

    assert (first.ended, first.rows_read, first.cases_accepted) == ("stopped", 10, 10)
    assert (second.cases_already_there, second.cases_accepted) == (10, 30)


def test_more_rows_than_one_run_takes_are_refused_as_a_whole(
    memory_ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MAX_ROWS", 3)
    monkeypatch.setattr("api.imports.rows.CHUNK_ROWS", 2)
    file = write(tmp_path / "a.csv", [case(f"K{number}") for number in range(5)])

    with pytest.raises(TooManyRows):
        run(memory_ledger, file)


class _FailingWriter(MemoryWriter):
    """Loses its database after some batches."""

    commits_left = 1

    def commit(self, batch: Any, *rest: Any) -> None:
        if _FailingWriter.commits_left == 0:
            self.rollback()
            raise StoreDown("gone")
        _FailingWriter.commits_left -= 1
        super().commit(batch, *rest)


class _FailingStore(MemoryStore):
    def writer(self) -> MemoryWriter:
        return _FailingWriter(self)


def test_a_run_that_loses_its_database_counts_what_it_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_FailingWriter, "commits_left", 1_000)
    source = SOURCES["nyc-constituent-cases"]()
    store = _FailingStore()
    ledger = Ledger(store, memory_vault(), Limits(batch_events=60, retry_seconds=0.05))
    monkeypatch.setattr(importing, "LIST_CASES", 10)
    ledger.start()
    file = write(tmp_path / "a.csv", [case(f"K{number}") for number in range(40)])
    prepare_ground(ledger, source)
    monkeypatch.setattr(_FailingWriter, "commits_left", 2)
    summary = Summary(source.name, str(file))

    with Report(tmp_path / "report", summary) as report:
        one = Importer(ledger, source, report, lambda _: None, threading.Event())
        with pytest.raises(Unavailable):
            one.run(read_rows(file, source.columns))
    monkeypatch.setattr(_FailingWriter, "commits_left", 1_000)
    again = run(ledger, file)
    ledger.close()

    assert summary.ended == "failed"
    assert summary.rows_unsettled > 0
    assert summary.rows_read == summary.rows_settled + summary.rows_unsettled
    assert json.loads((tmp_path / "report" / "summary.json").read_text())["source"] == source.name
    assert again.cases_already_there + again.cases_accepted == 40
    assert len(history(ledger)) == 240


def test_two_imports_of_one_file_at_once_double_nothing(ledger: Ledger, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", [case(f"K{number}") for number in range(120)])
    prepare_ground(ledger, SOURCES["nyc-constituent-cases"]())
    found: list[Summary] = []
    threads = [
        threading.Thread(
            target=lambda n=number: found.append(run(ledger, file, report=tmp_path / f"report-{n}"))
        )
        for number in range(2)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(summary.cases_accepted for summary in found) == 120
    assert sum(summary.cases_already_there for summary in found) == 120
    assert len(history(ledger)) == 720


def test_ids_follow_from_source_and_key_alone(tmp_path: Path) -> None:
    ids = []
    for name in ("a", "b"):
        ledger = Ledger(MemoryStore(), memory_vault())
        ledger.start()
        run(ledger, write(tmp_path / f"{name}.csv", [case("A"), case("B")]))
        ids.append([event.tags for event in history(ledger) if event.kind == "request_filed"])
        ledger.close()

    assert ids[0] == ids[1]


def test_no_two_cases_share_the_random_id_of_a_requester(
    memory_ledger: Ledger, tmp_path: Path
) -> None:
    run(memory_ledger, write(tmp_path / "a.csv", [case(f"K{n}") for n in range(50)]))

    filed = [event.event for event in history(memory_ledger) if event.kind == "request_filed"]
    assert len({event.model_dump()["requester"] for event in filed}) == 50


def test_an_existing_town_is_added_to_by_its_founder_and_its_pack_gets_the_subjects(
    memory_ledger: Ledger, tmp_path: Path
) -> None:
    found(memory_ledger)
    listed = RULES.subjects or SOURCES["nyc-311"]().subjects[:1]
    pack = RULES.model_copy(update={"pack_version": 2, "subjects": listed})
    memory_ledger.propose_sync([Proposal(pack, FOUNDER)])

    summary = run(memory_ledger, write(tmp_path / "a.csv", [case("A")]))

    events = [catalogue.decode(event.position, event.record) for event in memory_ledger.read()]
    packs = [event for event in events if isinstance(event.event, RulesEnacted)]
    assert summary.cases_accepted == 1
    assert sum(event.kind == "ledger_founded" for event in events) == 1
    assert packs[-1].actor == FOUNDER
    latest = packs[-1].event
    assert isinstance(latest, RulesEnacted)
    assert {subject.code for subject in listed} < {subject.code for subject in latest.subjects}
    assert latest.deadlines == RULES.deadlines


def test_both_sources_fit_into_one_ledger(memory_ledger: Ledger, tmp_path: Path) -> None:
    run(memory_ledger, write(tmp_path / "a.csv", [case("A")]))
    mapping = SOURCES["nyc-311"]()
    row = dict.fromkeys(mapping.columns, "") | {
        "unique_key": "1",
        "created_date": "2024-05-27T02:08:51.000",
        "closed_date": "2024-05-27T03:08:51.000",
        "agency": "DOT",
        "complaint_type": "Street Condition",
        "status": "Closed",
        "community_board": "12 MANHATTAN",
        "resolution_description": "Mended.",
    }

    summary = run(
        memory_ledger, write(tmp_path / "b.csv", [row], mapping.columns), source="nyc-311"
    )

    assert summary.cases_accepted == 1
    assert prepare_ground(memory_ledger, mapping) == 0


def test_a_pack_that_waits_for_its_date_is_not_replaced(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    listed = SOURCES["nyc-311"]().subjects[:1]
    for version, year, retroactive in ((2, 2020, True), (3, datetime.now(UTC).year + 5, False)):
        pack = RULES.model_copy(
            update={
                "pack_version": version,
                "effective_from": datetime(year, 1, 1, tzinfo=UTC),
                "retroactive": retroactive,
                "subjects": listed,
            }
        )
        memory_ledger.propose_sync([Proposal(pack, FOUNDER)])

    with pytest.raises(NoGroundwork, match="not yet in force"):
        prepare_ground(memory_ledger, SOURCES["nyc-constituent-cases"]())


def test_parquet_rows_are_told_by_their_place(memory_ledger: Ledger, tmp_path: Path) -> None:
    rows = [case("A"), case("B", account="NYCC99"), case("C")]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")

    summary = run(memory_ledger, tmp_path / "a.parquet")

    assert summary.cases_accepted == 2
    assert [row["line"] for row in refused(tmp_path)] == [2]


def test_the_report_repeats_no_value_of_a_row_but_its_key(
    memory_ledger: Ledger, tmp_path: Path
) -> None:
    mapping = SOURCES["nyc-311"]()
    row = dict.fromkeys(mapping.columns, "") | {
        "unique_key": "1", "created_date": "2024-05-27", "agency": "DOT", "status": "Open",
        "complaint_type": "Noise", "community_board": "99 QUEENS", "incident_address": "1 ELM ST",
    }  # fmt: skip

    run(memory_ledger, write(tmp_path / "a.csv", [row], mapping.columns), source="nyc-311")

    assert len(refused(tmp_path)) == 1
    assert "ELM" not in (tmp_path / "report" / "refused.ndjson").read_text()


def test_addresses_and_answers_enter_the_log_as_commitments_alone(
    memory_ledger: Ledger, tmp_path: Path
) -> None:
    mapping = SOURCES["nyc-311"]()
    row = dict.fromkeys(mapping.columns, "") | {
        "unique_key": "1", "created_date": "2024-05-27", "closed_date": "2024-05-28",
        "agency": "DOT", "status": "Closed", "complaint_type": "Noise", "descriptor": "Hammering",
        "community_board": "01 QUEENS", "incident_address": "1 ELM ST",
        "resolution_description": "Asked to stop",
    }  # fmt: skip

    summary = run(
        memory_ledger, write(tmp_path / "a.csv", [row], mapping.columns), source="nyc-311"
    )

    records = b"".join(event.record for event in memory_ledger.read())
    assert summary.cases_accepted == 1
    assert not any(word in records for word in (b"ELM", b"Hammering", b"Asked"))
    assert records.count(b'"commitment"') == 3


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_code_of_a_source_is_given_once(name: str) -> None:
    source = SOURCES[name]()

    ids = [body.organisation for body in (*source.communities, *source.handlers, source.hotline)]
    codes = [subject.code for subject in source.subjects]
    assert len(set(ids)) == len(ids)
    assert len(set(codes)) == len(codes)
    assert all(identifier(code) == code for code in (*ids, *codes))


@pytest.mark.skipif(not CASES.exists(), reason="the real file of council cases is not here")
def test_a_sample_of_the_real_council_cases_is_imported(
    memory_ledger: Ledger, tmp_path: Path
) -> None:
    table = parquet.read_table(CASES)
    parts = [table.slice(start, 60) for start in (1_060, 130_000, 267_000)]
    parquet.write_table(pa.concat_tables(parts), tmp_path / "a.parquet")

    summary = run(memory_ledger, tmp_path / "a.parquet")

    assert summary.rows_read == 60 + 60 + 60
    assert summary.cases_accepted > 170
    assert set(summary.refused) <= {"key_given_twice", "unknown_organisation", "unknown_subject"}
    assert summary.refused["key_given_twice"] == 1


@pytest.mark.skipif(not LINE_311.exists(), reason="the real file of the 311 line is not here")
def test_the_real_sample_of_the_311_line_is_imported(memory_ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("".join(LINE_311.read_text().splitlines(keepends=True)[:151]))

    summary = run(memory_ledger, file, source="nyc-311")

    kinds = Counter(event.kind for event in history(memory_ledger))
    assert summary.cases_accepted == summary.rows_read == 150
    assert kinds["request_filed"] == 150
    assert 0 < kinds["request_cleared"] < 150


def test_several_may_prepare_the_ground_of_one_ledger_at_once(memory_ledger: Ledger) -> None:
    mapping = SOURCES["nyc-constituent-cases"]()
    barrier = threading.Barrier(8)

    def prepare(_: int) -> int:
        barrier.wait(10)
        return prepare_ground(memory_ledger, mapping)

    with ThreadPoolExecutor(8) as pool:
        events = sum(pool.map(prepare, range(8)))

    assert events == memory_ledger.store.size()
    assert [one.kind for one in memory_ledger.store.read()].count("rules_enacted") == 1
