"""`mingzhang case`: one request from its records, act by act, with both of its clocks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from ledger.clocks import Calendars
    from ledger.domain.requests.requests import Request
    from ledger.domain.rules.rules import Pack
    from ledger.event import Recorded
    from ledger.store.contract import Store


FILE_COLUMNS = 160
"""How wide a line is where it goes into a file or a pipe."""
COLUMNS_WITH_KINDS = 132
"""From how wide a terminal on each act is named by its kind too."""
CLOCKS = (
    "时钟为 时:分。诉求人的时钟从登记走到答复，从不停；承办的时钟从派单起，"
    "时限按工作日或工作小时计的只走工作时间，暂停和审核期间不走。"
)


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
    from api.databases import database
    from api.settings import Settings
    from ledger.store.postgres import PostgresStore

    settings = Settings.from_environment(os.environ)
    with database(settings) as url, closing(PostgresStore(url, settings.schema)) as store:
        moments = list(timeline(store, request))
    if not moments:
        typer.echo(f"mingzhang: request {request} is not in this ledger", err=True)
        raise typer.Exit(1)
    _print(request, moments)


def _print(request: str, moments: Sequence[Moment]) -> None:
    """A line for each act; nothing is cut off, however narrow the terminal or wide the text."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from api.labels import day, term

    to_file = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    console = Console(width=FILE_COLUMNS if to_file else None)
    with_kinds = console.width >= COLUMNS_WITH_KINDS
    table = Table(
        title=f"诉求 {request}",
        title_justify="left",
        caption=CLOCKS,
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for name in ("记录", "时间", "动作", "经办", "环节", "诉求人", "承办", "时限"):
        numeric = name in ("记录", "诉求人", "承办")
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for recorded, state, *clocks, due_at, provisional in moments:
        table.add_row(
            str(recorded.position),
            day(recorded.occurred_at),
            f"{recorded.event.term} {recorded.kind}" if with_kinds else recorded.event.term,
            f"{recorded.actor.organisation} {recorded.actor.office}",
            term("stage", state.stage).replace("，", "， "),
            *(_minutes(minutes) for minutes in clocks),
            day(due_at) + (" 暂定" if provisional else ""),
        )
    console.print(table)


def timeline(store: Store, request: str) -> Iterator[Moment]:
    """The acts on a request in order, with the state and the clocks after each.

    The packs and calendars are those recorded by the end: an auditor's view of the whole case.
    """
    from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

    from ledger import catalogue
    from ledger.domain.rules.rules import RULES_TAG, Rules

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
    from ledger.domain.rules.terms import handler_term, handler_time

    when, answered = recorded.occurred_at, state.closing.answered_at
    requester = (answered or when) - state.filed_at
    minutes = max(0, int(requester.total_seconds() // 60))
    if state.clock is None:
        return Moment(recorded, state, minutes, None, None, provisional=False)
    used = handler_time(state.clock, packs, calendars, answered or when)
    due = handler_term(state.clock, packs, calendars, answered or when)
    return Moment(recorded, state, minutes, used.minutes, due.due_at, due.provisional)


def _minutes(minutes: int | None) -> str:
    """Hours and minutes, to the minute."""
    if minutes is None:
        return "—"
    hours, rest = divmod(minutes, 60)
    return f"{hours}:{rest:02}"
