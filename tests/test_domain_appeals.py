"""Appeals: raised in time by whom it concerns, heard by others, and a new sealing if upheld."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ledger.decision import Office
from ledger.domain.honours.appeals import AppealOutcome
from ledger.domain.love_bank.accounts import AccountOpened, HolderType
from ledger.domain.town.people import AppointmentMade
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, WrongState
from tests.rating_acts import (
    AGAIN,
    HEARD,
    MEMBER,
    PERIOD,
    PUBLISHED,
    SEALED,
    bank,
    heard,
    opened,
    plain_digest,
    published,
    sealed,
    state,
    taken_back,
)
from tests.request_acts import refused
from tests.town import (
    COMMITTEE,
    COUNTY,
    FOUNDER,
    OPENED_AT,
    TOWN_CLERK,
    awarding,
)

UNDER_EXAMINATION, UPHELD = AppealOutcome.UNDER_EXAMINATION, AppealOutcome.UPHELD


def test_an_appeal_that_is_dismissed_hinders_nothing() -> None:
    paper = bank(opened(), sealed(), heard(UNDER_EXAMINATION), heard(), published())

    assert state(paper).open_appeals == frozenset()
    assert state(paper).is_published


def test_nothing_is_published_while_an_appeal_is_examined() -> None:
    paper = bank(opened(), sealed(), heard(UNDER_EXAMINATION))

    refusal = refused(paper, published(), "appeal_open", "period")

    assert isinstance(refusal, WrongState)


def test_an_appeal_that_is_upheld_demands_a_new_sealing() -> None:
    paper = bank(opened(), sealed(), heard(UPHELD))
    refused(paper, published(), "appeal_upheld", "period")

    paper.accept(*awarding("award-late", "account-2", 5, "deed-late"))
    anew = plain_digest(PERIOD, [(1, "account-2", 8), (2, "account-1", 7), (2, "account-3", 7)])
    paper.accept(sealed(anew, at=AGAIN))

    refused(paper, published(), "not_the_sealed_standings", "digest")
    refused(paper, published(anew), "appeal_days_not_over", "period")
    paper.accept(published(anew, at=PUBLISHED + timedelta(days=3)))


def test_the_same_standings_may_be_sealed_anew_once_an_appeal_was_upheld() -> None:
    paper = bank(opened(), sealed(), published(), heard(UPHELD, at=PUBLISHED))

    paper.accept(sealed(at=PUBLISHED))

    assert not state(paper).is_published


def test_an_appeal_follows_a_sealing() -> None:
    refusal = refused(bank(opened()), heard(), "not_sealed", "period")

    assert isinstance(refusal, WrongState)
    early = heard(at=SEALED - timedelta(hours=1))
    refused(bank(opened(), sealed()), early, "precedes_what_it_follows", "occurred_at")


@pytest.mark.parametrize("day", [date(2026, 2, 28), date(2026, 3, 3), date(2026, 3, 9)])
def test_an_appeal_is_raised_within_its_days_and_before_it_is_heard(day: date) -> None:
    paper = bank(opened(), sealed())
    proposal = heard(raised_on=day, at=HEARD if day.day == 3 else PUBLISHED)

    refusal = refused(paper, proposal, "appeal_out_of_time", "raised_on")

    assert isinstance(refusal, Unacceptable)
    paper.accept(heard(raised_on=date(2026, 3, 8), at=PUBLISHED))


def test_an_appeal_comes_from_whom_the_ranking_concerns() -> None:
    paper = bank(opened(), sealed())
    other = AccountOpened(account="account-9", holder_type=HolderType.PERSON)
    paper.accept(Proposal(other, MEMBER, OPENED_AT))

    for account in ("house-1", "account-9"):
        refusal = refused(paper, heard(account=account), "not_concerned", "account")
        assert isinstance(refusal, Unacceptable)
    refused(paper, heard(account="account-x"), "unknown_account", "account")
    paper.accept(heard(account="account-4"))


def test_whoever_sealed_hears_no_appeal_nor_does_their_body() -> None:
    paper = bank(opened(TOWN_CLERK), sealed(actor=TOWN_CLERK))

    refusal = refused(paper, heard(), "own_sealing")

    assert isinstance(refusal, Forbidden)
    paper.accept(heard(actor=COUNTY))


def test_whoever_sealed_hears_no_appeal_for_another_body_either() -> None:
    for_county = Actor("clerk_b", "county", TOWN_CLERK.principal)
    appointed = AppointmentMade(
        principal=TOWN_CLERK.principal, organisation="county", office=Office.CLERK_B
    )
    paper = bank(Proposal(appointed, FOUNDER), opened(TOWN_CLERK), sealed(actor=TOWN_CLERK))

    refused(paper, heard(actor=for_county), "own_sealing")


def test_nobody_hears_an_appeal_of_their_own_or_of_their_household() -> None:
    own = AccountOpened(
        account="account-9",
        holder_type=HolderType.PERSON,
        household_principals=(TOWN_CLERK.principal,),
    )
    paper = bank(opened(), sealed(), Proposal(own, COMMITTEE, OPENED_AT))

    refusal = refused(paper, heard(account="account-9"), "own_appeal")

    assert isinstance(refusal, Forbidden)
    paper.accept(heard(actor=COUNTY, account="account-9"))


def test_nobody_hears_an_appeal_of_their_own_unit() -> None:
    of_county = AccountOpened(account="unit-account", holder_type=HolderType.UNIT, unit="county")
    units: dict[str, Any] = {"holder_type": HolderType.UNIT}
    none = plain_digest(PERIOD, [], holder_type="unit")
    paper = bank(Proposal(of_county, COMMITTEE, OPENED_AT), opened(**units), sealed(none))

    refused(paper, heard(actor=COUNTY, account="unit-account"), "own_appeal")
    paper.accept(heard(account="unit-account"))


def test_an_appeal_is_taken_up_once_and_ruled_on_once() -> None:
    paper = bank(opened(), sealed(), heard(UNDER_EXAMINATION))

    refused(paper, heard(UNDER_EXAMINATION), "under_examination_already", "outcome")
    for change in ({"account": "account-1"}, {"raised_on": date(2026, 3, 2)}):
        refused(paper, heard(**change), "appeal_exists", "appeal")
    early = heard(at=HEARD - timedelta(hours=1))
    refused(paper, early, "precedes_what_it_follows", "occurred_at")
    paper.accept(heard())
    refused(paper, heard(), "appeal_exists", "appeal")


def test_an_appeal_may_be_ruled_on_after_a_new_sealing() -> None:
    paper = bank(opened(), sealed(), heard(UNDER_EXAMINATION), taken_back("account-1", 7))
    paper.accept(sealed(plain_digest(PERIOD, [(1, "account-3", 7), (2, "account-2", 3)]), at=AGAIN))

    paper.accept(heard(UPHELD, at=AGAIN))

    assert state(paper).upheld_appeals == {"appeal-1"}
