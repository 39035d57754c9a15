"""Evaluation disclosure (服务评价): was it solved, how was it judged, did a bad mark change it.

What call-backs and ratings said is of the last round of handling; what they said of a round before
it counts no more, but that there was one does.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.domain.requests.closing import (
    CalledBack,
    CallOutcome,
    ClosureDisputed,
    DisputeRuled,
    RequestCleared,
    RequestReopened,
)
from ledger.domain.requests.dispatching import JurisdictionRuled, OrderReassigned, RequestDispatched
from ledger.domain.requests.exclusions import Metric, MetricExclusionRequested, MetricExclusionRuled
from ledger.domain.requests.intake import RequestFiled
from ledger.domain.requests.ratings import (
    PoorRatingRectified,
    PoorRatingVerified,
    RatingTarget,
    Satisfaction,
    ServiceRated,
)
from ledger.domain.rules.rules import Step
from ledger.domain.rules.terms import step_term
from ledger.domain.whistles.blowing import WhistleBlown
from ledger.event import Recorded
from projections.cases import is_withheld
from projections.periods import month
from projections.projection import Contribution, Key, Projection, Rows, Tally
from projections.reference import Reference


class Judged(NamedTuple):
    """How one request was judged, and whose work that was."""

    request: str
    community: str
    category: str
    subject: str
    period: str
    """The month of filing, `YYYY-MM`."""
    filed_at: datetime
    is_withheld: bool
    lead: str | None = None
    is_cleared: bool = False
    was_cleared: bool = False
    call_outcome: str | None = None
    """How the last attempt to call back ended; None before the first."""
    call_attempts: int = 0
    resolved: bool | None = None
    """What the requester said when called back."""
    satisfied: bool | None = None
    satisfaction: str | None = None
    """The grade of the rating (好差评)."""
    rated_resolved: bool | None = None
    """What was told with the rating."""
    rated_at: datetime | None = None
    poor_ratings: int = 0
    """In all rounds."""
    poor_verified_at: datetime | None = None
    poor_founded: bool | None = None
    rectify_due_at: datetime | None = None
    rectified_at: datetime | None = None
    poor_rectified: int = 0
    reopened: int = 0
    disputed: int = 0
    disputes_upheld: int = 0
    resolution_excluded: bool = False
    satisfaction_excluded: bool = False
    exclusions: tuple[str, ...] = ()
    """`<metric> <reason>`, and once it is ruled also `granted <by>` or `refused <by>`."""

    @property
    def is_contested(self) -> bool:
        """Whether it was reopened or disputed after clearing."""
        return self.reopened > 0 or self.disputed > 0


class JudgedGroup(NamedTuple):
    """By what judgements are counted, and exclusions: these alone have a metric and a reason."""

    community: str
    category: str
    lead: str | None
    period: str
    metric: str | None = None
    reason: str | None = None
    ruled_by: str | None = None


class JudgedCounts(NamedTuple):
    """What is counted of judgements, one a request; the five grades are named as `Satisfaction` is.

    Of those called back: `reached` said something, `unreachable` and `refused` did not; resolved
    and satisfied are asked separately. `net` leaves out the cases that a ruling excluded.
    """

    cleared: int = 0
    ever_cleared: int = 0
    contested: int = 0
    upheld: int = 0
    reached: int = 0
    unreachable: int = 0
    refused: int = 0
    resolution_asked: int = 0
    resolution_asked_net: int = 0
    resolved: int = 0
    resolved_net: int = 0
    satisfaction_asked: int = 0
    satisfaction_asked_net: int = 0
    satisfied_on_call: int = 0
    satisfied_on_call_net: int = 0
    rated: int = 0
    rated_net: int = 0
    very_satisfied: int = 0
    satisfied: int = 0
    fairly_satisfied: int = 0
    dissatisfied: int = 0
    very_dissatisfied: int = 0
    content_net: int = 0
    """The three upper grades, without the excluded cases."""
    poor_ratings: int = 0
    poor_rectified: int = 0
    exclusions_asked: int = 0
    exclusions_granted: int = 0
    exclusions_refused: int = 0


class Whistling(NamedTuple):
    """How many requests a community had, and how many whistles its bodies blew."""

    community: str
    period: str
    requests: int = 0
    whistles: int = 0


_CONTENT = frozenset(grade.value for grade in Satisfaction if not grade.is_poor)


def _judged_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    fields = recorded.event.__dict__
    if "target" not in fields:
        return ((fields["request"],),)
    return ((fields["target"],),) if fields["target_type"] is RatingTarget.REQUEST else ()


def _apply_judged(
    row: Judged | None, key: Key, recorded: Recorded, reference: Reference
) -> Judged | None:
    event = recorded.event
    if type(event) is RequestFiled:
        when = recorded.occurred_at
        community = reference.community_of(event.community, recorded.recorded_at)
        withheld = is_withheld(event, reference, recorded.recorded_at)
        return Judged(
            event.request, community, event.category.value, event.subject, month(when), when,
            withheld,
        )  # fmt: skip
    if row is None:
        return None
    match event:
        case (
            RequestDispatched(lead=lead) | OrderReassigned(lead=lead) | JurisdictionRuled(lead=lead)
        ):
            return row._replace(lead=lead)
        case RequestCleared():
            return row._replace(is_cleared=True, was_cleared=True)
        case CalledBack():
            return row._replace(
                call_outcome=event.outcome.value,
                call_attempts=row.call_attempts + 1,
                resolved=event.resolved,
                satisfied=event.satisfied,
            )
        case RequestReopened():
            return _new_round(row)
        case ClosureDisputed():
            return row._replace(disputed=row.disputed + 1)
        case DisputeRuled(upheld=upheld):
            return _new_round(row, upheld=1) if upheld else row
        case MetricExclusionRequested(metric=metric, reason=reason):
            return row._replace(exclusions=(*row.exclusions, f"{metric.value} {reason}"))
        case MetricExclusionRuled():
            return _ruled(row, event, recorded.actor.organisation)
    return _rated(row, recorded, reference)


def _ruled(row: Judged, event: MetricExclusionRuled, ruled_by: str) -> Judged:
    ruling = f"{'granted' if event.granted else 'refused'} {ruled_by}"
    row = row._replace(
        exclusions=tuple(
            f"{one} {ruling}" if one.startswith(f"{event.metric.value} ") else one
            for one in row.exclusions
        )
    )
    match event.metric:
        case Metric.RESOLUTION:
            return row._replace(resolution_excluded=event.granted)
        case Metric.SATISFACTION:
            return row._replace(satisfaction_excluded=event.granted)
    return row


def _rated(row: Judged, recorded: Recorded, reference: Reference) -> Judged:
    when = recorded.occurred_at
    match recorded.event:
        case ServiceRated(satisfaction=satisfaction, resolved=resolved):
            return row._replace(
                satisfaction=satisfaction.value,
                rated_resolved=resolved,
                rated_at=when,
                poor_ratings=row.poor_ratings + satisfaction.is_poor,
            )
        case PoorRatingVerified(founded=founded):
            step = Step.POOR_RATING_RECTIFIED
            due = step_term(reference.packs, reference.calendars, step, when).due_at
            return row._replace(poor_verified_at=when, poor_founded=founded, rectify_due_at=due)
        case PoorRatingRectified():
            return row._replace(rectified_at=when, poor_rectified=row.poor_rectified + 1)
    return row


def _new_round(row: Judged, upheld: int = 0) -> Judged:
    return row._replace(
        is_cleared=False,
        call_outcome=None,
        call_attempts=0,
        resolved=None,
        satisfied=None,
        satisfaction=None,
        rated_resolved=None,
        rated_at=None,
        poor_verified_at=None,
        poor_founded=None,
        rectify_due_at=None,
        rectified_at=None,
        reopened=row.reopened + 1,
        disputes_upheld=row.disputes_upheld + upheld,
    )


def _contribute(row: Judged) -> Iterable[Contribution]:
    judgement = _contribute_judgement(row)
    return (*judgement, *_contribute_exclusions(row)) if row.exclusions else judgement


def _contribute_exclusions(row: Judged) -> Iterable[Contribution]:
    for entry in row.exclusions:
        metric, reason, ruling, ruled_by = (*entry.split(" "), None, None)[:4]
        group = JudgedGroup(
            row.community, row.category, row.lead, row.period, metric, reason, ruled_by
        )
        counts = JudgedCounts(
            exclusions_asked=1,
            exclusions_granted=int(ruling == "granted"),
            exclusions_refused=int(ruling == "refused"),
        )
        yield Contribution(group, None, counts)


def _contribute_judgement(row: Judged) -> tuple[Contribution, ...]:
    if not row.was_cleared and row.satisfaction is None:
        return ()
    resolution_net, satisfaction_net = not row.resolution_excluded, not row.satisfaction_excluded
    asked, called = row.resolved is not None, row.satisfied is not None
    rated, content = row.satisfaction is not None, row.satisfaction in _CONTENT
    counts = JudgedCounts(
        cleared=int(row.is_cleared),
        ever_cleared=int(row.was_cleared),
        contested=int(row.is_contested),
        upheld=int(row.disputes_upheld > 0),
        reached=int(row.call_outcome == CallOutcome.REACHED.value),
        unreachable=int(row.call_outcome == CallOutcome.UNREACHABLE.value),
        refused=int(row.call_outcome == CallOutcome.REFUSED.value),
        resolution_asked=int(asked),
        resolution_asked_net=int(asked and resolution_net),
        resolved=int(row.resolved is True),
        resolved_net=int(row.resolved is True and resolution_net),
        satisfaction_asked=int(called),
        satisfaction_asked_net=int(called and satisfaction_net),
        satisfied_on_call=int(row.satisfied is True),
        satisfied_on_call_net=int(row.satisfied is True and satisfaction_net),
        rated=int(rated),
        rated_net=int(rated and satisfaction_net),
        content_net=int(content and satisfaction_net),
        poor_ratings=row.poor_ratings,
        poor_rectified=row.poor_rectified,
    )
    if row.satisfaction is not None:
        counts = counts._replace(**{row.satisfaction: 1})
    group = JudgedGroup(row.community, row.category, row.lead, row.period)
    return (Contribution(group, None, counts),)


def _whistling_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    event, body = recorded.event, recorded.actor.organisation
    if isinstance(event, RequestFiled):
        body = event.community
    community = reference.community_of(body, recorded.recorded_at)
    return ((community, month(recorded.occurred_at)),)


def _apply_whistling(
    row: Whistling | None, key: Key, recorded: Recorded, reference: Reference
) -> Whistling:
    row = row or Whistling(*key)
    if isinstance(recorded.event, RequestFiled):
        return row._replace(requests=row.requests + 1)
    return row._replace(whistles=row.whistles + 1)


JUDGED = Rows(
    table="judged_request",
    row=Judged,
    key=("request",),
    kinds=(
        RequestFiled,
        RequestDispatched,
        OrderReassigned,
        JurisdictionRuled,
        RequestCleared,
        CalledBack,
        RequestReopened,
        ClosureDisputed,
        DisputeRuled,
        ServiceRated,
        PoorRatingVerified,
        PoorRatingRectified,
        MetricExclusionRequested,
        MetricExclusionRuled,
    ),
    keys=_judged_keys,
    apply=_apply_judged,
    tally=Tally(JudgedGroup, JudgedCounts, _contribute),
    withheld=lambda row: row.is_withheld,
    published=True,
)
WHISTLING = Rows(
    table="community_whistling",
    row=Whistling,
    key=("community", "period"),
    kinds=(RequestFiled, WhistleBlown),
    keys=_whistling_keys,
    apply=_apply_whistling,
    published=True,
)
PROJECTION = Projection("evaluation_disclosure", 3, (JUDGED, WHISTLING))
