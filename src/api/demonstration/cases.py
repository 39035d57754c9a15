"""What happened in the demonstration town before it is entered: cases, points and money."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from api.demonstration import town
from api.demonstration.agents import agents, places, promises
from api.demonstration.cooperation import cooperation
from api.demonstration.donations import donations
from api.demonstration.funds import funds
from api.demonstration.honours import ratings
from api.demonstration.participation import participation
from api.demonstration.points import love_bank
from api.demonstration.volunteering import volunteering
from api.demonstration.windows import windows
from ledger.domain.requests.closing import RequestCleared
from ledger.domain.requests.dispatching import RequestDispatched
from ledger.domain.requests.handling import AnswerAccepted, ProgressPosted, RequestAnswered
from ledger.domain.requests.intake import RequestAccepted, RequestFiled
from ledger.domain.requests.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.domain.requests.requests import Category, Channel
from ledger.domain.rules.rules import Grade
from ledger.domain.whistles.blowing import WhistleBlown
from ledger.domain.whistles.summons import DepartmentReportedIn
from ledger.domain.whistles.whistles import Ground
from ledger.event import Actor, Event
from ledger.proposal import Proposal

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYS = 30
"""How far back the demonstration begins."""

_LEADS = {actor.organisation: actor for actor in (town.WATER, town.URBAN, town.ROADS)} | {
    actor.organisation: actor for actor in (town.COMMITTEE, town.COMMITTEE_OLD_TOWN)
}
_RIVERSIDE, _OLD_TOWN = "committee-riverside", "committee-oldtown"


class _Case(NamedTuple):
    """A request: filed so many days ago at that hour, each step so many hours after filing."""

    days_ago: int
    hour: int
    community: str
    category: Category
    subject: str
    grade: Grade
    lead: str
    hours: tuple[float, ...]
    """Accepted, dispatched, progress, answered, answer accepted, cleared: as far as it came."""
    satisfaction: Satisfaction | None = None
    resolved: bool | None = None


class _Summons(NamedTuple):
    """A whistle: by whom, when, how grave, for which case, and who came after how many hours."""

    by: Actor
    hours: float
    """After the case was filed; where there is none, before now."""
    grade: Grade
    ground: Ground
    case: int | None
    departments: tuple[tuple[Actor, float | None], ...]


_S, _C, _G = Satisfaction, Category, Grade
_CASES = (
    _Case(29, 9, _RIVERSIDE, _C.HELP, "water-supply", _G.UTILITIES, "dept-water",
          (0.3, 0.8, 3, 9, 10, 11), _S.VERY_SATISFIED, True),
    _Case(28, 10, _OLD_TOWN, _C.COMPLAINT, "noise", _G.ORDINARY, "dept-urban",
          (0.5, 1.5, 26, 50, 52, 53), _S.SATISFIED, True),
    _Case(26, 15, _RIVERSIDE, _C.HELP, "street-lighting", _G.ORDINARY, "dept-urban",
          (0.4, 1, 24, 48, 49, 50), _S.VERY_SATISFIED, True),
    _Case(25, 11, _OLD_TOWN, _C.HELP, "road-surface", _G.COMPLEX, "dept-roads",
          (0.5, 2, 72, 240, 242, 243), _S.FAIRLY_SATISFIED, True),
    _Case(22, 9, _RIVERSIDE, _C.INQUIRY, "public-services", _G.ORDINARY, _RIVERSIDE,
          (0.2, 0.5, 1, 2, 2.5, 3), _S.VERY_SATISFIED, True),
    _Case(21, 16, _RIVERSIDE, _C.COMPLAINT, "parking", _G.ORDINARY, "dept-urban",
          (1, 2, 48, 260, 262, 263), _S.DISSATISFIED, False),
    _Case(19, 10, _OLD_TOWN, _C.HELP, "drainage", _G.UTILITIES, "dept-water",
          (0.3, 0.6, 2, 20, 21, 22), _S.SATISFIED, True),
    _Case(17, 14, _RIVERSIDE, _C.SUGGESTION, "rubbish", _G.ORDINARY, _RIVERSIDE,
          (1, 3, 20, 70, 71, 72), _S.SATISFIED, True),
    _Case(15, 9, _OLD_TOWN, _C.HELP, "water-supply", _G.EMERGENCY, "dept-water",
          (0.1, 0.2, 0.8, 1.6, 1.8, 2), _S.VERY_SATISFIED, True),
    _Case(14, 9, _RIVERSIDE, _C.COMPLAINT, "noise", _G.ORDINARY, "dept-urban", (0.5, 1.2, 30)),
    _Case(11, 15, _OLD_TOWN, _C.HELP, "neighbours", _G.ORDINARY, _OLD_TOWN,
          (0.5, 1, 24, 66, 68, 69), _S.VERY_SATISFIED, True),
    _Case(8, 10, _RIVERSIDE, _C.HELP, "drainage", _G.COMPLEX, "dept-water", (0.4, 1.1, 25)),
    _Case(5, 11, _OLD_TOWN, _C.COMPLAINT, "rubbish", _G.ORDINARY, "dept-urban",
          (0.5, 1, 22, 46, 48)),
    _Case(3, 9, _RIVERSIDE, _C.HELP, "road-surface", _G.COMPLEX, "dept-roads", (0.6, 2)),
    _Case(2, 16, _OLD_TOWN, _C.INQUIRY, "public-services", _G.ORDINARY, _OLD_TOWN, (0.4, 0.9)),
    _Case(1, 10, _RIVERSIDE, _C.HELP, "street-lighting", _G.ORDINARY, "dept-urban", (0.5,)),
    _Case(1, 15, _RIVERSIDE, _C.PRAISE, "other", _G.ORDINARY, _RIVERSIDE, ()),
    # A main broke: so many of one kind in a week that the board lists them with their community.
    *(
        _Case(12, hour, _RIVERSIDE, _C.HELP, "water-supply", _G.UTILITIES, "dept-water",
              (0.2, 0.4, 1, hours, hours + 0.3, hours + 0.5), satisfaction, True)
        for hour, hours, satisfaction in (
            (6, 5, _S.SATISFIED), (7, 4, _S.VERY_SATISFIED), (7, 4.2, _S.VERY_SATISFIED),
            (8, 3, _S.SATISFIED), (9, 6, _S.FAIRLY_SATISFIED), (10, 2, _S.SATISFIED),
        )
    ),
)  # fmt: skip
_WHISTLES = (
    _Summons(town.SECRETARY_OLD_TOWN, 26, _G.HARD, Ground.BEYOND_LOCAL_POWERS, 3,
             ((town.ROADS, 30), (town.URBAN, 52))),
    _Summons(town.SECRETARY, 50, _G.ORDINARY, Ground.JOINT_ENFORCEMENT, 5,
             ((town.URBAN, 75), (town.ROADS, 28))),
    _Summons(town.SECRETARY, 27, _G.ORDINARY, Ground.BEYOND_LOCAL_POWERS, 11,
             ((town.WATER, 20), (town.URBAN, 44))),
    _Summons(town.SECRETARY_OLD_TOWN, 60, _G.HARD, Ground.JOINT_ENFORCEMENT, None,
             ((town.URBAN, 21), (town.ROADS, None))),
    _Summons(town.SECRETARY, 6, _G.URGENT, Ground.EMERGENCY, None,
             ((town.WATER, 0.6), (town.URBAN, 1.4))),
)  # fmt: skip


def demonstration(now: datetime) -> list[Proposal]:
    """The whole town as one list, as of `now` (aware): the first proposal founds the ledger.

    What would lie ahead of `now` has not happened yet and is left out, with all that follows it.
    """
    opening = [Proposal(event, town.FOUNDER) for event in town.opening()]
    happened: list[Proposal] = []
    for index, case in enumerate(_CASES):
        happened += _until(now, _request(index, case, now))
    for index, summons in enumerate(_WHISTLES):
        happened += _until(now, _whistle(index, summons, now))
    happened += _until(now, love_bank(now))
    happened += _until(now, funds(now))
    for rating in ratings(now):
        happened += _until(now, rating)
    happened += _until(now, donations(now))
    happened += _until(now, participation(now))
    happened += _until(now, volunteering(now))
    for services in (agents(now), promises(now), places(now)):
        happened += _until(now, services)
    happened += _until(now, cooperation(now))
    for matter in windows(now):
        happened += _until(now, matter)
    # Sorted by time, as a town would have entered it; the order within a case is that of its time.
    happened.sort(key=lambda proposal: proposal.occurred_at or now)
    return [*opening, *happened]


def _until(now: datetime, proposals: Iterator[Proposal]) -> Iterator[Proposal]:
    for proposal in proposals:
        if proposal.occurred_at is None or proposal.occurred_at > now:
            return
        yield proposal


def _filed(index: int, now: datetime) -> datetime:
    case = _CASES[index]
    day = (now - timedelta(days=case.days_ago)).astimezone(SHANGHAI)
    return day.replace(hour=case.hour, minute=7 * index % 60, second=0, microsecond=0)


def _request(index: int, case: _Case, now: datetime) -> Iterator[Proposal]:
    request = f"request-{index + 1:03}"
    filed = _filed(index, now)
    lead = _LEADS[case.lead]
    online = index % 3 == 1
    resident = town.random_id(request)
    yield Proposal(
        RequestFiled(
            request=request,
            community=case.community,
            category=case.category,
            subject=case.subject,
            channel=Channel.ONLINE if online else Channel.HOTLINE,
            requester=resident,
            details="（演示数据，不涉及真实个人）",
        ),
        town.CHANNEL._replace(principal=resident) if online else town.HOTLINE,
        filed,
    )
    reviewer = town.REVIEWER
    steps: tuple[tuple[Event, Actor], ...] = (
        (RequestAccepted(request=request), town.HOTLINE),
        (RequestDispatched(request=request, lead=case.lead, grade=case.grade), town.HOTLINE),
        (ProgressPosted(request=request, note="已派员到场查看（演示）"), lead),
        (RequestAnswered(request=request, answer="已处理并告知诉求人（演示）"), lead),
        (AnswerAccepted(request=request), reviewer),
        (RequestCleared(request=request), town.HOTLINE),
    )
    for (event, actor), hours in zip(steps, case.hours, strict=False):
        yield Proposal(event, actor, filed + timedelta(hours=hours))
    if case.satisfaction is not None:
        rated = ServiceRated(
            target_type=RatingTarget.REQUEST,
            target=request,
            satisfaction=case.satisfaction,
            resolved=case.resolved,
        )
        rater = town.CHANNEL._replace(principal=resident) if online else town.HOTLINE
        yield Proposal(rated, rater, filed + timedelta(hours=case.hours[-1] + 5))


def _whistle(index: int, summons: _Summons, now: datetime) -> Iterator[Proposal]:
    whistle = f"whistle-{index + 1:03}"
    after = timedelta(hours=summons.hours)
    blown = now - after if summons.case is None else _filed(summons.case, now) + after
    departments = tuple(actor.organisation for actor, _ in summons.departments)
    request = None if summons.case is None else f"request-{summons.case + 1:03}"
    yield Proposal(
        WhistleBlown(
            whistle=whistle,
            request=request,
            grade=summons.grade,
            ground=summons.ground,
            departments=departments,
        ),
        summons.by,
        blown,
    )
    arrived = [(hours, actor) for actor, hours in summons.departments if hours is not None]
    for hours, actor in sorted(arrived):
        event = DepartmentReportedIn(whistle=whistle, department=actor.organisation)
        yield Proposal(event, actor, blown + timedelta(hours=hours))
