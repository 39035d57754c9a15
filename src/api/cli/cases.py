"""`mingzhang case`: one request from its records, act by act, with both of its clocks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from ledger.clocks import Calendars
    from ledger.domain.requests import Request
    from ledger.domain.rules import Pack
    from ledger.event import Recorded
    from ledger.store.contract import Store


class Moment(NamedTuple):
    """A case right after one act; minutes as its clocks showed them then."""

    recorded: Recorded
    state: Request
    requester_minutes: int
    handler_minutes: int | None
    due_at: datetime | None
    provisional: bool


def case(
    request: Annotated[str, typer.Argument(help="The request's id.")],
) -> None:
    """Show a request act by act: stage, holder, and how both clocks stood after each act."""
    from rich.console import Console
    from rich.table import Table

    from api.databases import database
    from api.labels import moment, term
    from api.settings import Settings
    from ledger.store.postgres import PostgresStore

    settings = Settings.from_environment(os.environ)
    with database(settings) as url, closing(PostgresStore(url, settings.schema)) as store:
        moments = list(timeline(store, request))
    if not moments:
        typer.echo(f"mingzhang: request {request} is not in this ledger", err=True)
        raise typer.Exit(1)
    table = Table(title=f"诉求 {request}", title_justify="left")
    for name in ("记录", "时间", "动作", "经办", "环节", "诉求人时钟", "承办时钟", "时限"):
        numeric = name in ("记录", "诉求人时钟", "承办时钟")
        table.add_column(name, justify="right" if numeric else "left")
    for one in moments:
        recorded, state = one.recorded, one.state
        due = moment(one.due_at) + ("（暂定）" if one.provisional else "")
        table.add_row(
            str(recorded.position),
            moment(recorded.occurred_at),
            f"{recorded.event.term} {recorded.kind}",
            f"{recorded.actor.organisation} {recorded.actor.office}",
            term("stage", state.stage),
            _minutes(one.requester_minutes),
            _minutes(one.handler_minutes),
            due,
        )
    Console().print(table)


def timeline(store: Store, request: str) -> Iterator[Moment]:
    """The acts on a request in order, with the state and the clocks after each.

    The packs and calendars are those recorded by the end: an auditor's view of the whole case.
    """
    from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

    from ledger import catalogue
    from ledger.domain.rules import RULES_TAG, Rules

    def history(**wanted: list[str]) -> Iterator[Recorded]:
        query = DCBQuery([DCBQueryItem(wanted.get("kinds", []), wanted.get("tags", []))])
        for stored in store.read(query):
            yield catalogue.decode(stored.position, stored.record)

    rules = catalogue.fold(RULES_TAG, history(tags=[RULES_TAG])) or Rules()
    calendars: dict[int, Any] = {}
    for recorded in history(kinds=["working_calendar_enacted"]):
        (tag,) = recorded.event.tags()
        year = int(tag.partition(":")[2])
        calendars[year] = catalogue.evolve(calendars.get(year), tag, recorded)
    state, tag = None, f"request:{request}"
    for recorded in history(tags=[tag]):
        state = catalogue.evolve(state, tag, recorded)
        if state is not None:
            yield _moment(recorded, state, rules.packs, calendars)


def _moment(
    recorded: Recorded, state: Request, packs: tuple[Pack, ...], calendars: Calendars
) -> Moment:
    from ledger.domain.terms import handler_term, handler_time

    when, answered = recorded.occurred_at, state.closing.answered_at
    requester = (answered or when) - state.filed_at
    minutes = max(0, int(requester.total_seconds() // 60))
    if state.clock is None:
        return Moment(recorded, state, minutes, None, None, provisional=False)
    used = handler_time(state.clock, packs, calendars, answered or when)
    due = handler_term(state.clock, packs, calendars, answered or when)
    return Moment(recorded, state, minutes, used.minutes, due.due_at, due.provisional)


def _minutes(minutes: int | None) -> str:
    """Days, hours and minutes, to the minute."""
    if minutes is None:
        return "—"
    hours, rest = divmod(minutes, 60)
    return f"{hours}:{rest:02}"
