"""Orders (派单): who leads a request and who handles it with them, returns and jurisdiction."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.requests.requests import (
    AT_HANDLERS,
    BY_COMMUNITY,
    BY_HOTLINE,
    CLERKS,
    Closing,
    HandlingEvent,
    Order,
    Request,
    RequestEvent,
    Stage,
)
from ledger.domain.rules.rules import (
    REQUEST_GRADES,
    RULES_TAG,
    Grade,
    Rules,
    RulesEnacted,
    governing,
    rules_in_force,
)
from ledger.domain.rules.terms import HandlerClock
from ledger.domain.town.organisations import TOWN, Organisation, unknown_organisation
from ledger.event import Folds, Id, PersonalText, Recorded
from ledger.refusals import Forbidden, Refusal, Unacceptable, WrongState

HANDLERS = (
    OrganisationType.DEPARTMENT,
    OrganisationType.RESIDENTS_COMMITTEE,
    OrganisationType.COMMUNITY_BRANCH,
    *TOWN,
    OrganisationType.COUNTY_OFFICE,
    OrganisationType.RESIDENT_UNIT,
    OrganisationType.SOCIAL_ORGANISATION,
)
BY_HANDLER = standing((Office.SECRETARY, *CLERKS), *HANDLERS)
BY_TOWN = standing((Office.SECRETARY, *CLERKS), *TOWN)
BY_COUNTY = standing((Office.SECRETARY, *CLERKS), OrganisationType.COUNTY_OFFICE)
BY_DISPATCHER = (BY_HOTLINE, BY_COMMUNITY, BY_TOWN)
MAX_HANDLERS = 40
"""Of one request, those whom whistles summoned included: a record names them all."""


class OrderEvent(RequestEvent):
    """What acts of the dispatcher on an order have in common."""

    def dispatched_case(self, situation: Situation, *stages: Stage) -> Request | Refusal:
        """The case at its handlers (or in these stages), where the actor may rule on its order:
        who dispatched it may, and the town; never the one who asked."""
        case = self.case(situation, *(stages or AT_HANDLERS))
        if not isinstance(case, Request):
            return case
        actor: Organisation = situation.state(f"organisation:{situation.actor.organisation}")
        if situation.actor.organisation != case.dispatcher and actor.type not in TOWN:
            return Forbidden(
                "not_the_dispatcher",
                f"{situation.actor.organisation} did not dispatch this request",
                f"{case.dispatcher}, or the town",
            )
        return case

    def unfit(
        self, situation: Situation, case: Request, handler: str, field: str
    ) -> Refusal | None:
        """The refusal where an organisation cannot handle the case."""
        if handler == case.against:
            return Forbidden(
                "complained_about",
                f"{handler} is the one complained about",
                "a handler that the complaint does not concern",
                field,
            )
        return unknown_organisation(situation, handler, field, *HANDLERS)

    def unfit_lead(self, situation: Situation, case: Request, lead: str) -> Refusal | None:
        """The refusal where an organisation cannot lead the case from now on."""
        unfit = self.unfit(situation, case, lead, "lead")
        if unfit:
            return unfit
        if len({*case.handlers, lead} - {case.lead}) > MAX_HANDLERS:
            return too_many_handlers("lead")
        return None if case.against is None else superior_leads(situation, case.against, lead)

    def lead_boundary(self, state: Any, *handlers: str) -> tuple[str, ...]:
        """The histories that tell whether these may handle the request."""
        request: Request | None = state(f"request:{self.request}")
        concerned = list(handlers)
        if request is not None and request.against is not None:
            concerned.append(request.against)
        return (*super().boundary(state), *(f"organisation:{one}" for one in concerned))


class RequestDispatched(OrderEvent):
    """派单: one department leads (首接牵头), others may handle with it."""

    kind = "request_dispatched"
    term = "派单"
    proposers = (BY_HOTLINE, BY_COMMUNITY)
    example = {
        "request": "request-2026-0412",
        "lead": "dept-water",
        "co_handlers": ["dept-urban", "dept-roads"],
        "grade": "ordinary",
    }

    lead: Id
    """Who answers for it."""
    co_handlers: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    """Who handles it together with the lead; only the lead answers."""
    grade: Grade
    """How pressing it is: emergency, utilities, ordinary or complex. It decides the term."""

    def tags(self) -> tuple[str, ...]:
        handlers = (self.lead, *self.co_handlers)
        return (f"request:{self.request}", *(f"docket:{handler}" for handler in handlers))

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        return ()

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.lead_boundary(state, self.lead, *self.co_handlers)

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.ACCEPTED, Stage.REOPENED)
        if not isinstance(case, Request):
            return case
        if self.grade not in REQUEST_GRADES:
            return Unacceptable(
                "grade_of_a_whistle",
                f"{self.grade} is a grade of whistles",
                " or ".join(REQUEST_GRADES),
                "grade",
            )
        handlers = (self.lead, *self.co_handlers)
        if len(set(handlers)) < len(handlers):
            return Unacceptable(
                "handler_given_twice", "a handler is named twice", "each once", "co_handlers"
            )
        if len({*case.handlers, *handlers}) > MAX_HANDLERS:
            return too_many_handlers("co_handlers")
        for index, handler in enumerate(handlers):
            unfit = self.unfit(situation, case, handler, "co_handlers" if index else "lead")
            if unfit:
                return unfit
        return None if case.against is None else superior_leads(situation, case.against, self.lead)


class OrderSigned(HandlingEvent):
    """签收: the lead has taken note of the order; no clock begins anew."""

    kind = "order_signed"
    term = "签收"
    proposers = (BY_HANDLER,)
    example = {"request": "request-2026-0412"}

    def decide(self, situation: Situation) -> Refusal | None:
        case = led_case(self, situation)
        if not isinstance(case, Request):
            return case
        if case.order.is_signed:
            return WrongState(
                "already_signed", "this order has been signed", "one signature an order", "request"
            )
        return None


class OrderReturnRequested(HandlingEvent):
    """退单: the lead holds that somebody else is to lead, says why and who."""

    kind = "order_return_requested"
    term = "申请退单"
    proposers = (BY_HANDLER,)
    example = {
        "request": "request-2026-0412",
        "reason": "管网属小区红线内，由物业主管部门负责",
        "proposed_owner": "dept-urban",
    }

    reason: PersonalText
    """Why it is not the lead's."""
    proposed_owner: Id
    """Who is to lead instead."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (f"request:{self.request}", RULES_TAG, f"organisation:{self.proposed_owner}")

    def decide(self, situation: Situation) -> Refusal | None:
        case = led_case(self, situation)
        if not isinstance(case, Request):
            return case
        if case.order.is_bound:
            return WrongState(
                "jurisdiction_ruled",
                "who leads has been ruled for good",
                "an answer by the lead",
                "request",
            )
        pack = rules_of_order(situation, case)
        if not isinstance(pack, RulesEnacted):
            return pack
        if case.order.returns >= pack.max_returns:
            return WrongState(
                "returns_used_up",
                f"this order's return was asked for {case.order.returns} times",
                f"at most {pack.max_returns} times; after that jurisdiction_ruled",
                "request",
            )
        if self.proposed_owner in (case.lead, case.against):
            return Unacceptable(
                "not_an_owner",
                f"{self.proposed_owner} leads already, or is the one complained about",
                "another organisation that is to lead",
                "proposed_owner",
            )
        return unknown_organisation(situation, self.proposed_owner, "proposed_owner", *HANDLERS)


class OrderReturnRuled(OrderEvent):
    """退单审核: granted, the order waits for a new lead; refused, the lead keeps it."""

    kind = "order_return_ruled"
    term = "退单审核"
    proposers = BY_DISPATCHER
    example = {"request": "request-2026-0412", "granted": True}

    granted: bool
    """True: the order waits for a new lead. False: the lead keeps it."""

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.dispatched_case(situation)
        if not isinstance(case, Request):
            return case
        asked_by = case.order.return_asked_by
        if asked_by is None:
            return WrongState(
                "no_return_asked", "nobody has asked for its return", "one asked for", "request"
            )
        return own_ruling(situation, case, (asked_by,), "own_return")


class JurisdictionRuled(OrderEvent):
    """裁定: who leads, for good, once its return has been asked for as often as the pack allows."""

    kind = "jurisdiction_ruled"
    term = "管辖裁定"
    proposers = (BY_TOWN, BY_COUNTY)
    example = {"request": "request-2026-0412", "lead": "dept-urban"}

    lead: Id
    """Who leads from now on; its return can no longer be asked for."""

    def tags(self) -> tuple[str, ...]:
        return (f"request:{self.request}", f"docket:{self.lead}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.lead_boundary(state, self.lead), RULES_TAG)

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, *AT_HANDLERS)
        if not isinstance(case, Request):
            return case
        pack = rules_of_order(situation, case)
        if not isinstance(pack, RulesEnacted):
            return pack
        if case.order.is_bound or case.order.returns < pack.max_returns:
            return WrongState(
                "jurisdiction_not_in_question",
                f"its return was asked for {case.order.returns} times"
                f"{' and who leads is ruled' if case.order.is_bound else ''}",
                f"after {pack.max_returns} requests for its return, once",
                "request",
            )
        # Whoever had it in hand may have asked for its return; nobody rules it to be their own.
        own = own_ruling(situation, case, (*case.involved, self.lead), "own_return")
        return own or self.unfit_lead(situation, case, self.lead)


class OrderReassigned(OrderEvent):
    """改派: another organisation leads from now on; no clock begins anew."""

    kind = "order_reassigned"
    term = "改派"
    proposers = BY_DISPATCHER
    example = {"request": "request-2026-0412", "lead": "dept-urban"}

    lead: Id
    """Who leads from now on."""

    def tags(self) -> tuple[str, ...]:
        return (f"request:{self.request}", f"docket:{self.lead}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.lead_boundary(state, self.lead)

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.dispatched_case(situation)
        if not isinstance(case, Request):
            return case
        if case.order.is_bound:
            return WrongState(
                "jurisdiction_ruled",
                "who leads has been ruled for good",
                "the lead as ruled",
                "request",
            )
        if case.order.return_asked_by is not None:
            return WrongState(
                "return_not_ruled",
                "the lead has asked for its return",
                "order_return_ruled first",
                "request",
            )
        if self.lead == case.lead:
            return Unacceptable("same_lead", f"{self.lead} leads already", "another one", "lead")
        own = own_ruling(situation, case, (case.lead,), "own_return")
        return own or self.unfit_lead(situation, case, self.lead)


class CoHandlerAdded(OrderEvent):
    """增派协办: one more organisation handles the request together with the lead."""

    kind = "co_handler_added"
    term = "增派协办"
    proposers = BY_DISPATCHER
    example = {"request": "request-2026-0412", "co_handler": "dept-roads"}

    co_handler: Id
    """The organisation that joins; none that handles the request already."""

    def tags(self) -> tuple[str, ...]:
        return (f"request:{self.request}", f"docket:{self.co_handler}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.lead_boundary(state, self.co_handler)

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.dispatched_case(situation)
        if not isinstance(case, Request):
            return case
        if self.co_handler in case.handlers:
            return Unacceptable(
                "handler_given_twice",
                f"{self.co_handler} handles this request already",
                "one that does not",
                "co_handler",
            )
        if len(case.handlers) >= MAX_HANDLERS:
            return too_many_handlers("co_handler")
        return self.unfit(situation, case, self.co_handler, "co_handler")


def led_case(event: RequestEvent, situation: Situation) -> Request | Refusal:
    """The case at its handlers, where the actor is its lead and no return waits for a ruling."""
    case = event.case(situation, *AT_HANDLERS)
    if not isinstance(case, Request):
        return case
    not_lead = only((case.lead,), situation, "the lead of this request")
    if not_lead:
        return not_lead
    if case.order.return_asked_by is not None:
        return WrongState(
            "return_not_ruled",
            "the lead has asked for its return",
            "order_return_ruled first",
            "request",
        )
    return case


def rules_of_order(situation: Situation, case: Request) -> RulesEnacted | Refusal:
    """The pack whose limits rule an order: the one under which it was dispatched, or a later one
    that applies to open cases; where none was in force then, the one that is now."""
    assert case.clock is not None  # it has been dispatched
    rules: Rules | None = situation.state(RULES_TAG)
    pack = rules and governing(rules.packs, case.clock.started_at, situation.at)
    if rules is None or pack is None:
        return rules_in_force(situation)
    return rules.enacted[pack.version - 1]


def only(organisations: tuple[str | None, ...], situation: Situation, who: str) -> Refusal | None:
    """The refusal for whoever is none of these organisations."""
    if situation.actor.organisation in organisations:
        return None
    return Forbidden("not_a_handler", f"{situation.actor.organisation} is not {who}", who)


def own_ruling(
    situation: Situation, case: Request, concerned: tuple[str | None, ...], rule: str
) -> Refusal | None:
    """The refusal where an organisation rules on what concerns itself, or a principal, in whatever
    office, on a case in which they acted for a handler."""
    actor = situation.actor
    if actor.organisation not in concerned and actor.principal not in case.handled_by:
        return None
    return Forbidden(
        rule,
        f"{actor.principal} of {actor.organisation} would rule on their own case",
        "an organisation whom it does not concern, and a principal who did not handle it",
    )


def too_many_handlers(field: str) -> Refusal:
    """The refusal of more handlers than a case may have."""
    return Unacceptable(
        "too_many_handlers",
        f"the request would have more than {MAX_HANDLERS} handlers",
        f"at most {MAX_HANDLERS}, those whom whistles summoned included",
        field,
    )


def superior_leads(situation: Situation, against: str, lead: str) -> Refusal | None:
    """A complaint about the town goes to the county office, about a department to its superior.

    The county office supervises the departments too.
    """
    concerned: Organisation = situation.state(f"organisation:{against}")
    leading: Organisation = situation.state(f"organisation:{lead}")
    if concerned.type not in (*TOWN, OrganisationType.DEPARTMENT):
        return None
    superior = concerned.parent if concerned.type is OrganisationType.DEPARTMENT else None
    if leading.type is OrganisationType.COUNTY_OFFICE or lead == superior:
        return None
    return Forbidden(
        "complaint_passes_superior",
        f"a complaint about {against} goes to its superior",
        "a county office" if superior is None else f"{superior}, or a county office",
        "lead",
    )


def evolve_order(state: Request | None, tag: str, recorded: Recorded) -> Request | None:
    """The request after one more event of its order."""
    event, when = recorded.event, recorded.occurred_at
    if state is None:
        return None
    if type(event) is RequestDispatched:
        # Whom a whistle summoned before the dispatch of this round handles the request still.
        summoned = state.handlers if state.lead is None else ()
        dispatched = state.to(
            Stage.DISPATCHED,
            recorded,
            lead=event.lead,
            dispatcher=recorded.actor.organisation,
            clock=HandlerClock(when, event.grade),
            order=Order(),
            closing=Closing(),
            handlers=(),
        )
        return dispatched.with_handlers(event.lead, *event.co_handlers, *summoned)
    order, moved = state.order, state._replace(latest=when)
    match event:
        case OrderSigned():
            signed = order._replace(is_signed=True)
            return moved._replace(stage=Stage.IN_HAND, order=signed).by_handler(recorded)
        case OrderReturnRequested():
            asked_by = recorded.actor.organisation
            asked = order._replace(returns=order.returns + 1, return_asked_by=asked_by)
            return moved._replace(order=asked).by_handler(recorded)
        case OrderReturnRuled(granted=granted):
            ruled = order._replace(return_asked_by=None)
            return _without_lead(moved, ruled) if granted else moved._replace(order=ruled)
        case JurisdictionRuled(lead=lead):
            ruled = order._replace(return_asked_by=None, is_bound=True)
            return _without_lead(moved, ruled)._replace(lead=lead).with_handlers(lead)
        case OrderReassigned(lead=lead):
            return _without_lead(moved, order)._replace(lead=lead).with_handlers(lead)
        case CoHandlerAdded(co_handler=co_handler):
            return moved.with_handlers(co_handler)
    return state


def _without_lead(state: Request, order: Order) -> Request:
    """Nobody has signed, and what the former lead has asked for lapses."""
    handlers = tuple(one for one in state.handlers if one != state.lead)
    return state._replace(
        stage=Stage.DISPATCHED,
        lead=None,
        handlers=handlers,
        order=order._replace(is_signed=False, extension_asked=0),
    )


KINDS = (
    RequestDispatched,
    OrderSigned,
    OrderReturnRequested,
    OrderReturnRuled,
    JurisdictionRuled,
    OrderReassigned,
    CoHandlerAdded,
)
FOLDS: Folds = {"request": (evolve_order, KINDS)}
