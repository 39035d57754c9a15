"""Whose the words of opinions, praise and deliberations are, and who may read them."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.access.reading import ReadingPurpose
from ledger.decision import Situation
from ledger.event import Actor, HeldFor
from ledger.vault.reading_rules import Wanted, may_read
from tests.participation_acts import (
    MATTER,
    OPINION,
    posted,
    praised,
    replied,
    steps_until,
    taking_part,
)
from tests.privacy_acts import done
from tests.request_acts import COMMITTEE_2, STRANGER, refused
from tests.town import COMMITTEE, HOTLINE, RESIDENT, SECRETARY, TOWN_CLERK, WATER

SUBJECTS = (f"opinion:{OPINION}", "praise:praise-1", f"joint_matter:{MATTER}")
PAPER = taking_part(
    posted(), replied(), praised(praise="praise-1", words="辛苦了"), *steps_until("goals_set")
)


def read(actor: Actor, subject: str, purpose: ReadingPurpose) -> str | None:
    """The rule under which a reading is refused; None where it is allowed."""
    situation = Situation(PAPER.states.get, actor, PAPER.at, PAPER.at)
    wanted = (Wanted("event-1", "text", HeldFor.CONTENT),)
    refusal = may_read(situation, purpose, subject, wanted, None)
    return None if refusal is None else refusal.rule


@pytest.mark.parametrize("subject", SUBJECTS[:2])
def test_who_wrote_asks_for_their_own_data_and_nobody_elses(subject: str) -> None:
    paper = PAPER.copy()

    refused(paper, done("access_requested", STRANGER, subject), "not_the_subject", "subject")
    paper.accept(done("access_requested", RESIDENT, subject))

    assert f"privacy:{subject}" in paper.history[-1].tags


@pytest.mark.parametrize("subject", [SUBJECTS[0], SUBJECTS[2]])
def test_another_community_does_nothing_about_them(subject: str) -> None:
    proposal = done("access_requested", COMMITTEE_2, subject)

    refused(PAPER.copy(), proposal, "foreign_community", "subject")


def test_nobody_acts_in_an_office_on_what_they_wrote() -> None:
    own = taking_part(posted(HOTLINE, poster=COMMITTEE.principal))

    refused(own, done("access_requested", COMMITTEE, SUBJECTS[0]), "own_data", "subject")


READINGS: tuple[tuple[Any, str, str | None], ...] = (
    (COMMITTEE, SUBJECTS[0], None),
    (SECRETARY, SUBJECTS[0], None),
    (COMMITTEE_2, SUBJECTS[0], "foreign_community"),
    (WATER, SUBJECTS[0], "not_a_handler"),
    (HOTLINE, SUBJECTS[0], None),
    (WATER, SUBJECTS[1], "not_a_handler"),
    (COMMITTEE, SUBJECTS[1], None),
    (COMMITTEE, SUBJECTS[2], None),
    (TOWN_CLERK, SUBJECTS[2], None),
    (HOTLINE, SUBJECTS[2], "not_a_handler"),
    (WATER, SUBJECTS[2], "not_a_handler"),
    (COMMITTEE_2, SUBJECTS[2], "foreign_community"),
)


@pytest.mark.parametrize(("actor", "subject", "rule"), READINGS)
def test_words_are_read_by_their_community_and_the_town(
    actor: Actor, subject: str, rule: str | None
) -> None:
    assert read(actor, subject, ReadingPurpose.HANDLING) == rule


def test_who_wrote_reads_their_own() -> None:
    assert read(RESIDENT, SUBJECTS[0], ReadingPurpose.SUBJECT_ACCESS) is None
    assert read(STRANGER, SUBJECTS[0], ReadingPurpose.SUBJECT_ACCESS) == "not_the_subject"
    assert read(RESIDENT, SUBJECTS[2], ReadingPurpose.SUBJECT_ACCESS) == "not_the_subject"
