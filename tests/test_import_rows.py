"""Reading a source: rows of CSV and parquet files, and times on the clock of their place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api.imports import new_york, rows
from api.imports.local_time import required_time_of, time_of
from api.imports.rows import UnreadableFile, count_rows, read_rows, require_readable
from api.imports.source import Row, Unmappable, identifier

NEW_YORK = ZoneInfo("America/New_York")
WALL_TIMES = [  # on the clock of New York, and in UTC
    ("2024-01-15T12:00:00.000", "2024-01-15T17:00:00Z"),
    ("2024-07-15T12:00:00.000", "2024-07-15T16:00:00Z"),
    ("2024-03-10T01:59:59", "2024-03-10T06:59:59Z"),
    ("2024-03-10T03:00:00", "2024-03-10T07:00:00Z"),
    ("2024-11-03T00:59:59", "2024-11-03T04:59:59Z"),
    ("2024-11-03T01:30:00", "2024-11-03T05:30:00Z"),
    ("2024-11-03T02:00:00", "2024-11-03T07:00:00Z"),
    ("2024-05-27T02:08:51+08:00", "2024-05-26T18:08:51Z"),
    (" 2024-05-27 ", "2024-05-27T04:00:00Z"),
]


def at(value: object, not_before: datetime | None = None) -> datetime | None:
    return time_of({"when": value}, "when", NEW_YORK, not_before)


def rule(value: object) -> str:
    with pytest.raises(Unmappable) as caught:
        required_time_of({"when": value}, "when", NEW_YORK)
    assert caught.value.refusal.field == "when"
    return caught.value.refusal.rule


@pytest.mark.parametrize(("written", "in_utc"), WALL_TIMES)
def test_a_wall_time_is_brought_to_utc_on_both_sides_of_each_change(
    written: str, in_utc: str
) -> None:
    assert at(written) == datetime.fromisoformat(in_utc)


def test_a_date_is_the_start_of_its_day() -> None:
    assert at(date(2024, 3, 10)) == datetime(2024, 3, 10, 5, tzinfo=UTC)
    assert at(date(2024, 3, 11)) == datetime(2024, 3, 11, 4, tzinfo=UTC)


def test_an_hour_shown_twice_is_the_second_where_the_first_comes_too_early() -> None:
    filed = at("2024-11-03T01:50:00")
    assert filed is not None

    closed = at("2024-11-03T01:10:00", not_before=filed)

    assert closed == filed + timedelta(minutes=20)
    assert at("2024-11-03T00:10:00", not_before=filed) == datetime(2024, 11, 3, 4, 10, tzinfo=UTC)


def test_an_hour_that_the_clock_left_out_is_refused() -> None:
    assert rule("2024-03-10T02:30:00") == "no_such_local_time"


@pytest.mark.parametrize(
    "value",
    ["yesterday", "2024-13-01", "2024-02-30", "9999-12-31T23:00:00", 20240527, "27/05/2024"],
)
def test_what_is_no_time_is_refused(value: object) -> None:
    assert rule(value) == "unreadable_date"


@pytest.mark.parametrize("value", [None, "", "  "])
def test_an_empty_time_is_none_or_refused_where_a_case_needs_it(value: object) -> None:
    assert at(value) is None
    assert rule(value) == "missing_date"


def read(path: Path, *columns: str) -> list[tuple[int, Row | str]]:
    """Each row, or the rule that refuses it, with its line."""
    return [
        (line.number, line.row.refusal.rule if isinstance(line.row, Unmappable) else line.row)
        for chunk in read_rows(path, columns)
        for line in chunk
    ]


def test_a_csv_row_stands_on_the_line_on_which_it_begins(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b'\xef\xbb\xbfa,b,c\r\n1,"two\r\nlines",3\r\n\r\n4,5,6\r\n')

    found = read(file, "b", "a")

    assert found == [(2, {"b": "two\r\nlines", "a": "1"}), (5, {"b": "5", "a": "4"})]


def test_a_row_that_is_not_csv_is_refused_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('a,b\n1,2\n3\n4,5,6\n"7"x,8\n9,10\n11,"open')

    found = read(file, "a")

    assert found == [
        (2, {"a": "1"}),
        (3, "wrong_columns"),
        (4, "wrong_columns"),
        (5, "unreadable_row"),
        (6, {"a": "9"}),
        (7, "unreadable_row"),
    ]


def test_a_field_beyond_the_limit_is_refused_and_the_next_row_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"a\n{'x' * (rows.MAX_FIELD_CHARACTERS + 1)}\n1\n")

    assert read(file, "a") == [(2, "unreadable_row"), (3, {"a": "1"})]


def test_chunks_hold_no_more_rows_than_their_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "CHUNK_ROWS", 2)
    file = tmp_path / "a.csv"
    file.write_text("a\n" + "1\n" * 5)

    assert [len(chunk) for chunk in read_rows(file, ["a"])] == [2, 2, 1]
    assert count_rows(file) == 5


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"a,b\n1,2\n", "no column c"),
        ("a.csv", b"", "no column a, b, c"),
        ("a.parquet", b"not parquet", "a.parquet"),
        ("a.xlsx", b"", "neither .parquet nor .csv"),
    ],
)
def test_a_file_that_is_not_the_sources_is_refused_as_a_whole(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(UnreadableFile, match=said):
        require_readable(tmp_path / name, ["a", "b", "c"])


@pytest.mark.parametrize(
    ("stated", "board"),
    [
        ("07 Manhattan", "nyc-board-07-manhattan"),
        ("12 MANHATTAN", "nyc-board-12-manhattan"),
        ("3 Staten Island", "nyc-board-03-staten-island"),
        ("82 Queens", "nyc-board-82-queens"),
        (None, "nyc-board-unstated"),
        ("Brooklyn", "nyc-board-unstated"),
        ("Unspecified BRONX", "nyc-board-unstated"),
        ("0 Unspecified", "nyc-board-unstated"),
    ],
)
def test_a_board_is_found_however_it_is_written(stated: str | None, board: str) -> None:
    assert new_york.board(stated) == board
    assert board in {body.organisation for body in new_york.boards()}


@pytest.mark.parametrize("stated", ["6", "0211258", "CB3", "99 Queens", "?", "x" * 500])
def test_what_is_no_board_is_none_of_the_registered_ones(stated: str) -> None:
    assert new_york.board(stated) not in {body.organisation for body in new_york.boards()}


def test_an_identifier_is_at_most_64_characters_and_never_ends_with_a_dash() -> None:
    assert identifier("Noise - Street/Sidewalk") == "noise-street-sidewalk"
    assert identifier("a" * 63 + " b") == "a" * 63
    assert identifier("噪声") == ""
