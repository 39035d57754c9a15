"""The communities' money (经费): 10,000 yuan a year for activities, and two lines beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from hashlib import sha256
from random import Random
from typing import Final

from api.demonstration import town
from api.demonstration.ziyang.bodies import COMMUNITIES, Community, clerk, secretary
from api.demonstration.ziyang.days import CLOSING, at, chance, later
from ledger.domain.documents.attachments import Attachment
from ledger.domain.money.budgets import BudgetLine, FundAppropriated, FundCommitted
from ledger.domain.money.spending import Finding, FundAudited, FundReturned, FundSpent
from ledger.proposal import Proposal

YEARS: Final = (2019, 2020)
"""The first of them is entered from the books of before."""
ACTIVITY_FEN: Final = 1_000_000
"""10,000 yuan for each community and year."""
PARTY_WORK_FEN: Final = 2_000_000
ALLOWANCE_FEN: Final = 9_600_000
PAY_FEN: Final = 160_000
"""Of one month's allowances, as a sum."""
_PROJECTS = (
    ("reading-room", ("books", "shelves", "furniture")),
    ("lights", ("lamps", "installation")),
    ("canteen", ("kitchenware", "food")),
    ("new-year", ("couplets", "stage")),
    ("summer-class", ("stationery", "insurance")),
    ("double-ninth", ("gifts", "meals")),
    ("volunteers", ("vests", "water")),
)
_MONTHS = (3, 4, 5, 6, 8, 9, 10)
"""Of the projects, in their order."""


def opening() -> Iterator[Proposal]:
    """Nothing: all of it happens on a day of its own."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """What was given, set aside, paid, returned and audited in two years."""
    random = chance("money")
    for year in YEARS:
        for number, community in enumerate(COMMUNITIES):
            yield from _activity(random, community, year, number)
            yield from _party_work(random, community, year, number)
            yield from _allowance(community, year, number)


def budget_of(community: Community, year: int, line: BudgetLine) -> str:
    """The id of a line of a community's year."""
    return f"budget-{year}-{community.key}-{line.value.replace('_', '-')}"


def _given(
    community: Community, year: int, line: BudgetLine, amount_fen: int, number: int, when: datetime
) -> Proposal:
    given = FundAppropriated(
        budget=budget_of(community, year, line),
        community=community.branch,
        year=year,
        line=line,
        amount_fen=amount_fen,
        document=f"示镇财〔{year}〕{number}号",
    )
    return Proposal(given, town.TOWN_CLERK, when)


def _activity(random: Random, community: Community, year: int, number: int) -> Iterator[Proposal]:
    line = BudgetLine.ACTIVITY
    yield _given(community, year, line, ACTIVITY_FEN, 11 + number, at(date(year, 2, 20), 10))
    budget = budget_of(community, year, line)
    left, spent, latest = ACTIVITY_FEN, 0, at(date(year, 2, 20), 10)
    for (project, things), month in zip(_PROJECTS, _MONTHS, strict=True):
        amount = min(left, random.randrange(900, 2_400) * 100)
        if amount < 10_000:
            break
        commitment = f"commitment-{year}-{community.key}-{project}"
        when = at(date(year, month, 6 + number), 9, 30)
        committed = FundCommitted(
            commitment=commitment,
            budget=budget,
            project=f"project-{project}-{community.key}",
            amount_fen=amount,
        )
        yield Proposal(committed, secretary(community.branch), when)
        left -= amount
        rest = amount
        for thing in things:
            when = _later(when, random.uniform(12, 40))
            paid = rest if thing == things[-1] and random.random() < 0.6 else int(rest * 0.55)
            rest -= paid
            spent += paid
            yield _paid(budget, commitment, thing, paid, community, when)
        if rest:
            when = _later(when, 8)
            left += rest
            returned = FundReturned(budget=budget, commitment=commitment, amount_fen=rest)
            yield Proposal(returned, clerk(community.committee), when)
        latest = when
    if year < CLOSING.year:
        latest = max(latest, at(date(year, 12, 20), 10))
        if left:
            back = FundReturned(budget=budget, amount_fen=left)
            yield Proposal(back, secretary(community.branch), latest)
        yield _audited(budget, spent, community, at(date(2020, 1, 16), 10), Finding.IN_ORDER)


def _party_work(random: Random, community: Community, year: int, number: int) -> Iterator[Proposal]:
    line = BudgetLine.PARTY_WORK
    yield _given(community, year, line, PARTY_WORK_FEN, 21 + number, at(date(year, 3, 2), 10))
    budget = budget_of(community, year, line)
    for month, project in ((3, "study-room"), (7, "party-day"), (9, "joint-projects")):
        commitment = f"commitment-{year}-{community.key}-{project}"
        amount = random.randrange(3_000, 6_000) * 100
        when = at(date(year, month, 12 + number), 15)
        committed = FundCommitted(
            commitment=commitment,
            budget=budget,
            project=f"project-{project}-{community.key}",
            amount_fen=amount,
        )
        yield Proposal(committed, secretary(community.branch), when)
        when = _later(when, random.uniform(16, 60))
        paid = amount - random.randrange(0, 200) * 100
        yield _paid(budget, commitment, "materials", paid, community, when)


def _allowance(community: Community, year: int, number: int) -> Iterator[Proposal]:
    line = BudgetLine.ALLOWANCE
    yield _given(community, year, line, ALLOWANCE_FEN, 31 + number, at(date(year, 1, 10), 10))
    budget = budget_of(community, year, line)
    commitment = f"commitment-{year}-{community.key}-allowances"
    committed = FundCommitted(
        commitment=commitment, budget=budget, project="allowances", amount_fen=PAY_FEN * 5 * 12
    )
    yield Proposal(committed, secretary(community.branch), at(date(year, 1, 13), 10))
    for month in range(1, 13):
        when = at(date(year, month, 24), 10)
        if when > CLOSING:
            return
        for person in range(5):
            yield _paid(budget, commitment, f"allowance-{person}", PAY_FEN, community, when)


def _later(moment: datetime, hours: float) -> datetime:
    """So many office hours later; of 2019 no working calendar is known, and none is needed."""
    return later(moment, hours) if moment.year >= 2020 else _by_days(moment, hours)


def _by_days(moment: datetime, hours: float) -> datetime:
    due = moment.toordinal() + 1 + int(hours / 8)
    while date.fromordinal(due).weekday() >= 5:
        due += 1
    return at(date.fromordinal(due), 10)


def _paid(
    budget: str, commitment: str, thing: str, amount: int, community: Community, when: datetime
) -> Proposal:
    name = f"{commitment}-{thing}-{when:%m%d}"
    spent = FundSpent(
        payment=town.random_id(f"payment/{name}"),
        budget=budget,
        commitment=commitment,
        amount_fen=amount,
        spent_on=thing.rsplit("-", 1)[0] if thing.startswith("allowance-") else thing,
        voucher=_attachment(name),
    )
    return Proposal(spent, clerk(community.committee), when)


def _audited(
    budget: str, counted: int, community: Community, when: datetime, finding: Finding
) -> Proposal:
    audited = FundAudited(
        budget=budget, counted_fen=counted, finding=finding, report=_attachment(f"{budget}-audit")
    )
    return Proposal(audited, clerk(community.supervision), when)


def _attachment(name: str) -> Attachment:
    """A file of the demonstration: its bytes are its name, so that anybody can make it."""
    content = name.encode()
    return Attachment(
        digest=sha256(content).hexdigest(), size_bytes=len(content), media_type="text/plain"
    )
