"""What is shown of rankings and honours: as sealed, made again by anybody, and never who left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection

from ledger.canonical import canonical_json
from ledger.domain.honours.appeals import AppealOutcome
from ledger.domain.love_bank.accounts import AccountOpened, HolderType
from ledger.domain.love_bank.points import LovePointsReversed
from ledger.domain.privacy.consent import Evidence, Purpose
from ledger.domain.privacy.erasure import ErasureBasis, PersonalDataErased
from ledger.event import HeldFor
from ledger.proposal import Proposal
from ledger.store.connections import connection_string
from ledger.store.contract import StoredEvent
from ledger.store.memory import MemoryStore
from ledger.store.migrations import READER
from ledger.store.postgres import PostgresStore
from ledger.tlog.merkle import leaf_hash
from projections import honours_reading, periods_reading, points_reading
from projections.folding import fold
from projections.honours import PROJECTION as HONOURS
from projections.periods_reading import PeriodRecord
from projections.rankings import PROJECTION as RANKINGS
from projections.rebuild import rebuild
from projections.schema import board_schema, prepare
from tests import privacy_acts
from tests.paper_ledger import PaperLedger
from tests.rating_acts import (
    DIGEST,
    PERIOD,
    PUBLISHED,
    SEALED,
    STANDINGS,
    bank,
    heard,
    issued,
    opened,
    plain_digest,
    points,
    published,
    rescinded,
    sealed,
)
from tests.town import AWARDED_AT, COMMITTEE, COMMITTEE_B, OPENED_AT, TOWN_CLERK, awarding

Read = Callable[[AsyncConnection[Any]], Awaitable[Any]]
Look = Callable[[PaperLedger, Read], Any]


@pytest.fixture
def board(postgres_url: str, postgres_store: PostgresStore, schema: str) -> Look:
    """Shows the views of a ledger on paper, in the public's role, to a function that reads."""
    prepare(postgres_url, schema)

    async def read_with(read: Read) -> Any:
        conninfo = connection_string(postgres_url, board_schema(schema), READER)
        async with await AsyncConnection.connect(conninfo, autocommit=True) as connection:
            return await read(connection)

    def look(paper: PaperLedger, read: Read) -> Any:
        store = MemoryStore()
        store.events = [
            StoredEvent(one.position, one.kind, one.tags, record, leaf_hash(record))
            for one, record in zip(paper.history, paper.records, strict=True)
        ]
        rebuild(store, postgres_url, schema)
        return asyncio.run(read_with(read))

    return look


def agreed(kind: str, purpose: Purpose, account: str) -> Proposal:
    return privacy_acts.done(
        kind, COMMITTEE, f"account:{account}", purpose=purpose, evidence=Evidence.WINDOW
    )


def shown(board: Look, paper: PaperLedger) -> PeriodRecord:
    record: PeriodRecord = board(paper, lambda one: periods_reading.period(one, PERIOD))
    return record


def lines(record: PeriodRecord) -> list[tuple[int, str | None, int | None]]:
    return [(line.place, line.account, line.points) for line in record.standings]


def test_standings_are_shown_as_sealed_and_come_to_their_digest(board: Look) -> None:
    record = shown(board, bank(opened(), sealed()))

    assert lines(record) == STANDINGS
    assert record.period is not None
    assert record.computed_digest == record.period.digest == DIGEST
    assert record.period.stage == "sealed"
    assert str(record.period.last_day_of_appeal) == "2026-03-08"


def test_points_that_change_after_the_sealing_are_shown_beside_it(board: Look) -> None:
    back = LovePointsReversed(
        award="award-account-1",
        account="account-1",
        points=7,
        awarded_on=AWARDED_AT.date(),
        reason="误记",
    )
    paper = bank(opened(), sealed(), Proposal(back, COMMITTEE_B))
    paper.accept(
        *awarding("award-late", "account-2", 5, "deed-late"),
        *awarding("award-5", "account-4", 5, "deed-5"),
    )

    record = shown(board, paper)

    assert lines(record) == STANDINGS
    assert [line.changed for line in record.standings] == [-7, 0, 5]
    assert record.computed_digest == DIGEST


def test_who_leaves_the_rankings_is_shown_no_more_and_the_digest_still_comes_out(
    board: Look,
) -> None:
    paper = bank(opened(), sealed())
    paper.accept(agreed("consent_withdrawn", Purpose.TAKE_PART_IN_RANKING, "account-1"))

    record = shown(board, paper)

    assert lines(record) == [(1, None, None), *STANDINGS[1:]]
    assert record.computed_digest == DIGEST


def test_whose_data_are_erased_piece_by_piece_is_shown_no_more(board: Look) -> None:
    paper = bank(opened(), sealed())
    for purpose in HeldFor:
        erased = PersonalDataErased(
            subject="account:account-1",
            basis=ErasureBasis.REQUEST,
            legal_reference="个人信息保护法第四十七条",
            purposes=(purpose,),
        )
        paper.accept(Proposal(erased, TOWN_CLERK))

    record = shown(board, paper)

    assert lines(record) == [(1, None, None), *STANDINGS[1:]]
    assert record.computed_digest == DIGEST
    running = board(paper, lambda one: points_reading.rankings(one, holder_type="person"))
    assert [one.account for one in running.ranked] == ["account-3", "account-2"]
    paper.accept(heard(AppealOutcome.UPHELD))
    anew = plain_digest(PERIOD, [(1, "account-3", 7), (2, "account-2", 3)])
    paper.accept(sealed(anew, at=SEALED + timedelta(days=2)))
    assert shown(board, paper).computed_digest == anew


def test_who_joins_the_rankings_after_the_sealing_is_not_in_it(board: Look) -> None:
    paper = bank(opened(), sealed())
    paper.accept(agreed("consent_given", Purpose.TAKE_PART_IN_RANKING, "account-4"))

    assert lines(shown(board, paper)) == STANDINGS


def test_a_period_says_how_far_it_is(board: Look) -> None:
    paper, stages = bank(opened()), []
    for proposal in (
        sealed(), heard(AppealOutcome.UNDER_EXAMINATION), heard(), published(),
        heard(AppealOutcome.UPHELD, appeal="appeal-2", at=PUBLISHED), sealed(at=PUBLISHED),
    ):  # fmt: skip
        stages.append(shown(board, paper).period.stage)  # type: ignore[union-attr]
        paper.accept(proposal)

    record = shown(board, paper)

    assert stages == ["opened", "sealed", "appealed", "sealed", "published", "to_be_resealed"]
    assert record.period is not None
    assert (record.period.stage, record.period.sealings) == ("sealed", 2)
    assert [(one.outcome, one.heard_by) for one in record.appeals] == [
        ("dismissed", "government"),
        ("upheld", "government"),
    ]


def test_periods_are_read_page_by_page_newest_first(board: Look) -> None:
    paper = bank(opened(), opened(period="period-2"), opened(period="period-3"))

    async def pages(connection: AsyncConnection[Any]) -> list[list[str]]:
        found, before = [], None
        while True:
            page = await periods_reading.periods(connection, before=before, limit=2)
            found.append([one.period for one in page.periods])
            before = page.next
            if before is None:
                return found

    assert board(paper, pages) == [["period-3", "period-2"], ["period-1"]]


def test_a_department_is_in_no_running_ranking_whatever_it_agreed_to(board: Look) -> None:
    units = [
        AccountOpened(
            account=f"of-{unit}", holder_type=HolderType.UNIT, unit=unit, ranking_opt_in=True
        )
        for unit in ("unit-1", "dept-water")
    ]
    paper = bank(*(Proposal(one, COMMITTEE, OPENED_AT) for one in units))
    paper.accept(*points({"of-unit-1": 1, "of-dept-water": 9}))
    paper.accept(agreed("consent_withdrawn", Purpose.TAKE_PART_IN_RANKING, "of-dept-water"))
    paper.accept(agreed("consent_given", Purpose.TAKE_PART_IN_RANKING, "of-dept-water"))

    found = board(paper, lambda one: points_reading.rankings(one, holder_type="unit"))

    assert [one.account for one in found.ranked] == ["of-unit-1"]


# Honours


def test_a_commendation_shows_units_and_who_agrees_to_be_named(board: Look) -> None:
    paper = bank(issued(accounts=("account-1", "account-2")))
    paper.accept(agreed("consent_withdrawn", Purpose.SHOW_MASKED_NAME, "account-2"))

    record = board(paper, lambda one: honours_reading.honour(one, "commendation-1"))

    assert record.commendation.units == ["unit-1"]
    assert [one.account for one in record.commended] == ["account-1"]
    assert (record.commendation.accounts, record.unnamed) == (2, 1)
    rows = fold(HONOURS, paper.history).rows
    assert {key for (key,) in rows["honoured_account"]} == {"account-1"}


@pytest.mark.parametrize("erases", [(HeldFor.IDENTITY,), ()])
def test_whose_name_is_erased_is_commended_without_it(
    board: Look, erases: tuple[HeldFor, ...]
) -> None:
    erased = PersonalDataErased(
        subject="account:account-1",
        basis=ErasureBasis.REQUEST,
        legal_reference="个人信息保护法第四十七条",
        purposes=erases,
    )
    paper = bank(issued(), Proposal(erased, TOWN_CLERK))

    record = board(paper, lambda one: honours_reading.honour(one, "commendation-1"))

    assert record.commended == ()
    assert record.unnamed == 1


def test_a_rescinded_commendation_stays_on_the_record(board: Look) -> None:
    paper = bank(issued(), rescinded())

    page = board(paper, honours_reading.honours)

    (one,) = page.commendations
    assert one.is_rescinded
    assert (one.rescinded_for, one.rescinded_by) == ("obtained_by_falsehood", "government")
    assert one.rescission_position == len(paper.history)


def test_a_sealing_counts_for_nothing_in_the_running_ranking() -> None:
    before = fold(RANKINGS, bank(opened()).history).rows["points_standing"]
    after = fold(RANKINGS, bank(opened(), sealed(), published()).history).rows["points_standing"]

    assert before == after


def test_an_award_from_before_the_rolls_brings_nobody_into_standings(board: Look) -> None:
    """Records from before awards joined the roll of their month stay as they are: nobody is left
    out of the view whom a sealing would count, and nobody is in it whom it would not."""
    old = bank()
    for number, stored in enumerate(old.records):
        envelope = json.loads(stored)
        envelope["tags"] = [tag for tag in envelope["tags"] if not tag.startswith("earnings:")]
        old.records[number] = canonical_json(envelope)
        old.history[number] = old.history[number]._replace(tags=tuple(envelope["tags"]))
    for tag in [tag for tag in old.states if tag.startswith("earnings:")]:
        del old.states[tag]
    digest = plain_digest(PERIOD, [(1, "account-2", 8)])

    old.accept(*awarding("award-new", "account-2", 5, "deed-new"), opened(), sealed(digest))

    record = shown(board, old)
    assert lines(record) == [(1, "account-2", 8)]
    assert record.computed_digest == digest
