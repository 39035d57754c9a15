"""The rules that every kind shares: founding, time, standing, novelty."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from ledger.catalogue import KINDS
from ledger.decision import CLOCK_TOLERANCE, MAX_NOTICE, Office, OrganisationType
from ledger.domain.requests.intake import RequestAccepted
from ledger.domain.town.organisations import OrganisationRegistered
from ledger.domain.town.people import AppointmentMade
from ledger.event import Actor
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.request_acts import refused as paper_refused
from tests.request_acts import town
from tests.town import (
    COMMITTEE,
    FOUNDER,
    HOTLINE,
    accepted,
    all_refused,
    awarded,
    cases,
    filed,
    found,
    founding,
    redeemed,
    refused,
)


def test_a_ledger_is_founded_once(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    refusal = refused(memory_ledger, founding()[0], "already_founded")

    assert isinstance(refusal, WrongState)


def test_nothing_comes_before_the_founding(memory_ledger: Ledger) -> None:
    for proposal in founding()[1:]:
        refusal = refused(memory_ledger, proposal, "not_founded")

        assert isinstance(refusal, WrongState)
        assert "ledger_founded" in refusal.accepted


@pytest.mark.parametrize(
    "actor",
    [
        Actor("secretary", "town", "p-somebody"),
        Actor("secretary", "elsewhere", FOUNDER.principal),
        Actor("clerk_a", "town", FOUNDER.principal),
    ],
)
def test_the_founder_alone_founds(memory_ledger: Ledger, actor: Actor) -> None:
    founded = founding()[0].event

    refusal = refused(memory_ledger, Proposal(founded, actor), "not_the_founder", "founder")

    assert isinstance(refusal, Forbidden)


def test_a_founding_lies_not_in_the_future(memory_ledger: Ledger) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    founded = Proposal(founding()[0].event, FOUNDER, tomorrow)

    refused(memory_ledger, founded, "occurred_in_the_future", "occurred_at")


def test_a_town_may_be_founded_and_furnished_in_one_list(memory_ledger: Ledger) -> None:
    answers = memory_ledger.propose_sync(founding())

    assert [answer.position for answer in answers] == list(range(1, len(answers) + 1))


def test_a_time_ahead_of_the_ledgers_clock_is_refused(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    proposal = filed("request-1")
    proposal.occurred_at = datetime.now(UTC) + CLOCK_TOLERANCE + timedelta(seconds=30)

    refusal = refused(memory_ledger, proposal, "occurred_in_the_future", "occurred_at")
    assert isinstance(refusal, Unacceptable)


def test_a_clock_that_runs_ahead_within_the_tolerance_holds_up_nobody(
    memory_ledger: Ledger,
) -> None:
    found(memory_ledger)
    ahead = filed("request-1")
    ahead.occurred_at = datetime.now(UTC) + CLOCK_TOLERANCE / 2

    accepted(memory_ledger, ahead, Proposal(RequestAccepted(request="request-1"), HOTLINE))

    assert [event.kind for event in memory_ledger.read(tags=["request:request-1"])] == [
        "request_filed",
        "request_accepted",
    ]


DATED = sorted(kind for kind, cls in KINDS.items() if "effective_from" in cls.model_fields)
"""The kinds with a date of effect."""


@pytest.mark.parametrize("kind", DATED)
def test_what_takes_effect_does_so_within_ten_years(kind: str) -> None:
    """A term may begin with the date of effect, an office would be kept from others until then and
    a grid from every change: it has to lie where people plan and clocks can count."""
    paper = town()
    last = paper.at + timedelta(seconds=1) + MAX_NOTICE
    example = KINDS[kind].model_validate_json(json.dumps(KINDS[kind].example))

    for far in (last + timedelta(seconds=1), datetime(9999, 12, 31, tzinfo=UTC)):
        dated = example.model_copy(update={"effective_from": far})
        refusal = paper_refused(
            paper.copy(), Proposal(dated, FOUNDER), "effect_too_far", "effective_from"
        )
        assert isinstance(refusal, Unacceptable)
        assert last.isoformat() in refusal.accepted


def test_what_takes_effect_in_just_ten_years_is_accepted() -> None:
    paper = town()
    event = OrganisationRegistered(
        organisation="group-1",
        type=OrganisationType.PARTY_SUBGROUP,
        name="集贸市场功能型党小组",
        effective_from=paper.at + timedelta(seconds=1) + MAX_NOTICE,
    )

    paper.accept(Proposal(event, FOUNDER))


def test_an_actor_of_another_towns_organisation_is_unknown_here(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    stranger = Proposal(filed("request-1").event, Actor("clerk_a", "hotline-of-x", "p-hotline"))

    refusal = refused(memory_ledger, stranger, "unknown_actor_organisation")
    assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"ledger_founded"}))
@pytest.mark.parametrize("office", [Office.AUDITOR, Office.PUBLIC])
def test_auditors_and_the_public_write_nothing(kind: str, office: Office) -> None:
    offices = {one for standing in KINDS[kind].proposers for one in standing.offices}

    assert office not in offices


@pytest.mark.parametrize(
    "actor",
    [
        Actor("auditor", "town", "p-founder"),
        Actor("public", "hotline", "p-hotline"),
        Actor("clerk_a", "dept-water", "p-water"),
        Actor("reviewer", "hotline", "p-reviewer"),
        Actor("no such office", "hotline", "p-hotline"),
    ],
)
def test_a_kind_is_proposed_only_in_its_offices(memory_ledger: Ledger, actor: Actor) -> None:
    found(memory_ledger)

    refusal = refused(memory_ledger, Proposal(filed("request-1").event, actor), "office_may_not")

    assert isinstance(refusal, Forbidden)
    assert "clerk_a or clerk_b of hotline_centre" in refusal.accepted


@pytest.mark.parametrize(
    "actor",
    [
        Actor("clerk_b", "hotline", "p-hotline"),
        Actor("clerk_a", "committee-2", "p-committee"),
        Actor("clerk_a", "hotline", "p-nobody"),
    ],
)
def test_an_office_that_was_not_given_cannot_be_acted_in(
    memory_ledger: Ledger, actor: Actor
) -> None:
    found(memory_ledger)

    refusal = refused(
        memory_ledger, Proposal(filed("request-1").event, actor), "no_such_appointment"
    )

    assert isinstance(refusal, Forbidden)


def test_an_office_begins_on_its_date_of_effect(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    tomorrow, yesterday = (datetime.now(UTC) + timedelta(days=days) for days in (1, -1))
    accepted(
        memory_ledger,
        *(
            Proposal(
                AppointmentMade(
                    principal=principal,
                    organisation="hotline",
                    office=Office.CLERK_B,
                    effective_from=since,
                ),
                FOUNDER,
            )
            for principal, since in (("p-early", tomorrow), ("p-late", yesterday))
        ),
    )

    event = filed("request-1").event

    refused(
        memory_ledger,
        Proposal(event, Actor("clerk_b", "hotline", "p-early")),
        "no_such_appointment",
    )
    accepted(memory_ledger, Proposal(event, Actor("clerk_b", "hotline", "p-late")))


def test_an_id_that_is_taken_is_refused(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())
    by_id = {
        (proposal.event.creates[0], getattr(proposal.event, proposal.event.creates[1])): proposal
        for proposal in (*founding(), *cases())
        if proposal.event.creates is not None
    }

    refused(memory_ledger, by_id["organisation", "hotline"], "organisation_exists", "organisation")
    refused(memory_ledger, by_id["request", "request-6"], "request_exists", "request")
    refused(memory_ledger, by_id["whistle", "whistle-1"], "whistle_exists", "whistle")
    refused(memory_ledger, by_id["account", "account-1"], "account_exists", "account")
    again = Proposal(awarded("award-1", "account-2", 1, deed="deed-9"), COMMITTEE)
    refused(memory_ledger, again, "award_exists", "award")
    refusal = refused(
        memory_ledger, by_id["redemption", "redemption-1"], "redemption_exists", "redemption"
    )
    assert isinstance(refusal, WrongState)


def test_two_of_one_list_cannot_take_the_same_id(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    twice = [filed("request-1"), filed("request-1")]

    all_refused(memory_ledger, twice, "request_exists", "request", index=1)


def test_a_list_is_refused_as_a_whole_and_says_which(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    both = [Proposal(redeemed("account-1", 15), COMMITTEE) for _ in range(2)]

    all_refused(memory_ledger, both, "beyond_balance", "points", index=1)


def test_the_founder_is_secretary_until_another_takes_effect(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    successor = AppointmentMade(
        principal="p-successor",
        organisation="town",
        office=Office.SECRETARY,
        effective_from=tomorrow,
    )
    accepted(memory_ledger, Proposal(successor, FOUNDER))

    accepted(memory_ledger, _registered("dept-1", FOUNDER))

    refused(
        memory_ledger,
        _registered("dept-2", Actor("secretary", "town", "p-successor")),
        "no_such_appointment",
    )


def test_the_founders_office_passes_on(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    successor = Actor("secretary", "town", "p-successor")
    appointment = AppointmentMade(
        principal=successor.principal, organisation="town", office=Office.SECRETARY
    )

    accepted(memory_ledger, Proposal(appointment, FOUNDER))

    refused(memory_ledger, _registered("dept-1", FOUNDER), "no_such_appointment")
    accepted(memory_ledger, _registered("dept-1", successor))


def _registered(organisation: str, actor: Actor) -> Proposal:
    event = OrganisationRegistered(
        organisation=organisation, type=OrganisationType.DEPARTMENT, name="局", parent="town"
    )
    return Proposal(event, actor)
