"""What is shown of honours (通报表扬): the documents, the units, and persons by their consent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from projections.reading import AsOf, bounded, snapshot

NAME = "honours"
_COLUMNS = """commendation, document_number, honour, approval_reference, ground, community,
    issued_by, issued_at, issued_recorded_at, position, accounts, units, period, rescinded_for,
    rescinded_by, rescinded_at, rescission_position"""
_ONE = f"select {_COLUMNS} from commendation where commendation = %(commendation)s"  # noqa: S608
_PAGE = f"""select {_COLUMNS} from commendation
    where (%(before)s::bigint is null or position < %(before)s)
    and (%(honour)s::text is null or honour = %(honour)s)
    order by position desc limit %(limit)s"""  # noqa: S608 - constants alone
# Whose consent is withdrawn lies in the table beside, which nobody can read here.
_NAMED = """select account, holder_type from honoured_account
    where %(commendation)s = any(commendations) order by account limit %(limit)s"""


@dataclass(frozen=True, slots=True)
class PublicCommendation:
    """A commendation as it is shown: `accounts` counts the persons and households."""

    commendation: str
    document_number: str
    honour: str
    approval_reference: str | None
    ground: str
    community: str | None
    issued_by: str
    issued_at: datetime
    issued_recorded_at: datetime
    position: int
    accounts: int
    units: list[str]
    period: str | None
    rescinded_for: str | None
    rescinded_by: str | None
    rescinded_at: datetime | None
    rescission_position: int | None

    @property
    def is_rescinded(self) -> bool:
        """Whether it was taken back; it stays on the record."""
        return self.rescinded_at is not None


@dataclass(frozen=True, slots=True)
class Commended:
    """A person or household who agrees to be named."""

    account: str
    holder_type: str


@dataclass(frozen=True, slots=True)
class HonoursPage:
    """Commendations, newest first; `next` is the `before` of the page that follows, or None."""

    as_of: AsOf
    commendations: tuple[PublicCommendation, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class HonourRecord:
    """One commendation, None when there is none of this id, with those who agree to be named."""

    as_of: AsOf
    commendation: PublicCommendation | None
    commended: tuple[Commended, ...]

    @property
    def unnamed(self) -> int:
        """How many persons and households have not, or no longer, agreed."""
        issued = self.commendation
        return 0 if issued is None else issued.accounts - len(self.commended)


async def honours(
    connection: AsyncConnection[Any],
    *,
    honour: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> HonoursPage:
    """The commendations, or those of one form, before the position of one."""
    wanted = bounded(limit)
    async with snapshot(connection, NAME, ("commendation",), None) as seen:
        values = {"honour": honour, "before": before}
        found = await seen.all(PublicCommendation, _PAGE, values, wanted)
    following = found[-1].position if len(found) == wanted else None
    return HonoursPage(seen.as_of, found, following)


async def honour(connection: AsyncConnection[Any], identity: str) -> HonourRecord:
    """One commendation with whom it names."""
    async with snapshot(connection, NAME, ("commendation", "honoured_account"), None) as seen:
        values = {"commendation": identity}
        found = await seen.one(PublicCommendation, _ONE, values)
        named = () if found is None else await seen.all(Commended, _NAMED, values)
    return HonourRecord(seen.as_of, found, named)
