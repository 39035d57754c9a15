"""Hypothesis strategies derived from the event models: every kind of the catalogue joins by itself.

A field whose type is not known here is a TypeError, so that a new kind cannot go untested.
"""

from __future__ import annotations

import os
import types
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import annotated_types
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, StringConstraints, ValidationError
from pydantic.fields import FieldInfo

from ledger.catalogue import KINDS
from ledger.decision import Office
from ledger.event import ID_PATTERN, Actor, Commitment, Event, PersonalField, personal_fields
from ledger.proposal import Proposal
from tests.town import ACTORS, FOUNDER, ORGANISATIONS, RESIDENT

Test = TypeVar("Test", bound=Callable[..., Any])
TORTURE = os.environ.get("MINGZHANG_TORTURE") == "full"


def examples(count: int) -> Callable[[Test], Test]:
    """So many examples in `make test`, ten times as many in `make torture`."""
    budget = settings(max_examples=count * 10 if TORTURE else count, deadline=None)

    def decorate(test: Test) -> Test:
        marked: Test = pytest.mark.torture(budget(test))
        return marked

    return decorate


KINDS_WITH_PERSONAL_FIELDS = tuple(
    kind for kind, cls in sorted(KINDS.items()) if personal_fields(cls)
)
MORE_ITEMS = 3
"""How many items beyond the fewest a generated tuple has at most: longer ones say nothing new."""

_POOLS: dict[str, Sequence[str]] = {
    "organisation": (*(identity for identity, *_ in ORGANISATIONS), "town", "elsewhere"),
    "principal": (*(actor.principal for actor in ACTORS), RESIDENT.principal, "p-new"),
    "request": tuple(f"request-{number}" for number in range(9)),
    "whistle": ("whistle-1", "whistle-2", "whistle-new"),
    "account": ("account-1", "account-2", "account-unit"),
    "award": ("award-1", "award-2", "award-new"),
    "redemption": ("redemption-1", "redemption-new"),
    "donation": ("donation-1", "donation-2", "donation-new"),
    "item": ("rice", "soap", "item-1", "unheard-of"),
    "reward": ("soap", "unheard-of"),
    "deed": ("deed-1", "deed-2", "deed-new"),
    "period": ("period-1", "period-new"),
    "appeal": ("appeal-1", "appeal-new"),
    "post": ("post-1", "post-new"),
    "order": ("order-1", "order-new"),
    "help": ("help-1", "help-new"),
    "matter": ("matter-1", "matter-new", "order-1"),
    "disclosure": ("disclosure-1", "disclosure-new"),
    "leak": ("leak-1", "leak-new"),
    "commendation": ("commendation-1", "commendation-new"),
    "opinion": ("opinion-1", "opinion-new"),
    "praise": ("praise-1", "praise-new"),
    "meeting": ("meeting-1", "meeting-new"),
    "joint_matter": ("matter-1", "matter-new"),
    "pairing": ("pairing-1", "pairing-2", "pairing-new"),
    "household": ("household-1", "household-2"),
    "entrustment": ("entrustment-1", "entrustment-new"),
    "promise": ("promise-1", "promise-new"),
    "visit": ("visit-1", "visit-new"),
    "place": ("place-1", "place-new"),
    "project": ("project-1", "project-2", "project-new"),
    "list_item": ("need-1", "resource-1", "item-new"),
    "match": ("match-1", "match-new"),
    "window": ("window-1", "window-new"),
    "booking": ("booking-1", "booking-2", "booking-new"),
    "application": ("application-1", "application-new"),
    "ground": ("before-a-court", "unheard-of"),
    "reason": ("awaiting-requester", "force-majeure", "unheard-of"),
}
"""Ids of things that stand in the log of a test, mostly; by the name of the field."""
_SAME_POOL = {
    "community": "organisation",
    "against": "organisation",
    "parent": "organisation",
    "lead": "organisation",
    "co_handlers": "organisation",
    "departments": "organisation",
    "department": "organisation",
    "unit": "organisation",
    "units": "organisation",
    "accounts": "account",
    "donor_organisation": "organisation",
    "provider": "organisation",
    "need": "list_item",
    "offer": "list_item",
    "town": "organisation",
    "target": "request",
    "into": "request",
    "proposed_owner": "organisation",
    "co_handler": "organisation",
    "holder": "principal",
    "requester": "principal",
    "founder": "principal",
    "poster": "principal",
    "giver": "principal",
    "reviewed_by": "principal",
    "interested": "principal",
    "decided_by": "principal",
    "member": "principal",
    "interested_organisations": "organisation",
    "participants": "organisation",
    "responsible": "organisation",
    "partner": "organisation",
    "pairings": "pairing",
    "agent": "principal",
    "run_by": "organisation",
    "supersedes": "promise",
    "helper": "principal",
    "chosen_by": "principal",
    "village": "organisation",
    "a": "principal",
    "b": "principal",
    "absent": "principal",
    "covered_by": "principal",
}

_POOLS_OF_PATTERNS: dict[str, Sequence[str]] = {
    "subject": (
        *(f"request:request-{number}" for number in range(9)),
        "account:account-1",
        "account:account-2",
        "whistle:whistle-1",
        "entrustment:entrustment-1",
        "visit:visit-1",
        "application:application-1",
        f"principal:{ACTORS[0].principal}",
        "identity:x-1",
    ),
    "first_month": ("2026-01", "2026-02", "2026-03"),
    "last_month": ("2026-01", "2026-02", "2026-03"),
    "digest": ("0" * 64,),
    "root": ("0" * 64,),
    "rows": ("0" * 64,),
    "figures": ("0" * 64,),
    "period": ("2026-01", "2025-q4", "2025"),
    "of_kind": ("request_filed", "contexts_linked", "request_accepted", "unheard_of"),
    "field": ("telephone", "name", "details", "context"),
}
"""The same for texts of a pattern that is not an id's."""


class Form(Enum):
    """What generated events are for."""

    PROPOSED = "all that a model admits, with clear values"
    RECORDED = "all that a model admits, with commitments"
    LIFELIKE = "short texts, and ids of things that mostly exist"


def texts(min_size: int = 0, max_size: int | None = None) -> st.SearchStrategy[str]:
    """Any text that a record admits: no lone surrogate, no NUL."""
    characters = st.characters(codec="utf-8", exclude_characters="\x00")
    return st.text(characters, min_size=min_size, max_size=max_size)


def instants() -> st.SearchStrategy[datetime]:
    """Times in UTC."""
    return st.datetimes(
        datetime(1, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
        datetime(9999, 12, 30),  # noqa: DTZ001 - hypothesis adds the zone
        timezones=st.just(UTC),
    )


def _parts(constraints: Sequence[Any]) -> Iterator[Any]:
    for constraint in constraints:
        if isinstance(constraint, FieldInfo):
            yield from constraint.metadata
        else:
            yield constraint


def _strings(field: str, constraints: Sequence[Any], form: Form) -> st.SearchStrategy[str]:
    minimum, maximum, pattern = 0, None, None
    for constraint in constraints:
        if isinstance(constraint, StringConstraints):
            minimum = constraint.min_length or minimum
            maximum = constraint.max_length or maximum
            pattern = constraint.pattern or pattern
    if pattern == ID_PATTERN:
        pool = st.sampled_from(_POOLS.get(_SAME_POOL.get(field, field), ("x-1", "x-2")))
        if form is Form.LIFELIKE:
            return pool
        return pool | st.from_regex(ID_PATTERN[1:-1], fullmatch=True)
    if form is Form.LIFELIKE and pattern is not None and field in _POOLS_OF_PATTERNS:
        return st.sampled_from(_POOLS_OF_PATTERNS[field])
    if pattern is not None:
        expression = str(pattern).removeprefix("^").removesuffix("$")
        return st.from_regex(expression, fullmatch=True).filter(
            lambda text: maximum is None or len(text) <= maximum
        )
    return st.just("文本") if form is Form.LIFELIKE else texts(minimum, maximum)


def _integers(constraints: Sequence[Any], form: Form) -> st.SearchStrategy[int]:
    minimum = maximum = None
    for part in _parts(constraints):
        match part:
            case annotated_types.Ge(ge=int(bound)):
                minimum = bound
            case annotated_types.Le(le=int(bound)):
                maximum = bound
    if minimum is None or maximum is None:
        raise TypeError("an integer of a record has a lower and an upper bound")
    few = st.integers(minimum, min(minimum + 30, maximum))
    return few if form is Form.LIFELIKE else few | st.integers(minimum, maximum)


def _fewest(constraints: Sequence[Any]) -> int:
    lengths = [one.min_length for one in _parts(constraints) if hasattr(one, "min_length")]
    return max(lengths, default=0)


def values(
    field: str, annotation: Any, constraints: Sequence[Any], form: Form
) -> st.SearchStrategy[Any]:
    """Values that a field of this annotation may have."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if any(isinstance(extra, PersonalField) for extra in constraints):
        return values(field, Commitment if form is Form.RECORDED else arguments[0], (), form)
    if origin is Annotated:
        return values(field, arguments[0], (*constraints, *arguments[1:]), form)
    if origin in (Union, types.UnionType):
        return st.one_of([values(field, one, (), form) for one in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        items = values(field, arguments[0], (), form)
        fewest = _fewest(constraints)
        return st.lists(items, min_size=fewest, max_size=fewest + MORE_ITEMS).map(tuple)
    return _plain_values(field, annotation, constraints, form)


def _plain_values(
    field: str, annotation: Any, constraints: Sequence[Any], form: Form
) -> st.SearchStrategy[Any]:
    if annotation is AwareDatetime:
        return instants()
    if annotation is type(None):
        return st.none()
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return _integers(constraints, form)
    if annotation is str:
        return _strings(field, constraints, form)
    if annotation is date:
        return st.dates()
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return st.sampled_from(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return models(annotation, form)
    raise TypeError(f"{field}: no strategy for {annotation}")


@st.composite
def models(draw: st.DrawFn, cls: type[BaseModel], form: Form = Form.PROPOSED) -> Any:
    """Instances of a model; a field that has a default is sometimes left out."""
    body = {
        name: draw(values(name, info.annotation, info.metadata, form), label=name)
        for name, info in cls.model_fields.items()
        if info.is_required() or draw(st.booleans())
    }
    try:
        return cls(**body)
    except ValidationError as error:
        # Only a model's own rule on several fields may refuse what the fields' types admit.
        if any(one["loc"] for one in error.errors()):
            raise
    return draw(models(cls, form))


def events(form: Form = Form.PROPOSED, *kinds: str) -> st.SearchStrategy[Event]:
    """Events of these kinds, or of any kind of the catalogue."""
    names = st.sampled_from(kinds or tuple(sorted(KINDS)))
    return names.flatmap(lambda kind: models(KINDS[kind], form))


def actors(event: Event) -> st.SearchStrategy[Actor]:
    """Who may propose such an event, four times in five; else anybody."""
    types_of = {identity: str(type_) for identity, type_, _ in ORGANISATIONS}
    types_of["town"] = "town_committee"
    fitting = [
        actor
        for actor in (*ACTORS, FOUNDER, RESIDENT)
        if any(
            actor.office in offices and types_of[actor.organisation] in organisations
            for offices, organisations in event.proposers
        )
    ]
    anybody = st.builds(
        Actor,
        st.sampled_from([office.value for office in Office]),
        st.sampled_from(_POOLS["organisation"]),
        st.sampled_from(_POOLS["principal"]),
    )
    if not fitting:
        return anybody
    fits = st.sampled_from(fitting)
    return st.one_of(fits, fits, fits, fits, anybody)


@st.composite
def proposals(draw: st.DrawFn, around: datetime) -> Proposal:
    """Proposals of any kind, most by somebody who may, about things that mostly exist."""
    event = draw(events(Form.LIFELIKE))
    moments = st.timedeltas(timedelta(days=-2), timedelta(minutes=2)).map(lambda by: around + by)
    return Proposal(event, draw(actors(event)), draw(st.none() | moments))
