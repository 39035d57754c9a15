"""Resident requests: each act in its stage, about what this ledger holds; filing and taking in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.catalogue import KINDS
from ledger.domain.requests.intake import (
    Elsewhere,
    RequestAccepted,
    RequestDeclined,
    RequestFiled,
    RequestMerged,
    RequestRedirected,
    RequestWithdrawn,
)
from ledger.domain.requests.requests import RequestEvent, Stage
from ledger.domain.rules.rules import Subject
from ledger.domain.town.organisations import OrganisationDissolved
from ledger.event import Actor
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.paper_ledger import PaperLedger
from tests.request_acts import (
    CASE,
    STAGES,
    STRANGER,
    acts,
    brought_to,
    case,
    filing,
    on,
    pack,
    ready_for,
    refused,
    second,
    town,
)
from tests.town import (
    COMMITTEE,
    FOUNDER,
    HOTLINE,
    RESIDENT,
    SECRETARY,
    accepted,
    all_refused,
    found,
    founding,
    handled,
)

# What all acts have in common


def test_a_request_goes_from_filing_to_clearing(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    accepted(memory_ledger, *handled("request-1"))

    kinds = [event.kind for event in memory_ledger.read(tags=["request:request-1"])]
    assert kinds == [
        "request_filed",
        "request_accepted",
        "request_dispatched",
        "request_answered",
        "answer_accepted",
        "request_cleared",
    ]


def test_a_list_says_which_of_its_acts_broke_a_rule(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    proposals = handled("request-1")
    del proposals[4]  # the acceptance of the answer

    all_refused(memory_ledger, proposals, "wrong_stage", "request", index=4)


def test_every_later_act_is_tried_here() -> None:
    later = {kind for kind, cls in KINDS.items() if issubclass(cls, RequestEvent)}

    assert set(STAGES) == set(acts()) == later


@pytest.mark.parametrize("stage", Stage)
def test_a_case_comes_to_every_stage(stage: Stage) -> None:
    paper = town(*brought_to(stage))

    assert case(paper).stage is stage
    assert case(paper).latest == paper.at


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("kind", sorted(STAGES))
def test_an_act_has_its_stages(kind: str, stage: Stage) -> None:
    paper = town(*brought_to(stage))

    if stage in STAGES[kind]:
        paper.accept(*ready_for(kind), acts()[kind])
    else:
        refusal = refused(paper, acts()[kind], "wrong_stage", "request")
        assert isinstance(refusal, WrongState)
        assert refusal.accepted


@pytest.mark.parametrize("kind", sorted(STAGES))
def test_a_request_of_another_town_is_unknown_here(kind: str) -> None:
    paper = town(*brought_to(Stage.DISPATCHED))

    refusal = refused(paper, acts(request="request-of-x")[kind], "unknown_request", "request")

    assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize("kind", sorted(STAGES))
def test_no_act_precedes_the_one_that_it_follows(kind: str) -> None:
    stage = min(STAGES[kind], key=list(Stage).index)
    paper = town(*brought_to(stage), *ready_for(kind))
    followed = case(paper).filed_at if kind == "metric_exclusion_requested" else paper.at

    early, in_time = acts()[kind], acts()[kind]
    early.occurred_at = followed - timedelta(microseconds=1)
    in_time.occurred_at = followed

    refusal = refused(paper, early, "precedes_what_it_follows", "occurred_at")
    assert isinstance(refusal, Unacceptable)
    paper.accept(in_time)


def test_a_case_may_be_entered_after_it_happened() -> None:
    paper = town()
    acts_of_yesterday = brought_to(Stage.STRUCK_OFF)
    for hour, proposal in enumerate(acts_of_yesterday):
        proposal.occurred_at = on(3, 1, 8) + timedelta(hours=hour)

    paper.accept(*acts_of_yesterday)

    assert case(paper).filed_at == on(3, 1, 8)


def test_acts_of_one_moment_do_not_precede_each_other() -> None:
    paper = town()
    acts_of_a_moment = brought_to(Stage.STRUCK_OFF)
    for proposal in acts_of_a_moment:
        proposal.occurred_at = on(3, 1, 8)

    paper.accept(*acts_of_a_moment)

    assert case(paper).latest == on(3, 1, 8)


@pytest.mark.parametrize("kind", ["request_withdrawn", "request_urged", "closure_disputed"])
def test_residents_act_in_a_case_under_its_random_id(kind: str) -> None:
    paper = town(*brought_to(Stage.CLEARED if kind == "closure_disputed" else Stage.DISPATCHED))

    by_stranger = Proposal(acts()[kind].event, STRANGER)
    by_requester = Proposal(acts()[kind].event, RESIDENT)

    assert isinstance(refused(paper, by_stranger, "not_the_requester"), Forbidden)
    paper.accept(by_requester)


# Filing


@pytest.mark.parametrize("actor", [HOTLINE, COMMITTEE, SECRETARY, RESIDENT])
def test_hotline_and_communities_take_requests_down_and_residents_file_their_own(
    actor: Actor,
) -> None:
    paper = town()

    paper.accept(Proposal(filing(), actor))

    filed = case(paper)
    assert (filed.stage, filed.community) == (Stage.FILED, "committee-1")
    assert (filed.requester, filed.against) == (RESIDENT.principal, "unit-1")
    assert filed.filed_at == filed.latest == paper.at
    assert (filed.lead, filed.handlers, filed.clock, filed.handling_round) == (None, (), None, 1)
    assert filed.is_open


def test_a_resident_does_not_file_for_another() -> None:
    refusal = refused(town(), Proposal(filing(), STRANGER), "not_the_requester", "requester")

    assert isinstance(refusal, Forbidden)


def test_a_requester_gets_a_random_id_and_a_request_an_id_of_its_own() -> None:
    body = {"community": "committee-1", "category": "help", "subject": "noise"}
    first, other = (RequestFiled.model_validate(body, strict=False) for _ in range(2))

    assert first.requester != other.requester
    assert first.request != other.request


def test_a_request_belongs_to_a_community_of_this_ledger() -> None:
    paper = town()

    foreign, unit = (
        Proposal(filing(community=identity), HOTLINE) for identity in ("elsewhere", "dept-water")
    )

    refusal = refused(paper, foreign, "unknown_organisation", "community")
    assert isinstance(refusal, UnknownReference)
    refusal = refused(paper, unit, "wrong_organisation_type", "community")
    assert isinstance(refusal, Unacceptable)
    assert "residents_committee" in refusal.accepted


def test_the_one_complained_about_is_of_this_ledger() -> None:
    complaint = Proposal(filing(against="elsewhere"), HOTLINE)

    refused(town(), complaint, "unknown_organisation", "against")


@pytest.mark.parametrize("field", ["community", "against"])
def test_a_request_names_no_dissolved_organisation(field: str) -> None:
    paper = town(Proposal(OrganisationDissolved(organisation="committee-2"), FOUNDER))

    filed = Proposal(filing(**{field: "committee-2"}), HOTLINE)

    assert isinstance(refused(paper, filed, "organisation_dissolved", field), WrongState)


def test_the_one_complained_about_does_not_take_the_complaint_down() -> None:
    paper = town()
    complaint = filing(against="committee-1")

    by_clerk, by_resident = Proposal(complaint, COMMITTEE), Proposal(complaint, RESIDENT)

    assert isinstance(refused(paper, by_clerk, "complained_about", "against"), Forbidden)
    paper.accept(by_resident)


def test_a_subject_is_of_the_controlled_list() -> None:
    paper = town(pack(subjects=(Subject(code="noise", name="噪音"),)))
    paper.at = on(3, 2, 10)

    refusal = refused(
        paper, Proposal(filing(subject="parking"), HOTLINE), "unknown_subject", "subject"
    )

    assert isinstance(refusal, Unacceptable)
    assert "noise" in refusal.accepted
    paper.accept(Proposal(filing(), HOTLINE))


def test_any_subject_is_taken_where_the_pack_lists_none() -> None:
    town(Proposal(filing(subject="anything"), HOTLINE))


def test_without_a_pack_in_force_nothing_is_filed() -> None:
    paper = PaperLedger()
    paper.accept(*founding()[:-2])

    refusal = refused(paper, Proposal(filing(), HOTLINE), "no_rules_in_force")

    assert isinstance(refusal, WrongState)


# Taking in


def test_a_request_is_accepted() -> None:
    paper = town(Proposal(filing(), HOTLINE), Proposal(RequestAccepted(request=CASE), COMMITTEE))

    assert case(paper).stage is Stage.ACCEPTED


def test_a_request_is_declined_on_a_listed_ground_alone() -> None:
    paper = town(*brought_to(Stage.FILED))

    listed, unlisted = (
        Proposal(RequestDeclined(request=CASE, ground=ground), HOTLINE)
        for ground in ("before-a-court", "too-much-work")
    )

    refusal = refused(paper, unlisted, "unknown_ground", "ground")
    assert isinstance(refusal, Unacceptable)
    assert "before-a-court" in refusal.accepted
    paper.accept(listed)
    assert case(paper).stage is Stage.DECLINED
    assert not case(paper).is_open


def test_nothing_is_declined_where_the_pack_lists_no_ground() -> None:
    paper = town(*brought_to(Stage.FILED), pack(decline_grounds=()))
    paper.at = on(3, 2, 10)

    declined = acts()["request_declined"]

    assert "none" in refused(paper, declined, "unknown_ground", "ground").accepted


@pytest.mark.parametrize("to", Elsewhere)
def test_what_is_not_the_towns_is_redirected(to: Elsewhere) -> None:
    paper = town(*brought_to(Stage.ACCEPTED))

    paper.accept(Proposal(RequestRedirected(request=CASE, to=to), HOTLINE))

    assert case(paper).stage is Stage.REDIRECTED


def merged(into: str, actor: Actor = HOTLINE) -> Proposal:
    return Proposal(RequestMerged(request=CASE, into=into), actor)


def test_a_request_is_merged_into_one_that_goes_on() -> None:
    paper = town(*brought_to(Stage.ACCEPTED), *ready_for("request_merged"))
    other = case(paper, "request-1")

    paper.accept(merged("request-1"))

    assert case(paper).stage is Stage.MERGED
    assert case(paper, "request-1") == other


def test_a_request_is_not_merged_into_itself_or_into_none() -> None:
    paper = town(*brought_to(Stage.ACCEPTED))

    refusal = refused(paper, merged(CASE), "merged_into_itself", "into")
    assert isinstance(refusal, Unacceptable)
    refusal = refused(paper, merged("request-of-x"), "unknown_request", "into")
    assert isinstance(refusal, UnknownReference)


def test_a_request_is_not_merged_into_a_closed_one() -> None:
    paper = town(
        *brought_to(Stage.ACCEPTED),
        *ready_for("request_merged"),
        Proposal(RequestWithdrawn(request="request-1"), HOTLINE),
    )

    refusal = refused(paper, merged("request-1"), "request_closed", "into")

    assert isinstance(refusal, WrongState)
    assert "withdrawn" in refusal.reason


def test_a_complaint_is_not_merged_into_a_case_that_its_respondent_may_handle() -> None:
    paper = town(
        *brought_to(Stage.ACCEPTED),
        Proposal(filing(request="request-1", against=None), HOTLINE),
    )

    assert isinstance(refused(paper, merged("request-1"), "complained_about", "into"), Forbidden)


def test_a_request_is_not_merged_into_one_that_was_not_filed_yet() -> None:
    paper = town(*brought_to(Stage.ACCEPTED))
    paper.at += timedelta(hours=1)
    paper.accept(*ready_for("request_merged"))

    early = merged("request-1")
    early.occurred_at = paper.at - timedelta(minutes=1)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


def test_nobody_merges_a_request_into_their_own() -> None:
    clerk = second(HOTLINE)
    paper = town(
        *brought_to(Stage.ACCEPTED),
        Proposal(filing(request="request-1", requester=clerk.principal), HOTLINE),
    )

    assert isinstance(refused(paper, merged("request-1", clerk), "own_request"), Forbidden)


@pytest.mark.parametrize("actor", [HOTLINE, COMMITTEE, RESIDENT])
def test_a_request_is_withdrawn_while_no_answer_stands(actor: Actor) -> None:
    paper = town(*brought_to(Stage.ANSWERED))

    paper.accept(Proposal(RequestWithdrawn(request=CASE), actor))

    assert case(paper).stage is Stage.WITHDRAWN
