"""Erasure and legal holds: who erases what, when, and what keeps it from being erased."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ledger.decision import Office
from ledger.domain.privacy.consent import Purpose
from ledger.domain.privacy.erasure import ErasureBasis, HoldBasis
from ledger.domain.privacy.subjects import ALL_PURPOSES
from ledger.domain.requests.requests import ENDED, Stage
from ledger.domain.town.people import AppointmentEnded
from ledger.event import Actor, HeldFor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, WrongState
from tests.privacy_acts import ACCOUNT, IDENTITY, SUBJECT, done, opened, privacy
from tests.request_acts import brought_to, on, refused, second, town
from tests.test_domain_personal_data import linked
from tests.town import COMMITTEE, COUNTY, FOUNDER, HOTLINE, TOWN_CLERK, WATER
from tests.whistle_acts import WHISTLE, act, blown, whistle_town

OPEN = sorted(set(Stage) - ENDED)
REST = {HeldFor.IDENTITY, HeldFor.PROFILE}
WHISTLE_DATA = f"whistle:{WHISTLE}"
PERSON = f"principal:{WATER.principal}"


def erased(**body: Any) -> Proposal:
    return done("personal_data_erased", **body)


# Who erases


@pytest.mark.parametrize("actor", [TOWN_CLERK, FOUNDER, HOTLINE])
def test_an_officer_of_the_town_or_of_the_hotline_erases_an_ended_case(actor: Actor) -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF))

    paper.accept(erased(actor=actor, basis=ErasureBasis.RETENTION_OVER))

    assert privacy(paper).erased == ALL_PURPOSES


@pytest.mark.parametrize("actor", [COMMITTEE, WATER, COUNTY])
def test_nobody_else_erases(actor: Actor) -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF))

    assert isinstance(refused(paper, erased(actor=actor), "office_may_not"), Forbidden)


@pytest.mark.parametrize("subject", [ACCOUNT, PERSON])
def test_the_hotline_erases_only_what_it_took_in(subject: str) -> None:
    paper = town(opened())
    purposes = (HeldFor.PROFILE,)

    by_hotline = erased(actor=HOTLINE, subject=subject, purposes=purposes)

    assert isinstance(refused(paper, by_hotline, "not_the_hotlines", "subject"), Forbidden)
    paper.accept(erased(subject=subject, purposes=purposes))


def test_the_hotline_erases_an_identity_and_no_context_is_linked_to_it_any_more() -> None:
    paper = town(linked())

    paper.accept(erased(actor=HOTLINE, subject="identity:identity-1"))

    assert isinstance(refused(paper, linked(), "identity_exists", "identity"), WrongState)
    refused(paper, linked(IDENTITY), "identity_exists", "identity")


def test_an_identity_of_which_its_name_is_not_erased_goes_on() -> None:
    paper = town(linked(), erased(subject="identity:identity-1", purposes=(HeldFor.CONTENT,)))

    paper.accept(linked())

    assert paper.states["identity:identity-1"].contexts == 2


# What is erased


def test_what_is_kept_for_one_thing_is_erased_before_the_rest() -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF))

    paper.accept(erased(purposes=(HeldFor.CONTACT,)))
    first = privacy(paper).erased
    paper.accept(erased(purposes=(HeldFor.CONTACT, HeldFor.CONTENT)), erased())

    assert first == {HeldFor.CONTACT}
    assert privacy(paper).is_erased


def test_nothing_is_erased_twice() -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF), erased(purposes=(HeldFor.CONTACT,)))

    refusal = refused(paper, erased(purposes=(HeldFor.CONTACT,)), "already_erased", "purposes")

    assert isinstance(refusal, WrongState)
    paper.accept(erased())
    refused(paper, erased(), "already_erased", "purposes")


def test_a_purpose_is_named_once() -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF))

    twice = erased(purposes=(HeldFor.CONTACT, HeldFor.CONTACT))

    assert isinstance(refused(paper, twice, "purpose_given_twice", "purposes"), Unacceptable)


# What a case still needs


@pytest.mark.parametrize("stage", OPEN)
@pytest.mark.parametrize("basis", [ErasureBasis.WITHDRAWAL, ErasureBasis.RETENTION_OVER])
def test_of_an_open_case_nothing_is_erased_but_by_request(
    stage: Stage, basis: ErasureBasis
) -> None:
    paper = town(*brought_to(stage))

    refusal = refused(paper, erased(basis=basis), "case_open", "subject")

    assert isinstance(refusal, WrongState)
    assert stage in refusal.reason


@pytest.mark.parametrize("stage", OPEN)
@pytest.mark.parametrize("purposes", [(), (HeldFor.CONTACT,), (HeldFor.CONTENT, *REST)])
def test_what_an_open_case_needs_stays_though_the_requester_asks(
    stage: Stage, purposes: tuple[HeldFor, ...]
) -> None:
    paper = town(*brought_to(stage))

    refusal = refused(paper, erased(purposes=purposes), "needed_by_the_case", "purposes")

    assert isinstance(refusal, WrongState)
    assert "request_withdrawn" in refusal.accepted


@pytest.mark.parametrize("stage", OPEN)
def test_the_requester_of_an_open_case_may_go_on_without_a_name(stage: Stage) -> None:
    paper = town(*brought_to(stage))

    paper.accept(erased(purposes=tuple(REST)))

    assert privacy(paper).erased == REST


@pytest.mark.parametrize("stage", sorted(ENDED))
@pytest.mark.parametrize("basis", [ErasureBasis.REQUEST, ErasureBasis.RETENTION_OVER])
def test_an_ended_case_keeps_nothing(stage: Stage, basis: ErasureBasis) -> None:
    paper = town(*brought_to(stage))

    paper.accept(erased(basis=basis))

    assert privacy(paper).is_erased


def test_a_whistle_is_erased_once_it_has_ended() -> None:
    paper = whistle_town(blown())

    refused(paper, erased(subject=WHISTLE_DATA), "case_open", "subject")
    paper.accept(act("whistle_countermanded", None))

    paper.accept(erased(subject=WHISTLE_DATA))
    assert privacy(paper, WHISTLE_DATA).is_erased


def test_who_serves_is_known_by_name_until_the_office_ends() -> None:
    paper = town()
    without_the_name = erased(subject=PERSON, purposes=(HeldFor.PROFILE,))

    refusal = refused(paper, erased(subject=PERSON), "still_in_office", "purposes")
    paper.accept(without_the_name)
    ended = [
        AppointmentEnded(
            principal=WATER.principal, organisation=WATER.organisation, office=Office.CLERK_A
        )
    ]
    paper.accept(*(Proposal(event, FOUNDER) for event in ended), erased(subject=PERSON))

    assert isinstance(refusal, WrongState)
    assert privacy(paper, PERSON).is_erased


def test_erasing_on_withdrawal_follows_one() -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF), done("consent_given"))
    on_withdrawal = erased(basis=ErasureBasis.WITHDRAWAL)

    refusal = refused(paper, on_withdrawal, "nothing_withdrawn", "basis")
    paper.accept(done("consent_withdrawn"), erased(basis=ErasureBasis.WITHDRAWAL))

    assert isinstance(refusal, WrongState)
    assert privacy(paper).is_erased


def test_a_withdrawn_request_is_a_withdrawal() -> None:
    paper = town(*brought_to(Stage.WITHDRAWN))

    paper.accept(erased(basis=ErasureBasis.WITHDRAWAL))

    assert privacy(paper).is_erased


# Holds


@pytest.mark.parametrize("basis", HoldBasis)
def test_what_is_held_is_not_erased(basis: HoldBasis) -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF), done("legal_hold_placed", basis=basis))

    refusal = refused(paper, erased(purposes=(HeldFor.PROFILE,)), "legal_hold", "subject")

    assert isinstance(refusal, WrongState)
    assert basis in refusal.reason
    paper.accept(done("legal_hold_released", basis=basis), erased(actor=FOUNDER))


def test_two_holds_end_one_by_one() -> None:
    paper = town(
        *brought_to(Stage.STRUCK_OFF),
        done("legal_hold_placed"),
        done("legal_hold_placed", COUNTY, basis=HoldBasis.AUDIT),
        done("legal_hold_released"),
    )

    refused(paper, erased(actor=FOUNDER), "legal_hold", "subject")

    paper.accept(done("legal_hold_released", COUNTY, basis=HoldBasis.AUDIT), erased(actor=FOUNDER))


def test_the_last_day_of_a_hold_counts_whole_and_ends_it() -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF), done("legal_hold_placed", until=date(2026, 3, 31)))
    paper.at = on(3, 31, 23, 59)

    refused(paper, erased(), "legal_hold", "subject")
    paper.at = on(4, 1, 0)

    refused(paper, done("legal_hold_released"), "not_held", "basis")
    paper.accept(erased())


def test_a_hold_that_is_over_may_be_placed_anew() -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF), done("legal_hold_placed", until=date(2026, 3, 31)))
    paper.at = on(4, 1, 9)

    paper.accept(done("legal_hold_placed"))

    assert [hold.until for hold in privacy(paper).holds] == [None]


def test_a_hold_is_placed_once_for_each_basis() -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF), done("legal_hold_placed"))

    refusal = refused(paper, done("legal_hold_placed", COUNTY), "held_already", "basis")

    assert isinstance(refusal, WrongState)


def test_a_hold_does_not_end_before_it_begins() -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF))

    over = done("legal_hold_placed", until=date(2026, 3, 1))
    today = done("legal_hold_placed", until=date(2026, 3, 2))

    assert isinstance(refused(paper, over, "hold_is_over", "until"), Unacceptable)
    paper.accept(today)


def test_nothing_is_held_of_what_is_erased() -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF), erased())

    refused(paper, done("legal_hold_placed"), "subject_erased", "subject")


def test_what_is_not_held_is_not_released() -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF), done("legal_hold_placed", basis=HoldBasis.COURT))

    assert isinstance(refused(paper, done("legal_hold_released"), "not_held", "basis"), WrongState)


def test_a_hold_is_released_by_the_organisation_that_placed_it_or_by_the_county() -> None:
    placed = done("legal_hold_placed")
    paper = town(*brought_to(Stage.STRUCK_OFF), placed)

    refusal = refused(paper, done("legal_hold_released", FOUNDER), "hold_of_another")

    assert isinstance(refusal, Forbidden)
    assert "government" in refusal.reason
    paper.copy().accept(done("legal_hold_released", second(TOWN_CLERK)))
    paper.accept(done("legal_hold_released", COUNTY))


def test_the_countys_hold_is_the_countys_to_release() -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF), done("legal_hold_placed", COUNTY))

    refused(paper, done("legal_hold_released"), "hold_of_another")


def test_a_hold_is_not_released_before_it_was_placed() -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF), done("legal_hold_placed"))
    too_early = done("legal_hold_released")
    too_early.occurred_at = paper.at - timedelta(microseconds=1)

    refused(paper, too_early, "precedes_what_it_follows", "occurred_at")


def test_whoever_released_a_hold_does_not_erase_what_it_held() -> None:
    paper = town(
        *brought_to(Stage.STRUCK_OFF), done("legal_hold_placed"), done("legal_hold_released")
    )

    refusal = refused(paper, erased(), "released_its_hold")

    assert isinstance(refusal, Forbidden)
    paper.accept(erased(actor=second(TOWN_CLERK)))


@pytest.mark.parametrize("actor", [HOTLINE, COMMITTEE, WATER])
def test_town_and_county_alone_hold(actor: Actor) -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF))

    refused(paper, done("legal_hold_placed", actor), "office_may_not")


def test_consents_fall_with_the_erasure_of_all_and_stay_with_that_of_a_part() -> None:
    paper = town(*brought_to(Stage.STRUCK_OFF), done("consent_given", purpose=Purpose.SHOW_NAME))

    paper.accept(erased(purposes=(HeldFor.CONTACT,)))
    after_a_part = len(privacy(paper).given)
    paper.accept(erased())

    assert (after_a_part, privacy(paper).given) == (1, ())
    assert SUBJECT in paper.history[-1].tags
