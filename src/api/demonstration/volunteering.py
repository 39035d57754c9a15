"""The demonstration's service: orders and posts, help, a talk in a village, and joint actions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from api.demonstration import town
from ledger.clocks import local_day
from ledger.decision import Office, OrganisationType
from ledger.domain.town.organisations import OrganisationRegistered
from ledger.domain.town.people import AppointmentMade
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
)
from ledger.domain.volunteering.posts import PostClaimed, PostOpened, PostVacated, ServiceLogged
from ledger.event import Actor, Event
from ledger.proposal import Proposal

_SCHOOL, _CLINIC, _VILLAGE = "unit-school", "unit-clinic", "village-hexi"
_TEACHER, _COACH = (Actor(Office.MEMBER.value, _SCHOOL, name) for name in ("p-teacher", "p-coach"))
_NURSE = Actor(Office.MEMBER.value, _CLINIC, "p-nurse")
_ELDER = town.random_id("beneficiary-1")
_CHOOSER = town.random_id("order-haircut")
_DAYS = 28
"""How long ago those who serve were entered."""


def volunteering(now: datetime) -> Iterator[Proposal]:
    """All of it by `now` (aware)."""
    for event in _groundwork():
        yield Proposal(event, town.FOUNDER, now - timedelta(days=_DAYS))
    for days_ago, actor, event in (*_posts(now), *_orders(), *_help(), *_together()):
        yield Proposal(event, actor, now - timedelta(days=days_ago))


def _groundwork() -> Iterator[Event]:
    yield OrganisationRegistered(
        organisation=_CLINIC,
        type=OrganisationType.RESIDENT_UNIT,
        name="驻区单位（示范卫生院）",
        parent="town",
    )
    yield OrganisationRegistered(
        organisation=_VILLAGE,
        type=OrganisationType.VILLAGE_BRANCH,
        name="河西村党支部",
        parent="town",
    )
    for member in (_TEACHER, _COACH, _NURSE):
        yield AppointmentMade(
            principal=member.principal, organisation=member.organisation, office=Office.MEMBER
        )


def _posts(now: datetime) -> Iterator[tuple[int, Actor, Event]]:
    patrol, lessons = "post-patrol", "post-lessons"
    for post, title, category, places in (
        (patrol, "周末河堤巡护", "patrol", 4),
        (lessons, "课后辅导", "study", 2),
    ):
        opened = PostOpened(post=post, title=title, post_category=category, places=places)
        yield 26, town.SECRETARY, opened
    for days_ago, post, member in (
        (25, patrol, _COACH), (24, lessons, _TEACHER), (23, patrol, _NURSE),
    ):  # fmt: skip
        claimed = PostClaimed(post=post, member=member.principal, unit=member.organisation)
        yield days_ago, member, claimed
    for days_ago, post, member in (
        (18, patrol, _COACH), (11, patrol, _NURSE), (9, lessons, _TEACHER),
    ):  # fmt: skip
        served_on = local_day(now - timedelta(days=days_ago))
        logged = ServiceLogged(post=post, member=member.principal, served_on=served_on, hours=2)
        yield days_ago, member, logged
    yield 6, _COACH, PostVacated(post=patrol, member=_COACH.principal)


def _orders() -> Iterator[tuple[int, Actor, Event]]:
    haircut = "order-haircut"
    for order, title, places in (
        (haircut, "上门理发", 1), ("order-windows", "擦窗保洁", 2),
        ("order-blood-pressure", "上门量血压", 1),
    ):  # fmt: skip
        drafted = OrderDrafted(order=order, title=title, order_category="elder-care", places=places)
        yield 20, town.SECRETARY, drafted
    resident = town.CHANNEL._replace(principal=_CHOOSER)
    yield 16, resident, OrderChosen(order=haircut, chosen_by=_CHOOSER)
    claimed = OrderClaimed(order=haircut, member=_COACH.principal, unit=_SCHOOL)
    yield 15, _COACH, claimed
    yield 14, _COACH, OrderDelivered(order=haircut, member=_COACH.principal, hours=1)
    yield 13, resident, OrderConfirmed(order=haircut, is_confirmed=True)


def _help() -> Iterator[tuple[int, Actor, Event]]:
    for number, days_ago, member, category in (
        (1, 17, _NURSE, HelpCategory.MEDICAL), (2, 10, _TEACHER, HelpCategory.PAPERWORK),
        (3, 5, _NURSE, HelpCategory.VISIT),
    ):  # fmt: skip
        given = HelpGiven(
            help=f"help-{number:03}",
            community="branch-riverside",
            helper=member.principal,
            unit=member.organisation,
            beneficiary=_ELDER,
            beneficiary_category="lonely-elders",
            help_category=category,
            matter=f"matter-{number:03}",
        )
        yield days_ago, member, given
    for number, days_ago in ((1, 15), (2, 8)):
        confirmed = HelpConfirmed(help=f"help-{number:03}", is_confirmed=True)
        yield days_ago, town.COMMITTEE, confirmed


def _together() -> Iterator[tuple[int, Actor, Event]]:
    for days_ago, theme, unit in ((12, Theme.POLICY, _TEACHER), (7, Theme.SCIENCE, _NURSE)):
        held = OutreachHeld(
            outreach=f"outreach-{theme}", units=(unit.organisation,), village=_VILLAGE, theme=theme
        )
        yield days_ago, unit, held
    for days_ago, strand, others in (
        (19, Strand.ENVIRONMENT, (_SCHOOL,)), (4, Strand.SECURITY, (_SCHOOL, _CLINIC)),
    ):  # fmt: skip
        action = JointActionHeld(
            joint_action=f"joint-{strand}",
            community="branch-riverside",
            strand=strand,
            participants=(town.COMMITTEE.organisation, *others),
        )
        yield days_ago, town.SECRETARY, action
