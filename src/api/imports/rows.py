"""The rows of a file, parquet or CSV (RFC 4180), streamed a chunk at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import pyarrow as pa
from pyarrow import parquet

from api.imports.source import Row, Unmappable

CHUNK_ROWS = 1_000
"""How many rows are held in memory at once."""
MAX_FIELD_CHARACTERS = 131_072


class UnreadableFile(Exception):
    """The file as a whole is not what the source's mapping can read; nothing was imported."""


class Line(NamedTuple):
    """A row and where it stands: in a CSV the line on which it begins, the header being line 1;
    in a parquet file its place, counted from 1."""

    number: int
    row: Row | Unmappable


def require_readable(path: Path, columns: Sequence[str]) -> None:
    """Raises `UnreadableFile` before anything is done where the file is not of this source."""
    for _ in read_rows(path, columns):
        return


def count_rows(path: Path) -> int:
    """How many rows there are: exactly for parquet, for CSV as many as it has lines.

    Raises `UnreadableFile`.
    """
    if path.suffix == ".parquet":
        return int(_parquet(path).metadata.num_rows)
    try:
        with path.open("rb") as file:
            lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror}") from error
    return max(lines - 1, 0)


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[list[Line]]:
    """The rows in chunks, with these columns of theirs.

    Raises `UnreadableFile` where the file cannot be read or lacks a column.
    """
    if path.suffix == ".parquet":
        yield from _parquet_chunks(path, columns)
    elif path.suffix == ".csv":
        yield from _csv_chunks(path, columns)
    else:
        raise UnreadableFile(f"{path}: neither .parquet nor .csv")


def _require(path: Path, columns: Sequence[str], there: Sequence[str]) -> None:
    missing = [column for column in columns if column not in there]
    if missing:
        raise UnreadableFile(f"{path} has no column {', '.join(missing)}")


def _parquet(path: Path) -> Any:
    try:
        return parquet.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise UnreadableFile(f"{path}: {error}") from error


def _parquet_chunks(path: Path, columns: Sequence[str]) -> Iterator[list[Line]]:
    file = _parquet(path)
    _require(path, columns, file.schema_arrow.names)
    number = 0
    try:
        for batch in file.iter_batches(CHUNK_ROWS, columns=list(columns)):
            texts = zip(*(batch.column(name).to_pylist() for name in columns), strict=True)
            yield [
                Line(line, dict(zip(columns, values, strict=True)))
                for line, values in enumerate(texts, number + 1)
            ]
            number += batch.num_rows
    except (OSError, pa.ArrowException) as error:
        raise UnreadableFile(f"{path} after row {number}: {error}") from error


def _csv_chunks(path: Path, columns: Sequence[str]) -> Iterator[list[Line]]:
    try:
        # Bytes that are not UTF-8 become lone surrogates, which no record takes: their row is
        # refused, the others are not.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            lines = _csv_lines(path, columns, file)
            while chunk := list(islice(lines, CHUNK_ROWS)):
                yield chunk
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror}") from error


def _csv_lines(path: Path, columns: Sequence[str], file: TextIO) -> Iterator[Line]:
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    reader = csv.reader(file, strict=True)
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise UnreadableFile(f"{path}: {error} in the header") from error
    _require(path, columns, header)
    places = [header.index(column) for column in columns]
    while True:
        number = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Line(number, Unmappable("unreadable_row", str(error), "a row as in RFC 4180"))
            continue
        if not values:
            continue  # an empty line is no row
        if len(values) != len(header):
            reason = f"{len(values)} values under {len(header)} columns"
            yield Line(number, Unmappable("wrong_columns", reason, "a value for every column"))
            continue
        yield Line(
            number,
            dict(zip(columns, (values[place] for place in places), strict=True)),
        )
