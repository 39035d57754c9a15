"""What a new ledger begins with: the default pack, the calendars announced, the timekeeper.

`rules.json` is the body of `rules_enacted` without version and date of effect, from published
practice (docs/rules.md). `working_calendars.json` has the bodies of `working_calendar_enacted` by
year, as the State Council's notices have the days; a year that is not there was not announced yet.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import orjson

from ledger.decision import Office
from ledger.domain.rules.calendars import WorkingCalendarEnacted
from ledger.domain.rules.rules import RulesEnacted
from ledger.domain.town.people import AppointmentMade
from ledger.event import Event
from ledger.timekeeper import PRINCIPAL

IN_FORCE_FROM: Final = datetime(2020, 1, 1, tzinfo=UTC) - timedelta(hours=8)
"""Midnight in Shanghai at the beginning of the first calendar's year."""

_DIRECTORY = Path(__file__).parent


def default_pack(effective_from: datetime = IN_FORCE_FROM) -> RulesEnacted:
    """The default pack as a ledger's first, from an aware date of effect on.

    It is retroactive: where no pack was in force no case could begin, so none is judged anew.
    """
    body = orjson.loads((_DIRECTORY / "rules.json").read_bytes())
    body |= {"pack_version": 1, "effective_from": effective_from, "retroactive": True}
    return RulesEnacted.model_validate_json(orjson.dumps(body))


def working_calendars() -> tuple[WorkingCalendarEnacted, ...]:
    """The calendars of the years that were announced, in order."""
    years = orjson.loads((_DIRECTORY / "working_calendars.json").read_bytes())
    return tuple(
        WorkingCalendarEnacted.model_validate_json(orjson.dumps({"year": int(year), **days}))
        for year, days in sorted(years.items())
    )


def opening(town: str) -> list[Event]:
    """What a founded ledger lacks before its first case, in order, for its founder to propose."""
    return [
        default_pack(),
        *working_calendars(),
        AppointmentMade(principal=PRINCIPAL, organisation=town, office=Office.TIMEKEEPER),
    ]
