"""All books of the town, and what every act on a case is held to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ledger.event import Actor
from tests.plain_model.case_file import AT_HANDLERS, BY_HANDLERS, CaseFile
from tests.plain_model.donations import Gift
from tests.plain_model.love_bank import Bank
from tests.plain_model.people import COMMUNITIES, DEPARTMENTS, HANDLERS, SUPERIOR, TOWN
from tests.plain_model.rule_book import Act, RuleBook
from tests.plain_model.staff import StaffBook
from tests.plain_model.whistle_file import WhistleFile


@dataclass
class Books:
    """What the town's clerks have on their shelves."""

    staff: StaffBook
    rules: RuleBook = field(default_factory=RuleBook)
    cases: dict[str, CaseFile] = field(default_factory=dict)
    whistles: dict[str, WhistleFile] = field(default_factory=dict)
    bank: Bank = field(default_factory=Bank)
    gifts: dict[str, Gift] = field(default_factory=dict)
    uses: set[str] = field(default_factory=set)
    """The ids of what was used of them."""

    def case(self, act: Act, *stages: str) -> CaseFile | None:
        """The file of the request that an act names, where such an act may be entered now: in one
        of these stages, not before what it follows, and by nobody who may not touch it."""
        file = self.cases.get(named_request(act))
        if (
            file is None
            or file.stage not in stages
            or not act.follows(file.latest)
            or file.has_conflict(act.actor)
            or (act.kind not in BY_HANDLERS and self.is_foreign(act, file.filing.community))
        ):
            return None
        return file

    def is_foreign(self, act: Act, community: str) -> bool:
        """Whether an act in a case of a community is one of another community's body."""
        organisation = act.actor.organisation
        if act.actor.office == "resident" or organisation not in COMMUNITIES:
            return False
        own, theirs = (
            {body, self.staff.community(body, act.at) or body} for body in (organisation, community)
        )
        return own.isdisjoint(theirs)

    def led_case(self, act: Act) -> CaseFile | None:
        """The same for acts of the lead, while no return of its order waits for a ruling."""
        file = self.case(act, *AT_HANDLERS)
        if file is None or file.lead != act.actor.organisation or file.return_asked_by:
            return None
        return file

    def ordered_case(self, act: Act) -> CaseFile | None:
        """The same for acts on the order: by whoever dispatched it, or by the town."""
        file = self.case(act, *AT_HANDLERS)
        if file is None or act.actor.organisation not in (file.dispatcher, *TOWN):
            return None
        return file

    def may_handle(self, file: CaseFile, organisation: str) -> bool:
        """Whether an organisation may handle a case: never the one complained about."""
        return (
            organisation in HANDLERS
            and self.staff.is_known(organisation)
            and organisation != file.filing.against
        )

    def may_lead(self, file: CaseFile, organisation: str) -> bool:
        """A complaint about the town goes to the county, about a department to its superior too."""
        against = file.filing.against
        if not self.may_handle(file, organisation):
            return False
        if against in TOWN:
            return organisation == "county"
        return against not in DEPARTMENTS or organisation in ("county", SUPERIOR[against])

    def has_work(self, organisation: str) -> bool:
        """Whether an organisation still has to do something about any case."""
        return any(
            file.is_open and organisation in (file.filing.community, *file.handlers)
            for file in self.cases.values()
        ) or any(whistle.is_work_of(organisation) for whistle in self.whistles.values())


def named_request(act: Act) -> str:
    """The request that an act is about."""
    fields: dict[str, Any] = act.event.__dict__
    request: str = fields["target"] if "target" in fields else fields["request"]
    return request


def rules_own_case(file: CaseFile, actor: Actor, *concerned: str | None) -> bool:
    """Whether somebody would rule on what they asked for, led or handled themselves."""
    return actor.organisation in concerned or actor.principal in file.handled_by
