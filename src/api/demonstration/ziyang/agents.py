"""Matters that agents saw to for residents (全程代办), without a fee, within their scope."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final

from api.demonstration import town
from api.demonstration.ziyang.bodies import COMMUNITIES, Community, clerk
from api.demonstration.ziyang.days import CLOSING, OPENING, chance, later, spread
from api.demonstration.ziyang.people import agents
from ledger.clocks import local_day
from ledger.domain.requests.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.domain.services.agents import (
    AgentAssigned,
    AgentEntrusted,
    AgentStep,
    AgentStepTaken,
    Delivery,
    EntrustmentRevoked,
    MatterCompleted,
)
from ledger.event import Actor
from ledger.proposal import Proposal

COMPLETED: Final = 4_013
REVOKED: Final = 118
IN_HAND: Final = 57
"""Entrusted in the last days, and not completed by the closing date."""
_LAST_ENTRUSTED = date(2020, 12, 16)
_LONGEST_HOURS = 34.0
"""Office hours from the entrustment to the delivery: all are delivered by the closing."""
_MATTERS = (
    ("pension-certification", 22, "行动不便，请代办养老待遇资格认证"),
    ("medical-insurance", 20, "请代缴城乡居民医保"),
    ("social-security-card", 12, "社保卡遗失，请代办补领"),
    ("elderly-allowance", 10, "请代办高龄津贴申请"),
    ("residence-certificate", 10, "请代开居住证明"),
    ("birth-registration", 7, "请代办生育登记"),
    ("reimbursement", 9, "住院费用请代为报销"),
    ("employment-registration", 6, "请代办就业失业登记"),
    ("disability-certificate", 4, "请代办残疾人证换领"),
)
_NOTES = ("材料已交窗口", "已电话告知进度", "窗口受理，三日内办结", "已代为填表")


def opening() -> Iterator[Proposal]:
    """Nothing: all of it happens on a day of its own."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """All matters: those that were delivered, taken back, or are still in hand."""
    random = chance("agents")
    moments = spread(random, COMPLETED, OPENING.date(), _LAST_ENTRUSTED)
    for number, moment in enumerate(moments):
        yield from _completed(random, f"matter/{number}", moment)
    moments = spread(random, REVOKED, OPENING.date(), _LAST_ENTRUSTED)
    for number, moment in enumerate(moments):
        yield from _revoked(random, f"revoked matter/{number}", moment)
    moments = spread(random, IN_HAND, date(2020, 12, 21), CLOSING.date())
    for number, moment in enumerate(moments):
        acts = list(_begun(random, f"open matter/{number}", random.choice(COMMUNITIES), moment, 3))
        yield from (act for act in acts if (act.occurred_at or moment) <= CLOSING)


def _completed(random: Random, name: str, moment: datetime) -> Iterator[Proposal]:
    community = random.choice(COMMUNITIES)
    hours = random.choices((3.0, 12.0, _LONGEST_HOURS - 4), (45, 40, 15))[0] * random.random()
    acts = list(_begun(random, name, community, moment, hours))
    yield from acts
    last = acts[-1]
    delivery = random.choices(list(Delivery), (38, 44, 18))[0]
    completed = MatterCompleted(entrustment=town.random_id(name), delivery=delivery)
    at = later(last.occurred_at or moment, random.uniform(0.1, 3))
    yield Proposal(completed, last.actor, at)
    if random.random() < 0.06:
        rated = ServiceRated(
            target_type=RatingTarget.AGENT,
            target=town.random_id(name),
            satisfaction=random.choices(list(Satisfaction), (66, 25, 6, 2, 1))[0],
        )
        rated_at = later(at, random.uniform(0.5, 10))
        yield Proposal(rated, _resident(community, name), rated_at)


def _resident(community: Community, name: str) -> Actor:
    """Whose matter it is, under the random id of that matter alone."""
    return Actor("resident", community.committee, town.random_id(f"entrusts {name}"))


def _revoked(random: Random, name: str, moment: datetime) -> Iterator[Proposal]:
    community = random.choice(COMMUNITIES)
    acts = list(_begun(random, name, community, moment, 4))
    if random.random() < 0.6:
        acts = acts[:1]
    yield from acts
    revoked = EntrustmentRevoked(entrustment=town.random_id(name), reason="家人已回来办理")
    at = later(acts[-1].occurred_at or moment, random.uniform(0.5, 8))
    yield Proposal(revoked, clerk(community.committee), at)


def _begun(
    random: Random, name: str, community: Community, moment: datetime, hours: float
) -> Iterator[Proposal]:
    """Entrusted, assigned, and the steps within so many office hours."""
    (index,) = random.choices(range(len(_MATTERS)), [weight for _, weight, _ in _MATTERS])
    matter, _, details = _MATTERS[index]
    steps = [AgentStep.SUBMITTED]
    if matter == "medical-insurance":
        steps = [AgentStep.FEE_PASSED_ON]
    elif random.random() < 0.12:
        steps = [AgentStep.FORM_FILLED, AgentStep.SUBMITTED]
    resident = _resident(community, name)
    entrusted = AgentEntrusted(
        entrustment=town.random_id(name),
        community=community.committee,
        requester=resident.principal,
        matter=matter,
        scope=(*steps, AgentStep.COLLECTED),
        expires_on=local_day(moment) + timedelta(days=random.choice((30, 60, 90))),
        details=details if random.random() < 0.3 else None,
    )
    by_itself = random.random() < 0.22
    yield Proposal(entrusted, resident if by_itself else clerk(community.committee), moment)
    agent = random.choice(agents(community))
    of: dict[str, Any] = {"entrustment": town.random_id(name)}
    moment = later(moment, random.uniform(0.05, 0.5))
    assigned = AgentAssigned(**of, agent=agent.principal)
    yield Proposal(assigned, clerk(community.committee), moment)
    for step in steps:
        moment = later(moment, 0.2 + hours / len(steps))
        note = random.choice(_NOTES) if random.random() < 0.08 else None
        yield Proposal(AgentStepTaken(**of, step=step, note=note), agent, moment)
