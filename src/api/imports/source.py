"""A source of cases: what one mapping file says of the rows that it knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from ledger.decision import OrganisationType
from ledger.domain.requests.requests import Category, Channel
from ledger.domain.rules.rules import Grade, Reason, Subject
from ledger.event import Actor
from ledger.refusals import Unacceptable

Row = Mapping[str, object]
"""Column -> text, date or None, as the file has it."""

BEYOND_LEGAL_POWERS = Reason(code="beyond-legal-powers", name="超出承办单位法定职权")
"""A reason of the default pack for which a case is excluded from a metric."""
_NOT_IN_AN_ID = re.compile(r"[^a-z0-9]+")


class Unmappable(Exception):
    """A row that no proposal can express; everything else is left to the ledger's own rules."""

    def __init__(self, rule: str, reason: str, accepted: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.refusal = Unacceptable(rule, reason, accepted, field)


class Case(NamedTuple):
    """What a row tells: everything that the ledger is asked to take, and nothing yet decided."""

    community: str
    handler: str
    category: Category
    subject: str
    channel: Channel
    filed_at: datetime
    closed_at: datetime | None
    """None for a case that is still open."""
    grade: Grade = Grade.ORDINARY
    address: str | None = None
    details: str | None = None
    answer: str | None = None
    excluded_for: str | None = None
    """The reason for which the source leaves it out of what its handlers are judged by, if any."""


class Body(NamedTuple):
    """An organisation that the source's cases name."""

    organisation: str
    type: OrganisationType
    name: str


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of file: its columns, what must be in the ledger before it, and how a row reads.

    `case` raises `Unmappable`; `key` names the column by which the source tells its rows apart.
    """

    name: str
    key: str
    columns: tuple[str, ...]
    zone: ZoneInfo
    origin: str
    """The name of the ledger that is founded where there is none yet."""
    town: Body
    hotline: Body
    communities: tuple[Body, ...]
    handlers: tuple[Body, ...]
    subjects: tuple[Subject, ...]
    case: Callable[[Row], Case]
    exclusions: tuple[Reason, ...] = ()
    """The reasons for which its cases are excluded from a metric."""

    @property
    def clerk(self) -> Actor:
        """Files, accepts, dispatches and clears."""
        return clerk_of(self.hotline.organisation)

    @property
    def reviewer(self) -> Actor:
        """Lets answers stand; never the one who prepared them."""
        hotline = self.hotline.organisation
        return Actor("reviewer", hotline, f"{hotline}-reviewer")

    @property
    def namespace(self) -> UUID:
        """The namespace of the ids of this source's requests (RFC 9562, version 5)."""
        return uuid5(NAMESPACE_URL, f"urn:mingzhang:import:{self.name}")


def clerk_of(organisation: str) -> Actor:
    """The clerk who acts for an organisation of a source."""
    return Actor("clerk_a", organisation, f"{organisation}-clerk")


def identifier(text: str) -> str:
    """`Noise - Street/Sidewalk` -> `noise-street-sidewalk`; the empty text where nothing is left.

    At most 64 characters, as ids are.
    """
    return _NOT_IN_AN_ID.sub("-", text.lower()).strip("-")[:64].rstrip("-")


def text_of(row: Row, column: str) -> str | None:
    """The text of a column without the blanks around it, or None where there is none."""
    value = row.get(column)
    return (str(value).strip() or None) if value is not None else None


def subject(name: str, chinese: str) -> Subject:
    """An entry of the list of subjects, under an id made of the source's own name for it."""
    return Subject(code=identifier(name), name=f"{chinese} {name}")
