"""Random histories of the small town, and the board's tables as a test reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from ledger import catalogue
from ledger.decision import OrganisationType
from ledger.domain.calendars import WorkingCalendarEnacted
from ledger.domain.closing import RequestCleared
from ledger.domain.dispatching import RequestDispatched
from ledger.domain.handling import AnswerAccepted, ProgressPosted, RequestAnswered
from ledger.domain.love_bank import (
    AccountOpened,
    HolderType,
    LovePointsAwarded,
    LovePointsRedeemed,
    LovePointsReversed,
)
from ledger.domain.organisations import OrganisationRegistered
from ledger.domain.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.domain.requests import Category, RequestAccepted, RequestFiled
from ledger.domain.rules import REQUEST_GRADES, Grade, Subject
from ledger.domain.summons import DepartmentReportedIn
from ledger.domain.whistles import Ground, WhistleBlown
from ledger.event import Actor, Event, Recorded
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Refused
from ledger.store.contract import Store
from projections.folding import Folded
from projections.projection import Projection, columns
from tests.town import (
    COMMITTEE,
    COMMITTEE_B,
    FOUNDER,
    HOTLINE,
    REVIEWER,
    ROADS,
    RULES,
    SECRETARY,
    URBAN,
    WATER,
    found,
)

BEGIN = datetime(2025, 11, 1, tzinfo=UTC)
"""Of 2025 the town has no calendar: terms that end in it are provisional."""
LEADS = {"dept-water": WATER, "dept-urban": URBAN, "dept-roads": ROADS}
Step = tuple[int, int, int]
"""(which act, on which thing, with which choice): small numbers that a history is made of."""


class Diary:
    """Plays steps into a ledger; a proposal that the rules refuse leaves no trace."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.now = BEGIN
        self.requests = self.whistles = self.accounts = self.awards = self.packs = 0
        found(ledger)
        self.packs = 1

    def play(self, steps: Iterable[Step]) -> None:
        for act, thing, choice in steps:
            self.now += timedelta(hours=choice, minutes=act)
            for event, actor in self._acts(act, thing, choice):
                with suppress(Refused):
                    self.ledger.propose_sync([Proposal(event, actor, self.now)])

    def _acts(self, act: int, thing: int, choice: int) -> list[tuple[Event, Actor]]:
        match act % 14:
            case 0 | 1:
                return self._file(choice)
            case 2 | 3 | 4 | 5:
                return self._handle(f"r-{thing % max(self.requests, 1)}", act, choice)
            case 6:
                return self._rate(f"r-{thing % max(self.requests, 1)}", choice)
            case 7:
                return self._blow(choice)
            case 8:
                department = (*LEADS,)[choice % 3]
                whistle = f"w-{thing % max(self.whistles, 1)}"
                event = DepartmentReportedIn(whistle=whistle, department=department)
                return [(event, LEADS[department])]
            case 9:
                return self._open(choice)
            case 10 | 11:
                return self._award(f"a-{thing % max(self.accounts, 1)}", choice)
            case 12:
                return self._take(f"a-{thing % max(self.accounts, 1)}", thing, choice)
        return self._rule(choice)

    def _file(self, choice: int) -> list[tuple[Event, Actor]]:
        self.requests += 1
        event = RequestFiled(
            request=f"r-{self.requests - 1}",
            community=f"committee-{1 + choice % 2}",
            category=(*Category,)[choice % 6],
            subject="noise",
        )
        return [(event, HOTLINE)]

    def _handle(self, request: str, act: int, choice: int) -> list[tuple[Event, Actor]]:
        lead = (*LEADS,)[act % 3]
        others = tuple(one for one in LEADS if one != lead)[: choice % 3]
        grade = REQUEST_GRADES[choice % 4]
        acts: list[tuple[Event, Actor]] = [
            (RequestCleared(request=request), HOTLINE),
            (AnswerAccepted(request=request), REVIEWER),
            *((RequestAnswered(request=request), actor) for actor in LEADS.values()),
            *((ProgressPosted(request=request, note="在办"), actor) for actor in (WATER, URBAN)),
            (
                RequestDispatched(request=request, lead=lead, co_handlers=others, grade=grade),
                HOTLINE,
            ),
            (RequestAccepted(request=request), HOTLINE),
        ]
        return acts[choice % 3 :]

    def _rate(self, request: str, choice: int) -> list[tuple[Event, Actor]]:
        event = ServiceRated(
            target_type=RatingTarget.REQUEST,
            target=request,
            satisfaction=(*Satisfaction,)[choice % 5],
            resolved=(None, True, False)[choice % 3],
        )
        return [(event, COMMITTEE)]

    def _blow(self, choice: int) -> list[tuple[Event, Actor]]:
        self.whistles += 1
        event = WhistleBlown(
            whistle=f"w-{self.whistles - 1}",
            grade=(Grade.ORDINARY, Grade.HARD)[choice % 2],
            ground=Ground.JOINT_ENFORCEMENT,
            departments=(*LEADS,)[: 1 + choice % 3],
        )
        return [(event, SECRETARY)]

    def _open(self, choice: int) -> list[tuple[Event, Actor]]:
        self.accounts += 1
        is_unit = choice % 4 == 0
        event = AccountOpened(
            account=f"a-{self.accounts - 1}",
            holder_type=HolderType.UNIT if is_unit else HolderType.PERSON,
            unit="unit-1" if is_unit else None,
            ranking_opt_in=choice % 3 != 0,
        )
        return [(event, COMMITTEE)]

    def _award(self, account: str, choice: int) -> list[tuple[Event, Actor]]:
        self.awards += 1
        event = LovePointsAwarded(
            award=f"v-{self.awards - 1}",
            account=account,
            deed=f"d-{self.awards}",
            deed_category=("care", "green")[choice % 2],
            points=1 + choice % 20,
        )
        return [(event, COMMITTEE)]

    def _take(self, account: str, thing: int, choice: int) -> list[tuple[Event, Actor]]:
        points = 1 + choice % 20
        award = f"v-{thing % max(self.awards, 1)}"
        return [
            (LovePointsRedeemed(account=account, reward="soap", points=points), COMMITTEE),
            (
                LovePointsReversed(award=award, account=account, points=points, reason="误记"),
                COMMITTEE_B,
            ),
        ]

    def _rule(self, choice: int) -> list[tuple[Event, Actor]]:
        if choice % 3 == 0:
            event = OrganisationRegistered(
                organisation=f"department-{self.now:%y%m%d%H%M}",
                type=OrganisationType.DEPARTMENT,
                name="新局",
                parent="town",
                telephone="000-0000",
            )
            return [(event, FOUNDER)]
        if choice % 3 == 1:
            year = 2025 + choice % 2
            calendar = WorkingCalendarEnacted(
                year=year, holidays=(), workdays=(), source="test calendar"
            )
            return [(calendar, FOUNDER)]
        self.packs += 1
        subjects = (Subject(code="noise", name="噪音"), Subject(code="water", name="供水"))
        pack = RULES.model_copy(
            update={
                "pack_version": self.packs,
                "effective_from": self.now,
                "deadlines": RULES.deadlines[choice % 4 :],
                "subjects": subjects,
            }
        )
        return [(pack, FOUNDER)]


def recorded(store: Store) -> list[Recorded]:
    """The whole log, decoded as every reader decodes it."""
    return [catalogue.decode(event.position, event.record) for event in store.read()]


def on_board(url: str, schema: str, projection: Projection) -> Folded:
    """A projection's tables as they are in the database, withheld ones too."""
    rows: dict[str, dict[Any, Any]] = {}
    tallies: dict[str, Mapping[Any, tuple[int, ...]]] = {}
    with psycopg.connect(url) as connection:
        connection.execute(f"set search_path to {schema}_board")
        connection.execute("set timezone to 'UTC'")
        for view in projection.rows:
            names = [view.table, f"{view.table}_withheld"] if view.withheld else [view.table]
            for name in names:
                kept = {}
                for values in _select(connection, name, [c.name for c in view.columns]):
                    plain = (tuple(v) if isinstance(v, list) else v for v in values)
                    kept[tuple(values[: len(view.key)])] = view.row(*plain)
                if kept:
                    rows[name] = kept
            if view.tally is not None:
                group = [column.name for column in columns(view.tally.group)]
                measures = [column.name for column in columns(view.tally.measures)]
                wide = [*group, "effective_from", *measures]
                width = len(group)
                tallies[view.table] = {
                    (tuple(values[:width]), values[width]): tuple(values[width + 1 :])
                    for values in _select(connection, f"{view.table}_tally", wide)
                }
    return Folded(rows, tallies)


def _select(connection: psycopg.Connection[Any], table: str, names: Sequence[str]) -> list[Any]:
    statement = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(table)
    )
    return connection.execute(statement).fetchall()


def positions(url: str, schema: str) -> dict[str, int]:
    """How far each projection of a board is."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            sql.SQL("select name, position from {}.projection").format(
                sql.Identifier(f"{schema}_board")
            )
        )
        return dict(found.fetchall())
