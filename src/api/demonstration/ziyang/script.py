"""The town as one list of proposals, in the order of what they claim, with lasting ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from api.demonstration import town
from api.demonstration.ziyang import (
    agents,
    assistance,
    bodies,
    cooperation,
    donations,
    grid,
    honours,
    interaction,
    joint_matters,
    love_bank,
    money,
    pairings,
    people,
    privacy,
    promises,
    requests,
    rewards,
    venues,
    volunteers,
    whistles,
    windows,
)
from api.demonstration.ziyang.days import CLOSING, OPENING
from ledger.proposal import Proposal

AREAS = (
    bodies,
    people,
    grid,
    requests,
    whistles,
    money,
    donations,
    love_bank,
    rewards,
    honours,
    pairings,
    joint_matters,
    interaction,
    agents,
    promises,
    venues,
    volunteers,
    assistance,
    cooperation,
    windows,
    privacy,
)
"""Each has an `opening()` and `changes()`: what is entered first, and what happens in the year."""


NAMED: Final = 5
"""The version of an id that was made of a name."""


def script() -> list[Proposal]:
    """The whole town up to its closing date; the first proposal founds the ledger."""
    first = [proposal for area in AREAS for proposal in area.opening()]
    in_the_year = [proposal for area in AREAS for proposal in area.changes()]
    in_the_year.sort(key=_when)  # stable: what one area claims for one moment keeps its order
    return list(named((*first, *in_the_year)))


def _when(proposal: Proposal) -> datetime:
    return proposal.occurred_at or OPENING


def named(proposals: Iterable[Proposal]) -> Iterator[Proposal]:
    """Those that an area named keep their ids; what was minted is replaced, for it is random."""
    for number, proposal in enumerate(proposals, 1):
        assert _when(proposal) <= CLOSING, proposal
        is_named = UUID(proposal.id).version == NAMED
        yield replace(
            proposal,
            occurred_at=_when(proposal),
            id=proposal.id if is_named else town.random_id(f"proposal/{number}"),
        )
