"""Dockets: the open work of an organisation, folded from what concerns it."""

from __future__ import annotations

from ledger.domain.requests.closing import (
    ClosureDisputed,
    DisputeRuled,
    RequestCleared,
    RequestReopened,
    RequestStruckOff,
)
from ledger.domain.requests.dispatching import (
    CoHandlerAdded,
    JurisdictionRuled,
    OrderReassigned,
    RequestDispatched,
)
from ledger.domain.requests.intake import (
    RequestDeclined,
    RequestFiled,
    RequestMerged,
    RequestRedirected,
    RequestWithdrawn,
)
from ledger.domain.whistles.blowing import (
    WhistleBlown,
    WhistleCleared,
    WhistleCountermanded,
    WhistleSplit,
)
from ledger.event import Event, Folds, Recorded

Docket = frozenset[str]
"""The tags of cases that may be open; who asks looks at each, for some have gone to others."""

_CASES = ("request:", "whistle:")
_OPENS: tuple[type[Event], ...] = (
    RequestFiled,
    RequestDispatched,
    JurisdictionRuled,
    OrderReassigned,
    CoHandlerAdded,
    RequestReopened,
    DisputeRuled,
    ClosureDisputed,
    WhistleBlown,
    WhistleSplit,
)
_CLOSES: tuple[type[Event], ...] = (
    RequestDeclined,
    RequestRedirected,
    RequestMerged,
    RequestWithdrawn,
    RequestCleared,
    RequestStruckOff,
    WhistleCleared,
    WhistleCountermanded,
)


def evolve_docket(state: Docket | None, tag: str, recorded: Recorded) -> Docket:
    """The open cases after one more event that concerns the organisation."""
    event, docket = recorded.event, state or frozenset()
    opens = isinstance(event, _OPENS)
    if isinstance(event, DisputeRuled):
        opens = event.upheld
    if opens:
        # A whistle for a request gives those whom it summons both.
        return docket.union(tag for tag in recorded.tags if tag.startswith(_CASES))
    return docket - {_case(event)}


def _case(event: Event) -> str:
    of = "whistle" if hasattr(event, "whistle") else "request"
    return f"{of}:{getattr(event, of)}"


KINDS: tuple[type[Event], ...] = ()
FOLDS: Folds = {"docket": (evolve_docket, (*_OPENS, *_CLOSES))}
