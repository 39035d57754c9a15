"""What must be in a ledger before a source's cases: town, organisations, offices, subjects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from pydantic import ValidationError

from api.imports.source import Source, clerk_of
from ledger import catalogue
from ledger.decision import Office
from ledger.domain.founding import LedgerFounded
from ledger.domain.organisations import AppointmentMade, OrganisationRegistered
from ledger.domain.rules import (
    RULES_TAG,
    Deadline,
    Grade,
    OfficeHours,
    Rules,
    RulesEnacted,
    Step,
    Subject,
    TimeUnit,
)
from ledger.event import Actor, Event
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Refused

_THERE_ALREADY = frozenset({"organisation_exists", "already_appointed", "already_founded"})
"""Refusals that say that nothing is left to do."""

ENACTING_ATTEMPTS = 10


class NoGroundwork(Exception):
    """The ledger refused what the source's cases need; nothing was imported."""


def prepare_ground(ledger: Ledger, source: Source) -> int:
    """Founds an empty ledger, registers and appoints what is missing; how many events that made.

    It acts as the founder whom event 1 names. Raises `NoGroundwork`.
    """
    events = 0
    if _founder(ledger) is None:
        founding = _founding(source)
        events = _propose(ledger, [Proposal(founding, _founder_of(founding))])
    founder = _founder(ledger)
    assert founder is not None  # founded just now, here or by another process
    needed = (*_registered(source, founder.organisation), *_appointed(source))
    events += _propose(ledger, (Proposal(event, founder) for event in needed))
    return events + _enact_missing(ledger, source, founder)


def _founding(source: Source) -> LedgerFounded:
    town = source.town
    return LedgerFounded(
        origin=source.origin,
        town=town.organisation,
        town_name=town.name,
        founder=f"{town.organisation}-founder",
    )


def _founder_of(founded: LedgerFounded) -> Actor:
    return Actor(Office.SECRETARY, founded.town, founded.founder)


def _founder(ledger: Ledger) -> Actor | None:
    """Whom the first event names, or None in an empty ledger."""
    for stored in ledger.read(limit=1):
        founded = catalogue.decode(stored.position, stored.record).event
        assert isinstance(founded, LedgerFounded)  # decide takes no other kind as the first
        return _founder_of(founded)
    return None


def _propose(ledger: Ledger, proposals: Iterable[Proposal]) -> int:
    """Proposes each for itself: what is there already is the ledger's to say."""
    appended = 0
    try:
        futures = [ledger.submit([proposal]) for proposal in proposals]
    except Refused as refused:
        raise NoGroundwork(str(refused)) from refused
    for future in futures:
        try:
            future.result()
        except Refused as refused:
            if refused.refusal.rule not in _THERE_ALREADY:
                raise NoGroundwork(str(refused)) from refused
        else:
            appended += 1
    return appended


def _enact_missing(ledger: Ledger, source: Source, founder: Actor) -> int:
    """Enacts the pack that the source's subjects need; how many events that made.

    Where another process has enacted one meanwhile, the ledger is asked again what is missing.
    """
    for _ in range(ENACTING_ATTEMPTS):
        pack = _missing_pack(ledger, source)
        if pack is None:
            return 0
        try:
            ledger.propose_sync([Proposal(pack, founder)])
        except Refused as refused:
            if refused.refusal.rule != "wrong_pack_version":
                raise NoGroundwork(str(refused)) from refused
        else:
            return 1
    raise NoGroundwork("others enact packs of rules all the time: try again when they are done")


def _registered(source: Source, town: str) -> Iterator[Event]:
    for body in (source.hotline, *source.communities, *source.handlers):
        yield OrganisationRegistered(
            organisation=body.organisation, type=body.type, name=body.name, parent=town
        )


def _appointed(source: Source) -> Iterator[Event]:
    handlers = (clerk_of(body.organisation) for body in source.handlers)
    for actor in (source.clerk, source.reviewer, *handlers):
        yield AppointmentMade(
            principal=actor.principal, organisation=actor.organisation, office=Office(actor.office)
        )


def _missing_pack(ledger: Ledger, source: Source) -> RulesEnacted | None:
    """The pack to enact, or None where the one in force takes the source's subjects already."""
    rules: Rules = (
        catalogue.fold(
            RULES_TAG,
            (
                catalogue.decode(event.position, event.record)
                for event in ledger.read(tags=[RULES_TAG])
            ),
        )
        or Rules()
    )
    now = datetime.now(UTC)
    in_force = rules.in_force(now)
    version = len(rules.enacted) + 1
    if in_force is None:
        return _first_pack(source.subjects, version, now)
    known = {subject.code for subject in in_force.subjects}
    missing = tuple(subject for subject in source.subjects if subject.code not in known)
    if not known or not missing:  # an empty list takes any subject
        return None
    if in_force is not rules.enacted[-1]:
        raise NoGroundwork(
            f"pack {len(rules.enacted)} has been enacted and is not yet in force; one enacted now "
            "would replace it: import when it is, or enact a pack with the source's subjects"
        )
    return _with_subjects(in_force, missing, version, now)


def _with_subjects(
    pack: RulesEnacted, missing: tuple[Subject, ...], version: int, now: datetime
) -> RulesEnacted:
    """The pack in force with more subjects; retroactive, as it is recorded a moment after now."""
    changed = {
        "pack_version": version,
        "effective_from": now,
        "retroactive": True,
        "subjects": (*pack.subjects, *missing),
    }
    try:
        return RulesEnacted.model_validate({**pack.__dict__, **changed})
    except ValidationError as error:
        raise NoGroundwork(f"the list of subjects in force has no room: {error}") from error


def _first_pack(subjects: tuple[Subject, ...], version: int, now: datetime) -> RulesEnacted:
    """Deadlines from published practice, until the town enacts its own pack."""
    answered = Step.REQUEST_ANSWERED
    return RulesEnacted(
        pack_version=version,
        effective_from=now,
        retroactive=True,
        office_hours=(OfficeHours(start_minute=9 * 60, end_minute=17 * 60),),
        deadlines=(
            Deadline(step=answered, grade=Grade.EMERGENCY, amount=2, unit=TimeUnit.HOURS),
            Deadline(step=answered, grade=Grade.UTILITIES, amount=24, unit=TimeUnit.HOURS),
            Deadline(step=answered, grade=Grade.ORDINARY, amount=5, unit=TimeUnit.WORKING_DAYS),
            Deadline(step=answered, grade=Grade.COMPLEX, amount=15, unit=TimeUnit.WORKING_DAYS),
        ),
        subjects=subjects,
        max_points_per_award=20,
    )
