"""The town-wide facts that all may look up: rules, calendars, organisations, money, promises."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from ledger.clocks import WorkingYear, working_year
from ledger.decision import OrganisationType
from ledger.domain.founding import LedgerFounded
from ledger.domain.money.budgets import FundAppropriated
from ledger.domain.rules.calendars import WorkingCalendarEnacted
from ledger.domain.rules.rules import Pack, RulesEnacted, pack_of
from ledger.domain.services.items import ServiceItemPublished
from ledger.domain.services.service_promises import PromisePublished
from ledger.domain.shapes.promises import Promise
from ledger.domain.town.effect import Dated, in_force, since_when
from ledger.domain.town.organisations import OrganisationAssigned, OrganisationRegistered
from ledger.event import Recorded

KINDS = (
    LedgerFounded,
    OrganisationRegistered,
    OrganisationAssigned,
    RulesEnacted,
    WorkingCalendarEnacted,
    FundAppropriated,
    PromisePublished,
    ServiceItemPublished,
)


class Body(NamedTuple):
    """An organisation as others look it up."""

    type: OrganisationType
    name: str
    parent: str | None
    communities: tuple[Dated, ...] = ()
    """The communities to which it was assigned."""


class FundLine(NamedTuple):
    """Of which community's year a budget is, and what for."""

    community: str
    year: int
    line: str


class ItemTerms(NamedTuple):
    """Within which time a service item is decided."""

    promise: Promise
    statutory: Promise | None


class Reference(NamedTuple):
    """The fold of `KINDS` up to the very event that is being applied, that event included.

    Small by nature: it grows with the town's rules, organisations and years, never with its cases.
    """

    packs: tuple[Pack, ...] = ()
    """By version: the first is version 1."""
    calendars: Mapping[int, WorkingYear] = MappingProxyType({})
    organisations: Mapping[str, Body] = MappingProxyType({})
    fund_lines: Mapping[str, FundLine] = MappingProxyType({})
    """By the id of the budget."""
    promises: Mapping[str, Promise] = MappingProxyType({})
    """How long each published promise lets somebody wait at most."""
    service_items: Mapping[str, ItemTerms] = MappingProxyType({})
    """Of each service item, as it was published last."""

    def community_of(self, organisation: str, moment: datetime) -> str:
        """The body to which a community's bodies were assigned at a moment: figures count each of
        them under that one. An organisation that was assigned to none stands for itself."""
        found = organisation
        # It ends: `decide` assigns a committee to a branch alone, and a branch to nobody.
        while (above := self._assigned(found, moment)) is not None:
            found = above
        return found

    def _assigned(self, organisation: str, moment: datetime) -> str | None:
        body = self.organisations.get(organisation)
        return body and in_force(body.communities, moment)


EMPTY = Reference()


def evolve(reference: Reference, recorded: Recorded) -> Reference:
    """The reference after one more event; the same one for a kind that does not concern it."""
    match recorded.event:
        case LedgerFounded(town=town, town_name=name):
            return _with_body(reference, town, Body(OrganisationType.TOWN_COMMITTEE, name, None))
        case OrganisationRegistered() as event:
            body = Body(event.type, event.name, event.parent)
            return _with_body(reference, event.organisation, body)
        case OrganisationAssigned(organisation=organisation, community=community) as event:
            assigned = Dated(community, since_when(event.effective_from, recorded))
            body = reference.organisations[organisation]
            communities = (*body.communities, assigned)
            return _with_body(reference, organisation, body._replace(communities=communities))
        case RulesEnacted() as pack:
            return reference._replace(packs=(*reference.packs, pack_of(pack)))
        case WorkingCalendarEnacted() as calendar:
            years = {
                **reference.calendars,
                calendar.year: working_year(calendar.year, calendar.holidays, calendar.workdays),
            }
            return reference._replace(calendars=MappingProxyType(years))
        case FundAppropriated(budget=budget) as event if budget not in reference.fund_lines:
            line = FundLine(event.community, event.year, event.line.value)
            lines = {**reference.fund_lines, budget: line}
            return reference._replace(fund_lines=MappingProxyType(lines))
        case PromisePublished(promise=promise, within=within):
            promises = {**reference.promises, promise: within}
            return reference._replace(promises=MappingProxyType(promises))
        case ServiceItemPublished(item=item) as event:
            terms = ItemTerms(event.promise, event.statutory)
            items = {**reference.service_items, item: terms}
            return reference._replace(service_items=MappingProxyType(items))
    return reference


def _with_body(reference: Reference, organisation: str, body: Body) -> Reference:
    bodies = {**reference.organisations, organisation: body}
    return reference._replace(organisations=MappingProxyType(bodies))
