"""What is shown of taking part (参与): interaction, joint matters in six steps, pairings of 1+x."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from projections.reading import AsOf, bounded, snapshot

INTERACTION, SIX_STEPS, PAIRINGS = "interaction", "six_steps", "pairings"
"""The projections that are read."""
_OF = "(%(community)s::text is null or community = %(community)s)"
_PAGE = "(%(before)s::bigint is null or position < %(before)s)"
_OPINION_COUNTS = f"""select community, sum(opinions)::bigint as opinions,
    sum(replied)::bigint as replied from opinion_tally where {_OF} and opinions > 0
    group by community order by community limit %(limit)s"""  # noqa: S608 - constants alone
_OPINIONS = f"""select community, topic, posted_at, position, public_text, public_reply, replied_at
    from opinion where {_OF} and {_PAGE}
    order by position desc limit %(limit)s"""  # noqa: S608 - constants alone
_PRAISES = """select target_type, target, office, praises from praise
    order by praises desc, target_type, target, office limit %(limit)s"""
_MATTER_COUNTS = f"""select community, sum(matters)::bigint as matters,
    sum(decided)::bigint as decided, sum(published)::bigint as published from joint_matter_tally
    where {_OF} and matters > 0
    group by community order by community limit %(limit)s"""  # noqa: S608 - constants alone
_MEETING_COUNTS = f"""select coalesce(sum(meetings), 0)::bigint as meetings
    from joint_meeting_tally where {_OF}"""  # noqa: S608 - constants alone
_MATTERS = f"""select joint_matter, community, title, position, decision, decided_at, outcome,
    result, published_at from joint_matter where {_OF} and {_PAGE}
    order by position desc limit %(limit)s"""  # noqa: S608 - constants alone
_PAIRING_COUNTS = """select form, organisation, with_household, sum(formed)::bigint as formed,
    sum(active)::bigint as active from pairing_tally where formed > 0
    group by form, organisation, with_household order by form, organisation, with_household
    limit %(limit)s"""
_ENDS = """select form, count(distinct organisation) as organisations,
    count(distinct partner) as partners from pairing where ended_at is null
    group by form order by form limit %(limit)s"""
_HOUSEHOLDS = """select form, sum(households)::bigint as households from paired_household_tally
    where households > 0 group by form order by form limit %(limit)s"""
_SESSIONS = """select theme, sum(sessions)::bigint as sessions,
    sum(participants)::bigint as participants from pairing_activity_tally where sessions > 0
    group by theme order by theme limit %(limit)s"""
_PAIRINGS = f"""select pairing, form, organisation, partner, community, formed_at, position,
    ended_at from pairing where {_OF} and {_PAGE}
    order by position desc limit %(limit)s"""  # noqa: S608 - constants alone


@dataclass(frozen=True, slots=True)
class OpinionsOfCommunity:
    """How many opinions a community got, and replied to."""

    community: str
    opinions: int
    replied: int


@dataclass(frozen=True, slots=True)
class PublicOpinion:
    """An opinion and its reply in their reviewed wording; either may be absent."""

    community: str
    topic: str
    posted_at: datetime
    position: int
    public_text: str | None
    public_reply: str | None
    replied_at: datetime


@dataclass(frozen=True, slots=True)
class PraiseCount:
    """How often an office, an organisation or a deed was praised."""

    target_type: str
    target: str
    office: str
    praises: int


@dataclass(frozen=True, slots=True)
class Interaction:
    """Counts, and the opinions that may be read, newest first; `next` is the next `before`."""

    as_of: AsOf
    communities: tuple[OpinionsOfCommunity, ...]
    praises: tuple[PraiseCount, ...]
    opinions: tuple[PublicOpinion, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class MattersOfCommunity:
    """How many joint matters a community took up, decided and published the result of."""

    community: str
    matters: int
    decided: int
    published: int


@dataclass(frozen=True, slots=True)
class PublicMatter:
    """A decision and, once published, its result."""

    joint_matter: str
    community: str
    title: str
    position: int
    decision: str
    decided_at: datetime
    outcome: str | None
    result: str | None
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Meetings:
    meetings: int


@dataclass(frozen=True, slots=True)
class JointMatters:
    """Counts, and the decided matters, what was last decided or published first."""

    as_of: AsOf
    communities: tuple[MattersOfCommunity, ...]
    meetings: int
    matters: tuple[PublicMatter, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class PairingsOfOrganisation:
    """How many pairings an organisation has, with organisations or with households."""

    form: str
    organisation: str
    with_household: bool
    formed: int
    active: int


@dataclass(frozen=True, slots=True)
class EndsOfForm:
    """How many organisations stand on either side of the active pairings of a form."""

    form: str
    organisations: int
    partners: int


@dataclass(frozen=True, slots=True)
class HouseholdsOfForm:
    """How many households are in active pairings of a form, each once."""

    form: str
    households: int


@dataclass(frozen=True, slots=True)
class SessionsOfTheme:
    """How many sessions were held on a theme, and how many people came in all."""

    theme: str
    sessions: int
    participants: int


@dataclass(frozen=True, slots=True)
class PublicPairing:
    """Two organisations that stand by each other."""

    pairing: str
    form: str
    organisation: str
    partner: str
    community: str
    formed_at: datetime
    position: int
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pairings:
    """Counts, and the pairings of two organisations, newest first."""

    as_of: AsOf
    counts: tuple[PairingsOfOrganisation, ...]
    ends: tuple[EndsOfForm, ...]
    households: tuple[HouseholdsOfForm, ...]
    sessions: tuple[SessionsOfTheme, ...]
    pairings: tuple[PublicPairing, ...]
    next: int | None


async def interaction(
    connection: AsyncConnection[Any],
    *,
    community: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Interaction:
    """Opinions of a community or of all, before a position, and all praise."""
    values, wanted = {"community": community, "before": before}, bounded(limit)
    async with snapshot(connection, INTERACTION, ("opinion", "opinion_tally", "praise"), None) as s:
        counts = await s.all(OpinionsOfCommunity, _OPINION_COUNTS, values)
        praises = await s.all(PraiseCount, _PRAISES)
        found = await s.all(PublicOpinion, _OPINIONS, values, wanted)
    following = found[-1].position if len(found) == wanted else None
    return Interaction(s.as_of, counts, praises, found, following)


async def joint_matters(
    connection: AsyncConnection[Any],
    *,
    community: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> JointMatters:
    """Joint matters of a community or of all, before a position."""
    values, wanted = {"community": community, "before": before}, bounded(limit)
    tables = ("joint_matter", "joint_matter_tally", "joint_meeting_tally")
    async with snapshot(connection, SIX_STEPS, tables, None) as seen:
        counts = await seen.all(MattersOfCommunity, _MATTER_COUNTS, values)
        meetings = await seen.one(_Meetings, _MEETING_COUNTS, values)
        found = await seen.all(PublicMatter, _MATTERS, values, wanted)
    following = found[-1].position if len(found) == wanted else None
    held = 0 if meetings is None else meetings.meetings
    return JointMatters(seen.as_of, counts, held, found, following)


async def pairings(
    connection: AsyncConnection[Any],
    *,
    community: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Pairings:
    """Pairings of a community or of all, before a position; the counts are those of the town."""
    values, wanted = {"community": community, "before": before}, bounded(limit)
    tables = ("pairing", "pairing_tally", "paired_household_tally", "pairing_activity_tally")
    async with snapshot(connection, PAIRINGS, tables, None) as seen:
        counts = await seen.all(PairingsOfOrganisation, _PAIRING_COUNTS)
        ends = await seen.all(EndsOfForm, _ENDS)
        households = await seen.all(HouseholdsOfForm, _HOUSEHOLDS)
        sessions = await seen.all(SessionsOfTheme, _SESSIONS)
        found = await seen.all(PublicPairing, _PAIRINGS, values, wanted)
    following = found[-1].position if len(found) == wanted else None
    return Pairings(seen.as_of, counts, ends, households, sessions, found, following)
