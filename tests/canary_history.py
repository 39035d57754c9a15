"""A history in which every kind with personal fields is accepted, each field holding a canary."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from ledger.catalogue import KINDS
from ledger.clocks import local_day
from ledger.domain.honours.appeals import AppealHeard, AppealOutcome
from ledger.domain.honours.commendation import CommendationIssued, Honour
from ledger.domain.honours.periods import PeriodOpened
from ledger.domain.honours.rankings import RankingSealed, standings_digest
from ledger.domain.love_bank.accounts import HolderType
from ledger.domain.love_bank.objections import ObjectionAppealed, ObjectionRaised, ObjectionRuled
from ledger.domain.love_bank.points import LovePointsReversed
from ledger.domain.participation.six_steps import SixSteps
from ledger.domain.privacy.consent import Evidence, Purpose
from ledger.domain.privacy.personal_data import ContextsLinked, PersonalDataCorrected
from ledger.domain.requests.ratings import (
    PoorRatingRectified,
    PoorRatingVerified,
    RatingTarget,
    Satisfaction,
    ServiceRated,
)
from ledger.domain.rules.rules import RulesEnacted
from ledger.domain.town.people import Education, PersonEnrolled
from ledger.event import Actor, Event, HeldFor, personal_fields
from ledger.proposal import Proposal
from tests import (
    agents_acts,
    cooperation_acts,
    disclosure_acts,
    donation_acts,
    fund_acts,
    participation_acts,
    privacy_acts,
    whistle_acts,
    windows_acts,
)
from tests.canaries import ADDRESS, IDENTITY_NUMBER, NAME, TELEPHONE, TEXT
from tests.request_acts import acts, filing
from tests.town import (
    AWARDED_AT,
    COMMITTEE,
    COMMITTEE_B,
    COUNTY,
    FOUNDER,
    HOTLINE,
    OPENED_AT,
    RESIDENT,
    SECRETARY,
    TOWN_CLERK,
    WATER,
    awarding,
)

PERSON = "p-water"
"""Who serves, and is enrolled."""
ONE_OF_FEW = {("person_enrolled", "education")}
"""Fields that take no text: no canary can stand in them."""
_OTHER_EVENT = "019cac78-1b40-7c6e-9a51-0d6b2f38e7a4"


class Step(NamedTuple):
    """One act: what is proposed, by whom."""

    event: Event
    actor: Actor
    occurred_at: datetime | None = None


def groundwork() -> list[Proposal]:
    """A founded town in which everybody of the history holds an office, and which publishes every
    minute."""
    return [
        *(
            Proposal(_often_publishing(one.event), one.actor)
            for one in whistle_acts.whistle_town().history
        ),
        *agents_acts.groundwork(),
        windows_acts.opened(),
        windows_acts.published(),
    ]


def _often_publishing(event: Event) -> Event:
    if not isinstance(event, RulesEnacted):
        return event
    return event.model_copy(update={"publish_every_minutes": 1})


def history(names: str = "") -> Iterator[Step]:
    """The acts in order; every id of a case, an account or a whistle begins with `names`."""
    for proposal in (
        *_answered_and_rated(f"{names}request-a"),
        *_reopened(f"{names}request-b"),
        *_answered_directly(f"{names}request-c"),
        *_enough_to_be_listed(names),
        *_whistles(names),
        *_account(names),
        *_money(names),
        *_ranked(names),
        *_donations(names),
        *_taking_part(names),
        *_services(names),
        *_together(names),
        *_windows(names),
        *_disclosed(names),
        *_people(names),
        *_about_data(f"{names}request-a"),
    ):
        yield Step(with_canaries(proposal.event), proposal.actor, proposal.occurred_at)


def with_canaries(event: Event) -> Event:
    """The same with a canary in every personal field that takes a text and is given, or may be."""
    wanted = {
        name: canary(name, held_for)
        for name, held_for in personal_fields(type(event)).items()
        if (event.kind, name) not in ONE_OF_FEW and _may_be_given(event, name)
    }
    return type(event)(**{**_given(event), **wanted})


def canary(field: str, held_for: HeldFor) -> str:
    """What stands in a field: the kind of text that people put there."""
    if field == "telephone":
        return TELEPHONE
    match held_for:
        case HeldFor.IDENTITY:
            return f"{NAME} {IDENTITY_NUMBER}"
        case HeldFor.CONTACT:
            return f"{ADDRESS}（{TELEPHONE}）"
    return f"{TEXT}，{NAME}，{TELEPHONE}，{IDENTITY_NUMBER}，{ADDRESS}"


def body_of(event: Event) -> dict[str, Any]:
    """The body as a caller sends it."""
    return event.model_dump(mode="json", include=set(_given(event)))


def _given(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in sorted(event.model_fields_set)}


def _may_be_given(event: Event, name: str) -> bool:
    # A correction has one value, and a guardian agrees for a child alone.
    return event.kind not in ("personal_data_corrected", "consent_given") or (
        getattr(event, name) is not None
    )


def _steps(request: str, *kinds: str) -> list[Proposal]:
    of_this = acts(request=request)
    return [of_this[kind] for kind in kinds]


def _answered_and_rated(request: str) -> list[Proposal]:
    rated: dict[str, Any] = {"target_type": RatingTarget.REQUEST, "target": request}
    poor = ServiceRated(**rated, satisfaction=Satisfaction.DISSATISFIED, resolved=False)
    rectified = PoorRatingRectified(**rated, measures="…", requester_informed=True)
    return [
        Proposal(filing(request=request), HOTLINE),
        *_steps(
            request,
            "request_accepted", "request_dispatched", "extension_requested",
            "order_return_requested", "order_return_ruled", "progress_posted",
            "respondent_stated", "request_answered", "answer_sent_back", "request_answered",
            "answer_accepted", "request_cleared", "metric_exclusion_requested",
        ),
        Proposal(poor, COMMITTEE),
        Proposal(PoorRatingVerified(**rated, founded=True), HOTLINE),
        Proposal(rectified, WATER),
        *_steps(request, "closure_disputed"),
    ]  # fmt: skip


def _reopened(request: str) -> list[Proposal]:
    kinds = ("request_accepted", "request_dispatched", "progress_posted", "request_answered",
             "answer_accepted", "request_cleared", "request_reopened")  # fmt: skip
    return [Proposal(filing(request=request), HOTLINE), *_steps(request, *kinds)]


def _answered_directly(request: str) -> list[Proposal]:
    kinds = ("request_accepted", "request_answered_directly")
    return [Proposal(filing(request=request), HOTLINE), *_steps(request, *kinds)]


def _enough_to_be_listed(names: str) -> list[Proposal]:
    """As many as a public list needs of one community, category and week."""
    return [Proposal(filing(request=f"{names}request-l{number}"), HOTLINE) for number in range(5)]


def _whistles(names: str) -> list[Proposal]:
    blown = f"{names}whistle-b"
    of_blown: dict[str, Any] = {"whistle": blown}
    return [
        whistle_acts.drafted(whistle=f"{names}whistle-d"),
        whistle_acts.blown("dept-urban", "dept-roads", whistle=blown),
        whistle_acts.act("whistle_return_requested", "dept-roads", **of_blown),
        *(whistle_acts.act(kind, **of_blown) for kind in whistle_acts.STAGES),
        whistle_acts.act("department_rated", **of_blown),
        whistle_acts.act("whistle_rated_by_department", **of_blown),
        whistle_acts.blown(whistle=f"{names}whistle-c"),
        whistle_acts.act("whistle_countermanded", None, SECRETARY, whistle=f"{names}whistle-c"),
    ]


def _account(names: str) -> list[Proposal]:
    account, award = f"{names}account-1", f"{names}award-1"
    deed, objection = f"{names}deed-1", f"{names}objection-1"
    reversed_ = LovePointsReversed(
        award=award, account=account, points=5, awarded_on=local_day(AWARDED_AT), reason="…"
    )
    opened = privacy_acts.opened(account=account, holder=f"{names}holder-1")
    of_deed: dict[str, Any] = {"objection": objection, "deed": deed, "reason": "…"}
    return [
        Proposal(opened.event, COMMITTEE, OPENED_AT),
        *awarding(award, account, 5, deed),
        Proposal(ObjectionRaised(**of_deed), SECRETARY),
        Proposal(ObjectionRuled(**of_deed, is_upheld=False), TOWN_CLERK),
        Proposal(ObjectionAppealed(**of_deed), SECRETARY),
        Proposal(ObjectionRuled(**of_deed, is_upheld=True), COUNTY),
        Proposal(reversed_, COMMITTEE_B),
    ]


def _money(names: str) -> list[Proposal]:
    """No field of these is personal; but the pages of money are looked at too."""
    line: dict[str, Any] = {"budget": f"{names}budget-1"}
    of_project: dict[str, Any] = {**line, "project": f"{names}project-1"}
    commitment, payment = f"{names}commitment-1", f"{names}payment-1"
    voucher = 1 + sum(names.encode())
    return [
        fund_acts.appropriated(**line),
        fund_acts.committed(commitment=commitment, **of_project),
        fund_acts.spent(commitment=commitment, payment=payment, voucher=voucher, **line),
    ]


def _ranked(names: str) -> list[Proposal]:
    """A month without points: ranked, sealed and appealed against; and a commendation by name."""
    account, period = f"{names}account-1", f"{names}period-1"
    month, sealed_at = "2025-12", datetime(2026, 1, 2, 2, tzinfo=UTC)
    opened = PeriodOpened(
        period=period, holder_type=HolderType.PERSON, first_month=month, last_month=month
    )
    digest = standings_digest(period, "person", (month, month), None, ())
    heard = AppealHeard(
        appeal=f"{names}appeal-1",
        period=period,
        account=account,
        raised_on=date(2026, 1, 3),
        outcome=AppealOutcome.DISMISSED,
        reason="…",
    )
    agreed = privacy_acts.done(
        "consent_given",
        COMMITTEE,
        f"account:{account}",
        purpose=Purpose.SHOW_MASKED_NAME,
        evidence=Evidence.SIGNED_FORM,
    )
    issued = CommendationIssued(
        commendation=f"{names}commendation-1",
        document_number=f"镇发〔2026〕{names}1号",
        honour=Honour.CIRCULAR,
        ground="love-bank",
        accounts=(account,),
        units=("unit-1",),
    )
    return [
        Proposal(opened, TOWN_CLERK, datetime(2025, 12, 1, 2, tzinfo=UTC)),
        Proposal(RankingSealed(period=period, digest=digest), TOWN_CLERK, sealed_at),
        Proposal(heard, COUNTY, datetime(2026, 1, 4, 2, tzinfo=UTC)),
        agreed,
        Proposal(issued, TOWN_CLERK),
    ]


def _donations(names: str) -> list[Proposal]:
    donation = f"{names}donation-1"
    return [
        donation_acts.money(donation=donation, name="…"),
        donation_acts.spent(donation=donation, use=f"{names}use-1"),
        donation_acts.given_back(100, donation=donation),
    ]


def _taking_part(names: str) -> list[Proposal]:
    opinion, joint_matter = f"{names}opinion-1", f"{names}matter-1"
    steps = participation_acts.steps_until("result_published", joint_matter, summary="…")
    steps[1] = participation_acts.step("visits_made", joint_matter=joint_matter, findings="…")
    back = participation_acts.sent_back(SixSteps.VISITS_MADE, joint_matter=joint_matter)
    giver = RESIDENT._replace(principal=f"{names}giver-1")
    decided_by = (SECRETARY.principal, COMMITTEE.principal)
    steps[3] = participation_acts.step(
        "decision_formed", joint_matter=joint_matter, decided_by=decided_by
    )
    return [
        participation_acts.posted(opinion=opinion),
        participation_acts.replied(opinion=opinion, **participation_acts.SHOWN),
        participation_acts.praised(giver, praise=f"{names}praise-1", words="…"),
        *steps[:2],
        back,
        *steps[1:],
    ]  # fmt: skip


def _services(names: str) -> list[Proposal]:
    matter: dict[str, Any] = {"entrustment": f"{names}entrustment-1"}
    visit = f"{names}visit-1"
    booked = agents_acts.booked(
        datetime(2026, 1, 8, 2, tzinfo=UTC),
        datetime(2026, 1, 8, 3, tzinfo=UTC),
        booking=f"{names}booking-1",
    ).event
    of_matters = [
        agents_acts.entrusted(**matter),
        agents_acts.assigned(**matter),
        agents_acts.step(**matter),
        agents_acts.completed(**matter),
        agents_acts.entrusted(entrustment=f"{names}entrustment-2"),
        agents_acts.revoked(entrustment=f"{names}entrustment-2"),
    ]
    return [
        # Before the entrustments expire, whenever the history is told.
        *(Proposal(one.event, one.actor, OPENED_AT) for one in of_matters),
        agents_acts.visit_requested(visit=visit),
        agents_acts.visited(visit=visit),
        Proposal(booked, COMMITTEE, OPENED_AT),
    ]


def _together(names: str) -> list[Proposal]:
    needed, offered, matched = f"{names}need-1", f"{names}resource-1", f"{names}match-1"
    return [
        cooperation_acts.need(list_item=needed),
        cooperation_acts.resource(COMMITTEE, list_item=offered),
        cooperation_acts.matched(match=matched, need=needed, offer=offered),
        cooperation_acts.proposed(project=f"{names}project-1"),
    ]


def _windows(names: str) -> list[Proposal]:
    application: dict[str, Any] = {"application": f"{names}application-1"}
    # A Tuesday that is to come, whenever the history is told: bookings are made ahead.
    today = local_day(datetime.now(UTC))
    tuesday = today + timedelta(days=7 + (1 - today.weekday()) % 7)
    turn = int(names.strip("r-")) if names.strip("r-").isdigit() else 0
    start = datetime(tuesday.year, tuesday.month, tuesday.day, tzinfo=UTC)
    start += timedelta(minutes=10 * turn)
    return [
        windows_acts.booked(
            start, start + timedelta(minutes=10), booking=f"{names}window-booking-1"
        ),
        windows_acts.prechecked(**application),
        windows_acts.filed(**application),
        windows_acts.asked(**application),
        windows_acts.received(**application),
        windows_acts.decided(**application),
    ]


def _disclosed(names: str) -> list[Proposal]:
    """A month that is disclosed, objected to, and said to tell too much."""
    of: dict[str, Any] = {"disclosure": f"{names}disclosure-1"}
    month: dict[str, Any] = {**of, "period": "2025-12", "size": 1}
    month["as_of"] = datetime(2025, 12, 31, 16, tzinfo=UTC)
    of_objection: dict[str, Any] = {**of, "objection": f"{names}objection-d"}
    return [
        disclosure_acts.prepared(at=None, formed_on=date(2026, 1, 1), **month),
        disclosure_acts.reviewed(FOUNDER, at=None, **of),
        disclosure_acts.published(at=None, **month),
        disclosure_acts.objected(SECRETARY, at=None, **of_objection),
        disclosure_acts.decided(at=None, **of_objection),
        disclosure_acts.leak(at=None, leak=f"{names}leak-1", details="…", **of),
    ]


def _people(names: str) -> list[Proposal]:
    enrolled = PersonEnrolled(principal=PERSON, name="…", education=Education.BACHELOR)
    linked = ContextsLinked(identity=f"{names}identity-1", context="…")
    return [Proposal(enrolled, TOWN_CLERK), Proposal(linked, HOTLINE)]


def _about_data(request: str) -> list[Proposal]:
    subject = f"request:{request}"
    corrected = [
        (subject, "request_filed", "telephone", "contact"),
        (subject, "request_filed", "name", "identity"),
        (subject, "request_filed", "details", "content"),
        (f"principal:{PERSON}", "person_enrolled", "education", "profile"),
    ]
    guardian: dict[str, Any] = {"under_14": True, "guardian": "…"}
    return [
        privacy_acts.done("consent_given", subject=subject, **guardian),
        *(
            Proposal(
                PersonalDataCorrected(
                    subject=of, event=_OTHER_EVENT, of_kind=kind, field=field, **{held_for: "…"}
                ),
                HOTLINE,
            )
            for of, kind, field, held_for in corrected
        ),
    ]


def kinds_with_personal_fields() -> set[tuple[str, str]]:
    """(kind, field) of all that the catalogue declares personal."""
    return {(kind, name) for kind, cls in KINDS.items() for name in personal_fields(cls)}
