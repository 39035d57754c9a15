"""Personal data (个人信息): what is held is shown and corrected; a person's contexts are linked.

It follows the Personal Information Protection Law (个人信息保护法), articles 44 to 46.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple, Self

from pydantic import ConfigDict, Field, model_validator

from ledger.decision import Office, Situation
from ledger.domain.privacy.erasure import PersonalDataErased
from ledger.domain.privacy.subjects import (
    TAKEN_DOWN_BY,
    FieldName,
    Privacy,
    SubjectEvent,
    subject_erased,
)
from ledger.domain.requests.requests import BY_COMMUNITY, BY_HOTLINE, BY_RESIDENT
from ledger.event import (
    Commitment,
    Event,
    Folds,
    HeldFor,
    Id,
    PersonalContact,
    PersonalField,
    PersonalName,
    PersonalText,
    Recorded,
    Text,
    mint_random_id,
    personal_fields,
)
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference


class AccessRequested(SubjectEvent):
    """The subject asks what is held on it: it is answered beside the log, for it is personal."""

    kind = "access_requested"
    term = "查阅个人信息"
    proposers = TAKEN_DOWN_BY
    creates = ("access", "access")
    example = {"subject": "request:request-2026-0412"}

    access: Id = Field(default_factory=mint_random_id)
    """A random id, by which the answer refers to it."""

    def tags(self) -> tuple[str, ...]:
        return (*super().tags(), f"access:{self.access}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*super().boundary(state), f"access:{self.access}")

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.privacy(situation)
        return None if isinstance(found, Privacy) else found


class PersonalDataCorrected(SubjectEvent):
    """A value of an earlier event is put right: that event stays, this one says what holds.

    The value stands in the field that is named after what the corrected one is kept for, so that
    the two are erased together.
    """

    kind = "personal_data_corrected"
    term = "更正个人信息"
    proposers = TAKEN_DOWN_BY
    example = {
        "subject": "request:request-2026-0412",
        "event": "019cac78-1b40-7c6e-9a51-0d6b2f38e7a4",
        "of_kind": "request_filed",
        "field": "telephone",
        "contact": "（本人电话）",
    }
    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"properties": {one.value: {"not": {"type": "null"}}}, "required": [one.value]}
                for one in HeldFor
            ]
        }
    )

    event: Id
    """The id of the event whose value was wrong."""
    of_kind: FieldName
    """The kind of that event."""
    field: FieldName
    """The field of that event."""
    contact: PersonalContact | None = None
    """The new value of a field kept for `contact`."""
    identity: PersonalName | None = None
    """The new value of a field kept for `identity`."""
    content: PersonalText | None = None
    """The new value of a field kept for `content`."""
    profile: Annotated[Text | Commitment, PersonalField(HeldFor.PROFILE)] | None = None
    """The new value of a field kept for `profile`."""

    @model_validator(mode="after")
    def _one_value(self) -> Self:
        if sum(getattr(self, one) is not None for one in HeldFor) != 1:
            raise ValueError(f"one of {', '.join(HeldFor)} is given")
        return self

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.privacy(situation)
        if not isinstance(found, Privacy):
            return found
        held_for = self._held_for()
        if not isinstance(held_for, HeldFor):
            return held_for
        if held_for in found.erased:
            return subject_erased(self.subject)
        given = next(one for one in HeldFor if getattr(self, one) is not None)
        if given is held_for:
            return None
        return Unacceptable(
            "value_kept_for_another_purpose",
            f"{self.field} of {self.of_kind} is kept for {held_for}",
            f"the value in {held_for}",
            given.value,
        )

    def _held_for(self) -> HeldFor | Refusal:
        """What the corrected field is kept for; a kind is for ever, and so are its fields."""
        from ledger.catalogue import KINDS as ALL_KINDS  # noqa: PLC0415 - it holds this area too

        cls = ALL_KINDS.get(self.of_kind)
        if cls is None:
            return UnknownReference(
                "no_such_kind",
                f"kind {self.of_kind} is not in the catalogue",
                "the kind of the event",
                "of_kind",
            )
        return personal_fields(cls).get(self.field) or Unacceptable(
            "not_personal",
            f"{self.field} is no personal field of {self.of_kind}",
            f"a personal field of {self.of_kind}",
            "field",
        )


class Identity(NamedTuple):
    """One natural person, known by a random id alone."""

    contexts: int
    """How many were linked; which, only the sealed values tell."""
    is_erased: bool = False


class ContextsLinked(Event):
    """One more context is one and the same person's: the link is sealed, and can be erased.

    The record names the identity alone. A resident acts under it, for a record that held a
    context's id as its actor would give the link away.
    """

    kind = "contexts_linked"
    joins_contexts = True
    term = "关联身份"
    proposers = (BY_RESIDENT, BY_HOTLINE, BY_COMMUNITY)
    creates = ("identity", "identity")
    example = {
        "identity": "0b7e54c1-93a5-4a0e-8d55-c2a1f6e07b38",
        "context": "request:request-2026-0412",
    }

    identity: Id = Field(default_factory=mint_random_id)
    """A random id for the person across contexts; it stands in no other kind's record."""
    context: PersonalName
    """The tag of the context: `request:…`, `account:…`."""

    def tags(self) -> tuple[str, ...]:
        return (f"identity:{self.identity}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def continues(self, existing: Any) -> bool:
        """More contexts may be linked to the same identity, until it is erased."""
        return isinstance(existing, Identity) and not existing.is_erased

    def decide(self, situation: Situation) -> Refusal | None:
        actor = situation.actor
        if actor.office != Office.RESIDENT or actor.principal == self.identity:
            return None
        return Forbidden(
            "not_the_identity",
            "a resident links contexts under the identity's own id",
            "the actor's id as identity",
            "identity",
        )


def evolve_access(state: str | None, tag: str, recorded: Recorded) -> str | None:
    """The subject that asked."""
    match recorded.event:
        case AccessRequested(subject=subject):
            return subject
    return state


def evolve_identity(state: Identity | None, tag: str, recorded: Recorded) -> Identity:
    """An identity after one more context, or its erasure."""
    identity = state or Identity(0)
    match recorded.event:
        case ContextsLinked():
            return identity._replace(contexts=identity.contexts + 1)
        case PersonalDataErased(erases=erases) if HeldFor.IDENTITY in erases:
            return identity._replace(is_erased=True)
    return identity


KINDS = (AccessRequested, PersonalDataCorrected, ContextsLinked)
FOLDS: Folds = {
    "access": (evolve_access, (AccessRequested,)),
    "identity": (evolve_identity, (ContextsLinked, PersonalDataErased)),
}
