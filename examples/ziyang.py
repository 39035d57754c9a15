"""A whole town's year: enters it into an empty ledger and prints its figures at the closing date.

Usage: .venv/bin/python examples/ziyang.py [directory]
The ledger is made in the directory (a temporary one where none is given), on the embedded
PostgreSQL, or on the server of MINGZHANG_DATABASE_URL. `MINGZHANG_DATA=directory mingzhang up`
shows it on the board afterwards.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from api.access_running import make_access_log
from api.databases import database, prepare
from api.demonstration.entry import enter_town
from api.demonstration.town import AUDITOR
from api.demonstration.ziyang.figures import Board, figures
from api.demonstration.ziyang.people import seats
from api.demonstration.ziyang.script import script
from api.settings import Settings
from ledger import catalogue
from ledger.access.log import PURPOSE
from ledger.access.reading import ReadingPurpose
from ledger.event import Recorded
from ledger.store.postgres import PostgresStore
from ledger.vault.cabinet import PostgresCabinet
from ledger.vault.opening import Opener, Question


def main(arguments: list[str]) -> int:
    """Enters, folds, prints; 1 where a figure is not what it is to be."""
    with ExitStack() as stack:
        directory = Path(arguments[0]) if arguments else None
        directory = directory or Path(stack.enter_context(TemporaryDirectory()))
        settings = replace(Settings.from_environment(os.environ), data=directory)
        url = stack.enter_context(database(settings))
        prepare(url, settings.schema)
        settings = replace(settings, database_url=url)
        started = time.monotonic()
        enter_town(settings, proposals=script)
        print(f"entered in {time.monotonic() - started:.1f} s")
        store = stack.enter_context(closing(PostgresStore(url, settings.schema)))
        started = time.monotonic()
        history = [catalogue.decode(one.position, one.record) for one in store.read()]
        held = _print(history, dict(_education(settings, url, store)))
        print(f"{len(history):,} events folded in {time.monotonic() - started:.1f} s")
    return 0 if held else 1


def _education(settings: Settings, url: str, store: PostgresStore) -> Iterator[tuple[str, str]]:
    """What the Party-committee members completed, opened for an auditor and on the access log."""
    with ExitStack() as stack:
        kept = stack.enter_context(closing(PostgresStore(url, settings.access_schema, PURPOSE)))
        log = make_access_log(settings, kept, store)
        log.start()
        stack.callback(log.close)
        source = settings.vault_key_source()
        cabinet = stack.enter_context(closing(PostgresCabinet(url, settings.schema, source)))
        opener = Opener(store, cabinet, log)
        for seat in seats():
            subject = f"principal:{seat.principal}"
            question = Question(AUDITOR, ReadingPurpose.AUDIT, subject, field="education")
            for read in opener.read(question):
                if read.opened is not None and read.is_current:
                    yield seat.principal, read.opened.value


def _print(history: list[Recorded], education: dict[str, str]) -> bool:
    found = list(figures(Board(history, education)))
    for figure in found:
        mark = "ok " if figure.holds else "NOT"
        print(f"{mark}  {figure.found:>20}  {figure.expected:>20}  {figure.name}")
    return all(figure.holds for figure in found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
