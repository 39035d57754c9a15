"""Consent: given for one purpose, withdrawn as easily, and what a child's guardian has to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.domain.privacy.consent import ConsentGiven, ConsentWithdrawn, Evidence, Purpose
from ledger.domain.privacy.subjects import Consent
from ledger.domain.requests.requests import Stage
from ledger.event import Actor
from ledger.refusals import Unacceptable, WrongState
from tests.privacy_acts import ACCOUNT, HOLDER, SUBJECT, agreed, done, opened, privacy
from tests.request_acts import brought_to, refused, town
from tests.town import COMMITTEE, FOUNDER, HOTLINE, RESIDENT, SECRETARY, WATER

FIELD: dict[str, Any] = {"purpose": Purpose.SHOW_FIELD, "event": "event-1", "field": "comment"}
WHO_MAY = [HOTLINE, COMMITTEE, SECRETARY, FOUNDER, RESIDENT]


@pytest.mark.parametrize("actor", WHO_MAY)
def test_whoever_takes_a_consent_down_takes_its_withdrawal_down_too(actor: Actor) -> None:
    paper = town(*brought_to(Stage.FILED))

    paper.accept(done("consent_given", actor))
    given = agreed(paper)
    paper.accept(done("consent_withdrawn", actor))

    assert given == [Consent("be_called_back")]
    assert (agreed(paper), privacy(paper).withdrawn) == ([], (Consent("be_called_back"),))


def test_a_handler_takes_no_consent_down() -> None:
    paper = town(*brought_to(Stage.DISPATCHED))

    refused(paper, done("consent_given", WATER), "office_may_not")


def test_a_consent_is_given_once_until_it_is_withdrawn() -> None:
    paper = town(*brought_to(Stage.FILED), done("consent_given"))

    refusal = refused(paper, done("consent_given", RESIDENT), "consent_given_already", "purpose")

    assert isinstance(refusal, WrongState)
    paper.accept(done("consent_withdrawn"), done("consent_given"))
    assert privacy(paper).withdrawn == ()


def test_what_was_never_given_is_not_withdrawn() -> None:
    paper = town(*brought_to(Stage.FILED), done("consent_given"))

    other = done("consent_withdrawn", purpose=Purpose.SHOW_NAME)

    assert isinstance(refused(paper, other, "no_such_consent", "purpose"), WrongState)
    paper.accept(done("consent_withdrawn"))
    refused(paper, done("consent_withdrawn"), "no_such_consent", "purpose")


def test_a_consent_is_not_withdrawn_before_it_was_given() -> None:
    paper = town(*brought_to(Stage.FILED), done("consent_given"))
    too_early = done("consent_withdrawn")
    too_early.occurred_at = paper.at - timedelta(microseconds=1)

    refused(paper, too_early, "precedes_what_it_follows", "occurred_at")


def test_one_field_of_one_event_is_agreed_to_at_a_time() -> None:
    paper = town(*brought_to(Stage.FILED), done("consent_given", **FIELD))

    another = {**FIELD, "event": "event-2"}
    refused(paper, done("consent_given", **FIELD), "consent_given_already", "purpose")
    refused(paper, done("consent_withdrawn", **another), "no_such_consent", "purpose")
    paper.accept(done("consent_given", **another), done("consent_withdrawn", **FIELD))

    assert agreed(paper) == [Consent("show_field", "event-2", "comment")]


@pytest.mark.parametrize("kind", [ConsentGiven, ConsentWithdrawn])
@pytest.mark.parametrize(
    "body",
    [
        {"purpose": Purpose.SHOW_FIELD},
        {"purpose": Purpose.SHOW_FIELD, "event": "event-1"},
        {"purpose": Purpose.SHOW_NAME, "field": "name"},
        {"purpose": Purpose.SHOW_NAME, "event": "event-1", "field": "name"},
    ],
)
def test_event_and_field_belong_to_the_showing_of_a_field_alone(
    kind: type[ConsentGiven], body: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError, match="event and field"):
        kind(subject=SUBJECT, **body)


def test_an_office_says_how_it_knows() -> None:
    paper = town(*brought_to(Stage.FILED), done("consent_given"))

    for kind in ("consent_given", "consent_withdrawn"):
        unproved = done(kind, evidence=None)
        refusal = refused(paper, unproved, "evidence_missing", "evidence")
        assert isinstance(refusal, Unacceptable)
        assert "signed_form" in refusal.accepted


def test_who_speaks_for_themselves_brings_no_evidence() -> None:
    paper = town(*brought_to(Stage.FILED))

    proved = done("consent_given", RESIDENT, evidence=Evidence.CALL)

    assert isinstance(refused(paper, proved, "evidence_of_oneself", "evidence"), Unacceptable)


def test_a_guardian_agrees_for_a_child() -> None:
    paper = town(*brought_to(Stage.FILED))

    paper.accept(done("consent_given", under_14=True, guardian="（监护人姓名）"))

    assert agreed(paper) == [Consent("be_called_back")]


@pytest.mark.parametrize("body", [{"under_14": True}, {"guardian": "（监护人姓名）"}])
def test_a_guardian_is_named_for_a_child_under_14_and_for_nobody_else(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="guardian"):
        done("consent_given", **body)


@pytest.mark.parametrize(
    ("answer", "purpose"),
    [
        ("masked_name_consent", Purpose.SHOW_MASKED_NAME),
        ("ranking_opt_in", Purpose.TAKE_PART_IN_RANKING),
    ],
)
def test_what_the_opening_of_an_account_agreed_to_is_withdrawn_like_any_consent(
    answer: str, purpose: Purpose
) -> None:
    paper = town(opened(**{answer: True}))
    about: dict[str, Any] = {"subject": ACCOUNT, "purpose": purpose}

    refused(paper, done("consent_given", HOLDER, **about), "consent_given_already", "purpose")
    paper.accept(done("consent_withdrawn", HOLDER, **about))

    refused(paper, done("consent_withdrawn", HOLDER, **about), "no_such_consent", "purpose")
    paper.accept(done("consent_given", HOLDER, **about))
    assert agreed(paper, ACCOUNT) == [Consent(purpose.value)]


def test_an_account_that_agreed_to_nothing_has_nothing_to_withdraw() -> None:
    paper = town(opened())

    withdrawn = done("consent_withdrawn", HOLDER, ACCOUNT, purpose=Purpose.TAKE_PART_IN_RANKING)

    refused(paper, withdrawn, "no_such_consent", "purpose")


@pytest.mark.parametrize("kind", ["consent_given", "consent_withdrawn"])
def test_nothing_is_agreed_about_what_is_erased(kind: str) -> None:
    paper = town(*brought_to(Stage.WITHDRAWN), done("consent_given"), done("personal_data_erased"))

    refusal = refused(paper, done(kind), "subject_erased", "subject")

    assert isinstance(refusal, WrongState)
    assert agreed(paper) == []
