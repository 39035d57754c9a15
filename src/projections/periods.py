"""Periods of the board: the month of an act on Shanghai's calendar, as `YYYY-MM`."""

from __future__ import annotations

from datetime import datetime, timedelta

# Asia/Shanghai has been UTC+8 without a break since 1991; a period is made for every case.
_SHANGHAI = timedelta(hours=8)


def month(moment: datetime) -> str:
    """The month in Shanghai of an aware time in UTC."""
    local = moment + _SHANGHAI
    return f"{local.year:04}-{local.month:02}"
