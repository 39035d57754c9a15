"""Applications: nothing beyond the list is asked for, nothing decided while something is open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.services.applications import ApplicationStep
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Unacceptable, UnknownReference, WrongState
from tests.bank_acts import earlier
from tests.privacy_acts import done
from tests.request_acts import COMMITTEE_2, STRANGER, refused
from tests.strategies import examples
from tests.town import COMMITTEE, COMMITTEE_B, HOTLINE, RESIDENT, SECRETARY
from tests.windows_acts import (
    application,
    asked,
    booked,
    decided,
    filed,
    opened,
    prechecked,
    published,
    received,
    serving,
    signed,
)

LATER = (asked, received, decided, signed)
"""The acts on what is filed."""


# From the first look to the signature


def test_an_application_goes_from_the_first_look_to_the_signature() -> None:
    paper = serving(prechecked(lacking=("lease",)))
    steps = [application(paper).step]

    for act in (filed(RESIDENT), decided(SECRETARY), signed()):
        paper.accept(act)
        steps.append(application(paper).step)

    assert steps == list(ApplicationStep)


@pytest.mark.parametrize("actor", [RESIDENT, COMMITTEE, SECRETARY])
def test_an_application_is_filed_without_a_look_before(actor: Actor) -> None:
    assert application(serving(filed(actor))).step is ApplicationStep.FILED


def test_steps_are_taken_in_their_order() -> None:
    for before, act in (
        ([prechecked()], decided()),
        ([prechecked()], asked()),
        ([filed()], signed()),
        ([filed(), decided()], decided()),
        ([filed(), decided()], asked()),
        ([filed(), decided(), signed()], signed()),
    ):
        refusal = refused(serving(*before), act, "out_of_order", "application")
        assert isinstance(refusal, WrongState)


def test_what_was_looked_at_is_filed_as_it_was_and_once() -> None:
    other = published(item="item-2")
    taken: tuple[tuple[list[Proposal], Proposal], ...] = (
        ([prechecked()], prechecked()),
        ([filed()], filed()),
        ([filed()], prechecked()),
        ([prechecked()], filed(item="item-2")),
        ([prechecked()], filed(requester=STRANGER.principal)),
    )
    for before, act in taken:
        refused(serving(other, *before), act, "application_exists", "application")


def test_an_application_is_for_an_item_of_the_community_that_is_named() -> None:
    for act in (prechecked, filed):
        unknown = refused(serving(), act(item="item-9"), "unknown_service_item", "item")
        assert isinstance(unknown, UnknownReference)
        foreign = act(community="committee-2")
        refused(serving(), foreign, "item_of_another_community", "community")
        refused(serving(), act(COMMITTEE_2), "foreign_community", "community")
        refused(serving(), act(HOTLINE), "office_may_not")


def test_an_application_is_handed_in_where_the_item_is_served() -> None:
    at_window = serving(opened(window="window-2"), published(online=False))
    refused(at_window, filed(), "not_online", "window")
    refused(at_window, filed(window="window-2"), "not_at_this_window", "window")
    at_window.accept(filed(window="window-1"))

    online = serving(published(windows=()))
    refused(online, filed(window="window-1"), "not_at_this_window", "window")


def test_residents_apply_for_themselves_and_nobody_decides_on_their_own() -> None:
    own: dict[str, Any] = {"requester": COMMITTEE.principal}
    refused(serving(), filed(STRANGER), "not_the_requester", "requester")
    refused(serving(), prechecked(**own), "serves_oneself", "requester")
    paper = serving(filed(COMMITTEE_B, **own))
    for act in (asked(), received(), decided(), signed(COMMITTEE)):
        refused(paper, act, "serves_oneself", "application")
    paper.accept(decided(COMMITTEE_B))
    refused(paper, signed(STRANGER), "not_the_requester", "application")


def test_bodies_of_another_community_have_nothing_to_do_with_it() -> None:
    for act in LATER:
        refused(serving(filed()), act(actor=COMMITTEE_2), "foreign_community", "application")


def test_what_was_never_filed_is_no_application() -> None:
    for act in LATER:
        refused(serving(), act(), "unknown_application", "application")


def test_no_act_precedes_what_it_follows() -> None:
    paper = serving()
    refused(paper, earlier(filed(), paper, hours=1), "precedes_what_it_follows", "occurred_at")
    paper.at += timedelta(hours=2)
    paper.accept(prechecked())
    refused(paper, earlier(filed(), paper, hours=1), "precedes_what_it_follows", "occurred_at")
    paper.accept(filed())
    for act in LATER:
        early = earlier(act(), paper, hours=1)
        refused(paper, early, "precedes_what_it_follows", "occurred_at")


@pytest.mark.parametrize(
    ("act", "subject"),
    [(filed(), "application:application-1"), (booked(), "window_booking:booking-1")],
)
def test_data_of_a_service_is_for_its_resident_and_the_bodies_of_its_community(
    act: Proposal, subject: str
) -> None:
    paper = serving(act)

    foreign = done("consent_given", COMMITTEE_2, subject)
    refused(paper, foreign, "foreign_community", "subject")
    refused(paper, done("consent_given", STRANGER, subject), "not_the_subject", "subject")
    paper.accept(done("consent_given", COMMITTEE, subject))


# Supplements


def test_nothing_is_asked_for_that_the_item_does_not_list() -> None:
    paper = serving(filed())

    for materials in (("diploma",), ("lease", "diploma")):
        refusal = refused(paper, asked(*materials), "not_on_the_list", "materials")
        assert isinstance(refusal, Unacceptable)
    refused(serving(), prechecked(lacking=("diploma",)), "not_on_the_list", "lacking")


def test_a_material_is_named_once() -> None:
    refused(serving(filed()), asked("lease", "lease"), "given_twice", "materials")
    twice = prechecked(lacking=("lease", "lease"))
    refused(serving(), twice, "given_twice", "lacking")
    paper = serving(filed(), asked())
    refused(paper, received("lease", "lease"), "not_asked_for", "materials")


def test_what_is_open_is_not_asked_for_again_until_it_has_come() -> None:
    paper = serving(filed(), asked())
    refused(paper, asked("identity-card", "lease"), "asked_already", "materials")
    refused(paper, received("identity-card"), "not_asked_for", "materials")

    paper.accept(received(actor=RESIDENT), asked())

    assert application(paper).supplements == ("lease",)


def test_nothing_is_decided_while_something_is_open() -> None:
    paper = serving(filed(), asked("lease", "identity-card"), received("lease"))

    for is_granted in (True, False):
        early = decided(is_granted=is_granted, reason="材料不齐")
        refusal = refused(paper, early, "supplements_open", "application")
        assert isinstance(refusal, WrongState)
    paper.accept(received("identity-card"), decided())


def test_a_refusal_says_why() -> None:
    refused(serving(filed()), decided(is_granted=False), "refused_without_reason", "reason")
    serving(filed(), decided(is_granted=False, reason="居住不满半年"))


@examples(60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("ask", "receive", "decide")),
            st.sets(st.sampled_from(("lease", "identity-card")), min_size=1),
        ),
        max_size=10,
    )
)
def test_what_is_open_is_what_was_asked_for_and_has_not_come(
    wishes: list[tuple[str, set[str]]],
) -> None:
    """Against a plain set, until the decision."""
    paper, is_open, is_decided = serving(filed()), set[str](), False

    for wish, materials in wishes:
        named = sorted(materials)
        match wish:
            case "ask":
                allowed = not is_decided and not is_open & materials
                assert (paper.propose(asked(*named)) is None) == allowed
                is_open |= materials if allowed else set()
            case "receive":
                allowed = not is_decided and materials <= is_open
                assert (paper.propose(received(*named)) is None) == allowed
                is_open -= materials if allowed else set()
            case _:
                allowed = not is_decided and not is_open
                assert (paper.propose(decided()) is None) == allowed
                is_decided |= allowed
        assert set(application(paper).supplements) == is_open
