"""What time has caused and nobody has recorded yet: what the timekeeper is to propose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from ledger.clocks import local_day
from ledger.domain.love_bank.accounts import Lot
from ledger.domain.love_bank.points import LovePointsExpired, LovePointsExpiryNoticed
from ledger.domain.requests.handling import AnswerAccepted
from ledger.domain.requests.supervision import RequestSupervised
from ledger.store.connections import connection_string
from ledger.store.contract import StoreDown
from ledger.store.migrations import WRITER
from ledger.timekeeper import Due
from projections.lots import lots_of
from projections.schema import board_schema

MAX_DUES = 1_000
"""At a time; what is left comes with the next look."""

# Withheld cases fall due like all others: both tables are asked, which the writer's role may.
_OF_REQUESTS = """select 'request_supervised', request, handling_round from request_case
    where supervise_at <= %(at)s and supervised_at is null and stage in ('dispatched', 'in_hand')
    union all
    select 'request_supervised', request, handling_round from request_case_withheld
    where supervise_at <= %(at)s and supervised_at is null and stage in ('dispatched', 'in_hand')
    union all
    select 'answer_accepted', request, handling_round from request_case
    where deemed_at <= %(at)s and stage = 'answered'
    union all
    select 'answer_accepted', request, handling_round from request_case_withheld
    where deemed_at <= %(at)s and stage = 'answered'
    order by 2 limit %(limit)s"""
_OF_POINTS = """with pack as (select expiry_notice_days as days from enacted_pack
        where effective_from <= %(at)s order by pack_version desc limit 1)
    select account, lots, days from points_account, pack
    where notice_due_on <= %(today)s + days::integer or last_day < %(today)s
    order by account limit %(limit)s"""


class Dues:
    """Looks at the views of a ledger; a view that is behind shows some of it later."""

    def __init__(self, url: str, schema: str) -> None:
        self._conninfo = connection_string(url, board_schema(schema), WRITER)

    def __call__(self, at: datetime) -> list[Due]:
        """What has fallen due by `at`, at most `MAX_DUES`; raises `StoreDown`."""
        today = local_day(at)
        given = {"at": at, "today": today, "limit": MAX_DUES}
        try:
            with closing(psycopg.connect(self._conninfo, autocommit=True)) as connection:
                of_requests = connection.execute(_OF_REQUESTS, given).fetchall()
                of_points = connection.execute(_OF_POINTS, given).fetchall()
        except psycopg.errors.UndefinedTable:
            return []  # the views are not there yet
        except psycopg.OperationalError as error:
            raise StoreDown(str(error).strip()) from error
        dues = [_of_request(*row) for row in of_requests]
        dues += [due for row in of_points for due in _of_points(today, *row)]
        return dues[:MAX_DUES]


def _of_request(kind: str, request: str, handling_round: int) -> Due:
    about = (request, str(handling_round))
    if kind == AnswerAccepted.kind:
        return Due(AnswerAccepted(request=request, deemed=True), about)
    return Due(RequestSupervised(request=request, overdue=True), about)


def _of_points(today: date, account: str, kept: list[str], notice_days: int) -> Iterator[Due]:
    notice = timedelta(days=notice_days)
    for lot in lots_of(kept):
        given: dict[str, Any] = {"account": account, "award": lot.award, "points": lot.points}
        if lot.is_expired(today):
            yield Due(LovePointsExpired(**given), (lot.award,))
        elif _wants_notice(lot, today + notice):
            assert lot.expires_on is not None  # it ends
            last_day = max(lot.expires_on, today + notice)
            yield Due(LovePointsExpiryNoticed(**given, last_day=last_day), (lot.award,))


def _wants_notice(lot: Lot, by: date) -> bool:
    return lot.last_day is None and lot.expires_on is not None and lot.expires_on <= by
