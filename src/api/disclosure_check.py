"""Checks a disclosure: all figures that were fixed are computed again from a bundle of the log.

Needs no ledger and no network, as for a figure. A correction is checked like what it corrects.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from api.fixed_figures import VIEWS, computed, root_of
from ledger import catalogue
from ledger.audit.report import Fault, Faulty, Progress, Unreadable, shown
from ledger.bundle.store import BundleStore
from ledger.canonical import instant
from ledger.domain.disclosure.corrections import DisclosureCorrected
from ledger.domain.disclosure.disclosures import (
    DisclosurePrepared,
    DisclosurePublished,
    WithFigures,
)
from ledger.store.contract import Log
from projections.fixed_times import is_due
from projections.publisher import packs_at, position_at

THREE = ("project", "process", "evaluation")


class Disclosed(NamedTuple):
    """What was published of a disclosure, the first and every correction."""

    period: str
    community: str | None
    sets: tuple[tuple[int, WithFigures], ...]
    """(position, the act that published it)."""


def disclosed(store: Log, identity: str) -> Disclosed | None:
    """What the log has of a disclosure; None where it has none of this id."""
    query = DCBQuery(items=[DCBQueryItem(tags=[f"disclosure:{identity}"])])
    found: Disclosed | None = None
    for stored in store.read(query):
        event = catalogue.decode(stored.position, stored.record).event
        if isinstance(event, DisclosurePrepared) and found is None:
            found = Disclosed(event.period, event.community, ())
        elif isinstance(event, DisclosurePublished | DisclosureCorrected) and found is not None:
            found = found._replace(sets=(*found.sets, (stored.position, event)))
    return found


def check_disclosure(
    bundle: Path, identity: str, origin: str, progress: Progress = lambda done, total: None
) -> str:
    """One line of verdict; raises `Faulty` at the first thing that differs, and `Unreadable`.

    The bundle must have been verified, and be of the log named `origin`.
    """
    store = BundleStore(bundle)
    found = disclosed(store, identity)
    if found is None or not found.sets:
        raise Unreadable(f"the bundle has no published disclosure {shown(identity)}")
    for position, event in found.sets:
        _check_moment(store, position, event)
    for position, event in found.sets:
        _check_versions(event)
        again = computed(
            store, found.period, found.community, event.size, event.as_of, progress
        ).figures
        for name in THREE:
            stated, own = getattr(event, name), getattr(again, name)
            for what in ("rows", "figures"):
                _compare(position, f"{name}.{what}", getattr(stated, what), getattr(own, what))
    corrections = len(found.sets) - 1
    return (
        f"verified: disclosure {identity} of {found.period}, corrected {corrections} times, follows"
        f" from the log of {origin}"
    )


def _check_moment(store: Log, position: int, event: WithFigures) -> None:
    """It is of a fixed time, and of all that was recorded by then: else a town could choose."""
    if not is_due(packs_at(store, event.size), event.as_of):
        expected = "a fixed time of the packs"
        raise Faulty(Fault(expected, instant(event.as_of), position, "as_of"))
    last = position_at(store, event.as_of, store.size())
    _compare(position, "size", str(event.size), str(last))
    _compare(position, "root", event.root, root_of(store, event.size))


def _check_versions(event: WithFigures) -> None:
    """Raises `Unreadable` for views that another version of this program computes otherwise."""
    for name, view in zip(THREE, VIEWS, strict=True):
        stated = getattr(event, name).version
        if stated != view.version:
            raise Unreadable(
                f"it is of version {stated} of {view.name}, and this computes version"
                f" {view.version}: use the Mingzhang of then"
            )


def _compare(position: int, place: str, stated: str, expected: str) -> None:
    if stated != expected:
        raise Faulty(Fault(f"{expected} from the log", shown(stated), position, place))
