"""Canaries: personal values that no other text holds, the forms that they could slip out in, and
who looks for them in answers, tables and files."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import psycopg
from psycopg import sql

NAME = "欧阳𡈽㐂"
TELEPHONE = "13980067219"
IDENTITY_NUMBER = "530921194908317728"
ADDRESS = "金丝雀巷柒拾叁号𡈽㐂院"
TEXT = "蓝鹀在㐂槐下被拆"
USER_AGENT = "Kanarienvogel/7.31 (private telephone)"
FORWARDED = "203.0.113.249"
"""An address of TEST-NET-3 (RFC 5737): no machine of the test has it."""

CORES: Mapping[str, str] = {
    "name": "𡈽㐂",
    "telephone": TELEPHONE,
    "identity number": IDENTITY_NUMBER,
    "address": "金丝雀巷柒拾叁号",
    "text": TEXT,
}
"""What is looked for: a part of each value that nothing else holds."""
PEER = "127.83.19.77"
"""An address of this machine's own that nothing else uses."""
REPORTERS: Mapping[str, str] = {
    "user agent": "Kanarienvogel/7.31", "forwarded address": FORWARDED, "address": PEER,
}  # fmt: skip
"""Where a reporter wrote from, and with what: it is never kept."""


class Needle(NamedTuple):
    """One form of one canary."""

    canary: str
    form: str
    data: bytes

    def __str__(self) -> str:
        return f"{self.canary} in {self.form}"


def forms(text: str) -> Iterator[tuple[str, bytes]]:
    """The text under every coding in which something could print, store or send it."""
    raw = text.encode()
    yield "clear", raw
    yield "hexadecimal", raw.hex().encode()
    yield "HEXADECIMAL", raw.hex().upper().encode()
    yield "UTF-16-LE", text.encode("utf-16-le")
    yield "UTF-16-BE", text.encode("utf-16-be")
    yield "UTF-32-LE", text.encode("utf-32-le")
    for offset in range(3):
        yield f"base64 at {offset}", _base64(raw, offset, base64.b64encode)
        yield f"base64url at {offset}", _base64(raw, offset, base64.urlsafe_b64encode)
    yield "percent", quote(text, safe="").encode()
    yield "percent, lower case", quote(text, safe="").lower().encode()
    escaped = json.dumps(text)[1:-1]
    yield "JSON", escaped.encode()
    yield "JSON, upper case", escaped.upper().replace("\\U", "\\u").encode()
    yield "Python", ascii(text)[1:-1].encode()
    yield "HTML", "".join(f"&#{ord(one)};" for one in text).encode()
    yield "HTML, hexadecimal", "".join(f"&#x{ord(one):x};" for one in text).encode()
    # As PostgreSQL writes bytes in its old form, and as a C program would.
    yield "octal", "".join(_octal(one) for one in raw).encode()
    yield "octal, doubled", "".join(_octal(one, "\\\\") for one in raw).encode()
    yield "bytes", repr(raw)[2:-1].encode()
    yield "bytes, backwards", raw[::-1]


def _octal(byte: int, escape: str = "\\") -> str:
    return chr(byte) if 0x20 <= byte < 0x7F else f"{escape}{byte:03o}"


def _base64(raw: bytes, offset: int, encode: Any) -> bytes:
    """The characters that stand for the text alone, wherever in an encoded stream it begins."""
    first = -(-offset * 8 // 6)
    last = (offset + len(raw)) * 8 // 6
    encoded: bytes = encode(bytes(offset) + raw)
    return encoded[first:last]


def needles(texts: Mapping[str, str]) -> tuple[Needle, ...]:
    """All forms of all texts, each once."""
    found: dict[bytes, Needle] = {}
    for name, text in texts.items():
        for form, data in forms(text):
            found.setdefault(data, Needle(name, form, data))
    return tuple(found.values())


NEEDLES = needles(CORES)
ALL_NEEDLES = needles({**CORES, **REPORTERS})


def found_in(content: bytes | str, wanted: Sequence[Needle] = ALL_NEEDLES) -> list[Needle]:
    """The forms that occur in the content, plain or in the gzip streams that begin in it."""
    data = content if isinstance(content, bytes) else content.encode(errors="surrogatepass")
    if data[:2] == b"\x1f\x8b":
        data += gzip.decompress(data)
    return [needle for needle in wanted if needle.data in data]


def found_in_files(
    paths: Iterable[Path], wanted: Sequence[Needle] = ALL_NEEDLES
) -> dict[str, list[str]]:
    """Path -> what was found in the file or in its name; a file that went away holds nothing."""
    found = {}
    for path in paths:
        try:
            if not path.is_file():
                continue
            data = path.read_bytes()
        except FileNotFoundError:  # a server removes files as it works
            continue
        seen = found_in(data, wanted) + found_in(str(path), wanted)
        if seen:
            found[str(path)] = [str(one) for one in seen]
    return found


def assert_clean(
    place: str, *contents: bytes | str, files: Mapping[str, list[str]] | None = None
) -> None:
    """Nothing is found in the contents, and nothing was in the files."""
    assert contents or files is not None, f"nothing of {place} was searched"
    for content in contents:
        seen = found_in(content)
        assert not seen, f"in {place}: {', '.join(map(str, seen))}"
    assert not files, f"in {place}: {files}"


# Tables

_RELATIONS = """select namespace.nspname, relation.relname from pg_class as relation
    join pg_namespace as namespace on namespace.oid = relnamespace
    where relkind in ('r', 'p', 'm', 'v', 'f', 'S', 't') and has_table_privilege(relation.oid,
    'select') order by 1, 2"""
_COLUMNS = """select attname, format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum"""


class Seen(NamedTuple):
    """What a search of a database's tables went over."""

    tables: frozenset[str]
    rows: int
    found: dict[str, list[str]]


def found_in_tables(
    connection: psycopg.Connection[Any], wanted: Sequence[Needle] = ALL_NEEDLES
) -> Seen:
    """Goes over all columns of all rows of all relations of all schemas, the catalogue's own among
    them: each as text, and bytes as these bytes."""
    tables, rows = set(), 0
    found: dict[str, list[str]] = {}
    for schema, name in connection.execute(_RELATIONS).fetchall():
        place = f"{schema}.{name}"
        try:
            read = _rows(connection, sql.Identifier(schema, name))
        except psycopg.Error:
            if schema != "pg_catalog":  # whose views tell of what a server may not have
                raise
            continue
        tables.add(place)
        rows += len(read)
        if seen := found_in(b"\n".join(read), wanted):
            found[place] = [str(one) for one in seen]
    return Seen(frozenset(tables), rows, found)


def _rows(connection: psycopg.Connection[Any], relation: sql.Identifier) -> list[bytes]:
    columns = connection.execute(_COLUMNS, [relation.as_string(connection)]).fetchall()
    wanted: list[sql.Composable] = [
        sql.SQL("{}::text").format(sql.Identifier(column)) for column, _ in columns
    ]
    wanted += [sql.Identifier(column) for column, type_ in columns if type_ == "bytea"]
    query = sql.SQL("select {} from {}").format(sql.SQL(", ").join(wanted), relation)
    return [b"\t".join(map(_raw, row)) for row in connection.execute(query)]


def _raw(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value or b"")
