"""A reading (查阅): who opened which sealed values of whom, what for, and whether they were given.

It names values by event and field and never repeats one. So it says nothing about a person that
the ledger's own records do not say, and erasing that person's key leaves it whole.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from ledger.event import ID_PATTERN, MAX_TAG_BYTES, Actor, EventModel

EVERY: Final = "*"
"""In place of an event or a field: all of them, as in a search."""
READER: Final = "reader"
DAY: Final = "day"
OWN_TAGS: Final = (READER, DAY)
"""Types of tag that the access log gives itself; no subject is of one of them."""
MAX_ITEMS = 256

_NAME = r"^[a-z][a-z0-9_]{0,63}$"
_is_id = re.compile(ID_PATTERN[1:-1]).fullmatch
_is_office = re.compile(_NAME[1:-1]).fullmatch


class ReadingPurpose(StrEnum):
    """What sealed data may be read for; there is no other purpose."""

    HANDLING = "handling"
    """办理"""
    CALLBACK = "callback"
    """回访"""
    SUPERVISION = "supervision"
    """督办"""
    SUBJECT_ACCESS = "subject_access"
    """本人查询"""
    DISCLOSURE = "disclosure"
    """依同意公开"""
    PUBLICATION = "publication"
    """公示"""
    COURT = "court"
    """司法"""
    AUDIT = "audit"
    """审计"""

    @property
    def term(self) -> str:
        """The Chinese term."""
        return _TERMS[self]


_TERMS = {
    ReadingPurpose.HANDLING: "办理",
    ReadingPurpose.CALLBACK: "回访",
    ReadingPurpose.SUPERVISION: "督办",
    ReadingPurpose.SUBJECT_ACCESS: "本人查询",
    ReadingPurpose.DISCLOSURE: "依同意公开",
    ReadingPurpose.PUBLICATION: "公示",
    ReadingPurpose.COURT: "司法",
    ReadingPurpose.AUDIT: "审计",
}


class ReadingDecision(StrEnum):
    """Whether the values were given."""

    ALLOWED = "allowed"
    REFUSED = "refused"


def _identified(actor: Actor) -> Actor:
    if not (_is_id(actor.organisation) and _is_id(actor.principal)):
        raise ValueError("organisation and principal are ids")
    if not _is_office(actor.office):
        raise ValueError("an office is named by its code")
    return actor


def _foreign(subject: str) -> str:
    if subject.partition(":")[0] in OWN_TAGS:
        raise ValueError("the access log gives tags of this type itself")
    return subject


Subject = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z_]*:[!-~]+$", max_length=MAX_TAG_BYTES),
    AfterValidator(_foreign),
]
"""The tag under whose key values are sealed, such as `request:…`."""


class Item(EventModel):
    """One sealed value, by its place."""

    event: Annotated[str, StringConstraints(pattern=rf"^\*$|{ID_PATTERN}")]
    """The event's id, or `*` for all of the subject."""
    field: Annotated[str, StringConstraints(pattern=rf"^\*$|{_NAME}")]
    """The field's name in the body, or `*` for all of them."""


class Reading(EventModel):
    """One reading, before it is recorded; the log adds when, and an id."""

    actor: Annotated[Actor, AfterValidator(_identified)]
    """Who reads: a principal in an office of an organisation."""
    purpose: ReadingPurpose
    subject: Subject
    """Whose values."""
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=MAX_ITEMS)]
    """Which values."""
    decision: ReadingDecision = ReadingDecision.ALLOWED
    rule: Annotated[str, StringConstraints(pattern=_NAME)] | None = None
    """The rule that refused; null where the values were given."""
    reference: Annotated[str, StringConstraints(pattern=r"^[^\s\x00-\x1f\x7f]{1,64}$")] | None = (
        None
    )
    """The number of a document that asks for it (文号), without spaces: never a person's name."""

    @model_validator(mode="after")
    def _has_its_rule(self) -> Self:
        if (self.rule is None) != (self.decision is ReadingDecision.ALLOWED):
            raise ValueError("a refused reading names the rule, and an allowed one has none")
        return self

    def tags(self) -> tuple[str, ...]:
        """What it is found by: whose values, and who read them."""
        return (self.subject, reader_tag(self.actor.principal))


def reader_tag(principal: str) -> str:
    """The tag of all that a principal read."""
    return f"{READER}:{principal}"
