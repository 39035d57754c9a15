"""Sealed rankings (评比排名): standings of a period, sealed by their digest, then published.

Standings list who takes part in rankings and earned a point in the period, most points first; equal
points share a place, and the next place counts them all. A line is the canonical JSON (RFC 8785) of
`{"account":…,"place":…,"points":…}`. The digest is SHA-256, in hex, of the canonical JSON of
`{"community":…,"first_month":…,"holder_type":…,"last_month":…,"period":…,"standings":[…]}`,
where each line stands as its own SHA-256, in hex: so the digest can be computed again though
somebody has left the rankings since, and is shown no more.

Points that are reversed, or entered, after the sealing change nothing that is sealed: the line is
shown with its points as sealed and, beside them, as they are now. Until the standings are
published, whoever runs the period may seal changed ones anew, and the days to appeal begin again;
after that only an appeal that is upheld brings new ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from ledger.canonical import canonical_json
from ledger.clocks import local_day
from ledger.decision import Situation, StateOf
from ledger.domain.honours.periods import RUN_BY, Digest, OfPeriod, Period, Sealing, rolls
from ledger.domain.love_bank.accounts import Account
from ledger.domain.privacy.consent import Purpose, has_agreed
from ledger.domain.requests.requests import precedes
from ledger.event import Folds, Recorded
from ledger.refusals import Forbidden, Refusal, Unacceptable, WrongState

APPEAL_DAYS = 7
"""How many whole days in Shanghai, after that of the sealing, an appeal may be raised."""
MAX_RANKED = 5_000
"""How many accounts may have earned points in a period: a sealing reads every one of them."""


class Standing(NamedTuple):
    """One line of the standings."""

    place: int
    account: str
    points: int

    @property
    def digest(self) -> str:
        """SHA-256 of the line, in hex."""
        return sha256(canonical_json(self._asdict())).hexdigest()


def standings_of(earned: Iterable[tuple[str, int]]) -> tuple[Standing, ...]:
    """The standings of (account, points): those without a point are in no place."""
    found: list[Standing] = []
    ranked = sorted((one for one in earned if one[1] > 0), key=lambda one: (-one[1], one[0]))
    for count, (account, points) in enumerate(ranked, start=1):
        is_tie = bool(found) and found[-1].points == points
        found.append(Standing(found[-1].place if is_tie else count, account, points))
    return tuple(found)


def standings_digest(
    period: str,
    holder_type: str,
    months: tuple[str, str],
    community: str | None,
    lines: Iterable[str],
) -> str:
    """The digest of standings: of a period, its type of holder, its first and last month, its
    community, and the digests of its lines in their order."""
    document = {
        "community": community,
        "first_month": months[0],
        "holder_type": holder_type,
        "last_month": months[1],
        "period": period,
        "standings": [*lines],
    }
    return sha256(canonical_json(document)).hexdigest()


class RankingSealed(OfPeriod):
    """封存排名: after the period its standings are sealed, and open to appeals."""

    kind = "ranking_sealed"
    term = "评比排名封存"
    proposers = RUN_BY
    example = {
        "period": "households-2026-q1",
        "digest": "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce",
    }

    digest: Digest
    """Of the standings that follow from the accounts; the refusal of another one tells it."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        known: Period | None = state(f"period:{self.period}")
        if known is None:
            return self.tags()
        several = [f"account:{one}" for one in _on_rolls(known, state)[:MAX_RANKED]]
        privacy = (f"privacy:{tag}" for tag in several)
        return (*self.tags(), *rolls(known), *several, *privacy)

    def decide(self, situation: Situation) -> Refusal | None:
        period = self.own_period(situation)
        if not isinstance(period, Period):
            return period
        return (
            self._too_early(situation, period)
            or (_settled() if period.is_published and not period.upheld_appeals else None)
            or self._too_many(situation, period)
            or self._miscounted(situation, period)
        )

    def _too_early(self, situation: Situation, period: Period) -> Refusal | None:
        if local_day(situation.occurred_at) < period.over_on:
            return WrongState(
                "period_not_over",
                f"points of {period.last_month} are still earned",
                f"a day from {period.over_on.isoformat()} on",
                "period",
            )
        return precedes(period.latest) if situation.precedes(period.latest) else None

    def _too_many(self, situation: Situation, period: Period) -> Refusal | None:
        count = len(_on_rolls(period, situation.state))
        if count <= MAX_RANKED:
            return None
        return WrongState(
            "too_many_accounts",
            f"{count} accounts earned points in these months",
            f"a period of fewer months, in which up to {MAX_RANKED} accounts earned points",
            "period",
        )

    def _miscounted(self, situation: Situation, period: Period) -> Refusal | None:
        ranked = standings(situation, period)
        months = (period.first_month, period.last_month)
        digest = standings_digest(
            self.period,
            period.holder_type.value,
            months,
            period.community,
            (line.digest for line in ranked),
        )
        known = period.sealing
        if known and known.digest == digest and not period.upheld_appeals:
            return _settled()
        if self.digest == digest:
            return None
        return Unacceptable(
            "not_the_standings",
            f"the standings of {len(ranked)} accounts have another digest",
            digest,
            "digest",
        )


class RankingPublished(OfPeriod):
    """公布排名: sealed standings become final, once nobody appeals against them any more."""

    kind = "ranking_published"
    term = "评比排名公布"
    proposers = RUN_BY
    example = {
        "period": "households-2026-q1",
        "digest": "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce",
    }

    digest: Digest
    """Of the standings that are sealed, and of no others."""

    def decide(self, situation: Situation) -> Refusal | None:
        period = self.own_period(situation)
        if not isinstance(period, Period):
            return period
        sealing = sealed(period)
        if not isinstance(sealing, Sealing):
            return sealing
        return (
            self._other_standings(period, sealing)
            or _appealed(period)
            or _own_sealing(situation, sealing)
            or _in_appeal_days(situation, sealing)
        )

    def _other_standings(self, period: Period, sealing: Sealing) -> Refusal | None:
        if self.digest != sealing.digest:
            return Unacceptable(
                "not_the_sealed_standings",
                "other standings are sealed",
                sealing.digest,
                "digest",
            )
        if not period.is_published:
            return None
        return WrongState(
            "published_already", "they are published", "standings sealed after that", "period"
        )


def _settled() -> Refusal:
    return WrongState(
        "sealed_already",
        "these standings are sealed, or published ones that no appeal has overturned",
        "standings that changed before they were published, or an appeal that is upheld",
        "period",
    )


def standings(situation: Situation, period: Period) -> tuple[Standing, ...]:
    """The standings of a period as the accounts are now."""
    found: list[tuple[str, int]] = []
    for identity in _on_rolls(period, situation.state):
        account: Account = situation.state(f"account:{identity}")
        if period.takes_in(account.holder_type, account.opened_with) and has_agreed(
            situation, f"account:{identity}", Purpose.TAKE_PART_IN_RANKING
        ):
            found.append((identity, account.earned_in(period.first_month, period.last_month)))
    return standings_of(found)


def sealed(period: Period) -> Sealing | Refusal:
    """The sealing that stands, or the refusal where there is none."""
    return period.sealing or WrongState(
        "not_sealed", "its standings are not sealed", "a period with sealed standings", "period"
    )


def last_day_of_appeal(sealed_at: datetime) -> date:
    """The last day in Shanghai on which an appeal against standings may be raised."""
    return local_day(sealed_at) + timedelta(days=APPEAL_DAYS)


def _on_rolls(period: Period, state: StateOf) -> list[str]:
    return sorted({one for tag in rolls(period) for one in state(tag) or ()})


def _appealed(period: Period) -> Refusal | None:
    if period.upheld_appeals:
        return WrongState(
            "appeal_upheld",
            "an appeal against these standings is upheld",
            "standings that are sealed anew",
            "period",
        )
    if not period.open_appeals:
        return None
    return WrongState(
        "appeal_open",
        "an appeal against these standings is under examination",
        "a period of which every appeal is ruled on",
        "period",
    )


def _own_sealing(situation: Situation, sealing: Sealing) -> Refusal | None:
    if situation.actor.principal != sealing.sealed_by:
        return None
    return Forbidden(
        "own_sealing", "nobody publishes what they sealed", "another principal of the office"
    )


def _in_appeal_days(situation: Situation, sealing: Sealing) -> Refusal | None:
    until = last_day_of_appeal(sealing.sealed_at)
    if local_day(situation.occurred_at) > until:
        return None
    return WrongState(
        "appeal_days_not_over",
        f"appeals may be raised until {until.isoformat()}",
        f"a day from {(until + timedelta(days=1)).isoformat()} on",
        "period",
    )


def evolve_period(state: Period | None, tag: str, recorded: Recorded) -> Period | None:
    """The period after its standings were sealed or published."""
    if state is None:
        return None
    when, actor = recorded.occurred_at, recorded.actor
    match recorded.event:
        case RankingSealed(digest=digest):
            return state._replace(
                sealing=Sealing(digest, actor.principal, actor.organisation, when),
                is_published=False,
                upheld_appeals=frozenset(),
                latest=when,
            )
        case RankingPublished():
            return state._replace(is_published=True, latest=when)
    return state


KINDS = (RankingSealed, RankingPublished)
FOLDS: Folds = {"period": (evolve_period, KINDS)}
