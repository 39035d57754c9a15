"""What people of a small town want at once, by a seed: much of it must be refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any, NamedTuple

from ledger.domain.honours.commendation import (
    CommendationIssued,
    CommendationRescinded,
    Honour,
    Rescission,
)
from ledger.domain.honours.periods import PeriodOpened
from ledger.domain.love_bank.accounts import AccountOpened, HolderType
from ledger.domain.money.donation_uses import DonationUsed
from ledger.domain.money.donations import DonationPurpose, DonationReceived, DonorType
from ledger.domain.requests.closing import RequestCleared
from ledger.domain.requests.dispatching import RequestDispatched
from ledger.domain.requests.handling import AnswerAccepted, RequestAnswered
from ledger.domain.requests.intake import RequestAccepted, RequestFiled
from ledger.domain.requests.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.domain.requests.requests import Category
from ledger.domain.rules.rules import Grade
from ledger.domain.whistles.blowing import WhistleBlown
from ledger.domain.whistles.summons import DepartmentReportedIn
from ledger.domain.whistles.whistles import Ground
from ledger.event import Actor, Event
from ledger.proposal import Proposal
from tests.town import (
    COMMITTEE,
    COMMITTEE_B,
    HOTLINE,
    OPENED_AT,
    REVIEWER,
    ROADS,
    SECRETARY,
    TOWN_CLERK,
    URBAN,
    WATER,
    awarding,
    redeemed,
    soap,
)

POISON = "poison"
"""A subject that a failing store can be told to reject."""
_DEPARTMENTS = (("dept-water", WATER), ("dept-urban", URBAN), ("dept-roads", ROADS))


class Act(NamedTuple):
    """One event that somebody wants, so that it can be proposed anew at every attempt."""

    kind: type[Event]
    fields: dict[str, Any]
    actor: Actor
    occurred_at: datetime | None = None


def proposals(acts: list[Act]) -> list[Proposal]:
    """One attempt: ids are minted anew, as they are for a body that is sent again."""
    return [Proposal(act.kind(**act.fields), act.actor, act.occurred_at) for act in acts]


def intend(random: Random, things: int) -> list[Act]:
    """One act or a list, about one of so many requests, whistles and accounts."""
    if random.random() < 0.15:
        return _whole_deed(random, str(random.randrange(things)))
    count = random.choice((1, 1, 1, 1, 1, 1, 1, 2, 3))
    return [random.choice(_ACTS)(random, str(random.randrange(things))) for _ in range(count)]


def _whole_deed(random: Random, thing: str) -> list[Act]:
    """A deed from its claim to its points in one list: all of it, or nothing."""
    return [_as_act(step) for step in _steps(random, thing)]


def _filed(random: Random, thing: str) -> Act:
    subject = POISON if random.random() < 0.05 else "noise"
    fields = {
        "request": f"request-{thing}",
        "community": "committee-1",
        "category": Category.HELP,
        "subject": subject,
    }
    return Act(RequestFiled, fields, HOTLINE)


def _advanced(random: Random, thing: str) -> Act:
    request = {"request": f"request-{thing}"}
    return random.choice(
        (
            Act(RequestAccepted, request, HOTLINE),
            Act(
                RequestDispatched,
                {**request, "lead": "dept-water", "grade": Grade.ORDINARY},
                HOTLINE,
            ),
            Act(RequestAnswered, {**request, "answer": "已修复"}, WATER),
            Act(AnswerAccepted, request, REVIEWER),
            Act(RequestCleared, request, HOTLINE),
        )
    )


def _rated(random: Random, thing: str) -> Act:
    fields = {
        "target_type": RatingTarget.REQUEST,
        "target": f"request-{thing}",
        "satisfaction": random.choice(list(Satisfaction)),
    }
    return Act(ServiceRated, fields, COMMITTEE)


def _whistled(random: Random, thing: str) -> Act:
    fields = {
        "whistle": f"whistle-{thing}",
        "grade": Grade.HARD,
        "ground": Ground.JOINT_ENFORCEMENT,
        "departments": tuple(name for name, _ in _DEPARTMENTS[: random.randrange(1, 4)]),
    }
    return Act(WhistleBlown, fields, SECRETARY)


def _reported_in(random: Random, thing: str) -> Act:
    department, actor = random.choice(_DEPARTMENTS)
    fields = {"whistle": f"whistle-{thing}", "department": department}
    return Act(DepartmentReportedIn, fields, actor)


def _opened(random: Random, thing: str) -> Act:
    fields = {"account": f"account-{thing}", "holder_type": HolderType.PERSON, "name": "某人"}
    return Act(AccountOpened, fields, COMMITTEE, OPENED_AT)


def _deed_done(random: Random, thing: str) -> Act:
    """One step of a deed on its way to points."""
    return _as_act(random.choice(_steps(random, thing)))


def _steps(random: Random, thing: str) -> list[Proposal]:
    number = random.randrange(20)
    deed = f"{thing}-{number}"
    return awarding(f"award-{deed}", f"account-{thing}", 1 + number, f"deed-{deed}")


def _stocked(random: Random, thing: str) -> Act:
    return _as_act(random.choice(soap()))


def _redeemed(random: Random, thing: str) -> Act:
    return _as_act(Proposal(redeemed(f"account-{thing}", random.randrange(1, 31)), COMMITTEE))


def _commended(random: Random, thing: str) -> Act:
    """A commendation of the unit, or its end; numbers are used again."""
    commendation = {"commendation": f"commendation-{thing}"}
    if random.random() < 0.3:
        return Act(
            CommendationRescinded, {**commendation, "reason": Rescission.DECLINED}, TOWN_CLERK
        )
    fields = {
        **commendation,
        "document_number": f"镇发〔2026〕{random.randrange(20)}号",
        "honour": Honour.CIRCULAR,
        "ground": "love-bank",
        "units": ("unit-1",),
    }
    return Act(CommendationIssued, fields, TOWN_CLERK)


def _period_opened(random: Random, thing: str) -> Act:
    month = f"2026-{random.randrange(1, 13):02}"
    fields = {
        "period": f"period-{thing}",
        "holder_type": HolderType.PERSON,
        "first_month": month,
        "last_month": month,
        "community": "committee-1",
    }
    return Act(PeriodOpened, fields, COMMITTEE, OPENED_AT)


def _donated(random: Random, thing: str) -> Act:
    fields = {
        "donation": f"donation-{thing}",
        "receipt": f"receipt-{random.randrange(400)}",
        "donor_type": DonorType.ANONYMOUS,
        "purpose": DonationPurpose.UNRESTRICTED,
        "amount_fen": 100,
    }
    return Act(DonationReceived, fields, COMMITTEE)


def _donation_used(random: Random, thing: str) -> Act:
    amount = random.randrange(1, 61)
    fields = {"donation": f"donation-{thing}", "amount_fen": amount, "project": "project-1"}
    return Act(DonationUsed, fields, COMMITTEE_B)


def _as_act(proposal: Proposal) -> Act:
    event = proposal.event
    return Act(type(event), dict(event), proposal.actor, proposal.occurred_at)


_ACTS: tuple[Callable[[Random, str], Act], ...] = (
    _filed,
    _advanced,
    _advanced,
    _rated,
    _whistled,
    _reported_in,
    _opened,
    _deed_done,
    _deed_done,
    _stocked,
    _redeemed,
    _redeemed,
    _commended,
    _period_opened,
    _donated,
    _donation_used,
)
