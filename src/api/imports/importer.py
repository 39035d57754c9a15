"""The import itself: rows become cases, cases become lists of proposals, many on their way at once.

A case is proposed as a whole or not at all, under an id that follows from the source's key. So a
run that was killed at any moment has left whole cases, and the next run finds them by their ids:
nothing beside the ledger remembers how far an import came.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from datetime import datetime
from threading import Event as Signal
from typing import NamedTuple

import uuid_utils
from pydantic import ValidationError

from api.founding import founding_of
from api.imports.progress import Watcher
from api.imports.report import Report
from api.imports.rows import Line
from api.imports.source import Case, Source, Unmappable, clerk_of, text_of
from ledger.domain.requests.closing import RequestCleared
from ledger.domain.requests.dispatching import RequestDispatched
from ledger.domain.requests.exclusions import Metric, MetricExclusionRequested, MetricExclusionRuled
from ledger.domain.requests.handling import AnswerAccepted, RequestAnswered
from ledger.domain.requests.intake import RequestAccepted, RequestFiled
from ledger.event import Actor
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Refused, Unacceptable
from ledger.sequencer import Appended, Limits
from ledger.store.contract import Writer

LIST_CASES = 25
"""Cases proposed in one list; where one of them is refused, each is proposed for itself."""
IN_FLIGHT_EVENTS = 15_000
"""Events on their way to the sequencer, which is thus never without work nor ever `Busy`."""
LIMITS = Limits(batch_events=5_000, queue_events=IN_FLIGHT_EVENTS)
"""Batches larger than the server's: nobody waits for a single answer here."""
MAX_ROWS = 5_000_000
"""Rows of one run: the ids of all keys seen are kept in memory, about 100 bytes each."""


class TooManyRows(Exception):
    """The file has more rows than one run takes; give it in parts."""


class Entry(NamedTuple):
    """A row on its way."""

    line: int
    key: str
    request: str
    proposals: list[Proposal]


class Importer:
    """Imports the rows of one file. Owned by one thread; `stop`, from any, ends it early."""

    def __init__(
        self,
        ledger: Ledger,
        source: Source,
        report: Report,
        watcher: Watcher,
        stop: Signal,
    ) -> None:
        founding = founding_of(ledger.store)
        assert founding is not None  # the ground was prepared
        town = founding.town
        self._ledger = ledger
        self._source = source
        self._report = report
        self._summary = report.summary
        self._watcher = watcher
        self._stop = stop
        self._namespace = uuid_utils.UUID(int=source.namespace.int)
        self._clerk = source.clerk
        self._reviewer = source.reviewer
        self._town_clerk = clerk_of(town)
        self._handlers: dict[str, Actor] = {}
        self._seen: set[int] = set()
        self._in_flight: deque[tuple[Sequence[Entry], Future[Appended]]] = deque()
        self._events_in_flight = 0
        self._expecting_earlier = True

    def run(self, chunks: Iterable[list[Line]], limit: int | None = None) -> None:
        """Settles every row, or the first `limit`; the summary says how it ended.

        Raises `Unavailable` where the database does not come back and `TooManyRows`; what was
        settled by then is counted, and the same command goes on from there.
        """
        writer = self._ledger.store.writer()
        ended = "failed"
        try:
            ended = self._read(chunks, writer, MAX_ROWS if limit is None else limit)
            while self._in_flight:
                self._settle_oldest()
            if limit is None and ended == "limit_reached":
                raise TooManyRows(f"one run takes at most {MAX_ROWS:,} rows")
        except BaseException:
            ended = "failed"
            raise
        finally:
            writer.close()
            self._summary.rows_unsettled = self._summary.rows_read - self._summary.rows_settled
            self._summary.end(ended)

    def _read(self, chunks: Iterable[list[Line]], writer: Writer, limit: int) -> str:
        for chunk in chunks:
            left = limit - self._summary.rows_read
            self._take(chunk[:left], writer)
            self._watcher(self._summary.rows_settled)
            if left < len(chunk):
                return "limit_reached"
            if self._stop.is_set():
                return "stopped"
        return "complete"

    def _take(self, lines: Sequence[Line], writer: Writer) -> None:
        entries = [entry for line in lines if (entry := self._entry(line)) is not None]
        if self._expecting_earlier:
            there = self._already_there(entries, writer)
            self._summary.cases_already_there += len(there)
            self._expecting_earlier = bool(there)
            entries = [entry for entry in entries if entry.request not in there]
        for start in range(0, len(entries), LIST_CASES):
            self._propose(entries[start : start + LIST_CASES])

    def _already_there(self, entries: Sequence[Entry], writer: Writer) -> set[str]:
        """Which requests are in the ledger: asked while an earlier run's cases are met.

        It spares proposing what is bound to be refused; whoever this overlooks, `decide` does not.
        """
        positions = writer.last_positions([f"request:{entry.request}" for entry in entries])
        return {tag.removeprefix("request:") for tag, position in positions.items() if position}

    def _entry(self, line: Line) -> Entry | None:
        """The row as proposals; None where it is refused at once."""
        self._summary.rows_read += 1
        key = None
        try:
            row = line.row
            if isinstance(row, Unmappable):
                raise row
            key = text_of(row, self._source.key)
            if key is None:
                raise _missing_key(self._source.key)
            request = self._identify(key)
            return Entry(
                line.number, key, request, self._proposals(request, self._source.case(row))
            )
        except Unmappable as unmappable:
            self._report.refuse(line.number, key, unmappable.refusal)
        except ValidationError as error:
            self._report.refuse(line.number, key, _invalid(error))
        return None

    def _identify(self, key: str) -> str:
        """The id of a key's request; a key belongs to the first row that gives it, whatever becomes
        of that row, so that every run gives it to the same one."""
        try:
            identity = uuid_utils.uuid5(self._namespace, key)
        except UnicodeEncodeError:
            raise Unmappable("not_unicode", "the key is not Unicode", "a UTF-8 text") from None
        if identity.int in self._seen:
            raise Unmappable(
                "key_given_twice",
                f"{key} stands in an earlier row",
                "each key in one row",
                self._source.key,
            )
        self._seen.add(identity.int)
        return str(identity)

    def _proposals(self, request: str, case: Case) -> list[Proposal]:
        filed, closed = case.filed_at, case.closed_at
        clerk = self._clerk
        proposals = [
            Proposal(
                RequestFiled(
                    request=request,
                    community=case.community,
                    category=case.category,
                    subject=case.subject,
                    channel=case.channel,
                    requester=str(uuid_utils.uuid4()),
                    address=case.address,
                    details=case.details,
                ),
                clerk,
                filed,
            ),
            Proposal(RequestAccepted(request=request), clerk, filed),
            Proposal(
                RequestDispatched(request=request, lead=case.handler, grade=case.grade),
                clerk,
                filed,
            ),
        ]
        if closed is not None:
            answered = RequestAnswered(request=request, answer=case.answer)
            proposals += (
                Proposal(answered, self._handler(case.handler), closed),
                Proposal(AnswerAccepted(request=request), self._reviewer, closed),
                Proposal(RequestCleared(request=request), clerk, closed),
            )
        if case.excluded_for is not None:
            proposals += self._exclusion(request, case, closed or filed)
        return proposals

    def _exclusion(self, request: str, case: Case, when: datetime) -> list[Proposal]:
        """The case is left out of the net rate, as the handler asks and the town rules."""
        metric = Metric.ON_TIME
        asked = MetricExclusionRequested(
            request=request, metric=metric, reason=case.excluded_for or ""
        )
        ruled = MetricExclusionRuled(request=request, metric=metric, granted=True)
        handler = self._handler(case.handler)
        return [Proposal(asked, handler, when), Proposal(ruled, self._town_clerk, when)]

    def _handler(self, organisation: str) -> Actor:
        actor = self._handlers.get(organisation)
        if actor is None:
            actor = self._handlers[organisation] = clerk_of(organisation)
        return actor

    def _propose(self, entries: Sequence[Entry]) -> None:
        proposals = [proposal for entry in entries for proposal in entry.proposals]
        while self._in_flight and self._events_in_flight + len(proposals) > IN_FLIGHT_EVENTS:
            self._settle_oldest()
        try:
            future = self._ledger.submit(proposals)
        except Refused as refused:
            self._refused(entries, refused)
        else:
            self._in_flight.append((entries, future))
            self._events_in_flight += len(proposals)

    def _settle_oldest(self) -> None:
        entries, future = self._in_flight.popleft()
        self._events_in_flight -= sum(len(entry.proposals) for entry in entries)
        try:
            appended = future.result()
        except Refused as refused:
            self._refused(entries, refused)
        else:
            self._summary.cases_accepted += len(entries)
            self._summary.events_appended += appended.last - appended.first + 1

    def _refused(self, entries: Sequence[Entry], refused: Refused) -> None:
        if len(entries) > 1:
            for entry in entries:
                self._propose([entry])
            return
        (entry,) = entries
        if refused.refusal.rule == "request_exists":
            # No earlier row gave the key: another run, before this or beside it, has filed it.
            self._summary.cases_already_there += 1
            self._expecting_earlier = True
        else:
            self._report.refuse(entry.line, entry.key, refused.refusal)


def _missing_key(column: str) -> Unmappable:
    return Unmappable("missing_key", f"{column} is empty", "the key of the case", column)


def _invalid(error: ValidationError) -> Unacceptable:
    first = error.errors(include_url=False, include_input=False)[0]
    return Unacceptable(
        "invalid_value",
        first["msg"],
        "what the schema of the kind says",
        ".".join(map(str, first["loc"])) or None,
    )
