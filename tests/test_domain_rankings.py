"""Periods are ranked whole, sealed by digest, heard on appeal by others, and published so."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.decision import OrganisationType
from ledger.domain.honours import rankings
from ledger.domain.love_bank.accounts import AccountOpened, HolderType
from ledger.domain.privacy.consent import Evidence, Purpose
from ledger.domain.town.organisations import OrganisationRegistered
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests import privacy_acts
from tests.rating_acts import (
    AGAIN,
    DIGEST,
    MEMBER,
    PERIOD,
    PUBLISHED,
    SEALED,
    STANDINGS,
    Points,
    bank,
    heard,
    opened,
    plain_digest,
    plain_standings,
    points,
    published,
    sealed,
    state,
    taken_back,
)
from tests.request_acts import refused
from tests.strategies import examples
from tests.town import (
    COMMITTEE,
    FOUNDER,
    OPENED_AT,
    TOWN_CLERK,
)


def withdrawn(account: str) -> Proposal:
    return privacy_acts.done(
        "consent_withdrawn",
        COMMITTEE,
        f"account:{account}",
        purpose=Purpose.TAKE_PART_IN_RANKING,
        evidence=Evidence.WINDOW,
    )


def test_a_period_is_opened_sealed_and_published() -> None:
    paper = bank(opened(), sealed(), published())

    assert state(paper).is_published
    assert state(paper).sealing is not None
    assert state(paper).sealing.digest == DIGEST  # type: ignore[union-attr]


# Sealing


def test_other_standings_are_refused_and_told_the_digest_of_the_right_ones() -> None:
    refusal = refused(bank(opened()), sealed("0" * 64), "not_the_standings", "digest")

    assert isinstance(refusal, Unacceptable)
    assert refusal.accepted == DIGEST


def test_only_what_was_opened_is_sealed_published_and_appealed_against() -> None:
    for proposal in (sealed(), published(), heard()):
        refusal = refused(bank(), proposal, "unknown_period", "period")
        assert isinstance(refusal, UnknownReference)


def test_nothing_is_sealed_while_points_are_still_earned() -> None:
    early = sealed(at=SEALED - timedelta(hours=11))

    refusal = refused(bank(opened()), early, "period_not_over", "period")

    assert isinstance(refusal, WrongState)
    assert "2026-03-01" in refusal.accepted


def test_nothing_is_sealed_twice() -> None:
    refusal = refused(bank(opened(), sealed()), sealed(), "sealed_already", "period")

    assert isinstance(refusal, WrongState)
    refused(bank(opened(), sealed()), sealed("0" * 64), "sealed_already", "period")


def test_the_next_sealing_comes_after_the_last() -> None:
    paper = bank(opened(), sealed(at=AGAIN), taken_back("account-1", 7))
    anew = plain_digest(PERIOD, [(1, "account-3", 7), (2, "account-2", 3)])

    refused(paper, sealed(anew), "precedes_what_it_follows", "occurred_at")
    paper.accept(sealed(anew, at=AGAIN))


def test_points_taken_back_before_publication_may_be_sealed_anew() -> None:
    paper = bank(opened(), sealed(), taken_back("account-1", 7))

    paper.accept(sealed(plain_digest(PERIOD, [(1, "account-3", 7), (2, "account-2", 3)]), at=AGAIN))

    assert not state(paper).is_published


def test_published_standings_stay_whatever_is_taken_back_later() -> None:
    paper = bank(opened(), sealed(), published(), taken_back("account-1", 7))
    anew = plain_digest(PERIOD, [(1, "account-3", 7), (2, "account-2", 3)])

    refused(paper, sealed(anew, at=PUBLISHED), "sealed_already", "period")


def test_who_left_the_rankings_or_never_joined_is_in_no_standings() -> None:
    paper = bank(opened(), withdrawn("account-3"))

    paper.accept(sealed(plain_digest(PERIOD, [(1, "account-1", 7), (2, "account-2", 3)])))


def test_points_of_other_months_do_not_count() -> None:
    later: dict[str, Any] = {"first_month": "2026-03", "last_month": "2026-03"}
    paper = bank(opened(**later))

    months = ("2026-03", "2026-03")
    paper.accept(sealed(plain_digest(PERIOD, [], months=months), at=datetime.fromisoformat(
        "2026-04-01T02:00:00+00:00")))  # fmt: skip


def test_each_type_of_holder_is_ranked_among_its_own() -> None:
    paper = bank(opened(holder_type=HolderType.HOUSEHOLD))

    paper.accept(sealed(plain_digest(PERIOD, [(1, "house-1", 2)], holder_type="household")))


def test_the_town_ranks_the_accounts_of_all_communities() -> None:
    other = AccountOpened(account="account-9", holder_type=HolderType.PERSON, ranking_opt_in=True)
    paper = bank(Proposal(other, MEMBER, OPENED_AT), *points({"account-9": 8}))

    paper.accept(opened(TOWN_CLERK, community=None))
    paper.accept(
        sealed(
            plain_digest(PERIOD, [(1, "account-9", 8), (2, "account-1", 7), (2, "account-3", 7),
                                  (4, "account-2", 3)], community=None),
            TOWN_CLERK,
        )
    )  # fmt: skip
    paper.accept(opened(period="period-2"))
    paper.accept(sealed(plain_digest("period-2", STANDINGS), period="period-2"))


@pytest.mark.parametrize(
    ("type_", "is_ranked"),
    [
        (OrganisationType.ENTERPRISE, True),
        (OrganisationType.SOCIAL_ORGANISATION, True),
        (OrganisationType.DEPARTMENT, False),
        (OrganisationType.TOWN_GOVERNMENT, False),
        (OrganisationType.PARTY_SUBGROUP, False),
    ],
)
def test_units_are_ranked_departments_and_the_like_never(
    type_: OrganisationType, is_ranked: bool
) -> None:
    body = OrganisationRegistered(organisation="body-1", type=type_, name="单位")
    account = AccountOpened(
        account="unit-account", holder_type=HolderType.UNIT, unit="body-1", ranking_opt_in=True
    )
    paper = bank(Proposal(body, FOUNDER), Proposal(account, COMMITTEE, OPENED_AT))

    paper.accept(*points({"unit-account": 4}), opened(holder_type=HolderType.UNIT))

    ranked = [(1, "unit-account", 4)] if is_ranked else []
    paper.accept(sealed(plain_digest(PERIOD, ranked, holder_type="unit")))


def test_a_sealing_reads_so_many_accounts_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rankings, "MAX_RANKED", 3)

    refusal = refused(bank(opened()), sealed(), "too_many_accounts", "period")

    assert isinstance(refusal, WrongState)
    monkeypatch.setattr(rankings, "MAX_RANKED", 4)
    bank(opened(), sealed())


# Publication


def test_what_was_not_sealed_is_not_published() -> None:
    refused(bank(opened()), published(), "not_sealed", "period")


def test_standings_are_published_once() -> None:
    paper = bank(opened(), sealed(), published())

    refused(paper, published(), "published_already", "period")


def test_nothing_is_published_before_the_days_to_appeal_are_over() -> None:
    early = published(at=PUBLISHED - timedelta(hours=11))

    refusal = refused(bank(opened(), sealed()), early, "appeal_days_not_over", "period")

    assert isinstance(refusal, WrongState)
    assert "2026-03-09" in refusal.accepted


def test_nobody_publishes_what_they_sealed() -> None:
    paper = bank(opened(), sealed())

    assert isinstance(refused(paper, published(actor=COMMITTEE), "own_sealing"), Forbidden)


# Any points


@examples(25)
@given(
    earned=st.dictionaries(
        st.sampled_from([f"account-{number}" for number in range(1, 5)]), st.integers(1, 20)
    ),
    back=st.sets(st.sampled_from(["account-1", "account-2", "account-3"])),
    left=st.sets(st.sampled_from(["account-1", "account-2", "account-3"])),
    other=st.binary(min_size=32, max_size=32),
)
def test_the_sealed_digest_is_that_of_a_plain_model_and_no_other_is_published(
    earned: Points, back: set[str], left: set[str], other: bytes
) -> None:
    model = {"account-1": 7, "account-2": 3, "account-3": 7}
    paper = bank(opened(), *points(earned, "more-"))
    paper.accept(*(taken_back(one, model[one]) for one in sorted(back)))
    paper.accept(*(withdrawn(one) for one in sorted(left)))

    totals = {
        account: (0 if account in back else points_) + earned.get(account, 0)
        for account, points_ in model.items()
        if account not in left
    }
    digest = plain_digest(PERIOD, plain_standings(totals))

    if other.hex() != digest:
        refused(paper, sealed(other.hex()), "not_the_standings", "digest")
    paper.accept(sealed(digest))
    if other.hex() != digest:
        refused(paper, published(other.hex()), "not_the_sealed_standings", "digest")
    paper.accept(published(digest))
