"""A year of resident requests: most go well, some are returned, late, sent back or disputed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Final, NamedTuple

from api.demonstration import town
from api.demonstration.ziyang import matters
from api.demonstration.ziyang.bodies import COMMUNITIES, Community, clerk, clerk_b
from api.demonstration.ziyang.days import CLOSING, OPENING, chance, later, spread
from api.demonstration.ziyang.handling import Case, handled
from api.demonstration.ziyang.matters import MATTERS, Matter
from ledger.domain.privacy.consent import ConsentGiven, Evidence, Purpose
from ledger.domain.requests.closing import RequestCleared
from ledger.domain.requests.handling import RequestAnsweredDirectly
from ledger.domain.requests.intake import (
    Elsewhere,
    RequestAccepted,
    RequestDeclined,
    RequestFiled,
    RequestMerged,
    RequestRedirected,
    RequestWithdrawn,
)
from ledger.domain.requests.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.domain.requests.requests import Category, Channel
from ledger.event import Actor
from ledger.proposal import Proposal

REQUESTS: Final = 2_000
_CHANNELS = (
    (Channel.HOTLINE, 46), (Channel.WINDOW, 20), (Channel.ONLINE, 22), (Channel.VISIT, 12),
)  # fmt: skip
_DECLINED = ("before-a-court", "finally-ruled", "not-of-this-town")
_AGAINST = ("dept-urban", "dept-housing", "dept-market", "unit-007", "enterprise-03")


class Open(NamedTuple):
    """A request that another one may be merged into, while it is in hand."""

    request: str
    subject: str
    community: Community
    filed_at: datetime
    until: datetime


def opening() -> Iterator[Proposal]:
    """Nothing: no request is older than the ledger."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """All requests of the year, each as far as it came by the closing date."""
    return (act for case in cases() for act in case)


@cache
def cases() -> tuple[tuple[Proposal, ...], ...]:
    """The acts of each request, drawn once; the filing comes first."""
    random = chance("requests")
    in_hand: list[Open] = []
    weights = [matter.weight for matter in MATTERS]
    moments = spread(random, REQUESTS, OPENING.date(), CLOSING.date())
    found: list[tuple[Proposal, ...]] = []
    for number, filed_at in enumerate(moments):
        (matter,) = random.choices(MATTERS, weights)
        community = random.choices(COMMUNITIES, (32, 24, 26, 18))[0]
        case = _case(random, number, matter, community, filed_at)
        acts = _course(random, case, in_hand)
        found.append(tuple(act for act in acts if (act.occurred_at or filed_at) <= CLOSING))
    return tuple(found)


def _case(
    random: Random, number: int, matter: Matter, community: Community, filed_at: datetime
) -> Case:
    request = town.random_id(f"request/{number}")
    (channel,) = random.choices([one for one, _ in _CHANNELS], [weight for _, weight in _CHANNELS])
    if matter.subject in ("family-violence", "water-supply") and random.random() < 0.15:
        filed_at += timedelta(hours=random.randrange(2, 9))  # the hotline answers at night too
        channel = Channel.HOTLINE
    against = None
    if matter.category is Category.COMPLAINT and random.random() < 0.05:
        against = random.choice(_AGAINST)
    requester = town.random_id(f"requester/{number}")
    resident = Actor("resident", "hotline", requester)
    if channel is Channel.ONLINE:
        taken_by = resident
    elif channel is Channel.HOTLINE or against is not None:
        taken_by = clerk("hotline")
    else:
        taken_by = clerk(community.committee)
    return Case(request, matter, community, filed_at, taken_by, resident, channel, against)


def _filed(random: Random, case: Case) -> Iterator[Proposal]:
    place = random.choice(matters.PLACES)
    filed = RequestFiled(
        request=case.request,
        community=case.community.committee,
        category=case.matter.category,
        subject=case.matter.subject,
        channel=case.channel,
        requester=case.resident.principal,
        against=case.against,
        details=f"{place}：{random.choice(case.matter.asked)}",
        telephone="（演示，无号码）" if random.random() < 0.2 else None,
    )
    identity = town.random_id(f"filing/{case.request}")
    yield Proposal(filed, case.taken_by, case.filed_at, id=identity)


def _course(random: Random, case: Case, in_hand: list[Open]) -> Iterator[Proposal]:
    """A request from its filing to whichever end it comes to."""
    yield from _filed(random, case)
    taken_at = later(case.filed_at, random.uniform(0.1, 1.5))
    hotline = clerk("hotline")
    fate = random.random()
    if case.matter.category in (Category.INQUIRY, Category.PRAISE) and fate < 0.62:
        yield from _answered_at_once(random, case, taken_at)
    elif fate < 0.02 and case.against is None:
        declined = RequestDeclined(request=case.request, ground=random.choice(_DECLINED))
        yield Proposal(declined, hotline, taken_at)
    elif fate < 0.04:
        redirected = RequestRedirected(request=case.request, to=random.choice(list(Elsewhere)))
        yield Proposal(redirected, hotline, taken_at)
    elif fate < 0.085 and (other := _like(case, taken_at, in_hand)) is not None:
        merged = RequestMerged(request=case.request, into=other.request)
        yield Proposal(merged, hotline, taken_at)
    elif fate < 0.1:
        yield Proposal(RequestAccepted(request=case.request), hotline, taken_at)
        gone_at = later(taken_at, random.uniform(0.2, 6))
        by = case.resident if case.channel is Channel.ONLINE else hotline
        yield Proposal(RequestWithdrawn(request=case.request), by, gone_at)
    else:
        yield from _taken_in_hand(random, case, taken_at, in_hand)


def _taken_in_hand(
    random: Random, case: Case, taken_at: datetime, in_hand: list[Open]
) -> Iterator[Proposal]:
    yield Proposal(RequestAccepted(request=case.request), clerk("hotline"), taken_at)
    if random.random() < 0.06:
        consent = ConsentGiven(
            subject=f"request:{case.request}",
            purpose=Purpose.BE_CONTACTED_BY_HANDLER,
            evidence=Evidence.CALL,
        )
        yield Proposal(consent, clerk("hotline"), taken_at)
    steps = list(handled(random, case, taken_at))
    yield from steps
    if case.against is None:
        # Merged into while it is with its handlers: before it is answered for the first time.
        until = case.filed_at + timedelta(hours=30)
        answered = [step.occurred_at for step in steps if step.event.kind == "request_answered"]
        if answered and answered[0] is not None:
            until = answered[0]
        in_hand.append(
            Open(case.request, case.matter.subject, case.community, case.filed_at, until)
        )


def _like(case: Case, moment: datetime, in_hand: list[Open]) -> Open | None:
    """Another request for the same, still in hand at a moment."""
    del in_hand[:-200]
    for other in reversed(in_hand):
        same = (other.subject, other.community) == (case.matter.subject, case.community)
        if same and case.against is None and other.filed_at < moment < other.until:
            return other
    return None


def _answered_at_once(random: Random, case: Case, moment: datetime) -> Iterator[Proposal]:
    """直接答复: whoever takes it in knows the answer; praise is thanked for."""
    by = clerk("hotline") if random.random() < 0.6 else clerk(case.community.committee)
    answer = RequestAnsweredDirectly(
        request=case.request, answer=random.choice(case.matter.answered)
    )
    yield Proposal(answer, by, moment)
    cleared_at = later(moment, random.uniform(0.05, 0.6))
    yield Proposal(RequestCleared(request=case.request), by, cleared_at)
    if random.random() < 0.5:
        satisfaction = random.choices(
            (Satisfaction.VERY_SATISFIED, Satisfaction.SATISFIED, Satisfaction.FAIRLY_SATISFIED),
            (60, 32, 8),
        )[0]
        rated = ServiceRated(
            target_type=RatingTarget.REQUEST,
            target=case.request,
            satisfaction=satisfaction,
            resolved=True if random.random() < 0.8 else None,
        )
        rater = case.resident if case.channel is Channel.ONLINE else clerk_b("hotline")
        yield Proposal(rated, rater, later(cleared_at, random.uniform(0.5, 12)))
