"""Pairings of 1+x (结对): communities with villages, businesses and members with households."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from api.demonstration import town
from api.demonstration.ziyang.bodies import (
    COMMUNITIES,
    COOPERATIVES,
    ENTERPRISES,
    SOCIAL_ORGANISATIONS,
    VILLAGE_ENTERPRISES,
    VILLAGES,
    clerk_b,
    secretary,
)
from api.demonstration.ziyang.days import CLOSING, at, chance, spread
from api.demonstration.ziyang.people import seats
from ledger.domain.participation.pairings import (
    EndGround,
    HouseholdType,
    PairingActivityHeld,
    PairingEnded,
    PairingForm,
    PairingFormed,
    PairingTheme,
)
from ledger.event import Actor
from ledger.proposal import Proposal

PAIRED_VILLAGES: Final = 13
CUSTOMS_SESSIONS: Final = 22
"""Of the theme 新民风."""
OTHER_SESSIONS: Final = 41
POOR_HOUSEHOLDS: Final = 18
"""Paired with enterprises or social organisations at the closing date."""
_ENDED_HOUSEHOLDS = 3
_FORMED_AT = at(date(2020, 1, 14), 10)
_ENDS_AT = at(date(2020, 11, 16), 15)


def opening() -> Iterator[Proposal]:
    """Nothing: pairings are entered within the year."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """Pairings of all three forms, those that ended, and what was done under the others."""
    yield from _of_branches()
    yield from _of_units()
    yield from _of_members()
    yield from _sessions()


def _branch_pairings() -> Iterator[tuple[str, str, str]]:
    """(pairing, branch, village): each village with one community, two of them with two."""
    for number, village in enumerate(VILLAGES[:PAIRED_VILLAGES]):
        for step in range(2 if number in (2, 7) else 1):
            community = COMMUNITIES[(number + step) % 4]
            yield f"pairing-{community.key}-{village}", community.branch, village


def _of_branches() -> Iterator[Proposal]:
    for pairing, branch, village in _branch_pairings():
        yield _formed(pairing, PairingForm.BRANCHES, branch, secretary(branch), partner=village)
    # A village that was paired, and is no longer.
    branch, pairing = COMMUNITIES[1].branch, "pairing-ended-village"
    yield _formed(
        pairing, PairingForm.BRANCHES, branch, secretary(branch), partner=VILLAGES[PAIRED_VILLAGES]
    )
    yield _ended(pairing, secretary(branch), EndGround.AGREED)


def _of_units() -> Iterator[Proposal]:
    clerk = clerk_b("government")
    ones = (*ENTERPRISES, *SOCIAL_ORGANISATIONS)
    others = (*VILLAGE_ENTERPRISES, *COOPERATIVES)
    for number, other in enumerate(others):
        one = ones[number % len(ones)]
        yield _formed(f"pairing-{other}", PairingForm.UNITS, one, clerk, partner=other)
    for number in range(POOR_HOUSEHOLDS + _ENDED_HOUSEHOLDS):
        one, pairing = ones[(3 * number) % len(ones)], f"pairing-poor-{number + 1:02}"
        household = town.random_id(f"poor household/{number}")
        fields = {"household": household, "household_type": HouseholdType.POOR}
        yield _formed(pairing, PairingForm.UNITS, one, clerk, **fields)
        if number >= POOR_HOUSEHOLDS:
            yield _ended(pairing, clerk, EndGround.GOALS_REACHED)
        elif number % 6 == 0:  # two stand by the same household: it is one
            another = ones[(3 * number + 1) % len(ones)]
            yield _formed(f"{pairing}-b", PairingForm.UNITS, another, clerk, **fields)


def _of_members() -> Iterator[Proposal]:
    """两委 members with households of their own, which the eighteen are not."""
    for number, seat in enumerate(seats()):
        if number % 4 == 3:
            continue
        branch = seat.community.branch
        yield _formed(
            f"pairing-member-{number + 1:02}",
            PairingForm.MEMBERS,
            branch,
            secretary(branch),
            member=seat.principal,
            household=town.random_id(f"household of a member/{number}"),
            household_type=HouseholdType.POOR,
        )


def _sessions() -> Iterator[Proposal]:
    random = chance("pairings")
    of: dict[str, list[str]] = {}
    for pairing, branch, _ in _branch_pairings():
        of.setdefault(branch, []).append(pairing)
    themes = [PairingTheme.NEW_CIVIC_CUSTOMS] * CUSTOMS_SESSIONS
    others = [theme for theme in PairingTheme if theme is not PairingTheme.NEW_CIVIC_CUSTOMS]
    themes += [random.choice(others) for _ in range(OTHER_SESSIONS)]
    random.shuffle(themes)
    moments = spread(random, len(themes), date(2020, 3, 16), CLOSING.date())
    for number, (theme, moment) in enumerate(zip(themes, moments, strict=True), 1):
        branch = random.choice(sorted(of))
        # One session for several villages at once is one.
        several = random.sample(of[branch], random.choices((1, 2, 3), (70, 22, 8))[0])
        held = PairingActivityHeld(
            activity=f"pairing-activity-2020-{number:02}",
            pairings=tuple(several),
            theme=theme,
            participants=random.randrange(12, 120),
        )
        yield Proposal(held, secretary(branch), moment)


def _formed(
    pairing: str, form: PairingForm, organisation: str, actor: Actor, **fields: Any
) -> Proposal:
    formed = PairingFormed(pairing=pairing, form=form, organisation=organisation, **fields)
    return Proposal(formed, actor, _formed_at(pairing))


def _formed_at(pairing: str) -> datetime:
    return _FORMED_AT + timedelta(minutes=chance(pairing).randrange(90))


def _ended(pairing: str, actor: Actor, ground: EndGround) -> Proposal:
    return Proposal(PairingEnded(pairing=pairing, ground=ground), actor, _ENDS_AT)
