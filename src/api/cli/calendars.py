"""`mingzhang calendar`: a draft of a year's working calendar, for the town to check and enact."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

import typer

app = typer.Typer(
    help="Working calendars: which days of a year are worked (调休).", no_args_is_help=True
)


class NotAnnounced(Exception):
    """Nobody can say yet which days of the year are worked."""


@app.callback()
def calendar() -> None:
    """Working calendars: which days of a year are worked (调休)."""


@app.command("draft")
def draft_command(
    year: Annotated[int, typer.Argument(min=1900, max=2200, help="The year, such as 2026.")],
) -> None:
    """Print the body of working_calendar_enacted for a year, drafted with chinesecalendar.

    Compare it with the State Council's notice before it is proposed. Exit code 1 for a year whose
    holidays are not announced yet, as far as the installed chinesecalendar knows.
    """
    import orjson

    drafted = draft(year)
    typer.echo(orjson.dumps(drafted, option=orjson.OPT_INDENT_2).decode())
    typer.echo(
        f"A draft: compare it with {drafted['source']} before it is proposed (docs/rules.md).",
        err=True,
    )


def draft(year: int) -> dict[str, object]:
    """The body of a year's calendar, in JSON's types; raises `NotAnnounced`."""
    import chinese_calendar

    days = [date(year, 1, 1) + timedelta(offset) for offset in range(366)]
    try:
        worked = {day: chinese_calendar.is_workday(day) for day in days if day.year == year}
    except NotImplementedError:
        raise NotAnnounced(_unknown(year)) from None
    return {
        "year": year,
        "holidays": [f"{day}" for day, is_worked in worked.items() if _rests(day, is_worked)],
        "workdays": [f"{day}" for day, is_worked in worked.items() if _made_up(day, is_worked)],
        "source": f"国务院办公厅关于{year}年部分节假日安排的通知",
    }


def _rests(day: date, is_worked: bool) -> bool:
    return not is_worked and day.weekday() < 5


def _made_up(day: date, is_worked: bool) -> bool:
    return is_worked and day.weekday() >= 5


def _unknown(year: int) -> str:
    import chinese_calendar

    known = {day.year for day in chinese_calendar.holidays}
    if year < min(known):
        return f"chinesecalendar knows nothing before {min(known)}: draft {year} by hand"
    return (
        f"the holidays of {year} are not announced yet, as far as the installed chinesecalendar "
        f"knows (up to {max(known)}): until a calendar is enacted, deadlines in {year} are "
        "provisional (暂定)"
    )
