"""What an event is: a frozen model with a stable kind, and the envelope that the ledger adds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, get_args
from uuid import uuid4

import uuid_utils
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

if TYPE_CHECKING:
    from ledger.decision import Situation, Standing
    from ledger.refusals import Refusal

# Limits are checked when an event is proposed, so that COPY cannot fail on data (decision 4).
MAX_TAG_BYTES = 128
MAX_TAGS = 64
MAX_RECORD_BYTES = 65_535  # tlog-tiles: an entry's length is a uint16
MAX_INTEGER = 2**53 - 1  # RFC 8785: larger integers are not exact in every JSON reader

ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,63}$"


class EventModel(BaseModel):
    """Frozen, strict, closed: the shape of everything that goes into a record.

    What does not fit is not repeated in the error: it may be personal.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        ser_json_bytes="base64",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


class Commitment(EventModel):
    """What stands in a record in place of a personal value: SHA-256(salt || value), in hex."""

    commitment: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class HeldFor(StrEnum):
    """What a personal value is kept for: values kept for one thing are erased together."""

    CONTACT = "contact"
    """To reach the person: telephone, address."""
    IDENTITY = "identity"
    """To know who it is: name, guardian, the contexts that are one person's."""
    CONTENT = "content"
    """To deal with the matter: what was said, answered and given as a reason."""
    PROFILE = "profile"
    """To count whom a body is made of: education."""


class PersonalField(NamedTuple):
    """Marks a field whose value is personal: the record holds its commitment alone."""

    held_for: HeldFor


def _reject_nul(text: str) -> str:
    # PostgreSQL's text and many readers of JSON end or refuse a string at NUL.
    if "\x00" in text:
        raise ValueError("a text must not contain NUL")
    return text


_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def _read_instant(moment: object) -> object:
    # Not left to pydantic: behind a validator it is strict about texts, and it reads "1700000000"
    # as seconds since 1970, which names no zone. Beyond microseconds a fraction is cut.
    if isinstance(moment, str):
        if _RFC_3339.fullmatch(moment) is None:
            raise ValueError("a time is written as in RFC 3339, with its zone")
        return datetime.fromisoformat(moment)
    if not isinstance(moment, datetime):
        raise ValueError("a time is a text or a datetime, not a number")
    return moment


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time lies in the years 1 to 9999, in UTC too") from None


def mint_id() -> str:
    """A new time-ordered id (UUIDv7) for a thing of the town: a whistle, an award."""
    return str(uuid_utils.uuid7())


def mint_random_id() -> str:
    """A new random id (UUIDv4) for a person in one context, and for a request: it tells no time."""
    return str(uuid4())


Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Instant = Annotated[AwareDatetime, BeforeValidator(_read_instant), AfterValidator(_in_utc)]
Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
_NO_NUL = (AfterValidator(_reject_nul), Field(json_schema_extra={"pattern": r"^[^\u0000]*$"}))
Line = Annotated[str, StringConstraints(min_length=1, max_length=200), *_NO_NUL]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000), *_NO_NUL]
PersonalText = Annotated[Text | Commitment, PersonalField(HeldFor.CONTENT)]
"""A string when proposed, a `Commitment` in the record; so are the two that follow."""
PersonalName = Annotated[Text | Commitment, PersonalField(HeldFor.IDENTITY)]
"""Who somebody is."""
PersonalContact = Annotated[Text | Commitment, PersonalField(HeldFor.CONTACT)]
"""How somebody is reached."""


class Actor(NamedTuple):
    """Who proposed: a principal, acting in an office for an organisation."""

    office: str
    organisation: str
    principal: str


class Event(EventModel):
    """One act. The same shape is the proposal (clear values) and the record (commitments).

    A kind declares itself once, here: its stored name, its Chinese term, who may propose it, what
    it creates, which histories its decision reads (`boundary`) and its rules (`decide`).
    """

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    term: ClassVar[str]
    proposers: ClassVar[tuple[Standing, ...]]
    """Offices, and the types of organisation in which they may propose this kind."""
    creates: ClassVar[tuple[str, str] | None] = None
    """(tag type, field) of the id that this kind brings into being; refused when taken."""
    example: ClassVar[Mapping[str, Any]]
    """A body as a caller writes it, in JSON's types: for documentation and golden records."""
    joins_contexts: ClassVar[bool] = False
    """Whether it tells under seal which contexts are one person's: then no `cause` may tell it."""
    upcasts: ClassVar[Mapping[int, Any]] = {}
    """Old version -> pure function from that version's body to the next version's (dicts)."""

    def tags(self) -> tuple[str, ...]:
        """`type:id` of all that this event is about: boundary, lineage and partition in one."""
        raise NotImplementedError(self.kind)

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """More tags: those whom the act concerns as things stand when it is accepted.

        Pure, as `decide` is, and asked only after it has accepted.
        """
        return ()

    def boundary(self, state: Any) -> tuple[str, ...]:
        """The tags whose histories `decide` reads.

        `state(tag)` is what is known so far (None for no history): it is asked again until it
        names nothing new, at most three times.
        """
        raise NotImplementedError(self.kind)

    def decide(self, situation: Situation) -> Refusal | None:
        """None to accept; pure: no clock, no randomness, no I/O, never a Personal value."""
        raise NotImplementedError(self.kind)

    @classmethod
    def concerns_others(cls) -> bool:
        """Whether `concerns` may name any."""
        return cls.concerns is not Event.concerns

    def continues(self, existing: Any) -> bool:
        """Whether the kind may go on with what stands already under the id that it `creates`."""
        return False

    def sealed_under(self) -> str:
        """The tag under whose key this event's personal values are sealed."""
        return self.tags()[0]

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """A personal value is in no repr, and so in no log line and no traceback."""
        hidden = personal_fields(type(self))
        for name, value in super().__repr_args__():
            yield name, "…" if name in hidden and isinstance(value, str) else value


class Recorded(NamedTuple):
    """An event with the ledger's envelope, as every reader gets it.

    `position` counts from 1 without gaps in commit order and is not part of the stored record;
    the Merkle leaf index is position - 1.
    """

    position: int
    id: str
    event: Event
    tags: tuple[str, ...]
    occurred_at: datetime
    recorded_at: datetime
    actor: Actor
    cause: str | None

    @property
    def kind(self) -> str:
        """The stored name of the event's kind."""
        return self.event.kind


Fold = Callable[[Any, str, Recorded], Any]
"""(state or None, tag, recorded) -> state: pure, and may not fail."""
Folds = Mapping[str, tuple[Fold, tuple[type[Event], ...]]]
"""Tag type -> how an area folds such a tag's history, and the kinds that it folds."""


def _held_for(annotation: object) -> HeldFor | None:
    if isinstance(annotation, PersonalField):
        return annotation.held_for
    return next(filter(None, map(_held_for, get_args(annotation))), None)


@cache
def personal_fields(cls: type[Event]) -> Mapping[str, HeldFor]:
    """The fields of a kind that are Personal, in declaration order: name -> what it is kept for."""
    found = {
        name: next(filter(None, map(_held_for, (info.annotation, *info.metadata))), None)
        for name, info in cls.model_fields.items()
    }
    return MappingProxyType({name: purpose for name, purpose in found.items() if purpose})
