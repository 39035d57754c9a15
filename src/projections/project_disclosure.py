"""Project disclosure (服务项目): which bodies serve, where, when, and what is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.decision import OrganisationType
from ledger.domain.founding import LedgerFounded
from ledger.domain.organisations import OrganisationRegistered
from ledger.domain.requests import RequestFiled
from ledger.domain.rules import RulesEnacted
from ledger.event import Recorded
from projections.projection import Key, Projection, Rows
from projections.reference import Reference


class ServiceBody(NamedTuple):
    """An organisation of the method, and how to reach it."""

    organisation: str
    type: str
    name: str
    parent: str | None
    functions: str | None = None
    address: str | None = None
    hours: str | None = None
    telephone: str | None = None


class Asked(NamedTuple):
    """How many requests of a category a community has had."""

    community: str
    category: str
    requests: int = 0


class ListedSubject(NamedTuple):
    """An entry of the controlled list of subjects, in force with its pack's date of effect."""

    pack_version: int
    code: str
    name: str
    effective_from: datetime


def _body_keys(recorded: Recorded) -> Iterable[Key]:
    match recorded.event:
        case LedgerFounded(town=town):
            return ((town,),)
        case OrganisationRegistered(organisation=organisation):
            return ((organisation,),)
    return ()


def _apply_body(
    row: ServiceBody | None, key: Key, recorded: Recorded, reference: Reference
) -> ServiceBody | None:
    match recorded.event:
        case LedgerFounded(town=town, town_name=name):
            return ServiceBody(town, OrganisationType.TOWN_COMMITTEE.value, name, None)
        case OrganisationRegistered() as event:
            return ServiceBody(
                event.organisation,
                event.type.value,
                event.name,
                event.parent,
                event.functions,
                event.address,
                event.hours,
                event.telephone,
            )
    return row


def _asked_keys(recorded: Recorded) -> Iterable[Key]:
    match recorded.event:
        case RequestFiled(community=community, category=category):
            return ((community, category.value),)
    return ()


def _apply_asked(row: Asked | None, key: Key, recorded: Recorded, reference: Reference) -> Asked:
    row = row or Asked(*key)
    return row._replace(requests=row.requests + 1)


def _subject_keys(recorded: Recorded) -> Iterable[Key]:
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
            return ListedSubject(version, code, name, pack.effective_from)
    return row


BODIES = Rows(
    table="service_body",
    row=ServiceBody,
    key=("organisation",),
    kinds=(LedgerFounded, OrganisationRegistered),
    keys=_body_keys,
    apply=_apply_body,
    indexes=(("type", "organisation"),),
)
ASKED = Rows(
    table="requests_asked",
    row=Asked,
    key=("community", "category"),
    kinds=(RequestFiled,),
    keys=_asked_keys,
    apply=_apply_asked,
)
SUBJECTS = Rows(
    table="listed_subject",
    row=ListedSubject,
    key=("pack_version", "code"),
    kinds=(RulesEnacted,),
    keys=_subject_keys,
    apply=_apply_subject,
)
PROJECTION = Projection("project_disclosure", 1, (BODIES, ASKED, SUBJECTS))
