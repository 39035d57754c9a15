"""Data subjects (个人信息主体) as all acts on personal data fold them, and the rules they share.

A subject is the tag under whose keys personal values are sealed: a case, an account, somebody who
serves, an identity. What was agreed to, held and erased is folded under `privacy:<subject>`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, NamedTuple

from pydantic import StringConstraints

from ledger.clocks import local_day
from ledger.decision import Office, Situation
from ledger.domain.disclosure.disclosure_objections import DisclosureObjection, LeakReport
from ledger.domain.love_bank.accounts import Account
from ledger.domain.love_bank.objections import Objection
from ledger.domain.money.donations import Donation, of_its_body
from ledger.domain.participation.interaction import Opinion, Praise
from ledger.domain.participation.six_steps import JointMatter
from ledger.domain.requests.requests import (
    BY_COMMUNITY,
    BY_HOTLINE,
    BY_RESIDENT,
    Request,
    community_of,
    conflict,
)
from ledger.domain.services.agents import Entrustment
from ledger.domain.services.applications import Application
from ledger.domain.services.bookings import WindowBooking
from ledger.domain.services.service_promises import Visit
from ledger.domain.services.venues import Booking
from ledger.domain.town.organisations import BY_TOWN_OFFICE, foreign_community
from ledger.domain.whistles.whistles import Whistle
from ledger.event import ID_PATTERN, Event, HeldFor
from ledger.refusals import Forbidden, Refusal, UnknownReference, WrongState

TAKEN_DOWN_BY = (BY_RESIDENT, BY_HOTLINE, BY_COMMUNITY, BY_TOWN_OFFICE)
"""Who brings in what a subject wants: itself through a channel, or an office that takes it down."""
SUBJECT_TYPES: Final = (
    "account", "application", "disclosure_objection", "donation", "entrustment", "identity",
    "joint_matter", "leak", "objection", "opinion", "place_booking", "praise", "principal",
    "request", "visit", "whistle", "window_booking",
)  # fmt: skip
"""The types of tag under which kinds seal personal values."""
Served = Application | Entrustment | Visit | Booking | WindowBooking
"""A service to one resident, with the body of a community."""
ALL_PURPOSES: Final = frozenset(HeldFor)

Subject = Annotated[
    str, StringConstraints(pattern=rf"^({'|'.join(SUBJECT_TYPES)}):{ID_PATTERN[1:]}")
]
"""`type:id`, the tag of whom or of what the personal values belong to."""
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""The name of a field of a kind."""


class Consent(NamedTuple):
    """One thing that a subject agreed to; event and field where it is about one value."""

    purpose: str
    event: str | None = None
    field: str | None = None


class Hold(NamedTuple):
    """A ground for which nothing may be erased, and who placed it."""

    basis: str
    placed_by: str
    """The organisation."""
    placed_at: datetime
    until: date | None = None

    def lasts(self, moment: datetime) -> bool:
        """Whether it is in force at that moment; its last day counts whole."""
        return self.until is None or local_day(moment) <= self.until


class Privacy(NamedTuple):
    """What holds for a subject's personal data, as of its history."""

    given: tuple[tuple[Consent, datetime], ...] = ()
    """The consents in force that an act of their own gave, and since when."""
    withdrawn: tuple[Consent, ...] = ()
    """Those taken back and not given again."""
    holds: tuple[Hold, ...] = ()
    released_by: tuple[str, ...] = ()
    """The principals who released a hold: they do not erase."""
    erased: frozenset[HeldFor] = frozenset()

    @property
    def is_erased(self) -> bool:
        """Whether nothing is left to open."""
        return self.erased == ALL_PURPOSES

    def hold_at(self, moment: datetime, basis: str | None = None) -> Hold | None:
        """A hold in force at that moment: the one of this basis, or any."""
        for hold in self.holds:
            if basis in (None, hold.basis) and hold.lasts(moment):
                return hold
        return None


class SubjectEvent(Event):
    """What all acts on the personal data of a subject have in common."""

    subject: Subject
    """The tag under which the personal values were sealed, such as `request:…`."""

    def tags(self) -> tuple[str, ...]:
        return (self.subject, f"privacy:{self.subject}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (self.subject, f"privacy:{self.subject}", *_of_its_case(self.subject, state))

    def privacy(self, situation: Situation) -> Privacy | Refusal:
        """What holds for the subject, or why this actor may do nothing about its data.

        Residents act for themselves alone, everybody else for others alone, and nobody for an
        organisation that the case complains about.
        """
        known = situation.state(self.subject)
        if known is None:
            return UnknownReference(
                "unknown_data_subject",
                f"nothing in this ledger has the tag {self.subject}",
                "the tag of a case, an account, a person who serves or an identity",
                "subject",
            )
        found = situation.state(f"privacy:{self.subject}") or Privacy()
        return guard(situation, self.subject, known) or found


def _of_its_case(subject: str, state: Any) -> tuple[str, ...]:
    """The histories that tell whom the case of a subject complains about, and whose it is."""
    tag_type, _, identity = subject.partition(":")
    if tag_type == "request":
        return community_of(identity, state)
    if tag_type == "donation":
        return of_its_body(identity, state)
    if tag_type in ("opinion", "praise", "joint_matter"):
        taken_part: Opinion | Praise | JointMatter | None = state(subject)
        return () if taken_part is None else (f"organisation:{taken_part.community}",)
    if tag_type in ("application", "entrustment", "place_booking", "visit", "window_booking"):
        served: Served | None = state(subject)
        return () if served is None else (f"organisation:{served.community}",)
    whistle: Whistle | None = state(subject) if tag_type == "whistle" else None
    if whistle is None:
        return ()
    own = (f"organisation:{whistle.community}",)
    return own if whistle.request is None else (*own, f"request:{whistle.request}")


def person_of(subject: str, known: Any) -> str | None:
    """The id under which the subject itself acts; None where it is nobody in particular."""
    tag_type, _, identity = subject.partition(":")
    if isinstance(known, Request | Served):
        return known.requester
    if isinstance(known, Account):
        return known.holder
    if isinstance(known, Objection | DisclosureObjection):
        return known.raised_by
    if isinstance(known, Opinion):
        return known.poster
    if isinstance(known, Praise):
        return known.giver
    if isinstance(known, LeakReport):
        return known.reported_by
    return identity if tag_type in ("principal", "identity") else None


def guard(situation: Situation, subject: str, known: Any) -> Refusal | None:
    """The refusal for whoever may have nothing to do with the data of this subject.

    Residents are for themselves alone, everybody else for others alone, and nobody for an
    organisation that the case complains about.
    """
    actor = situation.actor
    is_itself = person_of(subject, known) == actor.principal
    if actor.office == Office.RESIDENT:
        return None if is_itself else _not_the_subject()
    if isinstance(known, Request):
        conflicted = conflict(situation, known)
        return conflicted or foreign_community(situation, known.community, "subject")
    if is_itself:
        return Forbidden(
            "own_data",
            f"{actor.principal} acts in an office on data of their own",
            "another principal, or the person as a resident",
            "subject",
        )
    if isinstance(known, Donation):
        return foreign_community(situation, known.organisation, "subject")
    if isinstance(known, Opinion | Praise | JointMatter | Served):
        return foreign_community(situation, known.community, "subject")
    if not isinstance(known, Whistle):
        return None
    if known.request is not None:
        conflicted = conflict(situation, situation.state(f"request:{known.request}"))
        if conflicted:
            return conflicted
    return foreign_community(situation, known.community, "subject")


def _not_the_subject() -> Refusal:
    return Forbidden(
        "not_the_subject",
        "a resident acts on data of their own, under the random id of that context",
        "the requester of the case, the holder of the account, or the person named",
        "subject",
    )


def subject_erased(subject: str) -> Refusal:
    """The refusal of an act on what can no longer be opened."""
    return WrongState(
        "subject_erased", f"what was kept of {subject} is erased", "what is still kept", "subject"
    )
