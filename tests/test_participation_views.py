"""What is shown of taking part: counts and reviewed words, decisions and results, no household."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection

from ledger.decision import Office
from ledger.domain.participation.pairings import PairingTheme
from ledger.domain.participation.six_steps import SixSteps
from projections import participation_reading
from projections.participation_reading import Interaction, JointMatters, Pairings
from tests.participation_acts import (
    POOR,
    SHOWN,
    by_member,
    by_unit,
    convened,
    ended,
    held,
    paired,
    posted,
    praised,
    praised_office,
    replied,
    sent_back,
    step,
    steps_until,
    taking_part,
)
from tests.request_acts import COMMITTEE_2, STRANGER
from tests.test_views import board  # noqa: F401 - a fixture
from tests.town import COMMITTEE


async def talk(connection: AsyncConnection[Any]) -> Interaction:
    return await participation_reading.interaction(connection)


async def matters(connection: AsyncConnection[Any]) -> JointMatters:
    return await participation_reading.joint_matters(connection)


async def pairs(connection: AsyncConnection[Any]) -> Pairings:
    return await participation_reading.pairings(connection)


def test_opinions_are_counted_and_read_in_their_reviewed_wording(board: Any) -> None:  # noqa: F811
    paper = taking_part(posted(), replied(**SHOWN))
    paper.accept(posted(opinion="opinion-2"), replied(opinion="opinion-2"))
    paper.accept(posted(opinion="opinion-3"))

    shown: Interaction = board(paper, talk)

    (count,) = shown.communities
    assert (count.community, count.opinions, count.replied) == ("branch-1", 3, 2)
    (opinion,) = shown.opinions
    assert (opinion.public_text, opinion.public_reply) == (
        SHOWN["public_text"], SHOWN["public_reply"],
    )  # fmt: skip


def test_praise_is_counted_by_what_is_praised(board: Any) -> None:  # noqa: F811
    paper = taking_part(praised(), praised(STRANGER), praised(COMMITTEE, organisation="dept-water"))
    paper.accept(praised_office(Office.BUILDING_HEAD, "committee-1"))

    shown: Interaction = board(paper, talk)

    assert [(one.target_type, one.target, one.office, one.praises) for one in shown.praises] == [
        ("organisation", "committee-1", "", 2),
        ("office", "committee-1", "building_head", 1),
        ("organisation", "dept-water", "", 1),
    ]


def test_a_matter_is_read_from_its_decision_on(board: Any) -> None:  # noqa: F811
    paper = taking_part(convened(), *steps_until("opinions_assessed", "undecided"))
    paper.accept(*steps_until("decision_formed", "decided"), *steps_until("result_published"))
    paper.accept(step("opinions_collected", COMMITTEE_2, "other", community="committee-2"))

    shown: JointMatters = board(paper, matters)

    counts = [(one.community, one.matters, one.decided, one.published) for one in shown.communities]
    assert counts == [("branch-1", 3, 2, 1), ("committee-2", 1, 0, 0)]
    assert shown.meetings == 1
    assert [(one.joint_matter, one.decision, one.outcome) for one in shown.matters] == [
        ("matter-1", "东侧增设一处", "achieved"),
        ("decided", "东侧增设一处", None),
    ]


def test_a_decision_sent_back_is_read_no_longer(board: Any) -> None:  # noqa: F811
    back = sent_back(SixSteps.OPINIONS_ASSESSED)
    goals = steps_until("goals_set", "matter-2")
    kept = sent_back(SixSteps.GOALS_SET, joint_matter="matter-2")
    paper = taking_part(*steps_until("goals_set"), back, *goals, kept)

    shown: JointMatters = board(paper, matters)

    assert [one.joint_matter for one in shown.matters] == ["matter-2"]
    assert [(one.matters, one.decided) for one in shown.communities] == [(2, 1)]


def test_pairings_are_told_by_their_organisations_and_households_counted(
    board: Any,  # noqa: F811
) -> None:
    paper = taking_part(
        paired(),
        paired(pairing="pairing-2", partner="village-2"),
        by_unit("pairing-3", partner="mill-1"),
        by_unit("pairing-4", household="household-1", **POOR),
        by_unit("pairing-5", household="household-1", organisation="charity-1", **POOR),
        by_unit("pairing-6", household="household-2", **POOR),
        by_unit("pairing-7", household="household-3", **POOR),
        by_member("pairing-8", "household-1"),
        ended("pairing-2"),
        ended("pairing-5"),
        ended("pairing-6"),
    )

    shown: Pairings = board(paper, pairs)

    assert [(one.form, one.organisations, one.partners) for one in shown.ends] == [
        ("branches", 1, 1), ("units", 1, 1),
    ]  # fmt: skip
    assert [(one.form, one.households) for one in shown.households] == [
        ("members", 1), ("units", 2),
    ]  # fmt: skip
    assert [(one.pairing, one.ended_at is None) for one in shown.pairings] == [
        ("pairing-3", True), ("pairing-2", False), ("pairing-1", True),
    ]  # fmt: skip
    counts = {
        (one.form, one.organisation, one.with_household): (one.formed, one.active)
        for one in shown.counts
    }
    assert counts == {
        ("branches", "branch-1", False): (2, 1),
        ("members", "branch-1", True): (1, 1),
        ("units", "charity-1", True): (1, 0),
        ("units", "factory-1", False): (1, 1),
        ("units", "factory-1", True): (3, 2),
    }
    assert "household-" not in repr(shown)


def test_a_session_with_several_pairs_is_one(board: Any) -> None:  # noqa: F811
    paper = taking_part(paired(), paired(pairing="pairing-2", partner="village-2"))
    paper.accept(
        held("pairing-1", "pairing-2"), held(), held(theme=PairingTheme.INDUSTRY, participants=4)
    )

    shown: Pairings = board(paper, pairs)

    assert [(one.theme, one.sessions, one.participants) for one in shown.sessions] == [
        ("industry", 1, 4), ("new_civic_customs", 2, 92),
    ]  # fmt: skip


def test_pages_come_one_after_the_other(board: Any) -> None:  # noqa: F811
    again = [ended(), paired(pairing="again-1"), ended("again-1"), paired(pairing="again-2")]
    paper = taking_part(paired(), *again)

    async def two(connection: AsyncConnection[Any]) -> Pairings:
        return await participation_reading.pairings(connection, limit=2)

    first: Pairings = board(paper, two)

    assert len(first.pairings) == 2
    assert first.next == first.pairings[-1].position

    async def rest(connection: AsyncConnection[Any]) -> Pairings:
        return await participation_reading.pairings(connection, before=first.next)

    second: Pairings = board(paper, rest)
    assert [one.pairing for one in second.pairings] == ["pairing-1"]
    assert second.next is None
