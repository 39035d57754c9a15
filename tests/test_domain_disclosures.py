"""Disclosures: only what somebody else has reviewed goes out, and what went out is fixed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.disclosure.disclosures import (
    DisclosurePrepared,
    Regime,
    months_of,
    over_on,
)
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.disclosure_acts import (
    AS_OF,
    COMMITTEE_2,
    DISCLOSURE,
    LATER,
    PREPARED,
    TOWN_CLERK_B,
    corrected,
    digest,
    disclosing,
    figures,
    objected,
    of_community,
    out,
    prepared,
    published,
    reviewed,
    second_draft,
    state,
    withdrawn,
)
from tests.request_acts import refused
from tests.town import COMMITTEE, COMMITTEE_B, FOUNDER, SECRETARY, TOWN_CLERK


def test_reviewed_figures_are_published_and_fixed() -> None:
    paper = disclosing(*out())

    found = state(paper)
    assert found.published == prepared().event.fixed  # type: ignore[attr-defined]
    assert found.draft is None
    assert found.hands == {TOWN_CLERK.principal, TOWN_CLERK_B.principal}


def test_nothing_goes_out_that_was_not_reviewed() -> None:
    paper = disclosing(prepared())

    assert isinstance(refused(paper, published(), "not_reviewed", "disclosure"), WrongState)


def test_nobody_reviews_what_they_prepared() -> None:
    paper = disclosing(prepared())

    assert isinstance(refused(paper, reviewed(TOWN_CLERK), "own_preparation"), Forbidden)


@pytest.mark.parametrize("cleared", [(False, True), (True, False), (False, False)])
def test_what_is_not_cleared_of_both_is_sent_back(cleared: tuple[bool, bool]) -> None:
    review = reviewed(confidentiality_cleared=cleared[0], privacy_cleared=cleared[1])
    paper = disclosing(prepared(), review)

    refused(paper, published(), "sent_back", "disclosure")
    refused(paper, reviewed(), "nothing_to_review", "disclosure")

    paper.accept(prepared(**figures("second")), reviewed(), published(**figures("second")))
    assert state(paper).published is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("period", "2026-01"),
        ("as_of", AS_OF + timedelta(hours=1)),
        ("size", 4),
        ("root", digest("another")),
        ("project", figures("second")["project"]),
        ("process", figures("second")["process"]),
        ("evaluation", figures("second")["evaluation"]),
    ],
)
def test_only_what_was_reviewed_is_published(field: str, value: Any) -> None:
    paper = disclosing(prepared(), reviewed())

    refusal = refused(paper, published(**{field: value}), "not_as_reviewed", field)

    assert isinstance(refusal, Unacceptable)


def test_what_waits_is_not_prepared_over() -> None:
    paper = disclosing(prepared())
    refused(paper, prepared(), "prepared_already", "disclosure")
    paper.accept(reviewed())

    refused(paper, prepared(), "prepared_already", "disclosure")


def test_another_disclosure_takes_another_id() -> None:
    paper = disclosing(*out())

    other = prepared(period="2026-01", formed_on=date(2026, 2, 2))
    assert isinstance(refused(paper, other, "disclosure_exists", "disclosure"), WrongState)


def test_what_is_fixed_is_not_published_again() -> None:
    paper = disclosing(*out(), *second_draft())

    again = published(at=LATER, **figures("second"))
    refused(paper, again, "published_already", "disclosure")


def test_nothing_follows_on_a_withdrawal() -> None:
    paper = disclosing(*out(), withdrawn(at=LATER))

    for act in (
        prepared(at=LATER), reviewed(at=LATER), published(at=LATER), corrected(), withdrawn(),
        objected(),
    ):  # fmt: skip
        refused(paper, act, "withdrawn", "disclosure")


def test_an_act_does_not_precede_what_it_follows() -> None:
    paper = disclosing(prepared(), reviewed())

    early = published(at=PREPARED - timedelta(hours=1))
    refused(paper, early, "precedes_what_it_follows", "occurred_at")


def test_each_act_is_on_a_disclosure_that_was_prepared() -> None:
    paper = disclosing()

    for act in (reviewed(), published(), corrected(), withdrawn(), objected()):
        refusal = refused(paper, act, "unknown_disclosure", "disclosure")
        assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize(
    ("actor", "regime", "own"),
    [
        (TOWN_CLERK, Regime.PARTY_AFFAIRS, Regime.GOVERNMENT_INFORMATION),
        (FOUNDER, Regime.GOVERNMENT_INFORMATION, Regime.PARTY_AFFAIRS),
        (SECRETARY, Regime.RESIDENTS_AFFAIRS, Regime.PARTY_AFFAIRS),
        (COMMITTEE, Regime.PARTY_AFFAIRS, Regime.RESIDENTS_AFFAIRS),
    ],
)
def test_a_body_discloses_under_its_own_regime(actor: Any, regime: Regime, own: Regime) -> None:
    paper = disclosing()

    of = "committee-1" if actor in (SECRETARY, COMMITTEE) else None
    wrong = prepared(actor, regime=regime, community=of)
    assert refused(paper, wrong, "another_bodys_regime", "regime").accepted == own
    paper.accept(prepared(actor, regime=own, community=of))


def test_a_community_discloses_its_own_part() -> None:
    paper = disclosing()

    refused(paper, of_community(community=None), "whole_town", "community")
    refused(paper, of_community(community="committee-2"), "foreign_community", "community")
    refused(paper, of_community(community="nobody"), "unknown_organisation", "community")
    refused(paper, of_community(community="dept-water"), "wrong_organisation_type", "community")
    paper.accept(of_community(), reviewed(COMMITTEE_B), published(COMMITTEE))

    assert state(paper).community == "committee-1"


def test_the_town_may_review_for_a_community_and_no_other_body_acts_for_one() -> None:
    paper = disclosing(of_community())

    refused(paper, reviewed(COMMITTEE_2), "another_bodys_disclosure")
    paper.accept(reviewed(TOWN_CLERK))
    refused(paper, published(TOWN_CLERK), "another_bodys_disclosure")
    paper.accept(published(COMMITTEE))


def test_only_the_discloser_prepares_it_anew() -> None:
    paper = disclosing(of_community(), reviewed(COMMITTEE_B, privacy_cleared=False))

    by_branch = of_community(SECRETARY, regime=Regime.RESIDENTS_AFFAIRS)
    refused(paper, by_branch, "another_bodys_disclosure")


@pytest.mark.parametrize(
    "as_of", [AS_OF - timedelta(microseconds=1), datetime(2026, 5, 1, tzinfo=UTC)]
)
def test_figures_are_of_a_time_after_the_period_and_not_to_come(as_of: datetime) -> None:
    refused(disclosing(), prepared(as_of=as_of), "period_not_over", "as_of")


@pytest.mark.parametrize("formed_on", [date(2026, 2, 28), date(2026, 3, 3)])
def test_they_are_formed_after_the_period_and_not_later_than_today(formed_on: date) -> None:
    refused(disclosing(), prepared(formed_on=formed_on), "formed_out_of_time", "formed_on")


def test_figures_are_of_events_that_are_in_the_log() -> None:
    paper = disclosing()
    size = len(paper.records)

    refusal = refused(paper, prepared(size=size + 1), "beyond_the_log", "size")

    assert refusal.accepted == f"a size up to {size}"
    paper.accept(prepared(size=size))


@pytest.mark.parametrize(
    ("period", "months", "over"),
    [
        ("2026-12", ("2026-12",), date(2027, 1, 1)),
        ("2026-q1", ("2026-01", "2026-02", "2026-03"), date(2026, 4, 1)),
        ("2026-q4", ("2026-10", "2026-11", "2026-12"), date(2027, 1, 1)),
        ("2026", tuple(f"2026-{month:02}" for month in range(1, 13)), date(2027, 1, 1)),
    ],
)
def test_a_period_is_a_month_a_quarter_or_a_year(
    period: str, months: tuple[str, ...], over: date
) -> None:
    assert months_of(period) == months
    assert over_on(period) == over


@given(
    st.lists(st.sampled_from(("prepare", "clear", "send back", "publish", "correct")), max_size=9)
)
def test_nothing_is_shown_but_what_was_reviewed_last(steps: list[str]) -> None:
    """Against a plain model: a draft, whether it is cleared, and what is shown."""
    paper = disclosing()
    draft: str | None = None
    cleared: bool | None = None
    shown: str | None = None
    for number, step in enumerate(steps):
        body = figures(draft or "none")
        match step:
            case "prepare":
                act: Proposal = prepared(at=LATER, **figures(f"draft {number}"))
                allowed = draft is None or cleared is False
            case "clear" | "send back":
                act = reviewed(at=LATER, privacy_cleared=step == "clear")
                allowed = draft is not None and cleared is None
            case "publish":
                act, allowed = published(at=LATER, **body), bool(cleared) and shown is None
            case _:
                act, allowed = corrected(**body, at=LATER), bool(cleared) and shown is not None

        assert (paper.propose(act) is None) == allowed, step
        if not allowed:
            continue
        if step == "prepare":
            draft, cleared = f"draft {number}", None
        elif step in ("clear", "send back"):
            cleared = step == "clear"
        else:
            draft, cleared, shown = None, None, draft
    found = paper.states.get(f"disclosure:{DISCLOSURE}")
    expected = None if shown is None else DisclosurePrepared(
        **dict(prepared(**figures(shown)).event)
    ).fixed  # fmt: skip
    assert (found and found.published) == expected
