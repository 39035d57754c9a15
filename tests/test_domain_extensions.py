"""Extensions (延期): asked for before the term ends, within the pack's limits, ruled by others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from ledger.domain.requests.dispatching import OrderSigned
from ledger.domain.requests.requests import Stage
from ledger.domain.requests.supervision import (
    ExtensionRequested,
    ExtensionRuled,
)
from ledger.domain.rules.rules import Grade
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, WrongState
from tests.paper_ledger import PaperLedger
from tests.request_acts import (
    CASE,
    Cast,
    acts,
    brought_to,
    case,
    dispatch,
    on,
    pack,
    refused,
    term,
    town,
)
from tests.town import (
    HOTLINE,
    ROADS,
    RULES,
    TOWN_CLERK,
    WATER,
)

# Dispatched on Monday, 2 March 2026, just after 09:00: five working days end here.
DUE = on(3, 9, 18)


def extension(amount: int = 2, actor: Actor = WATER) -> Proposal:
    return Proposal(ExtensionRequested(request=CASE, amount=amount, reason="等待配件"), actor)


def extension_ruled(*, granted: bool = True) -> Proposal:
    return Proposal(ExtensionRuled(request=CASE, granted=granted), HOTLINE)


def in_hand() -> PaperLedger:
    return town(*brought_to(Stage.IN_HAND))


def led_by_the_town() -> PaperLedger:
    return town(*brought_to(Stage.IN_HAND, Cast(lead=TOWN_CLERK)))


def just_before(paper: PaperLedger, moment: datetime) -> None:
    """The next decision is one second before the moment, the one after it at the moment."""
    paper.at = moment - timedelta(seconds=2)


# 延期


def test_an_extension_is_asked_for_and_changes_no_term_until_it_is_ruled() -> None:
    paper = in_hand()

    paper.accept(extension(3))

    assert case(paper).order.extension_asked == 3
    assert term(paper).due_at == DUE


def test_a_granted_extension_moves_the_end_of_the_term() -> None:
    paper = in_hand()

    paper.accept(extension(3), extension_ruled())

    assert term(paper).due_at == on(3, 12, 18)
    assert case(paper).order.extensions == 1
    assert case(paper).order.extension_asked == 0


def test_a_refused_extension_leaves_the_term_and_may_be_asked_for_again() -> None:
    paper = in_hand()

    paper.accept(extension(3), extension_ruled(granted=False))

    assert term(paper).due_at == DUE
    assert case(paper).order.extensions == 0
    paper.accept(extension(2), extension_ruled())
    assert term(paper).due_at == on(3, 11, 18)


def test_an_extension_counts_working_days_across_a_moved_weekend() -> None:
    """Friday, 1 May and Monday, 4 May are holidays, Saturday, 9 May is worked (调休)."""
    paper = town(*brought_to(Stage.ACCEPTED))
    paper.at = on(4, 30, 9)
    paper.accept(dispatch())
    assert term(paper).due_at == on(5, 9, 18)

    paper.accept(extension(1), extension_ruled())

    assert term(paper).due_at == on(5, 11, 18)


def test_an_extension_is_asked_for_before_the_term_ends() -> None:
    paper = in_hand()
    just_before(paper, DUE)
    last_moment = paper.copy()

    last_moment.accept(Proposal(OrderSigned(request=CASE), WATER), extension())
    paper.at = DUE
    refusal = refused(paper, extension(), "term_expired", "request")

    assert last_moment.at == DUE
    assert isinstance(refusal, WrongState)
    assert DUE.isoformat() in refusal.reason


def test_an_extension_asked_for_in_time_may_be_ruled_after_the_term() -> None:
    paper = in_hand()
    paper.accept(extension())

    paper.at = DUE + timedelta(days=1)
    paper.accept(extension_ruled())

    assert term(paper).due_at == on(3, 11, 18)


@pytest.mark.parametrize("amount", [5, 6])
def test_an_extension_is_never_longer_than_the_original_term(amount: int) -> None:
    paper = in_hand()

    if amount == 5:
        paper.accept(extension(amount))
    else:
        refusal = refused(paper, extension(amount), "extension_too_long", "amount")
        assert isinstance(refusal, Unacceptable)
        assert "at most 5 working_days" in refusal.accepted


def test_several_extensions_together_are_never_longer_than_the_original_term() -> None:
    paper = town(pack(max_extensions=2))
    paper.at = on(3, 2, 10)
    paper.accept(*brought_to(Stage.IN_HAND), extension(3), extension_ruled())

    refusal = refused(paper, extension(3), "extension_too_long", "amount")

    assert "at most 2 working_days" in refusal.accepted
    paper.accept(extension(2), extension_ruled())
    assert term(paper).due_at == on(3, 16, 18)


def test_extensions_are_granted_up_to_the_packs_number() -> None:
    paper = in_hand()
    paper.accept(extension(1), extension_ruled())

    refusal = refused(paper, extension(1), "extensions_used_up", "request")

    assert isinstance(refusal, WrongState)


@pytest.mark.parametrize("applies_to_open_cases", [False, True])
def test_an_order_keeps_the_extensions_of_its_pack_unless_a_pack_applies_to_open_cases(
    *, applies_to_open_cases: bool
) -> None:
    paper = town(
        *brought_to(Stage.IN_HAND),
        pack(max_extensions=0, applies_to_open_cases=applies_to_open_cases),
    )
    paper.at = on(3, 2, 10)

    if applies_to_open_cases:
        refused(paper, extension(), "extensions_used_up", "request")
    else:
        paper.accept(extension())


def test_one_extension_is_asked_for_at_a_time() -> None:
    paper = in_hand()
    paper.accept(extension())

    refusal = refused(paper, extension(), "extension_not_ruled", "request")

    assert isinstance(refusal, WrongState)


def test_an_extension_is_ruled_once_asked_for() -> None:
    paper = in_hand()

    refusal = refused(paper, extension_ruled(), "no_extension_asked", "request")

    assert isinstance(refusal, WrongState)
    paper.accept(extension(), extension_ruled())
    refused(paper, extension_ruled(), "no_extension_asked", "request")


def test_what_has_no_term_is_not_extended() -> None:
    only_hours = tuple(d for d in RULES.deadlines if d.grade is not Grade.ORDINARY)
    paper = town(pack(deadlines=only_hours))
    paper.at = on(3, 2, 10)
    paper.accept(*brought_to(Stage.IN_HAND))

    refusal = refused(paper, extension(), "no_term", "request")

    assert isinstance(refusal, WrongState)


def test_what_was_dispatched_before_any_pack_has_no_term_to_extend() -> None:
    paper = town()
    before_all_packs = brought_to(Stage.IN_HAND)
    for proposal in before_all_packs:
        proposal.occurred_at = datetime(2019, 6, 3, 1, tzinfo=UTC)
    paper.accept(*before_all_packs)

    refused(paper, extension(), "no_term", "request")


@pytest.mark.parametrize("amount", [0, -1, 1001])
def test_an_extension_has_a_size(amount: int) -> None:
    with pytest.raises(ValidationError):
        extension(amount)


def test_what_a_lead_asked_for_lapses_when_another_leads() -> None:
    paper = in_hand()
    paper.accept(extension(), acts()["order_reassigned"])

    refused(paper, extension_ruled(), "no_extension_asked", "request")

    paper.accept(extension(1, ROADS), extension_ruled())
    assert term(paper).due_at == on(3, 10, 18)


def test_hours_are_extended_by_hours() -> None:
    paper = town(*brought_to(Stage.ACCEPTED), dispatch(grade=Grade.EMERGENCY))
    started_at = paper.at

    paper.accept(extension(2), extension_ruled())

    assert term(paper).due_at == started_at + timedelta(hours=4)


def test_the_town_that_leads_does_not_rule_on_its_own_extension() -> None:
    paper = led_by_the_town()
    paper.accept(extension(2, TOWN_CLERK))

    own = Proposal(ExtensionRuled(request=CASE, granted=True), TOWN_CLERK)

    assert isinstance(refused(paper, own, "own_extension"), Forbidden)
    paper.accept(extension_ruled())
