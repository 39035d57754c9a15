"""The lots of an account as a row keeps them: one text a lot, in the account's order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from ledger.domain.love_bank.accounts import Lot

_NONE = "-"


def lots_kept(lots: Iterable[Lot]) -> tuple[str, ...]:
    """`award deed points expires_on last_day`, a dash for no day."""
    return tuple(
        f"{lot.award} {lot.deed} {lot.points} {_kept(lot.expires_on)} {_kept(lot.last_day)}"
        for lot in lots
    )


def lots_of(kept: Iterable[str]) -> tuple[Lot, ...]:
    """The lots that a row keeps."""
    return tuple(_lot(*one.split(" ")) for one in kept)


def next_notice(lots: Iterable[Lot]) -> date | None:
    """The first day on which points end of which no notice was given."""
    return min(
        (lot.expires_on for lot in lots if lot.expires_on and not lot.last_day), default=None
    )


def next_expiry(lots: Iterable[Lot]) -> date | None:
    """The first day after which points are expired."""
    return min((lot.last_day for lot in lots if lot.last_day), default=None)


def _lot(award: str, deed: str, points: str, expires_on: str, last_day: str) -> Lot:
    return Lot(award, deed, int(points), _day(expires_on), _day(last_day))


def _kept(day: date | None) -> str:
    return _NONE if day is None else day.isoformat()


def _day(kept: str) -> date | None:
    return None if kept == _NONE else date.fromisoformat(kept)
