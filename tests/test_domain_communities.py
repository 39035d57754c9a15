"""Communities: which bodies are of one, and that none acts in the requests of another."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from ledger.decision import Office, OrganisationType
from ledger.domain.requests.handling import RespondentStated
from ledger.domain.requests.intake import RequestMerged, RequestWithdrawn
from ledger.domain.requests.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.domain.requests.requests import Stage
from ledger.domain.town.organisations import OrganisationAssigned, OrganisationRegistered
from ledger.domain.town.people import AppointmentMade
from ledger.event import Actor, Event
from ledger.proposal import Proposal
from ledger.refusals import Forbidden
from tests.paper_ledger import PaperLedger
from tests.request_acts import (
    CASE,
    CAST,
    COMMITTEE_2,
    REVIEWER_1,
    REVIEWER_2,
    STAGES,
    Cast,
    acts,
    brought_to,
    case,
    dispatch,
    filing,
    may,
    ready_for,
    refused,
    town,
)
from tests.town import COMMITTEE, FOUNDER, HOTLINE, RESIDENT, SECRETARY
from tests.whistle_acts import SECRETARY_2, blown, drafted, whistle_town

OF_HANDLERS = {
    "order_signed",
    "order_return_requested",
    "extension_requested",
    "progress_posted",
    "request_answered",
    "metric_exclusion_requested",
}
OF_COMMUNITIES = sorted(
    kind
    for kind in set(STAGES) - OF_HANDLERS - {"respondent_stated"}
    if may(kind, COMMITTEE_2) or may(kind, REVIEWER_2)
)
DAY = timedelta(days=1)


def first_stage(kind: str) -> Stage:
    return min(STAGES[kind], key=list(Stage).index)


def assigned(organisation: str, community: str, effective_from: datetime | None = None) -> Proposal:
    event = OrganisationAssigned(
        organisation=organisation, community=community, effective_from=effective_from
    )
    return Proposal(event, FOUNDER)


def new_body(actor: Actor, type_: OrganisationType) -> list[Proposal]:
    """A body of a community, of which the actor is a clerk."""
    events: tuple[Event, ...] = (
        OrganisationRegistered(organisation=actor.organisation, type=type_, name="新社区"),
        AppointmentMade(
            principal=actor.principal, organisation=actor.organisation, office=Office(actor.office)
        ),
    )
    return [Proposal(event, FOUNDER) for event in events]


def accepted_by(actor: Actor) -> Proposal:
    return Proposal(acts()["request_accepted"].event, actor)


def rated(actor: Actor) -> Proposal:
    event = ServiceRated(
        target_type=RatingTarget.REQUEST, target=CASE, satisfaction=Satisfaction.SATISFIED
    )
    return Proposal(event, actor)


# What is refused


@pytest.mark.parametrize("kind", OF_COMMUNITIES)
def test_a_body_of_another_community_does_nothing_in_the_case(kind: str) -> None:
    paper = town(*brought_to(first_stage(kind)), *ready_for(kind))
    actor = COMMITTEE_2 if may(kind, COMMITTEE_2) else REVIEWER_2

    refusal = refused(paper, Proposal(acts()[kind].event, actor), "foreign_community", "request")

    assert isinstance(refusal, Forbidden)
    assert "committee-2" in refusal.reason
    assert "committee-1" in refusal.accepted


def test_not_even_one_whose_order_it_is() -> None:
    """It dispatched the request while it was of the community, and is so no more."""
    paper = town(assigned("committee-2", "branch-1"))
    paper.accept(*brought_to(Stage.DISPATCHED, Cast(dispatcher=COMMITTEE_2)))
    paper.accept(*new_body(SECRETARY_2, OrganisationType.COMMUNITY_BRANCH))
    paper.accept(assigned("committee-2", "branch-2"))

    added = Proposal(acts()["co_handler_added"].event, COMMITTEE_2)

    refused(paper, added, "foreign_community", "request")


def test_a_request_is_not_filed_with_another_community() -> None:
    refused(town(), Proposal(filing(), COMMITTEE_2), "foreign_community", "community")


def test_a_request_is_not_merged_into_one_of_another_community() -> None:
    paper = town(*brought_to(Stage.ACCEPTED))
    paper.accept(Proposal(filing(request="request-1", community="committee-2"), HOTLINE))
    merged = RequestMerged(request=CASE, into="request-1")

    refused(paper, Proposal(merged, COMMITTEE), "foreign_community", "into")

    paper.accept(Proposal(merged, HOTLINE))


def test_a_request_is_not_rated_by_another_community() -> None:
    paper = town(*brought_to(Stage.ANSWER_ACCEPTED))

    refused(paper, rated(COMMITTEE_2), "foreign_community", "target")

    paper.accept(rated(COMMITTEE))


def test_nobody_whistles_for_a_request_of_another_community() -> None:
    paper = whistle_town(*brought_to(Stage.ACCEPTED))

    for whistle in (drafted(SECRETARY_2, request=CASE), blown(actor=SECRETARY_2, request=CASE)):
        refused(paper, whistle, "foreign_community", "request")

    paper.accept(blown(actor=SECRETARY_2))


def test_a_general_branch_whistles_for_requests_of_the_community_it_is_assigned_to() -> None:
    actor = Actor("secretary", "general-1", "p-general")
    paper = town(*new_body(actor, OrganisationType.GENERAL_BRANCH), *brought_to(Stage.ACCEPTED))
    whistle = blown(actor=actor, request=CASE)

    refused(paper, whistle, "foreign_community", "request")

    paper.accept(assigned("general-1", "committee-1"), whistle)


# Who is of one community


def test_both_bodies_of_a_community_act_in_its_requests_whichever_it_was_filed_with() -> None:
    cast = Cast(dispatcher=SECRETARY, reviewer=REVIEWER_1)

    for community in ("committee-1", "branch-1"):
        paper = town(*brought_to(Stage.CLEARED, cast, community=community), rated(COMMITTEE))

        assert case(paper).stage is Stage.CLEARED


def test_two_bodies_assigned_to_the_same_are_of_one_community() -> None:
    paper = town(*brought_to(Stage.FILED))
    refused(paper, accepted_by(COMMITTEE_2), "foreign_community", "request")

    paper.accept(assigned("committee-2", "branch-1"))

    paper.accept(accepted_by(COMMITTEE_2))


def test_a_body_is_of_a_community_from_the_date_of_effect_on() -> None:
    paper = town(*brought_to(Stage.FILED))
    paper.accept(assigned("committee-2", "branch-1", paper.at + DAY))

    refused(paper, accepted_by(COMMITTEE_2), "foreign_community", "request")

    paper.at += DAY
    paper.accept(accepted_by(COMMITTEE_2))


def test_a_body_that_has_gone_to_another_community_is_of_the_former_no_more() -> None:
    paper = town(*new_body(SECRETARY_2, OrganisationType.COMMUNITY_BRANCH))
    paper.accept(*brought_to(Stage.FILED), assigned("committee-1", "branch-2"))

    refused(paper, accepted_by(SECRETARY), "foreign_community", "request")

    paper.accept(accepted_by(SECRETARY_2))


# Whom it does not concern


def handled_by_another_community() -> PaperLedger:
    return town(*brought_to(Stage.ACCEPTED), dispatch("committee-2"))


@pytest.mark.parametrize("kind", sorted(OF_HANDLERS))
def test_whoever_was_given_the_request_handles_it_of_whichever_community(kind: str) -> None:
    paper = handled_by_another_community()

    paper.accept(Proposal(acts()[kind].event, COMMITTEE_2))


def test_who_handles_it_for_another_community_does_nothing_else_in_it() -> None:
    cast = CAST._replace(lead=COMMITTEE_2)
    paper = town(*brought_to(Stage.ANSWER_ACCEPTED, cast))

    cleared = Proposal(acts()["request_cleared"].event, COMMITTEE_2)

    refused(paper, cleared, "foreign_community", "request")


def test_the_one_complained_about_says_its_side_to_any_community() -> None:
    paper = town(*brought_to(Stage.ACCEPTED, against="committee-2"))

    paper.accept(Proposal(RespondentStated(request=CASE, statement="并无此事"), COMMITTEE_2))


def test_residents_ask_any_community_through_the_channel_of_any() -> None:
    channel = RESIDENT._replace(organisation="committee-2")
    paper = town(Proposal(filing(), channel))

    paper.accept(Proposal(RequestWithdrawn(request=CASE), channel))

    assert case(paper).community == "committee-1"


@pytest.mark.parametrize("kind", OF_COMMUNITIES)
def test_the_hotline_acts_for_every_community(kind: str) -> None:
    of: dict[str, Any] = {"community": "committee-2"}

    paper = town(*brought_to(first_stage(kind), **of), *ready_for(kind, **of), acts()[kind])

    assert case(paper).community == "committee-2"
