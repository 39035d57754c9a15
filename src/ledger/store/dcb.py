"""The plain door: the `eventsourcing` library's DCB contract (`eventsourcing.dcb.api`) on a store.

A condition is decided by the same sequencer that decides the ledger's proposals: the folded state
of a tag is the last position that carries it, so that most conditions are decided in memory. The
door works only on a store in a schema of its own (purpose `dcb`), because it bypasses `decide`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBQueryItem,
    DCBReadResponse,
    DCBRecorder,
    DCBSequencedEvent,
    DCBSubscription,
)
from eventsourcing.dcb.persistence import DCBInfrastructureFactory
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    OperationalError,
    PersistenceError,
    ProgrammingError,
    TrackingRecorder,
)
from eventsourcing.utils import Environment
from psycopg.conninfo import make_conninfo

from ledger.event import MAX_RECORD_BYTES, MAX_TAG_BYTES, MAX_TAGS
from ledger.refusals import Busy, Refusal, Refused, Unavailable, WrongState
from ledger.sequencer import Limits, Sequencer
from ledger.states import View
from ledger.store.contract import Store, StoredEvent, StoreDown, Writer, matches
from ledger.store.migrations import SchemaMismatch, migrate
from ledger.store.postgres import PostgresStore

PURPOSE = "dcb"
MAX_KIND_BYTES = 255
MAX_QUERY_ITEMS = 256
MAX_QUERY_TYPES = 256
MAX_APPEND_EVENTS = 10_000
"""How many events one append takes, all or nothing; more are refused."""
EVENT_BYTES = 4_096
"""An append may hold this much data an event of the bound: 40 MiB, however it is cut."""
LIMITS = Limits(batch_events=MAX_APPEND_EVENTS, queue_events=4 * MAX_APPEND_EVENTS)
SUBSCRIPTION_PAGE_EVENTS = 500
STOP_SECONDS = 0.2
"""How soon a subscription that waits notices that it has been stopped."""

_CONDITION_FAILED = WrongState(
    "condition_failed",
    "an event after the condition's position matches its query",
    "a condition whose `after` is the position up to which its query has been read",
)


class NewEvent(NamedTuple):
    """One event as the door has checked it."""

    kind: str
    tags: tuple[str, ...]
    data: bytes


class RawAppend(NamedTuple):
    """What one append hands to the sequencer: its events, unless the condition fails.

    `items` None means no condition; an empty list matches every event after `after`. `weight` is
    what it counts for in the sequencer's bounds: one an event, or more where the data are large.
    """

    events: list[NewEvent]
    items: list[DCBQueryItem] | None
    after: int
    weight: int


class ConditionDecider:
    """Decides raw appends. The state of a tag is its last position, 0 where it has no history."""

    def boundary(self, content: RawAppend, state: Callable[[str], Any]) -> Iterable[str]:
        return [tag for item in content.items or () for tag in item.tags]

    def load(self, writer: Writer, tags: list[str]) -> Mapping[str, int]:
        return writer.last_positions(tags)

    def fact(self, event: StoredEvent) -> int:
        return event.position

    def evolve(self, state: Any, tag: str, fact: int) -> int:
        return fact

    def decide(self, content: RawAppend, view: View) -> Refusal | None:
        if content.items is not None and _is_matched(content.items, content.after, view):
            return _CONDITION_FAILED
        for kind, tags, data in content.events:
            view.accept(kind, tags, data, view.size + 1)
        return None


def _is_matched(items: list[DCBQueryItem], after: int, view: View) -> bool:
    """Whether an event after the position, of this batch or before it, matches any of the items."""
    if view.size <= after:
        return False
    if not items:
        return True
    undecided = []
    for item in items:
        for tag in item.tags:
            if view.state(tag) <= after:
                break
        else:
            if len(item.tags) == 1 and not item.types:
                return True
            undecided.append(item)
    return bool(undecided) and _is_found(DCBQuery(undecided), after, view)


def _is_found(query: DCBQuery, after: int, view: View) -> bool:
    """Looks at the events themselves: those of this batch in memory, the others in the log."""
    committed = view.size - len(view.accepted)
    for event in view.accepted[max(after - committed, 0) :]:
        if matches(query, event.stored.kind, set(event.stored.tags)):
            return True
    return after < committed and view.writer.matches(query, after)


class DCBDoor(DCBRecorder):
    """The library's recorder on a store of ours; any thread or loop may use it once started.

    Raises the library's errors: ProgrammingError for an empty append, DataError beyond a limit,
    IntegrityError where the condition fails, OperationalError without a database or with a full
    queue.
    """

    def __init__(self, store: Store, limits: Limits = LIMITS) -> None:
        if isinstance(store, PostgresStore) and store.purpose != PURPOSE:
            raise SchemaMismatch(
                f"schema {store.schema!r} is for {store.purpose!r}: the plain door works only on "
                "a store in a schema of its own"
            )
        self._store = store
        self._sequencer = Sequencer(store, ConditionDecider(), limits)

    def start(self) -> None:
        """Starts the sequencer's thread."""
        self._sequencer.start()

    def close(self) -> None:
        """Answers what is queued, then stops; the store stays open."""
        self._sequencer.close()

    def append(
        self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None
    ) -> int:
        """Appends all of the events, up to `MAX_APPEND_EVENTS`, or none; the last position."""
        content = _checked(events, condition)
        try:
            return self._sequencer.append_sync(content, content.weight).result().last
        except _OURS as error:
            raise _of_the_library(error) from error

    async def append_async(
        self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None
    ) -> int:
        """The same for callers on a loop."""
        content = _checked(events, condition)
        try:
            return (await self._sequencer.append(content, content.weight)).last
        except _OURS as error:
            raise _of_the_library(error) from error

    def read(
        self, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None
    ) -> StoreReadResponse:
        """Events in order, fetched page by page as they are asked for.

        `head` is the log's last position when the read began, or, with a limit, the position of
        the last event returned so far; None for none.
        """
        _check_query(query)
        try:
            end = self._store.size()
        except _OURS as error:
            raise _of_the_library(error) from error
        events = self._store.read(query, after=max(after or 0, 0), limit=limit, until=end)
        return StoreReadResponse(events, (end or None) if limit is None else None)

    def subscribe(
        self, query: DCBQuery | None = None, *, after: int | None = None
    ) -> StoreSubscription:
        """Events from then on, without end; blocks where there is none yet."""
        _check_query(query)
        return StoreSubscription(self, self._store, query, after)


class StoreReadResponse(DCBReadResponse):
    """The events of one read."""

    def __init__(self, events: Iterator[StoredEvent], head: int | None) -> None:
        self._events = events
        self._follows = head is None
        self._head = head

    @property
    def head(self) -> int | None:
        return self._head

    def __next__(self) -> DCBSequencedEvent:
        try:
            event = next(self._events)
        except _OURS as error:
            raise _of_the_library(error) from error
        if self._follows:
            self._head = event.position
        return _sequenced(event)


class StoreSubscription(DCBSubscription[DCBDoor]):
    """Follows a store; `stop` may be called from another thread."""

    def __init__(
        self, recorder: DCBDoor, store: Store, query: DCBQuery | None, after: int | None
    ) -> None:
        super().__init__(recorder, query, max(after or 0, 0))
        self._store = store
        self._page: Iterator[StoredEvent] = iter(())

    def __next__(self) -> DCBSequencedEvent:
        while not self._has_been_stopped:
            event = next(self._page, None)
            if event is not None:
                return _sequenced(event)
            if self._store.wait(self._last_position, STOP_SECONDS):
                try:
                    self._page = iter(self._next_page())
                except _OURS as error:
                    raise _of_the_library(error) from error
        raise StopIteration

    def _next_page(self) -> list[StoredEvent]:
        head = self._store.size()
        page = list(
            self._store.read(
                self._query, after=self._last_position, limit=SUBSCRIPTION_PAGE_EVENTS, until=head
            )
        )
        # A short page tells that nothing else matches up to the head: there is no need to look
        # at those events again.
        full = len(page) == SUBSCRIPTION_PAGE_EVENTS
        self._last_position = page[-1].position if full else max(head, self._last_position)
        return page


class StoreFactory(DCBInfrastructureFactory[TrackingRecorder]):
    """What `PERSISTENCE_MODULE=ledger.store.dcb` finds: a `DCBApplication` on PostgreSQL.

    MINGZHANG_DCB_URL is a libpq URL; without it the library's own POSTGRES_DBNAME, POSTGRES_HOST,
    POSTGRES_PORT, POSTGRES_USER and POSTGRES_PASSWORD are read. MINGZHANG_DCB_SCHEMA, else
    POSTGRES_SCHEMA, else `dcb`, names the schema, which is migrated when the recorder is made.
    """

    def __init__(self, env: Environment | Mapping[str, str] | None) -> None:
        super().__init__(env)
        self._opened: list[tuple[DCBDoor, PostgresStore]] = []

    def dcb_recorder(self) -> DCBDoor:
        """A started recorder; raises `SchemaMismatch` for a schema that is not for the door."""
        url = self._url()
        schema = self.env.get("MINGZHANG_DCB_SCHEMA") or self.env.get("POSTGRES_SCHEMA") or PURPOSE
        migrate(url, schema, PURPOSE)
        store = PostgresStore(url, schema, PURPOSE)
        door = DCBDoor(store)
        door.start()
        self._opened.append((door, store))
        return door

    def close(self) -> None:
        while self._opened:
            door, store = self._opened.pop()
            door.close()
            store.close()

    def _url(self) -> str:
        url = self.env.get("MINGZHANG_DCB_URL")
        if url:
            return url
        database = self.env.get("POSTGRES_DBNAME")
        if not database:
            raise OSError("neither MINGZHANG_DCB_URL nor POSTGRES_DBNAME says where the store is")
        return make_conninfo(
            dbname=database,
            host=self.env.get("POSTGRES_HOST"),
            port=self.env.get("POSTGRES_PORT"),
            user=self.env.get("POSTGRES_USER"),
            password=self.env.get("POSTGRES_PASSWORD"),
        )


def _sequenced(event: StoredEvent) -> DCBSequencedEvent:
    return DCBSequencedEvent(DCBEvent(event.kind, event.record, list(event.tags)), event.position)


_OURS = (Refused, Busy, Unavailable, StoreDown)


def _of_the_library(error: Exception) -> PersistenceError:
    if not isinstance(error, Refused):
        return OperationalError(str(error))
    if error.refusal is _CONDITION_FAILED:
        return IntegrityError(str(error))
    return DataError(str(error))


def _checked(events: Sequence[DCBEvent], condition: DCBAppendCondition | None) -> RawAppend:
    """The content of an append; the limits are checked here, so that COPY cannot fail on data."""
    if not events:
        raise ProgrammingError("an append has at least one event")
    if len(events) > MAX_APPEND_EVENTS:
        raise DataError(f"{len(events)} events in one append: at most {MAX_APPEND_EVENTS}")
    checked = [_checked_event(event) for event in events]
    size = sum([len(event.data) for event in checked])
    if size > MAX_APPEND_EVENTS * EVENT_BYTES:
        raise DataError(f"{size} bytes in one append: at most {MAX_APPEND_EVENTS * EVENT_BYTES}")
    weight = max(len(checked), size // EVENT_BYTES)
    if condition is None:
        return RawAppend(checked, None, 0, weight)
    query, after = condition.fail_if_events_match, max(condition.after or 0, 0)
    _check_query(query)
    return RawAppend(checked, query.items, after, weight)


def _checked_event(event: DCBEvent) -> NewEvent:
    kind, data, tags = event.type, event.data, tuple(event.tags)
    _check_texts("type", (kind,), MAX_KIND_BYTES)
    _check_texts("tag", tags, MAX_TAG_BYTES, MAX_TAGS)
    if not isinstance(data, bytes):
        raise DataError(f"an event's data are bytes, not {type(data).__name__}")
    if len(data) > MAX_RECORD_BYTES:
        raise DataError(f"{len(data)} bytes of data: at most {MAX_RECORD_BYTES}")
    return NewEvent(kind, tags, data)


def _check_query(query: DCBQuery | None) -> None:
    if query is None:
        return
    if len(query.items) > MAX_QUERY_ITEMS:
        raise DataError(f"{len(query.items)} items in a query: at most {MAX_QUERY_ITEMS}")
    for item in query.items:
        if item.tags:
            _check_texts("tag", item.tags, MAX_TAG_BYTES, MAX_TAGS)
        if item.types:
            _check_texts("type", item.types, MAX_KIND_BYTES, MAX_QUERY_TYPES)


def _check_texts(what: str, texts: Sequence[str], max_bytes: int, max_count: int = 1) -> None:
    """Refuses what PostgreSQL would refuse (NUL, lone surrogates), and what is beyond a limit."""
    if len(texts) > max_count:
        raise DataError(f"{len(texts)} {what}s: at most {max_count}")
    try:
        joined = "".join(texts)
        # All of them together within the bound of one: each is.
        if len(joined) > max_bytes or not joined.isascii():
            for text in texts:
                if (size := len(text.encode())) > max_bytes:
                    raise DataError(f"a {what} of {size} bytes: at most {max_bytes}")
    except TypeError as error:
        raise DataError(f"a {what} is a string") from error
    except UnicodeEncodeError as error:
        raise DataError(f"a {what} holds a lone surrogate") from error
    if "\x00" in joined:
        raise DataError(f"a {what} must not contain NUL")
