"""Reading the disclosures: as published, with what was corrected, and the figures that are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from psycopg import AsyncConnection

from ledger.clocks import local_day
from ledger.domain.disclosure.corrections import DisclosureCorrected
from ledger.domain.disclosure.disclosures import (
    DisclosurePrepared,
    DisclosurePublished,
    DisclosureReviewed,
)
from projections import kept_figures
from projections.disclosures import Act
from projections.reading import AsOf, bounded, snapshot

NAME = "disclosures"
_COLUMNS = """disclosure, regime, basis, discloser, community, period, stage, formed_on, due_on,
    provisional, position, published_on, corrections, objections,
    cardinality(open_objections)::bigint as open_objections, leaks"""
_DISCLOSURES = f"""select {_COLUMNS} from disclosure
    where (%(before)s::bigint is null or position < %(before)s)
    order by position desc limit %(limit)s"""  # noqa: S608 - constants alone
_DISCLOSURE = f"select {_COLUMNS} from disclosure where disclosure = %(disclosure)s"  # noqa: S608
_ACTS = f"""select {", ".join(Act._fields)} from disclosure_act
    where disclosure = %(disclosure)s order by position limit %(limit)s"""  # noqa: S608
THREE = ("project", "process", "evaluation")
_OUT = (DisclosurePublished.kind, DisclosureCorrected.kind)
"""What readers see."""


@dataclass(frozen=True, slots=True)
class PublicDisclosure:
    """A disclosure as it stands; days are in Shanghai and as claimed."""

    disclosure: str
    regime: str
    basis: str
    discloser: str
    community: str | None
    period: str
    stage: str
    formed_on: date
    due_on: date
    provisional: bool
    position: int
    published_on: date | None
    corrections: int
    objections: int
    open_objections: int
    leaks: int

    def is_late(self, today: date) -> bool:
        """Whether it was published after the last day for it, or is not yet and that has gone."""
        return (self.published_on or today) > self.due_on


@dataclass(frozen=True, slots=True)
class FixedDocument:
    """One of the three, as it was fixed."""

    name: str
    version: int
    rows: str
    figures: str
    document: Any
    """The figures themselves; None where they are not kept, or were withdrawn."""


@dataclass(frozen=True, slots=True)
class FixedSet:
    """What was published, or corrected, with who reviewed it."""

    position: int
    published_at: datetime
    is_correction: bool
    as_of: datetime
    size: int
    root: str
    reviewed_by: str
    """The office."""
    reviewed_for: str
    """The organisation."""
    formed_on: date
    due_on: date
    is_late: bool
    ground: str | None
    objection: str | None
    changed: str | None
    fixed: tuple[FixedDocument, ...]


@dataclass(frozen=True, slots=True)
class ShownAct:
    """An act in the course of a disclosure: never by whom an objection or a report is."""

    position: int
    act: str
    office: str | None
    organisation: str | None
    occurred_at: datetime
    recorded_at: datetime
    is_cleared: bool | None
    objection: str | None
    reason: str | None
    is_upheld: bool | None


@dataclass(frozen=True, slots=True)
class DisclosurePage:
    """Disclosures, newest first; `next` is the `before` of the page that follows, or None."""

    as_of: AsOf
    disclosures: tuple[PublicDisclosure, ...]
    late: tuple[str, ...]
    """Which of them were, or are, too late."""
    next: int | None


@dataclass(frozen=True, slots=True)
class DisclosureRecord:
    """One disclosure, None when there is none of this id; the newest figures come first."""

    as_of: AsOf
    disclosure: PublicDisclosure | None
    is_late: bool
    sets: tuple[FixedSet, ...]
    acts: tuple[ShownAct, ...]


async def disclosures(
    connection: AsyncConnection[Any], *, before: int | None = None, limit: int = 50
) -> DisclosurePage:
    """The disclosures, before the position of a first preparation."""
    wanted = bounded(limit)
    async with snapshot(connection, NAME, ("disclosure",), None) as seen:
        found = await seen.all(PublicDisclosure, _DISCLOSURES, {"before": before}, wanted)
    today = local_day(seen.as_of.at)
    late = tuple(one.disclosure for one in found if one.is_late(today))
    following = found[-1].position if len(found) == wanted else None
    return DisclosurePage(seen.as_of, found, late, following)


async def disclosure(connection: AsyncConnection[Any], identity: str) -> DisclosureRecord:
    """One disclosure with all that was published of it, and its course."""
    tables = ("disclosure", "disclosure_act", kept_figures.TABLE)
    async with snapshot(connection, NAME, tables, None) as seen:
        values = {"disclosure": identity}
        found = await seen.one(PublicDisclosure, _DISCLOSURE, values)
        acts = await seen.all(Act, _ACTS, values)
        out = [act for act in acts if act.act in _OUT]
        digests = [getattr(act, f"{name}_figures") for act in out for name in THREE]
        shows = found is not None and found.stage != "withdrawn"
        kept = await kept_figures.kept(connection, digests) if shows else {}
    today = local_day(seen.as_of.at)
    return DisclosureRecord(
        seen.as_of,
        found,
        found is not None and found.is_late(today),
        tuple(reversed(_sets(acts, kept))),
        tuple(map(_shown, acts)),
    )


def _sets(acts: tuple[Act, ...], kept: dict[str, str]) -> list[FixedSet]:
    """Each publication with the preparation and the review that came before it."""
    found = []
    prepared = reviewed = None
    for act in acts:
        if act.act == DisclosurePrepared.kind:
            prepared = act
        elif act.act == DisclosureReviewed.kind:
            reviewed = act
        elif act.act in _OUT:
            assert prepared is not None  # decided: nothing else goes out
            assert reviewed is not None
            found.append(_set(act, prepared, reviewed, kept))
    return found


def _set(act: Act, prepared: Act, reviewed: Act, kept: dict[str, str]) -> FixedSet:
    values: Any = act
    review: Any = reviewed
    formed_on: Any = prepared.formed_on
    due_on: Any = prepared.due_on
    return FixedSet(
        act.position,
        act.occurred_at,
        act.act == DisclosureCorrected.kind,
        values.as_of,
        values.size,
        values.root,
        review.office,
        review.organisation,
        formed_on,
        due_on,
        local_day(act.occurred_at) > due_on,
        act.reason,
        act.objection,
        act.changed,
        tuple(_fixed(act, name, kept) for name in THREE),
    )


def _fixed(act: Act, name: str, kept: dict[str, str]) -> FixedDocument:
    version, rows, figures = (
        getattr(act, f"{name}_{what}") for what in ("version", "rows", "figures")
    )
    document = kept.get(figures)
    return FixedDocument(
        name, version, rows, figures, None if document is None else orjson.loads(document)
    )


def _shown(act: Act) -> ShownAct:
    return ShownAct(
        act.position,
        act.act,
        act.office,
        act.organisation,
        act.occurred_at,
        act.recorded_at,
        act.is_cleared,
        act.objection,
        act.reason,
        act.is_upheld,
    )
