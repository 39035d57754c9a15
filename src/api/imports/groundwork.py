"""What must be in a ledger before a source's cases: town, organisations, offices, rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from api.defaults.opening import default_pack, working_calendars
from api.founding import founder_of, founding_of
from api.imports.source import Source, clerk_of
from ledger import catalogue
from ledger.decision import Office
from ledger.domain.founding import LedgerFounded
from ledger.domain.rules.calendars import WorkingCalendarEnacted, calendar_tag
from ledger.domain.rules.rules import RULES_TAG, Reason, Rules, RulesEnacted, Subject
from ledger.domain.town.organisations import OrganisationRegistered
from ledger.domain.town.people import AppointmentMade
from ledger.event import Actor, Event
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Refused

_THERE_ALREADY = frozenset({"organisation_exists", "already_appointed", "already_founded"})
"""Refusals that say that nothing is left to do."""

ENACTING_ATTEMPTS = 10
IN_FORCE_FROM = datetime(2000, 1, 1, tzinfo=UTC)
"""Of the first pack: before any source's first case, so that each has its term."""


class NoGroundwork(Exception):
    """The ledger refused what the source's cases need; nothing was imported."""


def prepare_ground(ledger: Ledger, source: Source) -> int:
    """Founds an empty ledger, registers and appoints what is missing; how many events that made.

    It acts as the founder whom event 1 names. Raises `NoGroundwork`.
    """
    events = 0
    if founding_of(ledger.store) is None:
        founding = _founding(source)
        events = _propose(ledger, [Proposal(founding, founder_of(founding))])
    founded = founding_of(ledger.store)
    assert founded is not None  # just now, here or by another process
    founder = founder_of(founded)
    needed = (*_registered(source, founder.organisation), *_appointed(source, founder.organisation))
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
    """Enacts the rules that the source's cases need; how many events that made.

    Where another process has enacted a pack meanwhile, the ledger is asked again what is missing.
    """
    for _ in range(ENACTING_ATTEMPTS):
        missing = _missing(ledger, source)
        if not missing:
            return 0
        try:
            ledger.propose_sync([Proposal(event, founder) for event in missing])
        except Refused as refused:
            if refused.refusal.rule != "wrong_pack_version":
                raise NoGroundwork(str(refused)) from refused
        else:
            return len(missing)
    raise NoGroundwork("others enact packs of rules all the time: try again when they are done")


def _registered(source: Source, town: str) -> Iterator[Event]:
    for body in (source.hotline, *source.communities, *source.handlers):
        yield OrganisationRegistered(
            organisation=body.organisation, type=body.type, name=body.name, parent=town
        )


def _appointed(source: Source, town: str) -> Iterator[Event]:
    handlers = (clerk_of(body.organisation) for body in source.handlers)
    for actor in (source.clerk, source.reviewer, clerk_of(town), *handlers):
        yield AppointmentMade(
            principal=actor.principal, organisation=actor.organisation, office=Office(actor.office)
        )


def _missing(ledger: Ledger, source: Source) -> tuple[Event, ...]:
    """What to enact: nothing where the pack in force takes the source's subjects already, the
    default pack and the calendars announced where there is none."""
    rules: Rules = _folded(ledger, RULES_TAG) or Rules()
    if not rules.enacted:
        pack = default_pack(effective_from=IN_FORCE_FROM)
        return (_with(pack, _unlisted(pack, source)), *_missing_calendars(ledger))
    now = datetime.now(UTC)
    in_force = rules.in_force(now)
    missing = _unlisted(in_force, source) if in_force else {"subjects": source.subjects}
    if in_force and not any(missing.values()):
        return ()
    if in_force is not rules.enacted[-1]:
        raise NoGroundwork(
            f"pack {len(rules.enacted)} has been enacted and is not yet in force; one enacted now "
            "would replace it: import when it is, or enact a pack with the source's subjects"
        )
    # Retroactive, as it is recorded a moment after now.
    changes = {"pack_version": len(rules.enacted) + 1, "effective_from": now, "retroactive": True}
    return (_with(in_force, missing, **changes),)


def _missing_calendars(ledger: Ledger) -> Iterator[WorkingCalendarEnacted]:
    for calendar in working_calendars():
        if _folded(ledger, calendar_tag(calendar.year)) is None:
            yield calendar


def _folded(ledger: Ledger, tag: str) -> Any:
    history = (catalogue.decode(one.position, one.record) for one in ledger.read(tags=[tag]))
    return catalogue.fold(tag, history)


Entries = Mapping[str, Sequence[Subject | Reason]]
"""The name of a pack's list -> entries of it."""


def _unlisted(pack: RulesEnacted, source: Source) -> Entries:
    """What the source needs and the pack's lists do not have."""
    reasons = {reason.code for reason in pack.exclusion_reasons}
    subjects = {subject.code for subject in pack.subjects}
    return {
        # An empty list takes any subject.
        "subjects": [one for one in source.subjects if subjects and one.code not in subjects],
        "exclusion_reasons": [one for one in source.exclusions if one.code not in reasons],
    }


def _with(pack: RulesEnacted, missing: Entries, **changes: Any) -> RulesEnacted:
    """The pack with more entries of its lists, and changed so."""
    lists = {name: (*getattr(pack, name), *entries) for name, entries in missing.items()}
    try:
        return RulesEnacted.model_validate({**pack.__dict__, **changes, **lists})
    except ValidationError as error:
        raise NoGroundwork(f"the lists of the pack in force have no room: {error}") from error
