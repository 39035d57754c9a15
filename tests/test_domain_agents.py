"""Agents: what a resident entrusts, who sees to it, how far they may go, and how it ends."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.requests.ratings import PoorRatingVerified, RatingTarget
from ledger.domain.services.agents import AgentStep, Entrustment, MatterStage
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.agents_acts import (
    AGENT,
    AGENT_B,
    EXPIRES_ON,
    MATTER,
    appointed,
    assigned,
    completed,
    entrusted,
    rated,
    revoked,
    serving,
    step,
)
from tests.bank_acts import claiming, earlier
from tests.paper_ledger import PaperLedger
from tests.privacy_acts import done
from tests.request_acts import COMMITTEE_2, STRANGER, on, refused
from tests.strategies import examples
from tests.town import COMMITTEE, HOTLINE, RESIDENT, SECRETARY, WATER


def matter(paper: PaperLedger) -> Entrustment:
    found: Entrustment = paper.states[f"entrustment:{MATTER}"]
    return found


def test_a_matter_goes_from_its_entrustment_to_being_handed_over() -> None:
    paper = serving(entrusted(RESIDENT))
    assert matter(paper).stage is MatterStage.ENTRUSTED

    paper.accept(assigned())
    assert (matter(paper).stage, matter(paper).agent) == (MatterStage.ASSIGNED, "p-agent")
    paper.accept(step(AgentStep.FORM_FILLED), step(), step(), completed())

    assert matter(paper).stage is MatterStage.COMPLETED


@pytest.mark.parametrize("actor", [HOTLINE, WATER, AGENT])
def test_a_matter_is_left_to_the_community_by_the_resident_or_a_clerk_for_them(
    actor: Actor,
) -> None:
    refused(serving(), entrusted(actor), "office_may_not")


def test_a_resident_entrusts_matters_of_their_own() -> None:
    refusal = refused(serving(), entrusted(STRANGER), "not_the_requester", "requester")

    assert isinstance(refusal, Forbidden)


def test_a_clerk_takes_down_no_matter_of_their_own() -> None:
    own = entrusted(requester=COMMITTEE.principal)

    assert isinstance(refused(serving(), own, "serves_oneself", "requester"), Forbidden)


def test_a_matter_is_left_to_a_community() -> None:
    refused(serving(), entrusted(community="hotline"), "wrong_organisation_type", "community")
    refused(serving(), entrusted(COMMITTEE_2), "foreign_community", "community")
    serving(entrusted(SECRETARY))


def test_a_matter_has_an_id_of_its_own() -> None:
    paper = serving(entrusted())

    assert isinstance(refused(paper, entrusted(), "entrustment_exists", "entrustment"), WrongState)


def test_agents_take_no_fee() -> None:
    refusal = refused(serving(), entrusted(fee_fen=1), "fee_charged", "fee_fen")

    assert isinstance(refusal, Unacceptable)
    assert refusal.accepted == "0 fen"


def test_a_scope_has_each_step_once() -> None:
    twice = entrusted(scope=(AgentStep.SUBMITTED, AgentStep.SUBMITTED))

    refused(serving(), twice, "given_twice", "scope")


@pytest.mark.parametrize("day", [date(2026, 3, 1), date(2027, 3, 4)])
def test_an_entrustment_ends_within_a_year_and_not_before_it_begins(day: date) -> None:
    refusal = refused(serving(), entrusted(expires_on=day), "no_such_term", "expires_on")

    assert isinstance(refusal, Unacceptable)
    assert refusal.accepted == "a day from 2026-03-02 to 2027-03-03"


@pytest.mark.parametrize("day", [date(2026, 3, 2), date(2027, 3, 3)])
def test_an_entrustment_may_end_today_or_in_366_days(day: date) -> None:
    serving(entrusted(expires_on=day))


# Agents


def test_a_matter_is_given_to_an_agent_of_the_community() -> None:
    paper = serving(entrusted())

    for nobody in ("p-nobody", COMMITTEE.principal):
        refusal = refused(paper, assigned(nobody), "no_such_agent", "agent")
        assert isinstance(refusal, UnknownReference)


def test_nobody_is_the_agent_of_their_own_matter() -> None:
    paper = serving(entrusted(requester=AGENT.principal))

    assert isinstance(refused(paper, assigned(), "own_agent", "agent"), Forbidden)
    paper.accept(assigned(AGENT_B.principal))


def test_a_body_of_another_community_assigns_nobody() -> None:
    paper = serving(entrusted())

    refused(paper, assigned(actor=COMMITTEE_2), "foreign_community", "entrustment")


def test_another_agent_may_take_over_and_the_first_has_no_more_to_do_with_it() -> None:
    paper = serving(entrusted(), assigned(), step())
    refused(paper, assigned(), "already_assigned", "agent")

    paper.accept(assigned(AGENT_B.principal))

    assert matter(paper).stage is MatterStage.IN_HAND
    assert isinstance(refused(paper, step(), "not_the_agent"), Forbidden)
    refused(paper, completed(), "not_the_agent")
    paper.accept(completed(AGENT_B))
    assert matter(paper).agents == {AGENT.principal, AGENT_B.principal}


def test_what_was_not_entrusted_is_nobodys() -> None:
    for act in (assigned(), step(), completed(), revoked()):
        refused(serving(), act, "unknown_entrustment", "entrustment")


def test_no_step_is_taken_before_somebody_is_assigned() -> None:
    refused(serving(entrusted()), step(), "wrong_stage_of_matter", "entrustment")


# Scope, term and revocation


def test_an_agent_does_what_was_entrusted_and_nothing_else() -> None:
    paper = serving(entrusted(), assigned())

    refusal = refused(paper, step(AgentStep.COLLECTED), "outside_the_scope", "step")

    assert isinstance(refusal, Forbidden)
    assert refusal.accepted == "form_filled or submitted"


def test_nothing_is_done_after_the_entrustment_expired_but_the_result_is_handed_over() -> None:
    paper = serving(entrusted(), assigned())
    paper.at = on(3, 31, 23, 59)
    paper.accept(step())
    paper.at = on(4, 1, 0)

    assert isinstance(refused(paper, step(), "entrustment_expired", "entrustment"), WrongState)
    refused(paper, assigned(AGENT_B.principal), "entrustment_expired", "entrustment")
    paper.accept(completed())


def test_what_was_done_in_time_may_be_entered_later() -> None:
    paper = serving(entrusted(), assigned())
    paper.at = on(4, 2, 9)

    paper.accept(claiming(step(), on(3, 31, 17)))

    assert matter(paper).expires_on == EXPIRES_ON


@pytest.mark.parametrize("actor", [RESIDENT, COMMITTEE, SECRETARY])
def test_nothing_is_done_after_the_entrustment_was_revoked(actor: Actor) -> None:
    paper = serving(entrusted(), assigned(), step(), revoked(actor))

    for act in (step(), completed(), assigned(AGENT_B.principal), revoked()):
        refused(paper, act, "wrong_stage_of_matter", "entrustment")


def test_a_stranger_revokes_nothing() -> None:
    paper = serving(entrusted(), appointed(Actor("clerk_b", "committee-1", "p-other")))

    refused(paper, revoked(STRANGER), "not_the_requester", "entrustment")
    refused(paper, revoked(COMMITTEE_2), "foreign_community", "entrustment")


def test_a_matter_is_complete_once_something_was_done() -> None:
    paper = serving(entrusted(), assigned())

    assert isinstance(refused(paper, completed(), "no_step_taken", "entrustment"), WrongState)


def test_no_act_precedes_the_one_before() -> None:
    paper = serving(entrusted(), assigned())
    paper.at += timedelta(hours=1)
    early = earlier(step(), paper, hours=2)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


def test_data_of_a_matter_is_for_its_resident_and_the_bodies_of_its_community() -> None:
    paper = serving(entrusted())
    subject = f"entrustment:{MATTER}"

    foreign = done("consent_given", COMMITTEE_2, subject)
    refused(paper, foreign, "foreign_community", "subject")
    refused(paper, done("consent_given", STRANGER, subject), "not_the_subject", "subject")
    paper.accept(done("consent_given", COMMITTEE, subject))


# Ratings


@pytest.mark.parametrize("actor", [RESIDENT, COMMITTEE, HOTLINE])
def test_a_matter_is_rated_once_by_its_resident_or_on_their_word(actor: Actor) -> None:
    paper = serving(entrusted(), assigned(), step())
    rating = rated(RatingTarget.AGENT, MATTER, actor)
    assert isinstance(refused(paper, rating, "not_over", "target"), WrongState)
    paper.accept(completed(), rating)

    again = rated(RatingTarget.AGENT, MATTER)

    assert isinstance(refused(paper, again, "already_rated", "target"), WrongState)


def test_no_stranger_no_agent_and_no_other_community_rates_a_matter() -> None:
    clerk = Actor("clerk_b", "committee-1", AGENT.principal)
    paper = serving(entrusted(), assigned(), step(), completed(), appointed(clerk))

    for actor, rule in (
        (STRANGER, "not_the_requester"),
        (clerk, "agent_rates"),
        (COMMITTEE_2, "foreign_community"),
    ):
        refusal = paper.propose(rated(RatingTarget.AGENT, MATTER, actor))
        assert refusal is not None
        assert (refusal.rule, refusal.field) == (rule, "target")
    refused(paper, rated(RatingTarget.AGENT, MATTER, clerk), "agent_rates", "target")
    nothing = rated(RatingTarget.AGENT, "entrustment-x")
    assert isinstance(refused(paper, nothing, "unknown_service", "target"), UnknownReference)


def test_a_rating_does_not_precede_the_end_of_the_matter() -> None:
    paper = serving(entrusted(), assigned(), step(), completed())
    early = earlier(rated(RatingTarget.AGENT, MATTER), paper, minutes=1)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


def test_a_rating_of_a_service_stands_as_it_was_given() -> None:
    paper = serving(entrusted(), assigned(), step(), completed())
    of: dict[str, Any] = {"target_type": RatingTarget.AGENT, "target": MATTER}

    verified = Proposal(PoorRatingVerified(**of, founded=True), HOTLINE)

    assert isinstance(refused(paper, verified, "rated_once", "target_type"), Unacceptable)


ACTS = ("assign", "assign_b", "fill", "collect", "complete", "complete_b", "revoke", "wait")


@examples(60)
@given(st.lists(st.sampled_from(ACTS), max_size=12))
def test_a_matter_allows_what_a_plain_model_of_it_allows(acts: list[str]) -> None:
    paper = serving(entrusted())
    agent, has_step, is_over, is_late = "", False, False, False

    for act in acts:
        if act == "wait":
            paper.at, is_late = max(paper.at, on(4, 1, 0)), True
            continue
        proposal, allowed = {
            "assign": (assigned(), agent != "a" and not is_late),
            "assign_b": (assigned(AGENT_B.principal), agent != "b" and not is_late),
            "fill": (step(AgentStep.FORM_FILLED), agent == "a" and not is_late),
            "collect": (step(AgentStep.COLLECTED), False),
            "complete": (completed(), agent == "a" and has_step),
            "complete_b": (completed(AGENT_B), agent == "b" and has_step),
            "revoke": (revoked(), True),
        }[act]
        assert (paper.propose(proposal) is None) == (allowed and not is_over), act
        if allowed and not is_over:
            agent = {"assign": "a", "assign_b": "b"}.get(act, agent)
            has_step = has_step or act == "fill"
            is_over = act in ("complete", "complete_b", "revoke")
