"""Objections (异议) to a deed: raised by anybody, ruled by the town, with one appeal.

While one is open nothing is awarded for the deed, and what was awarded is held. One that is upheld
keeps it held until the award is reversed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import Field

from ledger.decision import Office, OrganisationType, Situation, principal_tag, standing
from ledger.domain.love_bank.accounts import Account
from ledger.domain.love_bank.deeds import Deed, known_deed
from ledger.domain.requests.dispatching import BY_COUNTY, BY_TOWN
from ledger.domain.requests.requests import BY_RESIDENT, precedes
from ledger.domain.rules.rules import RULES_TAG, Step
from ledger.domain.rules.terms import calendar_tags, calendars_of, packs_of, step_term
from ledger.domain.town.people import Principal
from ledger.event import Event, Folds, Id, Instant, PersonalText, Recorded, mint_random_id
from ledger.refusals import Forbidden, Refusal, UnknownReference, WrongState

_NO_VOICE = (Office.AUDITOR, Office.TIMEKEEPER, Office.PUBLIC, Office.RESIDENT)
BY_ANYBODY = (
    BY_RESIDENT,
    standing(tuple(office for office in Office if office not in _NO_VOICE), *OrganisationType),
)
_TOWN_BODIES = frozenset({OrganisationType.TOWN_COMMITTEE, OrganisationType.TOWN_GOVERNMENT})


class Objection(NamedTuple):
    """An objection as of its history."""

    deed: str
    raised_by: str
    latest: Instant
    ruled_by: str | None = None
    """The principal whose ruling stands or is appealed against."""
    ruled_at_body: str | None = None
    """The organisation for which that principal ruled."""
    is_upheld: bool = False
    ruling_recorded_at: Instant | None = None
    """From when on it could be appealed against, whatever time is claimed for it."""
    is_appealed: bool = False
    is_final: bool = False
    """The appeal is ruled on."""

    @property
    def is_open(self) -> bool:
        """Whether it waits for a ruling."""
        return self.ruled_by is None or (self.is_appealed and not self.is_final)


class OfObjection(Event):
    """What the acts on an objection have in common."""

    objection: Id
    """The objection."""
    deed: Id
    """The deed that it is against."""

    def tags(self) -> tuple[str, ...]:
        return (f"objection:{self.objection}", f"deed:{self.deed}")

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The account for which the deed was claimed: its points are held or let go."""
        deed: Deed = situation.state(f"deed:{self.deed}")
        return (f"account:{deed.account}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        deed: Deed | None = state(f"deed:{self.deed}")
        return (*self.tags(), *(() if deed is None else (f"account:{deed.account}",)))

    def known_objection(self, situation: Situation) -> Objection | Refusal:
        """The objection to this deed, or the refusal where it is none."""
        found: Objection | None = situation.state(f"objection:{self.objection}")
        if found is None or found.deed != self.deed:
            return UnknownReference(
                "unknown_objection",
                f"objection {self.objection} was not raised against this deed",
                "an objection to this deed",
                "objection",
            )
        return precedes(found.latest) if situation.precedes(found.latest) else found


class ObjectionRaised(OfObjection):
    """提出异议: anybody says that a deed in publicity, or an awarded one, was not as shown."""

    kind = "objection_raised"
    term = "善行异议"
    proposers = BY_ANYBODY
    creates = ("objection", "objection")
    example = {
        "objection": "7f0c2a4e-93b1-4a0d-8c55-1d9e2b7f6a30",
        "deed": "deed-2026-0188",
        "reason": "当天参加活动的另有其人",
    }

    objection: Id = Field(default_factory=mint_random_id)
    """The objection's id; it tells nothing of who objects."""
    reason: PersonalText
    """What was not as shown."""

    def decide(self, situation: Situation) -> Refusal | None:
        deed = known_deed(situation, self.deed)
        if not isinstance(deed, Deed):
            return deed
        if deed.publicity_opened_at is None:
            return WrongState(
                "not_in_publicity",
                f"deed {self.deed} has not been shown",
                "a deed in publicity, or one that was awarded",
                "deed",
            )
        account: Account = situation.state(f"account:{deed.account}")
        if account.is_concerned(situation.actor.principal):
            return Forbidden(
                "own_deed",
                "nobody objects to a deed of their own or of their household",
                "somebody whom the deed does not concern",
            )
        if situation.precedes(deed.publicity_opened_at):
            return precedes(deed.publicity_opened_at)
        return None


class ObjectionRuled(OfObjection):
    """异议裁定: by the town; after an appeal by its other body or by the county."""

    kind = "objection_ruled"
    term = "善行异议裁定"
    proposers = (BY_TOWN, BY_COUNTY)
    example = {
        "objection": "7f0c2a4e-93b1-4a0d-8c55-1d9e2b7f6a30",
        "deed": "deed-2026-0188",
        "is_upheld": False,
        "reason": "签到记录与照片相符",
    }

    is_upheld: bool
    """True: nothing is awarded, and what was awarded is to be reversed."""
    reason: PersonalText
    """Why."""

    def decide(self, situation: Situation) -> Refusal | None:
        objection = self.known_objection(situation)
        if not isinstance(objection, Objection):
            return objection
        if not objection.is_open:
            return WrongState(
                "ruled_already", "it has been ruled on", "an objection or an appeal that is open",
                "objection",
            )  # fmt: skip
        actor = situation.actor
        deed: Deed = situation.state(f"deed:{self.deed}")
        hands = {objection.raised_by, deed.claimed_by, deed.verified_by, deed.awarded_by}
        hands |= {*deed.witnesses, deed.spot_checked_by}
        if actor.principal in hands or is_on_the_deeds_side(situation, deed):
            return Forbidden(
                "own_objection",
                f"{actor.principal} objected, or had a hand in the deed, or it is their own",
                "somebody who did neither, and whose house or unit did not do it",
            )
        if objection.is_appealed:
            if objection.ruled_by == actor.principal or (
                objection.ruled_at_body == actor.organisation
            ):
                return Forbidden(
                    "own_ruling",
                    f"{actor.organisation} made the ruling that is appealed against",
                    "the town's other body, or the county",
                )
            return None
        ruling = situation.state(f"organisation:{actor.organisation}")
        if ruling.type in _TOWN_BODIES:
            return None
        return Forbidden(
            "town_rules_first", "the county rules on appeals alone", "a body of the town"
        )


class ObjectionAppealed(OfObjection):
    """申诉: one appeal against the ruling, by whom it went against, within the pack's term."""

    kind = "objection_appealed"
    term = "善行异议申诉"
    proposers = BY_ANYBODY
    example = {
        "objection": "7f0c2a4e-93b1-4a0d-8c55-1d9e2b7f6a30",
        "deed": "deed-2026-0188",
        "reason": "签到记录并非本人所签",
    }

    reason: PersonalText
    """Why the ruling is wrong."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        found: Objection | None = state(f"objection:{self.objection}")
        since = found and found.ruling_recorded_at
        calendars = calendar_tags(since) if since else ()
        return (*super().boundary(state), RULES_TAG, *calendars)

    def decide(self, situation: Situation) -> Refusal | None:
        objection = self.known_objection(situation)
        if not isinstance(objection, Objection):
            return objection
        since = objection.ruling_recorded_at
        if since is None:
            return WrongState(
                "not_ruled", "it has not been ruled on", "an objection that was", "objection"
            )
        if objection.is_appealed:
            return WrongState(
                "appealed_already", "there is one appeal", "a ruling without one", "objection"
            )
        if situation.actor.principal == objection.ruled_by:
            return Forbidden(
                "own_ruling", "nobody appeals against their own ruling", "whom it went against"
            )
        return self._not_against_them(situation, objection) or self._too_late(situation, since)

    def _not_against_them(self, situation: Situation, objection: Objection) -> Refusal | None:
        # There is one appeal: whoever could use it up would end the matter for the others.
        who = situation.actor.principal
        deed: Deed = situation.state(f"deed:{self.deed}")
        if objection.is_upheld:
            concerned = who == deed.claimed_by or is_on_the_deeds_side(situation, deed)
        else:
            concerned = who == objection.raised_by
        if concerned:
            return None
        return Forbidden(
            "not_against_them",
            f"the ruling did not go against {who}",
            "whoever objected, where it was dismissed; else whose deed it is, or who claimed it",
        )

    def _too_late(self, situation: Situation, since: Instant) -> Refusal | None:
        calendars = calendars_of(situation.state, calendar_tags(since))
        packs = packs_of(situation.state)
        until = step_term(packs, calendars, Step.OBJECTION_APPEALED, since).due_at
        if until is None or situation.occurred_at <= until:
            return None
        return WrongState(
            "appeal_too_late",
            f"it could be appealed against until {until.isoformat()}",
            "an appeal by then",
            "objection",
        )


def is_on_the_deeds_side(situation: Situation, deed: Deed) -> bool:
    """Whether a deed is the actor's own, or of the actor's household or unit."""
    account: Account = situation.state(f"account:{deed.account}")
    if account.is_concerned(situation.actor.principal):
        return True
    if account.unit is None or situation.actor.office == Office.RESIDENT:
        return False
    principal: Principal = situation.state(principal_tag(situation.actor))
    return principal.serves(account.unit, situation.at)


def evolve_objection(state: Objection | None, tag: str, recorded: Recorded) -> Objection | None:
    """The objection after one more act."""
    actor, when = recorded.actor, recorded.occurred_at
    match recorded.event:
        case ObjectionRaised(deed=deed):
            return Objection(deed, actor.principal, when)
        case ObjectionRuled(is_upheld=is_upheld) if state:
            return state._replace(
                ruled_by=actor.principal,
                ruled_at_body=actor.organisation,
                is_upheld=is_upheld,
                ruling_recorded_at=recorded.recorded_at,
                is_final=state.is_appealed,
                latest=when,
            )
        case ObjectionAppealed() if state:
            return state._replace(is_appealed=True, latest=when)
    return state


def evolve_deed(state: Deed | None, tag: str, recorded: Recorded) -> Deed | None:
    """The deed after it was contested, or no longer is."""
    if state is None:
        return None
    match recorded.event:
        case ObjectionRaised(objection=one) | ObjectionAppealed(objection=one):
            return state._replace(open=state.open | {one}, upheld=state.upheld - {one})
        case ObjectionRuled(objection=one, is_upheld=is_upheld):
            upheld = state.upheld | {one} if is_upheld else state.upheld
            return state._replace(open=state.open - {one}, upheld=upheld)
    return state


def evolve_account(state: Account | None, tag: str, recorded: Recorded) -> Account | None:
    """The account whose lot of the deed is held, or let go."""
    if state is None:
        return None
    match recorded.event:
        case ObjectionRaised() | ObjectionAppealed() as event:
            return state.contested_by(event.deed, event.objection)
        case ObjectionRuled(is_upheld=False) as event:
            return state.cleared_of(event.deed, event.objection)
    return state


KINDS = (ObjectionRaised, ObjectionRuled, ObjectionAppealed)
FOLDS: Folds = {
    "objection": (evolve_objection, KINDS),
    "deed": (evolve_deed, KINDS),
    "account": (evolve_account, KINDS),
}
