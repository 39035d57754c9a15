"""What is shown of disclosures: the days, what is late, corrections, and never who objects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import AsyncConnection

from ledger.clocks import working_year
from ledger.domain.rules.calendars import WorkingCalendarEnacted
from ledger.proposal import Proposal
from ledger.store.connections import connection_string
from ledger.store.contract import StoredEvent
from ledger.store.memory import MemoryStore
from ledger.store.migrations import PUBLIC
from ledger.store.postgres import PostgresStore
from ledger.tlog.merkle import leaf_hash
from projections import disclosures_reading
from projections.disclosures import due_on
from projections.disclosures_reading import DisclosurePage, DisclosureRecord
from projections.rebuild import rebuild
from projections.reference import EMPTY
from projections.schema import prepare, public_schema
from tests.disclosure_acts import (
    DISCLOSURE,
    corrected,
    decided,
    disclosing,
    figures,
    leak,
    objected,
    out,
    prepared,
    published,
    reviewed,
    second_draft,
    withdrawn,
)
from tests.paper_ledger import PaperLedger
from tests.town import CALENDAR_2026, FOUNDER

Look = Callable[[PaperLedger], tuple[DisclosurePage, DisclosureRecord]]


@pytest.fixture
def look(postgres_url: str, postgres_store: PostgresStore, schema: str) -> Look:
    """Shows the list and the first disclosure of a ledger on paper, in the public's role."""
    prepare(postgres_url, schema)

    async def read() -> tuple[DisclosurePage, DisclosureRecord]:
        conninfo = connection_string(postgres_url, public_schema(schema), PUBLIC)
        async with await AsyncConnection.connect(conninfo, autocommit=True) as connection:
            return (
                await disclosures_reading.disclosures(connection),
                await disclosures_reading.disclosure(connection, DISCLOSURE),
            )

    def look(paper: PaperLedger) -> tuple[DisclosurePage, DisclosureRecord]:
        store = MemoryStore()
        store.events = [
            StoredEvent(one.position, one.kind, one.tags, record, leaf_hash(record))
            for one, record in zip(paper.history, paper.records, strict=True)
        ]
        rebuild(store, postgres_url, schema, ["disclosures"])
        return asyncio.run(read())

    return look


def row(record: DisclosureRecord) -> Any:
    assert record.disclosure is not None
    return record.disclosure


def test_a_disclosure_in_time_is_not_late(look: Look) -> None:
    page, record = look(disclosing(*out()))

    assert row(record).due_on == date(2026, 3, 27)
    assert (record.is_late, page.late) == (False, ())
    assert page.disclosures == (record.disclosure,)
    (only,) = record.sets
    assert (only.reviewed_by, only.reviewed_for) == ("clerk_b", "government")


@pytest.mark.parametrize(("day", "late"), [(27, False), (28, True)])
def test_the_twentieth_working_day_is_the_last_in_time(look: Look, day: int, late: bool) -> None:
    at = datetime(2026, 3, day, 15, 59, tzinfo=UTC)  # one minute before midnight in Shanghai

    page, record = look(disclosing(prepared(), reviewed(), published(at=at)))

    assert record.is_late is late
    assert page.late == ((DISCLOSURE,) if late else ())
    assert record.sets[0].is_late is late


def test_what_is_not_published_when_its_days_are_over_is_late(look: Look) -> None:
    page, record = look(disclosing(prepared()))  # long ago

    assert row(record).stage == "prepared"
    assert record.is_late
    assert record.sets == ()
    assert page.late == (DISCLOSURE,)


@pytest.mark.parametrize(
    ("acts", "stage"),
    [
        ((), "prepared"),
        ((reviewed(privacy_cleared=False),), "sent_back"),
        ((reviewed(privacy_cleared=False), prepared()), "prepared"),
        ((reviewed(),), "reviewed"),
        ((reviewed(), published(), *second_draft()), "published"),
        ((reviewed(), published(), withdrawn()), "withdrawn"),
    ],
)
def test_its_stage_follows_the_acts(look: Look, acts: tuple[Proposal, ...], stage: str) -> None:
    _, record = look(disclosing(prepared(), *acts))

    assert row(record).stage == stage


def test_a_correction_is_shown_first_with_its_own_days(look: Look) -> None:
    _, record = look(disclosing(*out(), *second_draft(), corrected()))

    newest, oldest = record.sets
    assert [newest.is_correction, oldest.is_correction] == [True, False]
    assert newest.changed == "补计三件诉求"
    assert (newest.formed_on, oldest.formed_on) == (date(2026, 3, 3), date(2026, 3, 1))
    assert newest.fixed[0].figures == figures("second")["project"].figures
    assert oldest.fixed[0].figures == figures()["project"].figures
    assert row(record).corrections == 1


def test_objections_and_reports_are_counted_and_nobody_is_told_of(look: Look) -> None:
    paper = disclosing(
        *out(), objected(), objected(objection="objection-2"), decided(), leak(), leak(leak="l-2")
    )

    _, record = look(paper)

    assert (row(record).objections, row(record).open_objections, row(record).leaks) == (2, 1, 2)
    by = {(one.act, one.organisation) for one in record.acts[3:]}
    assert by == {
        ("disclosure_objection_raised", None),
        ("disclosure_objection_decided", "county"),
        ("leak_reported", None),
    }


def test_a_calendar_that_comes_later_moves_a_provisional_day(look: Look) -> None:
    of_2025 = prepared(period="2025", formed_on=date(2027, 1, 4), at=None, **_of_the_year())
    paper = disclosing()
    paper.at = datetime(2027, 1, 5, 2, tzinfo=UTC)
    paper.accept(of_2025)
    _, before = look(paper)
    paper.accept(
        Proposal(
            WorkingCalendarEnacted(
                year=2027, holidays=(date(2027, 1, 6),), workdays=(), source="test"
            ),
            FOUNDER,
        )
    )

    _, after = look(paper)

    assert (row(before).due_on, row(before).provisional) == (date(2027, 2, 1), True)
    assert (row(after).due_on, row(after).provisional) == (date(2027, 2, 2), False)


def _of_the_year() -> dict[str, Any]:
    rest = figures()
    del rest["period"]
    return {**rest, "as_of": datetime(2027, 1, 1, tzinfo=UTC)}


@given(st.dates(date(2026, 1, 1), date(2026, 11, 1)))
def test_the_last_day_is_the_twentieth_working_day_by_counting(formed_on: date) -> None:
    year = working_year(2026, CALENDAR_2026.holidays, CALENDAR_2026.workdays)
    day, left = formed_on, 20
    while left:
        day += timedelta(days=1)
        is_work = day in CALENDAR_2026.workdays or (
            day.weekday() < 5 and day not in CALENDAR_2026.holidays
        )
        left -= is_work

    assert due_on(formed_on, EMPTY._replace(calendars={2026: year})) == (day, False)
