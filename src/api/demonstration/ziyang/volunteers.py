"""Members of resident units and the posts that they claimed (认领岗位), kept or gave up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from random import Random
from typing import Any, Final, NamedTuple

from api.demonstration import town
from api.demonstration.ziyang.bodies import (
    COMMUNITIES,
    SINCE,
    SOCIAL_ORGANISATIONS,
    UNITS,
    secretary,
)
from api.demonstration.ziyang.days import CLOSING, OPENING, at, chance, later, spread
from ledger.clocks import local_day
from ledger.decision import Office
from ledger.domain.town.people import AppointmentMade, PersonEnrolled
from ledger.domain.volunteering.posts import PostClaimed, PostOpened, PostVacated, ServiceLogged
from ledger.event import Actor
from ledger.proposal import Proposal

CLAIMANTS: Final = 684
PLACES: Final = 751
"""Distinct places that they claimed: 67 of them have a second one."""
TAKEN_OVER: Final = 9
"""Places that somebody served on and gave up, and somebody else has now: two claims, one place."""
GIVEN_UP: Final = 14
"""Claims that were given up after service, and that nobody took over: they count."""
NEVER_SERVED: Final = 21
"""Members whose one claim was given up without any service: it does not count."""
_POSTS: Final = 88
_FIRST_CLAIM, _LAST_CLAIM = date(2020, 1, 15), date(2020, 8, 28)
_KINDS = (
    ("patrol", "河堤巡护岗"), ("elder-care", "助老陪护岗"), ("tutoring", "课后辅导岗"),
    ("clean-up", "环境卫生岗"), ("mediation", "矛盾调解岗"), ("policy", "政策宣传岗"),
    ("epidemic-watch", "卡口值守岗"), ("civility", "文明劝导岗"),
)  # fmt: skip


class Claimed(NamedTuple):
    """One claim on a post, from when to when."""

    member: Actor
    post: str
    claimed_at: datetime
    vacated_at: datetime | None = None
    has_served: bool = True


def member(number: int) -> Actor:
    """A member of a resident unit: those up to `CLAIMANTS` have a claim that counts."""
    unit = UNITS[number % len(UNITS)]
    return Actor("member", unit, town.random_id(f"unit member/{number}"))


def volunteer(number: int) -> Actor:
    """A volunteer of a social organisation: their claims count among no unit's."""
    body = SOCIAL_ORGANISATIONS[number % len(SOCIAL_ORGANISATIONS)]
    return Actor("volunteer", body, town.random_id(f"volunteer/{number}"))


VOLUNTEERS: Final = 30


def opening() -> Iterator[Proposal]:
    """All of them as members of their units, and volunteers of social organisations."""
    everybody = [member(number) for number in range(CLAIMANTS + NEVER_SERVED)]
    everybody += [volunteer(number) for number in range(VOLUNTEERS)]
    for number, actor in enumerate(everybody):
        enrolled = PersonEnrolled(principal=actor.principal, name=f"（演示党员{number + 1:03}）")
        yield Proposal(enrolled, town.FOUNDER, OPENING)
        appointed = AppointmentMade(
            principal=actor.principal,
            organisation=actor.organisation,
            office=Office(actor.office),
            effective_from=SINCE,
        )
        yield Proposal(appointed, town.FOUNDER, OPENING)


def changes() -> Iterator[Proposal]:
    """The posts, and every claim with its services."""
    sizes = _sizes()
    for number, size in enumerate(sizes):
        category, title = _KINDS[number % len(_KINDS)]
        community = COMMUNITIES[number % 4]
        opened = PostOpened(
            post=_post(number),
            title=f"{community.name}{title}",
            post_category=category,
            places=size + 4,
        )
        yield Proposal(opened, secretary(community.branch), at(date(2020, 1, 14), 9))
    random = chance("services")
    for claim in (*claims(), *_of_volunteers()):
        yield from _acts(random, claim)


def _post(number: int) -> str:
    return f"post-2020-{number + 1:02}"


@cache
def _sizes() -> tuple[int, ...]:
    """How many places of each post are claimed: together `PLACES`."""
    each, more = divmod(PLACES, _POSTS)
    return tuple(each + (number < more) for number in range(_POSTS))


@cache
def claims() -> tuple[Claimed, ...]:
    """The claims of members of resident units; each lasts, but for those given up."""
    random = chance("claims")
    places = [number for number, size in enumerate(_sizes()) for _ in range(size)]
    random.shuffle(places)
    moments = spread(random, PLACES, _FIRST_CLAIM, _LAST_CLAIM)
    found: list[Claimed] = []
    has: set[tuple[int, int]] = set()
    for index, (post, moment) in enumerate(zip(places, moments, strict=True)):
        who = index if index < CLAIMANTS else _another(random, has, post)
        has.add((who, post))
        found.append(Claimed(member(who), _post(post), moment))
    given_up = random.sample(range(len(found)), TAKEN_OVER + GIVEN_UP)
    for turn, index in enumerate(given_up):
        claim = found[index]
        if turn >= TAKEN_OVER:
            (moment,) = spread(random, 1, date(2020, 11, 2), date(2020, 12, 18))
            found[index] = claim._replace(vacated_at=moment)
            continue
        (moment,) = spread(random, 1, date(2020, 9, 7), date(2020, 9, 30))
        found[index] = claim._replace(vacated_at=moment)
        who = _another(random, has, places[index])
        has.add((who, places[index]))
        found.append(Claimed(member(who), claim.post, later(moment, 9)))
    return (*found, *_never_served(random))


def _another(random: Random, has: set[tuple[int, int]], post: int) -> int:
    """Somebody with a claim already, who has none on that post."""
    while ((who := random.randrange(CLAIMANTS)), post) in has:
        pass
    return who


def _never_served(random: Random) -> Iterator[Claimed]:
    moments = spread(random, NEVER_SERVED, _FIRST_CLAIM, _LAST_CLAIM)
    for number, moment in enumerate(moments):
        # Of different posts, so that each of them has a place to spare.
        yield Claimed(
            member(CLAIMANTS + number),
            _post(number * 4),
            moment,
            later(moment, random.uniform(4, 60)),
            has_served=False,
        )


def _of_volunteers() -> Iterator[Claimed]:
    """Posts of their own would be the same to them: they take what places are left in autumn."""
    random = chance("volunteers")
    moments = spread(random, VOLUNTEERS, date(2020, 10, 12), date(2020, 11, 27))
    for number, moment in enumerate(moments):
        yield Claimed(volunteer(number), _post(number * 2 + 1), moment)


def _acts(random: Random, claim: Claimed) -> Iterator[Proposal]:
    of: dict[str, Any] = {"post": claim.post, "member": claim.member.principal}
    claimed = PostClaimed(**of, unit=claim.member.organisation)
    yield Proposal(claimed, claim.member, claim.claimed_at)
    if claim.has_served:
        end = claim.vacated_at or CLOSING
        times = max(1 if claim.vacated_at else 0, random.choices((0, 1, 2), (40, 45, 15))[0])
        for _ in range(times):
            served_at = _between(random, claim.claimed_at, end)
            logged = ServiceLogged(
                **of, served_on=local_day(served_at), hours=random.choice((1, 2, 2, 3))
            )
            yield Proposal(logged, claim.member, served_at)
    if claim.vacated_at is not None:
        yield Proposal(PostVacated(**of), claim.member, claim.vacated_at)


def _between(random: Random, start: datetime, end: datetime) -> datetime:
    """Some minute between two moments, both left out: services are given in the evening, too."""
    minutes = int((end - start) / timedelta(minutes=1))
    return start + timedelta(minutes=random.randrange(1, max(minutes, 2)))
