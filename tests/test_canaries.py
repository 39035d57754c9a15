"""Canaries in every personal field of every kind: outside of the vault none is ever found, in any
form, and neither is whatever tells where a reporter wrote from."""

from __future__ import annotations

import base64
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from api.cli.exporting import published_with
from ledger import bundle
from ledger.catalogue import KINDS
from ledger.event import personal_fields
from ledger.store.postgres import PostgresStore
from tests.api_server import wait_for
from tests.canaries import (
    ALL_NEEDLES,
    FORWARDED,
    NAME,
    PEER,
    REPORTERS,
    TELEPHONE,
    TEXT,
    USER_AGENT,
    Needle,
    Seen,
    assert_clean,
    found_in,
    found_in_files,
    found_in_tables,
)
from tests.canary_history import (
    ONE_OF_FEW,
    body_of,
    history,
    kinds_with_personal_fields,
)
from tests.canary_town import (
    AUDITOR,
    CanaryTown,
    Lines,
    canary_town,
    dumped,
    flushed,
    superuser,
    whole,
)
from tests.canary_walk import walk
from tests.strategies import TORTURE
from tests.town import COMMITTEE, FOUNDER, HOTLINE, RESIDENT, WATER

pytestmark = [pytest.mark.torture, pytest.mark.timeout(1_800 if TORTURE else 180)]

ROUNDS = 20 if TORTURE else 1
"""How often the whole history is told."""


# The search itself


@pytest.mark.parametrize("needle", ALL_NEEDLES, ids=str)
def test_each_form_of_each_canary_is_found_amid_others(needle: Needle) -> None:
    content = b"\x00some" + needle.data + b"thing\xff"

    assert needle in found_in(content)
    assert needle not in found_in(b"\x00some" + needle.data[:-1] + b"\x01thing\xff")


@pytest.mark.parametrize("offset", range(3))
def test_base64_is_found_wherever_the_canary_begins(offset: int) -> None:
    stream = base64.b64encode(b"x" * offset + f"{TEXT} 某某".encode() + b"tail")

    assert any(one.form == f"base64 at {offset}" for one in found_in(stream))


# Everywhere but in the vault


def test_no_canary_is_found_outside_of_the_vault(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = Lines()
    with lines.listening(), canary_town(tmp_path, lines) as town:
        for number in range(ROUNDS):
            for step in history("" if number == 0 else f"r{number}-"):
                if number == 0 or step.event.kind != "person_enrolled":  # once a person
                    town.accept(step)
        assert town.planted == kinds_with_personal_fields(), "a personal field has no canary"
        assert {kind for kind, _ in town.planted} == {
            kind for kind, cls in KINDS.items() if personal_fields(cls)
        }
        refuse_all(town)
        read_some(town)
        lose_the_database(town)
        assert_clean("answers to reporters", *town.answers)
        town.server.published()
        walk(town)
        assert_clean("a bundle", files=files_of(exported(town, "bundle")))
        assert_clean("log lines", *town.lines.seen)
        assert_clean("standard output and error", *capfd.readouterr())
        assert_places_of_the_database_clean(town)

        plant(town)

        assert_found_where_planted(town, capfd)


def files_of(directory: Path) -> dict[str, list[str]]:
    paths = [path for path in directory.rglob("*") if path.is_file()]
    assert paths, f"there is nothing in {directory}"
    return found_in_files(paths)


def exported(town: CanaryTown, name: str) -> Path:
    """A bundle of all that the log holds now."""
    settings, target = town.settings, town.directory / name
    with closing(PostgresStore(town.superuser, settings.schema)) as store:
        published = published_with(settings, town.superuser, store, None)
        bundle.export(store, published.note, [], target)
    return target


def assert_places_of_the_database_clean(town: CanaryTown) -> None:
    flushed(town)
    tables = tables_of(town)
    schema = town.settings.schema
    for name in ("event", "sealed_value", "data_key", "receipt", "batch", "tile", "api_key"):
        assert f"{schema}.{name}" in tables.tables
    assert any(name.startswith(f"{schema}_board.") for name in tables.tables)
    assert f"{schema}_access.event" in tables.tables
    assert any(name.startswith("pg_toast.") for name in tables.tables)
    assert "pg_catalog.pg_statistic" in tables.tables
    assert not tables.found
    assert sealed_values(town) >= town.values
    assert_clean("a dump", dumped(town))
    postgres, data = town.directory / "postgres", town.settings.data
    assert any((postgres / "pgdata" / "pg_wal").glob("0*"))
    assert any((postgres / "pgdata" / "log").iterdir())
    assert (data / "vault.key").is_file()
    assert_clean("the database's files", files=files_of(postgres))
    assert_clean("the data directory", files=files_of(data))


def tables_of(town: CanaryTown) -> Seen:
    with superuser(town) as connection:
        return found_in_tables(connection)


def sealed_values(town: CanaryTown) -> int:
    with superuser(town) as connection:
        connection.execute(f"set search_path to {town.settings.schema}".encode())
        row = connection.execute("select count(*) from sealed_value").fetchone()
    assert row is not None
    return int(row[0])


# Refusals


def refuse_all(town: CanaryTown) -> None:
    """Proposes every kind with canaries so that its shape, a limit or a rule refuses it."""
    refused_by_rule = set()
    for step in history():
        kind, body = step.event.kind, body_of(step.event)
        personal = [
            name
            for name in personal_fields(type(step.event))
            if body.get(name) and (kind, name) not in ONE_OF_FEW
        ]
        if not personal:
            continue
        for document in misshapen(kind, body, personal[-1]):
            answer = town.report(step.actor, document)
            assert 400 <= answer.status_code < 500, answer.text
        for actor in (RESIDENT, AUDITOR, WATER, COMMITTEE, step.actor):
            answer = town.report(actor, {"kind": kind, "body": body})
            if answer.status_code in (403, 409, 422) and "rule" in answer.json():
                refused_by_rule.add(kind)
    assert refused_by_rule == {kind for kind, _ in town.planted}
    refuse_by_limits(town)


def misshapen(kind: str, body: dict[str, Any], name: str) -> Iterator[Any]:
    """Bodies with a canary where it does not fit; member names are the caller's own, and so are
    kinds."""
    value = body[name]
    whole_ = {"kind": kind, "body": body}
    for wrong in (
        [value], {"text": value}, {"commitment": value}, {"commitment": value.encode().hex()},
        value * 400, f"{value}\x00", "",
    ):  # fmt: skip
        yield {"kind": kind, "body": {**body, name: wrong}}
    yield {"kind": kind, "body": {**body, "unheard_of": value}}
    yield {"kind": kind, "body": value}
    for member in ("version", "occurred_at", "cause", "unheard_of"):
        yield {**whole_, member: value}
    for field in KINDS[kind].model_fields:
        if (kind, field) not in kinds_with_personal_fields() or (kind, field) in ONE_OF_FEW:
            yield {"kind": kind, "body": {**body, field: value}}
    encoded = json.dumps(whole_, ensure_ascii=False).encode()
    yield encoded[:-1]
    yield encoded.replace(b'"body"', b'"bod\xff"')
    yield json.dumps(whole_).replace(json.dumps(value)[1:-1], f"\\ud848{TELEPHONE}").encode()
    yield [whole_, whole_, {"kind": kind, "body": {**body, name: [value]}}]


def refuse_by_limits(town: CanaryTown) -> None:
    filing = next(step for step in history() if step.event.kind == "request_filed")
    document = {"kind": "request_filed", "body": {**body_of(filing.event), "request": "r-limits"}}
    statuses = [
        town.report(HOTLINE, [document] * 1_001).status_code,
        town.report(HOTLINE, document, **{"Idempotency-Key": "one"}).status_code,
        town.report(HOTLINE, [document], **{"Idempotency-Key": "one"}).status_code,
        town.report(HOTLINE, document, **{"Idempotency-Key": "x" * 300}).status_code,
        town.report(HOTLINE, json.dumps([TEXT * 1_000_000]).encode()).status_code,
        town.report(HOTLINE, document, Authorization=f"Bearer mz_{TELEPHONE}").status_code,
        town.report(HOTLINE, document, Authorization=f"Basic {TELEPHONE}").status_code,
    ]
    assert statuses == [422, 201, 422, 400, 413, 401, 401]


def read_some(town: CanaryTown) -> None:
    """Readings, allowed and refused, as they come from the same clients; and what is no reading."""
    asked = {"subject": "request:request-a", "purpose": "handling"}
    allowed = sealed_reading(town, asked)
    assert allowed.status_code == 200
    assert found_in(whole(allowed)), "a reading shows what the search looks for"
    for wrong in (
        {"purpose": TEXT}, {"subject": TEXT}, {"event": TEXT}, {"field": TEXT}, {"resident": TEXT},
        {"reference": f"{TEXT} {TELEPHONE}"}, {"unheard_of": TEXT}, {"purpose": "audit"},
    ):  # fmt: skip
        refused = sealed_reading(town, {**asked, **wrong})
        assert refused.status_code in (403, 422)
        town.answers.append(whole(refused))


def sealed_reading(town: CanaryTown, asked: dict[str, str]) -> httpx.Response:
    headers = {"Authorization": f"Bearer {town.token(HOTLINE)}"}
    return town.near.post("/v1/sealed-values/readings", json=asked, headers=headers)


def lose_the_database(town: CanaryTown) -> None:
    """Every session is ended while canaries are on their way: what is said of it repeats none."""
    filing = next(step for step in history("lost-") if step.event.kind == "request_filed")
    with superuser(town) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where pid <> pg_backend_pid() and backend_type = 'client backend'"
        )
    document = {"kind": "request_filed", "body": body_of(filing.event)}
    answer = town.report(HOTLINE, document, **{"Idempotency-Key": str(uuid4())})
    assert answer.status_code in (201, 503)
    wait_for(lambda: town.server.get("/readyz").status_code == 200)


# The control: what is planted in such a place is found there by the same search


def plant(town: CanaryTown) -> None:
    """A canary in every place that was searched, in forms that such a place would give it."""
    with superuser(town) as connection:
        connection.execute("create schema planted")
        connection.execute("create table planted.leak (a text, b bytea, c jsonb)")
        connection.execute(
            "insert into planted.leak values (%s, %s, %s)",
            [NAME, TEXT.encode(), json.dumps({"telephone": TELEPHONE})],
        )
        connection.execute(
            "insert into planted.leak values (%s, %s, %s)",
            [PEER, FORWARDED.encode(), json.dumps({"agent": USER_AGENT})],
        )
        with pytest.raises(psycopg.DataError):
            connection.execute(f"select '{TELEPHONE}x'::int".encode())
    (town.settings.data / "report.txt").write_text(NAME, encoding="utf-16-le")
    # In a record in clear: whatever shows the log, or is made of it, would show it.
    body = {"organisation": "unit-1", "name": NAME, "type": "resident_unit", "parent": "town"}
    registered = {"kind": "organisation_registered", "body": {**body, "organisation": "leak"}}
    assert town.report(FOUNDER, registered).status_code == 201
    logging.getLogger("planted").debug("filed by %s", TELEPHONE)
    sys.stderr.write(f"filed by {NAME}\n")


def assert_found_where_planted(town: CanaryTown, capfd: pytest.CaptureFixture[str]) -> None:
    size = town.server.size()
    index, width = (size - 1) // 256, (size - 1) % 256 + 1
    tile = f"/tlog/tile/entries/{index:03d}" + ("" if width == 256 else f".p/{width}")
    key = {"Authorization": f"Bearer {town.token(AUDITOR)}"}

    def shows(path: str) -> bool:
        return bool(found_in(whole(town.near.get(path, headers=key))))

    for path in (
        f"/v1/disclosures/project?min_position={size}", "/v1/statements/project",
        f"/v1/events?after={size - 1}", tile, "/",
    ):  # fmt: skip
        wait_for(partial(shows, path))
    bundled = exported(town, "leaking")
    assert any("entries" in name for name in files_of(bundled))
    assert any(found_in(line) for line in town.lines.seen)
    assert any(found_in(text) for text in capfd.readouterr())
    flushed(town)
    tables = tables_of(town).found
    schema = town.settings.schema
    assert {"planted.leak", f"{schema}.event"} <= tables.keys()
    assert {one.partition(" in ")[0] for one in tables["planted.leak"]} == {
        "name", "text", "telephone", *REPORTERS,
    }  # fmt: skip
    assert any(name.startswith(f"{schema}_board.") for name in tables)
    assert found_in(dumped(town))
    postgres = files_of(town.directory / "postgres")
    for part in ("/pg_wal/", "/log/", "/base/"):
        assert any(part in name for name in postgres), f"nothing was found in {part}"
    assert any(name.endswith("report.txt") for name in files_of(town.settings.data))
