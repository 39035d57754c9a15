"""The demonstration's money: given to two communities, set aside, paid, returned and audited."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from api.demonstration import town
from ledger.clocks import local_day
from ledger.domain.documents.attachments import Attachment
from ledger.domain.money.budgets import BudgetLine, FundAppropriated, FundCommitted
from ledger.domain.money.spending import Finding, FundAudited, FundReturned, FundSpent
from ledger.event import Actor
from ledger.proposal import Proposal

APPROPRIATED_DAYS_AGO = 29
_YUAN = 100


class _Line(NamedTuple):
    """A line of a community's year: its id, its amount in yuan, and who sets aside and pays."""

    budget: str
    community: str
    line: BudgetLine
    yuan: int
    commits: Actor
    pays: Actor


class _Payment(NamedTuple):
    """From a commitment, so many days ago, so much in fen, for what."""

    commitment: str
    days_ago: int
    amount_fen: int
    spent_on: str


_RIVERSIDE = ("branch-riverside", town.SECRETARY, town.COMMITTEE)
_OLD_TOWN = ("branch-oldtown", town.SECRETARY_OLD_TOWN, town.COMMITTEE_OLD_TOWN)
_LINES = tuple(
    _Line(f"{body.removeprefix('branch-')}-{line.replace('_', '-')}", body, line, yuan, who, pays)
    for body, who, pays in (_RIVERSIDE, _OLD_TOWN)
    for line, yuan in (
        (BudgetLine.ACTIVITY, 10_000),
        (BudgetLine.PARTY_WORK, 20_000),
        (BudgetLine.ALLOWANCE, 36_000),
    )
)
# Commitment, line, project, yuan; all of them three weeks ago.
_COMMITMENTS = (
    ("earmark-001", "riverside-activity", "project-reading-room", 3_000),
    ("earmark-002", "riverside-activity", "project-lights", 4_500),
    ("earmark-003", "riverside-party-work", "project-reading-room", 2_000),
    ("earmark-004", "oldtown-activity", "project-canteen", 6_000),
    ("earmark-005", "riverside-allowance", "allowances", 24_000),
)
_COMMITTED_DAYS_AGO = 21
_PAYMENTS = (
    _Payment("earmark-001", 18, 120_050, "books"),
    _Payment("earmark-003", 17, 88_000, "shelves"),
    _Payment("earmark-004", 16, 310_000, "kitchenware"),
    *(_Payment("earmark-005", 15, 300_000, "allowance") for _ in range(6)),
    _Payment("earmark-001", 12, 96_000, "furniture"),
    _Payment("earmark-002", 9, 389_999, "lamps"),
)
_RETURNED = ("earmark-002", 7, 60_001)
_AUDITED_DAYS_AGO = 3


def funds(now: datetime) -> Iterator[Proposal]:
    """All that happened with the town's money by `now` (aware)."""
    given_at = now - timedelta(days=APPROPRIATED_DAYS_AGO)
    year = local_day(given_at).year
    for number, line in enumerate(_LINES, 1):
        given = FundAppropriated(
            budget=_identity(line, year),
            community=line.community,
            year=year,
            line=line.line,
            amount_fen=line.yuan * _YUAN,
            document=f"镇财〔{year}〕{number}号（演示）",
        )
        yield Proposal(given, town.TOWN_CLERK, given_at)
    lines = {line.budget: line for line in _LINES}
    of = {commitment: lines[line] for commitment, line, _, _ in _COMMITMENTS}
    for commitment, name, project, yuan in _COMMITMENTS:
        committed = FundCommitted(
            commitment=commitment,
            budget=_identity(lines[name], year),
            project=project,
            amount_fen=yuan * _YUAN,
        )
        yield Proposal(committed, lines[name].commits, now - timedelta(days=_COMMITTED_DAYS_AGO))
    for number, payment in enumerate(_PAYMENTS, 1):
        yield _paid(number, payment, of[payment.commitment], year, now)
    commitment, days_ago, amount = _RETURNED
    returned = FundReturned(
        budget=_identity(of[commitment], year), commitment=commitment, amount_fen=amount
    )
    yield Proposal(returned, of[commitment].commits, now - timedelta(days=days_ago))
    yield _audited(lines["riverside-activity"], year, now)


def _identity(line: _Line, year: int) -> str:
    return f"budget-{year}-{line.budget}"


def _paid(number: int, payment: _Payment, line: _Line, year: int, now: datetime) -> Proposal:
    identity = f"payment-{number:03}"
    spent = FundSpent(
        payment=identity,
        budget=_identity(line, year),
        commitment=payment.commitment,
        amount_fen=payment.amount_fen,
        spent_on=payment.spent_on,
        voucher=_attachment(identity),
    )
    return Proposal(spent, line.pays, now - timedelta(days=payment.days_ago))


def _audited(line: _Line, year: int, now: datetime) -> Proposal:
    spent = sum(
        payment.amount_fen
        for payment in _PAYMENTS
        for commitment, name, _, _ in _COMMITMENTS
        if commitment == payment.commitment and name == line.budget
    )
    audited = FundAudited(
        budget=_identity(line, year),
        counted_fen=spent,
        finding=Finding.IN_ORDER,
        report=_attachment("audit-report"),
    )
    return Proposal(audited, town.SUPERVISION, now - timedelta(days=_AUDITED_DAYS_AGO))


def _attachment(name: str) -> Attachment:
    """A file of the demonstration: its bytes are its name, so that anybody can make it."""
    content = name.encode()
    return Attachment(
        digest=sha256(content).hexdigest(), size_bytes=len(content), media_type="text/plain"
    )
