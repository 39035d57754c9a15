"""Random lives of the town for tests of the projections, and the board as such a test reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql

from ledger.decision import OrganisationType
from ledger.domain.honours.rankings import RankingSealed
from ledger.domain.privacy.personal_data import ContextsLinked
from ledger.domain.requests.handling import AnswerAccepted
from ledger.domain.requests.supervision import RequestSupervised
from ledger.domain.town.grid import (
    GridLevel,
    GridUnitCreated,
    HouseholdAssigned,
    OnlineChannelLinked,
    Platform,
)
from ledger.domain.town.organisations import (
    OrganisationAssigned,
    OrganisationRegistered,
    OrganisationRenamed,
)
from ledger.domain.town.regrouping import GridPart, GridUnitMerged, GridUnitSplit
from ledger.event import Event, Recorded
from ledger.proposal import Proposal
from ledger.store.contract import StoredEvent
from ledger.store.memory import MemoryStore
from ledger.tlog.merkle import leaf_hash
from projections.folding import Folded
from projections.projection import Projection, columns
from tests.machine import drafts, rating_drafts
from tests.machine.bank_drafts import ACCOUNTS, OF_DEEDS, OF_LOVE_BANK, OF_SPENDING, bank_act
from tests.machine.drafts import ALONG, OF_CASES, OF_WHISTLES
from tests.machine.gift_drafts import giving
from tests.machine.life import Life
from tests.machine.packs import enacted
from tests.plain_model.people import MAY
from tests.privacy_acts import ALL_ACTS, done
from tests.town import FOUNDER, HOTLINE, TIMEKEEPER

Step = tuple[int, int, int]
"""(which act, on which thing, with which choice): small numbers that a history is made of."""
ACTS = 15
YEARS_OF_POINTS = 3
RARE = ("account_closed", "deed_claimed")
"""Or there would soon be no account, and no deed that is still to be claimed."""
OFTEN = tuple(kind for kind in OF_LOVE_BANK if kind not in RARE)


class Diary:
    """Plays steps into a life of the town; a proposal that the rules refuse leaves no trace."""

    def __init__(self) -> None:
        self.life = Life()

    def play(self, steps: Iterable[Step]) -> None:
        for act, thing, choice in steps:
            self.life.paper.at += timedelta(minutes=choice * choice)
            self._act(act % ACTS, thing, choice)

    def _act(self, act: int, thing: int, choice: int) -> None:
        life, request = self.life, f"request-{1 + thing}"
        claim = timedelta(minutes=-choice) if choice % 3 == 0 else None
        match act:
            case 0 | 1 | 2 | 3 | 4 | 5:
                actors = sorted(MAY["request_filed"])
                life.try_(drafts.filing(request, choice), actors[choice % len(actors)], claim)
                kinds = ALONG if act < 4 else (*OF_CASES,)
                for lot in range(choice, choice + 3):
                    life.go_on(kinds, request, lot, claim)
            case 6 | 7 | 8:
                whistle = f"whistle-{thing % 8}"
                for lot in range(choice, choice + 3):
                    life.go_on((*OF_WHISTLES,), whistle, lot, claim)
            case 9 | 10:
                self._in_the_bank(act, thing, choice, claim)
            case 11:
                life.try_(enacted(choice, life.books.rules, life.now), FOUNDER)
            case 12:
                life.try_(drafts.staffing(choice + 60 * thing, None), FOUNDER)
            case 13:
                life.try_unforetold(self._of_the_tree(thing, choice), FOUNDER)
                for proposal in self._of_privacy(thing, choice):
                    life.try_unforetold(proposal.event, proposal.actor)
                self._rate(thing, choice)
                for event, actor in giving(f"donation-{thing}", choice):
                    life.try_(event, actor, claim)
            case _:
                self._look(request)
                if choice % 20 == 0:
                    life.do_a_deed(thing // 10)
                    for _ in range(YEARS_OF_POINTS):
                        self.life.paper.at += timedelta(days=400)
                        self._look(request)

    def _in_the_bank(self, act: int, thing: int, choice: int, claim: timedelta | None) -> None:
        life = self.life
        if act == 10:
            life.do_a_deed(thing // 10)
        kind = OFTEN[choice % len(OFTEN)]
        actors = sorted(MAY[kind])
        event = bank_act(kind, choice + 60 * thing, life.books, life.now)
        life.try_(event, actors[choice % len(actors)], claim)
        for lot in range(choice, choice + 6):
            life.go_on_in_the_bank(OFTEN if act == 9 else OF_DEEDS, lot)
        if choice == 59:
            life.go_on_in_the_bank(("account_closed",), thing)
        if act == 10:
            life.go_on_in_the_bank(OF_SPENDING, choice)

    def _look(self, request: str) -> None:
        """The timekeeper, a week later."""
        self.life.paper.at += timedelta(days=9)
        self.life.try_(AnswerAccepted(request=request, deemed=True), TIMEKEEPER)
        self.life.try_(RequestSupervised(request=request, overdue=True), TIMEKEEPER)
        self.life.look_at_lots()

    def _rate(self, thing: int, choice: int) -> None:
        """A period is opened or ranked, and somebody is commended."""
        life = self.life
        life.try_unforetold(rating_drafts.opening(thing, life.now), FOUNDER, -rating_drafts.ENOUGH)
        found = rating_drafts.latest(life.paper.states, choice)
        if found is not None:
            period, of = found
            sealing = RankingSealed(period=period, digest="0" * 64)
            refusal = life.try_unforetold(sealing, FOUNDER)
            if refusal and refusal.rule == "not_the_standings":
                sealing = RankingSealed(period=period, digest=refusal.accepted)
                assert life.try_unforetold(sealing, FOUNDER) is None
            for event, actor in rating_drafts.acts_on(period, of, choice):
                life.try_unforetold(event, actor)
        life.try_unforetold(*rating_drafts.honour(thing, choice))

    def _of_the_tree(self, thing: int, choice: int) -> Event:
        """What changes the tree of organisations, or the grid."""
        unit, other = f"unit-{thing}-{choice % 3}", f"unit-{thing}-{(choice + 1) % 3}"
        match choice % 8:
            case 0:
                return OrganisationRegistered(
                    organisation=f"department-{thing}",
                    type=OrganisationType.DEPARTMENT,
                    name="新局",
                    parent="town",
                    telephone="000-0000",
                )
            case 1:
                return OrganisationRenamed(organisation="dept-water", name=f"水务局{choice}")
            case 2:
                return OrganisationAssigned(organisation="unit-1", community="committee-1")
            case 3 | 4:
                level = (*GridLevel,)[choice % 3]
                parent = None if level is GridLevel.COMMUNITY else f"unit-{thing}-{choice % 3 - 1}"
                return GridUnitCreated(
                    grid_unit=unit, level=level, name="片区", community="committee-1", parent=parent
                )
            case 5:
                return HouseholdAssigned(household=f"household-{choice}", grid_unit=unit)
            case 6:
                return OnlineChannelLinked(
                    grid_unit=unit, platform=(*Platform,)[choice % 4], name="居民群"
                )
        if choice % 16 == 7:
            return GridUnitMerged(grid_units=(unit,), into=other)
        parts = (GridPart(grid_unit=other), GridPart(grid_unit=f"unit-{thing}-9"))
        return GridUnitSplit(grid_unit=unit, parts=parts)

    def _of_privacy(self, thing: int, choice: int) -> Iterable[Proposal]:
        """What somebody wants done with the data of a case, an account or an identity."""
        identity = f"identity-{thing}"
        case, account = f"request:request-{1 + thing}", f"account:{ACCOUNTS[thing % 3]}"
        yield Proposal(ContextsLinked(identity=identity, context=case), HOTLINE)
        subject = (case, account, f"identity:{identity}")[choice % 3]
        for lot in range(choice, choice + 3):
            yield done(ALL_ACTS[lot % len(ALL_ACTS)], subject=subject)

    @property
    def history(self) -> list[Recorded]:
        """What happened, as every reader decodes it."""
        return self.life.paper.history

    def store(self) -> MemoryStore:
        """The log of this life."""
        store = MemoryStore()
        records = zip(self.history, self.life.paper.records, strict=True)
        store.events = [
            StoredEvent(one.position, one.kind, one.tags, record, leaf_hash(record))
            for one, record in records
        ]
        return store


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
