"""Rolls (名册): who earned points in a month, so that a period is ranked whole, nobody left out.

An award joins the roll of its month, unless it is made to a body that is never ranked: one that
serves because it is its duty. Persons are ranked for deeds alone: paid hours earn no points.
"""

from __future__ import annotations

from typing import Final

from ledger.decision import OrganisationType
from ledger.domain.love_bank.accounts import HolderType

RANKED_UNITS: Final = frozenset(
    {
        OrganisationType.RESIDENT_UNIT,
        OrganisationType.ENTERPRISE,
        OrganisationType.SOCIAL_ORGANISATION,
        OrganisationType.VILLAGE_ENTERPRISE,
        OrganisationType.COOPERATIVE,
    }
)
"""Units that take part of their own accord; departments, authorities and their staff do not."""


def may_be_ranked(holder_type: HolderType, unit_type: OrganisationType | None) -> bool:
    """Whether an account of such a holder is ever ranked; `unit_type` is that of a unit."""
    return holder_type is not HolderType.UNIT or unit_type in RANKED_UNITS


def roll_tag(holder_type: HolderType, month: str) -> str:
    """The history of those of one type who earned points in a month such as `2026-03`."""
    return f"earnings:{holder_type.value}-{month}"
