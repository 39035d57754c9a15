"""Pairings have two fitting ends, once at a time, and nothing is done under an ended one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ledger.domain.participation.pairings import HouseholdType, Pairing, PairingForm
from ledger.domain.town.organisations import OrganisationDissolved
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.paper_ledger import START, PaperLedger
from tests.participation_acts import (
    MEMBER,
    PAIRING,
    POOR,
    by_member,
    by_unit,
    ended,
    held,
    paired,
    taking_part,
)
from tests.request_acts import COMMITTEE_2, refused
from tests.strategies import examples
from tests.town import COMMITTEE, FOUNDER, HOTLINE, RESIDENT, SECRETARY, TOWN_CLERK, WATER

HOUSEHOLD = "household-1"
ABLE: dict[str, Any] = {"household_type": HouseholdType.ABLE}


def pairing(paper: PaperLedger, identity: str = PAIRING) -> Pairing:
    found: Pairing = paper.states[f"pairing:{identity}"]
    return found


def test_a_pairing_is_formed_lived_and_ended() -> None:
    paper = taking_part(paired(), held(), held(), ended())

    assert pairing(paper).is_ended


@pytest.mark.parametrize(
    "proposal",
    [
        by_unit("pairing-1", partner="mill-1"),
        by_unit("pairing-1", partner="cooperative-1", organisation="charity-1"),
        by_unit("pairing-1", household=HOUSEHOLD, **POOR),
        by_unit("pairing-1", household=HOUSEHOLD, **ABLE),
        by_member("pairing-1", HOUSEHOLD),
        by_member("pairing-1", HOUSEHOLD, member=SECRETARY.principal),
        paired(TOWN_CLERK, organisation="branch-2"),
        paired(COMMITTEE),
    ],
)
def test_ends_of_the_right_kinds_are_paired(proposal: Proposal) -> None:
    assert not pairing(taking_part(proposal)).is_ended


@pytest.mark.parametrize("actor", [HOTLINE, WATER, RESIDENT])
def test_only_communities_and_the_town_form_pairings(actor: Any) -> None:
    paper = taking_part(paired())

    for proposal in (paired(actor, pairing="new"), held(actor=actor), ended(actor=actor)):
        assert isinstance(refused(paper, proposal, "office_may_not"), Forbidden)


def test_a_pairing_has_an_id_of_its_own() -> None:
    refused(taking_part(paired()), paired(partner="village-2"), "pairing_exists", "pairing")


@pytest.mark.parametrize(
    "proposal",
    [
        paired(partner=None),
        paired(member=MEMBER),
        paired(**POOR),
        by_unit("pairing-1"),
        by_unit("pairing-1", partner="mill-1", member=MEMBER),
        by_unit("pairing-1", partner="mill-1", **POOR),
    ],
)
def test_ends_that_do_not_fit_the_form_are_refused(proposal: Proposal) -> None:
    assert isinstance(refused(taking_part(), proposal, "wrong_ends", "partner"), Unacceptable)


@pytest.mark.parametrize(
    "proposal",
    [
        paired(household=HOUSEHOLD, **POOR),
        paired(partner=None, household=HOUSEHOLD, **POOR),
        by_unit("pairing-1", household=HOUSEHOLD),
        by_unit("pairing-1", partner="mill-1", household=HOUSEHOLD, **POOR),
        by_member("pairing-1", HOUSEHOLD, member=None),
        by_member("pairing-1", HOUSEHOLD, **ABLE),
    ],
)
def test_households_that_do_not_fit_the_form_are_refused(proposal: Proposal) -> None:
    refused(taking_part(), proposal, "wrong_ends", "household")


@pytest.mark.parametrize(
    ("proposal", "field"),
    [
        (paired(organisation="committee-1"), "organisation"),
        (paired(organisation="factory-1"), "organisation"),
        (paired(partner="branch-2"), "partner"),
        (paired(partner="mill-1"), "partner"),
        (by_unit("pairing-1", organisation="unit-1", partner="mill-1"), "organisation"),
        (by_unit("pairing-1", partner="village-1"), "partner"),
        (by_unit("pairing-1", partner="charity-1"), "partner"),
        (by_member("pairing-1", HOUSEHOLD, organisation="factory-1"), "organisation"),
    ],
)
def test_organisations_of_other_types_are_no_ends(proposal: Proposal, field: str) -> None:
    refused(taking_part(), proposal, "wrong_organisation_type", field)


def test_who_is_not_there_or_dissolved_is_no_end() -> None:
    dissolved = Proposal(OrganisationDissolved(organisation="village-1"), FOUNDER)

    refused(taking_part(), paired(partner="nowhere"), "unknown_organisation", "partner")
    refused(taking_part(dissolved), paired(), "organisation_dissolved", "partner")


@pytest.mark.parametrize("member", ["p-nobody", "p-committee", "p-water"])
def test_a_household_is_stood_by_by_a_committee_member(member: str) -> None:
    proposal = by_member("pairing-1", HOUSEHOLD, member=member)

    refused(taking_part(), proposal, "no_committee_member", "member")


def test_a_community_pairs_its_own() -> None:
    of_another = paired(organisation="branch-2")

    refused(taking_part(), of_another, "foreign_community", "organisation")
    refused(taking_part(paired()), held(actor=COMMITTEE_2), "foreign_community", "pairings")
    refused(taking_part(paired()), ended(actor=COMMITTEE_2), "foreign_community", "pairing")


@pytest.mark.parametrize(
    ("first", "again", "field"),
    [
        (paired(), paired(pairing="again"), "partner"),
        (
            by_unit("pairing-1", household=HOUSEHOLD, **POOR),
            by_unit("again", household=HOUSEHOLD, **ABLE),
            "household",
        ),
        (by_member("pairing-1", HOUSEHOLD), by_member("again", HOUSEHOLD), "household"),
    ],
)
def test_two_ends_are_paired_once_at_a_time(first: Proposal, again: Proposal, field: str) -> None:
    paper = taking_part(first)

    assert isinstance(refused(paper, again, "already_paired", field), WrongState)
    paper.accept(ended(), again)

    assert not pairing(paper, "again").is_ended


def test_two_who_pair_again_do_so_after_their_end() -> None:
    paper = taking_part(paired(), ended())
    before = Proposal(paired(pairing="again").event, SECRETARY, START - timedelta(days=1))

    refused(paper, before, "precedes_what_it_follows", "occurred_at")


def test_one_end_has_several_others() -> None:
    paper = taking_part(paired(), paired(pairing="pairing-2", partner="village-2"))

    paper.accept(held(PAIRING, "pairing-2"))

    assert paper.history[-1].tags[:2] == ("pairing:pairing-1", "pairing:pairing-2")


def test_nothing_is_done_under_an_ended_pairing() -> None:
    paper = taking_part(paired(), ended())

    assert isinstance(refused(paper, held(), "pairing_is_ended", "pairings"), WrongState)
    refused(paper, ended(), "pairing_is_ended", "pairing")


def test_nothing_is_done_under_a_pairing_that_is_not_there() -> None:
    refusal = refused(taking_part(), held(), "unknown_pairing", "pairings")

    assert isinstance(refusal, UnknownReference)
    refused(taking_part(), ended(), "unknown_pairing", "pairing")


def test_an_activity_names_each_pairing_once_and_has_an_id_of_its_own() -> None:
    paper = taking_part(paired(), held(activity="activity-1"))

    refused(paper, held(PAIRING, PAIRING), "pairing_named_twice", "pairings")
    refused(paper, held(activity="activity-1"), "pairing_activity_exists", "activity")


@pytest.mark.parametrize("participants", [0, -1, 10**6])
def test_an_activity_has_people(participants: int) -> None:
    with pytest.raises(ValidationError):
        held(participants=participants)


def test_an_activity_does_not_precede_its_pairing_nor_an_end_its_activities() -> None:
    paper = taking_part(paired())
    early = Proposal(held().event, SECRETARY, START - timedelta(days=1))

    refused(paper, early, "precedes_what_it_follows", "occurred_at")
    paper.accept(held())
    early = Proposal(ended().event, SECRETARY, START - timedelta(days=1))
    refused(paper, early, "precedes_what_it_follows", "occurred_at")


def test_the_end_of_a_households_pairing_is_found_by_its_household() -> None:
    paper = taking_part(by_member(PAIRING, HOUSEHOLD), ended())

    assert paper.history[-1].tags == (f"household:{HOUSEHOLD}", f"pairing:{PAIRING}")


@examples(30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["village-1", "village-2", "h-1", "h-2"]),
            st.sampled_from(["pair", "end", "hold"]),
        ),
        max_size=25,
    )
)
def test_pairings_are_those_of_a_plain_dictionary(wishes: list[tuple[str, str]]) -> None:
    paper, active, ids = taking_part(), dict[str, str](), list[str]()

    for other, wish in wishes:
        identity = active.get(other, "nothing")
        if wish == "pair":
            identity = f"pairing-{len(ids)}"
            proposal = paired(pairing=identity, partner=other)
            if other.startswith("h-"):
                proposal = by_unit(identity, household=other, **POOR)
        else:
            proposal = ended(identity) if wish == "end" else held(identity)
        allowed = (other in active) != (wish == "pair")
        assert (paper.propose(proposal) is None) == allowed
        if allowed and wish == "pair":
            active[other] = identity
            ids.append(identity)
        elif allowed and wish == "end":
            del active[other]

    stand = {one for one in ids if not pairing(paper, one).is_ended}
    assert stand == set(active.values())
    assert {pairing(paper, one).form for one in ids} <= {PairingForm.BRANCHES, PairingForm.UNITS}
