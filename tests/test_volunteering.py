"""What is shown of service: counts as plain counts over the acts, and nobody's name."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import AsyncConnection

from ledger.domain.volunteering.assistance import Theme
from ledger.domain.volunteering.joint_action import Strand
from ledger.event import Actor, Recorded
from ledger.proposal import Proposal
from ledger.store.postgres import PostgresStore
from projections import volunteering_reading
from projections.folding import fold
from projections.schema import prepare
from projections.volunteering import PROJECTION
from projections.volunteering_reading import (
    MemberFigures,
    OrderPage,
    PostPage,
    Volunteering,
)
from tests.paper_ledger import PaperLedger
from tests.strategies import examples
from tests.test_rebuild import FILLS, same_as_folded
from tests.test_views import _store, board  # noqa: F401 - a fixture
from tests.town import COMMITTEE
from tests.volunteering_acts import (
    MEMBER,
    MEMBER_1,
    MEMBER_2,
    MEMBER_3,
    MEMBERS,
    SECRETARY_2,
    VOLUNTEER,
    chosen,
    claimed,
    confirmed,
    delivered,
    drafted,
    help_confirmed,
    helped,
    joint,
    logged,
    opened,
    outreach,
    taken,
    town,
    vacated,
)


async def of_town(connection: AsyncConnection[Any]) -> Volunteering:
    return await volunteering_reading.volunteering(connection)


def of_community(community: str) -> Any:
    async def read(connection: AsyncConnection[Any]) -> Volunteering:
        return await volunteering_reading.volunteering(connection, community=community)

    return read


def full_order(order: str, who: Actor = MEMBER, **changes: Any) -> list[Proposal]:
    """An order from its draft to its confirmation."""
    of: dict[str, Any] = {"order": order}
    return [
        drafted(**of),
        chosen(**of, **changes),
        claimed(who, **of),
        delivered(who, **of),
        confirmed(**of),
    ]


def full_help(number: int, who: Actor = MEMBER, **changes: Any) -> list[Proposal]:
    """Help that is confirmed, in a matter of its own unless the changes name one."""
    identity = f"help-{number}"
    body = {"help": identity, "matter": f"matter-{number}", **changes}
    return [helped(who, **body), help_confirmed(identity=identity)]


# Posts and members


def test_a_vacated_claim_counts_if_service_was_logged_and_a_place_counts_once(
    board: Any,  # noqa: F811
) -> None:
    paper = town(
        opened(3),
        *(taken(), logged(), vacated()),  # served on the first place
        taken(MEMBER_1),  # has that very place now
        *(taken(MEMBER_2), vacated(MEMBER_2)),  # had the second, and never served
        taken(VOLUNTEER),  # has it, and is no unit's member
    )

    shown: Volunteering = board(paper, of_town)

    assert shown.members.members == 2
    assert (shown.posts.places, shown.posts.taken, shown.posts.free) == (3, 2, 1)
    assert shown.posts.claimed_places == 1
    assert (shown.posts.services, shown.posts.hours) == (1, 2)


def test_members_are_distinct_in_the_town_and_in_each_community(board: Any) -> None:  # noqa: F811
    elsewhere: dict[str, Any] = {"post": "post-2"}
    paper = town(
        opened(), opened(actor=SECRETARY_2, **elsewhere),
        taken(), taken(**elsewhere), taken(MEMBER_1, **elsewhere),
    )  # fmt: skip

    whole: Volunteering = board(paper, of_town)
    first: Volunteering = board(paper, of_community("branch-1"))
    second: Volunteering = board(paper, of_community("branch-2"))

    assert [one.members.members for one in (whole, first, second)] == [2, 1, 2]
    assert [one.posts.claimed_places for one in (whole, first, second)] == [3, 1, 2]
    assert [one.community for one in whole.communities] == ["branch-1", "branch-2"]


def test_open_posts_are_listed_newest_first_page_by_page(board: Any) -> None:  # noqa: F811
    paper = town(*(opened(1, post=f"post-{n}") for n in range(4)), taken(post="post-2"))

    async def read(connection: AsyncConnection[Any]) -> tuple[PostPage, PostPage]:
        first = await volunteering_reading.open_posts(connection, limit=2)
        return first, await volunteering_reading.open_posts(
            connection, community="branch-1", before=first.next, limit=2
        )

    first, second = board(paper, read)

    assert [one.post for one in first.posts] == ["post-3", "post-1"]
    assert [one.post for one in second.posts] == ["post-0"]
    assert second.next is None


# Orders


def test_orders_are_counted_by_how_far_they_came(board: Any) -> None:  # noqa: F811
    paper = town(*full_order("order-1"), drafted(order="order-2"), drafted(order="order-3"))
    paper.accept(chosen(order="order-2"), claimed(order="order-2"))

    shown: Volunteering = board(paper, of_town)
    listed: OrderPage = board(paper, volunteering_reading.open_orders)

    orders = shown.orders
    assert (orders.drafted, orders.chosen, orders.claimed) == (3, 2, 2)
    assert (orders.delivered, orders.confirmed, orders.hours) == (1, 1, 2)
    assert orders.mean_minutes == 0
    assert [one.order for one in listed.orders] == ["order-3"]


# Good deeds and persons


def test_a_good_deed_counts_once_a_matter_and_only_when_confirmed(board: Any) -> None:  # noqa: F811
    paper = town(
        opened(),
        taken(),
        *full_help(1),
        *full_help(2, MEMBER_1, matter="matter-1"),  # the same matter, without a claim
        helped(help="help-3", matter="matter-3", beneficiary="b-3"),  # nobody said
        *(helped(help="help-4", matter="matter-4"), help_confirmed(COMMITTEE, False, "help-4")),
        *full_help(5, MEMBER_1, beneficiary="b-5"),  # by a member without a claim
        *full_order("order-1"),
        *full_help(6, matter="order-1", beneficiary="b-6"),  # of that order
    )

    shown: Volunteering = board(paper, of_town)

    assert shown.members == MemberFigures(
        members=1, deeds=3, deeds_by_members=2, persons=3, persons_by_members=2
    )
    assert (shown.help.given, shown.help.confirmed, shown.help.rejected) == (6, 4, 1)


def test_whoever_chose_an_order_is_counted_where_they_are_in_need(board: Any) -> None:  # noqa: F811
    paper = town(
        *full_order("order-1", chosen_by="b-1", beneficiary_category="elders"),
        *full_order("order-2", chosen_by="b-2"),
        *full_help(1, beneficiary="b-1"),
    )

    shown: Volunteering = board(paper, of_town)

    assert (shown.members.deeds, shown.members.persons) == (3, 1)


# Outreach and joint action


def test_talks_and_those_who_held_them_are_counted(board: Any) -> None:  # noqa: F811
    paper = town(
        outreach("unit-1", "unit-2"), outreach("unit-1"), outreach("unit-1", theme=Theme.SCIENCE)
    )

    shown: Volunteering = board(paper, of_town)

    assert [(one.theme, one.sessions) for one in shown.outreach] == [("policy", 2), ("science", 1)]
    assert (shown.outreach_sessions, shown.outreach_units) == (3, 2)


def test_joint_actions_are_counted_by_strand_and_community(board: Any) -> None:  # noqa: F811
    paper = town(
        joint(),
        joint(strand=Strand.SECURITY),
        joint(actor=SECRETARY_2, community="branch-2"),
    )

    whole: Volunteering = board(paper, of_town)
    second: Volunteering = board(paper, of_community("branch-2"))

    assert [(one.strand, one.actions) for one in whole.joint_actions] == [
        ("environment", 2),
        ("security", 1),
    ]
    assert [(one.strand, one.actions) for one in second.joint_actions] == [("environment", 1)]


def test_a_town_without_service_shows_zeros(board: Any) -> None:  # noqa: F811
    shown: Volunteering = board(town(), of_town)

    assert shown.members == MemberFigures(0, 0, 0, 0, 0)
    assert {getattr(shown.posts, one.name) for one in fields(shown.posts)} == {0}
    assert shown.orders.mean_minutes is None
    assert shown.outreach == ()


# Nobody's name, and every figure as a plain count


def busy() -> PaperLedger:
    """A town in which something of each kind happened."""
    return town(
        opened(), taken(), taken(MEMBER_1), logged(), vacated(), taken(MEMBER_3),
        *full_order("order-1", MEMBER_2, beneficiary_category="elders"), *full_help(1),
        outreach(), joint(),
    )  # fmt: skip


def test_no_person_stands_in_what_the_public_may_read() -> None:
    paper = busy()
    persons = {*(one.principal for one in MEMBERS), "beneficiary-1", "requester-1"}

    shown = fold(PROJECTION, paper.history).rows

    of_table = {rows.table: rows for rows in PROJECTION.rows}
    assert {"volunteer_post", "volunteer_order", "unit_member_withheld"} < shown.keys()
    for table in shown.keys() & of_table.keys():
        hidden = of_table[table].hidden
        for row in shown[table].values():
            public = {str(getattr(row, name)) for name in row._fields if name not in hidden}
            assert not persons & public, table


@pytest.mark.parametrize("fill", FILLS)
def test_the_views_are_the_fold_of_the_log(
    fill: Any, postgres_url: str, postgres_store: PostgresStore, schema: str
) -> None:
    paper = busy()
    prepare(postgres_url, schema)

    fill(_store(paper), postgres_url, schema)

    same_as_folded(postgres_url, schema, paper.history)


def plain_counts(history: list[Recorded]) -> tuple[int, int]:
    """Distinct unit members with a claim and distinct claimed places, counted act by act."""
    places: dict[str, list[tuple[str, bool] | None]] = {}
    claims: dict[tuple[str, str], int] = {}
    ever: set[tuple[str, int]] = set()
    served: set[tuple[str, str]] = set()
    for one in history:
        body = one.event.__dict__
        if one.kind == "post_opened":
            places[body["post"]] = [None] * body["places"]
        elif one.kind == "post_claimed":
            slots = places[body["post"]]
            number = slots.index(None)
            slots[number] = (body["member"], body["unit"].startswith("unit-"))
            claims[body["post"], body["member"]] = number
        elif one.kind == "post_vacated":
            places[body["post"]][claims.pop((body["post"], body["member"]))] = None
        elif one.kind == "service_logged":
            number = claims[body["post"], body["member"]]
            slot = places[body["post"]][number]
            if slot is not None and slot[1]:
                ever.add((body["post"], number))
                served.add((body["post"], body["member"]))
    held = {
        (post, number, slot[0])
        for post, slots in places.items()
        for number, slot in enumerate(slots)
        if slot is not None and slot[1]
    }
    members = {member for _, _, member in held} | {member for _, member in served}
    return len(members), len(ever | {(post, number) for post, number, _ in held})


@examples(30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from((taken, taken, vacated, logged)),
            st.sampled_from((*MEMBERS, VOLUNTEER)),
            st.sampled_from(("post-1", "post-2")),
        ),
        max_size=25,
    )
)
def test_members_and_places_are_plain_counts_whatever_happens(
    wishes: list[tuple[Any, Actor, str]],
) -> None:
    paper = town(opened(2), opened(3, actor=SECRETARY_2, post="post-2"))

    for draft, who, post in wishes:
        paper.propose(draft(who, post=post))

    folded = fold(PROJECTION, paper.history)
    members = folded.tallies["unit_member"].get((("",), None), (0,))[0]
    places = sum(row.claimed_places for row in folded.rows["volunteer_post"].values())
    assert (members, places) == plain_counts(paper.history)
