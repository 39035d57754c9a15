"""Help for persons in need and orders (帮扶, 点单接单), talks in villages, and joint action."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from random import Random
from typing import Any, Final

from api.demonstration import town
from api.demonstration.ziyang.bodies import (
    COMMUNITIES,
    ENTERPRISES,
    UNITS,
    VILLAGES,
    Community,
    clerk,
    clerk_b,
    secretary,
)
from api.demonstration.ziyang.days import CLOSING, chance, later, spread
from api.demonstration.ziyang.volunteers import VOLUNTEERS, Claimed, claims, volunteer
from ledger.domain.volunteering.assistance import (
    HelpCategory,
    HelpConfirmed,
    HelpGiven,
    OutreachHeld,
    Theme,
)
from ledger.domain.volunteering.joint_action import JointActionHeld, Strand
from ledger.domain.volunteering.orders import (
    OrderChosen,
    OrderClaimed,
    OrderConfirmed,
    OrderDelivered,
    OrderDrafted,
    OrderReleased,
)
from ledger.event import Actor
from ledger.proposal import Proposal

GOOD_DEEDS: Final = 469
"""好事实事 of members with a claim, each matter once: help and orders."""
ORDERS: Final = 128
"""Those of them that are orders."""
IN_NEED: Final = 152
"""Persons in need who were helped by them."""
TALKS: Final = 12
SPEAKERS: Final = 12
"""Units that held the talks."""
_ACTIONS: Final = 64
_CATEGORIES = ("lonely-elders", "disabled", "serious-illness", "low-income", "left-behind-children")
_TITLES = (
    ("elder-care", "上门理发"), ("repair", "家电小修"), ("paperwork", "代缴水电费"),
    ("study", "假期作业辅导"), ("medical", "陪同体检"), ("clean-up", "入户保洁"),
)  # fmt: skip
_LAST = date(2020, 12, 9)
"""Whatever is given by then is confirmed by the closing date."""


def opening() -> Iterator[Proposal]:
    """Nothing: all of it happens on a day of its own."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """All that was done for people, and the talks and actions of the year."""
    yield from _helps()
    yield from _orders()
    yield from _other_help()
    yield from _talks()
    yield from _actions()


def _in_need(number: int) -> str:
    """The random id under which somebody in need is helped, whoever helps."""
    return town.random_id(f"in need/{number % IN_NEED}")


def _category(number: int) -> str:
    return _CATEGORIES[number % IN_NEED % len(_CATEGORIES)]


@cache
def _having() -> tuple[Claimed, ...]:
    """Claims that are never given up, in their order."""
    kept = (claim for claim in claims() if claim.has_served and claim.vacated_at is None)
    return tuple(sorted(kept, key=lambda claim: claim.claimed_at))


def _claimant(random: Random, moment: datetime) -> Actor:
    """Somebody who has a claim that counts, then and at the closing date."""
    known = bisect_left(_having(), moment, key=lambda claim: claim.claimed_at)
    return random.choice(_having()[:known]).member


def _helps() -> Iterator[Proposal]:
    """The matters that are no orders; in one of six two members help, and it is one matter."""
    random = chance("helps")
    matters = GOOD_DEEDS - ORDERS
    moments = spread(random, matters, date(2020, 3, 2), _LAST)
    for number, moment in enumerate(moments):
        community = random.choice(COMMUNITIES)
        first = _claimant(random, moment)
        helpers = [first]
        if number % 6 == 0:
            second = _claimant(random, moment)
            helpers += [second] if second != first else []
        for turn, helper in enumerate(helpers):
            name = f"help-2020-{number + 1:03}-{turn + 1}"
            yield from _helped(random, name, f"matter-{number}", helper, number, community, moment)


def _helped(
    random: Random,
    name: str,
    matter: str,
    helper: Actor,
    person: int,
    community: Community,
    moment: datetime,
) -> Iterator[Proposal]:
    given = HelpGiven(
        help=name,
        community=community.branch,
        helper=helper.principal,
        unit=helper.organisation,
        beneficiary=_in_need(person),
        beneficiary_category=_category(person),
        help_category=random.choice(list(HelpCategory)),
        matter=town.random_id(f"good deed/{matter}"),
    )
    yield Proposal(given, helper, moment)
    confirmed = HelpConfirmed(help=name, is_confirmed=True)
    by_itself = random.random() < 0.4
    person_acts = Actor("resident", community.committee, _in_need(person))
    by = person_acts if by_itself else clerk(community.committee)
    yield Proposal(confirmed, by, later(moment, random.uniform(0.5, 60)))


def _orders() -> Iterator[Proposal]:
    """Confirmed ones, and some that are drafted, chosen or taken on as the year ends."""
    random = chance("orders")
    moments = spread(random, ORDERS, date(2020, 3, 9), date(2020, 11, 27))
    for number, moment in enumerate(moments):
        acts = list(_order(random, f"order-2020-{number + 1:03}", number, moment))
        assert (acts[-1].occurred_at or CLOSING) < CLOSING
        yield from acts
    moments = spread(random, 26, date(2020, 12, 1), date(2020, 12, 22))
    for number, moment in enumerate(moments):
        acts = list(_order(random, f"order-2020-{200 + number}", number, moment))
        kept = acts[: 1 + number % 3]
        yield from (act for act in kept if (act.occurred_at or moment) <= CLOSING)


def _order(random: Random, order: str, number: int, moment: datetime) -> Iterator[Proposal]:
    community = random.choice(COMMUNITIES)
    category, title = random.choice(_TITLES)
    drafted = OrderDrafted(
        order=order, title=f"{community.name}{title}", order_category=category, places=1
    )
    yield Proposal(drafted, secretary(community.branch), moment)
    of: dict[str, Any] = {"order": order}
    in_need = number % 5 < 2
    chosen_by = _in_need(number) if in_need else town.random_id(f"chose {order}")
    moment = later(moment, random.uniform(2, 30))
    chosen = OrderChosen(
        **of, chosen_by=chosen_by, beneficiary_category=_category(number) if in_need else None
    )
    yield Proposal(chosen, clerk(community.committee), moment)
    moment = later(moment, random.uniform(1, 16))
    member = _claimant(random, moment)
    claimed = {"member": member.principal, "unit": member.organisation}
    yield Proposal(OrderClaimed(**of, **claimed), member, moment)
    if number % 16 == 5:  # given up, and taken on by somebody else
        moment = later(moment, random.uniform(1, 6))
        yield Proposal(OrderReleased(**of, member=member.principal), member, moment)
        moment = later(moment, random.uniform(1, 6))
        member = _claimant(random, moment)
        claimed = {"member": member.principal, "unit": member.organisation}
        yield Proposal(OrderClaimed(**of, **claimed), member, moment)
    moment = later(moment, random.uniform(4, 24))
    delivered = OrderDelivered(**of, member=member.principal, hours=random.randint(1, 3))
    yield Proposal(delivered, member, moment)
    if number % 20 == 7:  # not done so: it is delivered again
        moment = later(moment, random.uniform(1, 8))
        refused = OrderConfirmed(**of, is_confirmed=False)
        yield Proposal(refused, clerk_b(community.committee), moment)
        moment = later(moment, random.uniform(2, 16))
        yield Proposal(delivered, member, moment)
    moment = later(moment, random.uniform(1, 16))
    resident = Actor("resident", community.committee, chosen_by)
    by = resident if random.random() < 0.5 else clerk_b(community.committee)
    yield Proposal(OrderConfirmed(**of, is_confirmed=True), by, moment)


def _other_help() -> Iterator[Proposal]:
    """Help that is not of the 469: by others, not confirmed, or found not to have been given."""
    random = chance("other help")
    moments = spread(random, 66, date(2020, 4, 1), date(2020, 12, 18))
    for number, moment in enumerate(moments):
        community = random.choice(COMMUNITIES)
        helper = volunteer(number % VOLUNTEERS) if number % 3 == 0 else _claimant(random, moment)
        name = f"other-help-2020-{number + 1:02}"
        given = HelpGiven(
            help=name,
            community=community.branch,
            helper=helper.principal,
            unit=helper.organisation,
            beneficiary=town.random_id(f"others in need/{number}"),
            beneficiary_category=_category(number),
            help_category=random.choice(list(HelpCategory)),
            matter=town.random_id(f"other good deed/{number}"),
        )
        yield Proposal(given, helper, moment)
        ruled_at = later(moment, random.uniform(1, 30))
        if number % 3 < 2 and ruled_at <= CLOSING:
            ruled = HelpConfirmed(help=name, is_confirmed=number % 3 == 0)
            yield Proposal(ruled, clerk(community.committee), ruled_at)


def _talks() -> Iterator[Proposal]:
    """宣讲: twelve of them by twelve units, some together, some again."""
    random = chance("talks")
    moments = spread(random, TALKS, date(2020, 3, 23), date(2020, 12, 11))
    speakers = [UNITS[7 * number] for number in range(SPEAKERS)]
    for number, moment in enumerate(moments):
        units = (speakers[number], speakers[number - 1]) if number % 3 == 2 else (speakers[number],)
        held = OutreachHeld(
            outreach=f"outreach-2020-{number + 1:02}",
            units=units,
            village=VILLAGES[number],
            theme=(Theme.POLICY, Theme.SCIENCE)[number % 2],
        )
        yield Proposal(held, clerk(units[0]), moment)


def _actions() -> Iterator[Proposal]:
    """四社联动: all strands, and the meetings of the associations."""
    random = chance("joint action")
    moments = spread(random, _ACTIONS, date(2020, 2, 24), CLOSING.date())
    for number, moment in enumerate(moments):
        community = COMMUNITIES[number % 4]
        strands = list(Strand)
        others = random.sample((*UNITS, *ENTERPRISES), random.randint(1, 6))
        held = JointActionHeld(
            joint_action=f"joint-action-2020-{number + 1:02}",
            community=community.branch,
            strand=strands[(number // 4) % len(strands)],
            participants=(community.committee, *others),
        )
        yield Proposal(held, secretary(community.branch), moment)
