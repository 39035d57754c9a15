"""The love bank's account books: what may be entered."""

from __future__ import annotations

from typing import Any

from ledger.decision import Office
from tests.plain_model.books import Books
from tests.plain_model.rule_book import Act


def account_opened(books: Books, act: Act, event: Any) -> bool:
    if event.unit is not None:
        return event.account not in books.accounts and books.staff.is_known(event.unit)
    is_own = act.actor.office != Office.RESIDENT or act.actor.principal == event.holder
    return event.account not in books.accounts and is_own


def love_points_awarded(books: Books, act: Act, event: Any) -> bool:
    entries = books.accounts.get(event.account)
    if entries is None or event.award in books.awards:
        return False
    opened: Any = entries[0].event
    doubled = any(
        (one.event.__dict__["deed"], one.event.__dict__["account"]) == (event.deed, event.account)
        for one in books.awards.values()
    )
    return (
        opened.holder != act.actor.principal
        and not (opened.unit and books.staff.serves(act.actor.principal, opened.unit, act.at))
        and act.follows(entries[0].when)
        and not doubled
        and event.points <= books.rules.in_force(act.at).max_points_per_award
    )


def love_points_redeemed(books: Books, act: Act, event: Any) -> bool:
    taken = [one.event.__dict__.get("redemption") for one in _all_entries(books)]
    return event.redemption not in taken and _may_leave(books, act, event)


def love_points_reversed(books: Books, act: Act, event: Any) -> bool:
    award = books.awards.get(event.award)
    made: Any = award and award.event
    return (
        award is not None
        and made.account == event.account
        and made.points == event.points
        and event.award not in books.reversed
        and award.actor.principal != act.actor.principal
        and _may_leave(books, act, event)
    )


def _may_leave(books: Books, act: Act, event: Any) -> bool:
    """Whether points may leave an account: never more than are there."""
    entries = books.accounts.get(event.account)
    return (
        entries is not None and event.points <= balance(entries) and act.follows(_latest(entries))
    )


def _latest(entries: list[Act]) -> Any:
    """When the account last changed: an award that is entered late does not put it back."""
    latest = entries[0].when
    for entry in entries[1:]:
        late = entry.kind == "love_points_awarded"
        latest = max(latest, entry.when) if late else entry.when
    return latest


def _all_entries(books: Books) -> list[Act]:
    return [entry for entries in books.accounts.values() for entry in entries]


def balance(entries: list[Act]) -> int:
    """The sum of an account's postings."""
    signs = {"love_points_awarded": 1, "love_points_redeemed": -1, "love_points_reversed": -1}
    return sum(
        signs.get(entry.kind, 0) * entry.event.__dict__.get("points", 0) for entry in entries
    )


VERDICTS = {
    verdict.__name__: verdict
    for verdict in (
        account_opened, love_points_awarded, love_points_redeemed, love_points_reversed,
    )
}  # fmt: skip
