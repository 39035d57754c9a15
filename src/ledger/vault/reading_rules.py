"""Who may read sealed values of whom, and what for: decided as every act is, by office and case.

An organisation complained about never reads the complainant's data (domain: conflict guard), a
department only what it handles, and nobody for a purpose that is not listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from ledger.access.reading import ReadingPurpose
from ledger.decision import (
    Office,
    OrganisationType,
    Situation,
    Standing,
    StateOf,
    standing,
    unfit,
)
from ledger.domain.money.donations import Donation
from ledger.domain.participation.interaction import Opinion, Praise
from ledger.domain.participation.six_steps import JointMatter
from ledger.domain.privacy.consent import Purpose
from ledger.domain.privacy.subjects import TAKEN_DOWN_BY, Consent, Privacy, Served, guard
from ledger.domain.requests.dispatching import (
    BY_COUNTY,
    BY_HANDLER,
    HANDLERS,
    CoHandlerAdded,
    RequestDispatched,
)
from ledger.domain.requests.handling import BY_REVIEWER, BY_TIMEKEEPER
from ledger.domain.requests.requests import BY_COMMUNITY, BY_HOTLINE, Request
from ledger.domain.town.organisations import (
    AUTHORITIES,
    BY_TOWN_OFFICE,
    COMMUNITIES,
    TOWN,
    Organisation,
)
from ledger.domain.whistles.blowing import WhistleBlown, WhistleSplit
from ledger.domain.whistles.whistles import Whistle, WhistleStage
from ledger.event import HeldFor, Recorded
from ledger.refusals import Forbidden, Refusal, Unacceptable, WrongState

OF_COMMUNITIES = Request | Whistle | Donation | Opinion | Praise | JointMatter | Served
"""What a community reads of, where the guard does not tell it that it is another's."""
_BY_AUDITOR = standing(Office.AUDITOR, *OrganisationType)
READERS: Mapping[ReadingPurpose, tuple[Standing, ...]] = MappingProxyType(
    {
        ReadingPurpose.HANDLING: (
            BY_HOTLINE, BY_COMMUNITY, BY_TOWN_OFFICE, BY_HANDLER, *BY_REVIEWER,
        ),
        ReadingPurpose.CALLBACK: (BY_HOTLINE, BY_COMMUNITY),
        ReadingPurpose.SUPERVISION: (BY_TOWN_OFFICE, BY_COUNTY),
        ReadingPurpose.SUBJECT_ACCESS: TAKEN_DOWN_BY,
        ReadingPurpose.DISCLOSURE: (BY_HOTLINE, BY_COMMUNITY, BY_TOWN_OFFICE),
        ReadingPurpose.PUBLICATION: (BY_TIMEKEEPER, BY_TOWN_OFFICE),
        ReadingPurpose.COURT: (BY_TOWN_OFFICE, BY_COUNTY),
        ReadingPurpose.AUDIT: (_BY_AUDITOR,),
    }
)  # fmt: skip
"""Offices, and the types of organisation, that may read for a purpose; no other purpose has any."""
_NEEDS: Mapping[ReadingPurpose, frozenset[HeldFor]] = MappingProxyType(
    {
        ReadingPurpose.CALLBACK: frozenset((HeldFor.CONTACT, HeldFor.IDENTITY)),
        ReadingPurpose.PUBLICATION: frozenset((HeldFor.IDENTITY,)),
    }
)
"""What a purpose can need, where that is not everything."""
_BY_AUTHORITIES = frozenset((ReadingPurpose.SUPERVISION, ReadingPurpose.COURT))
"""What town and county read for, whoever handles the case."""


class Wanted(NamedTuple):
    """One value that somebody wants to read."""

    event: str
    """The event's id."""
    field: str
    held_for: HeldFor


def released(history: Iterable[Recorded], state: StateOf) -> frozenset[str]:
    """The departments that whistles alone brought into a case, and that were released from all.

    `history` is the request's; `state` is asked for its whistles.
    """
    ordered: set[str] = set()
    calls: dict[str, set[str]] = {}
    for recorded in history:
        match recorded.event:
            case RequestDispatched(lead=lead, co_handlers=others):
                ordered |= {lead, *others}
            case CoHandlerAdded(co_handler=other):
                ordered.add(other)
            case WhistleBlown() | WhistleSplit() as call:
                for department in call.departments:
                    calls.setdefault(department, set()).add(call.whistle)
    return frozenset(
        department
        for department, whistles in calls.items()
        if department not in ordered
        and all(_is_released(state(f"whistle:{one}"), department) for one in whistles)
    )


def _is_released(whistle: Whistle | None, department: str) -> bool:
    if whistle is None or whistle.stage is WhistleStage.COUNTERMANDED:
        return True
    summoned = whistle.of(department)
    return summoned is None or summoned.is_released


def may_read(
    situation: Situation,
    purpose: ReadingPurpose,
    subject: str,
    wanted: Sequence[Wanted],
    reference: str | None,
    no_longer: frozenset[str] = frozenset(),
) -> Refusal | None:
    """None where the actor may read these values of the subject for this purpose; pure.

    `no_longer` are the departments that whistles released from the case.
    """
    proposers = READERS.get(purpose, ())
    known = situation.state(subject)
    return (
        unfit(proposers, f"read for {purpose}", situation)
        or guard(situation, subject, known)
        or _of_who_serves(situation, subject)
        or _handled_elsewhere(situation, purpose, known, no_longer)
        or _more_than_needed(purpose, wanted)
        or _without_reference(purpose, reference)
        or _without_consent(situation, purpose, subject, wanted)
    )


def _of_who_serves(situation: Situation, subject: str) -> Refusal | None:
    """Whoever holds an office is known by an id that is no secret: the town alone reads of them."""
    actor = situation.actor
    acting: Organisation = situation.state(f"organisation:{actor.organisation}")
    by_town = actor.office != Office.RESIDENT and acting.type in TOWN
    if not subject.startswith("principal:") or by_town or actor.office == Office.AUDITOR:
        return None
    return Forbidden(
        "of_who_serves",
        f"{subject} is somebody who serves",
        "an office of the town, or an auditor",
        "subject",
    )


def _handled_elsewhere(
    situation: Situation, purpose: ReadingPurpose, known: Any, no_longer: frozenset[str]
) -> Refusal | None:
    """A department reads of its own cases alone, and of people in no other place.

    So does a community, of whose cases the guard has told; and a county office, where it does not
    supervise. A deliberation stays with its community and the town: the hotline centre has no part.
    """
    actor = situation.actor
    acting: Organisation = situation.state(f"organisation:{actor.organisation}")
    if actor.office in (Office.RESIDENT, Office.AUDITOR):
        return None
    if acting.type not in HANDLERS and not isinstance(known, JointMatter):
        return None
    if acting.type in TOWN:
        return None
    if acting.type in AUTHORITIES and purpose in _BY_AUTHORITIES:
        return None
    if acting.type in COMMUNITIES and isinstance(known, OF_COMMUNITIES):
        return None
    match known:
        case Request() if actor.organisation in set(known.handlers) - no_longer:
            return None
        case Whistle():
            summoned = known.of(actor.organisation)
            if summoned is not None and not summoned.is_released:
                return None
    return Forbidden(
        "not_a_handler",
        f"{actor.organisation} does not handle this",
        "the case's handlers, the community, the hotline centre or the town",
        "subject",
    )


def _more_than_needed(purpose: ReadingPurpose, wanted: Sequence[Wanted]) -> Refusal | None:
    needed = _NEEDS.get(purpose)
    if needed is None:
        return None
    for one in wanted:
        if one.held_for not in needed:
            return Forbidden(
                "more_than_needed",
                f"{one.field} is kept for {one.held_for}, which {purpose} does not need",
                f"values kept for {' or '.join(sorted(needed))}",
                "field",
            )
    return None


def _without_reference(purpose: ReadingPurpose, reference: str | None) -> Refusal | None:
    if purpose is not ReadingPurpose.COURT or reference:
        return None
    return Unacceptable(
        "reference_missing", "a court's request has a number", "the document's number", "reference"
    )


def _without_consent(
    situation: Situation, purpose: ReadingPurpose, subject: str, wanted: Sequence[Wanted]
) -> Refusal | None:
    if purpose is not ReadingPurpose.DISCLOSURE:
        return None
    privacy: Privacy = situation.state(f"privacy:{subject}") or Privacy()
    given = {consent for consent, _ in privacy.given}
    for one in wanted:
        if Consent(Purpose.SHOW_FIELD.value, one.event, one.field) not in given:
            return WrongState(
                "no_consent",
                f"{subject} has not agreed that {one.field} of this event is shown",
                "consent_given for show_field with this event and field",
                "field",
            )
    return None
