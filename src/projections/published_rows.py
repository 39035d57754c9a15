"""The statements that make the lists of a publication from the views, one moment of both.

A case shows its community where at least five cases of its community, category and week do; else
its category where at least five of those that are left of category and week do; else neither, if
at least five of the week are left; else nothing. Where the documents withhold a cell of the case,
it is not told here either. What is withheld wholly (举报 and the like) is no row of these views.
"""

from __future__ import annotations

from typing import Final

from projections.evaluation_reading import CONDITIONS as JUDGED_CONDITIONS
from projections.process_reading import CONDITIONS, IS_OVERDUE

_ZONE = "at time zone 'Asia/Shanghai'"


def _not_masked(first: str, second: str) -> str:
    name = f"{first}_{second}"
    return f"""({first}, {second}) not in
        (select * from unnest(%({name}_first)s::text[], %({name}_second)s::text[]))"""  # noqa: S608


def _day(column: str, name: str) -> str:
    return f"({column} {_ZONE})::date as {name}"


def _body(column: str) -> str:
    """An organisation, unless it tells a community that the row does not."""
    return f"""case when with_community or {column} <> all(%(bodies)s::text[]) then {column} end
        as {column}"""


def _figures(conditions: dict[str, str]) -> str:
    told = (f"case when {condition} then '{name}' end" for name, condition in conditions.items())
    return f"array_remove(array[{', '.join(told)}], null) as figures"


# Constants of this module alone make up the statements: values go in as parameters.
_LEVELS = f"""with listed as (
    select request, community, category,
        date_trunc('week', filed_at {_ZONE})::date as filed_week,
        {_not_masked("community", "category")} and {_not_masked("community", "period")}
            and {_not_masked("category", "period")} as may_have_community,
        {_not_masked("category", "period")} as may_have_category
    from request_case),
near as (select *, may_have_community and count(*) filter (where may_have_community)
        over (partition by community, category, filed_week) >= %(few)s as with_community
    from listed),
wider as (select *, with_community or may_have_category
        and count(*) filter (where may_have_category and not with_community)
        over (partition by category, filed_week) >= %(few)s as with_category
    from near),
rest as (select *, with_category or count(*) filter (where not with_category)
        over (partition by filed_week) >= %(few)s as is_listed
    from wider),
level as (select request, filed_week, with_community, with_category from rest where is_listed)"""  # noqa: S608
_PLACE = """filed_week, case when with_community then community end as community,
    case when with_category then category end as category,
    case when with_category then subject end as subject"""
# The number counts the rows by what they show, so that it tells nothing more.
_NUMBERED = """select row_number() over
    (order by filed_week desc, to_jsonb(shown)::text collate "C") as number, * from shown"""

CASES: Final = f"""{_LEVELS}, shown as (select {_PLACE}, stage, {_body("holder")}, grade,
    {_body("lead")},
    case when with_community then co_handlers else array(
        select one from unnest(co_handlers) with ordinality as named (one, place)
        where one <> all(%(bodies)s::text[]) order by place) end as co_handlers,
    handling_round, {_day("accepted_at", "accepted_on")}, {_day("dispatched_at", "dispatched_on")},
    {_day("signed_at", "signed_on")}, {_day("progressed_at", "progressed_on")},
    {_day("answered_at", "answered_on")}, {_day("answer_accepted_at", "answer_accepted_on")},
    {_day("cleared_at", "cleared_on")}, {_day("ended_at", "ended_on")}, {_day("due_at", "due_on")},
    provisional, pack_version, is_paused, extensions, returns, urged, sent_back, reopened, disputed,
    {_day("supervised_at", "supervised_on")}, requester_minutes / 1440 as requester_days,
    handler_minutes / 60 as handler_hours, on_time_excluded, {IS_OVERDUE} as overdue,
    {_figures({name.value: condition for name, condition in CONDITIONS.items()})}
    from level join request_case using (request)) {_NUMBERED}"""  # noqa: S608

JUDGEMENTS: Final = f"""{_LEVELS}, shown as (select {_PLACE}, {_body("lead")}, is_cleared,
    call_outcome, call_attempts, resolved, satisfied, satisfaction, rated_resolved,
    {_day("rated_at", "rated_on")}, {_day("poor_verified_at", "poor_verified_on")}, poor_founded,
    {_day("rectify_due_at", "rectify_due_on")}, {_day("rectified_at", "rectified_on")}, reopened,
    disputed, disputes_upheld, resolution_excluded, satisfaction_excluded,
    {_figures({name.value: condition for name, condition in JUDGED_CONDITIONS.items()})}
    from level join judged_request using (request)
    where was_cleared or satisfaction is not null) {_NUMBERED}"""  # noqa: S608

# Week by week a month has the weeks whose Thursdays it has (ISO 8601).
OF_PERIOD: Final = "to_char(filed_week + 3, 'YYYY-MM')"
_OLDEST_BY = {
    "": "''",
    "month": OF_PERIOD,
    "year": f"left({OF_PERIOD}, 4)",
    **{column: column for column in ("community", "category", "lead", "holder")},
}
OLDEST: Final = {
    dimension: f"""select distinct on (value) {value} as value, number, due_on, lead, holder
        from {{}} where overdue and {value} is not null order by value, due_on, number"""  # noqa: S608
    for dimension, value in _OLDEST_BY.items()
}
"""Dimension -> of each of its values the listed case that has been overdue for longest."""
