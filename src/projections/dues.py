"""What time has caused and nobody has recorded yet: what the timekeeper is to propose."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

import psycopg

from ledger.store.connections import connection_string
from ledger.store.contract import StoreDown
from ledger.store.migrations import WRITER
from ledger.timekeeper import Due
from projections.schema import board_schema

MAX_DUES = 1_000
"""At a time; what is left comes with the next look."""

# Withheld cases fall due like all others: both tables are asked, which the writer's role may.
_DUES = """select 'request_supervised', request, handling_round from request_case
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


class Dues:
    """Looks at the views of a ledger; a view that is behind shows some of it later."""

    def __init__(self, url: str, schema: str) -> None:
        self._conninfo = connection_string(url, board_schema(schema), WRITER)

    def __call__(self, at: datetime) -> list[Due]:
        """What has fallen due by `at`, at most `MAX_DUES`; raises `StoreDown`."""
        try:
            with closing(psycopg.connect(self._conninfo, autocommit=True)) as connection:
                rows = connection.execute(_DUES, {"at": at, "limit": MAX_DUES}).fetchall()
        except psycopg.errors.UndefinedTable:
            return []  # the views are not there yet
        except psycopg.OperationalError as error:
            raise StoreDown(str(error).strip()) from error
        return [Due(*row) for row in rows]
