"""A small town for tests: founded, with organisations, offices, rules and a calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ledger.clocks import TimeUnit, local_day
from ledger.decision import Office, OrganisationType
from ledger.domain.founding import LedgerFounded
from ledger.domain.love_bank.accounts import AccountOpened, HolderType
from ledger.domain.love_bank.deeds import DeedClaimed, DeedVerified
from ledger.domain.love_bank.points import LovePointsAwarded, months_after
from ledger.domain.love_bank.publicity import PublicityOpened
from ledger.domain.love_bank.rewards import (
    LovePointsRedeemed,
    RewardListed,
    RewardRestocked,
    RewardType,
)
from ledger.domain.money.donations import (
    DonationPurpose,
    DonationReceived,
    DonorType,
    Goods,
    GoodsUnit,
)
from ledger.domain.requests.closing import RequestCleared
from ledger.domain.requests.dispatching import RequestDispatched
from ledger.domain.requests.handling import AnswerAccepted, ProgressPosted, RequestAnswered
from ledger.domain.requests.intake import RequestAccepted, RequestFiled
from ledger.domain.requests.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.domain.requests.requests import Category
from ledger.domain.rules.calendars import WorkingCalendarEnacted
from ledger.domain.rules.rules import Deadline, Grade, OfficeHours, Reason, RulesEnacted, Step
from ledger.domain.town.organisations import OrganisationAssigned, OrganisationRegistered
from ledger.domain.town.people import AppointmentMade
from ledger.domain.whistles.blowing import WhistleBlown
from ledger.domain.whistles.summons import DepartmentReportedIn
from ledger.domain.whistles.whistles import Ground
from ledger.event import Actor, Event
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Refusal, Refused

FOUNDER = Actor("secretary", "town", "p-founder")
HOTLINE = Actor("clerk_a", "hotline", "p-hotline")
REVIEWER = Actor("reviewer", "hotline", "p-reviewer")
SECRETARY = Actor("secretary", "branch-1", "p-secretary")
COMMITTEE = Actor("clerk_a", "committee-1", "p-committee")
COMMITTEE_B = Actor("clerk_b", "committee-1", "p-committee-b")
WATER = Actor("clerk_a", "dept-water", "p-water")
URBAN = Actor("clerk_a", "dept-urban", "p-urban")
ROADS = Actor("clerk_a", "dept-roads", "p-roads")
COUNTY = Actor("clerk_a", "county", "p-county")
TOWN_CLERK = Actor("clerk_a", "government", "p-town-clerk")
TIMEKEEPER = Actor("timekeeper", "town", "p-timekeeper")
RESIDENT = Actor("resident", "committee-1", "requester-1")
"""Files with the first committee, and is the requester of `filed(…)` where that is asked for."""

OPENED_AT = datetime(2026, 1, 7, 2, tzinfo=UTC)
"""When the accounts of `accounts()` were opened, and publicity of their deeds, as claimed."""
AWARDED_AT = datetime(2026, 2, 2, 2, tzinfo=UTC)
"""When those deeds earned their points, as claimed: long after publicity."""

ORGANISATIONS = (
    ("county", OrganisationType.COUNTY_OFFICE, "县委督查室"),
    ("government", OrganisationType.TOWN_GOVERNMENT, "城关镇人民政府"),
    ("hotline", OrganisationType.HOTLINE_CENTRE, "便民热线中心"),
    ("branch-1", OrganisationType.COMMUNITY_BRANCH, "河堤路社区党总支"),
    ("committee-1", OrganisationType.RESIDENTS_COMMITTEE, "河堤路社区居委会"),
    ("committee-2", OrganisationType.RESIDENTS_COMMITTEE, "环城路社区居委会"),
    ("dept-water", OrganisationType.DEPARTMENT, "水务局"),
    ("dept-urban", OrganisationType.DEPARTMENT, "城市管理局"),
    ("dept-roads", OrganisationType.DEPARTMENT, "交通运输局"),
    ("unit-1", OrganisationType.RESIDENT_UNIT, "驻区单位一"),
)
ACTORS = (
    HOTLINE, REVIEWER, SECRETARY, COMMITTEE, COMMITTEE_B, WATER, URBAN, ROADS, COUNTY, TOWN_CLERK,
    TIMEKEEPER,
)  # fmt: skip

RULES = RulesEnacted(
    pack_version=1,
    effective_from=datetime(2020, 1, 1, tzinfo=UTC),
    retroactive=True,
    office_hours=(
        OfficeHours(start_minute=8 * 60, end_minute=12 * 60),
        OfficeHours(start_minute=14 * 60, end_minute=18 * 60),
    ),
    deadlines=(
        *(Deadline(step=step, grade=grade, amount=amount, unit=unit)
          for step, grade, amount, unit in (
            (Step.REQUEST_ANSWERED, Grade.ORDINARY, 5, TimeUnit.WORKING_DAYS),
            (Step.REQUEST_ANSWERED, Grade.COMPLEX, 15, TimeUnit.WORKING_DAYS),
            (Step.REQUEST_ANSWERED, Grade.UTILITIES, 24, TimeUnit.HOURS),
            (Step.REQUEST_ANSWERED, Grade.EMERGENCY, 2, TimeUnit.HOURS),
            (Step.REQUEST_SUPERVISED, None, 2, TimeUnit.WORKING_DAYS),
            (Step.ANSWER_DEEMED_ACCEPTED, None, 5, TimeUnit.WORKING_DAYS),
            (Step.CLOSURE_DISPUTED, None, 10, TimeUnit.WORKING_DAYS),
            (Step.POOR_RATING_RECTIFIED, None, 5, TimeUnit.WORKING_DAYS),
            (Step.DEED_PUBLICITY, None, 5, TimeUnit.WORKING_DAYS),
            (Step.OBJECTION_APPEALED, None, 5, TimeUnit.WORKING_DAYS),
            (Step.WHISTLE_CONTACTED, None, 24, TimeUnit.HOURS),
            (Step.WHISTLE_REPORTED_IN, Grade.URGENT, 1, TimeUnit.HOURS),
            (Step.WHISTLE_REPORTED_IN, Grade.ORDINARY, 3, TimeUnit.WORKING_DAYS),
            (Step.WHISTLE_REPORTED_IN, Grade.HARD, 5, TimeUnit.WORKING_DAYS),
        )),
    ),
    pause_reasons=(Reason(code="awaiting-requester", name="等待诉求人补充材料"),),
    exclusion_reasons=(Reason(code="force-majeure", name="不可抗力"),),
    decline_grounds=(Reason(code="before-a-court", name="已进入司法程序"),),
    max_points_per_award=20,
    points_per_hour=20,
)  # fmt: skip

CALENDAR_2026 = WorkingCalendarEnacted(
    year=2026,
    holidays=(date(2026, 1, 1), date(2026, 1, 2), date(2026, 5, 1), date(2026, 5, 4)),
    workdays=(date(2026, 1, 4), date(2026, 5, 9)),
    source="test calendar",
)


def founding() -> list[Proposal]:
    """Everything that a town needs before its first request, in order; the first one founds."""
    events: list[Event] = [
        OrganisationRegistered(organisation=identity, type=type_, name=name, parent="town")
        for identity, type_, name in ORGANISATIONS
    ]
    events += [
        AppointmentMade(
            principal=actor.principal, organisation=actor.organisation, office=Office(actor.office)
        )
        for actor in ACTORS
    ]
    of_one_community = OrganisationAssigned(organisation="committee-1", community="branch-1")
    events += [of_one_community, RULES, CALENDAR_2026]
    first = LedgerFounded(
        origin="town.example/ledger", town="town", town_name="城关镇", founder=FOUNDER.principal
    )
    return [Proposal(event, FOUNDER) for event in (first, *events)]


def found(ledger: Ledger) -> None:
    """Founds the town in an empty ledger."""
    for proposal in founding():
        ledger.propose_sync([proposal])


def filed(request: str, subject: str = "noise") -> Proposal:
    """A resident's call for help, filed by the hotline."""
    event = RequestFiled(
        request=request, community="committee-1", category=Category.HELP, subject=subject
    )
    return Proposal(event, HOTLINE)


def handled(request: str) -> list[Proposal]:
    """A whole request from filing to clearing, led by the water department."""
    return [
        filed(request),
        Proposal(RequestAccepted(request=request), HOTLINE),
        Proposal(
            RequestDispatched(request=request, lead="dept-water", grade=Grade.ORDINARY), HOTLINE
        ),
        Proposal(RequestAnswered(request=request, answer="已修复"), WATER),
        Proposal(AnswerAccepted(request=request), REVIEWER),
        Proposal(RequestCleared(request=request), HOTLINE),
    ]


def cases() -> list[Proposal]:
    """A request in each stage (request-1 filed … request-6 cleared, request-0 is free), request-7
    dispatched and with a whistle, request-8 against the water department, accounts with points."""
    proposals = [one for number in range(1, 7) for one in handled(f"request-{number}")[:number]]
    proposals += handled("request-7")[:3]
    complaint = RequestFiled(
        request="request-8",
        community="committee-1",
        category=Category.COMPLAINT,
        subject="noise",
        requester="requester-1",
        against="dept-water",
    )
    whistle = WhistleBlown(
        whistle="whistle-1",
        request="request-7",
        grade=Grade.HARD,
        ground=Ground.JOINT_ENFORCEMENT,
        departments=("dept-urban", "dept-roads"),
    )
    proposals += [
        Proposal(complaint, HOTLINE),
        Proposal(RequestAccepted(request="request-8"), HOTLINE),
        Proposal(whistle, SECRETARY),
        Proposal(DepartmentReportedIn(whistle="whistle-1", department="dept-urban"), URBAN),
        Proposal(ProgressPosted(request="request-7", note="已到场"), URBAN),
        Proposal(
            ServiceRated(
                target_type=RatingTarget.REQUEST,
                target="request-6",
                satisfaction=Satisfaction.SATISFIED,
                resolved=True,
            ),
            COMMITTEE,
        ),
    ]
    return proposals + accounts()


def accounts() -> list[Proposal]:
    """Two accounts of persons, with 20 and 5 points, one of a unit with none, and soap for 1."""
    opened = [
        AccountOpened(account="account-1", holder_type=HolderType.PERSON),
        AccountOpened(account="account-2", holder_type=HolderType.PERSON),
        AccountOpened(account="account-unit", holder_type=HolderType.UNIT, unit="unit-1"),
    ]
    return [
        *(Proposal(event, COMMITTEE, OPENED_AT) for event in opened),
        *awarding("award-1", "account-1", 20, "deed-1"),
        *awarding("award-2", "account-2", 10, "deed-2"),
        *soap(),
        Proposal(redeemed("account-2", 5, "redemption-1"), COMMITTEE),
        *donations(),
    ]


def donations() -> list[Proposal]:
    """Soap and rice for the love bank, and 1,000 yuan for anything."""
    goods = (
        Goods(item="soap", name="香皂", unit=GoodsUnit.PIECE, quantity=20),
        Goods(item="rice", name="大米", unit=GoodsUnit.BAG, quantity=60),
    )
    return [
        Proposal(event, COMMITTEE, OPENED_AT)
        for event in (
            DonationReceived(
                donation="donation-1",
                receipt="receipt-1",
                purpose=DonationPurpose.LOVE_BANK,
                goods=goods,
                donor_type=DonorType.PERSON,
            ),
            DonationReceived(
                donation="donation-2",
                receipt="receipt-2",
                purpose=DonationPurpose.UNRESTRICTED,
                amount_fen=100_000,
                donor_type=DonorType.PERSON,
            ),
        )
    ]


def soap() -> list[Proposal]:
    """A reward for one point, and a shelf full of it."""
    listed = RewardListed(reward="soap", name="香皂", reward_type=RewardType.GOODS, points=1)
    restocked = RewardRestocked(reward="soap", quantity=1000)
    return [Proposal(event, COMMITTEE, OPENED_AT) for event in (listed, restocked)]


def redeemed(account: str, points: int, redemption: str | None = None) -> LovePointsRedeemed:
    """Soap for so many points."""
    given = {} if redemption is None else {"redemption": redemption}
    return LovePointsRedeemed(
        **given, account=account, reward="soap", quantity=points, points=points
    )


def awarding(award: str, account: str, points: int, deed: str) -> list[Proposal]:
    """A deed from its claim to its points, in January 2026 as claimed."""
    return [
        *in_publicity(deed, account, points),
        Proposal(awarded(award, account, points, deed), COMMITTEE, AWARDED_AT),
    ]


def in_publicity(deed: str, account: str, points: int) -> list[Proposal]:
    """A deed of help that is claimed, verified with witnesses, and shown."""
    claimed = DeedClaimed(
        deed=deed, account=account, deed_category="help", done_on=date(2026, 1, 4), hours=1
    )
    verified = DeedVerified(
        deed=deed,
        is_confirmed=True,
        witnesses=(SECRETARY.principal, HOTLINE.principal),
        spot_checked_by=REVIEWER.principal,
    )
    shown = PublicityOpened(deed=deed, points=points)
    return [
        Proposal(claimed, COMMITTEE, OPENED_AT),
        Proposal(verified, COMMITTEE_B, OPENED_AT),
        Proposal(shown, COMMITTEE, OPENED_AT),
    ]


def awarded(
    award: str, account: str, points: int, deed: str, at: datetime | None = None
) -> LovePointsAwarded:
    """Points for a deed of help, awarded at a time: as claimed in `awarding` without one."""
    return LovePointsAwarded(
        award=award,
        account=account,
        deed=deed,
        deed_category="help",
        points=points,
        expires_on=months_after(local_day(at or AWARDED_AT), 24),
    )


def accepted(ledger: Ledger, *proposals: Proposal) -> None:
    """Proposes one after the other; each must be accepted."""
    for proposal in proposals:
        ledger.propose_sync([proposal])


def refused(ledger: Ledger, proposal: Proposal, rule: str, field: str | None = None) -> Refusal:
    """Asserts that the proposal is refused under this rule, at this field, and leaves no trace."""
    return all_refused(ledger, [proposal], rule, field)


def all_refused(
    ledger: Ledger,
    proposals: list[Proposal],
    rule: str,
    field: str | None = None,
    index: int | None = None,
) -> Refusal:
    """The same for a list, which is refused as a whole because of the proposal at the index."""
    size = ledger.store.size()
    with pytest.raises(Refused) as caught:
        ledger.propose_sync(proposals)
    refusal = caught.value.refusal
    assert (refusal.rule, refusal.field, refusal.index) == (rule, field, index)
    assert refusal.reason
    assert refusal.accepted
    assert ledger.store.size() == size
    return refusal
