"""The fixed times at which what is derived from requests is published, as the packs say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ledger.domain.rules.rules import MINUTES_OF_A_DAY, Pack, in_force

MINUTE = timedelta(minutes=1)
# Asia/Shanghai has been UTC+8 without a break since 1991: its midnights are a day apart.
_A_MIDNIGHT = datetime(2000, 1, 1, tzinfo=UTC) - timedelta(hours=8)


def last_due(packs: Sequence[Pack], moment: datetime) -> datetime:
    """The last fixed time at or before a moment (aware), by the pack in force at that time.

    Counted from midnight in Shanghai; without a pack, midnight itself.
    """
    while True:
        pack = in_force(packs, moment)
        minutes = MINUTES_OF_A_DAY if pack is None else pack.publish_every_minutes
        step = minutes * MINUTE
        due = _A_MIDNIGHT + (moment - _A_MIDNIGHT) // step * step
        if pack is None or due >= pack.effective_from:
            return due
        moment = pack.effective_from - datetime.resolution  # the pack before it had its own times


def is_due(packs: Sequence[Pack], moment: datetime) -> bool:
    """Whether a moment is one of the fixed times."""
    return last_due(packs, moment) == moment
