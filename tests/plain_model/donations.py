"""The book of gifts: one sheet for each donation, on which every taking is a line."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.plain_model import love_bank
from tests.plain_model.rule_book import Act

if TYPE_CHECKING:
    from tests.plain_model.books import Books

MONEY = "money"


@dataclass
class Gift:
    """A donation, and all that was taken from it."""

    came: Act
    taken: list[Act] = field(default_factory=list)

    @property
    def slip(self) -> Any:
        """What the receipt says."""
        return self.came.event

    @property
    def latest(self) -> datetime:
        return max(line.when for line in (self.came, *self.taken))

    @property
    def left(self) -> dict[str, int]:
        """What is there, by item; money is one of them, in fen."""
        there: dict[str, int] = {MONEY: self.slip.amount_fen or 0}
        there |= {one.item: one.quantity for one in self.slip.goods}
        for line in self.taken:
            what, much = taken_by(line.event)
            there[what] -= much
        return there

    def is_for(self, purpose: str, detail: str | None = None) -> bool:
        """Whether the donor gave it for this."""
        if self.slip.purpose == "unrestricted":
            return True
        said = self.slip.project or self.slip.household_category
        return self.slip.purpose == purpose and said in (None, detail)


def taken_by(event: Any) -> tuple[str, int]:
    """What an act takes, and how much of it."""
    fields = event.__dict__
    if event.item is None:
        return MONEY, fields["amount_fen"]
    return event.item, event.quantity


def donation_received(books: Books, act: Act, event: Any) -> bool:
    items = [one.item for one in event.goods]
    giver = (event.donor_organisation is not None, event.organisation_shown, event.name is not None)
    fitting = {
        "organisation": ((True, False, False), (True, True, False)),
        "person": ((False, False, False), (False, False, True)),
        "anonymous": ((False, False, False),),
    }
    return (
        event.donation not in books.gifts
        and event.receipt not in {gift.slip.receipt for gift in books.gifts.values()}
        and (event.amount_fen is not None) != bool(items)
        and len(items) == len({*items})
        and giver in fitting[event.donor_type]
        and (event.donor_organisation is None or books.staff.is_known(event.donor_organisation))
        and (event.project is None or event.purpose == "project")
        and (event.household_category is None or event.purpose == "households")
    )


def donation_used(books: Books, act: Act, event: Any) -> bool:
    uses = [
        (purpose, named)
        for purpose, named in (
            ("project", event.project),
            ("households", event.household_category),
            ("love_bank", event.reward),
        )
        if named is not None
    ]
    return (
        event.use not in books.uses
        and len(uses) == 1
        and _names_one_thing(event)
        and _may_be_taken(books, act)
        and books.gifts[event.donation].is_for(*uses[0])
        and (event.reward is None or (event.reward in books.bank.shelves and event.item is None))
    )


def donation_returned(books: Books, act: Act, event: Any) -> bool:
    return (
        _names_one_thing(event)
        and _may_be_taken(books, act)
        and books.gifts[event.donation].slip.donor_type != "anonymous"
    )


def reward_restocked(books: Books, act: Act, event: Any) -> bool:
    if not love_bank.reward_restocked(books, act, event):
        return False
    if event.donation is None or event.item is None:
        return event.donation is None and event.item is None
    return _may_be_taken(books, act) and books.gifts[event.donation].is_for("love_bank")


def _names_one_thing(event: Any) -> bool:
    given = (event.amount_fen is not None, event.item is not None, event.quantity is not None)
    return given in ((True, False, False), (False, True, True))


def _may_be_taken(books: Books, act: Act) -> bool:
    event: Any = act.event
    gift = books.gifts.get(event.donation)
    if gift is None:
        return False
    what, much = taken_by(event)
    return (
        not books.is_foreign(act, gift.came.actor.organisation)
        and act.actor.principal != gift.came.actor.principal
        and much <= gift.left.get(what, 0)
        and act.follows(gift.latest)
    )


def enter(books: Books, act: Act) -> None:
    """Puts an act on the sheet of its donation."""
    event: Any = act.event
    match act.kind:
        case "donation_received":
            books.gifts[event.donation] = Gift(act)
        case "donation_used" | "donation_returned":
            books.gifts[event.donation].taken.append(act)
        case "reward_restocked" if event.donation is not None:
            books.gifts[event.donation].taken.append(act)
    if act.kind == "donation_used":
        books.uses.add(event.use)


VERDICTS = {
    verdict.__name__: verdict
    for verdict in (donation_received, donation_used, donation_returned, reward_restocked)
}
