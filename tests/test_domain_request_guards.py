"""The conflict guard and the separation of duties in requests: who may not act, and why."""

from __future__ import annotations

import pytest

from ledger.catalogue import KINDS
from ledger.decision import OrganisationType
from ledger.domain.requests.dispatching import OrderReassigned
from ledger.domain.requests.handling import AnswerAccepted, RespondentStated
from ledger.domain.requests.requests import Stage
from ledger.domain.requests.supervision import RequestSupervised
from ledger.domain.town.organisations import OrganisationRegistered
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden
from tests.request_acts import (
    CASE,
    CAST,
    COMMITTEE_2,
    REVIEWER_1,
    REVIEWER_2,
    STAGES,
    UNIT,
    Cast,
    acts,
    brought_to,
    case,
    dispatch,
    filing,
    may,
    on,
    ready_for,
    refused,
    second,
    town,
)
from tests.town import (
    COMMITTEE,
    COUNTY,
    FOUNDER,
    HOTLINE,
    TIMEKEEPER,
    TOWN_CLERK,
    WATER,
)

GUARDED = sorted(set(STAGES) - {"respondent_stated"})
"""Stating its side is the one act that the one complained about has."""


def first_stage(kind: str) -> Stage:
    return min(STAGES[kind], key=list(Stage).index)


# The conflict guard


def conflicted(kind: str) -> tuple[str, Actor, Cast]:
    """One complained about who might otherwise act, and a cast of others."""
    candidates = (
        ("unit-1", UNIT, CAST),
        ("committee-2", COMMITTEE_2, CAST),
        ("committee-2", REVIEWER_2, CAST),
        ("hotline", HOTLINE, Cast(dispatcher=COMMITTEE, reviewer=REVIEWER_1)),
        ("government", TOWN_CLERK, Cast(lead=COUNTY)),
    )
    return next(one for one in candidates if may(kind, one[1]))


@pytest.mark.parametrize("kind", GUARDED)
def test_the_one_complained_about_does_nothing_in_the_case(kind: str) -> None:
    against, actor, cast = conflicted(kind)
    paper = town(*brought_to(first_stage(kind), cast, against=against))

    by_the_one = Proposal(acts(cast)[kind].event, actor)

    refusal = refused(paper, by_the_one, "complained_about")
    assert isinstance(refusal, Forbidden)
    assert against in refusal.reason


def test_the_one_complained_about_does_not_handle() -> None:
    paper = town(*brought_to(Stage.ACCEPTED, against="dept-water"))

    lead = dispatch("dept-water")
    with_it = dispatch("town", co_handlers=("dept-water",))

    assert isinstance(refused(paper, lead, "complained_about", "lead"), Forbidden)
    refused(paper, with_it, "complained_about", "co_handlers")


@pytest.mark.parametrize(
    ("kind", "field"), [("order_reassigned", "lead"), ("co_handler_added", "co_handler")]
)
def test_the_one_complained_about_does_not_come_to_handle_it_later(kind: str, field: str) -> None:
    paper = town(*brought_to(Stage.DISPATCHED, against="committee-2"))

    event = acts()[kind].event.model_copy(update={field: "committee-2"})

    refused(paper, Proposal(event, HOTLINE), "complained_about", field)


def test_jurisdiction_is_not_ruled_to_the_one_complained_about() -> None:
    paper = town(
        *brought_to(Stage.DISPATCHED, against="committee-2"), *ready_for("jurisdiction_ruled")
    )
    ruled = acts()["jurisdiction_ruled"].event.model_copy(update={"lead": "committee-2"})

    refused(paper, Proposal(ruled, TOWN_CLERK), "complained_about", "lead")


def test_the_one_complained_about_says_its_side() -> None:
    paper = town(*brought_to(Stage.DISPATCHED))

    by_another = Proposal(RespondentStated(request=CASE, statement="并无此事"), WATER)

    assert isinstance(refused(paper, by_another, "not_the_respondent"), Forbidden)
    paper.accept(acts()["respondent_stated"])


@pytest.mark.parametrize(
    ("against", "actor"), [("hotline", HOTLINE), ("committee-2", COMMITTEE_2), ("unit-1", UNIT)]
)
def test_whatever_it_is_the_one_complained_about_can_say_its_side(
    against: str, actor: Actor
) -> None:
    paper = town(*brought_to(Stage.ACCEPTED, Cast(dispatcher=COMMITTEE), against=against))

    paper.accept(Proposal(RespondentStated(request=CASE, statement="并无此事"), actor))

    assert case(paper).stage is Stage.ACCEPTED


@pytest.mark.parametrize("kind", GUARDED)
def test_whoever_spoke_for_the_one_complained_about_acts_in_no_other_office(kind: str) -> None:
    stated = Proposal(acts()["respondent_stated"].event, second(UNIT))
    paper = town(Proposal(filing(), HOTLINE), stated, *progress(kind))

    by_the_same = Proposal(acts()[kind].event, second(acts()[kind].actor))

    assert isinstance(refused(paper, by_the_same, "complained_about"), Forbidden)
    paper.accept(acts()[kind])


def progress(kind: str) -> list[Proposal]:
    """What comes between the filing and an act, in the usual order."""
    return [*brought_to(first_stage(kind))[1:], *ready_for(kind)]


def test_whoever_handled_a_case_does_not_speak_for_the_one_complained_about() -> None:
    paper = town(*brought_to(Stage.IN_HAND, Cast(lead=second(WATER))))
    stated = acts()["respondent_stated"].event

    refusal = refused(paper, Proposal(stated, second(UNIT)), "handler_states")

    assert isinstance(refusal, Forbidden)
    paper.accept(Proposal(stated, UNIT))


def test_the_timekeeper_acts_for_nobody() -> None:
    """Not even for the town that a case is about, or that handles it: the time alone decides."""
    cast = Cast(lead=COUNTY)
    paper = town(*brought_to(Stage.DISPATCHED, cast, against="town"))
    overdue = Proposal(RequestSupervised(request=CASE, overdue=True), TIMEKEEPER)
    deemed = Proposal(AnswerAccepted(request=CASE, deemed=True), TIMEKEEPER)

    paper.at = on(3, 12, 9)
    paper.accept(overdue)
    paper.accept(acts(cast)["request_answered"])
    paper.at = on(3, 23, 9)
    paper.accept(deemed)

    by_time = town(*brought_to(Stage.ACCEPTED), dispatch("town"))
    by_time.at = on(3, 12, 9)
    by_time.accept(overdue)


# Superiors


def test_a_complaint_about_a_department_goes_to_its_superior() -> None:
    paper = town(*brought_to(Stage.ACCEPTED, against="dept-water"))

    beside, above = dispatch("dept-roads"), dispatch("town")

    refusal = refused(paper, beside, "complaint_passes_superior", "lead")
    assert isinstance(refusal, Forbidden)
    assert "town" in refusal.accepted
    paper.accept(above)


@pytest.mark.parametrize("against", ["town", "government", "dept-water", "dept-of-county"])
def test_a_complaint_about_the_town_goes_to_the_county_office(against: str) -> None:
    of_county = OrganisationRegistered(
        organisation="dept-of-county", type=OrganisationType.DEPARTMENT, name="局"
    )
    paper = town(
        Proposal(of_county, FOUNDER), *brought_to(Stage.ACCEPTED, Cast(COMMITTEE), against=against)
    )
    other_body = "government" if against != "government" else "town"

    to_the_town, to_county = dispatch(other_body), dispatch("county")

    refusal = refused(paper, to_the_town, "complaint_passes_superior", "lead")
    assert "county office" in refusal.accepted
    paper.accept(to_county)


@pytest.mark.parametrize("kind", ["order_reassigned", "jurisdiction_ruled"])
def test_a_complaint_does_not_pass_its_superior_later(kind: str) -> None:
    cast = Cast(lead=FOUNDER, authority=COUNTY)
    paper = town(*brought_to(Stage.DISPATCHED, cast, against="dept-water"), *ready_for(kind, cast))

    refused(paper, acts(cast)[kind], "complaint_passes_superior", "lead")


def test_a_complaint_about_others_goes_to_any_handler() -> None:
    town(*brought_to(Stage.ACCEPTED, against="unit-1"), dispatch("dept-roads"))


# The requester


@pytest.mark.parametrize("kind", sorted(STAGES))
def test_nobody_deals_with_a_request_of_their_own(kind: str) -> None:
    requester = second(acts()[kind].actor)
    paper = town(*brought_to(first_stage(kind), requester=requester.principal), *ready_for(kind))

    by_requester = Proposal(acts()[kind].event, requester)

    assert isinstance(refused(paper, by_requester, "own_request"), Forbidden)
    paper.accept(acts()[kind])


# Nobody rules on what is their own: not as an organisation, not as a principal in another office


RULINGS = {
    "order_return_ruled": "own_return",
    "order_reassigned": "own_return",
    "jurisdiction_ruled": "own_return",
    "extension_ruled": "own_extension",
    "clock_paused": "own_pause",
    "answer_accepted": "own_answer",
    "answer_sent_back": "own_answer",
    "dispute_ruled": "own_dispute",
    "metric_exclusion_ruled": "own_exclusion",
}


@pytest.mark.parametrize("kind", sorted(RULINGS))
def test_whoever_acted_for_a_handler_rules_in_no_other_office(kind: str) -> None:
    clerk = second(WATER)
    stage = Stage.IN_HAND if Stage.IN_HAND in STAGES[kind] else first_stage(kind)
    paper = town(*brought_to(stage, Cast(lead=clerk)), *ready_for(kind, Cast(lead=clerk)))

    own = Proposal(acts()[kind].event, second(acts()[kind].actor))

    assert isinstance(refused(paper, own, RULINGS[kind]), Forbidden)
    paper.accept(acts()[kind])


@pytest.mark.parametrize(
    "kind",
    [
        "order_signed",
        "order_return_requested",
        "extension_requested",
        "progress_posted",
        "request_answered",
        "metric_exclusion_requested",
    ],
)
def test_each_act_for_a_handler_binds_whoever_acts(kind: str) -> None:
    paper = town(*brought_to(Stage.DISPATCHED))

    paper.accept(*(acts()[kind] for _ in range(1 if kind != "progress_posted" else 2)))

    assert case(paper).handled_by == (WATER.principal,)


LEAD_RULES = ("order_return_ruled", "order_reassigned", "extension_ruled", "clock_paused")


@pytest.mark.parametrize("kind", LEAD_RULES)
@pytest.mark.parametrize("lead", [TOWN_CLERK, COMMITTEE])
def test_an_organisation_does_not_rule_on_an_order_that_it_leads(kind: str, lead: Actor) -> None:
    """Though it is the town, or has dispatched the request itself."""
    cast = Cast(dispatcher=COMMITTEE, lead=lead)
    paper = town(*brought_to(Stage.DISPATCHED, cast), *ready_for(kind, cast)[:1])

    own = Proposal(acts(cast)[kind].event, second(lead))

    assert isinstance(refused(paper, own, RULINGS[kind]), Forbidden)
    paper.accept(Proposal(acts(cast)[kind].event, FOUNDER))


@pytest.mark.parametrize("kind", ["order_return_ruled", "extension_ruled", "clock_paused"])
def test_who_did_not_dispatch_does_not_rule_but_the_town(kind: str) -> None:
    paper = town(*brought_to(Stage.DISPATCHED), *ready_for(kind))

    by_another = Proposal(acts()[kind].event, COMMITTEE)

    refusal = refused(paper, by_another, "not_the_dispatcher")
    assert isinstance(refusal, Forbidden)
    assert "hotline" in refusal.accepted
    paper.accept(Proposal(acts()[kind].event, TOWN_CLERK))


def test_what_a_former_lead_asked_for_is_not_ruled_by_it_later() -> None:
    """The town's government led, asked for an extension and gave the case up."""
    paper = town(
        *brought_to(Stage.DISPATCHED, Cast(lead=TOWN_CLERK)),
        acts(Cast(lead=TOWN_CLERK))["extension_requested"],
        Proposal(OrderReassigned(request=CASE, lead="dept-water"), HOTLINE),
    )

    ruled = Proposal(acts()["extension_ruled"].event, second(TOWN_CLERK))

    refused(paper, ruled, "no_extension_asked", "request")


def test_an_authority_that_handled_a_case_does_not_rule_its_jurisdiction() -> None:
    """Not even once somebody else leads it."""
    cast = Cast(lead=TOWN_CLERK)
    granted = acts()["order_return_ruled"].event.model_copy(update={"granted": True})
    paper = town(
        *brought_to(Stage.DISPATCHED, cast),
        acts(cast)["order_return_requested"],
        acts(cast)["order_return_ruled"],
        acts(cast)["order_return_requested"],
        Proposal(granted, HOTLINE),
    )

    own = Proposal(acts()["jurisdiction_ruled"].event, second(TOWN_CLERK))

    assert case(paper).lead is None
    refused(paper, own, "own_return")
    paper.accept(Proposal(own.event, COUNTY))


def test_nobody_gives_a_case_to_themselves() -> None:
    paper = town(*brought_to(Stage.DISPATCHED), *ready_for("jurisdiction_ruled"))
    to_county = acts()["jurisdiction_ruled"].event.model_copy(update={"lead": "county"})

    refused(paper, Proposal(to_county, COUNTY), "own_return")

    paper.accept(Proposal(to_county, TOWN_CLERK))


@pytest.mark.parametrize("principal", ["answerer", "clearer", "disputer"])
def test_nobody_rules_on_a_dispute_of_their_own(principal: str) -> None:
    """Whoever answered, cleared or disputed it under another office."""
    cast = Cast(
        lead=second(WATER) if principal == "answerer" else WATER,
        dispatcher=second(HOTLINE) if principal == "clearer" else HOTLINE,
    )
    disputed = acts()["closure_disputed"].event
    by = second(HOTLINE) if principal == "disputer" else HOTLINE
    paper = town(*brought_to(Stage.CLEARED, cast), Proposal(disputed, by))

    own = Proposal(acts()["dispute_ruled"].event, second(TOWN_CLERK))

    assert isinstance(refused(paper, own, "own_dispute"), Forbidden)
    paper.accept(Proposal(own.event, TOWN_CLERK))


def test_an_authority_that_handled_a_case_does_not_rule_on_its_dispute() -> None:
    paper = town(*brought_to(Stage.DISPUTED, Cast(lead=TOWN_CLERK)))

    ruled = acts()["dispute_ruled"].event

    refused(paper, Proposal(ruled, second(TOWN_CLERK)), "own_dispute")
    paper.accept(Proposal(ruled, COUNTY))


def test_a_handler_does_not_supervise_its_own_case() -> None:
    paper = town(*brought_to(Stage.ACCEPTED), dispatch(co_handlers=("government",)))

    own = Proposal(RequestSupervised(request=CASE), TOWN_CLERK)

    assert isinstance(refused(paper, own, "handler_supervises"), Forbidden)
    paper.accept(Proposal(own.event, COUNTY))


def test_who_gave_a_direct_answer_does_not_rule_on_its_dispute() -> None:
    clerk = second(HOTLINE)
    paper = town(
        *brought_to(Stage.ACCEPTED),
        Proposal(acts()["request_answered_directly"].event, clerk),
        acts()["request_cleared"],
        acts()["closure_disputed"],
    )

    own = Proposal(acts()["dispute_ruled"].event, second(TOWN_CLERK))

    refused(paper, own, "own_dispute")


def test_every_kind_that_rules_is_tried_here() -> None:
    ruling = {kind for kind in KINDS if kind.endswith("_ruled") and kind in STAGES}

    assert ruling <= set(RULINGS)
