"""Drafts of acts in the love bank: what the books let a clerk write, and at times another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from ledger.catalogue import KINDS
from ledger.domain.love_bank.accounts import AccountOpened, Closing, HolderType
from ledger.domain.love_bank.rewards import RewardType
from ledger.event import Event
from tests.plain_model.books import Books
from tests.plain_model.love_bank import later
from tests.plain_model.rule_book import CHINA
from tests.town import COMMITTEE, COMMITTEE_B

ACCOUNTS = ("account-1", "account-2", "account-3", "account-4", "account-unit")
"""The last is that of the unit of those who award: nothing is ever awarded to it."""
DEEDS = tuple(f"deed-{number}" for number in range(1, 13))
OBJECTIONS = tuple(f"objection-{number}" for number in range(1, 7))
AWARDS = tuple(f"award-{number}" for number in range(1, 13))
"""One for each deed."""
REWARDS = ("soap", "rice")
WITNESSES = ("p-hotline", "p-reviewer", "p-secretary", "p-committee", "nobody-here")

Body = dict[str, Any]
Draft = Callable[[int, Books, datetime], Body]


def opening(account: str, choice: int) -> Event:
    """An account of a person, or of the unit of those who award here."""
    unit = "committee-1" if account == "account-unit" else None
    counted_with = "account-unit" if unit is None and choice % 4 == 3 else None
    return AccountOpened(
        account=account,
        holder_type=HolderType.PERSON if unit is None else HolderType.UNIT,
        holder=("requester-1", "holder-1", "p-committee")[choice % 3],
        unit=unit,
        counted_with=counted_with,
        household_principals=("p-committee-b",) if choice % 5 == 4 else (),
        masked_name_consent=choice % 6 == 5,
        ranking_opt_in=choice % 2 == 0,
    )


def bank_act(kind: str, choice: int, books: Books, now: datetime) -> Event:
    """The act of this kind in the variant that a number chooses, entered at `now`."""
    if kind == "account_opened":
        return opening(ACCOUNTS[choice % 5], choice // 5)
    cls: Any = KINDS[kind]
    event: Event = cls(**_DRAFTS[kind](choice, books, now))
    return event


def _today(now: datetime) -> date:
    return now.astimezone(CHINA).date()


def _off(choice: int) -> int:
    """Mostly nothing: how much a number in the books is misread."""
    return 1 if choice % 11 == 10 else 0


def _claimed(choice: int, books: Books, now: datetime) -> Body:
    place = choice % len(DEEDS)
    return {
        "deed": DEEDS[place],
        "account": ACCOUNTS[(choice // 5) % 5 if choice % 7 == 0 else place % 4],
        "deed_category": ("care", "green")[choice % 2],
        "done_on": _today(now) - timedelta(days=choice % 4 - (choice % 13 == 12)),
        "hours": 1 + choice % 3,
        "paid": choice % 17 == 16,
    }


def _verified(choice: int, books: Books, now: datetime) -> Body:
    start = choice % 4
    count = (2, 2, 2, 3, 1, 0)[choice // 4 % 6]
    spot = ("p-water", "p-town-clerk", "p-water", None)[choice // 24 % 4]
    return {
        "deed": DEEDS[choice % len(DEEDS)],
        "is_confirmed": choice % 9 != 8,
        "witnesses": (*WITNESSES[:4], *WITNESSES)[start : start + count],
        "spot_checked_by": spot,
    }


def _shown(choice: int, books: Books, now: datetime) -> Body:
    return {"deed": DEEDS[choice % len(DEEDS)], "points": (1, 2, 5, 20, 21)[choice // 12 % 5]}


def _objection(choice: int, books: Books) -> Body:
    objection = OBJECTIONS[choice % len(OBJECTIONS)]
    known = books.bank.objections.get(objection)
    deed = DEEDS[choice // 4 % len(DEEDS)] if known is None or _off(choice) else known.deed
    return {"objection": objection, "deed": deed, "reason": "说明"}


def _awarded(choice: int, books: Books, now: datetime) -> Body:
    place = choice % len(DEEDS)
    deed = DEEDS[place]
    sheet = books.bank.deeds.get(deed)
    claimed: Any = sheet and sheet.claim.event
    shown: Any = sheet and sheet.publicity and sheet.publicity.event
    months = books.rules.in_force(now).points_expire_after_months
    ends = None if months is None else later(_today(now), months)
    return {
        "award": AWARDS[place],
        "account": claimed.account if claimed else ACCOUNTS[0],
        "deed": deed,
        "deed_category": claimed.deed_category if claimed else "care",
        "points": (shown.points if shown else 1) + _off(choice),
        "expires_on": ends if choice % 13 else later(_today(now), 3),
    }


def _of_award(choice: int, books: Books) -> tuple[str, Any, Body]:
    award = AWARDS[choice % len(AWARDS)]
    made = books.bank.awards.get(award)
    event: Any = made and made.event
    return award, made, {"award": award, "account": event.account if event else ACCOUNTS[0]}


def _reversed(choice: int, books: Books, now: datetime) -> Body:
    award, made, body = _of_award(choice, books)
    expired = books.bank.expired.get(award, 0)
    points = max(1, made.event.points - expired if made else 1)
    day = _today(made.when if made else now) - timedelta(days=_off(choice // 5))
    return {**body, "points": points + _off(choice), "awarded_on": day, "reason": "误记"}


def _lot(choice: int, books: Books) -> Body:
    award, made, body = _of_award(choice, books)
    slip = made and books.bank.slip(body["account"], award)
    return {**body, "points": (slip.left if slip else 1) + _off(choice)}


def _noticed(choice: int, books: Books, now: datetime) -> Body:
    body = _lot(choice, books)
    slip = books.bank.passbooks and body["account"] in books.bank.passbooks
    found = books.bank.slip(body["account"], body["award"]) if slip else None
    earliest = _today(now) + timedelta(days=books.rules.in_force(now).expiry_notice_days)
    last_day = max(found.ends, earliest) if found and found.ends else earliest
    return {**body, "last_day": last_day + timedelta(days=_off(choice // 5))}


def _spending(choice: int, books: Books) -> Body:
    return {"account": ACCOUNTS[choice % 4], "points": 1 + choice // 4 % 6}


def _redeemed(choice: int, books: Books, now: datetime) -> Body:
    reward = REWARDS[choice % 2]
    shelf = books.bank.shelves.get(reward)
    quantity = 1 + choice // 4 % 3
    points = quantity * (shelf.price if shelf else 1) + _off(choice)
    body: Body = {"reward": reward, "quantity": quantity, "points": points}
    return {**body, "account": ACCOUNTS[choice // 2 % 4]}


_DRAFTS: Mapping[str, Draft] = {
    "account_closed": lambda choice, books, now: {
        "account": ACCOUNTS[choice % 5], "ground": (*Closing,)[choice % 4],
    },
    "deed_claimed": _claimed,
    "deed_verified": _verified,
    "publicity_opened": _shown,
    "objection_raised": lambda choice, books, now: _objection(choice, books),
    "objection_ruled": lambda choice, books, now: {
        **_objection(choice, books), "is_upheld": choice // 4 % 3 == 0,
    },
    "objection_appealed": lambda choice, books, now: _objection(choice, books),
    "love_points_awarded": _awarded,
    "love_points_reversed": _reversed,
    "love_points_donated": lambda choice, books, now: {
        **_spending(choice, books), "purpose": "lonely-elders",
    },
    "love_points_expiry_noticed": _noticed,
    "love_points_expired": lambda choice, books, now: _lot(choice, books),
    "reward_listed": lambda choice, books, now: {
        "reward": REWARDS[choice % 2], "name": "香皂", "reward_type": (*RewardType,)[choice % 3],
        "points": 1 + choice // 2 % 3,
    },
    "reward_restocked": lambda choice, books, now: {
        "reward": REWARDS[choice % 2], "quantity": 1 + choice // 2 % 4,
    },
    "love_points_redeemed": _redeemed,
}  # fmt: skip
OF_LOVE_BANK = ("account_opened", *_DRAFTS)
OF_DEEDS = (
    "deed_claimed", "deed_verified", "publicity_opened", "love_points_awarded",
)  # fmt: skip
"""The acts that lead a deed to its points."""
OF_SPENDING = ("reward_listed", "reward_restocked", "love_points_redeemed", "love_points_reversed")
"""The acts that lead points to a reward, or back."""
A_WHOLE_DEED = (
    ("account_opened", COMMITTEE), ("deed_claimed", COMMITTEE), ("deed_verified", COMMITTEE_B),
    ("publicity_opened", COMMITTEE), ("love_points_awarded", COMMITTEE),
)  # fmt: skip
"""Its acts, each by somebody who may; days pass before the last."""
RARE = {
    "account_closed": 40,
    "objection_raised": 6,
    "reward_restocked": 2,
    "love_points_reversed": 2,
}
"""How often the others come first, lest too many lives end early."""
