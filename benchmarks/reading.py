"""Reading: our store, our plain door, the library's recorder and UmaDB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem, DCBRecorder

from benchmarks import events, in_process, network, workload
from benchmarks.database import Database
from benchmarks.looks import Reading, measure, request_of
from ledger.store.dcb import DCBDoor

LIST_EVENTS = 1_000


class ReadingPlan(NamedTuple):
    """How long the log is, and how often one case is looked up."""

    events: int
    looks: int


def door(database: Database, plan: ReadingPlan) -> Reading:
    """Our plain door, through the library's contract."""
    with database.schema("dcb") as store:
        opened = DCBDoor(store)
        opened.start()
        with closing(opened):
            _fill(opened, plan.events)
            return measure(_reader(opened), *plan)


def store(database: Database, plan: ReadingPlan) -> Reading:
    """Our store itself, as projections and audits read it: records, tags and leaves."""
    with database.schema("dcb") as opened:
        filling = DCBDoor(opened)
        filling.start()
        with closing(filling):
            _fill(filling, plan.events)

        def read(request: str | None) -> int:
            return sum(1 for _ in opened.read(_query(request)))

        return measure(read, *plan)


def library(database: Database, plan: ReadingPlan) -> Reading:
    """The library's PostgresDCBRecorderTT."""
    with in_process.library_recorder(database, 1) as (recorder, _):
        _fill(recorder, plan.events)
        return measure(_reader(recorder), *plan)


def umadb(_: Database, plan: ReadingPlan) -> Reading:
    """UmaDB over gRPC."""
    with network.umadb_server() as server:
        order = {"port": server.port, "events": plan.events, "looks": plan.looks}
        return Reading(**network.ask("benchmarks.umadb_load", order))


def _reader(recorder: DCBRecorder) -> Callable[[str | None], int]:
    def read(request: str | None) -> int:
        return sum(1 for _ in recorder.read(_query(request)))

    return read


def _query(request: str | None) -> DCBQuery | None:
    return None if request is None else DCBQuery([DCBQueryItem([], [events.boundary(request)])])


def _fill(recorder: DCBRecorder, size: int) -> None:
    for first in range(0, size, LIST_EVENTS):
        numbers = range(first, min(first + LIST_EVENTS, size))
        recorder.append(
            [workload.plain_event(request_of(number, size), number) for number in numbers]
        )


CONTENDERS: Sequence[tuple[str, Any]] = (
    ("store", store),
    ("door", door),
    ("library", library),
    ("umadb", umadb),
)
