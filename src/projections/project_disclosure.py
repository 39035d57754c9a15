"""Project disclosure (服务项目): which bodies serve, where and when, and what may be asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.decision import OrganisationType
from ledger.domain.founding import LedgerFounded
from ledger.domain.rules.rules import RulesEnacted
from ledger.domain.town.effect import since_when
from ledger.domain.town.organisations import (
    OrganisationAssigned,
    OrganisationDissolved,
    OrganisationRegistered,
    OrganisationRenamed,
)
from ledger.event import Recorded
from projections.dated import entry
from projections.grid import UNITS
from projections.projection import Key, Projection, Rows
from projections.reference import Reference


class ServiceBody(NamedTuple):
    """An organisation of the method, how to reach it, and what held of it since when."""

    organisation: str
    type: str
    parent: str | None
    since: datetime
    names: tuple[str, ...]
    """Dated: its name."""
    communities: tuple[str, ...] = ()
    """Dated: the community to which it is assigned."""
    dissolved_from: datetime | None = None
    basis: str | None = None
    """Of a Party subgroup."""
    online: bool = False
    functions: str | None = None
    address: str | None = None
    hours: str | None = None
    telephone: str | None = None


class EnactedPack(NamedTuple):
    """A pack of rules, whether it lists anything or nothing, and how points are earned under it."""

    pack_version: int
    effective_from: datetime
    points_per_hour: int
    max_points_per_award: int
    points_expire_after_months: int | None
    """None: never."""
    expiry_notice_days: int


class ListedSubject(NamedTuple):
    """An entry of a pack's controlled list of subjects."""

    pack_version: int
    code: str
    name: str


class ListedReason(NamedTuple):
    """An entry of one of a pack's closed lists, as `ListedSubject`; `list_name` is its field."""

    pack_version: int
    list_name: str
    code: str
    name: str


LISTS = ("pause_reasons", "exclusion_reasons", "decline_grounds")


def _body_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    fields = recorded.event.__dict__
    return ((fields["town"] if "town" in fields else fields["organisation"],),)


def _apply_body(
    row: ServiceBody | None, key: Key, recorded: Recorded, reference: Reference
) -> ServiceBody | None:
    match recorded.event:
        case LedgerFounded(town=town, town_name=name):
            since = recorded.recorded_at
            type_ = OrganisationType.TOWN_COMMITTEE.value
            return ServiceBody(town, type_, None, since, (entry(since, name),))
        case OrganisationRegistered() as event:
            since = since_when(event.effective_from, recorded)
            return ServiceBody(
                event.organisation,
                event.type.value,
                event.parent,
                since,
                (entry(since, event.name),),
                basis=None if event.basis is None else event.basis.value,
                online=event.online,
                functions=event.functions,
                address=event.address,
                hours=event.hours,
                telephone=event.telephone,
            )
        case OrganisationRenamed(name=name) as event if row:
            since = since_when(event.effective_from, recorded)
            return row._replace(names=(*row.names, entry(since, name)))
        case OrganisationAssigned(community=community) as event if row:
            since = since_when(event.effective_from, recorded)
            return row._replace(communities=(*row.communities, entry(since, community)))
        case OrganisationDissolved() as event if row:
            return row._replace(dissolved_from=since_when(event.effective_from, recorded))
    return row


def _pack_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    match recorded.event:
        case RulesEnacted(pack_version=version):
            return ((version,),)
    return ()


def _apply_pack(
    row: EnactedPack | None, key: Key, recorded: Recorded, reference: Reference
) -> EnactedPack | None:
    match recorded.event:
        case RulesEnacted() as pack:
            return EnactedPack(
                pack.pack_version,
                pack.effective_from,
                pack.points_per_hour,
                pack.max_points_per_award,
                pack.points_expire_after_months,
                pack.expiry_notice_days,
            )
    return row


def _subject_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    match recorded.event:
        case RulesEnacted() as pack:
            return tuple((pack.pack_version, subject.code) for subject in pack.subjects)
    return ()


def _apply_subject(
    row: ListedSubject | None, key: Key, recorded: Recorded, reference: Reference
) -> ListedSubject | None:
    match recorded.event:
        case RulesEnacted() as pack:
            version, code = key
            name = next(subject.name for subject in pack.subjects if subject.code == code)
            return ListedSubject(version, code, name)
    return row


def _reason_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    match recorded.event:
        case RulesEnacted() as pack:
            return tuple(
                (pack.pack_version, name, entry.code)
                for name in LISTS
                for entry in getattr(pack, name)
            )
    return ()


def _apply_reason(
    row: ListedReason | None, key: Key, recorded: Recorded, reference: Reference
) -> ListedReason | None:
    match recorded.event:
        case RulesEnacted() as pack:
            version, list_name, code = key
            name = next(one.name for one in getattr(pack, list_name) if one.code == code)
            return ListedReason(version, list_name, code, name)
    return row


BODIES = Rows(
    table="service_body",
    row=ServiceBody,
    key=("organisation",),
    kinds=(
        LedgerFounded,
        OrganisationRegistered,
        OrganisationAssigned,
        OrganisationRenamed,
        OrganisationDissolved,
    ),
    keys=_body_keys,
    apply=_apply_body,
    indexes=(("type", "organisation"),),
)
PACKS = Rows(
    table="enacted_pack",
    row=EnactedPack,
    key=("pack_version",),
    kinds=(RulesEnacted,),
    keys=_pack_keys,
    apply=_apply_pack,
)
SUBJECTS = Rows(
    table="listed_subject",
    row=ListedSubject,
    key=("pack_version", "code"),
    kinds=(RulesEnacted,),
    keys=_subject_keys,
    apply=_apply_subject,
)
REASONS = Rows(
    table="listed_reason",
    row=ListedReason,
    key=("pack_version", "list_name", "code"),
    kinds=(RulesEnacted,),
    keys=_reason_keys,
    apply=_apply_reason,
)
PROJECTION = Projection("project_disclosure", 5, (BODIES, PACKS, SUBJECTS, REASONS, UNITS))
