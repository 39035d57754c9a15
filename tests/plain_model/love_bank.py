"""The love bank's books, deeds and shelves: what may be entered, by a clerk who counts slips."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ledger.decision import Office
from ledger.domain.rules.rules import Step
from ledger.event import HeldFor
from tests.plain_model.people import TOWN
from tests.plain_model.rule_book import CHINA, Act, deadline_of

if TYPE_CHECKING:
    from tests.plain_model.books import Books


@dataclass
class Slip:
    """What is left of one award, on a slip of paper in the account's box."""

    award: str
    deed: str
    left: int
    ends: date | None
    last_day: date | None = None


@dataclass
class Passbook:
    """An account."""

    opened: Act
    latest: datetime
    slips: list[Slip] = field(default_factory=list)
    is_closed: bool = False

    @property
    def opening(self) -> Any:
        return self.opened.event

    @property
    def balance(self) -> int:
        return sum(slip.left for slip in self.slips)

    def is_theirs(self, principal: str) -> bool:
        return principal in (self.opening.holder, *self.opening.household_principals)


@dataclass
class DeedSheet:
    """A deed, with a line for each step."""

    claim: Act
    verification: Act | None = None
    publicity: Act | None = None
    award: Act | None = None

    @property
    def account(self) -> str:
        event: Any = self.claim.event
        return str(event.account)

    @property
    def latest(self) -> datetime:
        lines = (self.claim, self.verification, self.publicity, self.award)
        return [line.when for line in lines if line is not None][-1]


@dataclass
class ObjectionSheet:
    """An objection, with its rulings and its appeal."""

    raised: Act
    rulings: list[Act] = field(default_factory=list)
    appeal: Act | None = None

    @property
    def deed(self) -> str:
        event: Any = self.raised.event
        return str(event.deed)

    @property
    def is_open(self) -> bool:
        return len(self.rulings) < (1 if self.appeal is None else 2)

    @property
    def is_upheld(self) -> bool:
        last: Any = self.rulings[-1].event if self.rulings else None
        return last is not None and last.is_upheld

    @property
    def latest(self) -> datetime:
        lines = [self.raised, *self.rulings, *([] if self.appeal is None else [self.appeal])]
        return max(lines, key=lambda line: line.at).when


@dataclass
class Shelf:
    """A reward and how many of it are there."""

    organisation: str
    price: int
    listed: datetime
    latest: datetime
    stock: int = 0


@dataclass
class Bank:
    """All that lies in the love bank's cupboard."""

    passbooks: dict[str, Passbook] = field(default_factory=dict)
    deeds: dict[str, DeedSheet] = field(default_factory=dict)
    objections: dict[str, ObjectionSheet] = field(default_factory=dict)
    awards: dict[str, Act] = field(default_factory=dict)
    expired: dict[str, int] = field(default_factory=dict)
    reversed: set[str] = field(default_factory=set)
    redemptions: set[str] = field(default_factory=set)
    shelves: dict[str, Shelf] = field(default_factory=dict)
    shown_by_consent: set[str] = field(default_factory=set)
    """The accounts whose masked name may be shown."""
    erased: dict[str, set[HeldFor]] = field(default_factory=dict)

    def is_contested(self, deed: str) -> bool:
        """Whether an objection to a deed is open, or was upheld."""
        return any(
            sheet.deed == deed and (sheet.is_open or sheet.is_upheld)
            for sheet in self.objections.values()
        )

    def free(self, account: str, today: date) -> list[Slip]:
        """The slips that may be spent on that day, those that end first in front."""
        slips = [
            slip
            for slip in self.passbooks[account].slips
            if not self.is_contested(slip.deed) and not _is_over(slip, today)
        ]
        return sorted(slips, key=lambda slip: (slip.ends or date.max, slip.award))

    def spendable(self, account: str, today: date) -> int:
        return sum(slip.left for slip in self.free(account, today))

    def take(self, account: str, points: int, today: date) -> None:
        """Takes points from the free slips."""
        for slip in self.free(account, today):
            taken = min(points, slip.left)
            slip.left -= taken
            points -= taken
        assert not points, "the verdict let more go than was there"
        self._tidy(account)

    def slip(self, account: str, award: str) -> Slip | None:
        found = [slip for slip in self.passbooks[account].slips if slip.award == award]
        return found[0] if found else None

    def tear_up(self, account: str, award: str) -> int:
        """Takes all that is left of an award; how much it was."""
        slip = self.slip(account, award)
        if slip is None:
            return 0
        self.passbooks[account].slips.remove(slip)
        return slip.left

    def _tidy(self, account: str) -> None:
        book = self.passbooks[account]
        book.slips = [slip for slip in book.slips if slip.left]


def _is_over(slip: Slip, today: date) -> bool:
    return slip.last_day is not None and slip.last_day < today


def _today(act: Act) -> date:
    return act.at.astimezone(CHINA).date()


def _claimed_day(act: Act) -> date:
    return act.when.astimezone(CHINA).date()


def _is_of_another_resident(act: Act, book: Passbook) -> bool:
    return act.actor.office == Office.RESIDENT and act.actor.principal != book.opening.holder


def _open(books: Books, account: str) -> Passbook | None:
    book = books.bank.passbooks.get(account)
    return None if book is None or book.is_closed else book


def account_opened(books: Books, act: Act, event: Any) -> bool:
    above = books.bank.passbooks.get(event.counted_with)
    return (
        event.account not in books.bank.passbooks
        and (event.unit is None or books.staff.is_known(event.unit))
        and (
            act.actor.office != Office.RESIDENT
            or (event.unit is None and act.actor.principal == event.holder)
        )
        and (
            event.counted_with is None
            or (
                event.holder_type == "person"
                and above is not None
                and above.opening.holder_type != "person"
            )
        )
    )


def account_closed(books: Books, act: Act, event: Any) -> bool:
    book = _open(books, event.account)
    if book is None or _is_of_another_resident(act, book):
        return False
    if books.is_foreign(act, book.opened.actor.organisation):
        return False
    today = _today(act)
    left = [slip for slip in book.slips if not _is_over(slip, today)]
    held = [slip for slip in book.slips if books.bank.is_contested(slip.deed)]
    return not left and not held and act.follows(book.latest)


def deed_claimed(books: Books, act: Act, event: Any) -> bool:
    book = _open(books, event.account)
    return (
        event.deed not in books.bank.deeds
        and book is not None
        and not _is_of_another_resident(act, book)
        and not event.paid
        and event.done_on <= _claimed_day(act)
        and event.grid_unit is None
        and act.follows(book.opened.when)
    )


def _judgeable(books: Books, act: Act, event: Any) -> DeedSheet | None:
    """The deed, where this body may judge it and the judge has no part in it."""
    sheet = books.bank.deeds.get(event.deed)
    if sheet is None or not act.follows(sheet.latest):
        return None
    if books.is_foreign(act, sheet.claim.actor.organisation):
        return None
    book = books.bank.passbooks[sheet.account]
    unit = book.opening.unit
    if book.is_theirs(act.actor.principal):
        return None
    if unit is not None and books.staff.serves(act.actor.principal, unit, act.at):
        return None
    return sheet


def deed_verified(books: Books, act: Act, event: Any) -> bool:
    sheet = _judgeable(books, act, event)
    if sheet is None or sheet.verification is not None:
        return False
    claimant = sheet.claim.actor.principal
    book = books.bank.passbooks[sheet.account]
    unit = book.opening.unit
    named = [*event.witnesses, *([] if event.spot_checked_by is None else [event.spot_checked_by])]
    return (
        act.actor.principal != claimant
        and len(set(named)) == len(named)
        and all(
            books.staff.is_somebody(one)
            and one not in (act.actor.principal, claimant)
            and not book.is_theirs(one)
            and not (unit is not None and books.staff.serves(one, unit, act.at))
            for one in named
        )
    )


def publicity_opened(books: Books, act: Act, event: Any) -> bool:
    sheet = _judgeable(books, act, event)
    if sheet is None or sheet.verification is None or sheet.publicity is not None:
        return False
    verified: Any = sheet.verification.event
    claimed: Any = sheet.claim.event
    pack = books.rules.in_force(act.at)
    witnessed = len(verified.witnesses) >= 2 and verified.spot_checked_by is not None
    return (
        verified.is_confirmed
        and (witnessed or sheet.account in books.bank.shown_by_consent)
        and event.points <= min(pack.max_points_per_award, claimed.hours * pack.points_per_hour)
        and deadline_of(books.rules.in_force(act.when), Step.DEED_PUBLICITY, None) is not None
    )


def objection_raised(books: Books, act: Act, event: Any) -> bool:
    sheet = books.bank.deeds.get(event.deed)
    return (
        event.objection not in books.bank.objections
        and sheet is not None
        and sheet.publicity is not None
        and not books.bank.passbooks[sheet.account].is_theirs(act.actor.principal)
        and act.follows(sheet.publicity.when)
    )


def _objection(books: Books, act: Act, event: Any) -> ObjectionSheet | None:
    sheet = books.bank.objections.get(event.objection)
    if sheet is None or sheet.deed != event.deed or not act.follows(sheet.latest):
        return None
    return sheet


def objection_ruled(books: Books, act: Act, event: Any) -> bool:
    sheet = _objection(books, act, event)
    if sheet is None or not sheet.is_open:
        return False
    deed = books.bank.deeds[event.deed]
    lines = (sheet.raised, deed.claim, deed.verification, deed.award)
    hands = {line.actor.principal for line in lines if line is not None}
    if deed.verification is not None:
        seen: Any = deed.verification.event
        hands |= {*seen.witnesses, seen.spot_checked_by}
    who = act.actor
    book = books.bank.passbooks[deed.account]
    unit = book.opening.unit
    if who.principal in hands or book.is_theirs(who.principal):
        return False
    if unit is not None and books.staff.serves(who.principal, unit, act.at):
        return False
    if sheet.appeal is None:
        return who.organisation in TOWN
    first = sheet.rulings[0].actor
    return who.principal != first.principal and who.organisation != first.organisation


def objection_appealed(books: Books, act: Act, event: Any) -> bool:
    sheet = _objection(books, act, event)
    if sheet is None or not sheet.rulings or sheet.appeal is not None:
        return False
    if act.actor.principal == sheet.rulings[0].actor.principal:
        return False
    deed = books.bank.deeds[event.deed]
    book = books.bank.passbooks[deed.account]
    who, unit = act.actor.principal, book.opening.unit
    losers = {deed.claim.actor.principal} if sheet.is_upheld else {sheet.raised.actor.principal}
    of_unit = (
        unit is not None
        and act.actor.office != Office.RESIDENT
        and books.staff.serves(who, unit, act.at)
    )
    on_side_of_deed = book.is_theirs(who) or of_unit
    if who not in losers and not (sheet.is_upheld and on_side_of_deed):
        return False
    until = books.rules.step_ends(Step.OBJECTION_APPEALED, sheet.rulings[0].at)
    return until is None or act.when <= until


def love_points_awarded(books: Books, act: Act, event: Any) -> bool:
    book = _open(books, event.account)
    sheet = _judgeable(books, act, event)
    if book is None or sheet is None or event.award in books.bank.awards:
        return False
    if sheet.publicity is None or sheet.verification is None or sheet.award is not None:
        return False
    claimed, shown = _events(sheet)
    until = books.rules.step_ends(Step.DEED_PUBLICITY, sheet.publicity.when)
    months = books.rules.in_force(act.at).points_expire_after_months
    return (
        act.actor.principal != sheet.verification.actor.principal
        and not books.bank.is_contested(event.deed)
        and until is not None
        and act.when > until
        and (event.account, event.deed_category) == (claimed.account, claimed.deed_category)
        and event.points == shown.points
        and event.expires_on == (None if months is None else later(_claimed_day(act), months))
    )


def _events(sheet: DeedSheet) -> tuple[Any, Any]:
    assert sheet.publicity is not None
    return sheet.claim.event, sheet.publicity.event


def later(day: date, months: int) -> date:
    """So many months later, counted on the fingers; a day that the month lacks is its last."""
    wanted = day.day
    for _ in range(months):
        day = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    while wanted:
        try:
            return day.replace(day=wanted)
        except ValueError:
            wanted -= 1
    raise AssertionError("every month has a first day")


def love_points_reversed(books: Books, act: Act, event: Any) -> bool:
    award = books.bank.awards.get(event.award)
    made: Any = award and award.event
    if award is None or made.account != event.account or event.award in books.bank.reversed:
        return False
    book = books.bank.passbooks[event.account]
    own = books.bank.slip(event.account, event.award)
    others = sum(slip.left for slip in books.bank.free(event.account, _today(act)) if slip != own)
    there = others + (0 if own is None else own.left)
    return (
        event.points == made.points - books.bank.expired.get(event.award, 0)
        and event.awarded_on == _claimed_day(award)
        and award.actor.principal != act.actor.principal
        and event.points <= there
        and act.follows(book.latest)
    )


def _may_leave(books: Books, act: Act, event: Any) -> bool:
    """Whether points may leave an account: never more than are there, and free."""
    book = _open(books, event.account)
    return (
        book is not None
        and event.points <= books.bank.spendable(event.account, _today(act))
        and act.follows(book.latest)
    )


def love_points_donated(books: Books, act: Act, event: Any) -> bool:
    book = books.bank.passbooks.get(event.account)
    return (
        book is not None
        and not _is_of_another_resident(act, book)
        and not books.is_foreign(act, book.opened.actor.organisation)
        and _may_leave(books, act, event)
    )


def _slip_as_said(books: Books, act: Act, event: Any) -> Slip | None:
    book = books.bank.passbooks.get(event.account)
    slip = None if book is None else books.bank.slip(event.account, event.award)
    if book is None or slip is None or slip.left != event.points:
        return None
    if books.bank.is_contested(slip.deed) or not act.follows(book.latest):
        return None
    return slip


def love_points_expiry_noticed(books: Books, act: Act, event: Any) -> bool:
    slip = _slip_as_said(books, act, event)
    if slip is None or slip.ends is None or slip.last_day is not None:
        return False
    notice = timedelta(days=books.rules.in_force(act.at).expiry_notice_days)
    earliest = _today(act) + notice
    return slip.ends <= earliest and event.last_day == max(slip.ends, earliest)


def love_points_expired(books: Books, act: Act, event: Any) -> bool:
    slip = _slip_as_said(books, act, event)
    return slip is not None and _is_over(slip, _today(act))


def reward_listed(books: Books, act: Act, event: Any) -> bool:
    return event.reward not in books.bank.shelves


def reward_restocked(books: Books, act: Act, event: Any) -> bool:
    shelf = books.bank.shelves.get(event.reward)
    return (
        shelf is not None
        and shelf.organisation == act.actor.organisation
        and shelf.stock + event.quantity <= 1_000_000
        and act.follows(shelf.listed)
    )


def love_points_redeemed(books: Books, act: Act, event: Any) -> bool:
    shelf = books.bank.shelves.get(event.reward)
    book = books.bank.passbooks.get(event.account)
    unit = None if book is None else book.opening.unit
    return (
        event.redemption not in books.bank.redemptions
        and shelf is not None
        and book is not None
        and shelf.organisation == act.actor.organisation
        and not book.is_theirs(act.actor.principal)
        and not (unit is not None and books.staff.serves(act.actor.principal, unit, act.at))
        and event.points == event.quantity * shelf.price
        and event.quantity <= shelf.stock
        and act.follows(shelf.latest)
        and _may_leave(books, act, event)
    )


def enter(bank: Bank, act: Act) -> None:
    """Puts an act on its sheet, in its passbook and on its shelf."""
    event: Any = act.event
    for enter_ in (_enter_account, _enter_deed, _enter_points, _enter_shelf, _enter_consent):
        enter_(bank, act, event)
    if act.kind in _LEAVING:
        bank.passbooks[event.account].latest = act.when


def _enter_account(bank: Bank, act: Act, event: Any) -> None:
    if act.kind == "account_opened":
        bank.passbooks[event.account] = Passbook(act, act.when)
        if event.masked_name_consent:
            bank.shown_by_consent.add(event.account)
    elif act.kind == "account_closed":
        bank.passbooks[event.account].is_closed = True


def _enter_deed(bank: Bank, act: Act, event: Any) -> None:
    match act.kind:
        case "deed_claimed":
            bank.deeds[event.deed] = DeedSheet(act)
        case "deed_verified":
            bank.deeds[event.deed].verification = act
        case "publicity_opened":
            bank.deeds[event.deed].publicity = act
        case "objection_raised":
            bank.objections[event.objection] = ObjectionSheet(act)
        case "objection_ruled":
            bank.objections[event.objection].rulings.append(act)
            slips = bank.passbooks[bank.deeds[event.deed].account].slips
            for slip in slips if not bank.is_contested(event.deed) else ():
                if slip.deed == event.deed:
                    slip.last_day = None  # it was held, and its holder is told again
        case "objection_appealed":
            bank.objections[event.objection].appeal = act


def _enter_points(bank: Bank, act: Act, event: Any) -> None:
    today = _today(act)
    match act.kind:
        case "love_points_awarded":
            bank.awards[event.award] = bank.deeds[event.deed].award = act
            book = bank.passbooks[event.account]
            book.slips.append(Slip(event.award, event.deed, event.points, event.expires_on))
            book.latest = max(book.latest, act.when)
        case "love_points_reversed":
            bank.reversed.add(event.award)
            rest = event.points - bank.tear_up(event.account, event.award)
            bank.take(event.account, rest, today)
        case "love_points_donated" | "love_points_redeemed":
            bank.take(event.account, event.points, today)
        case "love_points_expiry_noticed":
            slip = bank.slip(event.account, event.award)
            assert slip is not None
            slip.last_day = event.last_day
        case "love_points_expired":
            gone = bank.tear_up(event.account, event.award)
            bank.expired[event.award] = bank.expired.get(event.award, 0) + gone


def _enter_shelf(bank: Bank, act: Act, event: Any) -> None:
    match act.kind:
        case "reward_listed":
            organisation = act.actor.organisation
            bank.shelves[event.reward] = Shelf(organisation, event.points, act.when, act.when)
        case "reward_restocked":
            shelf = bank.shelves[event.reward]
            shelf.stock += event.quantity
            shelf.latest = max(shelf.latest, act.when)
        case "love_points_redeemed":
            bank.redemptions.add(event.redemption)
            shelf = bank.shelves[event.reward]
            shelf.stock -= event.quantity
            shelf.latest = act.when


def _enter_consent(bank: Bank, act: Act, event: Any) -> None:
    match act.kind:
        case "consent_given" | "consent_withdrawn" if event.purpose == "show_masked_name":
            account = event.subject.removeprefix("account:")
            bank.shown_by_consent.discard(account)
            if act.kind == "consent_given":
                bank.shown_by_consent.add(account)
        case "personal_data_erased":
            erased = bank.erased.setdefault(event.subject, set())
            erased |= event.erases
            if erased == {*HeldFor}:
                bank.shown_by_consent.discard(event.subject.removeprefix("account:"))


_LEAVING = (
    "love_points_reversed",
    "love_points_donated",
    "love_points_redeemed",
    "love_points_expired",
    "account_closed",
)
VERDICTS = {
    verdict.__name__: verdict
    for verdict in (
        account_opened, account_closed, deed_claimed, deed_verified, publicity_opened,
        objection_raised, objection_ruled, objection_appealed, love_points_awarded,
        love_points_reversed, love_points_donated, love_points_redeemed,
        love_points_expiry_noticed, love_points_expired, reward_listed, reward_restocked,
    )
}  # fmt: skip
